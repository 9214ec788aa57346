"""Clusters of the safe lane on the review screen: a sample that is judged, or those of a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tui_migrate.engine import api
from tui_migrate.engine.api import AnyCommand, Query, Reply
from tui_migrate.engine.lane_queries import EXAMPLES, Pool
from tui_migrate.engine.lane_state import ACCEPTED, OPEN, Tally
from tui_migrate.engine.lane_words import value_words
from tui_migrate.engine.review_queries import ClusterPage, ClusterQueue, ClusterStep
from tui_migrate.engine.run_lane import result, tally
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.review import ReviewScreen
from tui_migrate.tui.status import BAD, GOOD, QUIET
from tui_migrate.tui.widgets.block import Block, Part, line


class LanePoolScreen(ReviewScreen):
    """The keys of the review: merge says right, all others wrong. Behind the last cluster of a page of a
    row comes the next page."""

    WITHOUT = ("review.filter", "review.figures", "review.lane")  # what belongs to the whole queue

    def __init__(self, pool: Pool, judging: bool = False, count: int = 0) -> None:
        """``judging``: the sample is not settled; once it is, this screen is left. ``count``: clusters of
        the row."""
        super().__init__()
        self._pool = pool if pool.lot else msgspec.structs.replace(pool, look=self._token)
        self._judging = judging
        self._left = False
        self._count = count
        self._passed = 0
        """Clusters of the pages before."""
        self._last = self._pool

    # The same questions and decisions, of these clusters

    def ask(self, slot: str, query: Query, then: Callable[[Any], None]) -> None:
        if isinstance(query, ClusterStep | ClusterQueue):
            query = msgspec.structs.replace(query, pool=self._pool)
        super().ask(slot, query, then)

    def send(
        self,
        command: AnyCommand,
        then: Callable[[Reply], None] | None = None,
        finish: Callable[[], AnyCommand] | None = None,
    ) -> None:
        if isinstance(command, api.DecideCluster):
            command = msgspec.structs.replace(command, lot=self._pool.lot)
        super().send(command, then, finish)

    # Where the sample stands

    @property
    def _tally(self) -> Tally | None:
        lot = self.state.lane.lots.get(self._pool.lot)
        return tally(self.state, lot) if lot is not None else None

    @property
    def _result(self) -> str:
        lot = self.state.lane.lots.get(self._pool.lot)
        return result(self.state, lot) if lot is not None else ""

    def _open(self, page: ClusterPage) -> None:
        """On to the next; back to the lane once the sample is settled, or a row has no more clusters."""
        if self._settled():
            return
        if page.ref is None and self._pool != self._last:
            self._pool, self._passed = self._last, self._passed - EXAMPLES
            self.home.tell(_("These were all of them."))
            self._leave()
            return
        super()._open(page)

    def _settled(self) -> bool:
        """Leave, once, when the sample was open and is not any more; whether this was left."""
        now = self._result
        if self._left or not self._judging or now in ("", OPEN):
            return self._left
        counted = self._tally
        said = (
            _("The sample is accepted: {wrong} wrong of {n}.")
            if now == ACCEPTED
            else _("The sample is REJECTED: {wrong} wrong.")
        )
        if counted is not None:
            n = counted.right + counted.wrong
            self.home.tell(said.format(wrong=grouped(counted.wrong), n=grouped(n)))
        self._leave()
        return True

    def _leave(self) -> None:
        self._left = True
        self.send(api.Claim(sitting=self._token))
        self.app.pop_screen()

    def action_step(self, move: str) -> None:
        """As on the review screen; behind the last one of a page comes the next page."""
        page = self._page
        last = page is not None and page.place + 1 >= page.window.fitting
        if (
            move == "next"
            and last
            and not self._pool.lot
            and page
            and page.window.fitting >= EXAMPLES
        ):
            left = page.window.counts.get("", 0)  # what was decided is of the row no more
            self._last, self._passed = self._pool, self._passed + EXAMPLES
            self._pool = msgspec.structs.replace(
                self._pool, offset=self._pool.offset + left, look=f"{self._token} {self._passed}"
            )
            self._go(ClusterStep(start=1, sitting=self._token))
            return
        super().action_step(move)

    def action_filter(self) -> None:
        """There is nothing to filter here."""

    def action_figures(self) -> None:
        """They are about the whole queue."""

    def action_lane(self) -> None:
        """This is where one comes from."""

    # Showing

    def refresh_state(self) -> None:
        super().refresh_state()
        page = self._page
        if page is None or (self.is_current and self._settled()):
            return
        parts: list[Part] = [(self._where(page), "bold")]
        if page.ref is not None:
            n = len(page.ref.records)
            parts.append(" · " + ngettext("{n} record", "{n} records", n).format(n=n))
        lot, counted = self.state.lane.lots.get(self._pool.lot), self._tally
        if lot is not None and counted is not None:
            wrong = _("{n} wrong ({m} allowed)").format(
                n=grouped(counted.wrong), m=grouped(lot.fact.accept)
            )
            look = BAD if counted.wrong > lot.fact.accept else GOOD
            right = _("{n} right").format(n=grouped(counted.right))
            left = _("{n} left").format(n=grouped(counted.left))
            parts += [f"   {right} · ", (wrong, look), (f" · {left}", QUIET)]
        self.query_one("#head", Block).put(line(*parts))

    def _where(self, page: ClusterPage) -> str:
        place = grouped(self._passed + page.place + 1 if page.ref is not None else 0)
        if self._pool.lot:
            return _("Sample {n} of {m}").format(n=place, m=grouped(page.window.fitting))
        row = safe(value_words(self._pool.group, self._pool.value))
        return _("Safe lane, {row}: {n} of {m}").format(row=row, n=place, m=grouped(self._count))

    def _advice(self, page: ClusterPage) -> str:
        if self._mode or page.ref is None:
            return super()._advice(page)
        if self._pool.lot and not self._draft.whole:
            text = _("{m} wrong: as they are grouped · {n} wrong: not the same · {back} anew")
        elif self._pool.lot:
            text = _("{m} right · {n} wrong: not the same · {u} not sure: counts as wrong")
        else:
            text = _(
                "{before} {behind} the others · {n} not the same, so they do not merge · {back} back"
            )
        key = self.home.key
        return text.format(
            m=key("review.merge"),
            n=key("review.different"),
            u=key("review.unsure"),
            before=key("review.previous"),
            behind=key("review.next"),
            back=key("review.back"),
        )

    def _nothing(self) -> str:
        return _("There is no cluster here any more.")

    def applies(self, act: Act) -> bool:
        return act.id not in self.WITHOUT and super().applies(act)

    def wording(self, act: Act) -> str:
        if self._pool.lot:
            words = {"review.merge": _("right"), "review.different": _("wrong")}
            return words.get(act.id, super().wording(act))
        return super().wording(act)
