"""What exports need beside staging: times of units, decisions of people, fields that stay hidden."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    ModelJudged,
    PairDecided,
)
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import decided, members_of
from tui_migrate.engine.run import Status
from tui_migrate.report.export import Extras
from tui_migrate.steps.import_rows import hidden_fields

PERSON = "person"
"""What an export is called that holds all about one person."""
ENDING = ".zip"


def purge_date(days: int) -> str:
    """The day on which an export made today has to be gone."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def payment_allowed(core: Core) -> bool:
    """Whether the gate for payment data is signed."""
    gate = core.runbook.payment.gate
    return gate is not None and core.state.steps[gate].status is Status.DONE


def export_extras(core: Core) -> Extras:
    """What exports need beside staging: times of units, decisions of people."""
    return Extras(
        unit_times=[(*key, at) for key, at in core.state.unit_times.items()],
        pair_decisions=[
            (d.source_a, d.record_a, d.source_b, d.record_b, d.decision, d.decided_by)
            for d in decided(core, core.state)
        ],
        decisions=decision_rows(core),
        left_out=hidden_fields(core.runbook, payment_allowed(core)),
    )


def decision_rows(core: Core) -> list[tuple[str, str, str, str, str, str]]:
    """Every decision of a person: kind, subject, decision, decided_by, at, comment."""
    rows = []
    words = core.vault.words
    for entry in core.journal.entries:
        fact = entry.fact
        row: tuple[str, str, str, str] | None = None
        match fact:
            case gate_facts.SignedOff():
                comment = " · ".join(filter(None, (words(fact.comment), words(fact.conditions))))
                row = ("signoff", fact.gate, fact.decision, comment)
            case facts.Answered():
                answer = "not applicable" if fact.not_applicable else words(fact.answer)
                comment = words(fact.answer) if fact.not_applicable else ""
                row = ("answer", f"{fact.step}/{fact.item}", answer, comment)
            case facts.CheckWaived():
                row = ("waiver", f"{fact.step}: {fact.name}", "waive", words(fact.reason))
            case facts.StepSkipped():
                row = ("skip", fact.step, "skip", words(fact.reason))
            case PairDecided():
                row = ("pair", _pair_subject(words(fact.reference)), fact.decision, "")
            case ClusterDecided() | ClusterAnswered():
                row = ("cluster", *_cluster_row(core, entry.seq))
            case DecisionTakenBack():
                row = ("decision", str(fact.entry), "take back", "")
            case ModelJudged():
                row = ("match model", fact.sha256, fact.decision, words(fact.reason))
            case facts.RedoAsked():
                row = ("redo", fact.step, "redo", words(fact.reason))
            case _:
                continue
        kind, subject, decision, comment = row
        rows.append((kind, subject, decision, entry.by, entry.at, comment))
    return rows


def _pair_subject(words: str) -> str:
    if not words:
        return ""
    return " = ".join("/".join(record) for record in json.loads(words))


def _cluster_row(core: Core, seq: int) -> tuple[str, str, str]:
    """Subject (who is one person ``=``, who is another ``|``), decision and note of a cluster; of a first
    answer (``sealed``) the records only, until there is a second one."""
    decision = core.state.decisions[seq]
    members = members_of(core.vault, decision)
    names = ["/".join(m.record) if m is not None else "" for m in members]
    groups = decision.groups or [(at,) for at in range(len(names))]
    subject = " | ".join(" = ".join(names[at] for at in group) for group in groups)
    return subject if any(names) else "", decision.word, core.vault.words(decision.note)
