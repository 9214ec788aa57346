"""Widths of the terminal at which screens are laid out in another way."""

from __future__ import annotations

BREAKPOINTS: list[tuple[int, str]] = [(0, "-narrow"), (100, "-wide")]
"""Terminals from 100 columns on have room for two panes beside each other."""
