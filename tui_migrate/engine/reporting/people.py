"""Roles, rights, and who did what."""

from __future__ import annotations

from collections import Counter

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts, person_facts
from tui_migrate.audit.fact import Fact
from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided, ModelJudged, PairDecided
from tui_migrate.engine.reporting.material import Material
from tui_migrate.i18n import _
from tui_migrate.report.document import Cell, Note, Section, Table
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.models import Right, RoleSpec

_COUNTED: dict[type[Fact], str] = {
    facts.StepStarted: "started",
    facts.Answered: "answered",
    gate_facts.SignedOff: "signed",
    ModelJudged: "signed",
    PairDecided: "pairs",
    ClusterAnswered: "pairs",
    ClusterDecided: "pairs",
    facts.CheckWaived: "waived",
    facts.StepSkipped: "waived",
    facts.Exported: "exported",
    person_facts.Looked: "looked",
    facts.AccessRefused: "refused",
}


def people(material: Material) -> Section:
    """Who may what, and who acted."""
    runbook = material.runbook
    roles = runbook.roles if runbook is not None else {}
    everybody = [name for name, role in roles.items() if EVERY in role.users]
    notes = []
    if everybody:
        notes.append(
            Note(
                _(
                    "Everybody may act as {roles}: nothing here proves that two people looked."
                ).format(roles=", ".join(everybody))
            )
        )
    return Section(
        "people",
        _("Roles, access and who acted"),
        (
            *notes,
            Table(
                (_("Role"), _("Users and groups"), _("Brands"), _("Channels"), _("May")),
                tuple((name, *_role(role)) for name, role in roles.items()),
                _("The runbook's roles are not readable."),
                _("Access matrix"),
            ),
            _acted(material),
        ),
    )


def _role(role: RoleSpec) -> tuple[Cell, ...]:
    users = [*role.users, *(_("group {name}").format(name=g) for g in role.groups)]
    return (
        ", ".join(_("everybody") if u == EVERY else u for u in users) or _("nobody"),
        _all(role.brands),
        _all(role.channels),
        ", ".join(right_words(right) for right in role.rights),
    )


def _all(names: tuple[str, ...]) -> str:
    return _("all") if EVERY in names else ", ".join(names)


def right_words(right: Right) -> str:
    """A right for people."""
    return {
        "run": _("run"),
        "sign": _("sign"),
        "answer": _("answer"),
        "decide": _("decide pairs"),
        "waive": _("waive and skip"),
        "export": _("export"),
        "erase": _("erase persons"),
    }[right]


def _acted(material: Material) -> Table:
    counts: dict[tuple[str, int], Counter[str]] = {}
    roles: dict[tuple[str, int], set[str]] = {}
    for entry in material.entries:
        who = (entry.by, entry.uid)
        counted = _COUNTED.get(type(entry.fact))
        counts.setdefault(who, Counter())
        if counted:
            counts[who][counted] += 1
        if isinstance(entry.fact, gate_facts.SignedOff) and entry.fact.role:
            roles.setdefault(who, set()).add(entry.fact.role)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            _("{user} (uid {uid})").format(user=by, uid=uid),
            ", ".join(sorted(roles.get((by, uid), ()))) or "–",
            *(count[name] for name in ("started", "answered", "signed", "pairs", "waived")),
            count["exported"],
            count["looked"],
            count["refused"],
        )
        for (by, uid), count in counts.items()
    )
    columns = (
        _("Person"),
        _("Signed as"),
        _("Steps begun"),
        _("Answers"),
        _("Sign-offs"),
        _("Pairs"),
        _("Waived"),
        _("Exports"),
        _("Looked"),
        _("Refused"),
    )
    return Table(columns, rows, _("Nobody acted yet."), _("Who acted"))
