"""What a screen says about deciding beside the evidence: deadlines, parts, conditions, broken rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from textual.content import Content

from tui_migrate.engine.api import Identity
from tui_migrate.engine.gate_conditions import open_conditions, overdue
from tui_migrate.engine.gate_deadlines import deadline_of, expired
from tui_migrate.engine.gate_delegations import standing, with_delegations
from tui_migrate.engine.gate_status import (
    condition_line,
    deadline_line,
    glass_line,
    override_line,
)
from tui_migrate.engine.gate_window import warning
from tui_migrate.engine.gates import broken_glass, missing_for
from tui_migrate.engine.run import RunState, SignOff, StepState
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import line

Words = Callable[[str], str]


def moment_of(state: RunState, frozen: bool) -> datetime:
    """The moment that a screen is about: now, or, in a replay, that of the last entry."""
    return (moment(state.at) if frozen else None) or datetime.now(UTC)


def acting(state: RunState, who: Identity, now: datetime) -> Identity:
    """Who sits here, with the roles that are lent to him."""
    return with_delegations(state, who, now)


def deputy_words(who: Identity) -> str:
    """``privacy for eve``, for the roles that are lent to somebody."""
    return ", ".join(_("{role} for {giver}").format(role=r, giver=g) for r, g in who.lent)


def glass_rows(state: RunState, words: Words) -> list[Content]:
    """Rules that were ever broken, and imports outside the window: for ever."""
    rows = [
        Content.styled("⚠ " + safe(glass_line(gate, signoff, words)), BAD)
        for gate, signoff in broken_glass(state)
    ]
    rows += [Content.styled("! " + safe(override_line(o, words)), WARN) for o in state.overrides]
    return rows


def gate_rows(state: RunState, gate: StepState, now: datetime, words: Words) -> list[Content]:
    """All about deciding here that is neither evidence nor sign-off."""
    rows = [*glass_rows(state, words), *due_rows(state, gate, now), *part_rows(gate)]
    for _gate, condition in open_conditions(state):
        late = overdue(condition, state, now)
        text = prose(condition_line(condition, state, now, words))
        rows.append(line(("! " if late else "○ ", BAD if late else WARN), text))
    rows += [
        Content.styled(
            _("{to} acts as {role} for {giver} until {until}").format(
                to=safe(d.to), role=safe(d.role), giver=safe(d.giver), until=d.until
            ),
            QUIET,
        )
        for d in standing(state, now)
    ]
    soon = warning(state, now)
    if soon:
        rows.append(Content.styled("! " + safe(soon), WARN))
    return [*rows, Content("")] if rows else []


def due_rows(state: RunState, step: StepState, now: datetime) -> list[Content]:
    """The deadline of a step that waits."""
    told = deadline_line(step, state, now)
    if not told:
        return []
    deadline = deadline_of(step, state.zone)
    late = deadline is not None and now >= deadline.due
    return [Content.styled(("! " if late else "") + safe(told), BAD if late else WARN)]


def is_expired(state: RunState, step: StepState, now: datetime) -> bool:
    """Whether nobody may decide until the step is opened again."""
    return expired(step, state.zone, now)


def part_rows(gate: StepState) -> list[Content]:
    """Every brand or wave of a divided gate: approved, or held back for want of whom."""
    rows = []
    for part in gate.outline.parts:
        missing = missing_for(gate, part)
        if missing:
            needs = ", ".join(f"{safe(role)} {count}" for role, count in missing.items())
            text = _("{part}: held back, needs {needs}").format(part=safe(part), needs=needs)
            rows.append(line(("○ ", WARN), text))
        else:
            rows.append(line(("✓ ", GOOD), _("{part}: approved").format(part=safe(part))))
    return rows


def special_rows(gate: StepState, signoff: SignOff, words: Words) -> list[Content]:
    """What is special about one sign-off: broken rules, and its conditions."""
    rows = []
    if signoff.break_glass:
        text = _("BREAK-GLASS, in spite of the rules")
        why = prose(words(signoff.break_glass))
        rows.append(Content.styled(f"    ⚠ {text}" + (f": “{why}”" if why else ""), BAD))
    for c in gate.conditions:
        if (c.by, c.at) != (signoff.by, signoff.at):
            continue
        what = f" “{prose(words(c.what))}”" if words(c.what) else ""
        owed = _("{id} for {owner}, due {due}").format(
            id=safe(c.id), owner=safe(c.owner), due=safe(c.due)
        )
        met = _("met by {by}").format(by=safe(c.met_by)) if c.met_by else _("open")
        style = GOOD if c.met_by else WARN
        rows.append(line(f"    {owed}{what}  ", (met, style)))
        if how := prose(words(c.comment)):
            rows.append(Content(f"      “{how}”"))
    return rows


def signer(signoff: SignOff) -> str:
    """Who signed, in which role, for whom, about which part."""
    role = safe(signoff.role)
    if signoff.giver:
        role = _("{role} for {giver}").format(role=role, giver=safe(signoff.giver))
    part = f" [{safe(signoff.part)}]" if signoff.part else ""
    return f"{safe(signoff.by)} ({role}){part}"


def references(state: RunState, gate: StepState) -> set[str]:
    """Commitments of which the words are shown here."""
    found = {ref for s in gate.signoffs for ref in (s.comment, s.conditions, s.break_glass)}
    found |= {ref for c in gate.conditions for ref in (c.what, c.comment)}
    found |= {c.what for _gate, c in open_conditions(state)}
    found |= {signoff.break_glass for _gate, signoff in broken_glass(state)}
    found |= {override.reason for override in state.overrides}
    return found - {""}
