"""One of several who share an address is erased; the others keep what was said to the address."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.e2e import house_world
from tests.e2e.conftest import Run
from tests.e2e.program import copied, export_all, records, run_line, tui, tui_many

# One row is an opt-out that names an address only, of several; who stands first in the list's entry.
_SHARED = """
SELECT DISTINCT l.profile_id, s.record_id, s.file, s.line FROM suppression_list l
JOIN suppression s ON s.source = l.source_system AND s.record_id = l.record_id
JOIN ent_suppression e USING (source, delivery, file, line)
WHERE e.owner_record IS NULL AND s.profile_id <> l.profile_id AND l.profile_id <> ''
ORDER BY ALL LIMIT 1
"""
# One row is somebody whose opt-out silences others who share the address.
_SILENCES = """
SELECT DISTINCT x.profile_id FROM consent_state s JOIN crosswalk x
ON x.source = s.source_system AND x.record_id = s.record_id
WHERE s.status = 'opt-out' AND x.profile_id <> s.profile_id ORDER BY ALL
"""


def _one(workspace: Path, query: str) -> tuple[str, ...]:
    with duckdb.connect(str(workspace / ".tui-migrate" / "staging.duckdb"), read_only=True) as base:
        row = base.execute(query).fetchone()
    assert row is not None
    return row


@pytest.mark.soak
def test_an_opt_out_of_a_shared_address_stays_for_the_others(demo: Run, tmp_path: Path) -> None:
    workspace = copied(demo.workspace, tmp_path / "w")
    who, opt_out, file, line = _one(workspace, _SHARED)
    path = next(workspace.glob(f"deliveries/*/*/{file}"))
    told, target = path.read_bytes(), workspace / "exports" / "target" / "suppression"
    listed = {p.name: p.read_bytes() for p in target.glob("*.csv")}
    before = [r for r in records(demo.exports / "consents.csv") if r["profile_id"] != who]

    tui("forget", who, "--reason", "asked", "--yes", "-w", workspace)
    assert path.read_bytes().split(b"\n")[int(line) - 1] == told.split(b"\n")[int(line) - 1]
    assert opt_out in "".join(p.read_text() for p in target.glob("*.csv"))
    assert {p.name: p.read_bytes() for p in target.glob("*.csv")} == listed
    exports = export_all(workspace, tmp_path / "exports", ("consents",))
    assert list(records(exports / "consents.csv")) == before
    entry = f"SELECT profile_id FROM suppression_list WHERE record_id = '{opt_out}'"
    assert _one(workspace, entry)[0] not in ("", who), "the entry stands under somebody who stays"
    assert "✓ consistent" in tui("audit", "verify", "-w", workspace).out


@pytest.mark.soak
def test_whoever_is_erased_nobody_becomes_an_opt_in(demo: Run, tmp_path: Path) -> None:
    workspace = copied(demo.workspace, tmp_path / "w")
    with duckdb.connect(str(workspace / ".tui-migrate" / "staging.duckdb"), read_only=True) as base:
        erased = [str(row[0]) for row in base.execute(_SILENCES).fetchall()]
    assert len(erased) > 10
    lines = [["forget", who, "--reason", "asked", "--yes", "-w", str(workspace)] for who in erased]
    # Not the match: without the erased it may find that two who are left are one person.
    tui_many([*lines, ["redo", "consent-load", "-w", workspace], run_line(workspace)])
    exports = export_all(workspace, tmp_path / "exports", ("consents",))
    key, said = ("profile_id", "brand", "channel"), ("status", "evidence_at", "rule")
    was, now = (
        {tuple(r[k] for k in key): tuple(r[k] for k in said) for r in records(path)}
        for path in (demo.exports / "consents.csv", exports / "consents.csv")
    )
    assert now == {k: state for k, state in was.items() if k[0] not in erased}
    assert "✓ consistent" in tui("audit", "verify", "-w", workspace).out


@pytest.mark.soak
def test_of_parent_and_child_of_one_name_and_number_the_child_stays(tmp_path: Path) -> None:
    workspace = house_world.make(tmp_path / "w")
    parent, child, again, sister = (
        [nr, "Jan Smit", mail, "020 7654321", "", "", "", ""]
        for nr, mail in (
            ("P1", "jan.senior@example.org"), ("P2", "jan.junior@example.org"),
            ("P9", "Jan.Senior+x@example.org"), ("P8", "jan.jongste@example.org"),
        )
    )  # fmt: skip
    first = house_world.people(workspace, "2026-03-02-full", [parent, child])
    tui(*run_line(workspace, "--until", "merge"))
    said = tui("forget", "people/P1", "--reason", "asked", "--yes", "-w", workspace).out
    assert "! people/P2 has an address or number of his too" in said
    assert first.read_text().splitlines()[2] == ",".join(child)

    later = house_world.people(workspace, "2026-04-01-full", [parent, child, again, sister])
    tui_many([["redo", "read", "-w", workspace], run_line(workspace, "--until", "merge")])
    exports = export_all(workspace, tmp_path / "exports", ("fates",))
    fates = {
        r["line"]: r["fate"] for r in records(exports / "fates.csv") if "04-01" in r["delivery"]
    }
    assert fates == {"2": "erased", "3": "loaded", "4": "erased", "5": "loaded"}
    assert "senior" not in later.read_text().lower()
