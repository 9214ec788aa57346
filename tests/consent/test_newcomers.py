"""Newcomers in a delivery of changes: held until they are matched, and then known by what they named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.consent.staged import CHANGES, Staged
from tui_migrate.model.profile_id import profile_id
from tui_migrate.steps.map import LINK_COLUMNS

NEWCOMER = """    new:
      entity: profile
      newcomer: true
      fields: {family_name: {from: name}, email: {from: email}}
skip: {none: "nothing else"}
"""
# id, type, crm, email, channel, brand, at, source, street, name
NINA = "C1,new,R77,nina@huis.nl,,,,,,Nieuw"
KNOWN = "C2,new,R1,,,,,,,Jansen"
HERS = "C3,opt-in,R77,,email,Nova,2026-03-03T12:00:00,web,,"
LATER = "C4,opt-in,R77,,email,Kompas,2026-03-04T12:00:00,web,,"

# What reading, mapping, matching and merging make of her.
TAKEN_IN = f"""
INSERT INTO store.link VALUES ('map', 1, 'u', 'changes', 'C1', 'crm', 'R77', 'crm');
INSERT INTO store.crosswalk VALUES
  ('merge', 1, 'u', 'changes', 'C1', '{profile_id("changes", "C1")}', 'founder', 'single');
INSERT INTO store.fate VALUES ('merge', 1, 'u', 'changes', 'd1', 'changes.csv', 2, 'loaded', NULL);
"""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    made = Staged(tmp_path_factory.mktemp("delivered"))
    mapping = made.workspace / "mapping" / "changes.yaml"
    mapping.write_text(CHANGES.partition("skip:")[0] + NEWCOMER)
    made.store.define("link", LINK_COLUMNS)
    made.run("load")
    made.deliver("d1", 1, [NINA, KNOWN, HERS])
    return made


@pytest.fixture
def staged(delivered: Staged, tmp_path: Path) -> Staged:
    return delivered.copied(tmp_path)


def test_a_newcomer_is_held_and_what_one_says_of_a_known_person_is_a_change(
    staged: Staged,
) -> None:
    outcome = staged.run("sync")
    assert staged.fates("changes") == {
        "d1:C1": ("held", "newcomer"),
        "d1:C2": ("attached", "delta.change"),
        "d1:C3": ("rejected", "owner_unknown"),
    }
    assert outcome.figures["newcomers waiting"] == 1
    waits = [check for check in outcome.checks if not check.passed]
    assert [(check.name, check.severity) for check in waits] == [
        ("newcomers that wait to be matched", "warn")
    ]


def test_who_was_taken_in_is_known_by_the_number_that_the_row_named(staged: Staged) -> None:
    staged.run("sync")
    staged.deliver("d2", 2, [LATER])
    staged.store.connection.execute(TAKEN_IN)
    outcome = staged.run("sync", attempt=2)
    assert staged.fates("changes") == {
        "d1:C1": ("loaded", None),
        "d1:C2": ("attached", "delta.change"),
        "d1:C3": ("attached", "consent.owner"),
        "d2:C4": ("attached", "consent.owner"),
    }
    assert outcome.figures["newcomers waiting"] == 0
    changes = staged.rows("SELECT record_id FROM consent_change WHERE entity = 'profile'")
    assert changes == [("C2",)], "her own record is no change of her"
