"""Files are written whole, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_migrate.files import TEMPORARY, sha256_file, whole, write_whole


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
