"""A sign-off with a person's own SSH key: made by his client, checked by the engine with OpenSSH."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.engine.conftest import KEY
from tests.engine.test_run import go_on
from tests.proof.world import ME, approval, make_workspace, new_ssh_key, to_the_first_gate
from tui_migrate.audit.chain import SIGNERS
from tui_migrate.audit.entries import ConfigChanged
from tui_migrate.audit.gate_facts import SignedOff
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.ssh_signoffs import signed
from tui_migrate.errors import DataSaysNo, EnvironmentProblem


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w", tmp_path / "signer")


@pytest.fixture
def waiting(root: Path) -> Iterator[InProcessClient]:
    client = to_the_first_gate(root)
    yield client
    client.shut()


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An SSH agent of this test's own, with nothing in it."""
    told = subprocess.run(
        ["ssh-agent", "-s", "-a", str(tmp_path / "agent")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"SSH_AGENT_PID=(\d+)", told)
    assert found
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    yield tmp_path
    os.kill(int(found[1]), 15)


def signoff(client: InProcessClient) -> SignedOff:
    return next(e.fact for e in client.entries() if isinstance(e.fact, SignedOff))


def make_signed(client: InProcessClient, key: str, comment: str = "looked at") -> api.Sign:
    return signed(client, approval(client, "read-gate", comment), key, ask=False)


def test_a_gate_that_demands_it_refuses_a_sign_off_without(waiting: InProcessClient) -> None:
    reply = waiting.send(approval(waiting, "read-gate"))
    assert (reply.ok, reply.exit_code) == (False, 1)
    assert "demands a sign-off that is signed with an SSH key" in reply.message
    evidence = waiting.state.steps["read-gate"].evidence
    told = waiting.send(
        api.Sign(gate="read-gate", decision="approve", evidence=evidence, from_file=True)
    )
    assert told.exit_code == 3, "from a decisions file it does not count: the gate waits"
    rejected = api.Sign(gate="read-gate", decision="reject", comment="no", evidence=evidence)
    assert not waiting.send(rejected).ok


def test_key_words_and_head_are_journalled(waiting: InProcessClient, tmp_path: Path) -> None:
    head = waiting.entries()[-1]
    command = make_signed(waiting, str(tmp_path / "signer"), "seen with the board")
    assert waiting.send(command).ok
    fact = signoff(waiting)
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "signer.pub")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert fact.key == listed.split()[1]
    assert (fact.head, fact.head_seq) == (head.hash, head.seq)
    assert waiting.words(fact.comment) == "seen with the board"
    assert waiting.state.steps["read-gate"].status.value == "done"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"decision": "reject"}, "does not hold"),
        ({"comment": "something else"}, "does not hold"),
        ({"head": "0" * 64}, "names a head that this journal does not have"),
        ({"head_seq": 3}, "names a head that this journal does not have"),
        ({"secret": "00" * 32}, "does not hold"),
        ({"secret": "xy"}, "malformed"),
        ({"signature": "AAAA"}, "it is no SSH signature"),
        ({"signature": "A" * 20_000}, "it is no SSH signature"),
    ],
)
def test_whatever_is_changed_after_it_was_signed_does_not_hold(
    change: dict[str, object], reason: str, waiting: InProcessClient, tmp_path: Path
) -> None:
    command = make_signed(waiting, str(tmp_path / "signer"))
    reply = waiting.send(msgspec.structs.replace(command, id=api.new_id(), **change))
    assert not reply.ok
    assert reason in reply.message
    assert not any(isinstance(e.fact, SignedOff) for e in waiting.entries())


def test_nobody_elses_key_will_do(waiting: InProcessClient, tmp_path: Path) -> None:
    new_ssh_key(tmp_path / "other")
    reply = waiting.send(make_signed(waiting, str(tmp_path / "other")))
    assert not reply.ok
    assert "The SSH signature does not hold" in reply.message


def test_a_signature_does_not_serve_twice(root: Path, waiting: InProcessClient) -> None:
    """Taken down with a rejection, the first approval's signature cannot be sent again."""
    key = str(root.with_name("signer"))
    evidence = waiting.state.steps["read-gate"].evidence
    old = make_signed(waiting, key)
    rejected = api.Sign(gate="read-gate", decision="reject", comment="no", evidence=evidence)
    assert waiting.send(signed(waiting, rejected, key, ask=False)).ok
    reply = waiting.send(old)
    assert not reply.ok
    assert "made before the gate asked for it" in reply.message


def test_a_changed_list_of_signers_counts_at_once_and_is_journalled(
    root: Path, waiting: InProcessClient, tmp_path: Path
) -> None:
    (root / SIGNERS).write_text(f"{ME} {new_ssh_key(tmp_path / 'fresh')}\n")
    assert not waiting.send(make_signed(waiting, str(tmp_path / "signer"))).ok
    assert waiting.send(make_signed(waiting, str(tmp_path / "fresh"))).ok
    changes = [e.fact.changed for e in waiting.entries() if isinstance(e.fact, ConfigChanged)]
    assert changes == [[SIGNERS]]


def test_a_key_that_is_valid_no_longer_does_not_hold(
    root: Path, waiting: InProcessClient, tmp_path: Path
) -> None:
    line = (tmp_path / "signer.pub").read_text()
    (root / SIGNERS).write_text(f'{ME} valid-before="20200101" {line}')
    assert not waiting.send(make_signed(waiting, str(tmp_path / "signer"))).ok


def test_a_runbook_that_demands_it_needs_the_list(root: Path) -> None:
    (root / SIGNERS).unlink()
    with pytest.raises(DataSaysNo, match="there is no file allowed_signers"):
        open_client(root, key=KEY)


def test_a_role_can_demand_it_at_every_gate(root: Path) -> None:
    text = (root / "runbook.yaml").read_text()
    text = text.replace(f"lead: {{users: [{ME}]}}", f"lead: {{users: [{ME}], signature: ssh}}")
    (root / "runbook.yaml").write_text(text.replace(", signature: ssh, evidence", ", evidence"))
    client = to_the_first_gate(root)
    demanded = {
        s.id: s.outline.signature for s in client.state.steps.values() if s.outline.signature
    }
    assert demanded == {"read-gate": ["lead"], "end-gate": ["lead"]}
    client.close()


def test_the_agent_signs_with_its_only_key(
    waiting: InProcessClient, agent: Path, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentProblem, match="holds no key"):
        make_signed(waiting, "agent")
    subprocess.run(["ssh-add", "-q", str(tmp_path / "signer")], check=True)
    (tmp_path / "signer").unlink()
    new_ssh_key(tmp_path / "second")
    subprocess.run(["ssh-add", "-q", str(tmp_path / "second")], check=True)
    with pytest.raises(EnvironmentProblem, match="holds 2 keys"):
        make_signed(waiting, "agent")
    assert waiting.send(make_signed(waiting, str(tmp_path / "signer.pub"))).ok


def test_a_key_with_a_passphrase_does_not_ask_where_nobody_can_answer(
    waiting: InProcessClient, tmp_path: Path
) -> None:
    line = ["ssh-keygen", "-q", "-p", "-N", "secret words", "-f", str(tmp_path / "signer")]
    subprocess.run(line, check=True, capture_output=True)
    with pytest.raises(EnvironmentProblem, match="ssh-keygen did not sign"):
        make_signed(waiting, str(tmp_path / "signer"))


def test_the_command_line_signs_and_prints_the_head(
    waiting: InProcessClient, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting.close()
    subject = str(waiting.state.steps["read-gate"].subject)
    line = ["sign", "read-gate", "--number", subject, "-w", str(root)]
    assert run_cli([*line, "--ssh-key", str(tmp_path / "none")]) == 2
    assert run_cli([*line, "--ssh-key", str(tmp_path / "signer")]) == 0
    told = capsys.readouterr().out
    client = open_client(root, key=KEY)
    assert f"head {client.state.head} (entry {client.state.seq})" in told
    assert go_on(client).step == "end-gate"
    client.close()
    assert run_cli(["status", "-w", str(root)]) == 0
    assert f"head {client.state.head}" in capsys.readouterr().out
