"""A few rows in staging: enough for every screen that asks."""

from __future__ import annotations

from typing import Any

from tests.tui.world import World
from tui_migrate.staging.store import begin_attempt

STEP = ("all", 1, "u")

PROFILE = (
    "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
    " child_no INTEGER, first_name VARCHAR, prefix VARCHAR, family_name VARCHAR,"
    " birth_date DATE, email VARCHAR[], phone VARCHAR[], street VARCHAR, town VARCHAR"
)
MERGED = (
    "profile_id VARCHAR, founder_source VARCHAR, founder_record VARCHAR, first_name VARCHAR,"
    " prefix VARCHAR, family_name VARCHAR, birth_date DATE, email VARCHAR[], phone VARCHAR[],"
    " street VARCHAR, town VARCHAR"
)
CHILD = (
    "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
    " child_no INTEGER, owner_source VARCHAR, owner_record VARCHAR"
)
CONSENT = (
    f"{CHILD}, channel VARCHAR, brand VARCHAR, state VARCHAR, event_at TIMESTAMP, evidence VARCHAR"
)
PAIR = (
    "source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR, weight DOUBLE,"
    " probability DOUBLE, band VARCHAR, reason VARCHAR, rules VARCHAR[],"
    " weights STRUCT(field VARCHAR, level VARCHAR, weight DOUBLE)[],"
    " decision VARCHAR, decided_by VARCHAR"
)

PEOPLE: list[tuple[Any, ...]] = [
    ("crm", "1200368", "Hendrik-Jan", "de", "Vries", "1961-03-12", ["hj.devries@example.nl"],
     ["+31612345678"], "IJsselstraat", "Deventer"),
    ("email", "85eaefe0", "Henk", "de", "Vries", None, ["hj.devries@example.nl"], [], None, None),
    ("shop", "W10500285", "H.J.", "de", "Vries", "1961-03-12", ["hj.devries@example.com"], [],
     "IJsselstr.", "Deventer"),
    ("crm", "1200777", "Anna", None, "Jansen", "1980-01-02", ["anna@example.nl"], [], "Dam", "Gent"),
    ("shop", "W2", "A.", None, "Jansen", None, ["anna@example.nl"], [], None, "Gent"),
]  # fmt: skip


def put(world: World, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    """Append rows to a staging table as a live step would."""
    if columns:
        world.store.define(table, columns)
    cursor = world.store.cursor()
    for row in rows:
        marks = ", ".join(["?"] * (len(row) + 3))
        cursor.execute(f"INSERT INTO store.{table} VALUES ({marks})", [*STEP, *row])
    cursor.close()


def fill(world: World, people: list[tuple[Any, ...]] = PEOPLE) -> World:
    """Fill every table that a screen reads; ``people`` may be hostile."""
    cursor = world.store.cursor()
    begin_attempt(cursor, 1, "all", 1, 1)
    where = ("2026-02", "contacts.csv")
    put(world, "ent_profile", PROFILE,
        [(s, r, *where, n + 2, 0, *rest) for n, (s, r, *rest) in enumerate(people)])  # fmt: skip
    put(world, "profile", MERGED, [(f"{n:020x}", *person) for n, person in enumerate(people)])
    for n, person in enumerate(people):
        source, record = person[0], person[1]
        cursor.execute(
            "INSERT INTO store.record_key VALUES (?, ?, ?, NULL, NULL)",
            [source, record, f"p-{source}-{record}"],
        )
        put(world, "crosswalk", "",
            [(source, record, f"{n:020x}", "founder", "single")])  # fmt: skip
        world.trails[source, record] = [
            {"at": "2026-03-01T09:00:00+00:00", "by": "", "event": "read", "source": source,
             "record_id": record, "rule": ""},
            {"at": "2026-03-01T09:05:00+00:00", "by": "", "event": "cleaned", "field": "family_name",
             "before": person[4], "after": person[4], "rule": "trim", "source": source,
             "record_id": record},
            {"at": "2026-03-01T09:12:00+00:00", "by": "dpo", "event": "merged", "rule": "same_email",
             "other_source": "email", "other_record": "85eaefe0", "source": source,
             "record_id": record},
        ]  # fmt: skip
        put(world, "profile_value", "",
            [(f"{n:020x}", field, source, record, "most_trusted", "")
             for field in ("first_name", "family_name", "email")])  # fmt: skip
    cursor.close()
    _consents(world, people)
    _pairs(world, people)
    _findings(world, people)
    return world


def _consents(world: World, people: list[tuple[Any, ...]]) -> None:
    first, second = people[0], people[1]
    base = ("2026-02", "consents.csv", 2, 0)
    put(world, "ent_consent", CONSENT, [
        ("crm", "c1", *base, *first[:2], "email", "Nova", "given", "2019-05-01 10:00:00", "web form"),
        ("email", "c2", *base, *second[:2], "email", "Nova", "withdrawn", "2021-06-01 10:00:00", "link"),
    ])  # fmt: skip
    put(
        world,
        "ent_subscription",
        CHILD,
        [("crm", "s1", *base, *first[:2]), ("crm", "s2", *base, *first[:2])],
    )
    put(world, "ent_order", CHILD, [("shop", "o1", *base, *second[:2])])
    put(world, "consent_state", "", [("0" * 20, "Nova", "email", "marketing", "opt-out",
        "2021-06-01 10:00:00", "link", "", "newest_evidence", "email", "c2"),
        ("0" * 20, "Kompas", "post", "marketing", "opt-in", "2020-06-01 10:00:00", first[2], "",
         "newest_evidence", "crm", "c3")])  # fmt: skip
    put(world, "consent_event", "", [
        ("0" * 20, "crm", "c1", "2026-02", "consents.csv", 2, "", "email", "Nova", "marketing", "given",
         "2019-05-01 10:00:00", "", "web form", "", "", False),
        ("0" * 20, "email", "c2", "2026-02", first[4], 3, "", "email", "Nova", "marketing", "withdrawn",
         "2021-06-01 10:00:00", "", first[2], "", "", False)])  # fmt: skip
    put(world, "suppression", "", [
        ("0" * 20, "email", "b1", "2026-02", "bounces.csv", 9, "x@example.nl", "email", "*",
         "complaint", None, "")])  # fmt: skip


def _pairs(world: World, people: list[tuple[Any, ...]]) -> None:
    weights = (
        [{"field": "first_name", "level": "variant", "weight": 2.1},
         {"field": "family_name", "level": "exact", "weight": 7.4},
         {"field": "email", "level": "own", "weight": 18.4},
         {"field": "prior", "level": "", "weight": -10.9},
         {"field": "birth_date", "level": "different", "weight": -5.2},
         {"field": "address", "level": "number", "weight": 4.0}])  # fmt: skip
    by_initials = [
        {"field": "first_name", "level": "initial", "weight": 0.3},
        {"field": "family_name", "level": "exact", "weight": 7.4},
        {"field": "email", "level": "different", "weight": -2.0},
        {"field": "prior", "level": "", "weight": -10.9},
        {"field": "birth_date", "level": "exact", "weight": 8.9},
        {"field": "address", "level": "exact", "weight": 4.4}]  # fmt: skip
    made = [(0, 1, 9.5, 0.93), (0, 2, 8.1, 0.88), (3, 4, 5.5, 0.61)]
    put(world, "pair", PAIR, [
        (*people[a][:2], *people[b][:2], weight, p, "review", "no_independent_identifier",
         ["email", "surname_birth"], by_initials if b == 2 else weights, None, None)
        for a, b, weight, p in made
    ])  # fmt: skip


def _findings(world: World, people: list[tuple[Any, ...]]) -> None:
    rows: list[tuple[Any, ...]] = [
        ("crm", "2026-02", people[n % len(people)][4] or "f.csv", n + 2, people[n % len(people)][1],
         "profile", "postcode", "postcode.invalid", "warn", people[n % len(people)][2], None,
         "not a postcode")
        for n in range(7)
    ]  # fmt: skip
    rows.append(("email", "2026-02", "mail.csv", 4, "85eaefe0", "profile", "email", "email.typo_domain",
                 "block", "henk@gmial.com", "henk@gmail.com", "gmial.com is gmail.com"))  # fmt: skip
    put(world, "finding", "", rows)
    put(world, "column_use", "", [
        ("crm", "Achternaam", "profile", "family_name", 1480, 1500, "mapped", "",
         ["Jansen", people[0][4]]),
        ("crm", "Notitie", "", "", 12, 1500, "skipped", "free text, not needed", ["call back"]),
        ("crm", "Kenmerk3", "", "", 7, 1500, "unmapped", "", ["x", people[0][2]]),
    ])  # fmt: skip
    put(world, "record", "", [("crm", "2026-02", "contacts.csv", 2, "1200368", "d")])
