"""What keys do in a replay, and beside two moments of it."""

from __future__ import annotations

from tui_migrate.i18n import _
from tui_migrate.tui.act import Act, acts_of

ACTS: dict[str, list[Act]] = {
    "replay": acts_of(
        (
            "replay.back_one",
            "left",
            "move(-1)",
            _("entry back"),
            _("One journal entry back"),
            True,
            "← →|" + _("entry"),
        ),
        ("replay.on_one", "right", "move(1)", _("entry on"), _("One journal entry on"), False),
        (
            "replay.back_gate",
            "left_square_bracket",
            "gate(-1)",
            _("gate back"),
            _("To the gate before"),
            True,
            "[ ]|" + _("gate"),
        ),
        (
            "replay.on_gate",
            "right_square_bracket",
            "gate(1)",
            _("gate on"),
            _("To the next gate"),
            False,
        ),
        ("replay.play", "space", "play", _("play"), _("Play and pause")),
        ("replay.time", "t", "time", _("go to"), _("Go to an entry or a moment")),
        (
            "replay.filter",
            "f,slash",
            "filter",
            _("filter"),
            _("Step through the entries of some users, steps or brands only"),
        ),
        (
            "replay.difference",
            "d",
            "difference",
            _("compare"),
            _("Two moments side by side: d here, move, d there"),
        ),
        (
            "replay.gate_open",
            "g",
            "open_gate",
            _("open gate"),
            _("The selected gate as it stood then"),
        ),
        ("replay.first", "home", "edge(0)", _("start"), _("To the first entry"), False),
        ("replay.last", "end", "edge(1)", _("end"), _("To the last entry"), False),
        ("replay.leave", "escape", "leave", _("back"), _("Back to the present")),
    ),
    "beside": acts_of(
        (
            "beside.everything",
            "a",
            "everything",
            _("all steps"),
            _("Also the steps that stand as they stood, or only what differs"),
        ),
        ("beside.back", "escape,d", "back", _("back"), _("Back to the replay")),
    ),
}
