"""The key of the seals: lost, replaced or swapped, it is said and journalled, never silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import KEY
from tests.proof import forging
from tests.proof.world import make_workspace, ours, theirs, to_the_first_gate
from tui_migrate.audit.entries import SealKeyMade
from tui_migrate.audit.sealkey import SealKey
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.ssh_signoffs import signed
from tui_migrate.errors import DataSaysNo


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w", tmp_path / "signer")


@pytest.fixture
def begun(root: Path) -> Iterator[InProcessClient]:
    client = to_the_first_gate(root)
    yield client
    client.shut()


def keys(client: InProcessClient) -> list[SealKeyMade]:
    return [e.fact for e in client.entries() if isinstance(e.fact, SealKeyMade)]


def end(client: InProcessClient) -> None:
    """A rejection that ends the run: there is a seal behind it."""
    evidence = client.state.steps["read-gate"].evidence
    command = api.Sign(
        gate="read-gate", decision="reject", comment="no", evidence=evidence, then="abort"
    )
    key = client.workspace.with_name("signer")
    reply = client.send(signed(client, command, str(key), ask=False))
    assert reply.ok, reply.message


def test_a_run_has_its_key_from_its_second_entry_on(begun: InProcessClient) -> None:
    (made,) = keys(begun)
    assert begun.entries()[1].fact == made
    audit = begun.workspace / ".tui-migrate" / "audit"
    assert (audit / "seal.pub").read_text() == made.public + "\n"


def test_a_replaced_key_is_signed_for_by_the_one_before(
    begun: InProcessClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert begun.send(api.RotateKey()).ok
    end(begun)
    begun.close()
    one, other = keys(begun)
    assert (other.reason, other.key != one.key) == ("rotated", True)
    audit = begun.workspace / ".tui-migrate" / "audit"
    assert forging.seals(audit)[-1]["key"] == other.key
    code, said = ours(capsys, audit)
    assert code == 0, said
    assert theirs(audit)[0] == 0


def test_a_forged_replacement_is_found(
    begun: InProcessClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has not the key before cannot put his own in its place."""
    assert begun.send(api.RotateKey()).ok
    end(begun)
    begun.close()
    audit, forged = begun.workspace / ".tui-migrate" / "audit", SealKey(bytes(32))

    def change(lines: list[forging.Line]) -> None:
        fact = forging.first(lines, "seal.key", reason="rotated")["fact"]
        fact |= {"key": forged.fingerprint, "public": forged.public}

    (audit / "seal.pub").write_text(forged.public + "\n")
    forging.rechain(audit, change, forged)
    code, said = ours(capsys, audit)
    assert code == 1
    assert "the seal key before did not sign for this one" in said
    code, said = theirs(audit)
    assert code == 1
    assert "signature does not hold" in said


def test_a_lost_key_is_made_anew_and_told(
    begun: InProcessClient, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun.close()
    (root / ".tui-migrate" / "vault" / "seal.key").unlink()
    told: list[str] = []
    client = open_client(root, key=KEY, say=told.append)
    assert any("The key of the seals is lost" in line for line in told)
    assert [fact.reason for fact in keys(client)] == ["first", "lost"]
    end(client)
    client.close()
    code, said = ours(capsys, root / ".tui-migrate" / "audit")
    assert code == 0, said
    assert "the key of the seals was lost" in said


@pytest.mark.parametrize("where", ["vault/seal.key", "audit/seal.pub"])
def test_no_engine_starts_over_a_swapped_key(
    where: str, begun: InProcessClient, root: Path
) -> None:
    begun.close()
    other = SealKey(b"x" * 32)
    content = b"x" * 32 if where.endswith(".key") else other.public.encode()
    (root / ".tui-migrate" / where).write_bytes(content)
    with pytest.raises(DataSaysNo, match="is another key than the one that the journal names"):
        open_client(root, key=KEY)


def test_a_stripped_signature_stops_the_next_start(begun: InProcessClient, root: Path) -> None:
    end(begun)
    begun.close()
    audit = root / ".tui-migrate" / "audit"
    lines = forging.seals(audit)
    del lines[-1]["signature"]
    forging.write(audit / "seals.jsonl", lines)
    with pytest.raises(DataSaysNo, match="has no signature"):
        open_client(root, key=KEY)


@pytest.mark.parametrize("journalled", [True, False])
def test_a_crash_while_a_key_is_replaced_leaves_one_that_is_used(
    journalled: bool, begun: InProcessClient, root: Path
) -> None:
    """The new key lies beside the old one; whether it counts is what the journal says."""
    vault = root / ".tui-migrate" / "vault"
    old = (vault / "seal.key").read_bytes()
    assert begun.send(api.RotateKey()).ok
    new = (vault / "seal.key").read_bytes()
    begun.close()
    named = SealKey(new)
    if journalled:
        (vault / "seal.key").write_bytes(old)
        (vault / "seal.key.next").write_bytes(new)
    else:
        (vault / "seal.key.next").write_bytes(b"n" * 32)
    client = open_client(root, key=KEY)
    core = client.engine.core
    assert core.seal_key is not None
    assert core.seal_key.fingerprint == named.fingerprint
    assert not (vault / "seal.key.next").exists()
    assert (vault / "seal.key").read_bytes() == new
    assert len(keys(client)) == 2
    client.close()


def test_a_run_from_before_there_were_keys_gets_one_when_it_goes_on(
    begun: InProcessClient, root: Path
) -> None:
    """Its journal has no key, no root, and no fields for signatures."""
    begun.close()
    state = root / ".tui-migrate"
    lines = [line for line in forging.journal(state / "audit") if forging.kind(line) != "seal.key"]
    for line in lines:
        if forging.kind(line) == "unit.committed" and line["fact"]["segment"]:
            del line["fact"]["segment"]["root"]
        for step in line["fact"].get("steps", []):
            if isinstance(step, dict):
                del step["signature"]
    forging.chain(lines)
    forging.write(state / "audit" / "journal.jsonl", lines)
    (state / "vault" / "seal.key").unlink()
    (state / "audit" / "seal.pub").unlink()
    client = open_client(root, key=KEY)
    assert [fact.reason for fact in keys(client)] == ["first"]
    client.close()
