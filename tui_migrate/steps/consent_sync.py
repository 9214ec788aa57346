"""Step kind ``consent_sync``: consents to the target, and changes during the transition.

``mode: load`` makes the ledger, derives the states, writes them and the suppression list to the
target, and proves by three conservation checks that nothing was lost and nothing made up.
``mode: deltas`` applies the numbered deliveries that came since (see ``consent_deltas``).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, cast

from tui_migrate.consent import ledger, placing, silence
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import read
from tui_migrate.i18n import _
from tui_migrate.mapping.load import load_mappings
from tui_migrate.runbook.load import load_runbook
from tui_migrate.staging.store import literal
from tui_migrate.steps import consent_salvage, rights
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.consent_deltas import Deltas
from tui_migrate.steps.consent_target import (
    CONSENT_ROWS,
    LIST_ROWS,
    TargetSide,
    conservation_checks,
    conservation_found,
    sources_of,
)

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import ConsentSyncWith
    from tui_migrate.runbook.models import Runbook, StepSpec

LEDGER, STATES, LIST, CONSERVATION = "ledger", "states", "suppression-list", "conservation"
PROFILES_OF_A_BATCH = 25_000
"""A batch of the target costs about as much as 10,000 of its rows, however few it has."""

# One row is a batch: the profiles between two ids, both included.
_BATCHES = """
SELECT min(profile_id), max(profile_id), count(*) FROM (
  SELECT profile_id, (row_number() OVER (ORDER BY profile_id) - 1) // $size AS part
  FROM (SELECT DISTINCT profile_id FROM crosswalk))
GROUP BY part ORDER BY part
"""

# One row is a state in the trail of its profile, on the founding record.
_STATE_TRAIL = """
SELECT c.source, c.record_id, 'consent' AS event,
  concat_ws('/', s.channel, s.brand, s.purpose) AS field, s.rule,
  s.source_system AS other_source, s.record_id AS other_record, NULL AS before, s.status AS after
FROM store.consent_state s
JOIN crosswalk c ON c.profile_id = s.profile_id AND c.role = 'founder'
WHERE s.step = $step AND s.attempt = $attempt AND s.unit = $unit
"""

# One row is a brand and channel: persons with an opt-in, and with an opt-out, in a source before
# (one person can have both), states after.
_BEFORE_AFTER = """
WITH before AS (
  SELECT brand, channel,
    count(DISTINCT profile_id) FILTER (state IN ('given', 'confirmed')) AS opt_ins,
    count(DISTINCT profile_id) FILTER (state IN ('refused', 'withdrawn')) AS opt_outs
  FROM consent_event WHERE brand <> '*' AND channel <> '*' AND NOT beside GROUP BY ALL),
after AS (
  SELECT brand, channel, count(*) FILTER (status = 'opt-in') AS opt_ins,
    count(*) FILTER (status = 'opt-out') AS opt_outs
  FROM consent_state GROUP BY ALL)
SELECT brand, channel, coalesce(b.opt_ins, 0), coalesce(b.opt_outs, 0),
  coalesce(a.opt_ins, 0), coalesce(a.opt_outs, 0)
FROM before b FULL JOIN after a USING (brand, channel) ORDER BY brand, channel
"""


# Unreadable lines of sources that hold nothing but consents, and of those that tell of people too.
_UNREAD = """
SELECT count(*) FILTER (NOT people), count(*) FILTER (people) FROM (
  SELECT source IN (SELECT source FROM {people}) AS people FROM store.finding
  WHERE step = $step AND attempt = $attempt AND rule = 'consent.unreadable')
"""


class ConsentSyncStep(Step):
    """Carries consents over, or keeps them in step during the transition."""

    kind: ClassVar[str] = "consent_sync"
    outputs: ClassVar[tuple[str, ...]] = (
        "consent_event",
        "suppression",
        "consent_state",
        "suppression_list",
        "receipt",
        "fate",
        "finding",
        "record",
        "reject",
        "ent_consent",
        "ent_suppression",
        "ent_address",
        "ent_contact_point",
        "consent_change",
    )

    def __init__(self, spec: StepSpec, runbook: Runbook) -> None:
        super().__init__(spec, runbook)
        self._target = TargetSide(runbook, spec.id)
        self._deltas = Deltas(spec, runbook, self._target, self.policy)
        self._batches: dict[str, tuple[int, str, str]] = {}
        self._gathered = False
        """Whether the contact points stand in temporary tables (until the end of the step)."""

    @property
    def settings(self) -> ConsentSyncWith:
        """The step's ``with:``."""
        return cast("ConsentSyncWith", self.spec.with_)

    @property
    def policy(self) -> str:
        """The policy of this step, else the runbook's."""
        return self.settings.policy or self.runbook.consent.policy

    def inputs(self, context: Context) -> dict[str, str]:
        """Policy, brands and target; for deltas their files, manifests and mappings too. Opt-outs that
        came in a delivery after somebody was erased: a step that was done before has to hear them."""
        target = self.runbook.target
        said = {
            "policy": self.policy,
            "purpose": self.runbook.consent.purpose,
            "brands": ",".join(self.runbook.brands),
            "target": f"{target.type}:{target.path}",
        }
        if later := context.host.kept_later():
            said["opt-outs kept later"] = sha256("\n".join(later).encode()).hexdigest()
        said |= rights.inputs(context.rights, objecting=True)
        return said | self._deltas.inputs(context) if self.settings.mode == "deltas" else said

    def plan(self, context: Context) -> Sequence[Unit]:
        """Load: ledger, states, batches of consents, the suppression list, conservation."""
        context.store.define("suppression_list", silence.COLUMNS, context.cursor)
        if self.settings.mode == "deltas":
            return [*self._deltas.plan(context), Unit(CONSERVATION, _("conservation checks"))]
        found = context.query(_BATCHES, {"size": PROFILES_OF_A_BATCH})
        self._batches = {
            f"consents-{number:03d}": (number, str(first), str(last))
            for number, (first, last, _count) in enumerate(found, 1)
        }
        return [
            Unit(LEDGER, _("ledger of consent events")),
            Unit(STATES, _("consent states")),
            *(Unit(name, _("consents to the target")) for name in self._batches),
            Unit(LIST, _("suppression list")),
            Unit(CONSERVATION, _("conservation checks")),
        ]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        if unit.id == CONSERVATION:
            reuse = self._gathered or self._deltas.gathered
            return self._target.conservation_unit(context, unit, reuse)
        if self.settings.mode == "deltas":
            return self._deltas.run(context, unit)
        if unit.id == LEDGER:
            return self._ledger(context, unit)
        if unit.id == STATES:
            return self._states(context, unit)
        if unit.id == LIST:
            entries = LIST_ROWS.format(entries=silence.NOW)
            return self._target.bring(context, unit, "suppression", 1, entries)
        return self._to_target(context, unit)

    def _ledger(self, context: Context, unit: Unit) -> dict[str, int]:
        cursor, brands = context.cursor, list(self.runbook.brands)
        sources = sources_of(context)
        placing.place(cursor, sources, self.runbook.consent.purpose, self.runbook.country)
        doubts, words = ledger.doubts(cursor, sources)
        people = read(cursor, "ent_profile", ledger.PEOPLE_COLUMNS)
        message = _("This opt-out names neither a known person nor an address or number.")
        done = {
            "events": context.write(unit, "consent_event", ledger.EVENTS),
            "suppressions": context.write(unit, "suppression", ledger.SUPPRESSIONS),
            **self._rights(context, unit),
            "listed": context.write(unit, "suppression_list", silence.LIST, {"brands": brands}),
            "unplaced": context.write(unit, "finding", ledger.UNPLACED, {"message": message}),
            "doubtful": context.write(unit, "finding", doubts, words),
            "unreadable": self._unreadable(context, unit),
            "fates": context.write(unit, "fate", ledger.FATES.format(people=people)),
        }
        placing.clear(cursor, points=False)
        self._gathered = True
        return done

    def _rights(self, context: Context, unit: Unit) -> dict[str, int]:
        """Restricted persons are silenced, objections are opt-outs; how many, where there are any."""
        done = {}
        if context.rights.restricted:
            select = rights.suppressions(context.rights)
            done["restricted"] = context.write(unit, "suppression", select)
        if context.rights.objections:
            own = f"step = {literal(self.spec.id)} AND attempt = {int(context.attempt)}"
            done["objected"] = rights.object_all(context, unit, own)
        return done

    def _readable(self, context: Context) -> list[Check]:
        """Checks on unreadable lines that are not proven harmless; a person may look and waive."""
        own = {"step": self.spec.id, "attempt": context.attempt}
        people = read(context.cursor, "ent_profile", {"source": "VARCHAR"})
        lists, mixed = map(str, context.query(_UNREAD.format(people=people), own)[0])
        return [
            Check(
                _("every line of a list of consents can be read"),
                lists == "0", lists, "0", waivable=True,
            ),
            Check(
                _("every line with people and their consents can be read"),
                mixed == "0", mixed, "0", waivable=True,
            ),
        ]  # fmt: skip

    def _unreadable(self, context: Context, unit: Unit) -> int:
        cursor = context.cursor
        found, _problems = load_mappings(load_runbook(context.workspace))
        consent_salvage.find_harmless(context, dict(self.runbook.sources), found)
        select = ledger.UNREADABLE.format(
            harmless=f"temp.{consent_salvage.TABLE}",
            reject=read(cursor, "reject", ledger.REJECT_COLUMNS),
            consent=read(cursor, "ent_consent", {"source": "VARCHAR"}),
            suppression=read(cursor, "ent_suppression", {"source": "VARCHAR"}),
            column_use=read(cursor, "column_use", {"source": "VARCHAR", "entity": "VARCHAR"}),
        )
        words = {
            "message": _(
                "This line could not be read; whether it takes a permission away is unknown."
            ),
            "again": _("This line could not be read; the same row came whole after it."),
            "read": _("This line could not be read; what can be read of it takes nothing away."),
        }
        written = context.write(unit, "finding", select, words)
        cursor.execute(f"DROP TABLE temp.{consent_salvage.TABLE}")
        return written

    def _states(self, context: Context, unit: Unit) -> dict[str, int]:
        select = states_sql(self.policy, zone=self.runbook.zone)
        written = context.write(unit, "consent_state", select)
        own = {"step": self.spec.id, "attempt": context.attempt, "unit": unit.id}
        context.trail(unit, _STATE_TRAIL, own)
        return {"states": written}

    def _to_target(self, context: Context, unit: Unit) -> dict[str, int]:
        if unit.id not in self._batches:
            self.plan(context)
        number, first, last = self._batches[unit.id]
        states = (
            f"(SELECT * FROM consent_state WHERE profile_id BETWEEN {literal(first)}"
            f" AND {literal(last)})"
        )
        select = CONSENT_ROWS.format(states=states, unsent=silence.UNSENT)
        return self._target.bring(context, unit, "consent", number, select)

    def finish(self, context: Context) -> Outcome:
        """Figures of ledger and states, and the checks that block."""
        figures = self._figures(context)
        checks = conservation_checks(conservation_found(context))
        rejected = context.value(
            "SELECT count(*) FROM store.receipt WHERE step = $step AND attempt = $attempt"
            " AND action = 'reject'",
            {"step": self.spec.id, "attempt": context.attempt},
        )
        checks.append(Check(_("rows that the target refused"), rejected == 0, str(rejected), "0"))
        unplaced = context.value("SELECT count(*) FROM finding WHERE rule = 'consent.unplaced'")
        figures["unplaced opt-outs"] = unplaced
        name = _("opt-outs that nobody could be found for")
        checks.append(Check(name, unplaced == 0, str(unplaced), "0", waivable=True))
        unclear = context.value(ledger.UNCLEAR)
        name = _("unclear statements newer than a permission")
        checks.append(Check(name, unclear == 0, str(unclear), "0", "warn"))
        if self.settings.mode == "load":
            checks += self._readable(context)
        else:
            more = self._deltas.outcome(context)
            figures |= more.figures
            checks += more.checks
        self._target.close()
        placing.clear(context.cursor)
        self._deltas.clear(context)
        return Outcome(figures, checks)

    def _figures(self, context: Context) -> dict[str, int | str]:
        names = (
            "events",
            "opt-ins",
            "opt-outs",
            "unclear",
            "suppressions",
            "ownerless opt-outs",
            "opt-ins without proof",
            "conflicts between systems",
        )
        values = context.query(ledger.FIGURES)[0]
        figures: dict[str, int | str] = {"policy": self.policy}
        figures |= {name: int(str(value)) for name, value in zip(names, values, strict=True)}
        for status, rule, count in context.query(
            "SELECT status, rule, count(*) FROM consent_state GROUP BY ALL ORDER BY ALL"
        ):
            figures[f"states {status}"] = int(str(figures.get(f"states {status}", 0))) + int(
                str(count)
            )
            figures[f"rule {rule}"] = int(str(count))
        figures["listed contact points"] = context.value(
            f"SELECT count(*) FROM {silence.NOW} WHERE active"
        )
        sides = ("opt-in before", "opt-out before", "opt-in after", "opt-out after")
        for brand, channel, *counts in context.query(_BEFORE_AFTER):
            for name, count in zip(sides, counts, strict=True):
                figures[f"{brand} {channel}: {name}"] = int(str(count))
        return figures
