"""Checks, what departed from the rule, sign-offs and answers."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.engine.reporting.material import Material, named
from tui_migrate.engine.reporting.steps import title_of
from tui_migrate.engine.run import CheckState, SignOff
from tui_migrate.engine.sentences import said
from tui_migrate.engine.wording import measured
from tui_migrate.i18n import _
from tui_migrate.report.document import Block, Cell, Lines, Mark, Paragraph, Section, Table


def checks(material: Material) -> Section:
    """Every check of the present attempts; those that did not pass come first."""
    failed: list[tuple[Cell, ...]] = []
    passed: list[tuple[Cell, ...]] = []
    for step in material.state.steps.values():
        for check in step.checks.values():
            row = (
                Lines((title_of(step), Mark(step.id, "quiet"))),
                named(check.name),
                named(measured(check.observed)),
                measured(check.expected),
                _result(check),
            )
            (passed if check.passed else failed).append(row)
    columns = (_("Step"), _("Check"), _("Observed"), _("Expected"), _("Result"))
    return Section(
        "checks",
        _("Checks"),
        (
            Table(columns, tuple(failed), _("No check fails."), _("Not passed")),
            Table(columns, tuple(passed), _("No check was made yet."), _("Passed")),
        ),
    )


def _result(check: CheckState) -> Cell:
    if check.passed:
        return Mark(_("✓ passed"), "good")
    if check.waived_by:
        return Mark(_("✗ waived by {by}").format(by=check.waived_by), "warn")
    if check.severity == "warn":
        return Mark(_("! warns"), "warn")
    return Mark(_("✗ blocks"), "bad")


def departures(material: Material) -> Section:
    """Waivers, skips and failures: all that ever happened, also in attempts that were done again."""
    columns = (_("When"), _("Who"), _("What"), _("Reason"))
    waived = tuple(
        (material.moment(e.at), e.by, f"{f.step}: {named(f.name)}", _one(material.said(f.reason)))
        for e, f in material.of(facts.CheckWaived)
    )
    skipped = tuple(
        (material.moment(e.at), e.by, _step_title(material, f.step), _one(material.said(f.reason)))
        for e, f in material.of(facts.StepSkipped)
    )
    failed = tuple(
        (material.moment(e.at), _step_title(material, f.step), f.attempt, f.code)
        for e, f in material.of(facts.StepFailed)
    )
    redone = tuple(
        (material.moment(e.at), e.by, _step_title(material, f.step), _one(material.said(f.reason)))
        for e, f in material.of(facts.RedoAsked)
    )
    blocks: tuple[Block, ...] = (
        Table(columns, waived, _("No check was waived."), _("Waivers")),
        Table(columns, skipped, _("No step was skipped."), _("Skipped steps")),
        Table(columns, redone, _("No step was asked for again."), _("Done again")),
        Table(
            (_("When"), _("Step"), _("Attempt"), _("Failure")),
            failed,
            _("No step failed."),
            _("Failures"),
        ),
    )
    return Section("departures", _("Waivers, skips and failures"), blocks)


def _one(value: str | Mark) -> Cell:
    return value or "–"


def _step_title(material: Material, step: str) -> str:
    known = material.state.steps.get(step)
    return title_of(known) if known else step


def signoffs(material: Material) -> Section:
    """Every decision at a gate, also those that no longer count."""
    rows: list[tuple[Cell, ...]] = []
    keys = {(f.gate, e.by, e.at): f.key for e, f in material.of(gate_facts.SignedOff)}
    for step in material.state.steps.values():
        for sign in step.signoffs:
            words: list[str | Mark] = [_decision(sign.decision, sign.voided)]
            if not sign.bound:
                words.append(Mark(_("not bound to evidence"), "warn"))
            if sign.break_glass:
                broke = Mark(_("BREAK-GLASS: in spite of the gate's rules"), "bad")
                words += [broke, material.said(sign.break_glass)]
            if key := keys.get((step.id, sign.by, sign.at)):
                words += [Mark(_("signed with the SSH key"), "good"), Mark(key, "code")]
            words += [w for w in (material.said(sign.comment),) if w]
            for c in step.conditions:
                if (c.by, c.at) == (sign.by, sign.at):
                    words += [Mark(_("condition {id}:").format(id=c.id), "quiet")]
                    words += [material.said(c.what)]
            rows.append(
                (
                    Lines((title_of(step), Mark(sign.part or step.id, "quiet"))),
                    Lines((sign.by, Mark(_role(sign), "quiet"))),
                    material.moment(sign.at),
                    Lines(tuple(words)),
                    Mark(sign.evidence, "code"),
                )
            )
    columns = (_("Gate"), _("Who, in which role"), _("When"), _("Decision"), _("Evidence"))
    return Section(
        "signoffs",
        _("Sign-offs"),
        (Table(columns, tuple(rows), _("Nobody signed yet.")), *_open_gates(material)),
    )


def _role(sign: SignOff) -> str:
    if sign.giver:
        return _("{role}, for {giver}").format(role=sign.role, giver=sign.giver)
    return sign.role or "–"


def _decision(decision: str, voided: bool) -> Mark:
    if voided:
        return Mark(_("{decision}, void: the evidence changed").format(decision=decision), "warn")
    return {
        "approve": Mark(_("approved"), "good"),
        "conditions": Mark(_("approved with conditions"), "warn"),
        "reject": Mark(_("rejected"), "bad"),
    }.get(decision, Mark(decision, "warn"))


def _open_gates(material: Material) -> tuple[Block, ...]:
    still = [
        title_of(step)
        for step in material.state.steps.values()
        if step.outline.uses == "gate" and (step.status.value != "done" or step.supplementary)
    ]
    if not still:
        return ()
    return (Paragraph(_("Not signed: {gates}.").format(gates="; ".join(still)), "warn"),)


def answers(material: Material) -> Section:
    """What people answered to the questions of checklists, as it stands now."""
    rows: list[tuple[Cell, ...]] = []
    for step in material.state.steps.values():
        questions = {str(item.get("id")): item.get("question", "") for item in step.outline.items}
        for item, answer in step.answers.items():
            words: list[str | Mark] = [material.said(answer.answer)]
            if answer.not_applicable:
                words.insert(0, Mark(_("not applicable:"), "warn"))
            if answer.file:
                words += [Mark(_("evidence file"), "quiet"), Mark(answer.file, "code")]
            rows.append(
                (
                    Lines((said(questions.get(item, item)), Mark(title_of(step), "quiet"))),
                    Lines(tuple(words)),
                    answer.by,
                    material.moment(answer.at),
                )
            )
    columns = (_("Question"), _("Answer"), _("Who"), _("When"))
    return Section(
        "answers",
        _("Answers to questions"),
        (Table(columns, tuple(rows), _("Nothing was answered yet.")),),
    )
