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
    it is of what the match rests on now. The share of the lot that is right lies between ``low`` and
    ``high`` (0 to 1, the exact 95 % interval of what was judged); ``None`` before anything was."""

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
    low: float | None = None
    high: float | None = None


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


SAMPLE, PICKED, HELD, BELOW, LINK = "sample", "picked", "held", "below", "link"


class LanePrecision(Query, frozen=True, kw_only=True, tag="lane_precision"):
    """How precise a threshold of the match is, by what people decided."""


class LaneShare(Answer, frozen=True, kw_only=True):
    """Of ``decided`` questions in which a pair has at least the likelihood ``at``, ``right`` are one
    person; the share lies between ``low`` and ``high`` (0 to 1: the exact 95 % interval; all of it
    where nothing was decided).

    ``group``, of which one says nothing of another: ``sample`` (clusters of the lane, drawn by chance),
    ``picked`` (of the lane, or let go of it, but chosen by who looked), ``held`` (asked since the guard
    held them back), ``below`` (asked since they were less likely than the threshold then), ``link``
    (drawn, but tied by a link, so at no threshold: ``at`` is 0)."""

    group: str
    at: float
    decided: int
    right: int
    low: float
    high: float


class LaneKnown(Answer, frozen=True, kw_only=True):
    """What decisions tell of thresholds. ``ready``: the match is done; ``auto_from``: its threshold;
    ``shares``: of every group at some thresholds about it. ``samples``: how many were drawn. Left out:
    decisions that are ``unsure``, and those (``unplaced``) of which staging does not hold how the match
    judged the records before. Of ``compared`` questions that two persons answered ``contrary`` were
    answered to the contrary, so that one person errs in a share of ``wrong_low`` to ``wrong_high``."""

    step: str
    ready: bool
    auto_from: float = 0.0
    shares: tuple[LaneShare, ...] = ()
    samples: int = 0
    unsure: int = 0
    unplaced: int = 0
    compared: int = 0
    contrary: int = 0
    wrong_low: float | None = None
    wrong_high: float | None = None

    def share(self, group: str, at: float) -> LaneShare | None:
        """Of a group at a threshold, where anything was decided."""
        found = (s for s in self.shares if s.group == group and s.at == at and s.decided)
        return next(found, None)


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
