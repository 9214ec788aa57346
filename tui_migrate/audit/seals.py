"""Seals: at every gate and at the end, one line that fixes the journal's head, counts and segments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.entries import Segment
from tui_migrate.audit.journal import GENESIS, now
from tui_migrate.files import open_durably


@dataclass(frozen=True, slots=True)
class Seal:
    """One line of ``seals.jsonl``: the journal up to entry ``seq`` had the hash ``head``."""

    number: int
    at: str
    reason: str
    seq: int
    head: str
    segments: int
    segments_sha256: str
    prev: str
    hash: str


def segments_digest(segments: Iterable[Segment]) -> tuple[int, str]:
    """Count and hash of all segments' paths and hashes, in path order."""
    rows = sorted([s.path, s.sha256] for s in segments)
    return len(rows), sha256_of(rows)


def read_seals(path: Path) -> Iterator[Seal]:
    """The seals in order; ``ValueError`` with the line number when one is not what was written."""
    prev = GENESIS
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        try:
            seal = msgspec.json.decode(line, type=Seal)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(number) from error
        content = msgspec.to_builtins(seal)
        claimed = content.pop("hash")
        right = (
            sha256_of(content) == claimed
            and canonical({**content, "hash": claimed}) + b"\n" == line
        )
        if not right or seal.number != number or seal.prev != prev:
            raise ValueError(number)
        prev = seal.hash
        yield seal


def drop_torn_seal(path: Path) -> None:
    """A last line without its newline was never acknowledged: cut it off."""
    if path.exists():
        content = path.read_bytes()
        keep = content.rfind(b"\n") + 1
        if keep != len(content):
            os.truncate(path, keep)


def append_seal(path: Path, reason: str, seq: int, head: str, segments: Iterable[Segment]) -> Seal:
    """Append one seal durably. A torn last line of an earlier crash is dropped first."""
    content = path.read_bytes() if path.exists() else b""
    keep = content.rfind(b"\n") + 1
    seals = [msgspec.json.decode(line, type=Seal) for line in content[:keep].splitlines()]
    count, sha256 = segments_digest(segments)
    body = {
        "number": len(seals) + 1,
        "at": now(),
        "reason": reason,
        "seq": seq,
        "head": head,
        "segments": count,
        "segments_sha256": sha256,
        "prev": seals[-1].hash if seals else GENESIS,
    }
    seal = msgspec.convert({**body, "hash": sha256_of(body)}, type=Seal)
    handle = open_durably(path, os.O_RDWR)
    try:
        os.ftruncate(handle, keep)
        os.lseek(handle, 0, os.SEEK_END)
        os.write(handle, canonical(msgspec.to_builtins(seal)) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    return seal
