"""Whatever is wrong gets a clear message and the right exit code, and nothing is lost."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MERGED, Run
from tests.e2e.program import (
    assert_same_exports,
    copied,
    export_all,
    facts,
    finish,
    new_workspace,
    run_line,
    run_on,
    start,
    tui,
    wait_until,
)

CONTACTS = "deliveries/crm/2026-03-01-full/contacts.csv"


def _place(path: Path, text: str) -> tuple[int, int]:
    """Line and column, from 1, at which a text first stands."""
    before = path.read_text("utf-8").split(text)[0]
    return before.count("\n") + 1, len(before.rsplit("\n", 1)[-1]) + 1


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_five_different_mistakes_are_all_said_with_line_and_column(fresh: Path) -> None:
    mistakes = [
        ("runbook.yaml", "Europe/Amsterdam", "Europe/Amsterdm", "Europe/Amsterdam"),
        ("runbook.yaml", "uses: ingest", "uses: inhale", "validate"),
        ("runbook.yaml", "[quality]", "[qualty]", "quality"),
        ("mapping/crm.yaml", "family_name:", "familyname:", "family_name"),
        ("rules/quality.yaml", "severity: note", "severity: loud", "warn"),
    ]
    expected = []
    for file, old, new, right in mistakes:
        _replace(fresh / file, old, new)
        wrong = new.rsplit(": ", maxsplit=1)[-1].strip("[]")
        line, column = _place(fresh / file, wrong)
        expected.append((f"{file}:{line}:{column}: ", right))
    for command in (["check", str(fresh)], ["run", "-w", str(fresh), "--headless"]):
        said = tui(*command, code=1).said.splitlines()
        for place, right in expected:
            found = [line for line in said if line.startswith(place)]
            assert found, (place, said)
            assert right in found[0]
        assert sum(".yaml:" in line for line in said) == len(mistakes)
    assert not (fresh / ".tui-migrate").exists(), "nothing was done"


def test_a_missing_delivery_is_named_and_the_run_goes_on_when_it_is_there(
    fresh: Path, tmp_path: Path
) -> None:
    shutil.move(fresh / "deliveries" / "shop", tmp_path / "shop")
    said = run_on(fresh, "--until", "ingest", code=1).err
    assert "No delivery of shop" in said
    assert "deliveries/shop/*/orders.jsonl" in said
    shutil.move(tmp_path / "shop", fresh / "deliveries" / "shop")
    run_on(fresh, "--until", "ingest")


def test_a_locked_workspace_tells_who_holds_it(fresh: Path) -> None:
    first = start(*run_line(fresh, "--until", "merge"))
    wait_until(fresh, 5, first)
    said = run_on(fresh, code=2).err
    assert f"process {first.pid}" in said
    assert "in use" in said
    assert "ingest" in tui("status", "-w", fresh).out, "looking is possible meanwhile"
    first.send_signal(signal.SIGTERM)
    finish(first)


@pytest.mark.soak
def test_an_interrupted_run_says_so_and_goes_on(fresh: Path, merged: Run, tmp_path: Path) -> None:
    for number, units in ((signal.SIGINT, 20), (signal.SIGTERM, 45)):
        process = start(*run_line(fresh, "--until", "merge"))
        wait_until(fresh, units, process)
        process.send_signal(number)
        finished = finish(process)
        assert finished.code == 130, finished.said
        assert "run again to go on" in finished.err
    run_on(fresh, "--until", "merge")
    assert_same_exports(export_all(fresh, tmp_path / "x", MERGED), merged.exports, MERGED)


def _may_not_override_permissions() -> None:
    """In the child: even root obeys the permissions of files (CAP_DAC_* leave the bounding set)."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


def _no_permission(file: Path) -> None:
    file.chmod(0)


def _link_outside(file: Path) -> None:
    file.unlink()
    file.symlink_to("/proc/self/mem")


@pytest.mark.parametrize(
    ("broken", "code"),
    [(_no_permission, 2), pytest.param(_link_outside, 1, marks=pytest.mark.soak)],
)
def test_an_unreadable_file_is_named_and_nothing_is_skipped(
    fresh: Path, broken: Callable[[Path], None], code: int
) -> None:
    file = fresh / CONTACTS
    content = file.read_bytes()
    broken(file)
    preexec = _may_not_override_permissions if os.geteuid() == 0 else None
    said = run_on(fresh, "--until", "ingest", code=code, preexec=preexec).err
    assert "contacts.csv" in said
    assert not [f for f in facts(fresh, "step.finished") if f["step"] == "ingest"]
    file.unlink()
    file.write_bytes(content)
    run_on(fresh, "--until", "ingest")


def test_a_wrong_key_opens_no_back_up(demo: Run, tmp_path: Path) -> None:
    backup = demo.workspace / ".tui-migrate" / "backups" / "backup-deliveries-1.backup"
    wrong, right = tmp_path / "wrong.key", demo.workspace / "backup.key"
    wrong.write_text("not this one, surely\n")
    said = tui("restore", backup, tmp_path / "a", "--key-file", wrong, code=2).err
    assert "does not open with this key" in said
    tui("restore", backup, tmp_path / "b", "--key-file", right)
    restored = tmp_path / "b" / CONTACTS
    assert restored.read_bytes() == (demo.workspace / CONTACTS).read_bytes()


def test_guessing_the_key_of_a_real_back_up_is_dear(demo: Run) -> None:
    backups = list((demo.workspace / ".tui-migrate" / "backups").iterdir())
    assert backups
    for path in backups:
        with path.open("rb") as stream:
            stream.readline()
            cost = json.loads(stream.readline())["cost"]
        assert 128 * cost["n"] * cost["r"] >= 32 * 2**20, "bytes of memory for each guess"


def test_a_changed_delivery_stops_the_run_until_it_is_put_back(merged: Run, tmp_path: Path) -> None:
    workspace = copied(merged.workspace, tmp_path / "changed")
    file = workspace / CONTACTS
    content = file.read_bytes()
    file.write_bytes(content.replace(b"Nederland", b"Nederlant", 1))
    said = run_on(workspace, "--until", "profile-quality", code=1).err
    assert CONTACTS in said
    assert "Nothing was lost" in said
    file.write_bytes(content)
    run_on(workspace, "--until", "profile-quality")
    exports = export_all(workspace, tmp_path / "exports", ("crosswalk", "profiles"))
    assert_same_exports(exports, merged.exports, ("crosswalk", "profiles"))


@pytest.mark.soak
def test_a_mapping_that_is_edited_afterwards_gives_what_a_fresh_run_gives(
    merged: Run, fresh: Path, tmp_path: Path
) -> None:
    workspace = copied(merged.workspace, tmp_path / "edited")
    for root in (workspace, fresh):
        mapping = root / "mapping" / "crm.yaml"
        _replace(mapping, "  town: {from: Plaats}\n", "")
        _replace(mapping, "skip:\n", "skip:\n  Plaats: not needed in this test\n")
    run_on(fresh, "--until", "merge")
    run_on(workspace, "--until", "merge")
    stale = [f["step"] for f in facts(workspace, "step.stale")]
    assert stale[0] == "field-mapping"
    assert {"quality", "match", "merge"} <= set(stale)
    assert "ingest" not in stale
    again = export_all(workspace, tmp_path / "again", MERGED)
    assert_same_exports(again, export_all(fresh, tmp_path / "once", MERGED), MERGED)
    profiles = (tmp_path / "once" / "profiles.csv").read_bytes()
    assert profiles != (merged.exports / "profiles.csv").read_bytes(), "the change made a change"


@pytest.mark.soak
def test_redo_does_a_step_and_all_behind_it_again(merged: Run, tmp_path: Path) -> None:
    workspace = copied(merged.workspace, tmp_path / "redone")
    said = tui("redo", "match", "-w", workspace).out
    assert "match" in said
    assert "merge" in said
    run_on(workspace, "--until", "merge")
    attempts = {f["step"]: f["attempt"] for f in facts(workspace, "step.finished")}
    assert (attempts["quality"], attempts["match"], attempts["merge"]) == (1, 2, 2)
    what = ("crosswalk", "profiles", "pairs", "fates")
    assert_same_exports(export_all(workspace, tmp_path / "x", what), merged.exports, what)


# -- a full disk -------------------------------------------------------------------------------


def _files_stay_small() -> None:
    """In the child: no file grows beyond 300 kB; writing more fails as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


@pytest.mark.soak
def test_when_no_file_can_grow_the_run_says_so_and_goes_on_later(
    fresh: Path, merged: Run, tmp_path: Path
) -> None:
    said = run_on(fresh, "--until", "merge", code=2, preexec=_files_stay_small).err
    assert "could not go on: " in said
    assert "run again" in said
    run_on(fresh, "--until", "merge")
    assert_same_exports(export_all(fresh, tmp_path / "x", MERGED), merged.exports, MERGED)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB in memory; only root may have one."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder = tmp_path / "disk"
    folder.mkdir()
    if libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=3m"):
        pytest.skip("a file system of its own cannot be mounted here")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


def test_on_a_full_disk_commands_say_so_and_leave_nothing_half_done(
    small_disk: Path, demo: Run
) -> None:
    export, restored = small_disk / "fates.csv", small_disk / "restored"
    with (small_disk / "fill").open("wb") as fill, contextlib.suppress(OSError):
        while True:
            fill.write(bytes(65536))
            fill.flush()
    backup = next((demo.workspace / ".tui-migrate" / "backups").iterdir())
    key = demo.workspace / "backup.key"
    copy = copied(demo.workspace, small_disk.with_name("copy"))
    for command in (
        ["export", "fates", "-o", str(export), "-w", str(copy)],
        ["restore", str(backup), str(restored), "--key-file", str(key)],
        ["new", str(small_disk / "new")],
    ):
        said = tui(*command, code=2).err
        assert "No space left" in said or "The disk is full" in said, said
        assert "ake room" in said
    assert [path.name for path in small_disk.iterdir()] == ["fill"]


@pytest.mark.soak
def test_on_a_full_disk_the_run_says_so_and_goes_on_when_there_is_room(
    small_disk: Path, deliveries: Path, merged: Run, tmp_path: Path
) -> None:
    workspace = new_workspace(small_disk / "w", deliveries)
    said = run_on(workspace, "--until", "merge", code=2).err
    assert "No space left" in said
    assert "run again" in said
    libc = ctypes.CDLL(None, use_errno=True)
    assert not libc.mount(b"none", os.fsencode(small_disk), b"tmpfs", 32, b"size=200m"), "remount"
    run_on(workspace, "--until", "merge")
    assert_same_exports(export_all(workspace, tmp_path / "x", MERGED), merged.exports, MERGED)
