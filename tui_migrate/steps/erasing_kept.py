"""What an erased person said to addresses that others have: which opt-outs stay, without him.

Who is silenced is found as the consent ledger finds it, over the rows that leave and the records that
stay. Before records are merged each is somebody of his own.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from collections.abc import Mapping as Table
from pathlib import Path

import msgspec

from tui_migrate.audit.kept import Keeping, OptOut, Said, keeping
from tui_migrate.consent import placing, silence
from tui_migrate.consent.relations import Sources
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.erasure import KEPT, WHY_KEPT
from tui_migrate.staging.store import Cursor
from tui_migrate.steps.mapped_now import MappedRows, union

HIS = ""
"""Profile of the records that leave; no profile is called so."""
_PEOPLE = ("profile", "contact_point")

# One row is a mapped row of the person.
_LEAVING = """(
 SELECT * FROM {rows} SEMI JOIN erase_record USING (source, record_id) WHERE {silences}
 UNION SELECT r.* FROM {rows} r
 SEMI JOIN erase_record e ON e.source = r.owner_source AND e.record_id = r.owner_record
 WHERE {silences}
 UNION SELECT * FROM {rows} SEMI JOIN erase_line USING (source, delivery, file, line)
 WHERE {silences})"""

# One row is a record and whose it is: the person's (HIS), a profile's, or before the merge its own.
_WHOSE = """
CREATE OR REPLACE TEMP TABLE erase_whose AS
SELECT DISTINCT source, record_id, CASE WHEN e.source IS NULL THEN profile_id ELSE '' END AS profile_id
FROM ({known}) LEFT JOIN (SELECT source, record_id, true AS his FROM erase_record) e
  USING (source, record_id)
"""

# One row is an opt-out or suppression of the person that silences others by an address of theirs.
_SAID = """
SELECT source, record_id, contact_point, channel, brand, purpose, state, '' AS reason, event_at,
  basis, bool_and(how = 'beside') AS beside
FROM tmp_consent_placed WHERE silences AND profile_id <> '' AND how IN ('beside', 'contact_point')
GROUP BY ALL
UNION ALL
SELECT DISTINCT source, record_id, contact_point, channel, brand, '', '', reason, event_at, '', false
FROM tmp_suppression_placed WHERE profile_id <> '' AND how IN ('beside', 'contact_point')
ORDER BY ALL
"""

# One row is a state of somebody else, as the target has it, that rests on such a record.
_STATES = """
SELECT DISTINCT concat_ws(':', s.profile_id, s.brand, s.channel, s.purpose) AS record_key, s.source,
  s.campaign
FROM store.consent_state s
SEMI JOIN erase_kept k ON s.source_system = k.source AND s.record_id = k.record_id
WHERE s.status = 'opt-out' AND s.profile_id <> $profile ORDER BY ALL
"""

# One row is an entry of the suppression list that is from another record of his and that somebody
# else's row names too: as it stands by that row.
_OTHERS = f"""
WITH own AS (
  SELECT DISTINCT l.record_key, l.contact_point, l.channel, l.brand, l.source_system, l.record_id
  FROM store.suppression_list l
  JOIN erase_record e ON e.source = l.source_system AND e.record_id = l.record_id
  ANTI JOIN erase_kept k ON l.source_system = k.source AND l.record_id = k.record_id
    AND l.contact_point = k.point),
fact AS (
  SELECT profile_id, source, record_id, delivery, file, line, contact_point, channel, brand, reason,
    event_at
  FROM suppression
  UNION ALL
  SELECT profile_id, source, record_id, delivery, file, line, contact_point, channel, brand,
    '{silence.OPT_OUT}', event_at
  FROM consent_event
  WHERE state IN {placing.OUT} AND NOT beside AND (profile_id IS NULL OR brand = '*')),
left_over AS (
  SELECT * FROM fact ANTI JOIN erase_record USING (source, record_id)
  ANTI JOIN erase_line USING (source, delivery, file, line)
  WHERE coalesce(profile_id, '') <> $profile)
SELECT record_key, was_source, was_record, coalesce(profile_id, ''), source, record_id, reason,
  event_at::VARCHAR
FROM (
  SELECT o.record_key, o.source_system AS was_source, o.record_id AS was_record, f.profile_id,
    f.source, f.record_id, f.reason, f.event_at
  FROM own o JOIN left_over f ON f.contact_point = o.contact_point AND f.channel = o.channel
    AND (f.brand = o.brand OR f.reason = '{silence.OPT_OUT}' AND f.brand = '*'))
QUALIFY row_number() OVER (PARTITION BY record_key, was_source, was_record
  ORDER BY {silence.ORDER}) = 1
ORDER BY ALL
"""

# One row is an entry of the suppression list that is from such a record, and what stands for it.
_ENTRIES = """
SELECT DISTINCT l.record_key, l.source_system, l.record_id, k.id FROM store.suppression_list l
JOIN erase_kept k ON l.source_system = k.source AND l.record_id = k.record_id
  AND l.contact_point = k.point
ORDER BY ALL
"""

# One row is an address or number that records of the person carry and no others.
_HIS_ALONE = """
SELECT point FROM tmp_record_point r
LEFT JOIN (SELECT source, record_id, true AS his FROM erase_record) e USING (source, record_id)
WHERE kind <> 'post' GROUP BY point HAVING bool_and(coalesce(e.his, false)) ORDER BY 1
"""


class Kept(msgspec.Struct, kw_only=True):
    """A record of the person whose opt-out stays: of which address, and what stands for the record."""

    source: str
    record_id: str
    point: str
    id: str


class Instead(msgspec.Struct, kw_only=True):
    """A row of the target that stays and named him: its cells as they are, and as they will be."""

    entity: str
    record_key: str
    was: dict[str, str | None]
    now: dict[str, str | None]


class Entry(msgspec.Struct, kw_only=True):
    """An entry of the suppression list that named a record of his (``was``) and stays by somebody
    else's row."""

    record_key: str
    was: tuple[str, str]
    profile_id: str
    source_system: str
    record_id: str
    reason: str
    event_at: str | None


class Staying(msgspec.Struct, kw_only=True):
    """What stays of a person's opt-outs, and what does not need to any more. ``ended``: commitments."""

    records: list[Kept] = []
    vault: list[Keeping] = []
    ended: list[str] = []
    gone: list[str] = []
    """Ids in those that ended."""
    entries: list[Entry] = []
    instead: list[Instead] = []


class Finder:
    """Finds it for one erasure; reads what a ``Planner`` gathered (``erase_record``, ``erase_line``)."""

    def __init__(
        self,
        cursor: Cursor,
        workspace: Path,
        runbook: Runbook,
        mappings: Table[str, tuple[Mapping, ...]],
        tables: Iterable[str],
    ) -> None:
        self._cursor, self._runbook = cursor, runbook
        self._tables = frozenset(tables)
        self._rows = MappedRows(cursor, workspace, runbook, mappings, self._tables)

    def find(self, profile_id: str, kept: Table[str, OptOut]) -> Staying:
        """``profile_id``: '' before the merge; ``kept``: what earlier erasures kept."""
        entities = self._rows.whole()
        leaving = {
            "consent": _LEAVING.format(
                rows=entities["consent"], silences=f"state IN {placing.OUT}"
            ),
            "suppression": _LEAVING.format(rows=entities["suppression"], silences="true"),
        }
        speaks = any(
            self._cursor.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall()
            for rows in leaving.values()
        )
        if not speaks and not kept:
            return Staying()
        self._place(leaving, entities["profile"], entities["contact_point"])
        found = Staying()
        self._keep(found)
        self._end(found, kept)
        placing.clear(self._cursor)
        if profile_id:
            self._instead(found, profile_id)
        return found

    def find_again(self, come: Table[str, str]) -> dict[str, list[Said]]:
        """Address or number → what rows of erased persons that came again say to it, where somebody who
        stays has it. ``come``: entity → relation of their mapped rows. Staging knows who stays; of who
        came with them, and is not mapped yet, each record is somebody of his own."""
        if not any(
            self._cursor.execute(f"SELECT 1 FROM {come[name]} LIMIT 1").fetchall()
            for name in ("consent", "suppression")
        ):
            return {}
        cursor, entities = self._cursor, self._rows.whole()
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_record AS"
            f" SELECT DISTINCT source, record_id FROM {come['profile']} UNION"
            f" SELECT DISTINCT owner_source, owner_record FROM {come['consent']}"
            " WHERE owner_record IS NOT NULL UNION"
            f" SELECT DISTINCT owner_source, owner_record FROM {come['suppression']}"
            " WHERE owner_record IS NOT NULL"
        )
        # Who came in the same delivery may have an address that nobody had before.
        fresh = self._rows.unmapped()
        both = {n: union([entities[n], come[n], *fresh[n]]) for n in _PEOPLE}
        leaving = {
            "consent": f"(SELECT * FROM {come['consent']} WHERE state IN {placing.OUT})",
            "suppression": come["suppression"],
        }
        self._place(leaving, both["profile"], both["contact_point"])
        found = Staying()
        self._keep(found)
        placing.clear(cursor)
        return {one.opt_out.point: one.opt_out.said for one in found.vault}

    def _place(self, leaving: Table[str, str], profile: str, contact_point: str) -> None:
        """Whom the rows that leave silence, as the ledger finds it."""
        self._whose(profile)
        runbook = self._runbook
        sources = Sources(
            **leaving,
            profile=profile,
            contact_point=contact_point,
            crosswalk="erase_whose",
            golden="(SELECT NULL AS profile_id WHERE false)",
            link="(SELECT NULL AS source WHERE false)",
            reject="(SELECT NULL AS source WHERE false)",
            zone=runbook.zone,
            deltas=tuple(sorted(n for n, spec in runbook.sources.items() if spec.deltas)),
        )
        placing.place(self._cursor, sources, runbook.consent.purpose, runbook.country)

    def _whose(self, profile: str) -> None:
        """By the last merge; each record that it did not see is somebody of its own."""
        merged = (
            "SELECT source, record_id, profile_id FROM store.crosswalk"
            " WHERE attempt = (SELECT max(attempt) FROM store.crosswalk)"
            f" UNION SELECT source, record_id, '{HIS}' FROM erase_record"
        )
        named = "source || '/' || record_id AS profile_id"
        known = (
            f"{merged} UNION SELECT source, record_id, {named} FROM {profile}"
            f" ANTI JOIN ({merged}) USING (source, record_id)"
        )
        self._cursor.execute(_WHOSE.format(known=known))

    def _keep(self, found: Staying) -> None:
        said: dict[str, list[Said]] = {}
        ids: dict[tuple[str, str, str], str] = {}
        for row in self._cursor.execute(_SAID).fetchall():
            source, record, point, channel, brand, purpose, state, reason, at, basis, beside = row
            place = (str(source), str(record), str(point))
            if place not in ids:
                ids[place] = secrets.token_hex(8)
                found.records.append(
                    Kept(source=source, record_id=record, point=point, id=ids[place])
                )
            one = Said(
                id=ids[place], channel=channel, brand=brand, purpose=purpose or "",
                state=state or "", reason=reason or "", event_at=at, basis=basis or "",
                beside=bool(beside),
            )  # fmt: skip
            said.setdefault(str(point), []).append(one)
        found.vault += [keeping(point, facts) for point, facts in said.items()]

    def _end(self, found: Staying, kept: Table[str, OptOut]) -> None:
        """What was kept of an address that he was the last to have."""
        alone = {str(row[0]) for row in self._cursor.execute(_HIS_ALONE).fetchall()}
        for commitment, opt_out in kept.items():
            if opt_out.point in alone:
                found.ended.append(commitment)
                found.gone += [said.id for said in opt_out.said]

    def _instead(self, found: Staying, profile_id: str) -> None:
        """Rows of the target of others that rest on a record of his."""
        cursor = self._cursor
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_kept"
            " (source VARCHAR, record_id VARCHAR, point VARCHAR, id VARCHAR)"
        )
        for one in found.records:
            cursor.execute(
                "INSERT INTO erase_kept VALUES (?, ?, ?, ?)",
                [one.source, one.record_id, one.point, one.id],
            )
        profile = {"profile": profile_id}
        for key, source, campaign in cursor.execute(_STATES, profile).fetchall():
            found.instead.append(
                Instead(
                    entity="consent",
                    record_key=key,
                    was={"status": "opt-out", "source": source, "campaign": campaign},
                    now={"source": WHY_KEPT, "campaign": None},
                )
            )
        if "suppression_list" not in self._tables:
            return
        for key, source, record, fresh in cursor.execute(_ENTRIES).fetchall():
            found.instead.append(
                Instead(
                    entity="suppression",
                    record_key=key,
                    was={"source_system": source, "record_id": record},
                    now={"source_system": KEPT, "record_id": fresh},
                )
            )
        for key, source, record, *cells in cursor.execute(_OTHERS, profile).fetchall():
            names = ("profile_id", "source_system", "record_id", "reason", "event_at")
            now = dict(zip(names, cells, strict=True))
            found.entries.append(Entry(record_key=key, was=(source, record), **now))
            del now["profile_id"]  # in the target an entry belongs to nobody
            was = {"source_system": source, "record_id": record}
            found.instead.append(Instead(entity="suppression", record_key=key, was=was, now=now))
