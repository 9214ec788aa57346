"""Restriction and objection in deltas: changes wait, opt-outs go on, old opt-ins change nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.consent.staged import ANNA, BERT, Staged
from tui_migrate.audit.tombstones import Objection, Rights
from tui_migrate.targets import open_target

RESTRICTED = Rights(restricted={"p-R1": "2026-03-01T08:00:00Z"})
"""Anna's data are restricted."""
OBJECTED = Rights(objections=(Objection("2026-03-02T08:00:00Z", frozenset({"p-R2"})),))
"""Bert objects to direct marketing."""

# id, type, crm, email, channel, brand, at, source, street, name
MOVED = "C1,address,R1,,,,2026-03-03T12:00:00,,Nieuwe straat,"
OUT = "C2,opt-out,R1,oud@huis.nl,email,Nova,2026-03-03T12:00:00,,,"
OUT_SHARED = "C3,opt-out,R1,samen@huis.nl,email,Nova,2026-03-03T12:00:00,,,"
BERT_MOVED = "C4,address,R2,,,,2026-03-03T12:00:00,,Ander plein,"


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    made = Staged(tmp_path)
    made.store.connection.execute(
        "INSERT INTO store.record_key BY NAME SELECT source, record_id, 'p-' || record_id AS pseudonym"
        " FROM store.crosswalk"
    )
    return made


def _held(staged: Staged, entity: str) -> list[dict[str, object]]:
    """What the target holds of an entity."""
    cursor = staged.store.cursor()
    rows: list[dict[str, object]] = (
        open_target(staged.book.target, staged.workspace).read_back(cursor, entity).to_pylist()
    )
    return rows


def _listed(staged: Staged) -> set[tuple[object, ...]]:
    rows = _held(staged, "suppression")
    return {(r["contact_point"], r["brand"], r["reason"]) for r in rows if r["active"]}


def _told_crm(staged: Staged) -> set[tuple[str, str]]:
    """Record and kind of what the old CRM has to hear."""
    path = staged.workspace / "exports" / "back" / "crm" / "1.csv"
    with path.open() as stream:
        return {(row["record_id"], row["kind"]) for row in csv.DictReader(stream)}


def test_changes_of_a_restricted_person_wait_and_his_opt_outs_go_on(staged: Staged) -> None:
    staged.run("load", rights=RESTRICTED)
    staged.deliver("d1", 1, [MOVED, OUT, BERT_MOVED])
    assert all(check.passed for check in staged.run("sync", rights=RESTRICTED).checks)
    assert staged.fates("changes") == {
        "d1:C1": ("held", "restricted"),
        "d1:C2": ("attached", "consent.owner"),
        "d1:C4": ("attached", "delta.change"),
    }
    assert {row["profile_id"] for row in _held(staged, "change")} == {BERT}
    assert {row["profile_id"] for row in _held(staged, "consent")} == {BERT}
    # The address that the opt-out names is on no record: the target hears of it by the list alone.
    assert {("oud@huis.nl", "Nova", "opt_out"), ("anna@huis.nl", "*", "restricted")} <= _listed(
        staged
    )
    assert _told_crm(staged) == {("R1", "opt-out"), ("R2", "address")}


def test_they_are_released_when_the_restriction_is_lifted(staged: Staged) -> None:
    staged.run("load", rights=RESTRICTED)
    staged.deliver("d1", 1, [MOVED, OUT])
    staged.run("sync", rights=RESTRICTED)
    staged.run("load", attempt=2)
    assert all(check.passed for check in staged.run("sync", attempt=2).checks)
    assert staged.fates("changes")["d1:C1"] == ("attached", "delta.change")
    assert {row["profile_id"] for row in _held(staged, "change")} == {ANNA}
    assert staged.states()["anna", "Nova"] == ("opt-out", "newest_optout")
    assert (ANNA, "opt-out") in {(r["profile_id"], r["status"]) for r in _held(staged, "consent")}
    assert not {"anna@huis.nl", "oud@huis.nl"} & {point for point, _b, _r in _listed(staged)}
    assert _told_crm(staged) == {("R1", "opt-out"), ("R1", "address")}


@pytest.mark.soak
def test_an_opt_out_of_a_restricted_person_silences_whoever_has_the_address(
    staged: Staged,
) -> None:
    staged.run("load", rights=RESTRICTED)
    assert staged.states()["bert", "Nova"] == ("opt-in", "newest_optin")
    staged.deliver("d1", 1, [OUT_SHARED])
    assert all(check.passed for check in staged.run("sync", rights=RESTRICTED).checks)
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")
    assert {(r["profile_id"], r["status"]) for r in _held(staged, "consent")} == {(BERT, "opt-out")}


def test_after_an_objection_opt_ins_of_before_change_nothing_and_one_given_later_counts(
    staged: Staged,
) -> None:
    mapping = staged.workspace / "mapping" / "changes.yaml"
    with_purpose = mapping.read_text().replace(
        "        evidence: {from: source}\n",
        "        evidence: {from: source}\n        purpose: {from: name}\n",
    )
    mapping.write_text(with_purpose.replace('skip: {name: "not needed"}\n', ""))
    staged.run("load", rights=OBJECTED)
    assert staged.states()["bert", "Nova"] == ("opt-out", "newest_optout")
    before, after = "2026-03-01T12:00:00", "2026-03-03T12:00:00"
    opt_ins = [
        f"C1,opt-in,R2,,email,Nova,{before},web,,",
        f"C2,opt-in,R2,,phone,Kompas,{before},web,,",
        f"C3,opt-in,R2,,email,Nova,{before},web,,surveys",
        f"C4,opt-in,R2,,email,Kompas,{after},web,,",
    ]
    staged.deliver("d1", 1, opt_ins)
    assert all(check.passed for check in staged.run("sync", rights=OBJECTED).checks)
    states = staged.rows(
        "SELECT brand, channel, purpose, status FROM consent_state"
        f" WHERE profile_id = '{BERT}' AND channel IN ('email', 'phone')"
    )
    opted_in = {row[:3] for row in states if row[3] == "opt-in"}
    assert opted_in == {("Kompas", "email", "marketing")}
    assert {row[:3] for row in states} - opted_in == {
        ("Nova", "email", "marketing"),
        ("Nova", "email", "surveys"),
        ("Nova", "phone", "marketing"),
        ("Nova", "phone", "surveys"),
        ("Kompas", "email", "surveys"),
        ("Kompas", "phone", "marketing"),
        ("Kompas", "phone", "surveys"),
    }
    assert not (staged.workspace / "exports" / "back").exists(), "opt-ins alone flow nowhere"
