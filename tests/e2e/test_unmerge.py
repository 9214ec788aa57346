"""Two records that the program merged are told apart after all has gone to the target, and come back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.e2e import unmerge_world as world
from tests.e2e.conftest import made_once
from tests.e2e.program import (
    EXPORTS,
    REPOSITORY,
    Finished,
    assert_same_exports,
    audit_of,
    copied,
    export_all,
    facts,
    new_workspace,
    records,
    run_line,
    run_on,
    tui,
    tui_many,
)
from tests.e2e.unmerge_world import BERT, PIA, PIET, decide, run, target

TABLES = ("crosswalk", "redirects", "profiles", "consents", "receipts", "findings", "fates")
OPTED_OUT = "d1;afmelding;;2;Nova;2026-02-01T10:00:00;link;"
"""By the number of her record: hers alone, also in the new system."""


def _exports(root: Path, to: Path) -> dict[str, list[dict[str, str]]]:
    export_all(root, to, TABLES)
    return {name: list(records(to / f"{name}.csv")) for name in TABLES}


def _profiles(root: Path) -> set[str]:
    return {row["profile_id"] for row in _rows(root, "profile")}


def _rows(root: Path, entity: str) -> list[dict[str, str]]:
    """Rows of all live files of an entity (csv), the later of a key winning."""
    held: dict[str, dict[str, str]] = {}
    for path in sorted((root / "exports" / "target" / entity).glob("*.csv")):
        held |= {row["record_key"]: row for row in records(path)}
    return list(held.values())


def _consents(root: Path) -> dict[tuple[str, str], str]:
    return {(row["profile_id"], row["brand"]): row["status"] for row in _rows(root, "consent")}


def _said(root: Path, who: str, language: str = "en") -> str:
    return tui("audit", "show", who, "--lang", language, "-w", root).out


@pytest.fixture(scope="module")
def together(shared: Path) -> Path:
    """A run to its end, a delta included, in which the two are one person. Copy it first."""

    def make(folder: Path) -> Finished:
        world.changed(world.make(folder), 1, OPTED_OUT)
        return run_on(folder)

    return made_once(shared / "together", make, lambda folder: folder).workspace


@pytest.mark.long(seconds=50)
@pytest.mark.parametrize("kind", ["csv", pytest.param("duckdb", marks=pytest.mark.soak)])
def test_told_apart_late_is_as_told_apart_from_the_start(kind: str, tmp_path: Path) -> None:
    early, late = world.make(tmp_path / "early", kind), world.make(tmp_path / "late", kind)
    for root in (early, late):
        world.changed(root, 1, OPTED_OUT)
    # In one process, engine and all: starting it anew for each would take as long again.
    said = ["decide", *world.PAIR, "different", "-w"]
    tui_many(
        [
            run_line(early, "--in-process", "--until", "map"),
            [*said, early],
            run_line(early, "--in-process"),
            run_line(late, "--in-process"),
        ]
    )
    one = target(late)
    tui_many([[*said, late], run_line(late, "--in-process")])
    assert target(late) == target(early) != one
    a, b = (_exports(root, tmp_path / f"{root.name}-e") for root in (early, late))
    for name in set(TABLES) - {"receipts", "fates"}:
        assert a[name] == b[name], name


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["csv", "duckdb"])
def test_told_apart_and_back_all_is_as_it_was(kind: str, tmp_path: Path) -> None:
    late = world.make(tmp_path / "late", kind)
    world.changed(late, 1, OPTED_OUT)
    one = target(run(late))
    decide(late, "different")
    assert target(run(late)) != one
    # The id that she had meanwhile leads to him.
    decide(late, "merge")
    assert target(run(late)) == one
    assert _exports(late, tmp_path / "back")["redirects"] == [
        {"profile_id": PIA, "into_profile": PIET}
    ]
    tui("audit", "verify", "-w", late)


APART = (
    ("crm/R5389714", "email/102528"),
    ("crm/R6962231", "subscriptions/A00004072"),
    ("crm/R0936270", "email/101224"),
    ("email/101224", "shop/S00000612"),
    ("crm/R8991720", "email/104912"),
)
"""Pairs of the sample that merge by themselves, in profiles of two, three and six records."""


@pytest.mark.soak
def test_on_the_whole_sample_late_is_as_from_the_start(tmp_path: Path) -> None:
    deliveries = REPOSITORY / "sample_data" / "media" / "deliveries"
    early, late = (new_workspace(tmp_path / name, deliveries) for name in ("early", "late"))
    run_on(early, "--until", "field-mapping")
    whole = target(run(late))
    for root in (early, late):
        for pair in APART:
            decide(root, "different", pair)
        run(root)
    assert target(late) == target(early) != whole
    tables = ["redirects", *(name for name in EXPORTS if name not in ("receipts", "decisions"))]
    one, other = (export_all(r, tmp_path / f"{r.name}-e", tables) for r in (early, late))
    assert_same_exports(one, other, tables)
    rows = records(export_all(late, tmp_path / "r", ["receipts"]) / "receipts.csv")
    acted = Counter(r["action"] for r in rows if r["entity"] == "profile")
    assert acted["create"] >= len(APART), acted
    assert acted["skip"] > 100 * (acted["create"] + acted["update"]), acted


@pytest.mark.soak
def test_the_target_is_told_what_changed_and_the_story_stands_in_the_audit(
    together: Path, tmp_path: Path
) -> None:
    root = copied(together, tmp_path / "w")
    assert "merge" in decide(root, "different")
    assert "not worked in" in tui("status", "-w", root).out
    run(root)
    assert "not worked in" not in tui("status", "-w", root).out
    assert _profiles(root) == {PIET, PIA, BERT}
    told = _exports(root, tmp_path / "e")
    acted = {r["profile_id"]: r["action"] for r in told["receipts"] if r["entity"] == "profile"}
    assert acted == {PIET: "update", PIA: "create", BERT: "skip"}
    assert facts(root, "target.receipt")[-1]["counts"]["reject"] == 0
    by_profile = {r["profile_id"]: r for r in _rows(root, "profile")}
    assert (by_profile[PIET]["phone"], by_profile[PIET]["more_phone"]) == ("+31612345678", "")
    assert by_profile[PIA]["phone"] == "+31611122233"
    assert [r["profile_id"] for r in _rows(root, "order") if r["order_number"] == "O1"] == [PIA]
    his, hers = _said(root, "crm/1"), _said(root, "shop/2")
    assert f"shop 2 came apart from it, and is in profile {PIA} now" in his
    assert f"no longer in profile {PIET} but in profile {PIA}" in hers
    assert "losgemaakt van crm 1" in _said(root, "shop/2", "nl")
    assert PIA not in (audit_of(root) / "journal.jsonl").read_text()
    # The way back.
    decide(root, "merge")
    run(root)
    assert _profiles(root) == {PIET, BERT}
    again = _exports(root, tmp_path / "again")
    acted = {r["profile_id"]: r["action"] for r in again["receipts"] if r["entity"] == "profile"}
    assert acted == {PIET: "update", BERT: "skip"}
    assert facts(root, "step.finished")[-1]["outcome"] == "done"
    assert f"the target knew profile {PIA}" in _said(root, PIA), "her id leads to him"
    # And once more, by taking the last word back: she gets the id that she had.
    decide(root, "undo")
    run(root)
    assert _profiles(root) == {PIET, PIA, BERT}
    assert "which the target has had before" in _said(root, PIA)


@pytest.mark.soak
def test_what_is_known_by_profile_alone_silences_both_and_permits_neither(
    together: Path, tmp_path: Path
) -> None:
    root = copied(together, tmp_path / "w")
    moment = world.now()
    world.changed(
        root, 2,
        f"n1;afmelding;{PIET};;Kompas;{moment};link;",
        f"n2;aanmelding;{PIET};;Nova;{moment};vink;",
        f"n3;adres;{PIET};;;{moment};;Singel",
        f"n4;afmelding;{BERT};;Nova;{moment};link;",
    )  # fmt: skip
    run(root)
    assert _consents(root) == {
        (PIET, "Kompas"): "opt-out", (PIET, "Nova"): "opt-in", (BERT, "Nova"): "opt-out",
    }  # fmt: skip
    assert [r["profile_id"] for r in _rows(root, "change")] == [PIET]
    decide(root, "different")
    run(root)
    assert _consents(root) == {
        (PIET, "Kompas"): "opt-out", (PIA, "Kompas"): "opt-out",
        # His own permission of 2024 stands; hers was taken back by a letter.
        (PIET, "Nova"): "opt-in", (PIA, "Nova"): "opt-out", (BERT, "Nova"): "opt-out",
    }  # fmt: skip
    evidence = {
        r["profile_id"]: r["source"] for r in _rows(root, "consent") if r["brand"] == "Nova"
    }
    assert evidence[PIET] == "formulier", "the later permission is nobody's"
    assert _rows(root, "change") == []
    told = _exports(root, tmp_path / "e")
    open_ones = {r["record_id"] for r in told["findings"] if r["rule"] == "consent.profile_apart"}
    assert open_ones == {"n2", "n3"}
    fates = {r["record_id"]: r["fate"] for r in told["fates"] if r["source"] == "new"}
    assert fates == {"d1": "attached", "n1": "attached", "n2": "rejected", "n3": "rejected",
                     "n4": "attached"}  # fmt: skip
    # What the new system hears of each after that, is of each.
    later = world.now()
    world.changed(
        root, 3,
        f"n5;aanmelding;{PIET};;Nova;{later};vink;", f"n6;aanmelding;{PIA};;Kompas;{later};vink;",
    )  # fmt: skip
    run(root)
    assert _consents(root)[PIET, "Nova"] == _consents(root)[PIA, "Kompas"] == "opt-in"
    assert _consents(root)[PIA, "Nova"] == _consents(root)[PIET, "Kompas"] == "opt-out"
    # One person after all: what was said of either counts, also under an id that is no longer.
    decide(root, "merge")
    run(root)
    assert _profiles(root) == {PIET, BERT}
    assert _consents(root)[PIET, "Kompas"] == _consents(root)[PIET, "Nova"] == "opt-in"
    world.changed(root, 4, f"n7;afmelding;{PIA};;Kompas;{world.now()};link;")
    run(root)
    assert _consents(root)[PIET, "Kompas"] == "opt-out"


@pytest.mark.soak
def test_staging_that_is_lost_is_made_again_with_all_of_it(together: Path, tmp_path: Path) -> None:
    root = copied(together, tmp_path / "w")
    world.changed(root, 2, f"n1;afmelding;{PIET};;Kompas;{world.now()};link;")
    run(root)
    decide(root, "different")
    run(root)
    before, held = _exports(root, tmp_path / "before"), target(root)
    tui("stop", "-w", root)
    (root / ".tui-migrate" / "staging.duckdb").unlink()
    run(root)
    assert _exports(root, tmp_path / "after") == before
    assert target(root) == held
    tui("audit", "verify", "-w", root)
    assert "the same" in tui("audit", "replay", "--recompute", "-w", root).out


@pytest.mark.soak
def test_who_is_restricted_stays_so_in_both_parts(together: Path, tmp_path: Path) -> None:
    root = copied(together, tmp_path / "w")
    tui("restrict", "crm/1", "--reason", "disputes it", "-w", root)
    run(root)
    assert _profiles(root) == {BERT}
    decide(root, "different")
    run(root)
    assert _profiles(root) == {BERT}
    tui("restrict", "shop/2", "--lift", "--reason", "settled", "-w", root)
    run(root)
    assert _profiles(root) == {BERT, PIA}, "his part is restricted still"
    decide(root, "merge")
    run(root)
    assert _profiles(root) == {BERT}, "who is one person with somebody restricted is too"


@pytest.mark.soak
def test_one_part_is_erased_and_nothing_of_the_other(together: Path, tmp_path: Path) -> None:
    root = copied(together, tmp_path / "w")
    world.changed(root, 2, f"n1;afmelding;{PIET};;Kompas;{world.now()};link;")
    run(root)
    decide(root, "different")
    run(root)
    tui("forget", "crm/1", "--reason", "asked", "--yes", "-w", root)
    run(root)
    assert _profiles(root) == {PIA, BERT}
    assert _consents(root) == {
        (PIA, "Kompas"): "opt-out", (PIA, "Nova"): "opt-out", (BERT, "Nova"): "opt-in",
    }  # fmt: skip
    assert "said to be another person" not in _said(root, "shop/2")
    assert "no record 1 of crm" in tui("decide", *world.PAIR, "merge", "-w", root, code=2).err
