"""The run as OpenLineage events: the run itself and every attempt of a data step, with what it read and
made. Names of delivered files and folders stay pseudonyms; columns are those of the mappings."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.fact import Fact
from tui_migrate.engine.reporting.material import Material
from tui_migrate.i18n import neutral
from tui_migrate.mapping import load_mappings
from tui_migrate.mapping.model import Mapping
from tui_migrate.model.entities import entities
from tui_migrate.report.openlineage import Dataset, Job, Run, RunEvent, facet
from tui_migrate.runbook.kinds import AnyStep
from tui_migrate.runbook.models import Runbook

_LONE = re.compile(r"[\ud800-\udfff]")


def events(material: Material) -> Iterator[RunEvent]:
    """The events in the order of the journal; the same journal gives the same bytes."""
    with neutral():
        teller = _Teller(material)
        for entry in material.entries:
            handler = _HANDLERS.get(type(entry.fact))
            if handler is not None:
                yield from handler(teller, entry)


@dataclass(slots=True)
class _Try:
    """One try at an attempt: START and one ending. A try after a failure is a run of its own."""

    number: int = 0
    open: bool = False
    checks: list[facts.CheckDone] = field(default_factory=list)


class _Teller:
    """Makes events; knows which tries are open."""

    def __init__(self, material: Material) -> None:
        state = material.state
        self.state = state
        self.run = state.run
        self.runbook = material.runbook
        self.ended = False
        self.tries: dict[tuple[str, int], _Try] = {}
        self.deliveries: dict[str, list[facts.DeliverySeen]] = {}
        self.data = _Data(state.runbook, material)

    def job(self, name: str, kind: str) -> Job:
        """A step, or the run."""
        about = facet("jobType", processingType="BATCH", integration="TUI_MIGRATE", jobType=kind)
        return Job(namespace=self.data.root, name=name, facets=about)

    def whole(self, kind: str, entry: Entry) -> RunEvent:
        """An event of the run as a whole."""
        run = Run(run_id=self.run_id(), facets={})
        job = self.job(self.state.runbook, "DAG")
        return RunEvent(eventType=kind, eventTime=entry.at, run=run, job=job, inputs=[], outputs=[])

    def run_id(self, *parts: str | int) -> str:
        """The UUID of the run or of one try; always the same for the same journal."""
        name = "/".join(str(part) for part in (self.run, *parts))
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:tui-migrate:{name}"))

    def of_step(
        self, kind: str, entry: Entry, step: str, attempt: int, error: str = ""
    ) -> RunEvent:
        """An event of one try at a step."""
        known = self.tries[step, attempt]
        about = facet(
            "parent",
            run={"runId": self.run_id()},
            job={"namespace": self.data.root, "name": self.state.runbook},
        )
        if error:
            about |= facet("errorMessage", message=error, programmingLanguage="PYTHON")
        outline = self.state.steps.get(step)
        spec = self.runbook.step(step) if self.runbook is not None else None
        reads = self.data.inputs(spec, self.deliveries) if spec is not None else []
        makes = self.data.outputs(spec) if spec is not None and kind != "START" else []
        return RunEvent(
            eventType=kind,
            eventTime=entry.at,
            run=Run(run_id=self.run_id(step, attempt, known.number), facets=about),
            job=self.job(f"{self.state.runbook}.{step}", outline.outline.uses if outline else ""),
            inputs=_judged(reads, known.checks),
            outputs=makes,
        )


def _judged(reads: list[Dataset], checks: list[facts.CheckDone]) -> list[Dataset]:
    """The checks of a try stand with the first thing that it read."""
    if not reads or not checks:
        return reads
    told = [{"assertion": check.name, "success": check.passed} for check in checks]
    first = reads[0]
    judged = Dataset(
        namespace=first.namespace,
        name=first.name,
        facets=first.facets,
        input_facets=facet("dataQualityAssertions", assertions=told),
    )
    return [judged, *reads[1:]]


class _Data:
    """Names of datasets, and what a kind of step reads and makes."""

    def __init__(self, runbook: str, material: Material) -> None:
        self.root = f"tui-migrate://{runbook}"
        self._material = material
        self._mappings: list[Mapping] = []
        if material.config is not None and material.config.runbook is not None:
            found, _problems = load_mappings(material.config)
            self._mappings = [one for of_source in found.values() for one in of_source]

    def inputs(
        self, spec: AnyStep, deliveries: dict[str, list[facts.DeliverySeen]]
    ) -> list[Dataset]:
        """What a step reads. Deliveries are those seen so far."""
        match spec.uses:
            case "backup":
                home = f"{self.root}/deliveries"
                return [Dataset(namespace=home, name=source) for source in self._sources()]
            case "ingest":
                seen = [d for of in deliveries.values() for d in of]
                return [self._delivery(d) for d in seen if self._is_read(spec, d.source)]
            case "map":
                return [self._raw(source) for source in self._sources()]
            case "validate" | "match":
                profiles = getattr(spec.with_, "on", "records") == "profiles"
                return [self._table("profile" if profiles else "ent_profile")]
            case "merge":
                return [self._table("ent_profile"), self._table("cluster")]
            case "import":
                return [self._staged(name) for name in getattr(spec.with_, "entities", ())]
            case "consent_sync":
                return [self._table("ent_consent"), self._table("ent_suppression")]
            case "verify":
                return [self._target(name) for name in self._imported()]
            case _:
                return [self._table(name) for name in ("profile", "crosswalk", "consent_state")]

    def outputs(self, spec: AnyStep) -> list[Dataset]:
        """What a step makes."""
        match spec.uses:
            case "backup":
                return [Dataset(namespace=f"{self.root}/backups", name=spec.id)]
            case "ingest":
                return [self._raw(s) for s in self._sources() if self._is_read(spec, s)]
            case "map":
                return [self._mapped(entity) for entity in self._entities()]
            case "validate":
                return [self._table("finding")]
            case "match":
                return [self._table("pair"), self._table("cluster")]
            case "merge":
                return [self._table("profile"), self._table("crosswalk")]
            case "import":
                names = getattr(spec.with_, "entities", ())
                return [self._written(spec.id, name) for name in names]
            case "consent_sync":
                return [self._target("consent"), self._target("suppression")]
            case "export":
                names = getattr(spec.with_, "what", ())
                return [Dataset(namespace=f"{self.root}/exports", name=name) for name in names]
            case _:
                return []

    def _is_read(self, spec: AnyStep, source: str) -> bool:
        named = getattr(spec.with_, "sources", ())
        return not named or source in named

    def _runbook(self) -> Runbook | None:
        return self._material.runbook

    def _sources(self) -> list[str]:
        return list(dict.fromkeys(mapping.source for mapping in self._mappings))

    def _entities(self) -> list[str]:
        return list(dict.fromkeys(mapping.entity.name for mapping in self._mappings))

    def _imported(self) -> list[str]:
        runbook = self._runbook()
        steps = runbook.steps() if runbook is not None else ()
        named = [n for s in steps if s.uses == "import" for n in getattr(s.with_, "entities", ())]
        return list(dict.fromkeys(named))

    def _delivery(self, seen: facts.DeliverySeen) -> Dataset:
        files = "+".join(sorted(file.sha256 for file in seen.files))
        version = str(uuid.uuid5(uuid.NAMESPACE_URL, files)) if len(seen.files) > 1 else files
        return Dataset(
            namespace=f"{self.root}/deliveries",
            name=f"{seen.source}/{seen.delivery}",
            facets=facet("version", datasetVersion=version or "0"),
        )

    def _raw(self, source: str) -> Dataset:
        columns = dict.fromkeys(
            column
            for mapping in self._mappings
            if mapping.source == source
            for column in (
                *(c for c, _f, _u in mapping.columns()),
                *(c for c, _why in mapping.skip),
            )
        )
        return self._table(f"raw_{source}", [(_clean(c), "VARCHAR") for c in columns])

    def _table(self, name: str, columns: list[tuple[str, str]] | None = None) -> Dataset:
        entity = entities().get(name.removeprefix("ent_"))
        if columns is None and entity is not None:
            columns = [(f.name, f"{f.type}[]" if f.many else f.type) for f in entity.fields]
        return Dataset(
            namespace=f"{self.root}/staging", name=name, facets=_schema(columns) if columns else {}
        )

    def _staged(self, entity: str) -> Dataset:
        return self._table("profile" if entity == "profile" else f"ent_{entity}")

    def _target(self, name: str) -> Dataset:
        return Dataset(namespace=f"{self.root}/target", name=name)

    def _written(self, step: str, entity: str) -> Dataset:
        known = self._material.state.steps.get(step)
        figures = known.figures if known is not None else {}
        brought = ("create", "update", "skip")
        written = [figures.get(f"{entity}.{action}", 0) for action in brought]
        rows = sum(n for n in written if isinstance(n, int))
        return Dataset(
            namespace=f"{self.root}/target",
            name=entity,
            output_facets=facet("outputStatistics", rowCount=rows),
        )

    def _mapped(self, entity: str) -> Dataset:
        """A table of mapped rows, with the delivered columns that each field comes from."""
        table = self._table(f"ent_{entity}")
        lineage: dict[str, dict[str, list[dict[str, str]]]] = {}
        for mapping in self._mappings:
            if mapping.entity.name != entity:
                continue
            for one in mapping.fields:
                for column in one.columns:
                    source = {
                        "namespace": f"{self.root}/staging",
                        "name": f"raw_{mapping.source}",
                        "field": _clean(column),
                    }
                    of = lineage.setdefault(one.name, {"inputFields": []})["inputFields"]
                    if source not in of:
                        of.append(source)
        return Dataset(
            namespace=table.namespace,
            name=table.name,
            facets={**table.facets, **facet("columnLineage", fields=lineage)},
        )


def _clean(name: str) -> str:
    """A column's name without half characters, which JSON cannot hold."""
    return _LONE.sub("\ufffd", name)


def _schema(columns: list[tuple[str, str]]) -> dict[str, object]:
    return facet("schema", fields=[{"name": name, "type": kind} for name, kind in columns])


def _opened(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    yield teller.whole("START", entry)


def _delivery(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    assert isinstance(entry.fact, facts.DeliverySeen)  # noqa: S101
    teller.deliveries.setdefault(entry.fact.source, []).append(entry.fact)
    yield from ()


def _started(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    fact = entry.fact
    assert isinstance(fact, facts.StepStarted)  # noqa: S101
    known = teller.tries.get((fact.step, fact.attempt))
    if known is not None and known.open:
        yield teller.of_step("RUNNING", entry, fact.step, fact.attempt)
        return
    teller.tries[fact.step, fact.attempt] = _Try(known.number + 1 if known else 0, open=True)
    yield teller.of_step("START", entry, fact.step, fact.attempt)


def _check(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    assert isinstance(entry.fact, facts.CheckDone)  # noqa: S101
    known = teller.tries.get((entry.fact.step, entry.fact.attempt))
    if known is not None:
        known.checks.append(entry.fact)
    yield from ()


def _finished(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    fact = entry.fact
    assert isinstance(fact, facts.StepFinished)  # noqa: S101
    known = teller.tries.get((fact.step, fact.attempt))
    if known is None or not known.open:
        return
    if fact.outcome == "done":
        yield teller.of_step("COMPLETE", entry, fact.step, fact.attempt)
    else:
        names = ", ".join(c.name for c in known.checks if not c.passed and c.severity == "block")
        yield teller.of_step("FAIL", entry, fact.step, fact.attempt, f"blocked by: {names}")
    known.open = False


def _failed(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    fact = entry.fact
    assert isinstance(fact, facts.StepFailed)  # noqa: S101
    known = teller.tries.get((fact.step, fact.attempt))
    if known is not None and known.open:
        yield teller.of_step("FAIL", entry, fact.step, fact.attempt, fact.code or "failed")
        known.open = False


def _ended(teller: _Teller, entry: Entry) -> Iterator[RunEvent]:
    assert isinstance(entry.fact, facts.RunEnded)  # noqa: S101
    done = entry.fact.outcome == "done"
    if not done:
        for (step, attempt), known in teller.tries.items():
            if known.open:
                yield teller.of_step("ABORT", entry, step, attempt)
                known.open = False
    kind = "COMPLETE" if done else "ABORT"
    yield teller.whole("OTHER" if teller.ended else kind, entry)
    teller.ended = True


_HANDLERS: dict[type[Fact], Callable[[_Teller, Entry], Iterator[RunEvent]]] = {
    facts.RunOpened: _opened,
    facts.DeliverySeen: _delivery,
    facts.StepStarted: _started,
    facts.CheckDone: _check,
    facts.StepFinished: _finished,
    facts.StepFailed: _failed,
    facts.RunEnded: _ended,
}
