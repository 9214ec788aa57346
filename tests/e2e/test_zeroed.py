"""Memory is zeroed where somebody was erased, and nowhere else: it costs a third more time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.erasure_world import KEY, traces
from tests.e2e.program import (
    REPOSITORY,
    copied,
    environment,
    facts,
    finish,
    run_on,
    start,
    tui,
)
from tests.engine.test_server import wait_for
from tui_migrate.engine import api
from tui_migrate.engine.attach import attach_or_start
from tui_migrate.engine.memory import VARIABLE, is_zeroed
from tui_migrate.engine.person_queries import Search
from tui_migrate.engine.workspace import Holder, Workspace, holder_of, is_held
from tui_migrate.model.profile_id import profile_id

ANNA = profile_id("crm", "ZQXR100")
FORGET = ["forget", ANNA, "--reason", "asked", "--yes", "-w"]

pytestmark = pytest.mark.skipif(is_zeroed() is None, reason="DuckDB has another allocator here")


@pytest.fixture
def workspace(world_done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run at its end, with her in it; nothing is said about memory."""
    monkeypatch.delenv(VARIABLE)
    return copied(world_done, tmp_path / "w")


def _holder(workspace: Path) -> Holder:
    assert is_held(Workspace(workspace))
    found = holder_of(Workspace(workspace))
    assert found is not None
    return found


def _asked(workspace: Path, code: str, **more: str) -> str:
    """What a program prints that is given the workspace, its own engine and an erasure to ask for."""
    head = (
        "import sys; from pathlib import Path\n"
        "from tui_migrate.engine import api, memory\n"
        "from tui_migrate.engine.attach import attach_or_open\n"
        "from tui_migrate.engine.client import open_client\n"
        "root = Path(sys.argv[1])\n"
        f"forget = api.Forget(profile={ANNA!r}, reason='asked', typed={ANNA!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + code, workspace],
        check=False, env={**environment(), **more}, cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
def test_an_engine_starts_anew_for_an_erasure_and_its_clients_go_on(workspace: Path) -> None:
    asks, looks = (attach_or_start(workspace, key=KEY.strip().encode()) for _n in "12")
    assert not _holder(workspace).zeroed
    command = api.Forget(profile=ANNA, reason="asked", typed=ANNA)
    reply = asks.send(command)
    assert reply.ok, reply
    assert reply.message.startswith("Erased.\n")
    assert "keep-1.backup" in reply.message
    assert _holder(workspace).zeroed
    assert asks.send(command) == reply, "asked again, it is answered again"
    assert [hit.name for hit in looks.ask(Search(text="cees"))] == ["Cees Vos"]
    wait_for(lambda: len(looks.state.erased) == 1)
    assert [e.seq for e in looks.entries()] == list(range(1, len(looks.entries()) + 1))
    asks.close()
    looks.close()
    assert traces(workspace) == []
    later = attach_or_start(workspace)
    assert _holder(workspace).zeroed, "whoever starts it"
    later.close()
    tui("redo", "read", "-w", workspace)
    run_on(workspace)
    assert traces(workspace) == []
    assert len(facts(workspace, "erasure.asked")) == len(facts(workspace, "erasure.done")) == 1
    tui("audit", "verify", "-w", workspace)


@pytest.mark.soak
def test_an_engine_in_the_foreground_starts_anew_in_its_place(workspace: Path) -> None:
    process = start("engine", "-w", workspace, "--key-file", workspace / "backup.key")
    wait_for(Workspace(workspace).socket.exists)
    assert (_holder(workspace).pid, _holder(workspace).zeroed) == (process.pid, False)
    assert "not zero" in finish(start("doctor", "-w", workspace)).out
    assert "Erased." in tui(*FORGET, workspace).out
    assert (_holder(workspace).pid, _holder(workspace).zeroed) == (process.pid, True)
    assert "somebody was erased" in finish(start("doctor", "-w", workspace)).out
    tui("stop", "-w", workspace)
    assert finish(process).code == 0
    assert traces(workspace) == []


def test_what_may_not_be_erased_starts_nothing_anew(workspace: Path) -> None:
    client = attach_or_start(workspace)
    before = _holder(workspace)
    assert not client.send(api.Forget(profile=ANNA, reason="asked", typed="somebody")).ok
    assert _holder(workspace) == before
    client.close()


@pytest.mark.soak
def test_a_program_with_its_own_engine_erases_nobody_in_memory_that_is_not_zeroed(
    workspace: Path,
) -> None:
    said = _asked(
        workspace,
        "client = open_client(root); print(memory.is_zeroed()); reply = client.send(forget)\n"
        "print(reply.ok, reply.message, reply.hint); client.close()\n"
        # DuckDB is loaded by now: for the next command an engine of its own is started.
        "client = attach_or_open(root, erasing=True); print(type(client).__name__)\n"
        "print(client.send(forget).message); client.close()\n",
    )
    first, refused, kind, erased, *_more = said.splitlines()
    assert first == "False"
    assert refused.startswith("False This program holds the engine itself")
    assert f"tui-migrate forget {ANNA}" in refused
    assert (kind, erased) == ("RemoteClient", "Erased.")
    assert traces(workspace) == []
    own = "client = open_client(root); print(memory.is_zeroed()); client.close()"
    assert _asked(workspace, own) == "True\n", "from the erasure on"
    late = "import duckdb\ntry: open_client(root)\nexcept Exception as error: print(error)"
    assert "does not zero its memory" in _asked(workspace, late)


@pytest.mark.soak
def test_what_the_environment_says_counts(workspace: Path) -> None:
    code = (
        "client = attach_or_open(root, erasing=True); print(memory.is_zeroed())\n"
        "print(client.send(forget).ok); client.close()"
    )
    assert _asked(workspace, code, **{VARIABLE: "narenas:2,zero:false"}) == "False\nTrue\n"
    assert len(facts(workspace, "erasure.done")) == 1


def test_other_wishes_of_the_environment_stay(workspace: Path) -> None:
    code = (
        "import os; client = attach_or_open(root, erasing=True)\n"
        f"print(memory.is_zeroed(), os.environ[{VARIABLE!r}]); client.close()"
    )
    assert _asked(workspace, code, **{VARIABLE: "narenas:2"}) == "True narenas:2\n"
