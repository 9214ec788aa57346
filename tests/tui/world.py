"""A small real run: a journal of entries folded by the engine's own fold, staging with a few rows,
and a client that does commands on them as the engine would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import AnyFact, Entry
from tui_migrate.audit.gate_facts import Term
from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn, draw
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.review_facts import ClusterDecided, DecisionTakenBack, PairDecided
from tui_migrate.engine import api
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.decisions import member_words
from tui_migrate.engine.lane import Ground, basis_of, lane_of, name_of, text_of
from tui_migrate.engine.queries import answer
from tui_migrate.engine.reviewing import Reviews
from tui_migrate.engine.run import RunState, Status, apply
from tui_migrate.engine.seeing import Seen
from tui_migrate.engine.workspace import Workspace
from tui_migrate.staging.store import Cursor, Store

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

PHASES = [
    facts.PhaseOutline(id="prepare", title={"en": "Preparation", "nl": "Voorbereiding"}),
    facts.PhaseOutline(id="core", title={"en": "Core data", "nl": "Kerngegevens"}),
    facts.PhaseOutline(id="validate", title={"en": "Validation", "nl": "Validatie"}),
]

ITEMS: list[dict[str, Any]] = [
    {"id": "owner", "question": {"en": "Is there an owner?", "nl": "Is er een eigenaar?"},
     "type": "yes_no", "expect": "yes", "owner": "lead", "due": "2026-03-05"},
    {"id": "systems", "question": {"en": "How many systems?", "nl": "Hoeveel systemen?"},
     "type": "number"},
    {"id": "cutover", "question": {"en": "When is the cut-over?"}, "type": "date"},
    {"id": "method", "question": {"en": "Which method?"}, "type": "choice",
     "choices": ["big bang", "in waves"]},
    {"id": "report", "question": {"en": "The report of the restore"}, "type": "file"},
    {"id": "remark", "question": {"en": "Anything else?"}, "type": "text", "required": False},
]  # fmt: skip

STEPS = [
    facts.StepOutline(
        id="questions", phase="prepare", uses="checklist", ref="002 · 1.1", items=ITEMS,
        title={"en": "Take stock of the sources", "nl": "Inventariseer de bronnen"},
        attention={"en": "A missing source means incomplete profiles.",
                   "nl": "Een vergeten bron betekent onvolledige profielen."}),
    facts.StepOutline(
        id="ingest", phase="prepare", uses="ingest", ref="002 · 1.2",
        title={"en": "Read the deliveries", "nl": "Lees de leveringen"}),
    facts.StepOutline(
        id="quality", phase="prepare", uses="validate", ref="002 · 1.3",
        title={"en": "Judge the quality", "nl": "Beoordeel de kwaliteit"},
        attention={"en": "Clean before you move: dirt costs more afterwards.",
                   "nl": "Schoon op voor de verhuizing."}),
    facts.StepOutline(
        id="quality-gate", phase="prepare", uses="gate",
        title={"en": "Gate: quality", "nl": "Poort: kwaliteit"}, evidence=["ingest", "quality"],
        approvals=[{"role": "lead", "min": 1}]),
    facts.StepOutline(
        id="match", phase="core", uses="match", ref="002 · 2.3",
        title={"en": "Match records", "nl": "Ontdubbelen"},
        attention={"en": "One customer can have several profiles."}),
    facts.StepOutline(
        id="merge", phase="core", uses="merge", ref="002 · 2.4",
        title={"en": "Merge", "nl": "Samenvoegen"}, unskippable=True),
    facts.StepOutline(
        id="check", phase="validate", uses="verify", ref="002 · 6.1",
        title={"en": "Compare old and new", "nl": "Vergelijk oud en nieuw"}),
    facts.StepOutline(
        id="go", phase="validate", uses="gate", title={"en": "Go or no go"},
        evidence=["match", "merge", "check"],
        approvals=[{"role": "lead", "min": 1}, {"role": "privacy", "min": 1}]),
]  # fmt: skip

FIGURES: dict[str, dict[str, int | str]] = {
    "ingest": {"rows": 26881, "rejected": 12, "files": 9},
    "quality": {"findings": 1204, "records": 26881, "score": "97"},
    "match": {"pairs_compared": 1204331, "merged_by_rule": 8412, "in_review_band": 3},
    "merge": {"profiles": 12480, "merged": 8412},
    "check": {"segments": 14, "unexplained": 0},
}


def journal_head() -> list[AnyFact]:
    """What stands in every journal of this world before anybody pressed a key."""
    return [
        facts.RunOpened(
            run="3", runbook="media-migration",
            title={"en": "Noord Media", "nl": "Noord Media"}, version="1", format=1,
            rehearsal=True, zone="Europe/Amsterdam", brands=["Nova", "Kompas"],
            phases=PHASES, steps=STEPS, objects={}),
        facts.DeliverySeen(
            source="crm", delivery="2026-02", full=True, sequence=1, status="accepted",
            files=[facts.FileSeen(name="crm/contacts.csv", sha256="0" * 64, size=1200)]),
    ]  # fmt: skip


class World:
    """Journal, staging and client in one; ``View`` for the questions, ``Client`` for the screens."""

    def __init__(
        self,
        folder: Path,
        user: str = "anna",
        roles: tuple[str, ...] = ("lead",),
        failing: bool = False,
        head: list[AnyFact] | None = None,
    ) -> None:
        self.workspace = folder
        self.identity = api.Identity(user=user, uid=1000, roles=roles)
        self.state = RunState()
        self.store = Store(folder / "staging.duckdb", memory_limit="200MB", threads=1)
        self.runbook = cast("Any", None)
        self.failing = failing
        self.reviews = Reviews()
        self.sent: list[api.AnyCommand] = []
        self.vault: dict[str, str] = {}
        self.trails: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._journal: list[Entry] = []
        self._listeners: list[api.Listener] = []
        for fact in head if head is not None else journal_head():
            self.write(fact)
        self._waiting()

    # Journal

    def write(self, fact: AnyFact, by: str = "", command: str = "") -> Entry:
        """Append an entry, fold it, and tell who listens."""
        seq = len(self._journal) + 1
        at = (START + timedelta(seconds=7 * seq)).isoformat()
        entry = Entry(
            seq=seq,
            at=at,
            by=by or self.identity.user,
            uid=1000,
            fact=fact,
            command=command,
            prev="",
            hash=f"{seq:064x}",
        )
        self._journal.append(entry)
        apply(self.state, entry)
        self.tell(entry)
        return entry

    def tell(self, heard: api.Heard) -> None:
        """Say something to all who listen."""
        for listener in list(self._listeners):
            listener(heard)

    def keep(self, words: str) -> str:
        """A commitment for words."""
        reference = f"ref-{len(self.vault)}"
        self.vault[reference] = words
        return reference

    # View

    @property
    def who(self) -> api.Identity:
        return self.identity

    @property
    def seen(self) -> Seen:
        return Seen()

    def cursor(self) -> Cursor:
        return self.store.cursor()

    def words(self, reference: str) -> str:
        return self.vault.get(reference, "")

    def journal_entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        return self._journal[start - 1 : stop]

    def trail(self, source: str, record_id: str) -> list[dict[str, Any]]:
        return self.trails.get((source, record_id), [])

    def pseudonyms(self, records: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        return {f"p-{source}-{record}": (source, record) for source, record in records}

    def import_steps(self) -> Iterator[tuple[Any, Any]]:
        return iter(())

    def match_step(self) -> None:
        """Nothing is matched anew here."""

    def frozen(self, step: str) -> bool:
        return False

    # Client

    running = False

    def entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        return self.journal_entries(start, stop)

    def subscribe(self, listener: api.Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def ask(self, query: api.Query) -> Any:
        return answer(self, query)

    def close(self) -> None:
        self.store.close()

    def send(self, command: api.AnyCommand) -> api.Reply:
        self.sent.append(command)
        match command:
            case api.Run():
                self._run()
            case api.Stop():
                self.tell(api.Idle(exit_code=3, message="stopped"))
            case api.Answer():
                return self._answer(command)
            case api.Sign():
                return self._sign(command)
            case api.Decide():
                return self._decide(command)
            case api.DecideCluster() | api.TakeBack() | api.Claim():
                self._review(command)
            case api.DrawLane() | api.DecideLane():
                return self._lane(command)
            case api.Waive():
                reason = self.keep(command.reason)
                self.write(facts.CheckWaived(step=command.step, name=command.check, reason=reason))
            case api.Redo():
                self.write(facts.RedoAsked(step=command.step, reason=self.keep(command.reason)))
                for step in [command.step, *(s.id for s in self.state.after(command.step))]:
                    self.write(facts.StepStale(step=step, reason="redo asked"))
            case api.Skip():
                self.write(facts.StepSkipped(step=command.step, reason=self.keep(command.reason)))
            case api.Export():
                Path(command.path).write_text("rule\n")
        return api.Reply(ok=True, seq=self.state.seq)

    def _answer(self, command: api.Answer) -> api.Reply:
        if command.file and not Path(command.file).is_file():
            return api.Reply(ok=False, message="There is no such file.", exit_code=2)
        self.write(
            facts.Answered(
                step=command.step,
                item=command.item,
                answer=self.keep(command.answer),
                not_applicable=command.not_applicable,
                file="a" * 64 if command.file else "",
            )
        )
        return api.Reply(ok=True, seq=self.state.seq)

    def _sign(self, command: api.Sign) -> api.Reply:
        gate = self.state.steps[command.gate]
        if command.typed != gate.subject or command.evidence != gate.evidence:
            return api.Reply(ok=False, message="not what the evidence says", exit_code=2)
        role = next(
            str(a["role"]) for a in gate.outline.approvals if a["role"] in self.identity.roles
        )
        self.write(
            gate_facts.SignedOff(
                gate=command.gate, decision=command.decision, role=role, evidence=gate.evidence,
                bound=True, comment=self.keep(command.comment) if command.comment else "",
                terms=[
                    Term(what=self.keep(t.what), owner=t.owner, due=t.due) for t in command.terms
                ],
                then=command.then, part=command.part,
                break_glass=self.keep(command.break_glass) if command.break_glass else "",
            )
        )  # fmt: skip
        needed = {str(a["role"]) for a in gate.outline.approvals}
        have = {s.role for s in gate.signoffs if s.decision != "reject" and not s.voided}
        if needed <= have:
            self.write(gate_facts.GatePassed(gate=command.gate, evidence=gate.evidence))
            self.write(facts.Sealed(seal=1, sha256="c" * 64))
        return api.Reply(ok=True, seq=self.state.seq)

    def _decide(self, command: api.Decide) -> api.Reply:
        a, b = (
            f"p-{command.source_a}-{command.record_a}",
            f"p-{command.source_b}-{command.record_b}",
        )
        words = [[command.source_a, command.record_a], [command.source_b, command.record_b]]
        self.write(
            PairDecided(
                record_a=a,
                record_b=b,
                decision=command.decision,
                reference=self.keep(json.dumps(words)),
            )
        )
        return api.Reply(ok=True, seq=self.state.seq)

    def _review(self, command: api.DecideCluster | api.TakeBack | api.Claim) -> None:
        match command:
            case api.DecideCluster():
                self._decide_cluster(command)
            case api.TakeBack(entry=entry):
                self.write(DecisionTakenBack(entry=entry))

    def _decide_cluster(self, command: api.DecideCluster) -> None:
        named = {at for group in command.groups for at in group}
        alone = [(at,) for at in range(len(command.records)) if at not in named]
        settled = command.decision == "settled"
        groups = (*command.groups, *alone) if settled else [(n,) for n in (*named, *sum(alone, ()))]
        self.write(
            ClusterDecided(
                records=[f"p-{source}-{record}" for source, record in command.records],
                groups=[list(group) for group in groups],
                decision=command.decision,
                members=[self.keep(member_words(record, {})) for record in command.records],
                lead=command.lead,
                values={field: list(chosen) for field, chosen in command.values.items()},
                note=self.keep(command.note) if command.note else "",
                lot=command.lot,
            )
        )

    def _lane(self, command: api.DrawLane | api.DecideLane) -> api.Reply:
        cursor = self.cursor()
        match = self.state.steps["match"]
        lane = lane_of(Ground.under(Desk(self, cursor)), match)
        lines = lane.lines(cursor) if lane is not None else []
        cursor.close()
        name = name_of(lines)
        if isinstance(command, api.DecideLane):
            fact = LaneDecided(
                step="match", decision=command.decision, sha256=name, clusters=len(lines),
                output=match.digest)  # fmt: skip
            return api.Reply(ok=True, seq=self.write(fact).seq)
        keep_object(Workspace(self.workspace).objects, text_of(lines))
        sample = [line.split(" ") for line in draw(lines, len(lines), "seed")]
        drawn = LaneDrawn(
            step="match", attempt=1, sha256=name, clusters=len(lines), aql="0.65", letter="F",
            accept=0, reject=1, seed="seed", basis=basis_of(match), sample=sample)  # fmt: skip
        return api.Reply(ok=True, seq=self.write(drawn).seq)

    # The runner

    def _run(self) -> None:
        while (step := self.state.current) is not None:
            if step.outline.uses == "checklist":
                if any(i.get("required", True) and i["id"] not in step.answers for i in ITEMS):
                    break
                self._finish(step.id)
            elif step.outline.uses == "gate" or not self._finish(step.id):
                break
        else:
            self.write(facts.RunEnded(outcome="done", figures={"profiles": 12480}))
            self.tell(api.Idle(exit_code=0, message="done"))
            return
        self._waiting()
        self.tell(api.Idle(exit_code=3, message="waiting"))

    def _waiting(self) -> None:
        step = self.state.current
        if step is None or step.status in (Status.WAITING, Status.ATTENTION):
            return
        if step.outline.uses == "checklist":
            self.write(facts.StepWaiting(step=step.id))
        elif step.outline.uses == "gate":
            self.write(
                facts.StepWaiting(step=step.id, evidence="4f1c" + "0" * 56 + "9a2e", subject=12480)
            )

    def _finish(self, step: str) -> bool:
        attempt = self.state.steps[step].attempt + 1
        units = 0 if self.state.steps[step].outline.uses == "checklist" else 3
        self.write(facts.StepStarted(step=step, attempt=attempt, inputs={}))
        self.write(facts.StepPlanned(step=step, attempt=attempt, units=units))
        for number in range(units):
            self.write(
                facts.UnitCommitted(
                    step=step, attempt=attempt, unit=f"u{number}", counts={"rows": 8960}, digest="1"
                )
            )
        fails = self.failing and step == "quality" and attempt == 1
        if units:
            self.write(
                facts.CheckDone(
                    step=step, attempt=attempt, name="rows = sum of fates", passed=True,
                    severity="block", observed="26 881", expected="26 881")
            )  # fmt: skip
            self.write(
                facts.CheckDone(
                    step=step, attempt=attempt, name="e-mail filled", passed=not fails,
                    severity="block", observed="0.61" if fails else "0.91", expected=">= 0.85")
            )  # fmt: skip
        self.write(
            facts.StepFinished(
                step=step, attempt=attempt, outcome="blocked" if fails else "done",
                figures=FIGURES.get(step, {}), digest=f"{step}-{attempt}")
        )  # fmt: skip
        return not fails
