"""Files are written whole: a temporary file beside the target, fsync, rename, fsync of the folder.

A reader sees the old file or the new one, never a part of one, also after a power cut.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from pathlib import Path

RUNBOOK_FILE = "runbook.yaml"
"""The file that makes a folder a workspace."""
TEMPORARY = ".tmp-"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
AT_ONCE = 10
"""Files that are written at once."""


def fsync_folder(folder: Path) -> None:
    """Make the folder's own entries (names, renames) durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = PRIVATE_FOLDER) -> Path:
    """Create the folder (and parents) durably if it is not there; new ones get ``mode``."""
    if not folder.is_dir():
        make_folder(folder.parent, mode)
        folder.mkdir(mode=mode, exist_ok=True)
        fsync_folder(folder.parent)
    return folder


@contextmanager
def whole(path: Path, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """A temporary path beside ``path``; when the block ends well, it becomes ``path`` durably.

    The caller writes and closes the temporary file in the block. On an error nothing is left behind
    and an earlier ``path`` stays as it was.
    """
    make_folder(path.parent)
    temporary = path.parent / f"{TEMPORARY}{path.name}"
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
        fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, mode: int = PRIVATE_FILE) -> None:
    """Replace ``path`` by ``content`` in one durable move."""
    with whole(path, mode) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write several files, each in one durable move, all at once: a disk makes ten of them durable in
    the time of one. When one fails the others may stand there already."""
    if len(contents) < 2:
        for path, content in contents.items():
            write_whole(path, content)
        return
    done = [_writers().submit(write_whole, path, content) for path, content in contents.items()]
    wait(done)
    for one in done:
        one.result()


@cache
def _writers() -> ThreadPoolExecutor:
    """Kept: to start a thread takes longer than a write."""
    return ThreadPoolExecutor(AT_ONCE, "write")


def open_durably(path: Path, flags: int) -> int:
    """A file descriptor for a file that is only appended to; its name is durable when it is new."""
    fresh = not path.exists()
    handle = os.open(path, flags | os.O_CREAT, PRIVATE_FILE)
    if fresh:
        fsync_folder(path.parent)
    return handle


def sha256_file(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            error.filename = error.filename or str(path)
            raise


_hashes: dict[Path, tuple[tuple[int, ...], str]] = {}


def sha256_known(path: Path) -> str:
    """The same, read again only when the file's inode, times of change or size are others."""
    stat = path.stat()
    signature = (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
    known = _hashes.get(path)
    if known is None or known[0] != signature:
        known = _hashes[path] = (signature, sha256_file(path))
    return known[1]
