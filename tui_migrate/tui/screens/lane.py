"""Safe lane: what merges without a person, a sample of it, and one confirmation for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine import api
from tui_migrate.engine.api import Reply
from tui_migrate.engine.lane_queries import (
    GROUPS,
    LaneKnown,
    LanePrecision,
    LaneSheet,
    Pool,
    SafeLane,
)
from tui_migrate.engine.lane_state import ACCEPTED, OPEN, REJECTED
from tui_migrate.engine.lane_words import (
    clusters,
    decision_words,
    group_words,
    known_short,
    known_words,
    lot_share_words,
    lot_words,
    plan_words,
    value_words,
)
from tui_migrate.i18n import _, later, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import waits_for_lane
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form
from tui_migrate.tui.screens.sign import typed_number
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

LABEL = 8
"""Cells for the name of a line above the rows."""
NUMBERS = (
    Column(later("clusters"), width=10, right=True),
    Column(later("records"), width=10, right=True),
    Column(later("pairs"), width=10, right=True, needs=60),
)


class LaneScreen(BaseScreen):
    """Counted by one thing at a time; a row opens its clusters, those tied most weakly first."""

    GROUP = "lane"
    CSS_PATH = "lane.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("lane"))

    def __init__(self) -> None:
        super().__init__()
        self._group = GROUPS[0]
        self._sheet: LaneSheet | None = None
        self._known: LaneKnown | None = None

    def body(self) -> Iterable[Widget]:
        yield Block(id="head")
        yield Block(id="stands")
        yield Rows(Column("", share=1), *NUMBERS, id="rows", heading=False)
        yield Block(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#rows", Rows).focus()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    def _look(self) -> None:
        self.ask("lane", SafeLane(group=self._group), self._have)
        self.ask("known", LanePrecision(), self._have_known)

    def _have_known(self, known: LaneKnown) -> None:
        self._known = known
        self.refresh_state()

    def _have(self, sheet: LaneSheet) -> None:
        self._sheet = sheet
        rows = [
            Row(
                f"v:{one.value}",
                (
                    safe(value_words(sheet.group, one.value)),
                    (grouped(one.clusters), "bold"),
                    grouped(one.records),
                    grouped(one.pairs),
                ),
            )
            for one in sheet.rows
        ]
        head = Row("head", (
            (group_words(sheet.group), "bold dim"), (_("clusters"), "bold dim"),
            (_("records"), "bold dim"), (_("pairs"), "bold dim"),
        ))  # fmt: skip
        self.query_one("#rows", Rows).show([head, *rows] if rows else [])
        if rows and self.query_one("#rows", Rows).picked == "head":
            self.query_one("#rows", Rows).pick(rows[0].id)
        self.refresh_state()
        self.show_frame()

    # Showing

    def refresh_state(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        head = ngettext(
            "{n} cluster merges without a person", "{n} clusters merge without a person",
            sheet.clusters,
        ).format(n=grouped(sheet.clusters))  # fmt: skip
        tail = _("{r} records · {p} pairs").format(r=grouped(sheet.records), p=grouped(sheet.pairs))
        counted = line((head, "bold"), "   ", (tail, QUIET)) if sheet.ready else ""
        self.query_one("#head", Block).put(counted)
        self.query_one("#stands", Block).put(lines(self._stands(sheet)))
        self.query_one("#next", Block).put(
            line((_("Next:") + " ", "bold"), (self._advice(sheet), "$primary"))
        )

    def _stands(self, sheet: LaneSheet) -> list[Content]:
        """The sample, those before it, and what was decided."""
        rows: list[Content] = []
        name = f"{_('Sample')}  "
        if not sheet.ready:
            return [Content(_("The records were not compared yet."))]
        for one in [one for one in sheet.lots if not one.current][-2:]:
            text = _("before: {text}").format(text=safe(lot_words(one)))
            rows.append(line((name, "bold"), (text, QUIET)))
        lot = sheet.lot
        if lot is not None:
            look = {ACCEPTED: GOOD, REJECTED: BAD}.get(lot.result, WARN)
            rows.append(line((name, "bold"), (safe(lot_words(lot)), look)))
            if share := lot_share_words(lot):
                rows.append(line(" " * len(name), (share, look)))
        elif sheet.size:
            text = _("none; it would be {plan}").format(plan=plan_words(sheet))
            rows.append(line((name, "bold"), (text, WARN if sheet.asked == "sample" else QUIET)))
        said = sheet.decision
        look = GOOD if said is not None and said.holds else WARN if sheet.asked else QUIET
        rows.append(line((f"{_('Merge')}   ", "bold"), (safe(decision_words(sheet)), look)))
        return rows + self._precise()

    def _precise(self) -> list[Content]:
        """How precise the threshold in force is, and the key that tells of others."""
        if self._known is None or not self._known.ready:
            return []
        first, *more = known_short(self._known)
        told = [line((fit(_("Right"), LABEL), "bold"), (first, QUIET))]
        told += [line(" " * LABEL, (text, QUIET)) for text in more]
        if any(one.decided for one in self._known.shares):
            told[-1] += Content.styled(f"  {self.home.key('lane.figures')} …", QUIET)
        return told

    def _advice(self, sheet: LaneSheet) -> str:
        """What to press next, with the keys as they are."""
        names = ("open", "sample", "confirm", "review", "undo", "back")
        keys = {name: self.home.key(f"lane.{name}") for name in names}
        keys["go"], keys["start"] = self.home.key("run.open"), self.home.key("run.toggle")
        return self._next(sheet).format(
            **keys,
            n=grouped(sheet.lot.left if sheet.lot is not None else sheet.size),
            clusters=clusters(sheet.clusters),
        )

    def _next(self, sheet: LaneSheet) -> str:
        lot, said, current = sheet.lot, sheet.decision, self.state.current
        waits = current is not None and waits_for_lane(current)
        if not sheet.ready:
            return _("{back} back")
        if not self._of_all:
            return _("{open} look at them · {back} back: who sees all brands decides about all")
        if said is not None and said.decision == "review":
            return _("{back} back: all are asked one by one · {undo} take that back")
        if not sheet.clusters:
            return _("{back} back, then {start} goes on") if waits else _("{back} back")
        if said is not None and said.holds:
            if waits:
                return _("{back} back, then {go} goes on · {undo} take it back")
            return _("{back} back · {undo} take it back")
        if lot is not None and lot.result == OPEN:
            return _("{sample} judge the sample: {n} left")
        if lot is not None and lot.result == REJECTED:
            return _("{review} all to review, or raise auto_from of the match and run again")
        if sheet.asked == "sample" and sheet.uncovered:
            return _("{sample} draw a sample and judge it")
        if not sheet.asked:
            return _("{open} look at them · {sample} draw a sample, if you like · {back} back")
        return _("{confirm} confirm that {clusters} merge")

    @property
    def _of_all(self) -> bool:
        """Whether who looks may decide about all of it."""
        return self._sheet is not None and bool(self._sheet.sha256)

    def applies(self, act: Act) -> bool:
        return not act.id.startswith("lane.") or self._possible(act.id)

    def _possible(self, act: str) -> bool:
        """Whether the act of a key can be done now."""
        sheet = self._sheet
        if act == "lane.back" or sheet is None or not sheet.ready:
            return act == "lane.back"
        lot, said = sheet.lot, sheet.decision
        match act:
            case "lane.open" | "lane.by":
                return bool(sheet.rows)
            case "lane.figures":
                return self._known is not None and self._known.ready
            case "lane.sample":
                open_ = lot is not None and lot.result == OPEN
                return (self._of_all and (lot is not None or bool(sheet.size))) or open_
            case "lane.confirm":
                barred = lot is not None and lot.result != ACCEPTED
                barred = barred or (sheet.asked == "sample" and bool(sheet.uncovered))
                return self._of_all and bool(sheet.clusters) and said is None and not barred
            case "lane.review":
                return self._of_all and bool(sheet.clusters) and said is None
            case "lane.undo":
                return self._of_all and said is not None
        return True

    def wording(self, act: Act) -> str:
        if act.id == "lane.sample":
            lot = self._sheet.lot if self._sheet is not None else None
            if lot is None or (lot.result == ACCEPTED and self._sheet and self._sheet.uncovered):
                return _("draw a sample")
            return _("judge the sample") if lot.result == OPEN else _("see the sample")
        return act.label

    # Keys

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """The clusters of the row, those that are tied most weakly first."""
        from tui_migrate.tui.screens.lane_pool import LanePoolScreen

        picked = self.query_one("#rows", Rows).picked
        rows = self._sheet.rows if self._sheet is not None else ()
        row = next((one for one in rows if picked == f"v:{one.value}"), None)
        if self._sheet is not None and row is not None:
            pool = Pool(group=self._sheet.group, value=row.value)
            self.app.push_screen(LanePoolScreen(pool, count=row.clusters))

    def action_by(self) -> None:
        """Count by the next thing."""
        self._group = GROUPS[(GROUPS.index(self._group) + 1) % len(GROUPS)]
        self._look()

    def action_figures(self) -> None:
        """How precise the threshold and those beside it are, by what people decided."""
        if self._known is None or not self._possible("lane.figures"):
            return
        told = Content("\n".join(map(safe, known_words(self._known))))
        self.app.push_screen(Form(_("How precise"), told, submit=_("back"), reading=True))

    def action_sample(self) -> None:
        """Draw a sample, or look at the one that was drawn."""
        sheet = self._sheet
        if sheet is None or not self._possible("lane.sample"):
            return
        lot = sheet.lot
        if lot is not None and not (lot.result == ACCEPTED and sheet.uncovered):
            self._judge(lot.entry, lot.result == OPEN)
            return

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self.send(
                    api.DrawLane(), lambda reply: self._judge(reply.seq) if reply.ok else None
                )

        intro = lines(
            [
                plan_words(sheet),
                _("It is drawn once. With more wrong ones, all goes to review,"),
                _("or the match is made stricter first."),
            ]
        )
        self.app.push_screen(Form(_("Draw a sample"), intro, submit=_("draw")), then)

    def _judge(self, entry: int, judging: bool = True) -> None:
        from tui_migrate.tui.screens.lane_pool import LanePoolScreen

        self.app.push_screen(LanePoolScreen(Pool(lot=entry), judging))

    def action_confirm(self) -> None:
        """Let all of it merge: the number is typed."""
        self._decide("merge")

    def action_review(self) -> None:
        """Let nothing merge without a person: the number is typed."""
        self._decide("review")

    def _decide(self, decision: str) -> None:
        sheet = self._sheet
        act = "lane.confirm" if decision == "merge" else "lane.review"
        if sheet is None:
            return
        if not self._possible(act):
            self.home.tell(self._advice(sheet))
            return

        def right(text: str) -> str:
            if typed_number(text) == sheet.clusters:
                return ""
            return _("That is not the number of clusters.")

        def then(filled: Filled | None) -> None:
            if filled is None:
                return
            typed = typed_number(filled["typed"]) or 0
            command = api.DecideLane(typed=typed, sha256=sheet.sha256, decision=decision)
            self.send(command, self._after)

        merge = decision == "merge"
        what = (
            _("All {n} merge without a person looking at each.")
            if merge
            else _("Nothing merges without a person: {n} become questions of the review.")
        )
        intro = lines(
            [
                what.format(n=grouped(sheet.clusters)),
                _("List {hash}").format(hash=f"{sheet.sha256[:8]}…{sheet.sha256[-4:]}"),
                _("It can be taken back before the import; single merges always."),
            ]
        )
        title = _("Confirm the safe lane") if merge else _("All to review")
        ask = Ask("typed", _("To confirm, type the number of clusters"), check=right)
        submit = _("confirm") if merge else _("all to review")
        self.app.push_screen(Form(title, intro, [ask], submit=submit), then)

    def action_undo(self) -> None:
        """Take back what was decided about all of it."""
        said = self._sheet.decision if self._sheet is not None else None
        if said is not None and self._possible("lane.undo"):
            self.send(api.TakeBack(entry=said.entry), self._after)

    def _after(self, _reply: Reply) -> None:
        self._look()
