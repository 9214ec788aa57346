"""Review: doubtful duplicates, one cluster at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from time import monotonic
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from tui_migrate.engine import api
from tui_migrate.engine.api import Reply
from tui_migrate.engine.person_queries import Person
from tui_migrate.engine.review_progress import figures_text
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterHistory,
    ClusterPage,
    ClusterPast,
    ClusterStep,
    ReviewFigures,
    ReviewState,
)
from tui_migrate.engine.run import SETTLED as STEP_SETTLED
from tui_migrate.engine.run import Status
from tui_migrate.engine.sentences import step_name
from tui_migrate.engine.unworked import to_be_done
from tui_migrate.i18n import _
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import is_gate
from tui_migrate.tui.clusteradvice import advice
from tui_migrate.tui.clustercolumns import Showing
from tui_migrate.tui.clustersheet import in_order, sheet_rows
from tui_migrate.tui.drafting import Draft
from tui_migrate.tui.reviewing import (
    Sitting,
    filter_of,
    filter_words,
    head_line,
    pace_text,
    said_line,
)
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Form
from tui_migrate.tui.widgets.block import Block, line
from tui_migrate.tui.widgets.lineview import LineView

Records = tuple[tuple[str, str], ...]
TALL = 26
"""Lines from which on nothing but equal fields is folded."""


class ReviewScreen(BaseScreen):
    """A decision leads to the next cluster that is open; every decision can be taken back."""

    GROUP = "review"
    CSS_PATH = "review.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("review"),
        *(Binding(str(n), f"digit({n})", show=False) for n in range(2, 10)),
    ]

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._sitting = Sitting(clock)
        self._token = secrets.token_hex(8)
        self._only = ClusterFilter()
        self._page: ClusterPage | None = None
        self._draft = Draft([])
        self._mode = ""
        self._how = Showing()
        self._drawn: tuple[object, ...] = ()
        """What the lines of the cluster were made of."""
        self._busy = False
        """A decision is under way; behind it the next cluster is asked for."""
        self._awaited = False
        """Another cluster is under way: nothing is decided on the one that still stands here."""
        self._later = ""
        """The move that was asked for meanwhile: from what comes."""
        self._sought = True
        """This cluster was not chosen, but is the next open one."""

    def body(self) -> Iterable[Widget]:
        yield Block(id="head")
        yield Block(id="said")
        yield LineView(id="sheet")
        yield Block(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self._go(ClusterStep(move="open", only=self._only, sitting=self._token))

    def applies(self, act: Act) -> bool:
        page = self._page
        if page is None or page.ref is None:
            known = ("review.back", "review.filter", "review.lane")
            return act.id in known or not act.id.startswith("review.")
        match act.id:
            case "review.exclude" | "review.split":
                return len(page.ref.records) > 2
            case "review.redo":
                return bool(page.ref.undone) or bool(self._sitting.undone)
            case "review.both":
                return (
                    any(f.many and not f.equal for f in page.sheet.fields) if page.sheet else False
                )
        return True

    # Where we are

    def _go(self, query: ClusterStep) -> None:
        self._sought = query.move == "open" and not query.records
        self._awaited = True
        self.ask("page", query, self._have)

    def _have(self, page: ClusterPage) -> None:
        self._awaited = False
        self._open(page)
        later, self._later = self._later, ""
        if later:
            self.action_step(later)

    def failed(self) -> None:
        self._busy = self._awaited = False
        self._later = ""
        self.show()

    def show(self) -> None:
        """What changes while another cluster is on its way is shown with that."""
        if self._page is None or not (self._busy or self._awaited):
            super().show()

    def _open(self, page: ClusterPage) -> None:
        """Show a cluster, and have it to oneself. The engine reads the next one meanwhile; it is asked
        for when this one is done with: who is asked for was looked at."""
        self._page, self._mode = page, ""
        if page.sheet is not None:
            self._draft = Draft.of(page.sheet)
            fields = in_order(page.sheet, self._how)
            first = next((f.field for f in fields if sum(map(bool, f.values)) > 1), "")
            self._how = replace(self._how, cursor=first, first=0)
            self.query_one("#sheet", LineView).scroll_home(animate=False)
        self.refresh_state()
        self.show_frame()
        if page.ref is None:
            return
        records = page.ref.records
        self.send(
            api.Claim(records=records, sitting=self._token),
            lambda reply: self._mine(reply, records),
        )

    def _mine(self, reply: Reply, records: Records) -> None:
        """Somebody else has it before him: on to the next, unless one wants to look at it."""
        page = self._page
        if reply.ok or page is None or page.ref is None or page.ref.records != records:
            return
        if self._sought and not page.ref.decision:
            self.action_step("open")

    # Showing

    def refresh_state(self) -> None:
        page = self._page
        if page is None:
            return
        self.query_one("#head", Block).put(
            head_line(page, self._sitting, self._only, self.size.width)
        )
        self.query_one("#said", Block).put(said_line(page, self.state.zone))
        self._show_sheet(page)
        self.query_one("#next", Block).put(
            line((_("Next:") + " ", "bold"), (self._advice(page), "$primary"))
        )

    def _show_sheet(self, page: ClusterPage) -> None:
        """What stays the same is not sent again."""
        pane = self.query_one("#sheet", LineView)
        rows: list[Content] = [Content(self._nothing())]
        made_of = (page, deepcopy(self._draft), self._how, pane.size)
        if page.ref is not None and made_of == self._drawn:
            return
        self._drawn = made_of
        if page.ref is not None and page.sheet is not None:
            width = max(40, pane.scrollable_content_region.width or 78)
            blind = page.ref.hidden or (self._how.blind and not page.ref.decision)
            key = self.home.key
            sides = f"{key('review.columns')} {key('review.columns_on')}"
            how = replace(
                self._how,
                tall=pane.size.height >= TALL,
                blind=blind,
                fold_key=key("review.equal"),
                side_keys=sides,
            )
            rows = sheet_rows(page.ref, page.sheet, self._draft, width, how)
        pane.put(rows)

    def _advice(self, page: ClusterPage) -> str:
        return advice(page, self._draft, self._mode, self.home.key)

    def _nothing(self) -> str:
        """Why there is no cluster to look at."""
        if self._only != ClusterFilter():
            return _("No cluster fits. {key} changes the filter.").format(
                key=self.home.key("review.filter")
            )
        matches = [s for s in self.state.steps.values() if s.outline.uses == "match"]
        if any(s.status in STEP_SETTLED for s in matches):
            return _("No duplicate waits for a person.")
        return _(
            "The records were not compared yet: duplicates come when “{step}” is done."
        ).format(step=", ".join(prose(step_name(s.outline)) for s in matches) or "match")

    # Moving

    def action_step(self, move: str) -> None:
        """The cluster before or behind, or the next open one."""
        page = self._page
        if page is None or page.ref is None:
            return
        if self._busy or self._awaited:
            self._later = move
            return
        start = page.ref.number
        self._go(ClusterStep(start=start, move=move, only=self._only, sitting=self._token))

    def action_field(self, by: int) -> None:
        """Mark the field above or below."""
        page = self._page
        if page is None or page.sheet is None:
            return
        fields = in_order(page.sheet, self._how)
        if self._how.unfolded:
            fields += [f for f in page.sheet.fields if f.equal]
        names = [f.field for f in fields]
        if names:
            at = names.index(self._how.cursor) if self._how.cursor in names else -by
            name = names[min(max(0, at + by), len(names) - 1)]
            self._how = replace(self._how, cursor=name)
            self.refresh_state()

    def action_columns(self, by: int) -> None:
        """Other records, where they do not all fit."""
        count = len(self._draft.group)
        first = min(max(0, self._how.first + by), max(0, count - 1))
        self._how = replace(self._how, first=first)
        self.refresh_state()

    def action_scroll(self, by: int) -> None:
        """Further up or down."""
        pane = self.query_one("#sheet", LineView)
        pane.scroll_relative(y=by * max(1, pane.size.height - 2), animate=False)

    def action_equal(self) -> None:
        """Fold or unfold fields that are equal."""
        self._how = replace(self._how, unfolded=not self._how.unfolded)
        self.refresh_state()

    def action_blind(self) -> None:
        """Hide the score of what is not decided, or show it."""
        if self._page is not None and self._page.ref is not None and self._page.ref.hidden:
            self.home.tell(_("This run is reviewed blind: the score comes with the decision."))
            return
        self._how = replace(self._how, blind=not self._how.blind)
        self.refresh_state()

    def action_figures(self) -> None:
        """How far the review is, and how good in all likelihood."""

        def have(state: ReviewState) -> None:
            lines = map(safe, [*figures_text(state), *pace_text(self._sitting, state)])
            told = Content("\n\n".join(lines))
            self.app.push_screen(Form(_("How far, how good"), told, submit=_("back"), reading=True))

        self.ask("figures", ReviewFigures(), have)

    def action_filter(self) -> None:
        """Only clusters of some kind."""

        def then(filled: dict[str, str] | None) -> None:
            if filled is None:
                return
            only, _wrong = filter_of(filled["only"])
            self._only = only
            self._go(ClusterStep(move="open", only=only, sitting=self._token))

        ask = Ask(
            "only", _("Words such as source:crm"), filter_words(self._only),
            check=lambda text: filter_of(text)[1],
        )  # fmt: skip
        intro = _(
            "field:birth_date  source:crm  brand:Nova  band:sure|likely|doubtful  reason:household\n"
            "state:open|unsure|flagged|waiting|differ|changed|settled|merge|different|split  by:anna"
        )
        self.app.push_screen(
            Form(_("Which clusters?"), Content(intro), [ask], submit=_("filter")), then
        )

    def action_lane(self) -> None:
        """What merges without a person."""
        from tui_migrate.tui.screens.lane import LaneScreen

        self.app.push_screen(LaneScreen())

    def action_mode(self, mode: str) -> None:
        """The next digit names a record for this."""
        page = self._page
        if page is None or page.ref is None:
            return
        if mode != "person" and len(page.ref.records) == 2:
            text = _("Of two records, {key} keeps them apart.")
            self.home.tell(text.format(key=self.home.key("review.different")))
            return
        self._mode = "" if self._mode == mode else mode
        self.refresh_state()

    def action_digit(self, number: int) -> None:
        """What the key of a record does now."""
        page, at = self._page, number - 1
        if page is None or page.sheet is None or at >= len(page.sheet.records):
            return
        if self._mode == "exclude":
            self._draft.exclude(at)
            self._mode = ""
        elif self._mode == "split":
            self._draft.turn(at)
        elif self._mode == "person":
            self._mode = ""
            self._jump(page.sheet.records[at].source, page.sheet.records[at].record_id)
        else:
            field = next((f for f in page.sheet.fields if f.field == self._how.cursor), None)
            if field is None or not field.values[at]:
                self.home.tell(_("There is no value to take."))
                return
            self._draft.take(field.field, at, field.many)
        self.refresh_state()

    def _jump(self, source: str, record: str) -> None:
        from tui_migrate.tui.screens.person import PersonScreen

        self.app.push_screen(PersonScreen(Person(source=source, record_id=record)))

    def action_both(self) -> None:
        """Keep the values of all records in the marked field, or in the one that can hold them."""
        page = self._page
        if page is None or page.sheet is None:
            return
        fields = {f.field: f for f in page.sheet.fields if f.many and not f.equal}
        name = self._how.cursor if self._how.cursor in fields else next(iter(fields), "")
        if not name:
            self.home.tell(_("Only e-mail and phone hold several values."))
            return
        self._draft.keep_all(name)
        self._how = replace(self._how, cursor=name)
        self.refresh_state()

    def action_lead(self) -> None:
        """Let the next record found the profile."""
        if len(self._draft.group) > 1:
            self._draft.swap()
            self.refresh_state()

    def action_back(self) -> None:
        """Begin this cluster anew when something was chosen, else back to the run. Where that waits at
        a gate before the merge, what was settled here is counted at once: a sign-off on the evidence
        of before would not hold."""
        sheet = self._page.sheet if self._page is not None else None
        if sheet is not None and (self._mode or self._draft != Draft.of(sheet)):
            self._mode, self._draft = "", Draft.of(sheet)
            self.refresh_state()
            return
        steps = self.state.steps.values()
        merged = any(s.outline.uses == "merge" and s.status in STEP_SETTLED for s in steps)
        current = self.state.current
        waits = current is not None and is_gate(current) and current.status is Status.WAITING
        self.send(api.Claim(sitting=self._token))
        super().action_back()
        summary = self._sitting.summary()
        if summary:
            self.home.tell(summary)
        again = to_be_done(self.state) if self._sitting.changed and merged else []
        if again:
            names = ", ".join(again)
            self.home.tell(_("The next run does again what rests on it: {}.").format(names))
        elif self._sitting.changed and waits and not merged and not self.home.live.running:
            self.home.tell(_("What you settled is counted before the gate opens."))
            self.call_later(self.home.go_on)

    # Deciding

    def action_merge(self) -> None:
        """Each group is one person."""
        draft = self._draft
        if draft.apart and len(draft.group) > 1:
            self.action_different()
            return
        word = "merge" if draft.whole else "split"
        self._decide(
            word, groups=draft.groups, values=draft.values, lead=draft.lead if draft.led else -1
        )

    def action_different(self) -> None:
        """Everybody is somebody else."""
        self._decide("different")

    def action_unsure(self) -> None:
        """For somebody else."""
        self._decide("unsure")

    def action_flag(self) -> None:
        """For somebody else, with a note."""
        if self._page is None or self._page.ref is None:
            return

        def then(filled: dict[str, str] | None) -> None:
            if filled is not None:
                self._decide("flagged", note=filled["note"])

        intro = _("The note stands in the journal’s vault, and with the cluster.")
        self.app.push_screen(
            Form(_("Flag"), intro, [Ask("note", _("Note"))], submit=_("flag")), then
        )

    def _decide(
        self,
        word: str,
        groups: tuple[tuple[int, ...], ...] = (),
        values: dict[str, tuple[int, ...]] | None = None,
        lead: int = -1,
        note: str = "",
    ) -> None:
        page = self._page
        if page is None or page.ref is None or page.sheet is None:
            return
        if self._busy or self._awaited:
            return
        command = api.DecideCluster(
            records=page.ref.records,
            decision=word if word in ("unsure", "flagged") else "settled",
            groups=groups,
            values=values or {},
            lead=lead,
            note=note,
            sitting=self._token,
        )
        number = page.ref.number

        def then(reply: Reply) -> None:
            self._busy = False
            if not reply.ok:
                self._go(ClusterStep(records=command.records, sitting=self._token))
                return
            self._sitting.decided(word, reply.seq)
            self._go(ClusterStep(start=number, move="open", only=self._only, sitting=self._token))

        self._busy = True
        self.send(command, then)

    # Undo and redo

    def action_undo(self) -> None:
        """Take back the decision on this cluster, or else one's own last one."""
        page = self._page
        if page is not None and page.ref is not None and page.ref.decision and page.ref.entry:
            self._take_back(page.ref.entry, page.ref.records)
            return
        self._from_history(lambda past: past.entry if not past.undone else 0)

    def action_redo(self) -> None:
        """Give back what was taken back on this cluster, or else what one took back last."""
        page = self._page
        if page is not None and page.ref is not None and page.ref.undone:
            self._take_back(page.ref.undone, page.ref.records, again=True)
            return
        self._from_history(lambda past: past.undone, again=True)

    def _from_history(self, entry_of: Callable[[ClusterPast], int], again: bool = False) -> None:
        def have(history: tuple[ClusterPast, ...]) -> None:
            found = next((past for past in history if entry_of(past)), None)
            if found is None:
                nothing = (
                    _("There is nothing to give back.")
                    if again
                    else _("There is nothing to take back here.")
                )
                self.home.tell(nothing)
                return
            self._take_back(entry_of(found), found.records, again)

        self.ask("history", ClusterHistory(by=self.home.live.client.identity.user), have)

    def _take_back(self, entry: int, records: Records, again: bool = False) -> None:
        if self._busy or self._awaited:
            return

        def then(reply: Reply) -> None:
            self._busy = False
            if reply.ok:
                self._sitting.took_back(entry, again)
                self._go(ClusterStep(records=records, sitting=self._token))

        self._busy = True
        self.send(api.TakeBack(entry=entry), then)

    @property
    def shown(self) -> str:
        """All lines of the cluster, as they stand there."""
        return self.query_one("#sheet", LineView).plain
