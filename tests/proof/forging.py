"""What somebody can do who owns the machine: write journal and seals anew, so that all agrees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.entries import Segment
from tui_migrate.audit.sealkey import SEAL_SPACE, SealKey
from tui_migrate.audit.seals import segments_digest

Line = dict[str, Any]
Change = Callable[[list[Line]], None]


def journal(audit: Path) -> list[Line]:
    """The entries as they stand."""
    return [json.loads(line) for line in (audit / "journal.jsonl").read_bytes().splitlines()]


def seals(audit: Path) -> list[Line]:
    """The seals as they stand."""
    return [json.loads(line) for line in (audit / "seals.jsonl").read_bytes().splitlines()]


def write(path: Path, lines: list[Line]) -> None:
    """As the program writes them."""
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))


def kind(line: Line) -> str:
    """What an entry says."""
    return str(line["fact"]["kind"])


def chain(lines: list[Line]) -> None:
    """Number the entries anew and let each hold the hash of the one before."""
    prev = "0" * 64
    for seq, line in enumerate(lines, 1):
        line.pop("hash", None)
        line["seq"], line["prev"] = seq, prev
        prev = line["hash"] = sha256_of(line)


def rechain(audit: Path, change: Change, key: SealKey | None = None) -> str:
    """Change the journal, chain it anew, and make all seals anew behind their gates and the end; with
    ``key`` signed by it, else with the signatures left as they were. The new head."""
    lines, old = journal(audit), seals(audit)
    change(lines)
    chain(lines)
    made: list[Line] = []
    for place, line in enumerate(lines):
        if kind(line) != "seal.made":
            continue
        seal = dict(old[len(made)])
        count, listed, root = segments_digest(
            Segment(**each["fact"]["segment"])
            for each in lines[:place]
            if kind(each) == "unit.committed" and each["fact"]["segment"]
        )
        seal |= {"seq": place, "head": lines[place - 1]["hash"], "number": len(made) + 1}
        seal |= {"segments": count, "segments_sha256": listed, "segments_root": root}
        seal["prev"] = made[-1]["hash"] if made else "0" * 64
        if key is not None:
            seal["key"] = key.fingerprint
        hashed = {k: v for k, v in seal.items() if k not in ("hash", "signature")}
        seal["hash"] = sha256_of(hashed)
        if key is not None:
            seal["signature"] = key.sign(SEAL_SPACE, seal["hash"].encode())
        made.append(seal)
        line["fact"] |= {"seal": seal["number"], "sha256": seal["hash"]}
        chain(lines)
    write(audit / "journal.jsonl", lines)
    write(audit / "seals.jsonl", made)
    return str(lines[-1]["hash"])


def first(lines: list[Line], what: str, **fields: Any) -> Line:
    """The first entry of a kind with these fields."""
    return next(
        line
        for line in lines
        if kind(line) == what and all(line["fact"][k] == v for k, v in fields.items())
    )
