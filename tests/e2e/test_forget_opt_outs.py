"""One of a household is erased who said no for all: the others stay silent, by the address alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.e2e.erasure_world import contents, traces
from tests.e2e.house_world import ANNA, BERT, CEES, HOUSE, PEOPLE, delta, make, people
from tests.e2e.program import copied, export_all, facts, records, run_line, run_on, tui, tui_many
from tui_migrate.model.profile_id import profile_id
from tui_migrate.staging.erasure import KEPT, WHY_KEPT

State = tuple[str, str, str]
HERS = profile_id(*ANNA.split("/"))
BY = {profile_id(*named.split("/")): named for named in (BERT, CEES)}
SILENT = {(BERT, "Nova"), (BERT, "Kompas"), (CEES, "Nova")}
"""Who is silent by her word, for which brand."""


def _forget(workspace: Path, who: str = ANNA) -> str:
    return tui("forget", who, "--reason", "asked", "--yes", "-w", workspace).out


def _consents(workspace: Path, to: Path) -> list[dict[str, str]]:
    return list(records(export_all(workspace, to, ("consents",)) / "consents.csv"))


def _states(rows: list[dict[str, str]]) -> dict[tuple[str, str, str], State]:
    """The state of everybody else: what it is, since when and by which rule."""
    return {
        (r["profile_id"], r["brand"], r["channel"]): (r["status"], r["evidence_at"], r["rule"])
        for r in rows
        if r["profile_id"] != HERS
    }


def _by_kept(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    """Whose opt-out for which brand rests on what was kept."""
    kept = [r for r in rows if r["source_system"] == KEPT]
    assert {(r["status"], r["source"], r["campaign"]) for r in kept} <= {("opt-out", WHY_KEPT, "")}
    return {(BY[r["profile_id"]], r["brand"]) for r in kept}


def _target(workspace: Path, entity: str) -> Iterator[dict[str, str]]:
    for path in sorted((workspace / "exports" / "target" / entity).glob("*.csv")):
        yield from records(path)


def _again(workspace: Path, step: str) -> None:
    """A step and all behind it once more; every check of consents has to pass."""
    tui_many([["redo", step, "-w", workspace], run_line(workspace)])


def _lose_staging(workspace: Path) -> None:
    for path in (workspace / ".tui-migrate").glob("staging.duckdb*"):
        path.unlink()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run is done, and she is there. Copy it first."""
    workspace = make(tmp_path_factory.mktemp("house") / "before")
    run_on(workspace)
    return workspace


@pytest.fixture(scope="module")
def without(before: Path) -> Path:
    """A copy of it, without her."""
    workspace = copied(before, before.with_name("without"))
    said = _forget(workspace)
    assert "opt-outs of addresses kept: 3" in said
    assert "is silent by an opt-out of his" not in said, "nobody needs to decide anything"
    return workspace


@pytest.mark.long(seconds=24)
def test_the_others_stay_silent_and_nothing_of_hers_is_left(
    before: Path, without: Path, tmp_path: Path
) -> None:
    was, now = _consents(before, tmp_path / "was"), _consents(without, tmp_path / "now")
    assert _states(now) == _states(was)
    assert _by_kept(now) == SILENT
    assert traces(without) == []
    held = {(r["profile_id"], r["brand"]): r for r in _target(without, "consent")}
    for row in now:
        there = held[row["profile_id"], row["brand"]]
        assert (there["status"], there["source"]) == (row["status"], row["source"])
    folder = without / ".tui-migrate" / "exports" / "t"
    assert list(records(folder / "consents.csv")) == now, "the export that was made before, too"


def test_of_two_suppressions_of_one_number_the_other_stays(before: Path, without: Path) -> None:
    was = {r["contact_point"]: r for r in _target(before, "suppression")}
    now = {r["contact_point"]: r for r in _target(without, "suppression")}
    assert {r["record_id"] for r in was.values()} == {"ZQXS1"}, "hers is the graver one"
    assert was.keys() == now.keys() == {"+31201234567", "+32201234567"}
    kept, other = now["+31201234567"], now["+32201234567"]
    assert (kept["source_system"], kept["reason"]) == (KEPT, "complaint"), "Bert has the number"
    assert (other["record_id"], other["reason"]) == ("S2", "manual"), (
        "nobody has it, but S2 says so"
    )


@pytest.mark.soak
def test_it_stays_whatever_is_done_again(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    first = _consents(workspace, tmp_path / "0")
    entries = sorted((r["record_key"], r["record_id"]) for r in _target(workspace, "suppression"))
    for number, step in enumerate(("deltas", "read"), 1):
        _again(workspace, step)
        assert _consents(workspace, tmp_path / f"{number}") == first, step
    now = sorted((r["record_key"], r["record_id"]) for r in _target(workspace, "suppression"))
    assert now == entries
    assert "different" not in tui("audit", "replay", "--recompute", "-w", workspace).out
    _lose_staging(workspace)
    assert _consents(workspace, tmp_path / "rebuilt") == first
    assert "✓ consistent" in tui("audit", "verify", "-w", workspace).out
    assert traces(workspace) == []


def test_what_was_done_before_can_be_recomputed_but_for_her(without: Path) -> None:
    assert "hold erased records" in tui("audit", "replay", "--recompute", "-w", without).out


@pytest.mark.soak
def test_a_permission_of_ones_own_that_comes_later_counts(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    delta(workspace, 2, [["c9", "opt-in", "B2", HOUSE, "Nova", "2026-03-03T10:00:00", "web"]])
    _again(workspace, "deltas")
    rows = _consents(workspace, tmp_path / "now")
    assert _by_kept(rows) == SILENT - {(BERT, "Nova")}
    states = {(BY.get(p, ""), brand): state for (p, brand, _c), state in _states(rows).items()}
    assert states[BERT, "Nova"][0] == "opt-in"


@pytest.mark.soak
def test_what_she_says_later_silences_the_others_too(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    delta(workspace, 2, [
        ["c8", "opt-in", "B2", HOUSE, "Kompas", "2026-03-03T10:00:00", "web"],
        ["c9", "opt-out", "ZQXR1", HOUSE, "Kompas", "2026-03-04T10:00:00", "Zqxclick"],
    ])  # fmt: skip
    said = tui(*run_line(workspace), code=1).said
    assert "no opt-out is contacted without a later permission: 1; expected: 0" in said
    kept = [name for fact in facts(workspace, "delivery.rewritten") for name in fact["kept"]]
    assert len(kept) == 1
    run_on(workspace)  # what was done before is noticed to be stale
    rows = _consents(workspace, tmp_path / "now")
    assert _by_kept(rows) == SILENT
    states = {(BY.get(p, ""), brand): state for (p, brand, _c), state in _states(rows).items()}
    assert states[BERT, "Kompas"][:2] == ("opt-out", "2026-03-04T09:00:00Z")
    assert traces(workspace) == []


@pytest.mark.soak
def test_what_a_later_delivery_says_of_her_is_kept_once(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    yes = ["B2", "Bert Smit", HOUSE, "020 1234567", "2026-04-02T10:00:00", "", "", "web"]
    hers = ["ZQXR1", "Zqxanna Zqxberg", HOUSE, "", "", "2026-04-03T10:00:00", "all", "Zqxletter"]
    known = [*PEOPLE[0][:3], "020 1234567", *PEOPLE[0][4:]]
    for number, (delivery, rows) in enumerate(
        (("2026-04-04-full", [known, yes, *PEOPLE[2:]]), ("2026-04-05-full", [hers, yes, *PEOPLE[2:]]),
         ("2026-04-06-full", [hers, yes, *PEOPLE[2:]]))
    ):  # fmt: skip
        people(workspace, delivery, rows)
        _again(workspace, "read")
        kept = [name for fact in facts(workspace, "delivery.rewritten") for name in fact["kept"]]
        assert len(kept) == min(number, 1), delivery
        now = _states(_consents(workspace, tmp_path / delivery))
        states = {(BY.get(p, ""), brand): state[0] for (p, brand, _c), state in now.items()}
        assert states[BERT, "Nova"] == ("opt-out" if number else "opt-in"), delivery
        assert traces(workspace) == []
    assert "✓ consistent" in tui("audit", "verify", "-w", workspace).out


@pytest.mark.soak
def test_who_comes_with_her_and_shares_a_new_address_is_silent_too(
    without: Path, tmp_path: Path
) -> None:
    workspace = copied(without, tmp_path / "w")
    new, alone = "new-house@example.org", "zqxalone@example.org"
    hers = [*PEOPLE[0][:2], new, "", "", "2026-04-03T10:00:00", "Nova", "Zqxletter"]
    more = ["ZQXR1", "Zqxanna Zqxberg", alone, "", "", "2026-04-03T10:00:00", "Nova", "Zqxletter"]
    eva = ["E5", "Eva Pol", new, "", "2026-04-02T10:00:00", "", "", "web"]
    people(workspace, "2026-04-04-full", [hers, more, eva, *PEOPLE[1:]])
    _again(workspace, "read")
    kept = [name for fact in facts(workspace, "delivery.rewritten") for name in fact["kept"]]
    assert len(kept) == 1, "of the address that only she has nothing is kept"
    states = _states(_consents(workspace, tmp_path / "now"))
    assert states[profile_id("people", "E5"), "Nova", "email"][0] == "opt-out"
    assert traces(workspace) == []


@pytest.mark.soak
def test_it_goes_with_the_last_who_has_the_address(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    vault = workspace / ".tui-migrate" / "vault" / "opt-outs"
    assert len(list(vault.iterdir())) == 2, "a mailbox and a number"
    _forget(workspace, BERT)
    assert len(list(vault.iterdir())) == 1, "the number was only his by now"
    assert _by_kept(_consents(workspace, tmp_path / "1")) == {(CEES, "Nova")}
    _again(workspace, "read")
    assert _by_kept(_consents(workspace, tmp_path / "2")) == {(CEES, "Nova")}
    _forget(workspace, CEES)
    assert list(vault.iterdir()) == []
    assert list(_target(workspace, "suppression")) == [], "S2 named nothing but Bert's number"
    house = HOUSE.encode()
    left = [
        path
        for path in workspace.rglob("*")
        if path.is_file() and path.suffix != ".backup"
        and any(house in content for _what, content in contents(path))
    ]  # fmt: skip
    assert left == []
    asked = facts(workspace, "erasure.asked")
    assert sorted(asked[0]["kept"]) == sorted(asked[1]["ended"] + asked[2]["ended"])
    _again(workspace, "read")
    assert _by_kept(_consents(workspace, tmp_path / "3")) == set()
    assert "✓ consistent" in tui("audit", "verify", "-w", workspace).out


@pytest.mark.soak
@pytest.mark.parametrize("step", ["read", "map", "merge"])
def test_before_consents_were_read_her_word_stays_too(
    before: Path, tmp_path: Path, step: str
) -> None:
    workspace = make(tmp_path / "w")
    tui(*run_line(workspace, "--until", step))
    shutil.rmtree(workspace / "deliveries" / "changes")
    _forget(workspace)
    run_on(workspace)
    rows = _consents(workspace, tmp_path / "now")
    assert _by_kept(rows) == SILENT - {(BERT, "Kompas")}
    was = _states(_consents(before, tmp_path / "was"))
    assert {k: v for k, v in was.items() if k[1] == "Nova"} == _states(rows)
    assert traces(workspace) == []


@pytest.mark.soak
def test_a_restored_back_up_keeps_the_others_silent(without: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    tui("restore", "keep-1.backup", again, "-w", without)
    assert traces(again) == []
    (again / "staging.duckdb").unlink()
    for name in ("backup.key", "decisions.yaml"):
        shutil.copyfile(without / name, again / name)
    tui(*run_line(again, "--until", "consents"))
    assert _by_kept(_consents(again, tmp_path / "now")) == SILENT - {(BERT, "Kompas")}


def test_without_what_the_vault_kept_nothing_is_sent(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    lost = next((workspace / ".tui-migrate" / "vault" / "opt-outs").iterdir())
    lost.unlink()
    tui("redo", "consents", "-w", workspace)
    said = tui(*run_line(workspace), code=2).said
    assert "The vault lacks 1 of the opt-outs that were kept" in said


@pytest.mark.soak
def test_a_target_in_duckdb_keeps_them_too(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", "duckdb")
    run_on(workspace)
    _forget(workspace)
    with duckdb.connect(str(workspace / "exports" / "target"), read_only=True) as target:
        rows = target.execute("SELECT profile_id, brand, source FROM main.consent").fetchall()
        listed = target.execute(
            "SELECT contact_point, source_system, reason FROM main.suppression ORDER BY 1"
        ).fetchall()
    assert {(BY[p], brand) for p, brand, source in rows if source == WHY_KEPT} == SILENT
    assert listed == [("+31201234567", KEPT, "complaint"), ("+32201234567", "silent", "manual")]
    delta(workspace, 2, [["c9", "opt-in", "C3", HOUSE, "Kompas", "2026-03-03T10:00:00", "web"]])
    _again(workspace, "deltas")  # what the target holds is compared again
