"""Commands about the safe lane: draw a sample, confirm that all merges or leave it to people, undo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tui_migrate.audit import entries as facts
from tui_migrate.audit.lane_facts import (
    LaneDecided,
    LaneDrawn,
    LaneJudged,
    LaneVoided,
    draw,
    seed_of,
)
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.review_facts import DecisionTakenBack
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import require_turned
from tui_migrate.engine.lane import (
    Ground,
    accepted_lots,
    basis_of,
    covers,
    lane_of,
    last_lot,
    match_before,
    name_of,
    text_of,
    uncovered,
)
from tui_migrate.engine.lane_state import OPEN, REJECTED, LaneWord, Lot
from tui_migrate.engine.run_lane import result, tally
from tui_migrate.engine.seeing import seen_by
from tui_migrate.engine.state import StepState
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.verify.acceptance import plan_for

DECISIONS = ("merge", "review")
LOOK = "tui-migrate lane"


@contextmanager
def _ground(core: Core) -> Iterator[Ground]:
    cursor = core.store.cursor()
    try:
        yield Ground.of(core, cursor)
    finally:
        cursor.close()


def draw_lane(core: Core, command: api.DrawLane) -> facts.Entry:
    """Journal a sample of the clusters that no accepted sample stands for."""
    note_results(core)
    match = _match(core)
    with _ground(core) as ground:
        left = uncovered(ground, match, _lines(ground, match))
    lot = last_lot(core.state, match)
    if lot is not None and result(core.state, lot) != OPEN:
        lot = lot if result(core.state, lot) == REJECTED else None
    if lot is not None:
        raise _not_again(core, lot)
    if not left:
        raise DataSaysNo(_("An accepted sample stands for every cluster already."))
    aql = core.runbook.review.aql
    plan = plan_for(len(left), aql)
    sha256 = keep_object(core.workspace.objects, text_of(left))
    seed = seed_of(core.state.run, sha256)
    fact = LaneDrawn(
        step=match.id,
        attempt=match.attempt,
        sha256=sha256,
        clusters=len(left),
        aql=str(aql),
        letter=plan.letter,
        accept=plan.accept,
        reject=plan.reject,
        seed=seed,
        basis=basis_of(match),
        sample=[line.split(" ") for line in draw(left, plan.size, seed)],
    )
    return core.record(fact, command.id)


def _not_again(core: Core, lot: Lot) -> DataSaysNo:
    """Why no other sample is drawn: there is one, and it is not thrown until it fits."""
    counted = tally(core.state, lot)
    if result(core.state, lot) == REJECTED:
        return DataSaysNo(
            _("The sample of entry {} was rejected ({} wrong): no other one is drawn.").format(
                lot.seq, counted.wrong
            ),
            _(
                "Give the lane to review (tui-migrate lane review), or raise auto_from of the match in"
                " the runbook, run again, and draw from what is left."
            ),
        )
    return DataSaysNo(
        _("The sample of entry {} is not judged yet: {} clusters are left.").format(
            lot.seq, counted.left
        ),
        _("Judge it: key a on the Run screen, or tui-migrate lane sample."),
    )


def decide_lane(core: Core, command: api.DecideLane) -> facts.Entry:
    """Journal that all clusters of the lane merge, or that none does without a person."""
    if command.decision not in DECISIONS:
        raise EnvironmentProblem(_("A decision is one of {}.").format(", ".join(DECISIONS)))
    note_results(core)
    match = _match(core)
    with _ground(core) as ground:
        lines = _lines(ground, match)
        left = uncovered(ground, match, lines)
    name = name_of(lines)
    if command.typed != len(lines) or command.sha256 not in ("", name):
        raise DataSaysNo(
            _("That is not what would merge without a person now: {} clusters.").format(len(lines)),
            _("Look at them again ({}), then type their number.").format(LOOK),
        )
    if command.decision == "merge":
        _require_sample(core, match, len(left))
    keep_object(core.workspace.objects, text_of(lines))
    fact = LaneDecided(
        step=match.id,
        decision=command.decision,
        sha256=name,
        clusters=len(lines),
        output=match.digest,
        lots=[lot.seq for lot in accepted_lots(core.state, match)],
    )
    return core.record(fact, command.id)


def _require_sample(core: Core, match: StepState, left: int) -> None:
    """Raise ``DataSaysNo`` while a sample was rejected or is being judged, or is wanted and not there."""
    lot = last_lot(core.state, match)
    if lot is not None and result(core.state, lot) in (REJECTED, OPEN):
        raise _not_again(core, lot)
    if match.outline.safe_lane == "sample" and left:
        raise DataSaysNo(
            _("The runbook asks for a sample first: none stands for {} clusters.").format(left),
            _("Draw it: key a on the Run screen, or tui-migrate lane draw."),
        )


def _match(core: Core) -> StepState:
    """The match that is meant; raises ``DataSaysNo`` for who may not decide about all brands."""
    match = match_before(core.state)
    if match is None:
        raise EnvironmentProblem(_("This runbook compares no records (uses: match)."))
    if seen_by(core.runbook, core.identity, core.owner.uid).brands is not None:
        raise DataSaysNo(_("The lane holds all brands; your role covers some of them."))
    return match


def _lines(ground: Ground, match: StepState) -> list[str]:
    lane = lane_of(ground, match)
    if lane is None:
        raise DataSaysNo(
            _("{} is not done: what would merge is not known.").format(match.id),
            _("tui-migrate run does it."),
        )
    lines = lane.lines(ground.cursor)
    if not lines:
        raise DataSaysNo(_("No cluster would merge without a person."))
    return lines


def require_of_sample(core: Core, lot: int, names: list[str]) -> None:
    """Raise ``EnvironmentProblem`` for records (pseudonyms) that are no cluster of a sample."""
    drawn = core.state.lane.lots.get(lot)
    if drawn is None or frozenset(names) not in {frozenset(one) for one in drawn.fact.sample}:
        raise EnvironmentProblem(
            _("These records are no cluster of the sample of entry {}.").format(lot)
        )


def note_results(core: Core) -> None:
    """Journal how samples stand whose result is another than the journal says."""
    if not core.state.lane.lots:
        return
    with core.lock:
        for lot in list(core.state.lane.lots.values()):
            now = result(core.state, lot)
            if now != lot.told:
                counted = tally(core.state, lot)
                core.record(
                    LaneJudged(lot=lot.seq, result=now, right=counted.right, wrong=counted.wrong)
                )


def word_of(core: Core, entry: int) -> LaneWord | None:
    """The decision about the lane that an entry holds, took back or gave back."""
    lane = core.state.lane
    return lane.words.get(lane.taken_back.get(entry, entry))


def take_back_lane(core: Core, command: api.TakeBack, word: LaneWord) -> facts.Entry:
    """Journal that a decision about the lane no longer counts, or counts again. What went to the target
    by it is taken apart one by one."""
    undone = command.entry in core.state.lane.taken_back
    _match(core)
    require_turned(word, command.entry, undone=undone)
    kinds = {one.id: one.outline.uses for one in core.state.steps.values()}
    written = any(kinds.get(one.step) == "import" for one in core.state.intents.values())
    if written and word.fact.decision == "merge" and not undone:
        raise DataSaysNo(
            _("The target has profiles of it: all of it cannot be taken back at once any more."),
            _("Single merges still can: tui-migrate decide SOURCE/RECORD SOURCE/RECORD different."),
        )
    return core.record(DecisionTakenBack(entry=command.entry), command.id)


def held_by_lane(core: Core, merge: StepState) -> str:
    """Why a merge may not begin: the runbook wants its safe lane confirmed, and it is not. Journals that
    it waits, and a confirmation that is void; '' where nothing stands in its way."""
    match = match_before(core.state, merge.id)
    if match is None or not match.outline.safe_lane:
        return ""
    note_results(core)
    with _ground(core) as ground:
        lane = lane_of(ground, match)
        lines = lane.lines(ground.cursor) if lane is not None else []
        word = core.state.lane.word(match.id)
        if word is not None and word.fact.decision == "review":
            # It was closed while this run was going on: the match has to be done again first.
            known = "input safe lane" in match.inputs
            return "" if known else _("{} is done again first: run again.").format(match.id)
        if not lines or (word is not None and covers(ground, match, word, lines)):
            return ""
    name = name_of(lines)
    if word is not None:
        core.record(LaneVoided(entry=word.seq, sha256=name, clusters=len(lines)))
    if (merge.evidence, merge.subject) != (name, len(lines)) or merge.status.value != "waiting":
        core.record(facts.StepWaiting(step=merge.id, evidence=name, subject=len(lines)))
    return waiting_words(core, merge, match, len(lines))


def waiting_words(core: Core, merge: StepState, match: StepState, clusters: int) -> str:
    """What a merge waits for, and how it goes on."""
    text = _("{} waits: {} clusters would merge without a person, and nobody has confirmed that.")
    how = _("Key a on the Run screen, or: tui-migrate lane; then tui-migrate lane confirm {}.")
    lot = last_lot(core.state, match)
    if match.outline.safe_lane == "sample" and (lot is None or result(core.state, lot) == OPEN):
        how = _(
            "Key a on the Run screen, or: tui-migrate lane; draw a sample (lane draw), judge it,"
            " then tui-migrate lane confirm {}."
        )
    elif lot is not None and result(core.state, lot) == REJECTED:
        how = _(
            "Its sample was rejected. Key a on the Run screen; or tui-migrate lane review {}; or raise"
            " auto_from of the match and run again."
        )
    return text.format(merge.id, clusters) + "\n  " + how.format(clusters)
