"""Numbered deliveries of changes: what each one is worth, and what to do about those that are not.

Sources number their deltas and say in a manifest what each holds. Deliveries are judged in the order
in which they came (the order of their folders) and applied in the order of their numbers:

* ``accepted``: the next number. ``empty``: the same, without a single change.
* ``out_of_order``: a number too far, so that others are missing. Applied. ``late``: fills such a gap.
* ``repeated``: a number that was accepted before, with the same content. Not applied again.
* ``truncated``: fewer rows than promised; ``mismatch``: other content than promised, no usable
  manifest, or a number that was accepted with other content. Not applied at all.

What is *missing* has no folder: it shows as a gap in the numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from tui_migrate.i18n import _
from tui_migrate.staging.deliveries import Delivery

APPLIED = frozenset({"accepted", "empty", "out_of_order", "late"})
REFUSED = frozenset({"truncated", "mismatch"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A delivery, its status and why; ``hashes``: file name → SHA-256 of what is there."""

    delivery: Delivery
    status: str
    reason: str
    hashes: Mapping[str, str]
    clash: bool = False
    """Whether its number came before with other content."""

    @property
    def sequence(self) -> int | None:
        """The number that the source gave it."""
        return self.delivery.manifest.sequence if self.delivery.manifest else None

    @property
    def applied(self) -> bool:
        """Whether its changes count."""
        return self.status in APPLIED

    @property
    def order(self) -> tuple[int, str]:
        """Place among the deliveries that are applied."""
        return (self.sequence or 0, self.delivery.name)


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a source that have not come (whole); ``refused``: those that came damaged."""

    missing: tuple[tuple[int, int], ...]
    """Spans, first and last number included: one that lacks a million is one span."""
    refused: tuple[int, ...]

    @property
    def said(self) -> list[str]:
        """The missing spans in words: ``2``, ``5–900``."""
        return [f"{a}" if a == b else f"{a}–{b}" for a, b in self.missing]

    @property
    def count(self) -> int:
        """How many numbers are missing."""
        return sum(last - first + 1 for first, last in self.missing)


def judge(
    deliveries: Sequence[Delivery], hash_of: Callable[[Delivery], Mapping[str, str]]
) -> list[Judged]:
    """Each delivery of one source with its status, in the order in which they came."""
    judged: list[Judged] = []
    accepted: dict[int, Mapping[str, str]] = {}
    for delivery in sorted(deliveries, key=lambda d: d.name):
        hashes = hash_of(delivery)
        status, reason = _content(delivery, hashes)
        clash = False
        number = delivery.manifest.sequence if delivery.manifest else None
        if not status and number is not None:
            status, reason = _place(number, hashes, accepted)
            clash = status == "mismatch"
            if status in APPLIED:
                accepted[number] = hashes
                if status == "accepted" and _rows(delivery) == 0:
                    status = "empty"
        if status in APPLIED and not reason:
            reason = _unproved(delivery)
        judged.append(Judged(delivery, status, reason, hashes, clash))
    return judged


def _content(delivery: Delivery, hashes: Mapping[str, str]) -> tuple[str, str]:
    """Status and reason of a delivery that cannot be trusted, else empty ones."""
    manifest = delivery.manifest
    if manifest is not None and manifest.problem:
        return "mismatch", _("the manifest is damaged: {}").format(manifest.problem)
    if manifest is None or manifest.sequence is None or not manifest.files:
        return "mismatch", _("no usable manifest")
    absent = [promise.name for promise in manifest.files if promise.name not in hashes]
    if absent:
        return "truncated", _("files that are not there: {}").format(", ".join(absent))
    stray = sorted(set(hashes) - {promise.name for promise in manifest.files})
    if stray:
        return "mismatch", _("files that the manifest does not name: {}").format(", ".join(stray))
    for promise in manifest.files:
        path = next(path for path in delivery.files if path.name == promise.name)
        rows = count_rows(delivery, path.name)
        said = _("{}: {} rows, promised {}").format(promise.name, rows, promise.rows)
        if None not in (rows, promise.rows) and rows != promise.rows:
            return ("truncated" if (rows or 0) < (promise.rows or 0) else "mismatch"), said
        if promise.sha256 and promise.sha256 != hashes[promise.name]:
            return "mismatch", _("{}: other content than promised").format(promise.name)
    return "", ""


def _unproved(delivery: Delivery) -> str:
    """What to say of a delivery whose wholeness nothing proves, else ''."""
    promises = delivery.manifest.files if delivery.manifest else ()
    names = [p.name for p in promises if p.rows is None and p.sha256 is None]
    if not names:
        return ""
    return _("its manifest gives neither rows nor sha256 of {}").format(", ".join(names))


def _place(
    number: int, hashes: Mapping[str, str], accepted: Mapping[int, Mapping[str, str]]
) -> tuple[str, str]:
    """Status and reason of a sound delivery among those that came before it."""
    if number in accepted:
        if sorted(accepted[number].items()) == sorted(hashes.items()):
            return "repeated", _("number {} came before, the same").format(number)
        return "mismatch", _("number {} came before with other content").format(number)
    last = max(accepted, default=0)
    if number < last:
        return "late", _("after number {}").format(last)
    if number > last + 1:
        left = Gap(_spans({*accepted, number}), ())
        return "out_of_order", _("missing: {}").format(", ".join(left.said))
    return "accepted", ""


def _spans(there: Set[int]) -> tuple[tuple[int, int], ...]:
    """The numbers from 1 that are not ``there``, below its highest, as spans."""
    spans, last = [], 0
    for number in sorted(there):
        if number > last + 1:
            spans.append((last + 1, number - 1))
        last = max(last, number)
    return tuple(spans)


def gap(judged: Sequence[Judged]) -> Gap:
    """Which numbers up to the highest one seen are not there, or only damaged."""
    seen = {j.sequence for j in judged if j.sequence is not None}
    applied = {j.sequence for j in judged if j.applied}
    return Gap(_spans(seen), tuple(sorted(n for n in seen - applied if n > 0)))


def _rows(delivery: Delivery) -> int | None:
    counts = [count_rows(delivery, path.name) for path in delivery.files]
    return None if None in counts else sum(count or 0 for count in counts)


def count_rows(delivery: Delivery, name: str) -> int | None:
    """Data rows of a text file without its header (a quoted line break makes no row); None for
    other kinds of file. Bytes that cannot be decoded do not matter for a count."""
    path = next(path for path in delivery.files if path.name == name)
    kind = path.suffix.lower()
    if kind not in (".csv", ".txt", ".tsv", ".jsonl", ".ndjson"):
        return None
    gone = delivery.erased.get(name, 0)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        if kind in (".jsonl", ".ndjson"):
            return gone + sum(1 for line in stream if line.strip())
        head = stream.readline()
        delimiter = max(";,\t|", key=head.count)
        lines = (line.replace("\0", "") for line in stream)
        try:
            return gone + sum(1 for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error:
            return None
