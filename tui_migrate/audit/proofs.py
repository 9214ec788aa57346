"""Proof that one record's events are in the sealed trail, to be handed over without the trail.

The format is in ``docs/audit-format.md`` under *Proof of a record's events*. A proof holds the rows
themselves, for each segment the way from them to the segment's root, from there to the root in a seal,
and the seal with its signature.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from tui_migrate.audit import merkle, sshsig
from tui_migrate.audit.canonical import canonical
from tui_migrate.audit.chain import Chain
from tui_migrate.audit.entries import Entry, Segment
from tui_migrate.audit.sealkey import SEAL_SPACE
from tui_migrate.audit.seals import Seal, hash_of, read_seals, segment_leaves, segment_rows
from tui_migrate.audit.trail import COLUMNS
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.staging.store import literal

FORMAT = 1

Proof = dict[str, Any]
"""JSON as it is written: see the page."""


def prove(audit: Path, entries: Iterable[Entry], profile: str) -> Proof:
    """The proof of all sealed events of the record with pseudonym ``profile``.

    ``audit``: the audit folder; ``entries``: its journal. Events that no signed seal covers yet, and
    those of segments from before there were roots, are left out and counted under ``unproved``.
    Raises ``DataSaysNo`` when there is no signed seal.
    """
    chain = Chain()
    for entry in entries:
        chain.add(entry)
    seal = _last_signed(audit)
    key = chain.key_at(seal.seq)
    if key is None:
        raise DataSaysNo(_("The journal names no key of the seals."))
    sealed = [segment for seq, segment in chain.segments if seq <= seal.seq]
    numbers = {segment.path: seq for seq, segment in chain.segments}
    rows = segment_rows(sealed)
    leaves = segment_leaves(rows)
    places = {row[0]: index for index, row in enumerate(rows)}
    known = {segment.path: segment for segment in sealed}
    parts, unproved = [], 0
    for path, events in _events(audit, numbers, profile):
        segment = known.get(path)
        if segment is None or not segment.root:
            unproved += len(events)
            continue
        part = _inside(audit, segment, profile, events)
        part["entry"] = numbers[path]
        part["segment_index"] = places[path]
        part["segment_path"] = merkle.path(leaves, places[path])
        parts.append(part)
    return {
        "format": FORMAT,
        "profile": profile,
        "columns": list(COLUMNS[1:]),
        "segments": sorted(parts, key=lambda part: int(part["entry"])),
        "unproved": unproved,
        "seal": msgspec.to_builtins(seal),
        "key": key.public,
    }


def _last_signed(audit: Path) -> Seal:
    seal = None
    for each in read_seals(audit / "seals.jsonl"):
        seal = each if each.signature else seal
    if seal is None:
        raise DataSaysNo(
            _("No signed seal covers these events yet."),
            _("One is made at every passed gate and at the end."),
        )
    return seal


def _events(
    audit: Path, numbers: dict[str, int], profile: str
) -> Iterator[tuple[str, list[list[Any]]]]:
    """Each segment that speaks of the record, with the record's rows in order."""
    paths = [str(audit / path) for path in numbers if (audit / path).is_file()]
    if not paths:
        return
    files = "[" + ", ".join(literal(path) for path in paths) + "]"
    columns = ", ".join(COLUMNS[1:])
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT filename, {columns} FROM read_parquet({files}, filename = true) "
            "WHERE profile = $profile ORDER BY filename, seq",
            {"profile": profile},
        ).fetchall()
    for name, group in groupby(found, key=lambda row: row[0]):
        yield str(Path(name).relative_to(audit)), [list(row[1:]) for row in group]


def _inside(audit: Path, segment: Segment, profile: str, events: list[list[Any]]) -> Proof:
    """The record's rows in one segment and the way from them to its root."""
    relation = f"read_parquet({literal(str(audit / segment.path))})"
    with duckdb.connect() as connection:
        leaves = merkle.record_leaves(connection, relation, COLUMNS)
        before = connection.execute(
            f"SELECT count(DISTINCT profile) FROM {relation} WHERE profile < $profile",
            {"profile": profile},
        ).fetchall()[0][0]
    if merkle.root(leaves) != segment.root:
        raise DataSaysNo(_("The records of segment {} do not match its root.").format(segment.path))
    return {
        "path": segment.path,
        "sha256": segment.sha256,
        "root": segment.root,
        "records": len(leaves),
        "index": before,
        "rows": events,
        "record_path": merkle.path(leaves, before),
    }


def check(proof: Proof, key: str = "") -> list[str]:
    """What is wrong with a proof, nothing when it holds. ``key``: fingerprint of the key of the seals
    as known from outside; without it a proof is only whole in itself."""
    try:
        return list(_wrongs(proof, key))
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError):
        return [_("This is not a proof.")]


def _wrongs(proof: Proof, key: str) -> Iterator[str]:
    seal = msgspec.convert(proof["seal"], type=Seal)
    fingerprint = sshsig.fingerprint(proof["key"])
    if proof["format"] != FORMAT or proof["columns"] != list(COLUMNS[1:]):
        yield _("The proof is of another format.")
    if key and key != fingerprint:
        yield _("The seal is signed with the key {}, not with {}.").format(fingerprint, key)
    if hash_of(seal) != seal.hash or seal.key != fingerprint:
        yield _("The seal was changed.")
    elif not sshsig.holds(proof["key"], SEAL_SPACE, seal.hash.encode(), seal.signature):
        yield _("The signature of the seal does not hold.")
    for part in proof["segments"]:
        text = leaf_text(proof["profile"], part["rows"])
        root = merkle.climb(merkle.leaf(text), part["index"], part["records"], part["record_path"])
        if root != part["root"]:
            yield _("The events in {} do not lead to its root.").format(part["path"])
            continue
        top = merkle.climb(
            merkle.leaf(canonical([part["path"], part["sha256"], part["root"]])),
            part["segment_index"],
            seal.segments,
            part["segment_path"],
        )
        if top != seal.segments_root:
            yield _("Segment {} is not among those of the seal.").format(part["path"])


def leaf_text(profile: str, rows: Iterable[list[Any]]) -> bytes:
    """What a record's leaf is made of: its rows, each value with its length, each row with a newline."""
    return b"".join(b"|".join(_sized(value) for value in (profile, *row)) + b"\n" for row in rows)


def _sized(value: Any) -> bytes:
    if value is None:
        return b"-"
    text = str(value).encode()
    return str(len(text)).encode() + b":" + text
