"""What the review of clusters may ask, and the shape of each answer."""

from __future__ import annotations

import math

import msgspec

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Look, Query
from tui_migrate.engine.lane_queries import Pool


class ClusterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which clusters are meant; what is empty does not count.

    ``field``: a compared field that speaks against it. ``band``: sure (from .9) | likely (from .5) |
    doubtful. ``reason``: why a person is asked. ``state``: open | merge | different | split | unsure |
    flagged | waiting (for a second answer) | differ (two answers do) | changed (settled before a field
    changed) | settled. ``by``: whose decision it is.
    """

    field: str = ""
    source: str = ""
    brand: str = ""
    band: str = ""
    reason: str = ""
    state: str = ""
    by: str = ""


class ClusterQueue(Query, frozen=True, kw_only=True, tag="cluster_queue"):
    """The clusters for a person, as they are asked one by one: ``limit`` of them from ``offset``; or
    those of a ``pool``."""

    offset: int = 0
    limit: int = 100
    only: ClusterFilter = ClusterFilter()
    sitting: str = ""
    pool: Pool | None = None


class ClusterRef(Answer, frozen=True, kw_only=True):
    """A cluster. ``number``: its place in the whole queue, from 1. ``decision``: merge | different |
    split | unsure | flagged | waiting | differ | '' (open), by whom, and the journal entry that holds
    it. ``changed``: fields are others than when it was settled. ``claimed``: who else has it before him.

    Where two persons answer: ``waiting`` is one's own answer until there is a second one; to others the
    cluster is open. ``entry`` is that of one's own answer, 0 where one has none to take back."""

    number: int
    records: tuple[tuple[str, str], ...]
    weight: float
    probability: float
    reason: str
    decision: str = ""
    by: str = ""
    at: str = ""
    entry: int = 0
    undone: int = 0
    """The entry that took the last decision on it back, if that is how it stands."""
    changed: bool = False
    claimed: str = ""
    hidden: bool = False
    """How likely it is is not said before it is decided: weight, probability and reason are empty."""


class ClusterWindow(Answer, frozen=True, kw_only=True):
    """``total`` clusters are in the queue, of which ``counts`` by state; ``fitting`` fit the filter."""

    total: int
    counts: dict[str, int]
    fitting: int
    offset: int
    rows: tuple[ClusterRef, ...]
    missed: float = 0.0
    """Pairs of one person among those that nobody has decided, by their likelihoods."""

    @property
    def decided(self) -> int:
        """Clusters that need no person any more; an unsure or flagged one still does."""
        return sum(self.counts.get(name, 0) for name in ("merge", "different", "split"))


class ReviewFigures(Query, frozen=True, kw_only=True, tag="review_figures"):
    """How far the review is, and what is wrong or missed in all likelihood."""


class ReviewState(Answer, frozen=True, kw_only=True):
    """``counts``: clusters by state. ``missed``: expected pairs of one person among the ``pairs`` that
    nobody has decided. ``drawn``: clusters that two persons answer. ``table``: ``merge/different`` → how
    often the first and the second answer were so, of ``compared``, of which ``alike``. ``kappa``:
    Cohen's, from ``low`` to ``high``. ``alone``: clusters that one person settled, of which a share of
    ``wrong`` is wrong in all likelihood, from ``wrong_low`` to ``wrong_high``: ``contrary`` of
    ``opposed`` answered twice contradict each other. ``None``: there is nothing to tell it by."""

    total: int
    counts: dict[str, int]
    missed: float
    pairs: int
    drawn: int = 0
    table: dict[str, int] = msgspec.field(default_factory=dict)
    compared: int = 0
    alike: int = 0
    kappa: float | None = None
    low: float | None = None
    high: float | None = None
    alone: int = 0
    wrong: float | None = None
    wrong_low: float | None = None
    wrong_high: float | None = None
    opposed: int = 0
    contrary: int = 0


class ClusterStep(Look, frozen=True, kw_only=True, tag="cluster_step"):
    """The cluster to look at next, whole. ``start``: a place among the fitting ones, from 0. ``move``:
    here | next | previous | open (the next that nobody settled nor looks at; when there is none, one
    that somebody was unsure about). ``records``: of a cluster that is wanted, wherever it stands."""

    start: int = 0
    move: str = "here"
    records: tuple[tuple[str, str], ...] = ()
    only: ClusterFilter = ClusterFilter()
    sitting: str = ""
    pool: Pool | None = None


class ClusterField(Answer, frozen=True, kw_only=True):
    """One field of all records, as a reader expects values. ``weight``: log₂ evidence for the same
    person, of the two records that speak most against it, and how far they agree (``level``); ``None``
    where it was not compared. ``most``, ``most_level``: of the two that speak most for it. ``against``:
    pairs of records (by place) between which it speaks against one person; ``sides``: where these are
    records of one kind against those of others, the records of each side. ``unkept``: those of them of
    which the match kept no pair, so that what it is worth is not known."""

    field: str
    values: tuple[str, ...]
    equal: bool
    level: str = ""
    weight: float | None = None
    most_level: str = ""
    most: float | None = None
    against: tuple[tuple[int, int], ...] = ()
    sides: tuple[tuple[int, ...], ...] = ()
    unkept: tuple[tuple[int, int], ...] = ()
    many: bool = False

    @property
    def strength(self) -> float:
        """The strongest evidence that it is, for or against; what contradicts, how much ever, is more."""
        return math.inf if self.unkept else max(abs(self.weight or 0.0), abs(self.most or 0.0))


class ClusterPermission(Answer, frozen=True, kw_only=True):
    """One consent fact of a record. ``event_at``: ISO, UTC, or ''."""

    brand: str
    channel: str
    state: str
    event_at: str


class ClusterRecord(Answer, frozen=True, kw_only=True):
    """A record of a cluster, with what hangs on it. ``trust``: 1 is the most trusted source.
    ``moment``: when it was last written, else delivered. ``profile``: '' before the merge."""

    source: str
    record_id: str
    trust: int
    moment: str
    profile: str
    permissions: tuple[ClusterPermission, ...]
    children: dict[str, int]


class ClusterEvidence(Answer, frozen=True, kw_only=True):
    """Two records (by place) that were compared, and the present word on them. ``asked``: they are in
    the review band, so they are why a person is asked."""

    a: int
    b: int
    weight: float
    probability: float
    reason: str
    rules: tuple[str, ...]
    decision: str
    asked: bool = True


class ClusterAnswerGiven(Answer, frozen=True, kw_only=True):
    """One of two answers that differ. ``groups``: who is one person, by place of the records."""

    by: str
    at: str
    decision: str
    groups: tuple[tuple[int, ...], ...]
    note: str = ""


class ClusterSheet(Answer, frozen=True, kw_only=True):
    """A cluster as the review screen shows it; fields that differ first. ``lead``: the record that
    founds the profile. ``other``: compared fields that are no field of a record. ``weakest``: the two
    records on which it hangs that all are one person; ``contrary``: the two that contradict it most.
    The rest is what the last decision that stands chose, and why it was made."""

    records: tuple[ClusterRecord, ...]
    fields: tuple[ClusterField, ...]
    other: tuple[ClusterField, ...]
    pairs: tuple[ClusterEvidence, ...]
    weakest: tuple[int, ...] = ()
    contrary: tuple[int, ...] = ()
    lead: int = 0
    groups: tuple[tuple[int, ...], ...] = ()
    values: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    note: str = ""
    changed: tuple[str, ...] = ()
    answers: tuple[ClusterAnswerGiven, ...] = ()
    """What two persons answered, where they differ."""


class ClusterPage(Answer, frozen=True, kw_only=True):
    """Where one is (``place`` among ``fitting``), and what stands there."""

    window: ClusterWindow
    place: int
    ref: ClusterRef | None = None
    sheet: ClusterSheet | None = None


class ClusterHistory(Query, frozen=True, kw_only=True, tag="cluster_history"):
    """The last decisions on duplicates, the newest first; of ``by`` only."""

    by: str = ""
    limit: int = 100


class ClusterPast(Answer, frozen=True, kw_only=True):
    """A decision: its entry, and the entry that took it back when it does not stand."""

    entry: int
    by: str
    at: str
    decision: str
    records: tuple[tuple[str, str], ...]
    note: str
    undone: int = 0
