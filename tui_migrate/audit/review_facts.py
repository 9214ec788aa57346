"""Facts about the review of doubtful duplicates."""

from __future__ import annotations

import msgspec

from tui_migrate.audit.fact import Fact


class ModelFitted(Fact, frozen=True, kw_only=True, tag="match.model"):
    """Records were scored with this model: the weights of each field and level, without any personal
    value. Once profiles by it have gone to the target, later deliveries are scored with it too."""

    step: str
    attempt: int
    sha256: str
    """Of what was declared and the model (JSON), kept under ``objects/``."""


class ReviewDrawn(Fact, frozen=True, kw_only=True, tag="review.drawn"):
    """From here on two persons answer a share of the clusters, each without the other's answer: those
    whose draw (see ``engine.two_answers``) is below ``share``; 0 ends it. ``third``: the role that
    settles what the two see differently, '' for whoever may decide."""

    share: float
    seed: str
    third: str = ""


class ModelProposed(Fact, frozen=True, kw_only=True, tag="match.proposed"):
    """What decisions teach is proposed as a correction of the weights; it counts once it is accepted."""

    step: str
    attempt: int
    """The attempt whose model it corrects."""
    sha256: str
    """Of the corrections and what they would change (JSON), kept under ``objects/``."""
    decided: int
    """Pairs on which it rests."""


class ModelJudged(Fact, frozen=True, kw_only=True, tag="match.judged"):
    """Somebody who signs the gate behind the match accepts or rejects a proposal. ``reason``: a
    commitment. ``giver``: whose role he acted in, by delegation."""

    proposal: int
    """The entry that proposes it."""
    sha256: str
    """What he looked at."""
    gate: str
    role: str
    decision: str
    """accept | reject"""
    settled: bool
    """Nobody else is needed: from the next attempt on records are scored with it."""
    reason: str = ""
    giver: str = ""


class PairDecided(Fact, frozen=True, kw_only=True, tag="pair.decided"):
    """A reviewer settles a pair of source records (pseudonyms). An undo has decision ``undo``."""

    record_a: str
    record_b: str
    decision: str
    """merge | different | unsure | undo"""
    reference: str = ""
    """Commitment of the pair (plain source and record ids) in the vault."""
    compared: str = ""
    """Commitment of digests of what was compared; the pair is asked again when one changes."""


class ClusterAnswered(Fact, frozen=True, kw_only=True, tag="cluster.answered"):
    """The first of two answers on records (pseudonyms) that two persons answer: nobody reads it before
    there is another one. ``answer``: a commitment to it. ``members``: as of ``cluster.decided``.
    ``anew``: earlier answers on these records do not count any more, a compared field has changed."""

    records: list[str]
    members: list[str]
    answer: str
    anew: bool = False


class OpenedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered in ``entry``; the rest as of ``cluster.decided``."""

    entry: int
    groups: list[list[int]]
    decision: str
    lead: int = -1
    values: dict[str, list[int]] = msgspec.field(default_factory=dict)
    note: str = ""


class ClusterDecided(Fact, frozen=True, kw_only=True, tag="cluster.decided"):
    """A reviewer settles records (pseudonyms) that may be one person, all at once.

    ``decision``: settled | unsure | flagged. ``groups``: who is one person, by place in ``records``;
    each record stands in one group. ``members``: a commitment for each record, of its plain ids and
    the digests of what was compared, so that one person can be erased and the word on the others
    stays. ``lead``: the record that founds the profile, -1 when the rules say. ``values``: field →
    the records whose values it takes. ``note``: a commitment. ``turn``: '' | second | third, of
    records that two persons answer; ``opens``: the answers that were sealed until this one. ``lot``: of
    a cluster that would merge without a person, the entry that drew the sample which it is of, or -1; 0
    of any other.
    """

    records: list[str]
    groups: list[list[int]]
    decision: str
    members: list[str]
    lead: int = -1
    values: dict[str, list[int]] = msgspec.field(default_factory=dict)
    note: str = ""
    turn: str = ""
    opens: list[OpenedAnswer] = msgspec.field(default_factory=list)
    lot: int = 0


class DecisionTakenBack(Fact, frozen=True, kw_only=True, tag="decision.back"):
    """A decision no longer counts, or counts again: ``entry`` names the decision that is taken back,
    or the entry by which one was."""

    entry: int
