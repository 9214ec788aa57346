"""The steps done again from what they were done from: the same, or the first difference is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.conftest import make_workspace
from tests.engine.test_run import go_on, to_the_end
from tui_migrate.cli import run_cli
from tui_migrate.engine import recompute as recomputing
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.recompute import Recomputed, recompute
from tui_migrate.engine.workspace import SCRATCH, Workspace
from tui_migrate.errors import DataSaysNo

Opening = Callable[[Path], InProcessClient]

RULES = """\
rules:
  - id: short
    check: sql
    severity: note
    sql: >-
      select source, record_id, 'family_name' as field, family_name as value from ent_profile
      where length(family_name) < 7
    message: {en: A short name}
"""


@pytest.fixture
def ended(workspace: Path, opened: Opening) -> Path:
    client = opened(workspace)
    to_the_end(client)
    client.close()
    return workspace


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_was_done_comes_out_the_same_and_nothing_is_touched(ended: Path) -> None:
    before = _files(ended)
    done = recompute(ended)
    assert [u.step for u in done.units] == ["read", "read", "keep", "keep"]
    assert {u.verdict for u in done.units} == {"same"}
    assert done.first is None
    assert _files(ended) == before
    assert not list((ended / ".tui-migrate" / "spill").iterdir())


def test_it_works_beside_an_open_engine(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    go_on(client)
    assert [u.verdict for u in recompute(workspace).units] == ["same", "same"]
    assert go_on(client).step == "questions"


def test_a_changed_delivery_is_named(ended: Path) -> None:
    file = ended / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(file.read_text().replace("Peeters", "Pieters"))
    first = recompute(ended).first
    assert first is not None
    assert (first.step, first.attempt) == ("read", 1)
    assert "rows" in first.differs
    assert first.why == ("deliveries/crm/2026-03-01/people.csv is not what it was",)


def test_a_delivery_that_is_gone_is_named(ended: Path) -> None:
    shutil.rmtree(ended / "deliveries/crm/2026-03-01")
    first = recompute(ended).first
    assert first is not None
    assert any("people.csv is not there any more" in why for why in first.why)


def test_a_changed_key_in_the_vault_gives_another_trail(mapped: Path) -> None:
    path = next((mapped / ".tui-migrate/vault/keys").glob("*/*.parquet"))
    table = pq.read_table(path)
    keys = [bytes(32), *table["key"].to_pylist()[1:]]
    column = table.schema.get_field_index("key")
    array = pa.array(keys, table.schema.field("key").type)
    changed = table.set_column(column, "key", array)
    pq.write_table(changed, path, compression="none")
    first = recompute(mapped).first
    assert first is not None
    assert first.differs == ("trail",)
    assert first.why == ("none of its inputs changed: the vault, the program or a library did",)


def test_a_changed_value_in_the_vault_is_found(mapped: Path) -> None:
    paths = sorted((mapped / ".tui-migrate/vault/trail").glob("*/*.parquet"))
    path = next(p for p in paths if pq.read_table(p).num_rows)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet('{path}')")
        connection.execute("UPDATE t SET after = coalesce(after, '') || 'x'")
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    first = recompute(mapped).first
    assert first is not None
    assert f"{first.step}-{first.attempt}" == path.parent.name
    assert first.differs == ("values",)


def test_a_changed_rule_is_named_and_what_rests_on_it(mapped: Path) -> None:
    rules = mapped / "rules.yaml"
    rules.write_text(rules.read_text().replace("< 7", "< 8"))
    done = recompute(mapped)
    first = done.first
    assert first is not None
    assert first.step == "judge"
    assert "rules.yaml is not what it was" in first.why
    assert {u.verdict for u in done.units if u.step in ("read", "bring")} == {"same"}


@pytest.fixture
def mapped(tmp_path: Path, opened: Opening) -> Path:
    """A workspace in which records were read, mapped and judged by a rule."""
    steps = (
        "{id: read, uses: ingest, title: Read}\n"
        "      - {id: bring, uses: map, title: Bring}\n"
        "      - {id: judge, uses: validate, title: Judge, with: {rules: [rules.yaml]}}"
    )
    from tests.engine.conftest import RUNBOOK

    root = make_workspace(
        tmp_path / "mapped", RUNBOOK.replace("{id: read, uses: ingest, title: Read}", steps)
    )
    (root / "rules.yaml").write_text(RULES)
    file = root / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(file.read_text().replace("Jansen", "  jansen "))
    client = opened(root)
    assert go_on(client).step == "questions"
    client.close()
    return root


def test_what_differs_only_in_erased_records_is_said_to_be_not_comparable(
    mapped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery is rewritten without a record, as an erasure does; the journal says which."""
    path = next((mapped / ".tui-migrate/audit/trail").glob("bring-1/*.parquet"))
    table = pq.read_table(path)
    from tui_migrate.audit.vault import Vault, pseudonym

    name = pseudonym(Vault(mapped / ".tui-migrate/vault").workspace_key(), "crm", "3")
    assert name in table["profile"].to_pylist()
    file = mapped / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(file.read_text().replace("3;Peeters\n", ""))
    # A rewritten file counts as the one that was handed over.
    monkeypatch.setattr(recomputing, "changed_names", lambda *_args: {})
    monkeypatch.setattr(recomputing, "erased_records", lambda _entries: {name: 10_000})
    done = recompute(mapped)
    assert done.first is None
    assert "erased" in {u.verdict for u in done.units if u.step == "bring"}
    monkeypatch.setattr(recomputing, "erased_records", lambda _entries: {"0" * 64: 10_000})
    assert recompute(mapped).first is not None


def test_erased_records_are_those_that_the_journal_names() -> None:
    class Asked:
        __struct_config__ = SimpleNamespace(tag="erasure.asked")
        records = ("a", "b")

    entries = cast(Any, [SimpleNamespace(fact=Asked(), seq=7)])
    assert recomputing.erased_records(entries) == {"a": 7, "b": 7}


def test_the_command_prints_every_unit_and_ends_with_1_at_a_difference(
    mapped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["audit", "replay", "--recompute", "-w", str(mapped)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("✓")]) == len(recompute(mapped).units)
    rules = mapped / "rules.yaml"
    rules.write_text(rules.read_text().replace("< 7", "< 8"))
    assert run_cli(["audit", "replay", "--recompute", "-w", str(mapped), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["first"]["step"]) == (False, "judge")
    assert run_cli(["audit", "replay", "--recompute", "--to", "3", "-w", str(mapped)]) == 2


def test_nothing_to_compare_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataSaysNo, match="Nothing was begun"):
        recompute(make_workspace(tmp_path / "new"))


def test_a_start_sweeps_what_a_killed_recomputation_left_and_not_one_at_work(
    ended: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = ended / ".tui-migrate" / "spill"
    left = spill / f"{SCRATCH}1"
    left.mkdir()
    at_work: list[str] = []

    def meanwhile(*_args: object) -> Recomputed:
        opened(ended)
        at_work.extend(p.name for p in spill.iterdir())
        return Recomputed()

    monkeypatch.setattr(recomputing, "_all_steps", meanwhile)
    recompute(ended)
    assert len(at_work) == 1
    assert not left.exists()
    assert Workspace(ended).has_run
