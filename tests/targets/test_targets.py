"""A target takes batches, gives them back exactly, and a batch written twice changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Locked
from tui_migrate.mapping.mapped import sql_type
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import Cursor, quote
from tui_migrate.targets import Target, counts, open_target
from tui_migrate.targets.base import Staying


@dataclass
class Spec:
    type: str
    path: str


@pytest.fixture
def cursor() -> Iterator[Cursor]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture(params=["csv", "duckdb"])
def spec(request: pytest.FixtureRequest) -> Spec:
    return Spec(str(request.param), "out/target" if request.param == "csv" else "out/target.duckdb")


def rows(*values: tuple[str | None, str | None, str | None]) -> str:
    """A relation with record_key, profile_id and one field, ``town``."""

    def cell(value: str | None) -> str:
        return "NULL" if value is None else "'" + value.replace("'", "''") + "'"

    listed = ", ".join("(" + ", ".join(cell(v) for v in row) + ")" for row in values)
    return f"(SELECT * FROM (VALUES {listed}) v(record_key, profile_id, town))"


def people(*pairs: tuple[str, str | None]) -> str:
    return rows(*((key, key, town) for key, town in pairs))


def held(target: Target, cursor: Cursor, entity: str = "profile") -> dict[str, str | None]:
    table = target.read_back(cursor, entity)
    return dict(zip(table["record_key"].to_pylist(), table["town"].to_pylist(), strict=True))


def actions(table: object) -> list[tuple[str, str]]:
    return [(r["record_key"], r["action"]) for r in table.to_pylist()]  # type: ignore[attr-defined]


def test_first_batch_creates_second_updates_and_skips(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        first = target.write_batch(
            cursor, "profile", people(("a", "Breda"), ("b", None)), "core-profile-0001", "Members"
        )
        assert actions(first) == [("a", "create"), ("b", "create")]
        second = target.write_batch(
            cursor,
            "profile",
            people(("a", "Breda"), ("b", ""), ("c", "Gent")),
            "core-profile-0002",
            "Members",
        )
        assert actions(second) == [("a", "skip"), ("b", "update"), ("c", "create")]
        assert counts(second) == {"create": 1, "update": 1, "skip": 1, "reject": 0}
        assert held(target, cursor) == {"a": "Breda", "b": "", "c": "Gent"}
        back = target.read_back(cursor, "profile")
        assert set(back["import_group"].to_pylist()) == {"Members"}
        assert back["import_batch"].to_pylist() == [
            "core-profile-0001",
            "core-profile-0002",
            "core-profile-0002",
        ]


def test_what_is_read_into_a_table_is_what_is_read_back(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda"), ("b", "Gent")), "one")
        target.write_batch(cursor, "profile", people(("b", "Aalst"), ("c", None)), "two")
        target.write_batch(cursor, "profile", people(("b", "Zwolle")), "three")
        target.read_into(cursor, "target_profile", "profile")
        assert held(target, cursor) == {"a": "Breda", "b": "Zwolle", "c": None}
        into = cursor.sql("SELECT * FROM target_profile ORDER BY record_key").to_arrow_table()
        assert into.equals(target.read_back(cursor, "profile"))


def test_a_step_without_profiles_knows_whom_the_target_holds(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0001")
    orders = rows(("o1", "a", "Gent"), ("o2", "nobody", "Gent"))
    with open_target(spec, tmp_path) as target:
        first = target.write_batch(cursor, "order", orders, "shop-order-0001")
        assert actions(first) == [("o1", "create"), ("o2", "reject")]
        assert first["reason"].to_pylist() == [None, "owner_missing"]
        # Once the same target compares profiles too, it has to know what they say.
        same = target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0002")
        assert actions(same) == [("a", "skip")]


def test_a_batch_written_again_gives_the_same_receipts_and_files(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    batch = people(("a", "Breda"), ("b", "Gent"))
    with open_target(spec, tmp_path) as target:
        target.begin("core", 1)
        first = target.write_batch(cursor, "profile", batch, "core-profile-0001")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.csv")}
    with open_target(spec, tmp_path) as target:
        target.begin("core", 1)
        assert target.write_batch(cursor, "profile", batch, "core-profile-0001").equals(first)
        assert held(target, cursor) == {"a": "Breda", "b": "Gent"}
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.csv")} == before


def test_a_rolled_back_unit_does_not_confuse_the_next_batch(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0001")
        cursor.execute("BEGIN")
        target.write_batch(cursor, "profile", people(("b", "Gent")), "core-profile-0002")
        cursor.execute("ROLLBACK")
        again = target.write_batch(cursor, "profile", people(("b", "Gent")), "core-profile-0002")
        assert actions(again) == [("b", "create")]
        third = target.write_batch(
            cursor, "profile", people(("a", "Breda"), ("b", "Gent")), "core-profile-0003"
        )
        assert actions(third) == [("a", "skip"), ("b", "skip")]


def test_a_plan_writes_nothing(cursor: Cursor, spec: Spec, tmp_path: Path) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0001")
        planned = target.plan(
            cursor,
            "profile",
            people(("a", "Ede"), ("b", "Gent"), ("c", "Urk"), ("c", "Goes")),
        )
        found = cursor.execute(
            f"SELECT record_key, action, reason FROM {planned} ORDER BY ALL"
        ).fetchall()
        assert found == [
            ("a", "update", None),
            ("b", "create", None),
            ("c", "conflict", "key_twice"),
            ("c", "conflict", "key_twice"),
        ]
        assert held(target, cursor) == {"a": "Breda"}


def test_rows_without_key_or_owner_are_rejected_with_reason(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0001")
        receipts = target.write_batch(
            cursor,
            "order",
            rows(("o1", "a", "x"), ("o2", "nobody", "x"), (None, "a", "x"), ("o3", "", "x")),
            "core-order-0001",
        )
        assert [(r["record_key"], r["action"], r["reason"]) for r in receipts.to_pylist()] == [
            ("o1", "create", None),
            ("o2", "reject", "owner_missing"),
            ("o3", "create", None),
            (None, "reject", "key_missing"),
        ]
        assert set(held(target, cursor, "order")) == {"o1", "o3"}


def test_a_redone_step_leaves_what_a_first_one_would(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        target.begin("core", 1)
        target.write_batch(
            cursor, "profile", people(("a", "Breda"), ("b", "Urk")), "core-profile-0001"
        )
        target.write_batch(cursor, "profile", people(("c", "Gent")), "core-profile-0002")
        target.begin("sync", 1)
        target.write_batch(cursor, "profile", people(("b", "Ede")), "sync-profile-0001")
        table = target.read_back(cursor, "profile", {"core"})
        assert table["town"].to_pylist() == ["Breda", "Urk", "Gent"]  # before sync wrote
        target.begin("core", 2)
        receipts = target.write_batch(
            cursor, "profile", people(("b", "Urk"), ("c", "Gent")), "core-profile-0001"
        )
        assert actions(receipts) == [("b", "create"), ("c", "create")]
        target.begin("core", 2)
        assert held(target, cursor) == {"b": "Urk", "c": "Gent"}


def test_undo_brings_back_what_stood_there(cursor: Cursor, spec: Spec, tmp_path: Path) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda"), ("b", "Urk")), "one")
        target.write_batch(cursor, "profile", people(("a", "Ede"), ("c", "Gent")), "two")
        target.write_batch(cursor, "profile", people(("c", "Goes")), "three")
        undone = target.undo_batch("two")
        assert (undone.reversed, undone.kept, undone.failed) == (1, 1, 0)
        assert held(target, cursor) == {"a": "Breda", "b": "Urk", "c": "Goes"}
        assert target.undo_batch("two").reversed == 0


def test_types_come_back(cursor: Cursor, spec: Spec, tmp_path: Path) -> None:
    relation = (
        "(SELECT 'a' AS record_key, 'a' AS profile_id, DATE '2024-02-29' AS day, true AS paid,"
        " 12.50::DECIMAL(12,2) AS price, TIMESTAMP '2026-03-01 10:00:00' AS at, ['x', 'y,\"z'] AS tags,"
        " NULL::VARCHAR AS nothing, '' AS empty)"
    )
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", relation, "one")
    with open_target(spec, tmp_path) as target:
        back = target.read_back(cursor, "profile")
        expected = cursor.sql(f"SELECT * FROM {relation}").to_arrow_table()
        assert back.select(expected.column_names).equals(expected)
        assert actions(target.write_batch(cursor, "profile", relation, "two")) == [("a", "skip")]


@pytest.mark.parametrize("entity", list(entities()))
def test_every_entity_comes_back_with_all_its_fields(
    cursor: Cursor, spec: Spec, tmp_path: Path, entity: str
) -> None:
    fields = ", ".join(
        f"NULL::{sql_type(field)} AS {quote(field.name)}" for field in entities()[entity].fields
    )
    relation = f"(SELECT 'a' AS record_key, 'a' AS profile_id, {fields})"
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, entity, relation, "one")
    with open_target(spec, tmp_path) as target:
        back = target.read_back(cursor, entity)
        expected = cursor.sql(f"SELECT * FROM {relation}").to_arrow_table()
        assert back.select(expected.column_names).equals(expected)
        assert actions(target.write_batch(cursor, entity, relation, "two")) == [("a", "skip")]


def test_columns_may_be_added_later(cursor: Cursor, spec: Spec, tmp_path: Path) -> None:
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda"), ("b", "Urk")), "one")
        wider = "(SELECT 'a' AS record_key, 'a' AS profile_id, 'Breda' AS town, 'BE' AS country)"
        assert actions(target.write_batch(cursor, "profile", wider, "two")) == [("a", "update")]
        back = target.read_back(cursor, "profile")
        assert back["country"].to_pylist() == ["BE", None]
        assert held(target, cursor) == {"a": "Breda", "b": "Urk"}


def test_an_entity_never_written_reads_back_empty(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    with open_target(spec, tmp_path) as target:
        back = target.read_back(cursor, "order")
        assert back.num_rows == 0
        assert back.column_names == ["record_key", "profile_id", "import_group", "import_batch"]


def test_a_changed_file_is_seen_when_read_back(cursor: Cursor, tmp_path: Path) -> None:
    target = open_target(Spec("csv", "t"), tmp_path)
    target.write_batch(cursor, "profile", people(("a", "Breda")), "one")
    file = tmp_path / "t" / "profile" / "one.csv"
    file.write_text(file.read_text().replace("Breda", "Delft"))
    assert held(open_target(Spec("csv", "t"), tmp_path), cursor) == {"a": "Delft"}
    file.unlink()
    with pytest.raises(DataSaysNo, match="gone"):
        target.read_back(cursor, "profile")


def test_a_file_outside_the_manifest_does_not_count(cursor: Cursor, tmp_path: Path) -> None:
    target = open_target(Spec("csv", "t"), tmp_path)
    target.write_batch(cursor, "profile", people(("a", "Breda")), "one")
    (tmp_path / "t" / "profile" / "two.csv").write_text("record_key,profile_id,town\nb,b,x\n")
    assert held(target, cursor) == {"a": "Breda"}


def test_unknown_type_and_broken_manifest_are_environment_problems(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="odoo"):
        open_target(Spec("odoo", "t"), tmp_path)
    (tmp_path / "t").mkdir()
    for damage in (b"{", b'{"columns": {"\xff": {}}}'):
        (tmp_path / "t" / "manifest.json").write_bytes(damage)
        with pytest.raises(EnvironmentProblem, match="manifest"):
            open_target(Spec("csv", "t"), tmp_path)


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.text("'=+-@\t\r\n\",;1 a＝", max_size=6),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=st.lists(CELLS, min_size=1, max_size=12))
@pytest.mark.parametrize("kind", ["csv", "duckdb"])
def test_any_cell_comes_back_exactly(
    kind: str, cells: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with duckdb.connect() as cursor, open_target(Spec(kind, "t"), folder) as target:
        cursor.execute("CREATE TABLE cell (i INTEGER, town VARCHAR)")
        for i, cell in enumerate(cells):
            cursor.execute("INSERT INTO cell VALUES ($i, $cell)", {"i": i, "cell": cell})
        key = "'k' || lpad(i::VARCHAR, 4, '0')"
        relation = f"(SELECT {key} AS record_key, '' AS profile_id, town FROM cell)"
        target.write_batch(cursor, "profile", relation, "one")
        assert list(held(target, cursor).values()) == cells
        again = target.write_batch(cursor, "profile", relation, "two")
        assert counts(again)["skip"] == len(cells)


def test_a_target_held_by_another_program_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    holder = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True);"
        " sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="Another program"):
            open_target(Spec("duckdb", "t.duckdb"), tmp_path)
        other.communicate("")
    open_target(Spec("duckdb", "t.duckdb"), tmp_path).close()


def test_an_erasure_leaves_what_stays_with_other_cells(
    cursor: Cursor, spec: Spec, tmp_path: Path
) -> None:
    listed = (
        "(SELECT * FROM (VALUES ('k1', '', '=a', 's', 'r1'), ('k2', '', 'b', 's', 'r1'),"
        " ('k3', '', NULL, 's', 'r2')) v(record_key, profile_id, town, source_system, record_id))"
    )
    was = {"source_system": "s", "record_id": "r1"}
    staying = [
        Staying("list", "k1", was, {"source_system": ":kept", "record_id": "1", "town": None}),
        Staying("list", "k3", {**was, "town": None}, {"town": "is not so"}),
        Staying("other", "k2", was, {"town": "of another entity"}),
    ]
    with open_target(spec, tmp_path) as target:
        target.write_batch(cursor, "profile", people(("a", "Breda")), "core-profile-0001")
        target.write_batch(cursor, "list", listed, "core-list-0001")
        assert target.erase("a", [("s", "r1")], staying) == 2
    with open_target(spec, tmp_path) as target:
        back = target.read_back(cursor, "list").select(["record_key", "town", "record_id"])
        assert back.to_pylist() == [
            {"record_key": "k1", "town": None, "record_id": "1"},
            {"record_key": "k3", "town": None, "record_id": "r2"},
        ]
        assert held(target, cursor) == {}
        again = target.write_batch(cursor, "list", listed, "core-list-0002")
        assert actions(again) == [("k1", "update"), ("k2", "create"), ("k3", "skip")]
