"""The shipped runbook holds every step of the article it follows, and the demo can decide on all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.runbook.conftest import SHIPPED
from tui_migrate.mapping.load import load_mappings
from tui_migrate.runbook import Loaded, load_decisions, load_runbook
from tui_migrate.runbook.kinds import (
    BackupStep,
    ChecklistStep,
    ConsentSyncStep,
    GateStep,
    ImportStep,
)
from tui_migrate.runbook.models import Runbook
from tui_migrate.runbook.schema import MODELS, schema_text

PHASES = {
    1: ["1.1", "1.2", "1.3", "1.4", "1.5"],
    2: ["2.1", "2.2", "2.3", "2.4", "2.5"],
    3: ["3.1", "3.2", "3.3"],
    4: ["4.1", "4.2", "4.3", "4.4", "4.5"],
    5: ["5.1", "5.2", "5.3"],
    6: ["6.1", "6.2a", "6.2b", "6.3", "6.4"],
    7: ["7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7"],
}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_runbook(SHIPPED)


@pytest.fixture(scope="module")
def runbook(loaded: Loaded) -> Runbook:
    assert loaded.runbook is not None, [str(problem) for problem in loaded.problems]
    return loaded.runbook


def test_nothing_is_wrong_with_it(loaded: Loaded) -> None:
    assert [str(problem) for problem in loaded.problems] == []


def test_each_of_the_33_steps_is_there_once_in_its_phase(runbook: Runbook) -> None:
    assert sum(map(len, PHASES.values())) == 33
    found = [
        [ref.removeprefix("002 · ") for step in phase.steps if "002 · " in (ref := step.ref or "")]
        for phase in runbook.phases
    ]
    assert [sorted(refs) for refs in found] == list(PHASES.values())


def test_each_of_the_33_steps_shows_its_attention_point_in_both_languages(
    runbook: Runbook,
) -> None:
    for step in runbook.steps():
        assert step.title.nl, step.id
        if (step.ref or "").startswith("002"):
            assert step.attention is not None, step.id
            assert step.attention.nl, step.id
            assert step.attention.nl != step.attention.en
            assert len(step.attention.en) > 40


def test_every_question_is_put_in_both_languages(runbook: Runbook) -> None:
    for step in runbook.steps():
        if isinstance(step, ChecklistStep):
            assert all(item.question.nl for item in step.with_.items), step.id


def test_the_steps_stand_in_an_order_in_which_data_can_flow(runbook: Runbook) -> None:
    order = {step.id: place for place, step in enumerate(runbook.steps())}
    flow = ["ingest", "field-mapping", "quality", "merge-rules", "prune", "match"]
    flow += ["duplicates-gate", "merge", "profile-quality", "payment-gate", "backup-cleaned"]
    flow += ["subscriptions", "consent-load", "consent-gate", "consent-sync", "sample", "go-no-go"]
    flow += ["watch", "export", "sign-off"]
    assert sorted(flow, key=order.__getitem__) == flow
    assert list(runbook.steps())[-1].id == "sign-off"


def test_what_must_not_be_skipped_cannot_be(runbook: Runbook) -> None:
    for step in runbook.steps():
        if isinstance(step, BackupStep | ConsentSyncStep):
            assert step.unskippable, step.id
    assert {"consent-gate", "go-no-go", "sign-off", "trail"} <= {
        step.id for step in runbook.steps() if step.unskippable
    }


def test_every_entity_is_imported_once_and_payment_data_is_not(runbook: Runbook) -> None:
    imported = [e for s in runbook.steps() if isinstance(s, ImportStep) for e in s.with_.entities]
    assert len(imported) == len(set(imported))
    assert runbook.payment.allow == ()


def test_the_decisions_of_the_demo_fit_and_leave_nothing_open(runbook: Runbook) -> None:
    loaded = load_decisions(SHIPPED / "decisions.yaml", runbook)
    assert [str(problem) for problem in loaded.problems] == []
    decisions = loaded.decisions
    assert decisions is not None
    for step in runbook.steps():
        if isinstance(step, GateStep):
            signed = [s.role for s in decisions.for_gate(step.id) if s.decision == "approve"]
            assert sorted(filter(None, signed)) == sorted(a.role for a in step.with_.approvals)
        if isinstance(step, ChecklistStep):
            for item in step.with_.items:
                answer = decisions.answer(step.id, item.id)
                assert answer is not None or not item.required, (step.id, item.id)
                if answer is not None and answer.not_applicable is None and item.expect:
                    assert answer.answer == item.expect, (step.id, item.id)


def test_a_rule_that_takes_a_record_out_says_why(loaded: Loaded) -> None:
    rules = [rule for file in loaded.rules.values() for rule in file.rules]
    assert {rule.then for rule in rules} >= {"keep", "prune"}
    for rule in rules:
        assert rule.message.nl, rule.id
        assert rule.then == "keep" or rule.reason, rule.id


def test_no_rule_reads_the_clock(loaded: Loaded) -> None:
    clock = re.compile(r"current_|now\(|today\(|getdate|random\(|uuid", re.IGNORECASE)
    for name, data in loaded.files.items():
        assert not clock.search(data.decode()), name


def test_the_published_schemas_are_those_of_the_models() -> None:
    folder = Path(__file__).parents[2] / "docs" / "schemas"
    for name, model in MODELS.items():
        written = (folder / f"{name}.json").read_text(encoding="utf-8")
        assert written == schema_text(name, model), "make schemas"


def test_every_mapping_is_named_and_what_it_maps_reaches_the_target(
    loaded: Loaded, runbook: Runbook
) -> None:
    mappings, problems = load_mappings(loaded)
    assert problems == ()
    written = {f"mapping/{path.name}" for path in (SHIPPED / "mapping").glob("*.yaml")}
    assert written == {name for spec in runbook.sources.values() for name in spec.mapping}
    full = [name for name, spec in runbook.sources.items() if not spec.deltas]
    mapped = {mapping.entity.name for name in full for mapping in mappings[name]}
    brought = {e for s in runbook.steps() if isinstance(s, ImportStep) for e in s.with_.entities}
    assert mapped == brought | {"consent", "suppression"}
