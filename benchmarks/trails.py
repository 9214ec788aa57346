"""A synthetic audit folder of any number of events: real segments, journal and seals, made set-wise."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tui_migrate.audit import entries as facts
from tui_migrate.audit import merkle
from tui_migrate.audit.journal import FORMAT, Journal
from tui_migrate.audit.sealkey import SealKey
from tui_migrate.audit.seals import append_seal
from tui_migrate.audit.trail import COLUMNS
from tui_migrate.files import sha256_file, whole
from tui_migrate.staging.store import digest, literal

EACH = 250_000
"""Events of a segment: about what a unit of a run with a million persons writes."""

# One row is one event: five a record and step, hashes where pseudonyms and commitments stand.
_ROWS = """
CREATE OR REPLACE TEMP TABLE rows AS
SELECT profile, (row_number() OVER (PARTITION BY profile ORDER BY n) - 1)::INTEGER AS seq,
       ['mapped', 'cleaned', 'cleaned', 'survived', 'imported'][n % 5 + 1] AS event,
       CASE WHEN n % 5 > 0 THEN ['phone', 'email', 'family_name', 'postcode'][n % 4 + 1] END AS field,
       ['mapping/crm.yaml', 'normalised', 'case', 'most_trusted', 'create'][n % 5 + 1] AS rule,
       NULL::VARCHAR AS other, sha256('c' || $segment || '-' || n) AS commitment
FROM (SELECT n, sha256('p' || (($segment * $each + n) // 5) % $records) AS profile
      FROM range($each) t(n))
ORDER BY profile, seq
"""


def record(number: int) -> str:
    """The pseudonym of a record in it."""
    with duckdb.connect() as connection:
        return str(connection.execute(f"SELECT sha256('p' || {number})").fetchall()[0][0])


def make(audit: Path, events: int, entries: int = 0) -> Path:
    """Write the folder; ten events a record, in two segments. ``entries``: at least so many in the
    journal, the rest of them checks."""
    audit.mkdir(mode=0o700)
    journal = Journal(audit / "journal.jsonl")
    run, key = "0" * 32, SealKey(bytes(32))
    journal.append(_opened(run), by="bench", uid=0)
    journal.append(
        facts.SealKeyMade(key=key.fingerprint, public=key.public, reason="first"), by="bench", uid=0
    )
    (audit / "seal.pub").write_text(key.public + "\n")
    count = max(1, events // EACH) if events else 0
    journal.append(facts.StepStarted(step="map", attempt=1, inputs={}), by="bench", uid=0)
    journal.append(facts.StepPlanned(step="map", attempt=1, units=count), by="bench", uid=0)
    segments = []
    with duckdb.connect(config={"threads": 2}) as connection:
        for number in range(count):
            segments.append(_segment(connection, audit, number, events // 10))
            unit = facts.UnitCommitted(
                step="map", attempt=1, unit=f"u{number:04}", counts={"rows": EACH}, digest="0" * 64,
                segment=segments[-1],
            )  # fmt: skip
            journal.append(unit, by="bench", uid=0)
    for number in range(max(0, entries - journal.entries[-1].seq - 3)):
        journal.append(_check(number), by="bench", uid=0)
    journal.append(
        facts.StepFinished(step="map", attempt=1, outcome="done", figures={}, digest="0" * 64),
        by="bench",
        uid=0,
    )
    last = journal.append(facts.RunEnded(outcome="done", figures={}), by="bench", uid=0)
    seal = append_seal(audit / "seals.jsonl", "end", last.seq, last.hash, segments, run, key)
    journal.append(facts.Sealed(seal=seal.number, sha256=seal.hash), by="bench", uid=0)
    journal.close()
    return audit


def _opened(run: str) -> facts.RunOpened:
    return facts.RunOpened(
        run=run, runbook="bench", title={"en": "Bench"}, version="0", format=FORMAT, rehearsal=True,
        zone="UTC", brands=["Nova"], objects={}, phases=[facts.PhaseOutline(id="one")],
        steps=[facts.StepOutline(id="map", phase="one", uses="map")],
    )  # fmt: skip


def _check(number: int) -> facts.CheckDone:
    return facts.CheckDone(
        step="map", attempt=1, name=f"check {number % 40}", passed=True, severity="warn",
        observed=str(number), expected=">= 0",
    )  # fmt: skip


def _segment(
    connection: duckdb.DuckDBPyConnection, audit: Path, number: int, records: int
) -> facts.Segment:
    connection.execute(_ROWS, {"segment": number, "each": EACH, "records": records})
    path = audit / "trail" / "map-1" / f"u{number:04}.parquet"
    with whole(path) as temporary:
        connection.execute(
            f"COPY (SELECT {', '.join(COLUMNS)} FROM rows) TO {literal(str(temporary))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    return facts.Segment(
        path=str(path.relative_to(audit)),
        sha256=sha256_file(path),
        digest=digest(connection, "rows", COLUMNS),
        rows=EACH,
        root=merkle.root(merkle.record_leaves(connection, "rows", COLUMNS)),
    )
