"""One delivery of changes: read, mapped, booked, its states derived again, the target told.

All of it happens in the transaction of one unit. A delivery that is not applied is read too, so that
each of its rows has a fate.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tui_migrate.consent import backflow, ledger, placing, silence
from tui_migrate.consent.deliveries import Judged
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import exists, read
from tui_migrate.errors import DataSaysNo
from tui_migrate.files import sha256_file, whole
from tui_migrate.i18n import _
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.mapped import Mapped
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.rows import FAR, Settings, map_rows
from tui_migrate.runbook.load import load_runbook
from tui_migrate.spreadsheet import defuse_sql
from tui_migrate.staging.erasure import Erased
from tui_migrate.staging.readers import Job, read_file
from tui_migrate.staging.store import literal, quote
from tui_migrate.steps import by_profile, consent_unread, newcomers, rights
from tui_migrate.steps.base import Context, Unit
from tui_migrate.steps.consent_limits import exceeded, hold, limit_check
from tui_migrate.steps.consent_target import CONSENT_ROWS, LIST_ROWS, TargetSide, sources_of
from tui_migrate.steps.erased_rows import Rows
from tui_migrate.steps.ingest import file_format
from tui_migrate.steps.zones import zone_of

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook, StepSpec

BACK = Path("exports") / "back"
"""Where files for the old systems stand, relative to the workspace."""

CHANGE = "consent_change"
STRAIGHT = ("consent", "suppression", "address", "contact_point")
"""Entities whose changes join the mapped rows; changes of others stand in ``consent_change``."""

CHANGE_COLUMNS = (
    "record_key VARCHAR, profile_id VARCHAR, source VARCHAR, record_id VARCHAR, delivery VARCHAR,"
    " file VARCHAR, line BIGINT, owner_source VARCHAR, owner_record VARCHAR, entity VARCHAR,"
    " fields VARCHAR"
)
"""One row is a change of something else than a consent; fields: all of them as JSON (null: not said)."""

# The rows of a delivery that a reading step took in.
_READ_BEFORE = "SELECT count(*) FROM record WHERE source = $source AND delivery = $delivery"

# One row is a row of this delivery that changes an address, a name…, and whose profile it is.
_CHANGES = """
SELECT concat_ws('|', source, record_id, {entity}, child_no) AS record_key,
  coalesce(c.profile_id, '') AS profile_id, m.source, m.record_id, m.delivery, m.file, m.line,
  m.owner_source, m.owner_record, {entity} AS entity, {fields} AS fields
FROM ({select}) m
LEFT JOIN (SELECT source AS owner_source, record_id AS owner_record, profile_id FROM crosswalk) c
  USING (owner_source, owner_record)
ORDER BY ALL
"""

# One row is a row of this delivery that still waits for its fate.
_REST = """
SELECT f.source, f.delivery, f.file, f.line,
  CASE WHEN c.restricted THEN 'held' WHEN c.known THEN 'attached'
       WHEN c.line IS NOT NULL THEN 'rejected' ELSE $rest_fate END AS fate,
  CASE WHEN c.restricted THEN 'restricted' WHEN c.known THEN 'delta.change'
       WHEN c.line IS NOT NULL THEN 'owner_unknown'
       ELSE $rest_reason END AS reason
FROM fates f
LEFT JOIN (SELECT source, delivery, file, line, bool_or(profile_id <> '') AS known,
             bool_or(profile_id IN (SELECT profile_id FROM suppression WHERE reason = 'restricted'))
               AS restricted
           FROM consent_change GROUP BY ALL) c USING (source, delivery, file, line)
WHERE f.source = $source AND f.delivery = $delivery AND f.fate = 'pending'
ORDER BY ALL
"""

# One row is a physical row of a delivery that is not applied.
_ASIDE = """
SELECT source, delivery, file, line, $fate AS fate, $reason AS reason FROM fates
WHERE source = $source AND delivery = $delivery AND fate = 'pending' ORDER BY ALL
"""

# One row is a profile about which this delivery says something.
_TOUCHED = """
CREATE OR REPLACE TEMP TABLE tmp_touched AS
SELECT profile_id FROM store.consent_event WHERE {own} AND profile_id IS NOT NULL
UNION SELECT profile_id FROM store.suppression WHERE {own} AND profile_id IS NOT NULL
"""

# One row is a fact of the ledger about a touched profile, or about no profile.
_LEDGER = """
CREATE OR REPLACE TEMP TABLE tmp_ledger_{what} AS SELECT * FROM {what}
WHERE profile_id IS NULL OR profile_id IN (SELECT profile_id FROM tmp_touched)
"""

# One row is the present state of a key of a touched profile (the view "consent_state", for these only).
_BEFORE = """
CREATE OR REPLACE TEMP TABLE tmp_state_before AS
SELECT s.* FROM store.consent_state s JOIN live l USING (step, attempt)
SEMI JOIN tmp_touched t ON t.profile_id = s.profile_id
QUALIFY row_number() OVER (PARTITION BY s.profile_id, s.brand, s.channel, s.purpose
  ORDER BY l.ord DESC, length(s.unit) DESC, s.unit DESC) = 1
"""

# One row is a state that new facts changed (or made), with what it was.
_CHANGED = """
CREATE OR REPLACE TEMP TABLE tmp_changed_state AS
SELECT n.*, s.status AS status_before
FROM tmp_state_now n
LEFT JOIN tmp_state_before s ON s.profile_id = n.profile_id AND s.brand = n.brand
  AND s.channel = n.channel AND s.purpose = n.purpose
WHERE s.profile_id IS NULL OR s.status <> n.status OR s.rule <> n.rule
  OR s.evidence_at IS DISTINCT FROM n.evidence_at OR s.source IS DISTINCT FROM n.source
  OR s.campaign IS DISTINCT FROM n.campaign OR s.source_system IS DISTINCT FROM n.source_system
  OR s.record_id IS DISTINCT FROM n.record_id
"""

_TRAIL = """
SELECT c.source, c.record_id, 'consent' AS event,
  concat_ws('/', s.channel, s.brand, s.purpose) AS field, s.rule, s.source_system AS other_source,
  s.record_id AS other_record, s.status_before AS before, s.status AS after
FROM tmp_changed_state s
JOIN crosswalk c ON c.profile_id = s.profile_id AND c.role = 'founder'
ORDER BY ALL
"""

# New events that the present state does not follow: something newer or stronger says otherwise.
CONFLICTS = """
SELECT count(*) FROM store.consent_event e
JOIN {states} s ON s.profile_id = e.profile_id AND s.channel = e.channel
  AND s.purpose = e.purpose AND e.brand IN (s.brand, '*')
WHERE {own}
  AND ((e.state IN ('given', 'confirmed') AND s.status = 'opt-out')
    OR (e.state IN ('refused', 'withdrawn') AND s.status = 'opt-in'))
"""

# One row is an e-mail address and the record of the most trusted source that carries it.
_CARRIERS = """
CREATE OR REPLACE TEMP TABLE tmp_carrier AS
SELECT email, min_by(source, place) AS source, min_by(record_id, place) AS record_id FROM
  (SELECT unnest(email) AS email, source, record_id,
          (CASE source {trust} ELSE 99 END, source, record_id) AS place FROM ent_profile)
 GROUP BY email
"""


# One row is a change of a profile that the target has to follow.
_CHANGE_ROWS = """
SELECT record_key, profile_id, entity, fields, source AS source_system, record_id
FROM store.consent_change WHERE {own} AND profile_id <> '' AND profile_id NOT IN {unsent}
ORDER BY record_key
"""


_BOOKED = ("consent_event", "suppression", "suppression_list", "finding", "fate")
_LEDGER_TABLES = ("tmp_ledger_consent_event", "tmp_ledger_suppression")
TEMPORARY = (
    "tmp_touched", "tmp_state_before", "tmp_state_now", "tmp_changed_state", "tmp_carrier",
    *_LEDGER_TABLES,
)  # fmt: skip
"""The temporary tables that ``apply`` leaves for its next call."""


class Applier:
    """Applies deliveries for one step; each call of ``apply`` belongs to one unit."""

    def __init__(self, spec: StepSpec, runbook: Runbook, target: TargetSide, policy: str) -> None:
        self._spec, self._runbook, self._target, self._policy = spec, runbook, target, policy
        self._mappings: dict[str, tuple[Mapping, ...]] = {}
        self.points_known = False
        """Whether the contact points gathered for the last delivery still hold for the next."""
        self._carriers_known = self._members_known = self._named_known = False

    def clear(self, context: Context) -> None:
        """Drop the temporary tables."""
        for name in TEMPORARY:
            context.cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
        by_profile.drop(context)
        newcomers.drop(context)
        self.points_known = self._carriers_known = False
        self._members_known = self._named_known = False

    def apply(self, context: Context, unit: Unit, judged: Judged, number: int) -> dict[str, int]:
        """Read one delivery, apply it or set it aside. ``number``: of its batches to the target.

        One that is larger than the limits allow is read and measured, but waits: nothing of it joins
        ledger or target before a person waives its check.
        """
        rows = self._read(context, unit, judged)
        place = {"source": judged.delivery.source, "delivery": judged.delivery.name}
        if not judged.applied:
            fate = "repeated" if judged.status == "repeated" else "rejected"
            values = {**place, "fate": fate, "reason": f"delivery.{judged.status}"}
            if judged.clash:
                consent_unread.clash_finding(context, unit, judged)
                values |= {"fate": "held", "reason": consent_unread.CLASH}
            return {"rows": rows, "set_aside": context.write(unit, "fate", _ASIDE, values)}
        done = {"rows": rows} | self._map(context, unit, judged)
        done |= self._book(context, unit, judged)
        done |= self._restate(context, unit)
        beyond = exceeded(context, done)
        if beyond and limit_check(context, judged) not in context.waived:
            written = (*(f"ent_{name}" for name in STRAIGHT), CHANGE, *_BOOKED)
            return hold(context, unit, place, rows, beyond, written)
        done |= self._tell(context, unit, judged, number)
        mappings = self._mapped(context, judged.delivery.source)
        rest = {**place, **consent_unread.rest_reason(mappings)}
        done["rest"] = context.write(unit, "fate", _REST, rest)
        return done | consent_unread.findings(context, unit, place, mappings)

    def _read(self, context: Context, unit: Unit, judged: Judged) -> int:
        source, stones = judged.delivery.source, context.host.tombstones()
        spec = self._runbook.sources[source]
        place = {"source": source, "delivery": judged.delivery.name}
        if rows := context.value(_READ_BEFORE, place):
            return rows  # for the newcomers in it
        for path in judged.delivery.files:
            job = Job(
                judged.delivery.source,
                judged.delivery.name,
                path.name,
                path,
                file_format(spec),
                tuple(spec.key),
                self._spec.id,
                context.attempt,
                unit.id,
                Rows(source, spec, self._mapped(context, source), stones).erased(path)
                if stones.any
                else Erased(),
            )
            try:
                rows += read_file(context.store, context.cursor, job).rows
            except DataSaysNo:
                if judged.applied:  # what is set aside may be damaged beyond reading
                    raise
        return rows

    def _mapped(self, context: Context, source: str) -> tuple[Mapping, ...]:
        if not self._mappings:
            found, problems = load_mappings(load_runbook(context.workspace))
            if problems:
                raise DataSaysNo("\n".join(str(problem) for problem in problems))
            self._mappings = found
        return self._mappings.get(source, ())

    def _map(self, context: Context, unit: Unit, judged: Judged) -> dict[str, int]:
        """The delivery's rows as rows of the model: consents, suppressions, and other changes."""
        delivery = judged.delivery
        relation = (
            f"(SELECT * FROM {quote('raw_' + delivery.source)}"
            f" WHERE _delivery = {literal(delivery.name)})"
        )
        done = {"mapped": 0, "changes": 0}
        known = self._mapped(context, delivery.source)
        telling = list(newcomers.of_deltas(self._mappings))
        if telling and not self._named_known:
            newcomers.gather(context, telling)
            self._named_known = True
        if not exists(context.cursor, f"raw_{delivery.source}"):
            return done
        for mapping in known:
            settings = self._reading(context, mapping, judged)
            mapped = map_rows(context.cursor, mapping, relation, settings)
            name = mapping.entity.name
            select = mapped.entity_select()
            if mapping.by_profile:
                select = self._by_profile(context, unit, name, select)
            if telling and mapping.owned:
                select = newcomers.resolved(select)
            if mapping.newcomer:
                done["newcomers"] = newcomers.hold(context, unit, select)
                select = newcomers.of_known(select)
            if name in STRAIGHT:
                written = context.write(unit, f"ent_{name}", select)
                done["mapped"] += written
                if name == "contact_point" and written:
                    self.points_known = False
            if name not in ("consent", "suppression"):
                done["changes"] += context.write(unit, CHANGE, _changes(mapped, select))
            context.write(unit, "finding", mapped.findings_select())
            context.write(unit, "fate", mapped.rejected_select())
        return done

    def _by_profile(self, context: Context, unit: Unit, entity: str, select: str) -> str:
        """The rows with the records whose profile they name; findings where that is open."""
        if not self._members_known:
            by_profile.prepare(context)
            self._members_known = True
        found = by_profile.resolved(select, entity, self._runbook.zone)
        by_profile.apart(context, unit, found, entity)
        return f"SELECT * FROM {found}"

    def _reading(self, context: Context, mapping: Mapping, judged: Judged) -> Settings:
        carriers = ""
        if any(owner.email for owner in mapping.owners):
            trust = " ".join(
                f"WHEN {literal(name)} THEN {source.trust}"
                for name, source in sorted(self._runbook.sources.items())
            )
            if not self._carriers_known:
                context.cursor.execute(_CARRIERS.format(trust=trust))
                self._carriers_known = True
            carriers = "tmp_carrier"
        manifest = judged.delivery.manifest
        zone = (manifest.zone if manifest else None) or zone_of(self._runbook, mapping.source)
        day = re.search(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", judged.delivery.name)
        try:
            today = date.fromisoformat(day.group()) if day else FAR
        except ValueError:
            today = FAR
        brands = self._runbook.brands
        return Settings(zone=zone, today=today, carriers=carriers, brands=brands)

    def _book(self, context: Context, unit: Unit, judged: Judged) -> dict[str, int]:
        """New facts join the ledger, their rows get fates, the suppression list grows."""
        cursor, own = context.cursor, self._own(context, unit)
        here = replace(
            sources_of(context),
            consent=f"(SELECT * FROM store.ent_consent WHERE {own})",
            suppression=f"(SELECT * FROM store.ent_suppression WHERE {own})",
        )
        book, reuse = self._runbook, self.points_known
        placing.place(cursor, here, book.consent.purpose, book.country, reuse=reuse)
        doubts, words = ledger.doubts(cursor, here)
        self.points_known = True
        people = read(cursor, "ent_profile", ledger.PEOPLE_COLUMNS)
        message = _("This opt-out names neither a known person nor an address or number.")
        brands = {"brands": list(self._runbook.brands)}
        done = {
            "events": context.write(unit, "consent_event", ledger.NEW_EVENTS),
            "suppressions": context.write(unit, "suppression", ledger.NEW_SUPPRESSIONS),
        }
        if context.rights.objections:
            done["objected"] = rights.object_all(context, unit, own)
        cursor.execute(_TOUCHED.format(own=own))
        for what in ("consent_event", "suppression"):
            cursor.execute(_LEDGER.format(what=what))
        changes = silence.changes_sql(*_LEDGER_TABLES, "tmp_touched")
        return done | {
            "listed": context.write(unit, "suppression_list", changes, brands),
            "unplaced": context.write(unit, "finding", ledger.UNPLACED, {"message": message}),
            "doubtful": context.write(unit, "finding", doubts, words),
            "attached": context.write(unit, "fate", ledger.FATES.format(people=people)),
        }

    def _own(self, context: Context, unit: Unit) -> str:
        """SQL: the rows that this unit wrote."""
        return (
            f"step = {literal(self._spec.id)} AND attempt = {int(context.attempt)}"
            f" AND unit = {literal(unit.id)}"
        )

    def _restate(self, context: Context, unit: Unit) -> dict[str, int]:
        """States of the touched profiles again, from all that the ledger says about them."""
        cursor, own = context.cursor, self._own(context, unit)
        states = states_sql(self._policy, *_LEDGER_TABLES, zone=self._runbook.zone)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE tmp_state_now AS {states}")
        cursor.execute(_BEFORE)
        cursor.execute(_CHANGED)
        changes = f"SELECT profile_id FROM store.{CHANGE} WHERE {own} AND profile_id <> ''"
        return {
            "touched": context.value(
                f"SELECT count(*) FROM (SELECT profile_id FROM tmp_touched UNION {changes})"
            ),
            "changed": context.value("SELECT count(*) FROM tmp_changed_state"),
            "conflicts": context.value(CONFLICTS.format(states="tmp_state_now", own=own)),
        }

    def _tell(self, context: Context, unit: Unit, judged: Judged, number: int) -> dict[str, int]:
        """States that differ are kept and go to the target; opt-outs and addresses also go back to
        the old systems."""
        own = self._own(context, unit)
        context.write(
            unit,
            "consent_state",
            "SELECT * EXCLUDE (status_before) FROM tmp_changed_state ORDER BY ALL",
        )
        context.trail(unit, _TRAIL)
        selects = {
            "consent": CONSENT_ROWS.format(states="tmp_changed_state", unsent=silence.UNSENT),
            "suppression": LIST_ROWS.format(
                entries=f"(SELECT * FROM store.suppression_list WHERE {own})"
            ),
            "change": _CHANGE_ROWS.format(own=own, unsent=silence.UNSENT),
        }
        done: dict[str, int] = {}
        for entity, select in selects.items():
            acted = self._target.bring(context, unit, entity, number, select)
            done |= {f"{entity}_{action}": count for action, count in acted.items() if count}
        done["back"] = self._back(context, judged, own)
        return done

    def _back(self, context: Context, judged: Judged, own: str) -> int:
        """Write a file for every old system that has to hear of this delivery; rows in all."""
        delivery, cursor = judged.delivery, context.cursor
        present = [n for n, s in self._runbook.sources.items() if not s.deltas]
        systems = {"source": present, "system": [self._runbook.system(n) for n in present]}
        cursor.register("consent_system", pa.table(systems))
        select = backflow.BACK.format(
            # What an objection makes is of no delivery.
            events=f"(SELECT * FROM store.consent_event WHERE {own} AND delivery IS NOT NULL)",
            addresses=read(
                cursor, f"(SELECT * FROM store.ent_address WHERE {own})", backflow.ADDRESS_COLUMNS
            ),
            crosswalk="crosswalk",
            systems="consent_system",
            unsent=silence.UNSENT,
        )
        origin = {"from_system": self._runbook.system(delivery.source)}
        cells = ", ".join(
            f"{defuse_sql(_cell(column))} AS {quote(column)}" for column in backflow.COLUMNS[1:]
        )
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE tmp_back AS SELECT system, {cells} FROM ({select})",
            origin,
        )
        cursor.unregister("consent_system")
        found = context.query("SELECT system, count(*) FROM tmp_back GROUP BY ALL ORDER BY ALL")
        if not context.rebuilding:
            for system, count in found:
                self._write_back(context, str(system), judged, int(str(count)))
        cursor.execute("DROP TABLE tmp_back")
        return sum(int(str(count)) for _system, count in found)

    def _write_back(self, context: Context, system: str, judged: Judged, rows: int) -> None:
        several = sum(spec.deltas for spec in self._runbook.sources.values()) > 1
        name = f"{judged.delivery.source}-{judged.sequence}" if several else str(judged.sequence)
        path = context.workspace / BACK / system / f"{name}.csv"
        with whole(path) as temporary:
            context.cursor.execute(
                "COPY (SELECT * EXCLUDE (system) FROM tmp_back"
                f" WHERE system = {literal(system)} ORDER BY ALL)"
                f" TO {literal(str(temporary))} (FORMAT csv, HEADER)"
            )
        until = date.today() + timedelta(days=self._runbook.retention.exports_days)
        what = f"{BACK}/{system}/{name}.csv"
        context.host.journal_export(what, rows, sha256_file(path), until.isoformat())


def _changes(mapped: Mapped, select: str) -> str:
    entity = mapped.mapping.entity
    fields = ", ".join(f"{quote(f.name)} := m.{quote(f.name)}" for f in entity.fields)
    return _CHANGES.format(
        entity=literal(entity.name),
        fields=f"to_json(struct_pack({fields}))::VARCHAR",
        select=select,
    )


def _cell(column: str) -> str:
    if column == "changed_at":
        return "strftime(changed_at, '%Y-%m-%dT%H:%M:%SZ')"
    return f"({quote(column)}::VARCHAR)"
