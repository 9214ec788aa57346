"""The registry of everything a key can do: id → key, action, label, help.

Screens take their bindings, their key line and their part of the help from here; ids are stable, so
that keys can be remapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.binding import Binding
from textual.keys import format_key

from tui_migrate.i18n import _

GLYPHS = {
    "enter": "⏎",
    "space": "space",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "esc",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ctrl+p": "^p",
    "question_mark": "?",
    "full_stop": ".",
    "f1": "F1",
    "f2": "F2",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a key does. ``shown``: whether it stands in the key line; ``line``: keys and
    word there, where they are not its own (``← →|entry`` for two keys that belong together)."""

    id: str
    key: str
    action: str
    label: str
    help: str
    shown: bool = True
    line: str = ""

    @property
    def short(self) -> tuple[str, str]:
        """Key and word for the key line."""
        glyph, bar, word = self.line.partition("|")
        return (glyph, word) if bar else (self.glyph, self.label)

    @property
    def leaves(self) -> bool:
        """Whether it is the way out of its screen, whatever its key."""
        return self.id.endswith((".back", ".leave"))

    @property
    def glyph(self) -> str:
        """The key as it is printed on the keyboard."""
        return " ".join(map(glyph_of, self.key.split(",")))


def glyph_of(key: str) -> str:
    """A key as it is printed on the keyboard."""
    return GLYPHS.get(key) or (key if len(key) == 1 else format_key(key))


def _acts(
    *rows: tuple[str, str, str, str, str]
    | tuple[str, str, str, str, str, bool]
    | tuple[str, str, str, str, str, bool, str],
) -> list[Act]:
    return [Act(*row) for row in rows]


ACTS: dict[str, list[Act]] = {
    "run": _acts(
        (
            "run.open",
            "enter",
            "open",
            _("open"),
            _("Open the gate or the questions, or start and continue the run"),
        ),
        ("run.findings", "f", "findings", _("findings"), _("Findings by rule, field and record")),
        ("run.pairs", "p", "pairs", _("duplicates"), _("Settle doubtful duplicates")),
        (
            "run.lane",
            "a",
            "lane",
            _("safe lane"),
            _("What merges without a person: counts, a sample to check, one confirmation"),
            False,
        ),
        ("run.person", "slash", "person", _("person"), _("Look a person up")),
        ("run.replay", "r", "replay", _("replay"), _("The run at any earlier moment")),
        ("run.mapping", "m", "mapping", _("mapping"), _("What becomes of every source column")),
        (
            "run.toggle",
            "space",
            "start_or_pause",
            _("start/pause"),
            _("Start the run, or pause it after the present unit"),
        ),
        ("run.gate", "g", "gate", _("gate"), _("Open the gate that waits, or the selected one")),
        (
            "run.waive",
            "w",
            "waive",
            _("waive"),
            _("Accept a failing check of the selected step, with a reason"),
        ),
        ("run.redo", "R", "redo", _("redo"), _("Do the selected step, and all that follow, again")),
        (
            "run.skip",
            "S",
            "skip",
            _("skip"),
            _("Leave the selected step out, with a reason"),
            False,
        ),
        (
            "run.learn",
            "t",
            "learn",
            _("learn"),
            _("What decisions on duplicates teach the match"),
            False,
        ),
        (
            "run.follow",
            "full_stop",
            "follow",
            _("follow"),
            _("Go back to where the run stands"),
            False,
        ),
        (
            "run.language",
            "l",
            "language",
            _("language"),
            _("The attention point in the other language"),
            False,
        ),
    ),
    "lesson": _acts(
        ("lesson.propose", "p", "propose", _("propose"), _("Propose it to who signs the gate")),
        ("lesson.accept", "a", "accept", _("accept"), _("Accept it: opens the typed confirmation")),
        ("lesson.reject", "x", "reject", _("reject…"), _("Reject it, with a reason")),
        (
            "lesson.forget",
            "f",
            "forget",
            _("forget"),
            _("What leaving out all that was learned would change"),
        ),
        ("lesson.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "checklist": _acts(
        (
            "checklist.answer",
            "enter",
            "answer",
            _("answer"),
            _("Answer the question, or change the answer"),
        ),
        ("checklist.yes", "y", "reply('yes')", _("yes"), _("Answer yes")),
        ("checklist.no", "n", "reply('no')", _("no"), _("Answer no")),
        (
            "checklist.skip",
            "x",
            "not_applicable",
            _("not applicable"),
            _("Say why the question does not apply"),
        ),
        (
            "checklist.next",
            "tab",
            "next_open",
            _("next open"),
            _("Go to the next question without an answer"),
        ),
        (
            "checklist.go",
            "c",
            "go_on",
            _("continue the run"),
            _("All is answered: go on with the run"),
        ),
        ("checklist.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "gate": _acts(
        ("gate.approve", "a", "approve", _("approve"), _("Approve: opens the typed confirmation")),
        (
            "gate.conditions",
            "c",
            "conditions",
            _("with conditions"),
            _("Approve with conditions, an owner and a date"),
        ),
        (
            "gate.reject",
            "x",
            "reject",
            _("reject…"),
            _("Reject: redo a step, go back to a checkpoint, abort, or wait"),
        ),
        (
            "gate.reopen",
            "o",
            "reopen",
            _("open again"),
            _("Open the gate again, whose deadline has expired"),
        ),
        ("gate.meet", "m", "meet", _("condition met"), _("Say how a condition was met")),
        (
            "gate.glass",
            "B",
            "glass",
            _("break glass"),
            _("Sign in spite of the gate's rules: it stays visible for ever"),
        ),
        (
            "gate.waive",
            "w",
            "waive",
            _("waive"),
            _("Accept a failing check of the evidence, with a reason"),
        ),
        ("gate.findings", "f", "findings", _("findings"), _("The findings, record by record")),
        ("gate.history", "h", "history", _("history"), _("All sign-offs here, earlier ones too")),
        ("gate.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "findings": _acts(
        (
            "findings.open",
            "enter",
            "open",
            _("open"),
            _("From rule to fields, from field to records"),
        ),
        (
            "findings.next",
            "right_square_bracket",
            "page(1)",
            _("next page"),
            _("The next 500 records"),
        ),
        (
            "findings.previous",
            "left_square_bracket",
            "page(-1)",
            _("previous"),
            _("The 500 records before"),
        ),
        ("findings.export", "e", "export", _("export"), _("Write all findings to a file")),
        ("findings.back", "escape", "back", _("back"), _("One level up")),
    ),
    "mapping": _acts(
        (
            "mapping.unmapped",
            "u",
            "unmapped",
            _("only unmapped"),
            _("Show only columns that go nowhere, or all"),
        ),
        (
            "mapping.filter",
            "slash",
            "filter",
            _("filter"),
            _("Only columns or fields with these letters"),
        ),
        (
            "mapping.next",
            "right_square_bracket",
            "page(1)",
            _("next page"),
            _("The next 500 columns"),
        ),
        (
            "mapping.previous",
            "left_square_bracket",
            "page(-1)",
            _("previous"),
            _("The 500 columns before"),
            False,
        ),
        ("mapping.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "review": _acts(
        (
            "review.merge",
            "m",
            "merge",
            _("merge"),
            _("Same person: merge them, as they are grouped and with the values that are marked"),
        ),
        (
            "review.different",
            "n",
            "different",
            _("not the same"),
            _("Not a duplicate, none of them: never ask again"),
        ),
        ("review.unsure", "u", "unsure", _("unsure"), _("Leave it for somebody else")),
        (
            "review.take",
            "1",
            "digit(1)",
            _("take value"),
            _(
                "1–9: take the value of that record in the marked field (↑ ↓); again: as the rules say"
            ),
            True,
            "1-9|" + _("take value"),
        ),
        (
            "review.undo",
            "z",
            "undo",
            _("undo"),
            _("Take the decision here back, else your last one"),
        ),
        ("review.redo", "y", "redo", _("redo"), _("Give back what was taken back")),
        (
            "review.exclude",
            "e",
            "mode('exclude')",
            _("exclude one"),
            _("Then 1–9: that record is somebody else; {merge} merges the others"),
        ),
        (
            "review.split",
            "s",
            "mode('split')",
            _("split"),
            _("Then 1–9: put records into group A, B…; {merge} merges each group"),
        ),
        ("review.flag", "f", "flag", _("flag"), _("Leave it for somebody else, with a note")),
        (
            "review.both",
            "b",
            "both",
            _("keep both"),
            _("Keep the values of all records in the marked field (e-mail, phone)"),
        ),
        (
            "review.lead",
            "w",
            "lead",
            _("swap lead"),
            _("Let the next record found the profile (★)"),
        ),
        (
            "review.previous",
            "left,k",
            "step('previous')",
            _("previous"),
            _("The cluster before"),
            True,
            "← →|" + _("other cluster"),
        ),
        ("review.next", "right,j", "step('next')", _("next"), _("The next cluster"), False),
        (
            "review.open",
            "tab",
            "step('open')",
            _("next open"),
            _("The next cluster that nobody settled nor looks at"),
            False,
        ),
        (
            "review.figures",
            "i",
            "figures",
            _("how far"),
            _("Decided and left, what is missed or wrong in all likelihood, how far two agree"),
            False,
        ),
        (
            "review.lane",
            "a",
            "lane",
            _("safe lane"),
            _("What merges without a person: counts, a sample to check, one confirmation"),
            False,
        ),
        ("review.filter", "slash", "filter", _("filter"), _("Only clusters of some kind")),
        (
            "review.person",
            "g",
            "mode('person')",
            _("person"),
            _("Then 1–9: the person that this record belongs to"),
            False,
        ),
        (
            "review.equal",
            "o",
            "equal",
            _("equal fields"),
            _("Unfold the fields that are equal"),
            False,
        ),
        (
            "review.up",
            "up",
            "field(-1)",
            _("field above"),
            _("The field above, to take a value"),
            False,
        ),
        ("review.down", "down", "field(1)", _("field below"), _("The field below"), False),
        (
            "review.columns",
            "left_square_bracket",
            "columns(-1)",
            _("columns"),
            _("Records further left, where they do not all fit"),
            False,
        ),
        (
            "review.columns_on",
            "right_square_bracket",
            "columns(1)",
            _("columns"),
            _("Records further right"),
            False,
        ),
        (
            "review.blind",
            "h",
            "blind",
            _("hide score"),
            _("Hide the score until it is decided, or show it"),
            False,
        ),
        ("review.page", "pagedown", "scroll(1)", _("down"), _("Further down"), False),
        ("review.page_up", "pageup", "scroll(-1)", _("up"), _("Further up"), False),
        ("review.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "lane": _acts(
        (
            "lane.open",
            "enter",
            "open",
            _("look at them"),
            _("The clusters of this row, those first that are tied most weakly"),
        ),
        (
            "lane.by",
            "tab",
            "by",
            _("count by"),
            _("Count by what ties them, likelihood, size, sources, brands"),
        ),
        (
            "lane.sample",
            "s",
            "sample",
            _("sample"),
            _("Draw a sample to check by eye, and judge it cluster by cluster"),
        ),
        (
            "lane.confirm",
            "c",
            "confirm",
            _("confirm"),
            _("Let all of them merge: their number is typed"),
        ),
        (
            "lane.review",
            "x",
            "review",
            _("all to review"),
            _("Let nothing merge without a person: their number is typed"),
        ),
        ("lane.undo", "z", "undo", _("take back"), _("Take back what was decided about all")),
        ("lane.back", "escape", "back", _("back"), _("Back to where you were")),
    ),
    "people": _acts(
        ("people.open", "enter", "open", _("open"), _("Open the person")),
        ("people.search", "slash", "search", _("search again"), _("Type another search")),
        ("people.back", "escape", "back", _("back"), _("Back to the run")),
    ),
    "person": _acts(
        (
            "person.events",
            "enter",
            "events",
            _("events"),
            _("The row in full; of a consent its events and the rule that decided"),
        ),
        (
            "person.pane",
            "tab",
            "app.focus_next",
            _("pane"),
            _("From values to consents to trail"),
        ),
        (
            "person.forget",
            "x",
            "forget",
            _("erase"),
            _("Erase this person everywhere; one of the record numbers is typed"),
        ),
        (
            "person.restrict",
            "r",
            "restrict",
            _("restrict"),
            _("Send nothing of this person on but opt-outs, or end that (article 18)"),
        ),
        (
            "person.object",
            "o",
            "object",
            _("object"),
            _("Note that this person objects to marketing: opt-outs everywhere (article 21)"),
        ),
        ("person.back", "escape", "back", _("back"), _("Back to the search")),
    ),
    "replay": _acts(
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
    "beside": _acts(
        (
            "beside.everything",
            "a",
            "everything",
            _("all steps"),
            _("Also the steps that stand as they stood, or only what differs"),
        ),
        ("beside.back", "escape,d", "back", _("back"), _("Back to the replay")),
    ),
    "help": _acts(
        ("help.back", "escape,enter,f1", "back", _("back"), _("Back to where you were")),
    ),
    "app": _acts(
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
LOOKING = ("findings", "mapping", "pairs", "review", "people", "person")
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
