"""The registry of everything a key can do: id → key, action, label, help.

Screens take their bindings, their key line and their part of the help from here; ids are stable, so
that keys can be remapped. What each screen has stands in the modules beside it, by subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.binding import Binding

from tui_migrate.i18n import _
from tui_migrate.tui import data_acts, replay_acts, review_acts, run_acts
from tui_migrate.tui.act import Act, acts_of, glyph_of

ACTS: dict[str, list[Act]] = {
    **run_acts.ACTS,
    **review_acts.ACTS,
    **data_acts.ACTS,
    **replay_acts.ACTS,
    "help": acts_of(
        ("help.back", "escape,enter,f1", "back", _("back"), _("Back to where you were")),
    ),
    "app": acts_of(
        ("app.help", "f1", "app.help", _("help"), _("All keys of this screen")),
        (
            "app.palette",
            "ctrl+p",
            "app.command_palette",
            _("more"),
            _("Everything by name, and the themes"),
        ),
        (
            "app.why",
            "f2",
            "app.why",
            _("why"),
            _("Say why you look at persons; it is kept until you leave"),
            False,
        ),
        ("app.quit", "q", "app.leave", _("quit"), _("Leave; the run can go on later")),
    ),
}

NOTHING: Mapping[str, str] = {}
LOOKING = ("findings", "mapping", "review", "people", "person")
"""Screens that show values of persons."""


def acts(group: str, keys: Mapping[str, str] = NOTHING) -> list[Act]:
    """What keys do on a screen, the application's own keys last. ``keys``: id → keys that a person
    chose in place of those that are shipped."""
    own = [act for act in ACTS["app"] if act.id != "app.why" or group in LOOKING]
    shown = group in ("people", "person")
    shipped = [
        *ACTS.get(group, []),
        *(replace(act, shown=shown) if act.id == "app.why" else act for act in own),
    ]
    merge = glyph_of(keys.get("review.merge", "m").partition(",")[0])
    found = []
    for act, after in zip(shipped, [*shipped[1:], shipped[-1]], strict=True):
        key, line = keys.get(act.id, act.key), act.line
        if line and {act.id, after.id} & keys.keys():  # two keys that stand together
            both = (key, keys.get(after.id, after.key))
            glyphs = " ".join(glyph_of(one.partition(",")[0]) for one in both)
            line = f"{glyphs}|{line.partition('|')[2]}"
        help_ = _(act.help).replace("{merge}", merge)
        found.append(replace(act, key=key, line=line, help=help_))
    return found


def key_of(act: str, keys: Mapping[str, str] = NOTHING) -> str:
    """The first key of an action, as it is printed on the keyboard; '' where there is no such action."""
    group = act.partition(".")[0]
    known = next((one for one in acts(group, keys) if one.id == act), None)
    return glyph_of(known.key.partition(",")[0]) if known is not None else ""


_FIRST = frozenset({"tab", "left", "right", "home", "end"})
"""Keys that lists and panes would take for themselves."""


def bindings(group: str) -> list[Binding]:
    """Textual bindings of a group."""
    return [
        Binding(act.key, act.action, act.label, id=act.id, show=False, priority=act.key in _FIRST)
        for act in ACTS[group]
    ]
