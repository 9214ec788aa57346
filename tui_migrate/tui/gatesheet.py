"""A gate as text: what a sign-off is about, what changed since the last one, and who signed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_migrate.engine.data_queries import RuleTotal
from tui_migrate.engine.run import RunState, SignOff, StepState
from tui_migrate.engine.sentences import stamp, step_name
from tui_migrate.engine.wording import rule_words
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.advice import is_gate
from tui_migrate.tui.deciding import Words, signer, special_rows
from tui_migrate.tui.detail import check_row, figure_rows, gate_figures, needs_rows
from tui_migrate.tui.evidence import Since
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.status import BAD, GOOD, LOOKS, QUIET, WARN
from tui_migrate.tui.widgets.block import line

SHOWN_RULES = 12


def subject_rows(state: RunState, gate: StepState, is_open: bool) -> list[Content]:
    """How many records it is about, and which evidence."""
    rows = []
    if gate.subject:
        rows.append(
            line(
                (f"{_('Concerns'):<10}", "bold"),
                (grouped(gate.subject), "bold $primary"),
                " " + ngettext("record", "records", gate.subject),
                (_(" – the number to type") if is_open else "", QUIET),
            )
        )
    hashed = f"{gate.evidence[:8]}…{gate.evidence[-4:]}" if gate.evidence else _("not made yet")
    since = _("unchanged since {at}").format(at=stamp(gate.started_at, state.zone))
    tail = f"  {since}" if gate.evidence and gate.started_at and not gate.supplementary else ""
    rows.append(line((f"{_('Evidence'):<10}", "bold"), safe(hashed), (tail, QUIET)))
    return rows


def evidence_rows(state: RunState, gate: StepState, width: int) -> list[Content]:
    """The evidence steps in full: checks that hold and figures, within ``width`` cells."""
    steps = state.evidence_of(gate)
    rows: list[Content] = []
    if any(name.partition(":")[0] not in state.steps for name in gate.figures):
        rows += [Content(""), *gate_figures(state, gate, width)]
    for step in steps:
        look = LOOKS[step.status]
        name = prose(step_name(step.outline))
        rows.append(line((f"{look.glyph} {name}", "bold"), (f"  {_(look.word)}", look.style)))
        rows += [line("  ", check_row(check)) for check in step.checks.values() if check.passed]
        if is_gate(step):
            rows += [line("  ", row) for row in needs_rows(step)]
        else:
            rows += [line("  ", row) for row in figure_rows(step.figures, width - 2)[:-1]]
        rows.append(Content(""))
    return rows


def finding_rows(findings: Sequence[RuleTotal], key: str) -> list[Content]:
    """The rules that are broken most, and how many more there are behind ``key``."""
    if not findings:
        return []
    styles = {"block": ("✗", BAD), "warn": ("!", WARN)}
    rows = [Content.styled(_("Findings of these steps"), "bold")]
    for total in findings[:SHOWN_RULES]:
        glyph, style = styles.get(total.severity, ("·", QUIET))
        text = f"  {safe(rule_words(total.rule))}"
        rows.append(line((f"  {glyph} {grouped(total.findings):>9}", style), text))
    more = len(findings) - SHOWN_RULES
    if more > 0:
        rows.append(Content.styled(_("  and {n} more rules: {key}").format(n=more, key=key), QUIET))
    return [*rows, Content("")]


def since_rows(since: Since | None, zone: str) -> list[Content]:
    """What changed since the last sign-off; nothing as long as that is not known."""
    if since is None:
        return []
    head = _("Δ since the last sign-off here") + "  "
    if not since.by:
        return [line((head, "bold"), _("there was none yet")), Content("")]
    by = f"{safe(since.by)}, {stamp(since.at, zone)}"
    if not since.changes:
        return [line((head, "bold"), _("nothing"), (f"  ({by})", QUIET)), Content("")]
    rows = [line((head, "bold"), (f"({by})", QUIET))]
    for change in since.changes[:20]:
        values = f"{safe(change.before) or '–'} → {safe(change.after) or '–'}"
        rows.append(line(("  Δ ", WARN), f"{prose(change.step)}: {safe(change.name)}  {values}"))
    return [*rows, Content("")]


def signoff_rows(gate: StepState, zone: str, words: Words, every: bool) -> list[Content]:
    """The sign-offs that stand, or ``every`` one that was given here."""
    signoffs = gate.signoffs if every else [s for s in gate.signoffs if not s.voided]
    if not signoffs:
        return []
    head = _("All sign-offs here") if every else _("Sign-offs that stand")
    rows = [Content.styled(head, "bold")]
    for signoff in signoffs:
        rows += _signoff(gate, signoff, zone, words)
    return [*rows, Content("")]


def _signoff(gate: StepState, s: SignOff, zone: str, words: Words) -> list[Content]:
    verdicts = {
        "approve": ("✓ " + _("approved"), GOOD),
        "conditions": ("✓ " + _("approved with conditions"), WARN),
        "reject": ("✗ " + _("rejected"), BAD),
    }
    text, style = verdicts.get(s.decision, (safe(s.decision), ""))
    at = stamp(s.at, zone)
    tail = f"  {signer(s)}, {at}"
    if s.voided:
        text, style = text + " – " + _("no longer counts"), QUIET
    rows = [line(("  " + text, style), tail)]
    if not s.bound:
        rows.append(Content.styled("    " + _("not bound to the evidence (decisions file)"), WARN))
    for reference in (s.comment, s.conditions):
        if said := words(reference):
            rows.append(Content(f"    “{safe(said)}”"))
    return [*rows, *special_rows(gate, s, words)]
