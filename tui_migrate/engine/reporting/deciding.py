"""What was special about deciding: broken rules, conditions, deadlines, roles that were lent."""

from __future__ import annotations

from tui_migrate.audit.gate_facts import Delegated, DelegationRevoked, FellDue, Reopened
from tui_migrate.engine.gate_window import why_words
from tui_migrate.engine.gates import broken_glass
from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.reporting.steps import title_of
from tui_migrate.i18n import _
from tui_migrate.report.document import Block, Cell, Mark, Note, Section, Table


def deciding(material: Material) -> Section:
    """All that ever departed from the plain way of signing; nothing of it is ever left out."""
    blocks: list[Block] = [*_glass(material), _conditions(material), _deadlines(material)]
    blocks += [_lent(material), _outside(material)]
    return Section("deciding", _("Rules broken, conditions, deadlines, delegation"), tuple(blocks))


def _glass(material: Material) -> list[Block]:
    broken = broken_glass(material.state)
    rows = tuple(
        (
            Mark(title_of(gate), "bad"),
            sign.by,
            material.moment(sign.at),
            material.said(sign.break_glass),
        )
        for gate, sign in broken
    )
    columns = (_("Gate"), _("Who"), _("When"), _("Reason"))
    table = Table(columns, rows, _("No rule was broken."), _("Break-glass"))
    if not broken:
        return [table]
    return [Note(_("A gate was signed by one person in spite of its rules."), "bad"), table]


def _conditions(material: Material) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for step in material.state.steps.values():
        for c in step.conditions:
            met: Cell = Mark(_("open"), "warn")
            if c.met_by:
                met = Mark(
                    _("met: {by}, {at}").format(by=c.met_by, at=material.when(c.met_at)), "good"
                )
            how = material.said(c.comment) or "–"
            rows.append((c.id, material.said(c.what), c.owner or "–", c.due or "–", met, how))
    columns = (_("Number"), _("Condition"), _("Owner"), _("Due"), _("State"), _("How"))
    return Table(columns, tuple(rows), _("No approval had conditions."), _("Conditions"))


def _deadlines(material: Material) -> Table:
    words = {
        "reminded": Mark(_("reminded"), "quiet"),
        "escalated": Mark(_("escalated"), "warn"),
        "expired": Mark(_("expired"), "bad"),
    }
    rows: list[tuple[str, tuple[Cell, ...]]] = [
        (e.at, (f.step, words.get(f.what, f.what), material.moment(f.at), f.role or "–", "–"))
        for e, f in material.of(FellDue)
    ]
    rows += [
        (
            e.at,
            (
                f.step,
                Mark(_("opened again"), "warn"),
                material.moment(e.at),
                e.by,
                material.said(f.reason) or "–",
            ),
        )
        for e, f in material.of(Reopened)
    ]
    columns = (_("Step"), _("What"), _("When"), _("Who"), _("Reason"))
    ordered = tuple(row for _at, row in sorted(rows, key=lambda row: row[0]))
    return Table(columns, ordered, _("Nothing fell due."), _("Deadlines"))


def _lent(material: Material) -> Table:
    ended = {(f.role, f.giver, f.to): e.at for e, f in material.of(DelegationRevoked)}
    rows = []
    for e, f in material.of(Delegated):
        at = ended.get((f.role, e.by, f.to), "")
        revoked: Cell = material.moment(at) if at > e.at else "–"
        rows.append((f.role, e.by, f.to, f.until, revoked, material.said(f.reason) or "–"))
    columns = (_("Role"), _("Of"), _("To"), _("Until"), _("Revoked"), _("Reason"))
    return Table(columns, tuple(rows), _("No role was lent."), _("Delegation"))


def _outside(material: Material) -> Table:
    rows = tuple(
        (o.step, o.by, material.moment(o.at), why_words(o.why), material.said(o.reason))
        for o in material.state.overrides
    )
    columns = (_("Step"), _("Who"), _("When"), _("Why it was closed"), _("Reason"))
    nothing = _("Nothing was started outside the change window.")
    return Table(columns, rows, nothing, _("Change window"))
