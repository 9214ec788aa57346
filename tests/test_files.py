"""Files are written whole, and what cannot be read is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_migrate import files
from tui_migrate.files import (
    TEMPORARY,
    make_folder,
    open_durably,
    sha256_file,
    sha256_known,
    whole,
    write_all,
    write_whole,
)


def test_a_bad_block_names_its_file() -> None:
    # Reading the start of one's own memory fails as reading a bad block does: with EIO.
    with pytest.raises(OSError, match="self/mem"):
        sha256_file(Path("/proc/self/mem"))


def test_a_write_that_fails_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_whole(path, "before")

    def half() -> None:
        with whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert path.read_text() == "before"
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_many_files_are_all_there_and_durable_or_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / str(n % 3) / f"x{n}" for n in range(30)]
    synced: list[Path] = []
    monkeypatch.setattr(files, "fsync_folder", synced.append)
    write_all({path: path.name.encode() for path in paths})
    assert [path.read_text() for path in paths] == [path.name for path in paths]
    assert not set(synced).symmetric_difference([tmp_path, *(path.parent for path in paths)])
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(IsADirectoryError):
        write_all({paths[0]: b"new", taken: b"no file", paths[1]: b"new"})


def test_new_names_are_made_durable_in_the_folder_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut may take a folder or a file whose own name was never synced, whatever is in it."""
    synced: list[Path] = []
    monkeypatch.setattr(files, "fsync_folder", synced.append)
    make_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]
    log = tmp_path / "a" / "b" / "log"
    os.close(open_durably(log, os.O_WRONLY))
    os.close(open_durably(log, os.O_WRONLY))
    assert synced[2:] == [log.parent]


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Jansen")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = sha256_known(path)
    path.write_text("Janzen")
    os.utime(path, ns=times)
    assert sha256_known(path) != before
