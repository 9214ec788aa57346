"""A full delivery that comes after the import: scored by the model of the first, with ids that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import unmerge_world as world
from tests.e2e.conftest import made_once
from tests.e2e.program import Finished, copied, export_all, facts, records, run_on, tui
from tests.e2e.unmerge_world import CRM, SHOP, decide, run
from tui_migrate.model.profile_id import profile_id

CARLA = "{};Carla;Vos;1990-01-02;carla@voorbeeld.nl;0633344455;Kade;9;4011 CD;Tiel\n"
MORE = "".join(
    f"{n};Voor{n};Naam{n};19{n}-01-01;v{n}@voorbeeld.nl;;Weg;{n};50{n} AB;Dorp\n"
    for n in range(40, 90)
)
BY_SHOP = profile_id("shop", "6")


def _deliver(root: Path, source: str, day: str, rows: str) -> None:
    folder = root / "deliveries" / source / f"{day}-full"
    folder.mkdir()
    (folder / "rows.csv").write_text(rows)


def _read_again(root: Path) -> None:
    tui("redo", "read", "--reason", "a new delivery", "-w", root)
    run(root)


def _model(root: Path) -> str:
    """What the match says of its model, and the model itself."""
    figures = [f["figures"] for f in facts(root, "step.finished") if f["step"] == "match"]
    return f"{figures[-1].get('model', 'fitted')} {facts(root, 'match.model')[-1]['sha256']}"


def _table(root: Path, to: Path, name: str) -> list[dict[str, str]]:
    export_all(root, to, [name])
    return list(records(to / f"{name}.csv"))


@pytest.fixture(scope="module")
def imported(shared: Path) -> Path:
    """A run to its end in which Carla is known to the shop alone. Copy it first."""

    def make(folder: Path) -> Finished:
        world.make(folder)
        _deliver(folder, "shop", "2026-03-02", SHOP + CARLA.format(6))
        return run_on(folder)

    return made_once(shared / "carla", make, lambda folder: folder).workspace


@pytest.mark.soak
def test_the_model_is_frozen_the_id_stays_and_decisions_hold(
    imported: Path, tmp_path: Path
) -> None:
    root = copied(imported, tmp_path / "w")
    kind, sha256 = _model(root).split()
    assert kind == "fitted"
    before = {(p["record_a"], p["record_b"]): p for p in _table(root, tmp_path / "a", "pairs")}
    decide(root, "different")
    _deliver(root, "crm", "2026-04-01", CRM + CARLA.format(5) + MORE)
    _read_again(root)
    assert _model(root) == f"frozen {sha256}"
    after = {(p["record_a"], p["record_b"]): p for p in _table(root, tmp_path / "b", "pairs")}
    assert before.keys() < after.keys()
    assert all(after[pair]["weight"] == before[pair]["weight"] for pair in before)
    whose = {(r["source"], r["record_id"]): r for r in _table(root, tmp_path / "c", "crosswalk")}
    # The CRM is trusted more, and would have founded her profile had it come first.
    assert whose["crm", "5"]["profile_id"] == whose["shop", "6"]["profile_id"] == BY_SHOP
    assert whose["crm", "1"]["profile_id"] != whose["shop", "2"]["profile_id"]
    # He moves: who said that they are two is asked again, and until then they stay two.
    _deliver(root, "crm", "2026-05-01", (CRM + CARLA.format(5) + MORE).replace("Laan;1", "Laan;3"))
    _read_again(root)
    whose = {(r["source"], r["record_id"]): r for r in _table(root, tmp_path / "e", "crosswalk")}
    assert whose["crm", "1"]["profile_id"] != whose["shop", "2"]["profile_id"]
    after = {(p["record_a"], p["record_b"]): p for p in _table(root, tmp_path / "f", "pairs")}
    assert after["1", "2"]["decision"] == "different", "so it stands in the queue of reviewers"
    # Staging is lost: the same model is found again.
    tui("stop", "-w", root)
    (root / ".tui-migrate" / "staging.duckdb").unlink()
    run(root)
    assert {
        (p["record_a"], p["record_b"]): p for p in _table(root, tmp_path / "d", "pairs")
    } == after
    assert "the same" in tui("audit", "replay", "--recompute", "-w", root).out
    # Who asks for the match itself to be done again has it fitted to what there is now.
    tui("redo", "match", "--reason", "four times as many records", "-w", root)
    run(root)
    kind, fitted = _model(root).split()
    assert (kind, fitted != sha256) == ("fitted", True)
    assert "matches records by the model" in tui("audit", "log", "-w", root).out


@pytest.mark.soak
def test_another_declaration_is_a_model_of_its_own(imported: Path, tmp_path: Path) -> None:
    root = copied(imported, tmp_path / "w")
    book = root / "runbook.yaml"
    book.write_text(book.read_text().replace("uses: match}", "uses: match, with: {cap: 90}}"))
    run(root)
    assert _model(root).startswith("fitted anew ")
