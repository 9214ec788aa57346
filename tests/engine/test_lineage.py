"""OpenLineage events: the shape that the specification (2-0-2) asks for, and what they say."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.engine.conftest import RUNBOOK, make_workspace
from tests.engine.test_run import go_on, to_the_end
from tui_migrate.audit import entries as facts
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.lineage import events as lineage_of
from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.run import fold

Opening = Callable[[Path], InProcessClient]
Json = dict[str, Any]

ENDINGS = {"COMPLETE", "FAIL", "ABORT"}
WITH_MAP = RUNBOOK.replace(
    "      - id: questions",
    "      - {id: fields, uses: map, title: Fields}\n      - id: questions",
)


def lineage(root: Path) -> list[Json]:
    path = root.parent / "lineage.jsonl"
    assert run_cli(["audit", "lineage", "-w", str(root), "-o", str(path)]) == 0
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def events(tmp_path: Path, opened: Opening) -> list[Json]:
    root = make_workspace(tmp_path / "small", WITH_MAP)
    client = opened(root)
    to_the_end(client)
    client.close()
    return lineage(root)


def is_uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


def datasets(event: Json) -> Iterator[Json]:
    yield from event["inputs"]
    yield from event["outputs"]


def facets(event: Json) -> Iterator[tuple[str, Json]]:
    yield from event["run"].get("facets", {}).items()
    yield from event["job"].get("facets", {}).items()
    for dataset in datasets(event):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from dataset.get(kind, {}).items()


def test_every_event_has_the_shape_of_a_run_event(events: list[Json]) -> None:
    assert len(events) > 6
    for event in events:
        assert set(event) == {
            "eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL",
        }  # fmt: skip
        assert event["eventType"] in {"START", "RUNNING", "OTHER", *ENDINGS}
        assert datetime.fromisoformat(event["eventTime"]).utcoffset() is not None
        assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
        assert is_uri(event["producer"])
        assert event["schemaURL"].endswith("OpenLineage.json#/$defs/RunEvent")
        for named in (event["job"], *datasets(event)):
            assert named["namespace"]
            assert named["name"]
        for _name, facet in facets(event):
            assert is_uri(facet["_producer"])
            assert is_uri(facet["_schemaURL"])


def test_facets_have_what_each_of_them_requires(events: list[Json]) -> None:
    required: dict[str, tuple[str, ...]] = {
        "parent": ("run", "job"),
        "jobType": ("processingType", "integration"),
        "errorMessage": ("message", "programmingLanguage"),
        "schema": ("fields",),
        "columnLineage": ("fields",),
        "version": ("datasetVersion",),
        "dataQualityAssertions": ("assertions",),
        "outputStatistics": ("rowCount",),
    }
    seen = set()
    for event in events:
        for name, facet in facets(event):
            seen.add(name)
            assert set(required[name]) <= set(facet), name
    assert {"parent", "jobType", "schema", "columnLineage", "version"} <= seen
    assert "dataQualityAssertions" in seen


def test_every_run_starts_once_and_ends_once_in_that_order(events: list[Json]) -> None:
    runs: dict[str, list[str]] = {}
    for event in events:
        runs.setdefault(event["run"]["runId"], []).append(event["eventType"])
    for kinds in runs.values():
        assert kinds[0] == "START"
        assert kinds[-1] in ENDINGS
        assert len(ENDINGS & set(kinds)) == 1
        assert kinds.count("START") == 1
    assert len(runs) == 4  # the run itself, read, fields, keep
    times = [event["eventTime"] for event in events]
    assert times == sorted(times)


def test_a_field_leads_back_to_the_delivered_column(events: list[Json]) -> None:
    mapped = next(
        d for e in events for d in e["outputs"] if d["name"] == "ent_profile" and "facets" in d
    )
    sources = mapped["facets"]["columnLineage"]["fields"]["family_name"]["inputFields"]
    assert [(s["name"], s["field"]) for s in sources] == [("raw_crm", "Naam")]
    known = {
        (d["namespace"], d["name"]): {f["name"] for f in d["facets"]["schema"]["fields"]}
        for e in events
        for d in datasets(e)
        if "schema" in d.get("facets", {})
    }
    for fields in mapped["facets"]["columnLineage"]["fields"].values():
        for source in fields["inputFields"]:
            assert source["field"] in known[source["namespace"], source["name"]]
    ended = next(
        e for e in events if e["job"]["name"] == "small.read" and e["eventType"] == "COMPLETE"
    )
    assert [d["name"] for d in ended["inputs"]] == ["crm/2026-03-01"]
    assert [d["name"] for d in ended["outputs"]] == ["raw_crm"]


def test_a_blocked_step_fails_with_the_name_of_its_check(tmp_path: Path, opened: Opening) -> None:
    check = "{name: many, sql: select 1, expect: '>= 2'}"
    text = RUNBOOK.replace(
        "uses: ingest, title: Read", f"uses: ingest, title: Read, checks: [{check}]"
    )
    root = make_workspace(tmp_path / "small", text)
    client = opened(root)
    go_on(client)
    assert client.send(api.Redo(step="read", reason="again")).ok
    go_on(client)
    client.close()
    failed = [e for e in lineage(root) if e["eventType"] == "FAIL"]
    assert len(failed) == 2
    assert len({e["run"]["runId"] for e in failed}) == 2
    assert "many" in failed[0]["run"]["facets"]["errorMessage"]["message"]
    told = failed[0]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert {"assertion": "many", "success": False} in told


def test_the_same_journal_gives_the_same_bytes(tmp_path: Path, opened: Opening) -> None:
    root = make_workspace(tmp_path / "small")
    client = opened(root)
    to_the_end(client)
    client.close()
    audit = str(root / ".tui-migrate" / "audit")
    for name in ("a", "b"):
        out = str(tmp_path / f"{name}.jsonl")
        assert run_cli(["audit", "lineage", "--folder", audit, "-o", out]) == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


OPENED = facts.RunOpened(
    run="0" * 32, runbook="small", title={}, version="1", format=1, rehearsal=True, zone="UTC",
    brands=["Nova"], phases=[facts.PhaseOutline(id="one")],
    steps=[facts.StepOutline(id="read", phase="one", uses="ingest")], objects={},
)  # fmt: skip


def journal(*told: facts.AnyFact) -> list[facts.Entry]:
    """Entries of these facts, a second apart."""
    return [
        facts.Entry(
            seq=n, at=f"2026-03-01T10:00:{n:02}.000000Z", by="anna", uid=1, fact=fact,
            prev=str(n - 1), hash=str(n),
        )
        for n, fact in enumerate(told, 1)
    ]  # fmt: skip


def test_a_failed_try_and_the_next_one_are_two_runs_and_a_pause_is_none() -> None:
    started = facts.StepStarted(step="read", attempt=1, inputs={})
    entries = journal(
        OPENED,
        started,
        facts.StepFailed(step="read", attempt=1, code="disk_full"),
        started,
        facts.StepStopped(step="read", attempt=1),
        started,
        facts.StepFinished(step="read", attempt=1, outcome="done", figures={}, digest=""),
        facts.RunEnded(outcome="done", figures={}),
        facts.RunEnded(outcome="done", figures={}),
    )
    told = [
        (event.eventType, event.job.name, event.run.run_id)
        for event in lineage_of(Material(entries, fold(entries), None, []))
    ]
    kinds = [(kind, name) for kind, name, _run in told]
    assert kinds == [
        ("START", "small"),
        ("START", "small.read"),
        ("FAIL", "small.read"),
        ("START", "small.read"),
        ("RUNNING", "small.read"),
        ("COMPLETE", "small.read"),
        ("COMPLETE", "small"),
        ("OTHER", "small"),
    ]
    runs = [run for _kind, name, run in told if name == "small.read"]
    assert runs[0] == runs[1] != runs[2] == runs[3] == runs[4]


def test_an_aborted_run_aborts_what_was_open() -> None:
    entries = journal(
        OPENED,
        facts.StepStarted(step="read", attempt=1, inputs={}),
        facts.RunEnded(outcome="aborted", figures={}),
    )
    told = [e.eventType for e in lineage_of(Material(entries, fold(entries), None, []))]
    assert told == ["START", "START", "ABORT", "ABORT"]
