"""What may be asked about the safe lane, and the shape of each answer."""

from __future__ import annotations

import msgspec

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Query

GROUPS = ("kind", "band", "size", "source", "brand")
"""By what clusters are counted: what ties them where they are tied most weakly, how likely that pair is,
how many records they have, which sources these are of, and with which brands they have to do."""


EXAMPLES = 100
"""Clusters of one page of examples."""


class SafeLane(Query, frozen=True, kw_only=True, tag="safe_lane"):
    """What would merge without a person, counted. ``group``: one of ``GROUPS``; ``limit`` of its rows,
    the largest first."""

    group: str = "kind"
    limit: int = 200


class LaneCount(Answer, frozen=True, kw_only=True):
    """One row of the preview. ``value``: of kind identifiers joined by ``+``, ``link`` or ``other``; of
    band ``link`` or the likelihood from which on; of size ``2``, ``3``, ``4``, ``5-9`` or ``10+``. A
    cluster counts for each of its brands."""

    value: str
    clusters: int
    records: int
    pairs: int


class LaneLot(Answer, frozen=True, kw_only=True):
    """A sample. ``entry``: of the journal; ``result``: accepted | rejected | open; ``current``: whether
    it is of what the match rests on now."""

    entry: int
    by: str
    at: str
    clusters: int
    size: int
    letter: str
    aql: str
    accept: int
    reject: int
    right: int
    wrong: int
    left: int
    result: str
    current: bool


class LaneDecision(Answer, frozen=True, kw_only=True):
    """What somebody decided about the lane. ``decision``: merge | review; ``holds``: whether it is about
    what would merge now."""

    entry: int
    by: str
    at: str
    decision: str
    clusters: int
    holds: bool


class LaneSheet(Answer, frozen=True, kw_only=True):
    """The safe lane as somebody may see it. ``step``: the match, '' without one; ``ready``: whether it is
    done; ``asked``: what the runbook asks for before it merges (sample | confirm | '').

    ``clusters``, ``records`` and ``pairs`` count what the asker's role covers, ``whole`` all clusters:
    who sees all brands has the list's ``sha256``, and how many clusters no accepted sample stands for
    (``uncovered``), of which ``size`` would be drawn and up to ``accept`` may be wrong.
    """

    step: str
    ready: bool
    asked: str
    aql: str
    clusters: int = 0
    records: int = 0
    pairs: int = 0
    whole: int = 0
    group: str = "kind"
    rows: tuple[LaneCount, ...] = ()
    sha256: str = ""
    uncovered: int = 0
    letter: str = ""
    size: int = 0
    accept: int = 0
    lots: tuple[LaneLot, ...] = ()
    decision: LaneDecision | None = None

    @property
    def lot(self) -> LaneLot | None:
        """The last sample of what the match rests on now."""
        return next((lot for lot in reversed(self.lots) if lot.current), None)


class LaneExamples(Query, frozen=True, kw_only=True, tag="lane_examples"):
    """Clusters of one row of the preview, those that are tied most weakly first. ``lot``: instead those
    of a sample, in the order in which they were drawn."""

    group: str = ""
    value: str = ""
    lot: int = 0
    offset: int = 0
    limit: int = 100


class LaneExample(Answer, frozen=True, kw_only=True):
    """A cluster. ``verdict``, of a sample: right | wrong | '' (not looked at)."""

    records: tuple[tuple[str, str], ...]
    weight: float = 0.0
    probability: float = 0.0
    kind: str = ""
    verdict: str = ""


class LanePage(Answer, frozen=True, kw_only=True):
    """``fitting`` clusters there are, of which these stand from ``offset`` on."""

    fitting: int
    offset: int
    rows: tuple[LaneExample, ...]


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """Clusters of the safe lane in place of the review queue: the sample that entry ``lot`` drew, or
    (``lot`` 0) the 100 examples from ``offset`` on of a row of the preview. What is decided on a page
    stays on it; another ``look`` has it made anew."""

    lot: int = 0
    group: str = ""
    value: str = ""
    offset: int = 0
    look: str = ""
