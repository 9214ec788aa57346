"""The model and its records taken out for Splink: asked for, journalled, private, gone with a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import duckdb
import pytest

from tests.engine.conftest import KEY
from tests.engine.review_world import made, waiting
from tui_migrate.audit import entries as facts
from tui_migrate.audit.review_facts import ModelFitted
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.erased_files import erase
from tui_migrate.files import sha256_file
from tui_migrate.steps.erasing_plan import Plan


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessClient]:
    client = waiting(made(tmp_path_factory.mktemp("matched") / "w", families=3))
    yield client
    client.close()


@pytest.fixture(scope="module")
def folder(client: InProcessClient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was taken out."""
    folder = tmp_path_factory.mktemp("taken") / "out"
    reply = client.send(api.Export(what="splink", path=str(folder), recipient="the cluster"))
    assert reply.ok, reply.message
    return folder


def rows(path: Path, what: str = "count(*)") -> int:
    with duckdb.connect() as connection:
        return int(connection.execute(f"SELECT {what} FROM '{path}'").fetchall()[0][0])


def test_the_folder_is_journalled_as_persons_taken_out(
    client: InProcessClient, folder: Path
) -> None:
    entries = list(client.entries())
    # No organisation was delivered: there is one file with records.
    entry = next(e for e in entries if isinstance(e.fact, facts.Exported))
    assert isinstance(entry.fact, facts.Exported)
    assert entry.fact.what == "splink"
    assert entry.fact.rows == rows(folder / "person.parquet") == 9
    assert entry.fact.sha256 == sha256_file(folder / "person.parquet")
    assert entry.fact.purge_on > entry.at[:10]
    [model] = [e.fact.sha256 for e in entries if isinstance(e.fact, ModelFitted)]
    assert json.loads((folder / "export.json").read_text())["model"] == model


def test_what_is_not_matched_here_is_taken_out_by_a_model_from_elsewhere(
    client: InProcessClient, folder: Path, tmp_path: Path
) -> None:
    here = open_client(made(tmp_path / "w", families=3), key=KEY)
    out = tmp_path / "out"
    [sha256] = [e.fact.sha256 for e in client.entries() if isinstance(e.fact, ModelFitted)]
    kept = client.engine.core.workspace.objects / sha256
    try:
        assert here.send(api.Export(what="splink", path=str(out), model=str(kept))).exit_code == 1
        here.run_here(until="bring")
        assert here.send(api.Export(what="splink", path=str(out))).exit_code == 1
        wrong = str(folder / "person.duckdb.json")
        assert here.send(api.Export(what="splink", path=str(out), model=wrong)).exit_code == 2
        assert not out.exists()
        reply = here.send(api.Export(what="splink", path=str(out), model=str(kept)))
        assert reply.ok, reply.message
    finally:
        here.close()
    for path in folder.iterdir():
        assert path.read_bytes() == (out / path.name).read_bytes()


def test_an_erased_person_leaves_the_records_and_the_pairs(folder: Path, tmp_path: Path) -> None:
    folder = copytree(folder, tmp_path / "copy")
    pairs = folder / "person.pairs.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'crm' AS source_a, 'W1' AS record_a, 'crm' AS source_b, 'W2' AS record_b,"
            f" 1.5 AS weight, 0.7 AS probability) TO '{pairs}' (FORMAT parquet)"
        )
    plan = Plan(
        command="", profile_id="", founder="", records=[("crm", "W1")], pseudonyms=[], points=[],
        stones=[], words=["Wouters"], files=[],
    )  # fmt: skip
    records = folder / "person.parquet"
    before = rows(records)
    gone, searched = erase(records, plan, lambda _old, _new: None)
    assert gone > 1  # his row, and his name in that of his relative
    assert searched
    assert rows(records) == before - 1
    assert rows(records, "count(*) FILTER (family_name = 'wouters')") == 0
    assert erase(pairs, plan, lambda _old, _new: None) == (1, True)
    assert rows(pairs) == 0


def test_a_second_folder_is_as_the_first_and_a_full_one_is_refused(
    client: InProcessClient, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert client.send(api.Export(what="splink", path=str(other))).ok
    for path in folder.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()
    refused = client.send(api.Export(what="splink", path=str(folder)))
    assert (refused.ok, refused.exit_code) == (False, 2)
