"""A run: it stops where people are needed, goes on where it was, and keeps what it was told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.engine.conftest import ROWS, make_workspace
from tui_migrate.audit.entries import UnitCommitted
from tui_migrate.audit.gate_facts import SignedOff
from tui_migrate.audit.verify import verify
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.host import EngineHost
from tui_migrate.engine.run import Status, fold
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Locked
from tui_migrate.staging.store import Store, hidden

_OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1])"

Opening = Callable[[Path], InProcessClient]


def go_on(client: InProcessClient, until: str = "") -> api.Idle:
    """Run in this thread until the run rests."""
    stopped = client.run_here(until)
    return api.Idle(exit_code=int(stopped.exit), message=stopped.message, step=stopped.step)


def to_the_gate(client: InProcessClient) -> None:
    go_on(client)
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert go_on(client).step == "gate"


def to_the_end(client: InProcessClient) -> api.Idle:
    to_the_gate(client)
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok
    assert go_on(client).step == "end"
    assert client.send(api.Sign(gate="end", decision="approve", typed=3)).ok
    return go_on(client)


def test_it_waits_for_answers_then_for_a_sign_off_then_ends(
    workspace: Path, opened: Opening
) -> None:
    client = opened(workspace)
    idle = go_on(client)
    assert (idle.exit_code, idle.step) == (3, "questions")
    assert client.state.steps["read"].figures["rows"] == 3
    assert to_the_end(client).exit_code == 0
    assert client.state.ended == "done"
    client.close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []


def test_the_answer_that_the_runbook_expects_is_required(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    go_on(client)
    assert client.send(api.Answer(step="questions", item="ready", answer="no")).ok
    assert go_on(client).exit_code == 3
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert go_on(client).step == "gate"


def test_an_answer_of_the_wrong_type_is_refused(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    go_on(client)
    reply = client.send(api.Answer(step="questions", item="ready", answer="perhaps"))
    assert (reply.ok, reply.exit_code) == (False, 1)


def test_the_state_is_the_fold_of_the_journal(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    again = fold(client.entries())
    assert {k: s.status for k, s in again.steps.items()} == {
        k: s.status for k, s in client.state.steps.items()
    }
    assert (again.seq, again.head, again.ended) == (
        client.state.seq,
        client.state.head,
        client.state.ended,
    )


def test_a_repeated_command_is_answered_not_done_again(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    command = api.Sign(gate="gate", decision="approve", typed=3)
    first, second = client.send(command), client.send(command)
    assert first.seq == second.seq
    assert sum(isinstance(e.fact, SignedOff) for e in client.entries()) == 1


def test_a_sign_off_needs_the_number_of_records_concerned(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    assert client.state.steps["gate"].subject == 3
    assert not client.send(api.Sign(gate="gate", decision="approve", typed=4)).ok
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok


def test_a_sign_off_on_other_evidence_is_refused(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    reply = client.send(api.Sign(gate="gate", decision="approve", evidence="0" * 64))
    assert (reply.ok, reply.exit_code) == (False, 1)


def test_a_file_without_evidence_counts_only_in_a_rehearsal(
    tmp_path: Path, opened: Opening
) -> None:
    client = opened(make_workspace(tmp_path / "real", rehearsal=False))
    to_the_gate(client)
    bare = api.Sign(gate="gate", decision="approve", from_file=True)
    reply = client.send(bare)
    assert (reply.ok, reply.exit_code) == (False, 3), "the gate goes on waiting"
    evidence = client.state.steps["gate"].evidence
    bound = api.Sign(gate="gate", decision="approve", evidence=evidence, from_file=True)
    assert client.send(bound).ok
    assert client.state.steps["gate"].signoffs[-1].bound


def test_a_rehearsal_without_evidence_is_journalled_as_unbound(
    workspace: Path, opened: Opening
) -> None:
    client = opened(workspace)
    to_the_gate(client)
    assert client.send(api.Sign(gate="gate", decision="approve", from_file=True)).ok
    assert not client.state.steps["gate"].signoffs[-1].bound


def test_who_has_no_role_may_not_sign(tmp_path: Path, opened: Opening) -> None:
    client = opened(make_workspace(tmp_path / "x", users="[nobody-here]"))
    to_the_gate(client)
    reply = client.send(api.Sign(gate="gate", decision="approve", typed=3))
    assert (reply.ok, reply.exit_code) == (False, 1)


def test_who_ran_the_evidence_may_not_approve_it_where_several_are_named(
    tmp_path: Path, opened: Opening
) -> None:
    from tui_migrate.engine.identity import this_user

    users = f"[{this_user().name}, somebody-else]"
    client = opened(make_workspace(tmp_path / "x", users=users))
    to_the_gate(client)
    reply = client.send(api.Sign(gate="gate", decision="approve", typed=3))
    assert not reply.ok
    assert "four eyes" in reply.message


def test_a_rejection_can_send_a_step_back(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    reply = client.send(
        api.Sign(gate="gate", decision="reject", comment="look again", then="redo:read")
    )
    assert reply.ok
    assert client.state.steps["read"].status is Status.STALE
    assert go_on(client).step == "gate"
    assert client.state.steps["read"].attempt == 2


def test_redo_makes_a_new_attempt_with_the_same_data(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    before = client.state.steps["read"].digest
    assert client.send(api.Redo(step="read")).ok
    go_on(client)
    assert client.state.steps["read"].attempt == 2
    assert client.state.steps["read"].digest == before
    assert client.engine.view.cursor().execute("SELECT count(*) FROM record").fetchall() == [(3,)]


def test_an_unskippable_step_cannot_be_skipped(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    assert not client.send(api.Skip(step="keep", reason="in a hurry")).ok
    assert client.send(api.Skip(step="questions", reason="asked by telephone")).ok
    assert go_on(client).step == "gate"


def test_a_changed_delivery_is_said_and_nothing_is_lost(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    client.close()
    file = workspace / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(ROWS.replace("Jansen", "Janssen"))
    client = opened(workspace)
    idle = go_on(client)
    assert idle.exit_code == 1
    assert "people.csv" in idle.message
    file.write_text(ROWS)
    assert go_on(client).exit_code == 0


def test_a_second_program_is_told_who_holds_the_workspace(workspace: Path, opened: Opening) -> None:
    opened(workspace)
    with pytest.raises(Locked, match="process"):
        opened(workspace)


def test_all_mistakes_of_a_runbook_are_said_at_once(workspace: Path, opened: Opening) -> None:
    path = workspace / "runbook.yaml"
    path.write_text(
        path.read_text().replace("uses: ingest", "uses: inhale").replace("zone: E", "zone: X")
    )
    with pytest.raises(DataSaysNo) as refused:
        opened(workspace)
    assert str(refused.value).count("runbook.yaml:") == 2


def test_a_missing_delivery_is_said_and_the_run_goes_on_when_it_is_there(
    workspace: Path, opened: Opening
) -> None:
    file = workspace / "deliveries/crm/2026-03-01/people.csv"
    file.rename(workspace / "people.csv")
    client = opened(workspace)
    idle = go_on(client)
    assert (idle.exit_code, idle.step) == (1, "read")
    assert "crm" in idle.message
    (workspace / "people.csv").rename(file)
    assert go_on(client).step == "questions"


def test_without_a_key_the_back_up_says_what_to_do(workspace: Path) -> None:
    from tui_migrate.engine.client import open_client

    client = open_client(workspace)
    to_the_gate(client)
    client.send(api.Sign(gate="gate", decision="approve", typed=3))
    idle = go_on(client)
    client.close()
    assert idle.exit_code == 2
    assert "--key-file" in idle.message


def test_whatever_comes_after_the_end_is_vouched_for_too(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    target = workspace / "fates.csv"
    assert client.send(api.Export(what="fates", path=str(target))).ok
    assert client.send(api.Answer(step="questions", item="note", answer="Nee")).ok
    assert client.state.ended == ""
    assert go_on(client).exit_code == 0
    client.close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    opened(workspace).close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []


def test_a_rejection_can_end_the_run(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    assert client.send(
        api.Sign(gate="gate", decision="reject", comment="not like this", then="abort")
    ).ok
    assert client.state.ended == "aborted"
    assert go_on(client).exit_code == 1
    client.close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []


def test_a_corrected_answer_opens_the_checklist_again(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    assert client.send(api.Answer(step="questions", item="ready", answer="no")).ok
    idle = go_on(client)
    assert (idle.exit_code, idle.step) == (3, "questions")


def test_a_snapshot_holds_what_is_committed_with_and_without_a_log(
    workspace: Path, opened: Opening
) -> None:
    """After a checkpoint it is a copy of the file, else one of the tables; the file stays locked."""
    client = opened(workspace)
    to_the_gate(client)
    core = client._core
    host, writer = EngineHost(core), core.store.cursor()

    def raw_rows() -> int:
        with host.snapshot() as path, duckdb.connect(str(path), read_only=True) as copy:
            return int(copy.execute("SELECT count(*) FROM store.record").fetchall()[0][0])

    host.checkpoint()
    assert raw_rows() == 3
    writer.execute("DELETE FROM store.record")
    assert raw_rows() == 0
    command = [sys.executable, "-c", _OPEN, str(core.store.path)]
    other = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "lock" in other.stderr


def test_too_little_memory_is_said_and_more_of_it_goes_on(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUI_MIGRATE_MEMORY", "4MB")
    client = opened(workspace)
    idle = go_on(client)
    assert idle.exit_code == 2
    assert "Out of Memory" in idle.message
    assert "TUI_MIGRATE_MEMORY=" in idle.message
    client.close()
    monkeypatch.setenv("TUI_MIGRATE_MEMORY", "1GB")
    assert to_the_end(opened(workspace)).exit_code == 0


@pytest.mark.parametrize(
    ("variable", "said"),
    [("TUI_MIGRATE_MEMORY", "plenty"), ("TUI_MIGRATE_THREADS", "0"), ("TUI_MIGRATE_THREADS", "-1")],
)
def test_a_wrong_amount_of_memory_or_threads_is_said(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(variable, said)
    with pytest.raises(EnvironmentProblem, match=f"{variable} = {said}"):
        opened(workspace)


def test_rows_that_the_database_hides_stop_the_run_before_anything_reads_them(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault of the database takes 740,000 rows; here what looks for it says that it is there."""
    from tui_migrate.engine import units

    monkeypatch.setattr(units, "hidden", lambda _cursor, table: table == "record")
    client = opened(workspace)
    idle = go_on(client)
    assert (idle.exit_code, idle.step) == (2, "read")
    assert "record" in idle.message
    assert go_on(client).exit_code == 2, "the same engine does not go on"
    client.close()
    monkeypatch.undo()
    client = opened(workspace)
    assert to_the_end(client).exit_code == 0
    entries = client.entries()
    committed = [e.fact for e in entries if isinstance(e.fact, UnitCommitted)]
    assert len({(f.step, f.attempt, f.unit) for f in committed}) == len(committed)


def test_rows_behind_an_empty_row_group_are_seen(tmp_path: Path) -> None:
    """DuckDB 2.0.0 hid them (its count(*) knew of them), and ``hidden`` said so there."""
    with Store(tmp_path / "s.duckdb").connection as connection:
        connection.execute("SET threads = 2")
        connection.execute("CREATE TABLE store.some (part VARCHAR, line BIGINT, digest VARCHAR)")
        connection.execute("CREATE TABLE raw AS SELECT n, md5(n::VARCHAR) FROM range(245760) r(n)")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO store.some SELECT 'first', * FROM raw")
        connection.execute(
            "INSERT INTO store.some SELECT 'none', * FROM raw WHERE n < 0 ORDER BY n"
        )
        connection.execute("COMMIT")
        connection.execute("INSERT INTO store.some VALUES ('last', 1, '')")
        parts = "SELECT part, count(*) FROM store.some GROUP BY part ORDER BY part"
        assert connection.execute(parts).fetchall() == [("first", 245760), ("last", 1)]
        assert not hidden(connection, "some")
