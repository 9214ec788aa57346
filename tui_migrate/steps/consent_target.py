"""The target's side of ``consent_sync``: writing batches with receipts, reading back, conservation.

Receipts stand in the trail as events ``consent_written`` (field = entity, rule = action, before =
record key, after = target id), so that a rebuild finds them without asking the target:

* consents: one receipt per profile, batch and action; no key, the target id is the number of rows;
* entries of the suppression list and changes: one receipt per row, on the source record it is from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from tui_migrate.consent import conservation, silence
from tui_migrate.consent.conservation import Conservation
from tui_migrate.consent.kept import kept_too
from tui_migrate.consent.relations import Sources
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.staging.store import digest
from tui_migrate.steps.base import Check, Context, Unit
from tui_migrate.targets import Target, batch_id, counts, open_target

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook

ROWS = "consent_rows"
HELD = "consent_held"
ACTIONS = ("create", "update", "skip", "reject")

# One row is a consent as the target gets it. {states}: rows of consent_state.
CONSENT_ROWS = """
SELECT concat_ws(':', profile_id, brand, channel, purpose) AS record_key, profile_id, brand,
  channel, purpose, status, evidence_at, source, campaign, rule
FROM {states} WHERE profile_id NOT IN {unsent} ORDER BY record_key
"""

# One row is an entry of the suppression list as the target gets it. An entry belongs to nobody in
# the target: it silences the point, also where its person was not brought over.
LIST_ROWS = """
SELECT record_key, '' AS profile_id, contact_point, channel, brand, reason, event_at, active,
  source_system, record_id
FROM {entries} ORDER BY record_key
"""

# One row is one receipt: of all consents of a profile with one outcome, or of one other row.
_RECEIPTS = """
SELECT $entity AS entity, r.profile_id, CASE WHEN $each THEN r.record_key ELSE '' END AS record_key,
  $target AS target,
  CASE WHEN $each THEN max(r.target_id) ELSE count(*)::VARCHAR END AS target_id, r.action,
  $batch AS batch
FROM consent_receipts r
GROUP BY r.profile_id, CASE WHEN $each THEN r.record_key ELSE '' END, r.action
ORDER BY r.profile_id, record_key, r.action
"""

# One row is one receipt as the trail recorded it before staging was lost.
_RECORDED = """
SELECT r.entity, CASE WHEN r.entity = 'consent' THEN r.profile_id ELSE w.profile_id END
  AS profile_id, r.record_key, $target AS target, nullif(r.target_id, '') AS target_id, r.action,
  $batch AS batch
FROM consent_receipts r LEFT JOIN {rows} w ON w.record_key = r.record_key
WHERE r.entity = $entity ORDER BY ALL
"""

# One row is a receipt in the trail: of a profile on its founding record, else on the row's record.
_TRAIL_PROFILE = """
SELECT c.source, c.record_id, 'consent_written' AS event, r.entity AS field, r.action AS rule,
  r.record_key AS before, r.target_id AS after
FROM store.receipt r JOIN crosswalk c ON c.profile_id = r.profile_id AND c.role = 'founder'
WHERE r.step = $step AND r.attempt = $attempt AND r.unit = $unit AND r.batch = $batch
"""
_TRAIL_ROW = """
SELECT w.source_system AS source, w.record_id, 'consent_written' AS event, r.entity AS field,
  r.action AS rule, r.record_key AS before, r.target_id AS after
FROM store.receipt r JOIN {rows} w ON w.record_key = r.record_key
WHERE r.step = $step AND r.attempt = $attempt AND r.unit = $unit AND r.batch = $batch
"""


class TargetSide:
    """Writes to the runbook's target for one step, and asks it what it holds."""

    def __init__(self, runbook: Runbook, step: str) -> None:
        self._runbook = runbook
        self._step = step
        self._target: Target | None = None

    def _open(self, context: Context) -> Target:
        if self._target is None:
            self._target = open_target(self._runbook.target, context.workspace)
        return self._target

    def close(self) -> None:
        """Let go of the target."""
        if self._target is not None:
            self._target.close()
            self._target = None

    def bring(
        self, context: Context, unit: Unit, entity: str, number: int, select: str
    ) -> dict[str, int]:
        """Write the rows of ``select`` as batch ``number`` of ``entity``; rows per action.

        ``select`` has record_key and profile_id; for other entities than consent also source_system
        and record_id, the record that each row comes from. Without rows nothing is written.
        """
        cursor, batch = context.cursor, batch_id(self._step, entity, number)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {ROWS} AS {select}")
        rows = context.value(f"SELECT count(*) FROM {ROWS}")
        if not rows:
            return dict.fromkeys(ACTIONS, 0)
        if context.rebuilding:
            self._recall(context, unit, entity, batch)
        else:
            self._write(context, unit, entity, batch, rows)
        own = {"step": self._step, "attempt": context.attempt, "unit": unit.id, "batch": batch}
        trail = _TRAIL_PROFILE if entity == "consent" else _TRAIL_ROW.format(rows=ROWS)
        context.trail(unit, trail, own)
        done = context.query(
            "SELECT action, sum(CASE WHEN entity = 'consent' THEN target_id::BIGINT ELSE 1 END)"
            "::BIGINT FROM store.receipt WHERE step = $step AND attempt = $attempt"
            " AND unit = $unit AND batch = $batch GROUP BY action",
            own,
        )
        return dict.fromkeys(ACTIONS, 0) | {str(action): int(str(n)) for action, n in done}

    def _write(self, context: Context, unit: Unit, entity: str, batch: str, rows: int) -> None:
        cursor, host = context.cursor, context.host
        content = digest(cursor, ROWS, context.columns(ROWS))
        target = self._open(context)
        host.journal_intent(self._step, context.attempt, batch, rows, content)
        target.begin(self._step, context.attempt)
        receipts = target.write_batch(cursor, entity, ROWS, batch)
        cursor.register("consent_receipts", receipts)
        each = {"each": entity != "consent"}
        values = {"entity": entity, "target": target.kind, "batch": batch, **each}
        context.write(unit, "receipt", _RECEIPTS, values)
        cursor.unregister("consent_receipts")
        host.journal_receipt(self._step, context.attempt, batch, counts(receipts))

    def _recall(self, context: Context, unit: Unit, entity: str, batch: str) -> None:
        """Receipts of a batch that the target has already, as the trail recorded them."""
        recorded = context.host.recorded_receipts(self._step, context.attempt, unit.id)
        if recorded is None:
            raise EnvironmentProblem(
                _("The receipts of batch {} are not in the trail.").format(batch),
                _("Do the step again: tui-migrate redo {}").format(self._step),
            )
        names = ("entity", "profile_id", "record_key", "target_id", "action")
        columns = {n: pa.array([getattr(r, n) for r in recorded], pa.string()) for n in names}
        context.cursor.register("consent_receipts", pa.table(columns))
        values = {"entity": entity, "target": self._runbook.target.type, "batch": batch}
        context.write(unit, "receipt", _RECORDED.format(rows=ROWS), values)
        context.cursor.unregister("consent_receipts")

    def conserved(self, context: Context, reuse: bool = False) -> Conservation:
        """The three conservation checks against what the target holds now.

        While staging is rebuilt the target may have moved on since (later deltas), so that the
        states themselves stand in for it: the checks of that time are in the journal.
        """
        held, cursor = silence.SENT, context.cursor
        if not context.rebuilding:
            self._open(context).read_into(cursor, HELD, "consent")
            held = HELD
        found = conservation.check(
            cursor,
            held,
            silence.SENT,
            sources_of(context),
            self._runbook.consent.purpose,
            self._runbook.country,
            reuse=reuse,
        )
        cursor.execute(f"DROP TABLE IF EXISTS temp.{HELD}")
        return found

    def conservation_unit(self, context: Context, unit: Unit, reuse: bool) -> dict[str, int]:
        """Run the checks and list the offenders as findings. ``reuse``: the contact points that this
        step gathered before still hold."""
        found = self.conserved(context, reuse)
        select = conservation.FINDINGS.format(golden="profile")
        written = context.write(unit, "finding", select, conservation.messages())
        conservation.clear(context.cursor)
        return found.figures | {"findings": written}


def sources_of(context: Context) -> Sources:
    """Where the mapped rows stand, with the runbook's zone and its deliveries of changes; and opt-outs
    that erasures kept."""
    runbook, kept = context.runbook, context.host.kept()
    deltas = tuple(sorted(name for name, spec in runbook.sources.items() if spec.deltas))
    return kept_too(context.cursor, Sources(zone=runbook.zone, deltas=deltas), kept)


# The offenders that the conservation unit of this attempt listed: one finding each.
_OFFENDERS = """
SELECT count(*) FILTER (rule = 'consent.carried'), count(*) FILTER (rule = 'consent.justified'),
  count(*) FILTER (rule = 'consent.invented')
FROM store.finding WHERE step = $step AND attempt = $attempt
"""


def conservation_found(context: Context) -> Conservation:
    """What the conservation unit of this attempt found (without the justified pairs)."""
    own = {"step": context.spec.id, "attempt": context.attempt}
    carried, justified, invented = context.query(_OFFENDERS, own)[0]
    return Conservation(int(str(carried)), int(str(justified)), int(str(invented)))


def conservation_checks(found: Conservation) -> list[Check]:
    """The checks as a step states them; each blocks, and nobody can waive it."""
    said = {
        _("consents carried: the target holds every state as derived"): found.carried,
        _(
            "consents justified: no opt-out is contacted without a later permission"
        ): found.justified,
        _("consents invented: no permission in the target without one in a source"): found.invented,
    }
    return [Check(name, not count, str(count), "0", waivable=False) for name, count in said.items()]
