"""Every SELECT of the shipped runbook runs on the staging area and says what it means to say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runbook.conftest import SHIPPED
from tui_migrate.mapping.mapped import entity_columns, sql_type
from tui_migrate.model.entities import entities
from tui_migrate.runbook import Loaded, load_runbook
from tui_migrate.staging.store import Cursor, Store, quote

SAMPLE = Path(__file__).parents[2] / "sample_data" / "media"
TECHNICAL = "_delivery VARCHAR, _file VARCHAR, _line BIGINT, _record VARCHAR, _digest VARCHAR"


def headers(source: str, delimiter: str, encoding: str) -> list[str]:
    """The columns of a source's full delivery in the sample."""
    file = next(iter(sorted((SAMPLE / "deliveries" / source).glob("*/*.csv"))))
    with file.open(encoding=encoding, newline="") as stream:
        return next(csv.reader(stream, delimiter=delimiter))


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load_runbook(SHIPPED)


@pytest.fixture
def cursor(tmp_path: Path, loaded: Loaded) -> Iterator[Cursor]:
    """Staging without rows, with the columns that the sample's sources have."""
    store = Store(tmp_path / "staging.duckdb", memory_limit="200MB", threads=1)
    at = store.cursor()
    assert loaded.runbook is not None
    for name, source in loaded.runbook.sources.items():
        columns = ["campaign", "order_id"]
        if source.format.type == "csv":
            format_ = source.format
            columns = headers(name, format_.delimiter or ",", format_.encoding or "utf-8")
        cells = ", ".join(f"{quote(column)} VARCHAR" for column in columns)
        at.execute(f"CREATE TABLE raw_{name} ({TECHNICAL}, {cells})")
    model = entities()
    for entity in model.values():
        at.execute(f"CREATE TABLE {quote('ent_' + entity.name)} ({entity_columns(entity)})")
    fields = ", ".join(f"{quote(f.name)} {sql_type(f)}" for f in model["profile"].fields)
    at.execute(f"CREATE TABLE profile (profile_id VARCHAR, {fields})")
    for name in ("crosswalk", "receipt", "consent_state"):
        at.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM store.{name}")
    yield at
    store.close()


def put(cursor: Cursor, table: str, **values: object) -> None:
    """One row; columns that are not named stay empty."""
    names = ", ".join(quote(name) for name in values)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values.values()))


def columns(cursor: Cursor, sql: str) -> list[str]:
    cursor.execute(sql)
    return [column[0] for column in cursor.description or []]


def test_every_check_gives_one_figure(cursor: Cursor, loaded: Loaded) -> None:
    assert loaded.runbook is not None
    checks = [check for step in loaded.runbook.steps() for check in step.checks]
    assert len(checks) >= 4
    for check in checks:
        assert len(columns(cursor, check.sql)) == 1, check.name
        assert len(cursor.fetchall()) == 1, check.name


def test_every_rule_names_the_records_that_break_it(cursor: Cursor, loaded: Loaded) -> None:
    for name, file in loaded.rules.items():
        whose = ["profile_id"] if "profiles" in name else ["source", "record_id"]
        for rule in file.rules:
            if rule.sql is not None:
                found = columns(cursor, rule.sql)
                assert found in (whose, [*whose, "field", "value"]), rule.id


def test_every_segment_has_its_columns(cursor: Cursor, loaded: Loaded) -> None:
    assert loaded.segments is not None
    names = [segment.name for segment in loaded.segments.segments]
    assert names == ["active-subscriber", "ex-subscriber", "newsletter-reader"]
    for segment in loaded.segments.segments:
        assert columns(cursor, segment.old) == ["source", "record_id", "brand"]
        assert columns(cursor, segment.new) == ["profile_id", "brand"]
        if segment.why is not None:
            assert columns(cursor, segment.why) == ["profile_id", "brand", "reason"]


def subscribe(cursor: Cursor, number: str, person: str, brand: str, old: str, new: str) -> None:
    """A subscription as delivered and as mapped, whose holder became part of a profile."""
    put(cursor, "raw_subscriptions", _record=number, Merk=brand, Status=old)
    put(cursor, "crosswalk", source="subscriptions", record_id=number, profile_id=person)
    put(
        cursor,
        "ent_subscription",
        source="subscriptions",
        record_id=number,
        owner_source="subscriptions",
        owner_record=number,
        brand=brand,
        status=new,
    )
    put(cursor, "receipt", entity="subscription", profile_id=person, action="create")


def select(cursor: Cursor, sql: str) -> list[tuple[object, ...]]:
    return sorted(cursor.execute(sql).fetchall())


def test_a_person_with_a_running_subscription_is_no_ex_subscriber(
    cursor: Cursor, loaded: Loaded
) -> None:
    assert loaded.segments is not None
    active, former, _reader = loaded.segments.segments
    subscribe(cursor, "A1", "anna", "Nova", "beëindigd", "ended")
    subscribe(cursor, "A2", "anna", "Nova", " Actief", "active")
    subscribe(cursor, "A3", "anna", "Kompas", "beëindigd", "ended")
    subscribe(cursor, "A4", "bram", "Nova", "beëindigd", "ended")
    subscribe(cursor, "A5", "cato", "Nova", "gepauzeerd", "paused")
    assert select(cursor, active.old) == [("subscriptions", "A2", "Nova")]
    assert select(cursor, active.new) == [("anna", "Nova")]
    former_old = [("subscriptions", "A3", "Kompas"), ("subscriptions", "A4", "Nova")]
    assert select(cursor, former.old) == former_old
    assert select(cursor, former.new) == [("anna", "Kompas"), ("bram", "Nova")]
    cursor.execute(
        """UPDATE raw_subscriptions SET "Combi merk" = 'Veldpost' WHERE _record = 'A2'"""
    )
    both = [("subscriptions", "A2", "Nova"), ("subscriptions", "A2", "Veldpost")]
    assert select(cursor, active.old) == both
    assert select(cursor, former.old) == former_old


def test_a_newsletter_reader_is_who_the_list_holds_and_the_law_lets_be_mailed(
    cursor: Cursor, loaded: Loaded
) -> None:
    assert loaded.segments is not None
    reader = loaded.segments.segments[2]
    for number, person, status in (("1", "anna", "subscribed"), ("2", "bram", "subscribed")):
        put(cursor, "raw_email", _record=number, list="Nova", status=status)
        put(cursor, "crosswalk", source="email", record_id=number, profile_id=person)
    state = {"channel": "email", "brand": "Nova", "source_system": "email"}
    put(cursor, "consent_state", profile_id="anna", status="opt-in", rule="newest", **state)
    put(cursor, "consent_state", profile_id="bram", status="opt-out", rule="no_evidence", **state)
    assert select(cursor, reader.old) == [("email", "1", "Nova"), ("email", "2", "Nova")]
    assert select(cursor, reader.new) == [("anna", "Nova")]
    assert reader.why is not None
    assert select(cursor, reader.why) == [("bram", "Nova", "consent: no_evidence")]


def test_retention_takes_what_is_older_than_its_day_and_nothing_else(
    cursor: Cursor, loaded: Loaded
) -> None:
    put(cursor, "raw_interests", _record="I1", Datum="28-02-2023")
    put(cursor, "raw_interests", _record="I2", Datum="01-03-2023")
    put(cursor, "raw_interests", _record="I3", Datum="31-02-2020")
    put(cursor, "ent_subscription", source="subscriptions", record_id="A1", ends_on="2014-02-28")
    put(cursor, "ent_subscription", source="subscriptions", record_id="A2", ends_on=None)
    put(cursor, "ent_order", source="shop", record_id="S1", placed_at="2018-12-31 23:59:59")
    put(cursor, "ent_order", source="shop", record_id="S2", placed_at="2019-01-01 00:00:00")
    found = {
        rule.id: [row[1] for row in select(cursor, rule.sql)]
        for rule in loaded.rules["rules/retention.yaml"].rules
        if rule.sql is not None
    }
    assert found["retention-interests"] == ["I1"]
    assert found["retention-subscriptions"] == ["A1"]
    assert found["retention-orders"] == ["S1"]


def test_a_lost_campaign_code_or_label_is_counted(cursor: Cursor, loaded: Loaded) -> None:
    assert loaded.runbook is not None
    step = loaded.runbook.step("campaign-labels")
    assert step is not None
    place = {"_delivery": "d", "_file": "f", "_line": 1}
    put(cursor, "raw_subscriptions", Campagne="NV-1", Soort="proef", **place)
    row = {"source": "subscriptions", "delivery": "d", "file": "f", "line": 1}
    put(cursor, "ent_subscription", campaign="NV-1", kind="trial", **row)
    assert [select(cursor, check.sql) for check in step.checks] == [[(0,)], [(0,)], [(0,)]]
    cursor.execute("UPDATE ent_subscription SET campaign = NULL, kind = 'regular'")
    assert [select(cursor, check.sql) for check in step.checks] == [[(1,)], [(0,)], [(1,)]]
