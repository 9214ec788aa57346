"""Fifty clusters reviewed by keyboard in a real terminal, and what that sends through the line."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.program import facts, tui
from tests.e2e.terminal import Terminal
from tests.engine.review_world import FAMILIES, GIVEN, RUNBOOK, SHORT, delivered, rows, waiting

CLUSTERS = 50
MOST_BYTES = 6 * 1024
"""For one decision at 120×40: a line of 64 kbit/s shows it in under a second."""


def decided(t: Terminal) -> int:
    """How many the screen says are decided."""
    found = re.search(r"decided (\d+) \(", t.text)
    return int(found[1]) if found else -1


def place(t: Terminal) -> str:
    """Which cluster stands there."""
    found = re.search(r"Cluster (\d+) of", t.text)
    return found[1] if found else ""


def families() -> tuple[str, str]:
    """Eighty, of which ten persons stand in crm six times more: clusters of eight and nine records."""
    crm, mail = rows(80)
    for n, family in enumerate(FAMILIES[:8]):
        where = f"Dorpsstraat;{n + 1};{1000 + n} AB;Gent"
        for name, mailbox in zip([GIVEN[n], SHORT[n]] * 3, "abcdef", strict=True):
            crm += f"L{n}{mailbox};{name};{family};;{mailbox}{n}@example.org;{where}\n"
    return crm, mail


def records(t: Terminal) -> int:
    """How many the cluster that stands there has."""
    found = re.search(r"Cluster \d+ of .*? · (\d+) records", t.text)
    return int(found[1]) if found else 0


@pytest.mark.long(seconds=25)
@pytest.mark.parametrize("size", [(120, 40), pytest.param((80, 24), marks=pytest.mark.soak)])
def test_fifty_clusters_by_keyboard(tmp_path: Path, size: tuple[int, int]) -> None:
    root = delivered(tmp_path / "w", families(), RUNBOOK)
    waiting(root).close()
    rng = random.Random(7)
    sent: list[int] = []
    large = 0
    keys: Counter[str] = Counter()
    with Terminal("-w", root, columns=size[0], rows=size[1]) as t:
        t.until("Passphrase")
        t.press("enter")
        t.until("Next:")
        t.press("p")
        t.until(r"Cluster 1 of")
        while t.listen(0.5):
            pass
        for number in range(CLUSTERS):
            key, before, there = rng.choice("mmmn"), t.received, place(t)
            large += records(t) >= 8
            keys[key] += 1
            t.press(key)
            t.until(rf"decided {number + 1} \(")
            t.until_other(lambda: place(t), there)
            while t.listen(0.1):
                pass
            sent.append(t.received - before)
        for left in range(CLUSTERS - 1, CLUSTERS - 4, -1):
            t.press("z")
            t.until(rf"decided {left} \(")
        t.press("y")
        t.until(lambda: decided(t) == CLUSTERS - 2)
        t.press("esc")
        t.until(r"50 decisions · ")
        t.until(lambda: [f["step"] for f in facts(root, "step.finished")].count("pair") == 2)
        t.until(r"Next: ⏎ open gate")  # what was settled is counted at once
        while t.listen(0.5):
            pass
        t.press("q")
        assert t.ended() == 0
    tui("stop", "-w", root)
    assert len(facts(root, "cluster.decided")) == CLUSTERS
    assert len(facts(root, "decision.back")) == 4
    merged = [f for f in facts(root, "cluster.decided") if len(f["groups"]) == 1]
    assert len(merged) == keys["m"]
    assert large > 5
    assert max(sent) < MOST_BYTES
