"""Which characters of two alike values differ."""

from __future__ import annotations

from difflib import SequenceMatcher

Spans = list[tuple[int, int]]

ALIKE = 0.5
"""Below this share of common characters two values are simply two values."""
LONGEST = 400


def differing(left: str, right: str) -> tuple[Spans, Spans]:
    """The stretches of ``left`` and of ``right`` that the other does not have; case does not count.

    Nothing where the values have too little in common, or are too long to compare at once.
    """
    if not left or not right or max(len(left), len(right)) > LONGEST:
        return [], []
    a, b = left.lower(), right.lower()
    if len(a) != len(left) or len(b) != len(right):  # a letter that becomes two
        a, b = left, right
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [], []
    ours: Spans = []
    theirs: Spans = []
    for kind, start, stop, other_start, other_stop in matcher.get_opcodes():
        if kind != "equal":
            ours.append((start, stop))
            theirs.append((other_start, other_stop))
    return [s for s in ours if s[0] < s[1]], [s for s in theirs if s[0] < s[1]]
