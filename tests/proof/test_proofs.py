"""One person's events can be shown to anybody, without the trail, and cannot be changed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.proof.world import Proved, theirs
from tui_migrate.audit import proofs
from tui_migrate.audit.journal import read_entries
from tui_migrate.audit.sealkey import SealKey
from tui_migrate.audit.vault import Vault, pseudonym
from tui_migrate.errors import DataSaysNo


@pytest.fixture
def name(proved: Proved) -> str:
    """The pseudonym of a record that was mapped, merged and imported."""
    return pseudonym(Vault(proved.audit.parent / "vault").workspace_key(), "crm", "2")


@pytest.fixture
def proof(audit: Path, name: str) -> dict[str, Any]:
    """As a stranger gets it: through JSON."""
    made = proofs.prove(audit, read_entries(audit / "journal.jsonl"), name)
    return dict(json.loads(json.dumps(made)))


def fingerprint(proved: Proved) -> str:
    return SealKey((proved.audit.parent / "vault" / "seal.key").read_bytes()).fingerprint


def test_it_holds_all_events_of_the_record(
    audit: Path, proof: dict[str, Any], name: str, proved: Proved
) -> None:
    assert proofs.check(proof, fingerprint(proved)) == []
    proven = [row for part in proof["segments"] for row in part["rows"]]
    there = [
        [row[column] for column in proof["columns"]]
        for path in sorted((audit / "trail").rglob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
        if row["profile"] == name
    ]
    assert sorted(map(str, proven)) == sorted(map(str, there))
    assert {row[1] for row in proven} == {"mapped", "loaded", "imported"}
    entries = [part["entry"] for part in proof["segments"]]
    assert entries == sorted(entries)
    assert proof["unproved"] == 0


def test_the_second_verifier_agrees_with_and_without_the_folder(
    audit: Path, proof: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof))
    rows = sum(len(part["rows"]) for part in proof["segments"])
    told = f"proof: {rows} rows of {proof['profile']}; seal {proof['seal']['number']}, "
    code, said = theirs(audit, "--proof", str(file))
    lines = said.splitlines()
    assert code == 0, said
    assert lines[0].startswith("folder: ")
    assert lines[1] == told + "looked for in the folder"
    assert lines[-1] == "consistent; the proof holds"
    code, said = theirs(None, "--proof", str(file))
    lines = said.splitlines()
    assert code == 0, said
    assert lines == [
        told + "not looked for in the folder",
        "signatures: 1 checked",
        "the proof holds",
    ]


@pytest.mark.parametrize("alone", [True, False])
def test_any_change_to_it_is_found_by_both(
    alone: bool, audit: Path, proof: dict[str, Any], tmp_path: Path, proved: Proved
) -> None:
    def wrong(change: str) -> dict[str, Any]:
        made = copy.deepcopy(proof)
        part = made["segments"][0]
        match change:
            case "event":
                part["rows"][0][1] = "rejected"
            case "row left out":
                part["rows"] = []
            case "row added":
                part["rows"].append(part["rows"][0])
            case "record":
                made["profile"] = "0" * 64
            case "place":
                part["index"] ^= 1
            case "path":
                part["record_path"] = part["record_path"][:-1]
            case "segment":
                part["sha256"] = "0" * 64
            case "segment place":
                part["segment_index"] ^= 1
            case "seal":
                made["seal"]["seq"] += 1
            case "signature":
                made["seal"]["signature"] = made["seal"]["signature"][:-8] + "AAAAAAA="
            case "key":
                made["key"] = SealKey(bytes(32)).public
        return made

    changes = ("event", "row left out", "row added", "record", "place", "path", "segment",
               "segment place", "seal", "signature", "key")  # fmt: skip
    for change in changes:
        bad = wrong(change)
        assert proofs.check(bad, fingerprint(proved)), change
        if change in ("event", "place", "seal", "signature", "key"):
            file = tmp_path / "proof.json"
            file.write_text(json.dumps(bad))
            code, said = theirs(None if alone else audit, "--proof", str(file))
            assert (code, "proof: " in said) == (1, True), (change, said)


def test_another_workspaces_key_does_not_do(proof: dict[str, Any]) -> None:
    assert any("not with" in wrong for wrong in proofs.check(proof, SealKey(bytes(32)).fingerprint))


def test_nonsense_is_no_proof() -> None:
    for nonsense in ({}, {"seal": 1}, {"format": 1, "seal": {}, "segments": []}):
        assert proofs.check(nonsense) == ["This is not a proof."]


def test_a_record_that_nobody_speaks_of_has_an_empty_one(audit: Path) -> None:
    made = proofs.prove(audit, read_entries(audit / "journal.jsonl"), "0" * 64)
    assert made["segments"] == []
    assert proofs.check(made) == []


def test_before_a_seal_there_is_none(audit: Path, name: str) -> None:
    (audit / "seals.jsonl").unlink()
    with pytest.raises(DataSaysNo, match="No signed seal"):
        proofs.prove(audit, read_entries(audit / "journal.jsonl"), name)
