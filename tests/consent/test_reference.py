"""The SQL of the policies and a plain Python reference agree on random ledgers, in any row order."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consent.reference import REASONS, Event, Key, Silence, Verdict, states
from tui_migrate.consent.policies import states_sql

START = datetime(2024, 1, 1)
PROFILES = st.sampled_from(["p1", "p2", "p3"])
CHANNELS = st.sampled_from(["email", "post", "*"])
BRANDS = st.sampled_from(["Nova", "Kompas", "*"])
DAYS = st.one_of(st.none(), st.integers(0, 4))

EVENTS = st.lists(
    st.builds(
        Event,
        profile=PROFILES,
        record=st.sampled_from(["a", "b", "c"]),
        point=st.sampled_from([None, "x@y.nl"]),
        channel=CHANNELS,
        brand=BRANDS,
        state=st.sampled_from(["given", "given", "confirmed", "withdrawn", "refused", None]),
        at=DAYS,
        evidence=st.sampled_from([None, "card", "web"]),
        campaign=st.sampled_from([None, "c1"]),
    ),
    max_size=24,
    unique=True,
)
SILENCES = st.lists(
    st.builds(
        Silence,
        profile=PROFILES,
        channel=CHANNELS,
        brand=BRANDS,
        reason=st.sampled_from(REASONS),
        at=DAYS,
    ),
    max_size=2,
)


@pytest.fixture(scope="module")
def cursor() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _when(day: int | None) -> datetime | None:
    return None if day is None else START + timedelta(days=day)


def _tables(
    cursor: duckdb.DuckDBPyConnection, events: list[Event], silences: list[Silence]
) -> None:
    texts = {"profile_id": "profile", "record_id": "record", "contact_point": "point"}
    texts |= {name: name for name in ("channel", "brand", "state", "evidence", "campaign")}
    columns = {n: pa.array([getattr(e, a) for e in events], pa.string()) for n, a in texts.items()}
    columns["event_at"] = pa.array([_when(e.at) for e in events], pa.timestamp("us"))
    for name in ("source", "purpose", "delivery", "file"):
        columns[name] = pa.array(["marketing"] * len(events), pa.string())
    columns["line"] = pa.array(range(len(events)), pa.int64())
    columns["beside"] = pa.array([False] * len(events), pa.bool_())
    cursor.register("random_event", pa.table(columns))
    silence = {
        "profile_id": pa.array([s.profile for s in silences], pa.string()),
        "channel": pa.array([s.channel for s in silences], pa.string()),
        "brand": pa.array([s.brand for s in silences], pa.string()),
        "reason": pa.array([s.reason for s in silences], pa.string()),
        "event_at": pa.array([_when(s.at) for s in silences], pa.timestamp("us")),
        "source": pa.array(["s"] * len(silences), pa.string()),
        "record_id": pa.array(["r"] * len(silences), pa.string()),
        "evidence": pa.nulls(len(silences), pa.string()),
    }
    cursor.register("random_silence", pa.table(silence))


def _derived(cursor: duckdb.DuckDBPyConnection, policy: str) -> dict[Key, Verdict]:
    rows = cursor.execute(
        "SELECT profile_id, brand, channel, status, rule, evidence_at, source, campaign"
        f" FROM ({states_sql(policy, 'random_event', 'random_silence')})"
    ).fetchall()
    assert len({row[:3] for row in rows}) == len(rows)
    return {
        row[:3]: (row[3], row[4], None if row[5] is None else (row[5] - START).days, *row[6:])
        for row in rows
    }


@settings(max_examples=60, deadline=None)
@given(events=EVENTS, silences=SILENCES, policy=st.sampled_from(["newest", "restrictive"]))
def test_sql_and_reference_agree(
    cursor: duckdb.DuckDBPyConnection, events: list[Event], silences: list[Silence], policy: str
) -> None:
    _tables(cursor, events, silences)
    forward = _derived(cursor, policy)
    assert forward == states(events, silences, policy)
    _tables(cursor, events[::-1], silences[::-1])
    assert _derived(cursor, policy) == forward


@settings(max_examples=25, deadline=None)
@given(events=EVENTS, silences=SILENCES)
def test_restrictive_never_permits_more_than_newest(
    cursor: duckdb.DuckDBPyConnection, events: list[Event], silences: list[Silence]
) -> None:
    _tables(cursor, events, silences)
    newest, restrictive = _derived(cursor, "newest"), _derived(cursor, "restrictive")
    assert newest.keys() == restrictive.keys()
    permits = {key for key, value in restrictive.items() if value[0] == "opt-in"}
    assert permits <= {key for key, value in newest.items() if value[0] == "opt-in"}
