"""The dialogs of a gate: approve by typing, and reject with a consequence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui_migrate.engine import api
from tui_migrate.engine.gate_signing import START, checkpoints
from tui_migrate.engine.gates import held_back
from tui_migrate.engine.run import StepState
from tui_migrate.engine.sentences import step_name
from tui_migrate.engine.ssh_signoffs import AGENT, demanded, signed
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.answers import day
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.widgets.block import lines

ABORT, WAIT, HOLD = "abort", "wait", "hold:"
ALL, WHOLE = "*", ""
"""All parts of a divided gate as a choice, and as what a sign-off says."""


def typed_number(text: str) -> int | None:
    """``12 480`` as a number; ``None`` when it is none."""
    plain = text.replace(" ", "").replace(".", "")
    return int(plain) if plain.isascii() and plain.isdecimal() else None


def _confirm(subject: int) -> Ask:
    def check(text: str) -> str:
        if typed_number(text) == subject:
            return ""
        return _("That is not the number of records concerned, as the evidence states it.")

    return Ask("typed", _("To sign, type the number of records concerned"), check=check)


def _with_key(screen: BaseScreen, gate: StepState) -> tuple[list[Ask], list[str]]:
    """Where the gate demands an SSH signature: which key, and what is done with it."""
    client = screen.home.live.client
    if not demanded(gate, client.identity.roles):
        return [], []
    told = [
        _("This gate demands your SSH signature: over this decision, its evidence and the journal"),
        _("as it stands now. Your key stays where it is: ssh-keygen or your agent uses it."),
    ]
    label = _("Your SSH key: agent, or its file")
    needs = needed(_("Name the key: agent, or its file."))
    return [Ask("key", label, value=AGENT, check=needs, files=Path.home())], told


def _send(screen: BaseScreen, command: api.Sign, filled: Filled) -> None:
    """Send a decision, signed first where a key was named."""
    client, key = screen.home.live.client, filled.get("key", "")
    if key:
        screen.send(command, finish=lambda: signed(client, command, key, ask=False))
    else:
        screen.send(command)


def _parts(gate: StepState) -> list[tuple[str, str]]:
    """What a sign-off can be about at a divided gate."""
    if not gate.outline.parts:
        return []
    back = held_back(gate)
    words = {True: _("{part}: held back"), False: _("{part}: approved")}
    parts = [(p, words[p in back].format(part=safe(p))) for p in gate.outline.parts]
    return [*parts, (ALL, _("all of them"))]


def sign_form(screen: BaseScreen, gate: StepState, conditions: bool, glass: bool = False) -> None:
    """Approve ``gate``: the number typed, a comment, and the conditions if there are any.
    ``glass``: in spite of the gate's rules, with the reason."""
    evidence, name = gate.evidence, prose(step_name(gate.outline))

    def then(filled: Filled | None) -> None:
        if filled is None:
            return
        terms: tuple[api.Term, ...] = ()
        if conditions:
            due = day(filled["due"]) or ""
            terms = (api.Term(what=filled["what"], owner=filled["owner"].strip(), due=due),)
        _send(
            screen,
            api.Sign(
                gate=gate.id,
                decision="conditions" if conditions else "approve",
                comment=filled["comment"],
                evidence=evidence,
                typed=typed_number(filled["typed"]),
                terms=terms,
                part=filled.get("choice", WHOLE).removeprefix(ALL),
                break_glass=filled.get("glass", ""),
            ),
            filled,
        )

    asks = [_confirm(gate.subject)]
    if glass:
        why = needed(_("Breaking the rules of a gate needs a reason."))
        asks.append(Ask("glass", _("Why in spite of the rules?"), check=why))
    if conditions:
        bad_day = _("This is not a date: type it as 31-03-2026.")
        asks += [
            Ask("what", _("Conditions"), check=needed(_("Say under which conditions."))),
            Ask("owner", _("Who sees to it"), check=needed(_("Name a user or a role."))),
            Ask("due", _("Due"), hint="31-03-2026", check=lambda t: "" if day(t) else bad_day),
        ]
    asks.append(Ask("comment", _("Comment")))
    with_key, told = _with_key(screen, gate)
    intro = lines(
        [
            _("You sign for: {name}").format(name=name),
            _("Evidence {hash}").format(hash=safe(f"{evidence[:8]}…{evidence[-4:]}")),
            _("Records concerned: {n}").format(n=grouped(gate.subject)),
            *_glass_words(glass),
            *told,
        ]
    )
    asks += with_key
    title = _("Approve with conditions") if conditions else _("Approve")
    if glass:
        title = _("BREAK-GLASS")
    screen.app.push_screen(
        Form(title, intro, asks, _parts(gate), submit=_("sign"), picked=_first_back(gate)), then
    )


def _first_back(gate: StepState) -> str:
    """The part under the cursor at first: one that still has to be approved."""
    return next(iter(held_back(gate)), "")


def _glass_words(glass: bool) -> list[str]:
    if not glass:
        return []
    return [
        _("You sign alone, in spite of this gate's rules. Your name and reason"),
        _("stay in top line, status, report and journal for ever."),
    ]


def _back_words(screen: BaseScreen, point: str) -> str:
    """Going back to a checkpoint."""
    if point == START:
        return _("back to the start: all is done again")
    name = prose(step_name(screen.state.steps[point].outline))
    return _("back to “{name}”: all behind it again").format(name=name)


def reject_form(screen: BaseScreen, gate: StepState, steps: Sequence[StepState]) -> None:
    """Reject ``gate`` and say what follows from it."""
    choices = [(WAIT, _("wait: the gate stays as it is"))]
    choices += [
        (f"redo:{s.id}", _("redo {name} and what follows").format(name=prose(step_name(s.outline))))
        for s in steps
        if s.outline.uses not in ("gate",)
    ]
    choices += [
        (f"{HOLD}{part}", _("hold back {part}: the gate waits for it").format(part=safe(part)))
        for part in gate.outline.parts
    ]
    choices += [
        (f"rollback:{point}", _back_words(screen, point))
        for point in reversed(checkpoints(screen.state, gate))
    ]
    choices.append((ABORT, _("abort the run")))

    def then(filled: Filled | None) -> None:
        if filled is None:
            return
        choice = filled["choice"]
        part = choice.removeprefix(HOLD) if choice.startswith(HOLD) else WHOLE
        _send(
            screen,
            api.Sign(
                gate=gate.id,
                decision="reject",
                comment=filled["reason"],
                evidence=gate.evidence,
                typed=typed_number(filled["typed"]),
                then="" if choice == WAIT or part else choice,
                part=part,
            ),
            filled,
        )

    asks = [
        Ask("reason", _("Why?"), check=needed(_("A rejection needs a reason."))),
        _confirm(gate.subject),
    ]
    with_key, told = _with_key(screen, gate)
    asks += with_key
    title = _("Reject {name}").format(name=prose(step_name(gate.outline)))
    concerned = _("Records concerned: {n}").format(n=grouped(gate.subject))
    kept = _("Going back deletes nothing in the target: what was written there stays.")
    intro = lines([concerned, *told, kept, _("What follows?")])
    screen.app.push_screen(Form(title, intro, asks, choices, submit=_("reject")), then)
