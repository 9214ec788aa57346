"""A small world for consent tests: a few source tables in DuckDB, filled by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from tui_migrate.consent import ledger, placing
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import CONSENT_COLUMNS, SUPPRESSION_COLUMNS, Sources

Row = dict[str, object]
State = dict[tuple[str, str, str], tuple[object, ...]]


class World:
    """Source rows in, ledger and states out; the tables are named as the staging views are."""

    def __init__(self) -> None:
        self.cursor = duckdb.connect()
        self.cursor.execute("SET TimeZone = 'UTC'")
        for name, columns in (
            ("ent_consent", CONSENT_COLUMNS),
            ("ent_suppression", SUPPRESSION_COLUMNS),
        ):
            spec = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            self.cursor.execute(f"CREATE TABLE {name} ({spec})")
        self.cursor.execute(
            "CREATE TABLE ent_profile (source VARCHAR, record_id VARCHAR, delivery VARCHAR,"
            " file VARCHAR, line BIGINT, email VARCHAR[], phone VARCHAR[])"
        )
        self.cursor.execute(
            "CREATE TABLE crosswalk (source VARCHAR, record_id VARCHAR, profile_id VARCHAR)"
        )
        self.cursor.execute(
            "CREATE TABLE profile (profile_id VARCHAR, founder_source VARCHAR,"
            " founder_record VARCHAR, email VARCHAR[], phone VARCHAR[])"
        )
        self._line = 0

    def person(
        self, profile: str | None, record: str, email: Sequence[str] = (), phone: Sequence[str] = ()
    ) -> None:
        """A crm record; ``profile`` None: it was rejected or pruned and is in no profile."""
        self._line += 1
        self.cursor.execute(
            "INSERT INTO ent_profile VALUES ('crm', ?, 'full', 'p.csv', ?, ?, ?)",
            [record, self._line, list(email), list(phone)],
        )
        if profile is not None:
            self.cursor.execute("INSERT INTO crosswalk VALUES ('crm', ?, ?)", [record, profile])
            self.cursor.execute(
                "INSERT INTO profile SELECT ?, 'crm', ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM profile WHERE profile_id = ?)",
                [profile, record, list(email), list(phone), profile],
            )

    def _insert(self, table: str, row: Row) -> None:
        columns = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self.cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))

    def consent(
        self, record: str, state: str | None, at: str | None = None, **more: object
    ) -> None:
        """A consent row of ``crm_consents``; owner is crm record ``owner`` unless told otherwise."""
        self._line += 1
        row: Row = {
            "source": "crm_consents", "record_id": record, "delivery": "full", "file": "c.csv",
            "line": self._line, "child_no": 0, "owner_source": "crm", "owner_record": None,
            "channel": "email", "brand": "Nova", "state": state, "event_at": at,
        }  # fmt: skip
        if "owner" in more:
            more["owner_record"] = more.pop("owner")
        self._insert("ent_consent", row | more)

    def suppress(self, record: str, reason: str, at: str | None = None, **more: object) -> None:
        """A row of the suppression list."""
        self._line += 1
        row: Row = {
            "source": "suppressions", "record_id": record, "delivery": "full", "file": "s.csv",
            "line": self._line, "child_no": 0, "owner_source": "crm", "owner_record": None,
            "channel": "email", "reason": reason, "event_at": at,
        }  # fmt: skip
        if "owner" in more:
            more["owner_record"] = more.pop("owner")
        self._insert("ent_suppression", row | more)

    def build(self) -> World:
        """Make the ledger of what is there now."""
        placing.place(self.cursor, Sources())
        self.cursor.execute(f"CREATE OR REPLACE TABLE consent_event AS {ledger.EVENTS}")
        self.cursor.execute(f"CREATE OR REPLACE TABLE suppression AS {ledger.SUPPRESSIONS}")
        return self

    def states(self, policy: str = "newest") -> State:
        """(profile, brand, channel) → status, rule, evidence_at, source, campaign."""
        rows = self.cursor.execute(
            "SELECT profile_id, brand, channel, status, rule, strftime(evidence_at, '%Y-%m-%d'),"
            f" source, campaign FROM ({states_sql(policy)})"
        ).fetchall()
        found = {row[:3]: row[3:] for row in rows}
        assert len(found) == len(rows)
        return found

    def rules(self, policy: str = "newest") -> dict[tuple[str, str, str], str]:
        """(profile, brand, channel) → rule."""
        return {key: str(value[1]) for key, value in self.states(policy).items()}

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = self.cursor.execute(sql).fetchall()
        return found


def keys(rows: Iterable[tuple[object, ...]]) -> set[tuple[object, ...]]:
    return set(rows)
