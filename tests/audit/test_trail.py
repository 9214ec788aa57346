"""Trail segments: pseudonyms and commitments outside, values in the vault only."""

from __future__ import annotations

import hmac
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tui_migrate.audit.trail import Place, TrailWriter
from tui_migrate.audit.vault import Vault, pseudonym
from tui_migrate.staging.store import Cursor, Store

PLACE = Place("merge", 1, "profiles")

_EVENTS = """
INSERT INTO store.trail VALUES
 ('merge', 1, 'profiles', 'crm', 'R1', 'mapped', NULL, 'crm.yaml', NULL, NULL, NULL, NULL),
 ('merge', 1, 'profiles', 'crm', 'R1', 'cleaned', 'phone', 'normalised', NULL, NULL,
  '06 1234 5678', '+31612345678'),
 ('merge', 1, 'profiles', 'email', '17', 'merged', NULL, 'link', 'crm', 'R1', NULL, 'é|x')
"""


@pytest.fixture
def cursor(tmp_path: Path) -> Cursor:
    return Store(tmp_path / "staging.duckdb").cursor()


@pytest.fixture
def writer(tmp_path: Path) -> TrailWriter:
    return TrailWriter(tmp_path / "audit", Vault(tmp_path / "vault"))


def _write(cursor: Cursor, writer: TrailWriter) -> tuple[str, int, str]:
    cursor.execute(_EVENTS)
    segment = writer.prepare(cursor, PLACE)
    assert segment is not None
    writer.write(cursor, PLACE, segment)
    return segment.digest, segment.rows, segment.root


def test_the_segment_names_records_by_the_pseudonym_that_python_computes(
    tmp_path: Path, cursor: Cursor, writer: TrailWriter
) -> None:
    _write(cursor, writer)
    rows = pq.read_table(tmp_path / "audit" / PLACE.path).to_pylist()
    key = Vault(tmp_path / "vault").workspace_key()
    merged = next(r for r in rows if r["event"] == "merged")
    assert merged["profile"] == pseudonym(key, "email", "17")
    assert merged["other"] == pseudonym(key, "crm", "R1")


def test_a_commitment_is_the_hmac_of_event_field_before_and_after(
    tmp_path: Path, cursor: Cursor, writer: TrailWriter
) -> None:
    _write(cursor, writer)
    keys = {r["record_id"]: r["key"] for r in pq.read_table(writer.key_path(PLACE)).to_pylist()}
    rows = pq.read_table(tmp_path / "audit" / PLACE.path).to_pylist()
    cleaned = next(r for r in rows if r["event"] == "cleaned")
    message = "7:cleaned|5:phone|12:06 1234 5678|12:+31612345678"
    expected = hmac.digest(keys["R1"], message.encode(), "sha256").hex()
    assert cleaned["commitment"] == expected
    merged = next(r for r in rows if r["event"] == "merged")
    expected = hmac.digest(keys["17"], "6:merged|-|-|4:é|x".encode(), "sha256").hex()
    assert merged["commitment"] == expected


def test_no_value_stands_in_the_audit_and_every_value_in_the_vault(
    tmp_path: Path, cursor: Cursor, writer: TrailWriter
) -> None:
    _write(cursor, writer)
    audit = pq.read_table(tmp_path / "audit" / PLACE.path).to_pylist()
    assert "12345678" not in str(audit)
    assert "R1" not in str(audit)
    vault = pq.read_table(tmp_path / "vault" / PLACE.path).to_pylist()
    assert {r["after"] for r in vault} == {"+31612345678", "é|x"}


def test_a_unit_done_again_with_the_same_keys_gives_the_same_content(
    tmp_path: Path, cursor: Cursor, writer: TrailWriter
) -> None:
    first = _write(cursor, writer)
    again = Store(tmp_path / "again.duckdb").cursor()
    other = TrailWriter(tmp_path / "audit-again", Vault(tmp_path / "vault"))
    other.load_keys(again)
    assert _write(again, other) == first


def test_rows_come_in_one_total_order(tmp_path: Path, cursor: Cursor, writer: TrailWriter) -> None:
    _write(cursor, writer)
    rows = pq.read_table(tmp_path / "audit" / PLACE.path).to_pylist()
    places = [(r["profile"], r["seq"]) for r in rows]
    assert places == sorted(places)
    assert len(set(places)) == 3
