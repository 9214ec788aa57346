"""``consent_sync`` in mode deltas: every delivery recognised, every change once, in event order."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from tests.consent.staged import Staged
from tui_migrate.mapping import citizen_numbers
from tui_migrate.model.types.payment import looks_like_bsn
from tui_migrate.runbook.kinds import Limits
from tui_migrate.steps.base import Outcome, ReceiptRow
from tui_migrate.targets import open_target

# id, type, crm, email, channel, brand, at, source, street, name
OUT_BERT = "C1,opt-out,R2,,email,Nova,2026-03-01T12:00:00,,,"
IN_BERT = "C2,opt-in,R2,,email,Nova,2026-03-02T12:00:00,web,,"
OUT_SHARED = "C3,opt-out,,samen@huis.nl,email,*,2026-03-03T12:00:00,,,"
MOVED = "C4,address,R1,,,,2026-03-03T12:00:00,,Nieuwe straat,"
NOBODY = "C5,opt-out,,niemand@huis.nl,email,Nova,2026-03-03T12:00:00,,,"
UNKNOWN = "C6,opt-in,R404,,email,Nova,2026-03-03T12:00:00,web,,"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    made = Staged(tmp_path_factory.mktemp("loaded"))
    made.run("load")
    return made


@pytest.fixture
def staged(loaded: Staged, tmp_path: Path) -> Staged:
    return loaded.copied(tmp_path)


def _failed(outcome: Outcome) -> list[str]:
    return [check.name for check in outcome.checks if not check.passed]


def test_a_new_opt_out_reaches_the_target_and_flows_back_without_echo(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT, OUT_SHARED, MOVED, NOBODY, UNKNOWN])
    outcome = staged.run("sync")
    assert _failed(outcome) == []
    assert staged.states() == {
        ("anna", "Nova"): ("opt-out", "newest_optout"),
        ("anna", "Kompas"): ("opt-out", "newest_optout"),
        ("bert", "Nova"): ("opt-out", "newest_optout"),
    }
    cursor = staged.store.cursor()
    target = open_target(staged.book.target, staged.workspace)
    held = target.read_back(cursor, "consent").to_pylist()
    assert {row["status"] for row in held} == {"opt-out"}
    # 12:00 in Amsterdam (winter) is 11:00 UTC.
    assert "2026-03-03 11:00:00" in {str(row["evidence_at"]) for row in held}
    listed = {row["contact_point"] for row in target.read_back(cursor, "suppression").to_pylist()}
    assert {"weg@huis.nl", "niemand@huis.nl"} <= listed
    assert staged.fates("changes") == {
        "d1:C1": ("attached", "consent.owner"),
        "d1:C3": ("attached", "consent.contact_point"),
        "d1:C4": ("attached", "delta.change"),
        "d1:C5": ("attached", "consent.suppression_list"),
        "d1:C6": ("rejected", "owner_unknown"),
    }
    # The e-mail platform told us; only the CRM has to hear of it.
    back = staged.workspace / "exports" / "back"
    assert [path.name for path in sorted(back.iterdir())] == ["crm"]
    with (back / "crm" / "1.csv").open() as stream:
        rows = [
            (r["record_id"], r["kind"], r["brand"], r["street"]) for r in csv.DictReader(stream)
        ]
    assert sorted(rows) == [
        ("R1", "address", "", "Nieuwe straat"),
        ("R1", "opt-out", "*", ""),
        ("R2", "opt-out", "*", ""),
        ("R2", "opt-out", "Nova", ""),
    ]
    trail = staged.rows(
        "SELECT record_id, before, after FROM trail WHERE event = 'consent' AND before IS NOT NULL"
        " ORDER BY ALL"
    )
    assert trail == [("R1", "opt-in", "opt-out")] * 2 + [("R2", "opt-in", "opt-out")]


def test_deliveries_are_recognised_and_applied_in_the_order_of_events(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT])
    staged.deliver("d2", 2, [OUT_SHARED], promised=[OUT_SHARED, NOBODY])  # truncated
    staged.deliver("d3", 1, [OUT_BERT])  # repeated
    staged.deliver("d4", 4, [])  # too far: 2 and 3 are missing
    staged.deliver("d5", 3, [IN_BERT])  # late
    staged.deliver("d6", 2, [OUT_SHARED, NOBODY])  # delivered again, whole
    outcome = staged.run("sync")
    assert [(d.delivery, d.status) for d in staged.host.deliveries] == [
        ("d1", "accepted"),
        ("d2", "truncated"),
        ("d3", "repeated"),
        ("d4", "out_of_order"),
        ("d5", "late"),
        ("d6", "late"),
    ]
    assert list(staged.units["sync"]) == [
        "delta-0001", "delta-0002", "delta-0003", "delta-0004",
        "aside-changes-d2", "aside-changes-d3", "conservation",
    ]  # fmt: skip
    assert _failed(outcome) == []
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")
    fates = staged.fates("changes")
    assert fates["d2:C3"] == ("rejected", "delivery.truncated")
    assert fates["d3:C1"] == ("repeated", "delivery.repeated")
    assert "pending" not in {fate for fate, _reason in fates.values()}
    events = staged.rows("SELECT count(*) FROM consent_event WHERE source = 'changes'")
    assert events == [(5,)]  # C1, C2, C3 (Anna and Bert), C5: each once


def test_what_is_missing_or_damaged_blocks_and_names_its_remedy(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT], promised=[OUT_BERT, IN_BERT])
    staged.deliver("d3", 3, [NOBODY])
    outcome = staged.run("sync")
    assert len(_failed(outcome)) == 2
    said = [check.observed for check in outcome.checks if not check.passed]
    assert said[0].startswith("changes 2: wait")
    assert said[1].startswith("changes 1: ask")
    assert staged.states()["bert", "Nova"] == ("opt-in", "newest_optin")


def test_missing_numbers_are_said_as_spans(staged: Staged) -> None:
    staged.deliver("d1", 2, [NOBODY])
    staged.deliver("d2", 1_000_000, [MOVED])
    outcome = staged.run("sync")
    said = next(c.observed for c in outcome.checks if c.name == "deltas without a gap")
    assert said.startswith("changes 1, changes 3–999999: wait")
    assert outcome.figures["deliveries missing"] == 999_998


def test_a_delta_of_which_no_line_can_be_read_has_a_check_of_its_own(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT.replace(",", ";"), MOVED.replace(",", ";")])
    staged.deliver("d2", 2, [NOBODY, OUT_BERT + ",one,cell,too,many"])
    outcome = staged.run("sync")
    assert _failed(outcome) == [
        "every line of the deltas can be read",
        "deltas of which lines can be read",
    ]
    said = next(c for c in outcome.checks if c.name == "deltas of which lines can be read")
    assert said.observed.startswith("d1: ")
    assert said.waivable


def test_a_number_used_twice_for_different_content_is_not_applied(staged: Staged) -> None:
    staged.deliver("d1", 1, [NOBODY])
    staged.deliver("d2", 1, [OUT_BERT])
    staged.run("sync")
    assert [d.status for d in staged.host.deliveries] == ["accepted", "mismatch"]
    assert staged.states()["bert", "Nova"] == ("opt-in", "newest_optin")


def test_the_outcome_does_not_depend_on_the_order_of_arrival(
    loaded: Staged, tmp_path: Path
) -> None:
    parts = {1: [OUT_BERT], 2: [IN_BERT], 3: [OUT_SHARED, MOVED]}
    found = []
    for name, order in (("a", (1, 2, 3)), ("b", (3, 1, 2))):
        staged = loaded.copied(tmp_path / name)
        for place, number in enumerate(order):
            staged.deliver(f"d{place}", number, parts[number])
        staged.run("sync")
        found.append(staged.rows("SELECT * FROM consent_state ORDER BY ALL"))
    assert found[0] == found[1]


def test_a_delta_above_the_limits_waits_until_its_check_is_waived(staged: Staged) -> None:
    lines = [f"N{n},opt-out,,n{n}@huis.nl,email,Nova,2026-03-03T12:00:00,,," for n in range(50)]
    staged.deliver("d1", 1, [OUT_BERT, *lines])  # 51 rows, 50 allowed
    staged.deliver("d2", 2, [OUT_SHARED])
    before = staged.rows("SELECT * FROM store.consent_state ORDER BY ALL")
    outcome = staged.run("sync")
    name = "delivery within the limits: d1"
    assert _failed(outcome) == ["deliveries that wait for a person", name]
    check = next(check for check in outcome.checks if check.name == name)
    assert check.severity == "block"
    assert check.observed.startswith("51 rows, at most 50; look at it; then waive")
    # Only d2 counts: nothing of d1 stands in ledger, list, states or target.
    assert staged.rows("SELECT DISTINCT record_id FROM consent_event WHERE source = 'changes'") == [
        ("C3",)
    ]
    assert staged.rows("SELECT count(*) FROM suppression_list WHERE record_id = 'N1'") == [(0,)]
    assert staged.rows("SELECT count(*) FROM ent_consent WHERE source = 'changes'") == [(1,)]
    assert set(staged.fates("changes").values()) == {
        ("held", "delivery.limits"),
        ("attached", "consent.contact_point"),
    }
    held = open_target(staged.book.target, staged.workspace)
    cursor = staged.store.cursor()
    listed = {row["contact_point"] for row in held.read_back(cursor, "suppression").to_pylist()}
    assert "n1@huis.nl" not in listed
    back = staged.workspace / "exports" / "back" / "crm"
    assert [path.name for path in back.iterdir()] == ["2.csv"]
    assert (
        staged.rows("SELECT * FROM store.consent_state WHERE step = 'load' ORDER BY ALL") == before
    )

    done = staged.run("sync", attempt=2, waived=frozenset({name}))
    assert _failed(done) == []
    assert next(check for check in done.checks if check.name == name).observed == "applied: waived"
    events = staged.rows("SELECT count(*) FROM consent_event WHERE source = 'changes'")
    assert events == [(53,)]  # 50 without a person, Bert's, and the shared one of two people
    assert "held" not in {fate for fate, _reason in staged.fates("changes").values()}
    held = open_target(staged.book.target, staged.workspace)
    listed = {row["contact_point"] for row in held.read_back(cursor, "suppression").to_pylist()}
    assert "n1@huis.nl" in listed


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"rows": None, "share": 0.5}, "2 profiles touched, at most 1"),
        ({"rows": None, "conflicts": 0}, "1 conflicts, at most 0"),
    ],
)
def test_share_and_conflicts_hold_a_delta_up_too(
    staged: Staged, limits: dict[str, object], said: str
) -> None:
    spec = staged.book.step("sync")
    assert spec is not None
    settings = spec.with_.model_copy(update={"limits": Limits.model_validate(limits)})
    new = spec.model_copy(update={"with_": settings})
    steps = [new if step.id == "sync" else step for step in staged.book.phases[0].steps]
    phase = staged.book.phases[0].model_copy(update={"steps": tuple(steps)})
    staged.book = staged.book.model_copy(update={"phases": (phase,)})
    # An opt-out of everybody with the shared address, and an old opt-in that it outlives.
    old = "C7,opt-in,R1,,email,Nova,2020-03-03T12:00:00,web,,"
    staged.deliver("d1", 1, [OUT_SHARED, old])
    outcome = staged.run("sync")
    assert _failed(outcome)[-1] == "delivery within the limits: d1"
    assert said in outcome.checks[-1].observed
    assert staged.rows("SELECT count(*) FROM consent_event WHERE source = 'changes'") == [(0,)]


def test_doing_it_again_changes_nothing_but_the_attempt(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT, OUT_SHARED])
    staged.run("sync")
    before = staged.rows("SELECT * FROM consent_state ORDER BY ALL")
    back = (staged.workspace / "exports" / "back" / "crm" / "1.csv").read_bytes()
    outcome = staged.run("sync", attempt=2)
    assert _failed(outcome) == []
    assert staged.rows("SELECT * FROM consent_state ORDER BY ALL") == before
    assert (staged.workspace / "exports" / "back" / "crm" / "1.csv").read_bytes() == back


def test_a_permission_after_all_lifts_the_entry_of_an_all_brand_opt_out(staged: Staged) -> None:
    staged.deliver("d1", 1, ["C1,opt-out,R2,,email,*,2026-03-01T12:00:00,,,"])
    staged.deliver("d2", 2, ["C2,opt-in,R2,,email,Kompas,2026-03-02T12:00:00,web,,"])
    staged.run("sync")
    assert staged.states()["bert", "Kompas"] == ("opt-in", "newest_optin")
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")
    target = open_target(staged.book.target, staged.workspace)
    entries = target.read_back(staged.store.cursor(), "suppression").to_pylist()
    assert {(e["contact_point"], e["brand"], e["active"]) for e in entries} == {
        ("weg@huis.nl", "Nova", True),
        ("bert@huis.nl", "Kompas", False),
    }


def test_a_rebuild_of_deltas_writes_nothing_and_gives_the_same(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT, OUT_SHARED, MOVED, NOBODY])
    staged.run("sync")
    recorded = staged.rows(
        "SELECT step, unit, entity, CASE WHEN entity = 'consent' THEN profile_id ELSE '?' END,"
        " record_key, target_id, action FROM store.receipt"
    )
    files = {p: p.stat().st_mtime_ns for p in (staged.workspace / "exports").rglob("*")}
    again = Staged(staged.workspace, "rebuilt.duckdb")
    for step, unit, *values in recorded:
        row = ReceiptRow(*(str(value) for value in values))
        again.host.recorded.setdefault(f"{step}/{unit}", []).append(row)
    again.run("load", rebuilding=True)
    again.run("sync", rebuilding=True)
    for table in ("receipt", "consent_state", "fate", "trail", "suppression_list"):
        select = f"SELECT * FROM store.{table} ORDER BY ALL"
        assert again.rows(select) == staged.rows(select), table
    assert again.host.batches == again.host.exports == []
    assert {p: p.stat().st_mtime_ns for p in (staged.workspace / "exports").rglob("*")} == files


def test_a_delivery_without_manifest_or_without_its_file_is_not_trusted(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT])
    (staged.workspace / "deliveries/changes/d1/manifest.json").write_text("{}")
    staged.deliver("d2", 2, [OUT_BERT])
    (staged.workspace / "deliveries/changes/d2/changes.csv").unlink()
    staged.deliver("d3", 3, [])
    outcome = staged.run("sync")
    assert [(d.delivery, d.status) for d in staged.host.deliveries] == [
        ("d1", "mismatch"),
        ("d2", "truncated"),
        ("d3", "out_of_order"),
    ]
    assert len(_failed(outcome)) == 2
    assert staged.states()["bert", "Nova"] == ("opt-in", "newest_optin")
    assert staged.fates("changes") == {"d1:C1": ("rejected", "delivery.mismatch")}


def test_changed_content_with_the_promised_number_of_rows_is_not_trusted(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT], promised=[NOBODY])
    staged.run("sync")
    assert [d.status for d in staged.host.deliveries] == ["mismatch"]


def test_a_delivery_without_changes_is_seen_as_empty(staged: Staged) -> None:
    staged.deliver("d1", 1, [])
    outcome = staged.run("sync")
    assert [d.status for d in staged.host.deliveries] == ["empty"]
    assert outcome.figures["last delivery changes"] == 1
    assert _failed(outcome) == []


def test_a_change_of_an_unknown_kind_is_held_and_blocks(staged: Staged) -> None:
    """A platform that says "unsubscribe" where the mapping knows "opt-out" means it all the same."""
    words = ["unsubscribe", "opt out", ""]
    lines = [f"W{n},{word},R2,,email,Nova,2026-03-01,,," for n, word in enumerate(words)]
    staged.deliver("d1", 1, [*lines, MOVED])
    outcome = staged.run("sync")
    assert _failed(outcome) == ["every change has a known meaning"]
    held = ("held", "consent.unknown_change")
    assert staged.fates("changes") == {
        **{f"d1:W{n}": held for n in range(3)},
        "d1:C4": ("attached", "delta.change"),
    }
    found = staged.rows(
        "SELECT record_id, field, severity, value FROM finding"
        " WHERE rule = 'consent.unknown_change' ORDER BY ALL"
    )
    assert [row[:3] for row in found] == [(f"W{n}", "type", "block") for n in range(3)]
    assert [row[3] or "" for row in found] == words
    # The mapping learns the words; the step is done again and the opt-out counts.
    mapping = staged.workspace / "mapping" / "changes.yaml"
    text = mapping.read_text()
    start, end = text.index("    opt-out:"), text.index("    opt-in:")
    kind = text[start:end]
    more = "".join(kind.replace("opt-out:", f'"{word}":') for word in words[:2])
    mapping.write_text(text[:end] + more + text[end:])
    again = staged.run("sync", attempt=2)
    assert staged.fates("changes")["d1:W0"] == ("attached", "consent.owner")
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")
    assert _failed(again) == ["every change has a known meaning"]  # the empty one


def test_a_column_that_came_overnight_is_not_passed_over(staged: Staged) -> None:
    """The platform has a new way to say no, in a column that no mapping knows."""
    staged.deliver("d1", 1, [OUT_BERT])
    assert _failed(staged.run("sync")) == []
    _with_columns(staged, "d2", 2, {"nooit_meer": "ja", "leeg": " "})
    outcome = staged.run("sync", attempt=2)
    (failed,) = [check for check in outcome.checks if not check.passed]
    assert (failed.name, failed.severity) == ("columns of changes are mapped or skipped", "block")
    assert failed.observed.startswith("1: changes.nooit_meer: "), "an empty one says nothing"
    mapping = staged.workspace / "mapping" / "changes.yaml"
    mapping.write_text(mapping.read_text().replace("skip: {", 'skip: {nooit_meer: "a test", '))
    assert _failed(staged.run("sync", attempt=3)) == []


def test_who_waives_columns_of_changes_was_told_all_of_them(staged: Staged) -> None:
    names = [f"nieuw_{n:02}" for n in range(12)]
    _with_columns(staged, "d1", 1, dict.fromkeys(names, "ja"))
    (failed,) = [check for check in staged.run("sync").checks if not check.passed]
    assert failed.observed.startswith(f"12: {', '.join(f'changes.{name}' for name in names)}: ")


def test_a_key_that_came_overnight_in_a_list_is_not_passed_over(staged: Staged) -> None:
    mapping = staged.workspace / "mapping" / "changes.yaml"
    mapping.write_text(
        "source: changes\nentity: consent\nowner: [{of: crm, by: crm}]\neach: wishes\nfields:\n"
        "  channel: {from: 'wishes[].channel'}\n  brand: {from: 'wishes[].brand.name'}\n"
        "  state: {value: withdrawn}\n  event_at: {from: at}\n"
        "skip: {type: no, name: no, email: no, channel: no, brand: no, source: no, street: no}\n"
    )
    wishes = [
        {"channel": "email", "brand": {"name": "Nova"}, "leeg": "", "niets": None},
        {"channel": "post", "brand": {"name": "Nova"}, "nooit/meer": True},
    ]
    text = json.dumps(wishes).replace('"', '""')
    _with_columns(staged, "d1", 1, {"wishes": f'"{text}"'})
    (failed,) = [check for check in staged.run("sync").checks if not check.passed]
    assert failed.observed.startswith("1: changes.wishes[].nooit/meer: ")
    mapping.write_text(mapping.read_text().replace("skip: {", 'skip: {"wishes[].nooit/meer": no, '))
    assert _failed(staged.run("sync", attempt=2)) == []


def test_the_columns_of_a_delivery_that_is_set_aside_hold_nothing_up(staged: Staged) -> None:
    """It came damaged, with a header that nobody knows, and was delivered again, whole."""
    _with_columns(staged, "d1", 1, {"kapot": "ja"})
    path = staged.workspace / "deliveries" / "changes" / "d1" / "changes.csv"
    path.write_text(path.read_text().replace("straat", "weg"))
    staged.deliver("d2", 1, [OUT_BERT])
    assert _failed(staged.run("sync")) == []
    assert [d.status for d in staged.host.deliveries] == ["mismatch", "accepted"]
    _with_columns(staged, "d3", 2, {"kapot": "ja"})
    assert _failed(staged.run("sync", attempt=2)) == ["columns of changes are mapped or skipped"]


def test_a_column_of_citizen_service_numbers_in_changes_is_not_taken_over(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT])
    _with_columns(staged, "d2", 2, {"BSN": "111222333"})
    mapping = staged.workspace / "mapping" / "changes.yaml"
    mapping.write_text(mapping.read_text().replace("brand: {from: brand}", "brand: {from: BSN}", 1))
    name = "no column of citizen service numbers (BSN) in changes is taken over"
    assert name in _failed(staged.run("sync"))


def test_citizen_service_numbers_of_one_delivery_are_known_behind_many_rows_of_another(
    staged: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that fills a mapped column with them overnight."""
    monkeypatch.setattr(citizen_numbers, "LOOKED_AT", 12)
    streets = [MOVED.replace("C4", f"A{n}") for n in range(12)]
    staged.deliver("d1", 1, streets)
    assert _failed(staged.run("sync")) == []
    passing = [n for n in range(100_000_000, 100_000_200) if looks_like_bsn(str(n))][:12]
    lines = [MOVED.replace("C4", f"B{n}").replace("Nieuwe straat", str(n)) for n in passing]
    staged.deliver("d2", 2, lines)
    (failed,) = [check for check in staged.run("sync", attempt=2).checks if not check.passed]
    assert failed.name == "no column of citizen service numbers (BSN) in changes is taken over"
    assert failed.observed == "1: changes.street"


def test_a_mapped_column_that_no_change_has_is_told(staged: Staged) -> None:
    mapping = staged.workspace / "mapping" / "changes.yaml"
    mapping.write_text(mapping.read_text().replace("{from: street}", "{from: straat}"))
    staged.deliver("d1", 1, [OUT_BERT])
    found = {check.name: check for check in staged.run("sync").checks}
    check = found["mapped columns of changes are delivered"]
    assert (check.passed, check.severity, check.observed) == (False, "warn", "1: changes.straat")


def test_an_unreadable_line_of_a_delta_is_a_finding_and_blocks(staged: Staged) -> None:
    staged.deliver("d1", 1, [OUT_BERT + ",one,cell,too,many", MOVED])
    outcome = staged.run("sync")
    assert _failed(outcome) == ["every line of the deltas can be read"]
    found = staged.rows(
        "SELECT delivery, line, severity FROM finding WHERE rule = 'consent.unreadable'"
    )
    assert found == [("d1", 2, "block")]


def test_a_number_used_twice_blocks_until_its_content_came_otherwise(staged: Staged) -> None:
    staged.deliver("d1", 1, [NOBODY])
    staged.deliver("d2", 1, [OUT_BERT])
    outcome = staged.run("sync")
    name = "every number of a delta has one content"
    assert _failed(outcome) == [name]
    assert "d2" in next(check.observed for check in outcome.checks if check.name == name)
    assert staged.fates("changes")["d2:C1"] == ("held", "consent.delivery_clash")
    found = staged.rows(
        "SELECT delivery, value, severity FROM finding WHERE rule = 'consent.delivery_clash'"
    )
    assert found == [("d2", "1", "block")]
    staged.deliver("d3", 2, [OUT_BERT])
    assert _failed(staged.run("sync", attempt=2)) == []
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")


def _with_columns(staged: Staged, folder: str, sequence: int, more: dict[str, str]) -> None:
    """A delivery with one change, and columns that the others do not have."""
    staged.deliver(folder, sequence, [MOVED])
    place = staged.workspace / "deliveries" / "changes" / folder
    head, line = (place / "changes.csv").read_text().splitlines()
    text = f"{head},{','.join(more)}\n{line},{','.join(more.values())}\n"
    (place / "changes.csv").write_text(text)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"][0]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))
