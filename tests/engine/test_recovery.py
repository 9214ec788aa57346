"""What a crash leaves is mended: late units, lost staging, torn lines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.engine.test_run import go_on, to_the_end, to_the_gate
from tui_migrate.audit.entries import Recovered, UnitCommitted
from tui_migrate.audit.verify import verify
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.core import Core
from tui_migrate.errors import DataSaysNo

Opening = Callable[[Path], InProcessClient]


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, nothing is tidied."""


def _staging(workspace: Path) -> Path:
    return workspace / ".tui-migrate" / "staging.duckdb"


def test_staging_can_be_rebuilt_without_a_new_fact_about_its_units(
    workspace: Path, opened: Opening
) -> None:
    client = opened(workspace)
    to_the_end(client)
    before = [e.fact for e in client.entries() if isinstance(e.fact, UnitCommitted)]
    rows = client.engine.view.cursor().execute("SELECT * FROM fates ORDER BY ALL").fetchall()
    client.close()
    _staging(workspace).unlink()
    client = opened(workspace)
    after = [e.fact for e in client.entries() if isinstance(e.fact, UnitCommitted)]
    assert after == before
    assert (
        client.engine.view.cursor().execute("SELECT * FROM fates ORDER BY ALL").fetchall() == rows
    )
    assert isinstance(client.entries()[-2].fact, Recovered)
    assert go_on(client).exit_code == 0
    client.close()


def test_a_rebuild_from_other_deliveries_is_refused(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    client.close()
    _staging(workspace).unlink()
    file = workspace / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(file.read_text().replace("Peeters", "Pieters"))
    with pytest.raises(DataSaysNo, match="other data"):
        opened(workspace)


@pytest.mark.parametrize("moment", ["before the segment", "before the journal"])
def test_a_unit_that_was_committed_but_not_journalled_is_journalled_late(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    client = opened(workspace)
    record = Core.record

    def killed(core: Core, fact: object, command: str = "") -> object:
        if isinstance(fact, UnitCommitted):
            raise Killed
        return record(core, fact, command)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        if moment == "before the journal":
            patch.setattr(Core, "record", killed)
        else:
            from tui_migrate.engine.units import Units

            def no_segment(_units: Units, _fact: UnitCommitted) -> UnitCommitted:
                raise Killed

            patch.setattr(Units, "write_segment", no_segment)
        with pytest.raises(Killed):
            go_on(client)
    client.shut()
    client = opened(workspace)
    facts = [e.fact for e in client.entries()]
    assert sum(isinstance(f, UnitCommitted) for f in facts) == 1
    assert any(isinstance(f, Recovered) and f.late_units == 1 for f in facts)
    to_the_end(client)
    client.close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []


def test_killed_between_the_journal_and_the_attempt_row(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_migrate.engine.attempts import Attempts

    client = opened(workspace)

    def killed(_attempts: Attempts, _seq: int, _step: str, _attempt: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Attempts, "note_attempt", killed)
        with pytest.raises(Killed):
            go_on(client)
    client.shut()
    client = opened(workspace)
    to_the_gate(client)
    assert client.state.steps["read"].attempt == 1
    assert client.engine.view.cursor().execute("SELECT count(*) FROM record").fetchall() == [(3,)]


def test_a_torn_journal_line_is_reported(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    client.close()
    journal = workspace / ".tui-migrate" / "audit" / "journal.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"at":"20')
    client = opened(workspace)
    fact = client.entries()[-1].fact
    assert isinstance(fact, Recovered)
    assert fact.torn_bytes == 9


def test_a_back_up_is_tried_out_inside_the_workspace_and_what_a_crash_left_is_swept(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decrypted deliveries must not stay behind in a folder that nobody clears."""
    monkeypatch.setattr(tempfile, "tempdir", str(workspace / "no such folder"))
    client = opened(workspace)
    to_the_end(client)
    assert client.state.backups[0][1].verified
    client.close()
    left = workspace / ".tui-migrate" / "spill" / "restore-abc" / "deliveries"
    left.mkdir(parents=True)
    (left / "people.csv").write_text("1;Jansen\n")
    opened(workspace)
    assert not list((workspace / ".tui-migrate" / "spill").glob("restore-*"))


def test_a_unit_of_a_step_that_the_runbook_lost_meanwhile_is_not_journalled(
    workspace: Path, opened: Opening
) -> None:
    """Killed between COMMIT and journal, then the step is renamed: the journal stays readable."""
    client = opened(workspace)
    core = client._core
    fact = UnitCommitted(step="read", attempt=1, unit="x", counts={}, digest="0")
    core.store.connection.execute(
        "INSERT INTO store.marker VALUES ('read', 1, 'x', $entry)",
        {"entry": msgspec.json.encode(fact).decode()},
    )
    client.close()
    path = workspace / "runbook.yaml"
    path.write_text(path.read_text().replace("id: read,", "id: take,").replace("[read]", "[take]"))
    client = opened(workspace)
    assert go_on(client).step == "questions"
    client.close()
    opened(workspace)
