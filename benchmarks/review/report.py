"""The figures as Markdown: what merges without a person, then what a person has to decide."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.matching.data import SEED
from benchmarks.report import machine
from benchmarks.review.matched import Quality
from benchmarks.review.reviewer import Point
from benchmarks.review.world import World
from tui_migrate.matching import FrozenModel

AIMS = (0.98, 0.99)
PRECISION_AIM, RECALL_AIM = 0.995, 0.80

HEAD = """\
# Decisions of a reviewer

Made by `make bench-review` with {persons:,} persons of the sample generator (seed {seed}): {records:,}
records that take part in matching, and the links that the deliveries declare. Match, guard, clusters and
the order of the queue are the program's own. *Reachable* is a true pair of which anybody could see that
it is one: a contact point in common, a declared link, or names on both sides and the birth date or the
address as it was written (`make truth` counts the same). There are {reachable:,}; {apart:,} true pairs
beside them are not.
"""
AUTOMATIC = """\
## What merges without a person

A pair counts for a kind of trap if one of its records is of a person in such a trap; wrong are those of
two persons who are easily taken for each other so. The generator has no twins: in every third household
with two children of different names these are made twins.

| model | kind of trap | persons | pairs merged | wrong | precision | reachable pairs | automatic recall |
|---|---|---:|---:|---:|---:|---:|---:|"""
DECISIONS = """\
## Decisions for each 1,000 source records

| reviewer | queue | to F1 .98 | to F1 .99 | in the end, F1 (P / R) | decisions in all |
|---|---|---:|---:|---:|---:|"""
FOOT = """
An answer is a word on each two records of a cluster of up to nine. After each {share} of the queue all is
matched again with the answers, and with *learning* the model is refitted to them before. *In the end*:
with every question answered, which no order can exceed; F1 is over reachable pairs. Wrong answers stay:
nobody looks twice.
"""


@dataclass(frozen=True, slots=True)
class Walk:
    """A reviewer's way through the queue; the model that he taught, if any."""

    points: list[Point]
    taught: FrozenModel | None

    def until(self, aim: float) -> float | None:
        """Decisions until F1 is reached; between two points along a straight line."""
        for before, after in zip(self.points, self.points[1:], strict=False):
            low, high = before.quality.f1, after.quality.f1
            if low < aim <= high:
                share = (aim - low) / (high - low)
                return before.decisions + share * (after.decisions - before.decisions)
        return None


Rows = dict[str, tuple[int, Quality]]
"""Kind of trap → how many persons, and what became of their pairs."""


def document(
    around: World,
    persons: int,
    records: int,
    rounds: int,
    automatic: dict[str, Rows],
    walks: dict[tuple[str, str], Walk],
) -> str:
    """The report. automatic: model → kind of trap, the first for all; walks: by reviewer and queue."""
    head = HEAD.format(
        persons=persons,
        seed=SEED,
        records=records,
        reachable=len(around.pairs),
        apart=around.apart,
    )
    share = f"{1 / rounds:.0%}"
    lines = [head, *machine(), "", *_automatic(automatic), "", *_decisions(records, walks)]
    return "\n".join([*lines, FOOT.format(share=share)])


def _automatic(automatic: dict[str, Rows]) -> list[str]:
    lines = [AUTOMATIC]
    for model, rows in automatic.items():
        for trap, (people, q) in rows.items():
            figures = (
                f"{q.merged:,} | {q.wrong:,} | {q.precision:.4f} | {q.true:,} | {q.recall:.4f}"
            )
            lines.append(f"| {model} | {trap} | {people:,} | {figures} |")
    _people, q = next(iter(next(iter(automatic.values())).values()))
    reached = q.precision >= PRECISION_AIM and q.recall >= RECALL_AIM
    aim = f"precision {PRECISION_AIM} with recall {RECALL_AIM:.2f}"
    return [*lines, "", f"Aim: {aim}: {'reached' if reached else 'not reached'}."]


def _decisions(records: int, walks: dict[tuple[str, str], Walk]) -> list[str]:
    lines = [DECISIONS]
    for (who, way), walk in walks.items():
        needed = (walk.until(aim) for aim in AIMS)
        cells = ["not reached" if n is None else f"{1000 * n / records:.1f}" for n in needed]
        last = walk.points[-1]
        q = last.quality
        cells.append(f"{q.f1:.4f} ({q.precision:.4f} / {q.recall:.4f})")
        cells.append(f"{1000 * last.decisions / records:.1f}")
        lines.append(f"| {who} | {way} | {' | '.join(cells)} |")
    return lines
