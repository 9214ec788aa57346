"""The engine as a process of its own: clients come and go, the run does not care."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import KEY
from tui_migrate import __version__
from tui_migrate.audit.verify import verify
from tui_migrate.engine import api
from tui_migrate.engine import attach as attach_module
from tui_migrate.engine.answers import audit as audit_answers
from tui_migrate.engine.attach import attach, attach_or_open, attach_or_start
from tui_migrate.engine.audit_queries import JournalText, Verification, Verified
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.data_queries import Fates
from tui_migrate.engine.person_queries import Search
from tui_migrate.engine.remote import RemoteClient
from tui_migrate.engine.run import Status
from tui_migrate.engine.workspace import Workspace, holder_of, is_held
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Locked, ReasonNeeded
from tui_migrate.files import TEMPORARY

SOON = 60.0
Starting = Callable[[Path], RemoteClient]


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < until, "waited for too long"
        time.sleep(0.02)


@pytest.fixture
def started() -> Iterator[Starting]:
    """Attaches to engines, starting them; ends whatever a test leaves behind."""
    clients: list[RemoteClient] = []

    def starting(root: Path) -> RemoteClient:
        clients.append(attach_or_start(root, key=KEY))
        return clients[-1]

    yield starting
    for client in clients:
        client.end()


def go_on(client: RemoteClient) -> api.Idle:
    """Carry the run on until it rests."""
    heard: list[api.Idle] = []
    leave = client.subscribe(lambda h: heard.append(h) if isinstance(h, api.Idle) else None)
    assert client.send(api.Run()).ok
    wait_for(lambda: bool(heard))
    leave()
    return heard[0]


def test_the_first_client_starts_the_engine_and_the_last_one_ends_it(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    holder = holder_of(Workspace(workspace))
    assert holder is not None
    assert holder.engine
    assert holder.pid != os.getpid()
    client.close()
    assert not is_held(Workspace(workspace))
    wait_for(lambda: not Path("/proc", str(holder.pid)).exists())
    assert not Workspace(workspace).socket.exists()


def test_a_reply_speaks_of_what_the_client_has_heard_already(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    go_on(client)
    answer = api.Answer(step="questions", item="ready", answer="yes")
    reply = client.send(answer)
    assert client.state.steps["questions"].answers["ready"].by == client.identity.user
    assert client.entries(reply.seq, reply.seq)[0].command == answer.id


def test_a_repeated_command_is_answered_and_not_done_again(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    go_on(client)
    answer = api.Answer(step="questions", item="ready", answer="yes")
    first, second = client.send(answer), client.send(answer)
    assert second.ok
    assert second.seq == first.seq
    assert client.entries()[-1].seq == first.seq


def test_two_clients_see_each_other_s_decisions(workspace: Path, started: Starting) -> None:
    anna, bram = started(workspace), started(workspace)
    go_on(anna)
    wait_for(lambda: bram.state.steps["questions"].status is Status.WAITING)
    bram.send(api.Answer(step="questions", item="ready", answer="yes"))
    wait_for(lambda: "ready" in anna.state.steps["questions"].answers)
    anna.close()
    assert bram.ask(Fates())[0].rows == 3
    assert not bram.running


def test_questions_are_answered_over_the_socket_as_in_the_program(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    go_on(client)
    told = client.ask(Fates()), client.ask(Search(text="jansen"))
    client.close()
    here = open_client(workspace)
    try:
        assert told == (here.ask(Fates()), here.ask(Search(text="jansen")))
    finally:
        here.close()


def test_one_command_uses_the_engine_that_runs_and_needs_none(
    workspace: Path, started: Starting
) -> None:
    alone = attach_or_open(workspace)
    assert isinstance(alone, InProcessClient)
    alone.close()
    started(workspace)
    beside = attach_or_open(workspace)
    assert isinstance(beside, RemoteClient)
    beside.close()


def test_an_engine_of_another_version_is_said(
    workspace: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    started(workspace)
    attach_or_open(workspace, say=told.append).close()
    assert told == []
    monkeypatch.setattr(attach_module, "__version__", "9.9.9")
    for reach in (attach_or_open, attach_or_start):
        client = reach(workspace, say=told.append)
        assert client.state.run
        client.close()
    assert [__version__ in line and "9.9.9" in line and "stop" in line for line in told] == [
        True
    ] * 2


def test_an_export_and_an_evidence_file_travel(
    workspace: Path, started: Starting, tmp_path: Path
) -> None:
    client = started(workspace)
    go_on(client)
    evidence = tmp_path / "answer.txt"
    evidence.write_bytes(os.urandom(3_000_000))
    reply = client.send(
        api.Answer(step="questions", item="ready", answer="yes", file=str(evidence))
    )
    assert reply.ok
    kept = list((workspace / ".tui-migrate" / "vault").rglob("*"))
    assert any(p.is_file() and p.read_bytes() == evidence.read_bytes() for p in kept)
    out = tmp_path / "fates.csv"
    reply = client.send(api.Export(what="fates", path=str(out)))
    assert reply.ok
    assert str(out) in reply.message
    assert len(out.read_text().splitlines()) == 4
    client.close()
    assert not list(Workspace(workspace).run.glob(f"{TEMPORARY}*")), "it goes with whom it was for"


def test_a_client_that_is_killed_does_not_touch_the_run(workspace: Path) -> None:
    command = [sys.executable, "-m", "tui_migrate", "run", "--headless", "-w", str(workspace)]
    client = subprocess.Popen(command, env={**os.environ, "TUI_MIGRATE_PASSPHRASE": KEY.decode()})
    here = Workspace(workspace)
    wait_for(lambda: here.has_run and b"step.started" in here.journal.read_bytes())
    client.kill()
    client.wait()
    beside = attach(workspace)
    if beside is not None:  # else the run has come to its questions and the engine has ended
        wait_for(lambda: beside.state.steps["questions"].status is Status.WAITING)
        beside.close()
    wait_for(lambda: not is_held(here))
    after = open_client(workspace)
    try:
        assert after.state.steps["read"].status is Status.DONE
        assert after.state.steps["questions"].status is Status.WAITING
    finally:
        after.close()


def test_a_killed_engine_is_said_and_the_next_client_goes_on(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    go_on(client)
    heard: list[api.Heard] = []
    client.subscribe(heard.append)
    holder = holder_of(Workspace(workspace))
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    wait_for(lambda: bool(heard))
    idle = heard[-1]
    assert isinstance(idle, api.Idle)
    assert "ended unexpectedly" in idle.message
    with pytest.raises(EnvironmentProblem, match="ended unexpectedly"):
        client.ask(Fates())
    assert started(workspace).state.steps["questions"].status is Status.WAITING


def test_an_engine_whose_run_rests_when_nobody_is_there_ends(workspace: Path) -> None:
    for _n in range(5):
        client = attach_or_start(workspace, key=KEY)
        client.send(api.Run())
        client._line.close()  # cut off, without a good-bye
        wait_for(lambda: not is_held(Workspace(workspace)))


def test_ending_the_engine_tells_the_others_why(workspace: Path, started: Starting) -> None:
    anna, bram = started(workspace), started(workspace)
    heard: list[api.Heard] = []
    anna.subscribe(heard.append)
    bram.end()
    wait_for(lambda: bool(heard))
    idle = heard[-1]
    assert isinstance(idle, api.Idle)
    assert "stopped the engine" in idle.message
    assert not is_held(Workspace(workspace))


def test_a_runbook_that_changes_while_the_engine_lives_is_read_again(
    workspace: Path, started: Starting
) -> None:
    client = started(workspace)
    go_on(client)
    file = workspace / "runbook.yaml"
    before = file.read_text()
    file.write_text(before.replace("brands: [Nova]", "brands: [Nova"))
    refused = client.send(api.Run())
    assert not refused.ok
    assert "runbook.yaml:" in refused.message
    assert refused.exit_code == 1
    file.write_text(before.replace("brands: [Nova]", "brands: [Nova, Kompas]"))
    go_on(client)
    assert client.state.brands == ["Nova", "Kompas"]
    assert client.state.steps["read"].attempt == 2


def test_what_the_engine_cannot_open_is_said_by_who_asked(workspace: Path) -> None:
    (workspace / "runbook.yaml").write_text("runbook: [")
    with pytest.raises(DataSaysNo, match="mistake"):
        attach_or_start(workspace)
    assert not is_held(Workspace(workspace))


def test_another_program_that_holds_the_workspace_is_named(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_migrate.engine.patience.SHORT", 0.3)
    client = open_client(workspace)
    try:
        with pytest.raises(Locked, match=f"process {os.getpid()}"):
            attach_or_start(workspace)
    finally:
        client.close()


def test_a_database_that_somebody_else_has_open_is_no_reason_to_try_for_ever(
    workspace: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_migrate.engine.patience.SHORT", 0.3)
    started(workspace).close()
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(Workspace(workspace).staging)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(Locked, match="holds the staging database"):
            attach_or_start(workspace)
    finally:
        holder.communicate()


def test_many_programs_that_start_at_once_share_one_engine(workspace: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tui_migrate.engine.attach import attach_or_start\n"
        "from tui_migrate.engine.workspace import Workspace, holder_of\n"
        "client = attach_or_start(Path(sys.argv[1]))\n"
        "print(holder_of(Workspace(Path(sys.argv[1]))).pid, flush=True)\n"
        "sys.stdin.read()\n"
        "client.close()\n"
    )
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(workspace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _n in range(5)
    ]
    engines = set()
    for program in programs:
        assert program.stdout is not None
        engines.add(program.stdout.readline())
    assert len(engines) == 1
    for program in programs:
        program.communicate("")
        assert program.returncode == 0
    wait_for(lambda: not is_held(Workspace(workspace)))


def test_a_workspace_deep_down_has_a_socket_too(tmp_path: Path, started: Starting) -> None:
    from tests.engine.conftest import make_workspace

    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 5)
    deep.parent.mkdir(parents=True)
    client = started(make_workspace(deep))
    assert client.state.run


def test_a_look_without_the_reason_that_the_runbook_wants_is_refused_as_such(
    workspace: Path, started: Starting
) -> None:
    path = workspace / "runbook.yaml"
    path.write_text(path.read_text() + "looking: {reason: required}\n")
    client = started(workspace)
    with pytest.raises(ReasonNeeded):
        client.ask(Search(text="x"))
    assert client.ask(Search(text="x", reason="a complaint")) == ()


def test_the_journal_travels_line_by_line_as_it_is_and_is_verified_by_the_engine(
    workspace: Path, started: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts that are smaller than a line, too."""
    monkeypatch.setattr(audit_answers, "MOST", 100)
    journal = Workspace(workspace).journal
    client = open_client(workspace, key=KEY)
    client.run_here()
    parts: list[str] = []
    offset = 0
    while (part := client.ask(JournalText(offset=offset))).text:
        parts.append(part.text)
        offset = part.next
    assert "".join(parts) == journal.read_text()
    assert len(parts) == len(client.entries())
    client.close()
    remote = started(workspace)
    signers = workspace / "allowed_signers"
    signers.write_text("anna ssh-ed25519 AAAA\n")
    asked = Verification(expect="0" * 64, signers=signers.read_text())
    verdict: Verified = remote.ask(asked)
    own = verify(Workspace(workspace).audit, "0" * 64, signers)
    assert (verdict.head, verdict.trusted, verdict.entries) == (own.head, own.trusted, own.entries)
    problems = [text.replace(str(signers), signers.name) for text in own.problems]
    assert list(verdict.problems) == problems
    assert len(own.problems) > 1
