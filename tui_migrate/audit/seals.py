"""Seals: at every gate and at the end, one signed line that fixes the journal's head and segments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tui_migrate.audit import merkle
from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.entries import Segment
from tui_migrate.audit.journal import GENESIS, now
from tui_migrate.audit.sealkey import SEAL_SPACE, SealKey
from tui_migrate.files import open_durably


class Seal(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of ``seals.jsonl``: the journal up to entry ``seq`` had the hash ``head``.

    Seals from before there were keys lack the fields with a default.
    """

    number: int
    at: str
    reason: str
    seq: int
    head: str
    segments: int
    segments_sha256: str
    prev: str
    hash: str
    run: str = ""
    segments_root: str = ""
    key: str = ""
    """Fingerprint of the key that signs."""
    signature: str = ""
    """Over ``hash``; itself not hashed."""


def segment_rows(segments: Iterable[Segment]) -> list[list[str]]:
    """Path, hash of the bytes and root of each segment, in path order."""
    return sorted([s.path, s.sha256, s.root] for s in segments)


def segment_leaves(rows: Iterable[list[str]]) -> list[bytes]:
    """The leaves of the tree over all segments that a seal holds the root of."""
    return [merkle.leaf(canonical(row)) for row in rows]


def segments_digest(segments: Iterable[Segment]) -> tuple[int, str, str]:
    """Count, hash over paths and hashes, and root of the tree over all segments."""
    rows = segment_rows(segments)
    listed = sha256_of([row[:2] for row in rows])
    return len(rows), listed, merkle.root(segment_leaves(rows))


def read_seals(path: Path) -> Iterator[Seal]:
    """The seals in order; ``ValueError`` with the line number when one is not what was written."""
    prev = GENESIS
    if not path.exists():
        return
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                seal = msgspec.json.decode(line, type=Seal)
            except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8
                raise ValueError(number) from error
            content = msgspec.to_builtins(seal)
            right = canonical(content) + b"\n" == line and hash_of(seal) == seal.hash
            if not right or seal.number != number or seal.prev != prev:
                raise ValueError(number)
            prev = seal.hash
            yield seal


def hash_of(seal: Seal) -> str:
    """The hash that a seal should have: over all of it but ``hash`` and ``signature``."""
    content = msgspec.to_builtins(seal)
    return sha256_of({k: v for k, v in content.items() if k not in ("hash", "signature")})


def drop_torn_seal(path: Path) -> None:
    """A last line without its newline was never acknowledged: cut it off."""
    if path.exists():
        content = path.read_bytes()
        keep = content.rfind(b"\n") + 1
        if keep != len(content):
            os.truncate(path, keep)


def append_seal(
    path: Path,
    reason: str,
    seq: int,
    head: str,
    segments: Iterable[Segment],
    run: str,
    key: SealKey,
) -> Seal:
    """Append one signed seal durably. A torn last line of an earlier crash is dropped first."""
    content = path.read_bytes() if path.exists() else b""
    keep = content.rfind(b"\n") + 1
    seals = [msgspec.json.decode(line, type=Seal) for line in content[:keep].splitlines()[-1:]]
    count, sha256, root = segments_digest(segments)
    seal = Seal(
        number=seals[-1].number + 1 if seals else 1,
        at=now(),
        reason=reason,
        seq=seq,
        head=head,
        segments=count,
        segments_sha256=sha256,
        prev=seals[-1].hash if seals else GENESIS,
        hash="",
        run=run,
        segments_root=root,
        key=key.fingerprint,
    )
    named = msgspec.structs.replace(seal, hash=hash_of(seal))
    signature = key.sign(SEAL_SPACE, named.hash.encode())
    signed = msgspec.structs.replace(named, signature=signature)
    handle = open_durably(path, os.O_RDWR)
    try:
        os.ftruncate(handle, keep)
        os.lseek(handle, 0, os.SEEK_END)
        os.write(handle, canonical(msgspec.to_builtins(signed)) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    return signed
