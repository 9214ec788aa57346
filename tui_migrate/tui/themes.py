"""Colours: dark, light, and the terminal's own (cheaper over a slow line)."""

from __future__ import annotations

import os

from textual.theme import Theme

DARK = Theme(
    name="dark",
    primary="#6cb6ff",
    secondary="#4d8fcc",
    accent="#d2a8ff",
    warning="#e3b341",
    error="#ff7b72",
    success="#7ee787",
    foreground="#d6dde6",
    background="#0f1419",
    surface="#161c24",
    panel="#1f2833",
    dark=True,
    variables={"block-cursor-background": "#22426a", "block-cursor-foreground": "#ffffff",
               "block-cursor-blurred-background": "#263241", "block-cursor-text-style": "none",
               "border": "#6cb6ff", "border-blurred": "#3a4757"},
)  # fmt: skip

LIGHT = Theme(
    name="light",
    primary="#0a53a8",
    secondary="#3572b8",
    accent="#7a3fb5",
    warning="#8a5a00",
    error="#b3261e",
    success="#1a6e2e",
    foreground="#1b2430",
    background="#fbfbf8",
    surface="#f1f2ee",
    panel="#e4e7e6",
    dark=False,
    variables={"block-cursor-background": "#c4dcf6", "block-cursor-foreground": "#0c1a2a",
               "block-cursor-blurred-background": "#e3eaf1", "block-cursor-text-style": "none",
               "border": "#0a53a8", "border-blurred": "#b4bdc6"},
)  # fmt: skip

OWN = (DARK, LIGHT)
NAMES = ("dark", "light", "ansi-dark", "ansi-light")
VARIABLE = "TUI_MIGRATE_THEME"


def chosen() -> str:
    """The theme asked for in the environment; without true colour, the terminal's own colours."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted in NAMES:
        return wanted
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "dark"
    return "ansi-dark"
