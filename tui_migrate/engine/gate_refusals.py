"""Why a sign-off may not be given: not now, not on this evidence, not by this person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tui_migrate.engine import gates
from tui_migrate.engine.api import Identity, Sign
from tui_migrate.engine.gate_deadlines import expired
from tui_migrate.engine.gate_delegations import standing
from tui_migrate.engine.identity import people_named
from tui_migrate.engine.run import RunState, SignOff, Status, StepState
from tui_migrate.engine.wording import status_words
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, TuiMigrateError, Waiting
from tui_migrate.files import RUNBOOK_FILE
from tui_migrate.i18n import _
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.models import Runbook


class NotAllowed(DataSaysNo):
    """This person may not give this sign-off."""


@dataclass(frozen=True, slots=True)
class Voice:
    """In which role a person signs, and for whom: '' is for himself."""

    role: str
    giver: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that is looked at to judge a sign-off."""

    state: RunState
    runbook: Runbook
    gate: StepState
    command: Sign
    who: Identity
    now: datetime

    @property
    def parts(self) -> list[str]:
        """The parts that the sign-off is about."""
        return [self.command.part] if self.command.part else gates.parts_of(self.gate)


def refuse_sign(desk: Desk) -> TuiMigrateError | None:
    """Why this sign-off may not be given, whoever gives it; ``None`` when it is one to consider."""
    gate, command = desk.gate, desk.command
    if gate.status is not Status.WAITING and not gate.supplementary:
        return DataSaysNo(
            _("Gate {} is not waiting for a sign-off (it is: {}).").format(
                gate.id, status_words(gate.status)
            ),
            _("tui-migrate status shows where the run stands."),
        )
    if command.decision not in ("approve", "conditions", "reject"):
        return EnvironmentProblem(_("A decision is approve, conditions or reject."))
    if command.part and command.part not in gate.outline.parts:
        return EnvironmentProblem(
            _("Gate {} has no part {}.").format(gate.id, command.part),
            _("Its parts: {}").format(", ".join(gate.outline.parts) or _("none; it is one whole")),
        )
    if expired(gate, desk.state.zone, desk.now):
        return DataSaysNo(
            _("The deadline of gate {} has expired: nobody can sign.").format(gate.id),
            _("Role {} opens it again: tui-migrate reopen {} --reason WHY.").format(
                gate.outline.deadline.get("escalate_to", ""), gate.id
            ),
        )
    if command.evidence and command.evidence != gate.evidence:
        return DataSaysNo(
            _("The evidence of gate {} is not the one that was looked at.").format(gate.id),
            _("It is now {}. Look again, then sign.").format(gate.evidence),
        )
    return None if command.decision == "reject" else _refuse_approval(desk)


def _refuse_approval(desk: Desk) -> TuiMigrateError | None:
    gate, command, state = desk.gate, desk.command, desk.state
    if gates.standing_evidence(state, desk.runbook, gate) != gate.evidence:
        return DataSaysNo(
            _("The evidence of gate {} changed after it was shown.").format(gate.id),
            _("Let the run go on to the gate again; then look at it and sign."),
        )
    unbound = not command.evidence and command.typed is None
    if unbound and not (command.from_file and state.rehearsal):
        # In a decisions file such an approval does not count: the gate goes on waiting.
        kind = Waiting if command.from_file else DataSaysNo
        return kind(
            _("The approval of gate {} names no evidence.").format(gate.id),
            _("Only a rehearsal takes it without. The evidence is {}.").format(gate.evidence),
        )
    if command.typed is not None and command.typed != gate.subject:
        return DataSaysNo(
            _("{} is not the number of records concerned.").format(command.typed),
            _("The gate shows the number; type it to sign."),
        )
    return None


def voice_of(desk: Desk) -> Voice:
    """In which role, and for whom, the person signs. Raises ``DataSaysNo`` when he may not."""
    if desk.command.decision == "reject":
        for voice in _voices(desk, gates.roles_of(desk.gate)):
            return voice
        raise _no_role(desk)
    if desk.command.break_glass:
        return _through_glass(desk)
    refusal: DataSaysNo | None = None
    missing = _missing(desk)
    for voice in _voices(desk, list(missing)):
        refused = _refuse_voice(desk, voice)
        if refused is None:
            return voice
        refusal = refusal or refused
    if refusal is not None:
        raise refusal
    if not _voices(desk, gates.roles_of(desk.gate)):
        raise _no_role(desk)
    if any(desk.who.user in s.people for s in _approvals(desk)):
        raise _signed_already(desk, desk.who.user)
    raise DataSaysNo(
        _("The roles of {} have signed gate {} already.").format(desk.who.user, desk.gate.id),
        _("Still needed: {}").format(", ".join(missing)),
    )


def _missing(desk: Desk) -> dict[str, int]:
    """Roles that are missing in one of the parts that the sign-off is about."""
    found: dict[str, int] = {}
    for part in desk.parts:
        found.update(gates.missing_for(desk.gate, part))
    return found


def _approvals(desk: Desk) -> list[SignOff]:
    return [s for part in desk.parts for s in gates.valid_approvals(desk.gate, part)]


def _voices(desk: Desk, wanted: list[str]) -> list[Voice]:
    """The ways in which the person can act in one of these roles: his own ones first."""
    lent = {role for role, _giver in desk.who.lent}
    own = [Voice(role) for role in wanted if role in desk.who.roles and role not in lent]
    others = [Voice(role, giver) for role, giver in desk.who.lent if role in wanted]
    return [voice for voice in (*own, *others) if _covers(desk, voice.role)]


def _covers(desk: Desk, role: str) -> bool:
    """Whether the role may speak for these parts: at a gate that is divided by brand, one of some
    brands speaks for those alone."""
    brands = desk.runbook.roles[role].brands
    divided = desk.gate.outline.parts == list(desk.runbook.brands)
    return not divided or EVERY in brands or set(desk.parts) <= set(brands)


def _refuse_voice(desk: Desk, voice: Voice) -> DataSaysNo | None:
    people = {desk.who.user, voice.giver} - {""}
    for person in sorted(people, key=lambda p: p != desk.who.user):
        if any(person in s.people for s in _approvals(desk)):
            return _signed_already(desk, person)
    if not several_people_here(desk):
        return None
    for person in sorted(people, key=lambda p: p != desk.who.user):
        made = made_by(desk.state, desk.gate, person)
        if made:
            return NotAllowed(
                _("{} made what gate {} judges and so cannot approve it (four eyes): {}.").format(
                    person, desk.gate.id, ", ".join(made)
                ),
                _("Somebody else with the role has to sign."),
            )
    return None


def several_people_here(desk: Desk) -> bool:
    """Whether more than one person may act: then four eyes are asked for."""
    lent = {d.to for d in standing(desk.state, desk.now)}
    return len(people_named(desk.runbook) | lent) > 1


def made_by(state: RunState, gate: StepState, person: str) -> list[str]:
    """What of a gate's evidence a person made: steps that he carried out, answered, waived or
    skipped, and files of the runbook that are his."""
    steps = state.evidence_of(gate)
    files = {RUNBOOK_FILE}
    for step in steps:
        files |= {name.removeprefix("input ") for name in step.inputs}
    written = sorted(f for f in files if state.authors.get(f) == person)
    return [*(s.id for s in steps if person in s.operators), *written]


def _through_glass(desk: Desk) -> Voice:
    """A sign-off that breaks the rules: only where the runbook allows it, and never over a failing
    check of what may not be skipped."""
    gate = desk.gate
    if not gate.outline.break_glass:
        raise NotAllowed(
            _("The rules of gate {} may not be broken.").format(gate.id),
            _("Only break_glass: true at the gate in the runbook allows it."),
        )
    if desk.command.from_file:
        raise NotAllowed(_("A file cannot break the rules of a gate."))
    failing = [
        f"{step.id}: {check.name}"
        for step in desk.state.evidence_of(gate)
        if step.outline.unskippable
        for check in step.checks.values()
        if not check.passed and check.severity == "block"
    ]
    if failing:
        raise NotAllowed(
            _("The rules of gate {} may not be broken over failing checks: {}.").format(
                gate.id, ", ".join(failing)
            ),
            _("These steps are unskippable. Mend what the checks found."),
        )
    missing = list(_missing(desk))
    if not missing:
        raise DataSaysNo(_("Gate {} lacks no approval: no rule has to be broken.").format(gate.id))
    voices = _voices(desk, missing)
    return voices[0] if voices else Voice(missing[0])


def _signed_already(desk: Desk, person: str) -> DataSaysNo:
    return DataSaysNo(_("{} has signed gate {} already.").format(person, desk.gate.id))


def _no_role(desk: Desk) -> TuiMigrateError:
    return NotAllowed(
        _("{} may not sign gate {}: it needs {}.").format(
            desk.who.user, desk.gate.id, ", ".join(sorted(gates.roles_of(desk.gate)))
        ),
        _("Roles are given in the runbook under roles:."),
    )
