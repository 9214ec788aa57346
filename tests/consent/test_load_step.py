"""``consent_sync`` in mode load: ledger, states, target, trail, fates, and the proof of it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.consent.staged import ANNA, BERT, Staged
from tui_migrate.consent.history import behind
from tui_migrate.steps.base import ReceiptRow
from tui_migrate.targets import open_target

STATES = {
    ("anna", "Nova"): ("opt-in", "newest_optin"),
    ("anna", "Kompas"): ("opt-in", "newest_optin"),
    ("bert", "Nova"): ("opt-in", "newest_optin"),
}


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    return Staged(tmp_path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """After ``load``, to look at only."""
    made = Staged(tmp_path_factory.mktemp("loaded"))
    made.run("load")
    return made


def test_load_carries_consents_and_proves_it(staged: Staged) -> None:
    outcome = staged.run("load")
    assert staged.states() == STATES
    assert [check.passed for check in outcome.checks] == [True] * len(outcome.checks)
    assert outcome.figures["events"] == 6
    assert outcome.figures["states opt-in"] == 3
    assert outcome.figures["ownerless opt-outs"] == 1
    assert outcome.figures["Kompas email: opt-in after"] == 1
    cursor = staged.store.cursor()
    held = open_target(staged.book.target, staged.workspace).read_back(cursor, "consent")
    kompas = next(row for row in held.to_pylist() if row["brand"] == "Kompas")
    assert (kompas["profile_id"], kompas["source"], str(kompas["evidence_at"])) == (
        ANNA, "popup", "2024-05-01 00:00:00",
    )  # fmt: skip


def test_the_opt_out_of_a_pruned_person_is_on_the_targets_list(loaded: Staged) -> None:
    cursor = loaded.store.cursor()
    target = open_target(loaded.book.target, loaded.workspace)
    entries = target.read_back(cursor, "suppression").to_pylist()
    assert [(e["contact_point"], e["channel"], e["brand"], e["reason"]) for e in entries] == [
        ("weg@huis.nl", "email", "Nova", "opt_out")
    ]


def test_no_row_stays_pending_and_an_opt_out_is_never_rejected(loaded: Staged) -> None:
    assert loaded.fates("crm_consents") == {
        "full:T1": ("attached", "consent.owner"),
        "full:T2": ("attached", "consent.owner"),
        "full:T3": ("attached", "consent.suppression_list"),
        "full:T4": ("attached", "consent.owner"),
        "full:T5": ("rejected", "owner_unknown"),
        "full:T6": ("pending", None),  # T6 was never mapped: not this step's to judge
    }
    assert loaded.fates("email") == {"full:E1": ("merged", None)}


def test_the_trail_tells_each_state_on_the_founding_record(loaded: Staged) -> None:
    events = loaded.rows(
        "SELECT source, record_id, field, rule, other_source, other_record, before, after"
        " FROM trail WHERE event = 'consent' AND record_id = 'R1' ORDER BY ALL"
    )
    assert events == [
        ("crm", "R1", "email/Kompas/marketing", "newest_optin", "email", "E1", None, "opt-in"),
        ("crm", "R1", "email/Nova/marketing", "newest_optin", "crm_consents", "T1", None, "opt-in"),
    ]


def test_intent_comes_before_receipt(loaded: Staged) -> None:
    assert loaded.host.batches[:2] == ["intent load-consent-0001", "receipt load-consent-0001"]
    receipts = loaded.rows("SELECT profile_id, target_id, action FROM receipt WHERE entity = 'consent'"
                           " ORDER BY target_id DESC")  # fmt: skip
    assert receipts == [(ANNA, "2", "create"), (BERT, "1", "create")]


def test_a_rebuild_writes_nothing_and_gives_the_same(loaded: Staged, tmp_path: Path) -> None:
    staged = loaded.copied(tmp_path)
    before = staged.rows("SELECT * EXCLUDE (unit) FROM store.receipt ORDER BY ALL")
    recorded = staged.rows(
        "SELECT unit, entity, profile_id, record_key, target_id, action FROM store.receipt"
    )
    target = staged.workspace / "exports" / "target"
    files = {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}
    again = Staged(staged.workspace, "rebuilt.duckdb")
    for unit, *values in recorded:
        row = ReceiptRow(*(str(value) for value in values))
        again.host.recorded.setdefault(f"load/{unit}", []).append(row)
    outcome = again.run("load", rebuilding=True)
    assert again.rows("SELECT * EXCLUDE (unit) FROM store.receipt ORDER BY ALL") == before
    assert again.states() == STATES
    assert again.units == staged.units
    assert again.host.batches == []
    assert all(check.passed for check in outcome.checks)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        # A lost opt-out: the target says that Bert may be contacted, a source says no.
        (
            "INSERT INTO store.ent_consent BY NAME SELECT * REPLACE ('withdrawn' AS state,"
            " NULL AS event_at) FROM store.ent_consent WHERE record_id = 'T2'",
            "justified",
        ),
        # A suppressed person whom the target may contact.
        (
            "INSERT INTO store.ent_suppression BY NAME SELECT step, attempt, unit, source, 'X'"
            " AS record_id, delivery, file, line, 'email' AS channel, 'complaint' AS reason,"
            " 'Samen@huis.nl ' AS contact_point FROM store.ent_consent WHERE record_id = 'T2'",
            "justified",
        ),
        # An opt-in that no source knows.
        ("DELETE FROM store.ent_consent WHERE record_id = 'T2'", "invented"),
        # A state that is not in the target as it was derived.
        ("UPDATE store.consent_state SET evidence_at = NULL WHERE brand = 'Kompas'", "carried"),
    ],
)
def test_conservation_finds_what_went_wrong(
    loaded: Staged, tmp_path: Path, change: str, failing: str
) -> None:
    from tui_migrate.steps.base import Context
    from tui_migrate.steps.consent_target import TargetSide

    staged = loaded.copied(tmp_path)
    cursor = staged.store.cursor()
    cursor.execute(change)
    spec = staged.book.step("load")
    assert spec is not None
    context = Context(staged.workspace, staged.book, spec, 1, staged.store, cursor, staged.host)
    found = TargetSide(staged.book, "load").conserved(context)
    wrong = {n for n in ("carried", "justified", "invented") if getattr(found, n)}
    assert wrong == {failing}


def test_the_events_behind_a_state_name_the_one_that_decided(loaded: Staged) -> None:
    found = behind(loaded.store.cursor(), ANNA, "Kompas", "email")
    assert [(b.what, b.source, b.decides) for b in found] == [
        ("withdrawn", "crm_consents", False),
        ("given", "email", True),
    ]
    assert {b.rule for b in found} == {"newest_optin"}


def test_an_opt_out_that_nothing_can_carry_blocks(staged: Staged) -> None:
    staged.store.connection.execute(
        "INSERT INTO store.ent_consent BY NAME SELECT 'map' AS step, 1 AS attempt, 'u' AS unit,"
        " 'crm_consents' AS source, 'T6' AS record_id, 'full' AS delivery,"
        " 'crm_consents.csv' AS file, 7 AS line, 1 AS child_no, 'crm' AS owner_source,"
        " 'R404' AS owner_record, 'email' AS channel, 'Nova' AS brand, 'refused' AS state"
    )
    outcome = staged.run("load")
    failed = [check for check in outcome.checks if not check.passed]
    assert [(check.name, check.observed, check.severity) for check in failed] == [
        ("opt-outs that nobody could be found for", "1", "block")
    ]


def test_what_could_not_be_read_or_understood_is_counted(staged: Staged) -> None:
    """Torn lines: of a list of consents, of people with consents (both block), of people only. And
    "misschien" after a permission."""
    place = "'ingest' AS step, 1 AS attempt, 'u' AS unit"
    for source in ("crm_consents", "email", "crm"):
        staged.store.connection.execute(
            f"INSERT INTO store.reject BY NAME SELECT {place}, '{source}' AS source,"
            " 'full' AS delivery, 'x.csv' AS file, 99 AS line, 'T9;R2;Nova' AS raw"
        )
    staged.store.connection.execute(
        "INSERT INTO store.ent_consent BY NAME SELECT step, attempt, unit, source, 'T7' AS record_id,"
        " delivery, file, 8 AS line, child_no, owner_source, owner_record, channel, brand,"
        " NULL AS state, event_at + INTERVAL 1 DAY AS event_at FROM store.ent_consent"
        " WHERE record_id = 'T2'"
    )
    outcome = staged.run("load")
    failed = {c.name: (c.observed, c.severity) for c in outcome.checks if not c.passed}
    assert failed == {
        "unclear statements newer than a permission": ("1", "warn"),
        "every line of a list of consents can be read": ("1", "block"),
        "every line with people and their consents can be read": ("1", "block"),
    }
    found = staged.rows(
        "SELECT source, line, severity, value FROM finding WHERE rule = 'consent.unreadable'"
        " ORDER BY ALL"
    )
    assert found == [(source, 99, "block", "T9;R2;Nova") for source in ("crm_consents", "email")]
