"""Pairs: the review band, one pair at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from tui_migrate.engine import api
from tui_migrate.engine.api import Reply
from tui_migrate.engine.queries import PairDetail, PairQueue, PairRef, PairSheet, PairWindow
from tui_migrate.engine.run import SETTLED as STEP_SETTLED
from tui_migrate.engine.run import Status
from tui_migrate.engine.sentences import duration, grouped, step_name
from tui_migrate.i18n import _
from tui_migrate.tui.actions import Act, bindings
from tui_migrate.tui.advice import is_gate
from tui_migrate.tui.pairsheet import sheet_rows
from tui_migrate.tui.safe import prose
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, Part, line, lines

SETTLED = ("merge", "different")
WINDOW = 1000


class PairsScreen(BaseScreen):
    """A decision leads to the next undecided pair; every decision can be taken back."""

    GROUP = "pairs"
    CSS_PATH = "pairs.tcss"
    AUTO_FOCUS = "#sheet"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("pairs"))

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._window: PairWindow | None = None
        self._at = 0
        self._sheet: PairSheet | None = None
        self._sheet_of: PairRef | None = None
        self._unfolded = False
        self._busy = False
        self._seek = True
        self._sitting: list[tuple[int, float]] = []
        self._decided = False
        """Positions and times of this sitting's decisions, for undo and for the rate."""

    def body(self) -> Iterable[Widget]:
        yield Block(id="head")
        with VerticalScroll(id="sheet", can_focus=True):
            yield Block(id="pair")
        yield Block(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self._load(0)

    def applies(self, act: Act) -> bool:
        if act.id == "pairs.undo":
            return bool(self._sitting) or bool(self._ref and self._ref.decision)
        if act.id in ("pairs.previous", "pairs.next"):
            return self._window is not None and self._window.total > 1
        if act.id.startswith("pairs.") and act.id != "pairs.back":
            return self._ref is not None
        return True

    # Where we are

    @property
    def _ref(self) -> PairRef | None:
        window = self._window
        if window is None or not 0 <= self._at - window.offset < len(window.rows):
            return None
        return window.rows[self._at - window.offset]

    def _load(self, offset: int) -> None:
        self.ask("queue", PairQueue(offset=offset, limit=WINDOW), self._have_window)

    def _have_window(self, window: PairWindow) -> None:
        self._window = window
        if self._seek:
            self._seek = False
            self._advance(window.offset)
        self._open()

    def _advance(self, start: int) -> None:
        """Go to the first pair from ``start`` on (and round) without a decision; when there is none,
        to an unsure one. A further window is fetched when this one holds none."""
        window = self._window
        if window is None or not window.total:
            return
        last = window.offset + len(window.rows)
        order = [*range(max(start, window.offset), last), *range(window.offset, min(start, last))]
        open_ones = [p for p in order if not window.rows[p - window.offset].decision]
        if not open_ones and last < window.total:
            self._at, self._seek = last, True
        elif open_ones:
            self._at = open_ones[0]
        else:
            unsure = [p for p in order if window.rows[p - window.offset].decision == "unsure"]
            self._at = unsure[0] if unsure else min(start, window.total - 1)
        self._open()

    def _open(self) -> None:
        ref = self._ref
        window = self._window
        if window is not None and ref is None and window.total:
            self._load(self._at // WINDOW * WINDOW)
            return
        if ref is not None and not self._same(ref, self._sheet_of):
            self._sheet = None
            query = PairDetail(
                source_a=ref.source_a,
                record_a=ref.record_a,
                source_b=ref.source_b,
                record_b=ref.record_b,
            )
            self._sheet_of = ref
            self.ask("sheet", query, self._have_sheet)
        self.refresh_state()
        self.show_frame()

    @staticmethod
    def _same(a: PairRef, b: PairRef | None) -> bool:
        return b is not None and (a.source_a, a.record_a, a.source_b, a.record_b) == (
            b.source_a,
            b.record_a,
            b.source_b,
            b.record_b,
        )

    def _have_sheet(self, sheet: PairSheet) -> None:
        self._sheet = sheet
        self.query_one("#sheet", VerticalScroll).scroll_home(animate=False)
        self.refresh_state()

    # Showing

    def refresh_state(self) -> None:
        window, ref = self._window, self._ref
        if window is None:
            return
        self._show_head(window, ref)
        pane = self.query_one("#sheet", VerticalScroll)
        if ref is None:
            self.query_one("#pair", Block).put(self._nothing())
        elif self._sheet is not None:
            width = max(40, pane.scrollable_content_region.width or 78)
            tall = pane.size.height >= 24
            rows = sheet_rows(ref, self._sheet, width, self._unfolded, tall)
            self.query_one("#pair", Block).put(lines(rows))
        left = window.total - window.decided
        advice = _("m merge · n not the same · u unsure")
        if not window.total:
            advice = _("esc back")
        elif not left:
            advice = _("esc back: all is settled · ← → look again · z take back")
        self.query_one("#next", Block).put(line((_("Next:") + " ", "bold"), (advice, "$primary")))

    def _nothing(self) -> str:
        """Why there is no pair to look at."""
        matches = [s for s in self.state.steps.values() if s.outline.uses == "match"]
        if any(s.status in STEP_SETTLED for s in matches):
            return _("No pair waits for a person.")
        return _("The records were not compared yet: pairs come when “{step}” is done.").format(
            step=", ".join(prose(step_name(s.outline)) for s in matches) or "match"
        )

    def _show_head(self, window: PairWindow, ref: PairRef | None) -> None:
        place = _("Pair {n} of {m}").format(
            n=grouped(self._at + 1 if window.total else 0), m=grouped(window.total)
        )
        marks = {
            "merge": ("✓ " + _("merge"), GOOD),
            "different": ("✗ " + _("not the same"), BAD),
            "unsure": ("? " + _("unsure"), WARN),
            "": ("○ " + _("undecided"), QUIET),
        }
        parts: list[Part] = [(place, "bold"), "  "]
        if ref is not None:
            parts += [marks[ref.decision if ref.decision in marks else ""], "  "]
        decided = _("decided {n} ({a} merged, {b} not)").format(
            n=grouped(window.decided), a=grouped(window.merged), b=grouped(window.different)
        )
        parts.append(decided)
        rate = self._rate()
        if rate:
            left = window.total - window.decided
            time = duration(left * 3600 // rate)
            parts.append((_("   {n}/h   {time} left").format(n=grouped(rate), time=time), QUIET))
        self.query_one("#head", Block).put(line(*parts))

    def _rate(self) -> int:
        """Decisions an hour, over the last twenty of this sitting."""
        times = [at for _position, at in self._sitting[-20:]]
        if len(times) < 3 or times[-1] - times[0] < 1:
            return 0
        return int((len(times) - 1) * 3600 / (times[-1] - times[0]))

    def action_back(self) -> None:
        """Back to the run. Where it waits at a gate before the merge, what was settled here is
        counted at once: a sign-off on the evidence of before would not hold."""
        steps = self.state.steps.values()
        merged = any(s.outline.uses == "merge" and s.status in STEP_SETTLED for s in steps)
        current = self.state.current
        waits = current is not None and is_gate(current) and current.status is Status.WAITING
        super().action_back()
        if self._decided and waits and not merged and not self.home.live.running:
            self.home.tell(_("What you settled is counted before the gate opens."))
            self.call_later(self.home.go_on)

    # Deciding

    def action_decide(self, decision: str) -> None:
        """Settle the pair, then on to the next undecided one."""
        ref = self._ref
        if ref is None or self._busy or self._sheet is None:
            return
        position = self._at

        def then(reply: Reply) -> None:
            self._busy = False
            if reply.ok:
                self._decided = True
                self._sitting.append((position, self._clock()))
                self._recount(position, decision)
                self._advance(position + 1)

        self._busy = True
        self._send(ref, decision, then)

    def _send(self, ref: PairRef, decision: str, then: Callable[[Reply], None]) -> None:
        command = api.Decide(
            source_a=ref.source_a,
            record_a=ref.record_a,
            source_b=ref.source_b,
            record_b=ref.record_b,
            decision=decision,
        )
        self.send(command, then)

    def _recount(self, position: int, decision: str) -> None:
        """The window with one decision changed: no need to ask for it all again."""
        import msgspec

        window = self._window
        if window is None:
            return
        index = position - window.offset
        if not 0 <= index < len(window.rows):
            return
        before = window.rows[index].decision
        counts = {"merge": window.merged, "different": window.different, "unsure": window.unsure}
        for name, step in ((before, -1), (decision, 1)):
            if name in counts:
                counts[name] += step
        rows = list(window.rows)
        rows[index] = msgspec.structs.replace(rows[index], decision=decision)
        self._window = msgspec.structs.replace(
            window,
            rows=tuple(rows),
            merged=counts["merge"],
            different=counts["different"],
            unsure=counts["unsure"],
        )

    def action_undo(self) -> None:
        """Take back the decision on this pair, or else the last one of this sitting."""
        ref = self._ref
        if self._busy or ref is None:
            return
        if not ref.decision and self._sitting:
            self._at, _time = self._sitting.pop()
            ref = self._ref
            if ref is None:
                self._open()
                return
        if not ref.decision:
            self.home.tell(_("There is nothing to take back here."))
            return
        position = self._at
        self._sitting = [entry for entry in self._sitting if entry[0] != position]

        def then(reply: Reply) -> None:
            self._busy = False
            if reply.ok:
                window = self._window
                self._load(window.offset if window else 0)

        self._busy = True
        self._send(ref, "undo", then)

    def action_step(self, by: int) -> None:
        """The pair before or behind, decided or not."""
        window = self._window
        if window is None or not window.total:
            return
        self._at = min(max(0, self._at + by), window.total - 1)
        self._open()

    def action_undecided(self) -> None:
        """The next pair without a decision."""
        self._advance(self._at + 1)

    def action_equal(self) -> None:
        """Fold or unfold fields that are equal on both sides."""
        self._unfolded = not self._unfolded
        self.refresh_state()
