"""Replay: the Run screen at any earlier entry."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine.queries import Said
from tui_migrate.engine.rewind import DECISION, FAILURE, GATE, SEAL, Rewind, kept, typed_moment
from tui_migrate.engine.run import RunState
from tui_migrate.engine.sentences import Teller, clock, stamp
from tui_migrate.errors import TuiMigrateError
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import is_gate
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.beside import BesideScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form
from tui_migrate.tui.status import BAD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, Part, label_frame, line, lines
from tui_migrate.tui.widgets.runview import RunView

BEAT = 0.5
"""Seconds between two entries while it plays."""

_STYLES = {GATE: WARN, FAILURE: BAD, SEAL: "$primary", DECISION: ""}


class ReplayScreen(BaseScreen):
    """Folds the same entries, cut at an earlier one; it reads only."""

    GROUP = "replay"
    REPLAY = True
    CSS_PATH: ClassVar[list[str | PurePath]] = ["run.tcss", "replay.tcss"]
    AUTO_FOCUS = "#tree"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("replay"))

    def __init__(self) -> None:
        super().__init__()
        self._rewind: Rewind | None = None
        self._at = 0
        self._cut = RunState()
        self._playing: Timer | None = None
        self._mark = 0
        """Where ``d`` was pressed first, or 0."""
        self._words = ""
        self._only: list[int] | None = None
        """Positions that are stepped through, or ``None`` for all."""

    def body(self) -> Iterable[Widget]:
        with Container(id="frame"):
            yield RunView(id="run")
        yield Block(id="said")
        yield Block(id="time")

    def on_mount(self) -> None:
        super().on_mount()
        client, seq = self.home.live.client, self.home.live.state.seq
        self.read("entries", lambda: Rewind(client.entries(1, seq)), self._have)

    @property
    def state(self) -> RunState:
        return self._cut if self._rewind is not None else super().state

    def _have(self, rewind: Rewind) -> None:
        self._rewind = rewind
        self._go(len(rewind))

    def _go(self, position: int) -> None:
        rewind = self._rewind
        if rewind is None:
            return
        self._at = min(max(1, position), max(1, len(rewind)))
        self._cut = rewind.state(self._at)
        self.show()

    def refresh_state(self) -> None:
        rewind = self._rewind
        if rewind is None or not len(rewind):
            return
        self.query_one(RunView).show(self._cut)
        frame = self.query_one("#frame", Container)
        label_frame(
            frame,
            _("REPLAY · {at} · entry {n} of {m}").format(
                at=f"{stamp(self._cut.at, self._cut.zone)}:{clock(self._cut.at, self._cut.zone)[-2:]}",
                n=grouped(self._at),
                m=grouped(len(rewind)),
            ),
        )
        entry = rewind.entries[self._at - 1]
        width = max(20, self.size.width)
        told = fit(safe(Teller(self._cut).tell(entry)), width - 4)
        arrow = "▶" if self._playing else "‖"
        said: list[Part] = [(f" {arrow} ", "bold"), told]
        if self._mark:
            text = _("from entry {n}: move, then {key} to compare · {key} here forgets it")
            key = self.home.key("replay.difference")
            said = [
                (" ┼ ", "bold $accent"),
                (text.format(n=grouped(self._mark), key=key), "$accent"),
            ]
        if self._only is not None and not self._mark:
            count = ngettext("{n} entry fits", "{n} entries fit", len(self._only))
            found = count.format(n=grouped(len(self._only)))
            said[1:1] = [(f"{safe(self._words)}: {found} ", "$accent")]
        self.query_one("#said", Block).put(line(*said))
        self.query_one("#time", Block).put(self._timeline(rewind, width - 2))

    def _timeline(self, rewind: Rewind, width: int) -> Content:
        cells = rewind.line(width)
        here = rewind.cell(self._at, width)
        mark = rewind.cell(self._mark, width) if self._mark else -1
        parts = [
            ("┼", "bold $accent")
            if i == mark != here
            else (c, "reverse bold" if i == here else _STYLES.get(c, QUIET))
            for i, c in enumerate(cells)
        ]
        legend = _("‖ gate  ✗ failure  · decision  ◆ seal")
        first, last = rewind.entries[0].at, rewind.entries[-1].at
        zone = self._cut.zone
        start, end = stamp(first, zone), stamp(last, zone)
        if start[:10] == end[:10]:
            end = end[11:]
        ends = f"{start} – {end}"
        gap = max(2, width - len(legend) - len(ends))
        return lines([line(*parts), line((legend + " " * gap + ends, QUIET))])

    # Keys

    def action_move(self, by: int) -> None:
        """One entry on or back; with a filter, to the next or last one that fits."""
        self._stop()
        self._go(self._next(by))

    def _next(self, by: int) -> int:
        """The position one step away; where no entry fits any more, the present one."""
        if self._only is None:
            return self._at + by
        if by > 0:
            number = bisect_right(self._only, self._at)
            return self._only[number] if number < len(self._only) else self._at
        number = bisect_left(self._only, self._at)
        return self._only[number - 1] if number else self._at

    def action_gate(self, by: int) -> None:
        """To the next gate or the one before."""
        self._stop()
        if self._rewind is not None:
            self._go(self._rewind.gate(self._at, by))

    def action_edge(self, end: int) -> None:
        """To the start or the end."""
        self._stop()
        if self._rewind is not None:
            self._go(len(self._rewind) if end else 1)

    def action_play(self) -> None:
        """Play from here, or pause. At the end it plays from the start."""
        rewind = self._rewind
        if rewind is None:
            return
        if self._playing is not None:
            self._stop()
        else:
            if self._next(1) in (self._at, len(rewind) + 1):
                self._at = 0
            self._playing = self.set_interval(BEAT, self._beat)
            self._beat()
        self.refresh_state()

    def _beat(self) -> None:
        rewind = self._rewind
        if rewind is None or self._next(1) in (self._at, len(rewind) + 1):
            self._stop()
            self.refresh_state()
        else:
            self._go(self._next(1))

    def _stop(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    def action_difference(self) -> None:
        """Mark this moment; at another one, show the two side by side."""
        rewind = self._rewind
        if rewind is None or not len(rewind):
            return
        self._stop()
        first, second = sorted((self._mark, self._at))
        if not self._mark or first == second:
            self._mark = 0 if self._mark else self._at
            self.refresh_state()
            return
        self._mark = 0
        before, after = kept(rewind.state(first)), kept(rewind.state(second))
        self._go(self._at)
        self.app.push_screen(BesideScreen(before, after, rewind.entries[first:second]))

    def action_time(self) -> None:
        """Go to a moment that is typed."""
        rewind = self._rewind
        if rewind is None:
            return
        self._stop()
        zone = self._cut.zone

        def then(filled: Filled | None) -> None:
            text = filled["time"].strip() if filled else ""
            if text.isdecimal():
                self._go(int(text))
            elif wanted := self._moment(text):
                self._go(rewind.at_time(wanted, zone))

        def right(text: str) -> str:
            plain = text.strip()
            if plain.isdecimal():
                known = 1 <= int(plain) <= len(rewind)
                return "" if known else _("There are {n} entries.").format(n=grouped(len(rewind)))
            known = self._moment(plain) is not None
            return "" if known else _("Type it as 123, 14:02 or 2026-03-01 14:02.")

        asks = [
            Ask(
                "time",
                _("Number of an entry, or a time with the day before it"),
                "",
                "14:02",
                right,
            )
        ]
        first, last = rewind.entries[0].at, rewind.entries[-1].at
        intro = _("The run went from {a} to {b} ({zone}).").format(
            a=stamp(first, zone), b=stamp(last, zone), zone=safe(zone)
        )
        self.app.push_screen(Form(_("Go to a moment"), intro, asks, submit=_("go")), then)

    def action_filter(self) -> None:
        """Step through some entries only; nothing typed: through all again."""
        rewind = self._rewind
        if rewind is None:
            return
        self._stop()
        brands = self._brands()

        def then(filled: Filled | None) -> None:
            if filled is None:
                return
            self._words = " ".join(filled["words"].split())
            self._only = rewind.matching(self._words, brands) if self._words else None
            if self._only and self._at not in self._only:
                self._go(self._next(1) if self._next(1) != self._at else self._next(-1))
            self.refresh_state()

        def right(text: str) -> str:
            found = not text.strip() or rewind.matching(text, brands)
            return "" if found else _("No entry fits.")

        label = _("Words that fit who, step or brand; empty: all entries")
        asks = [Ask("words", label, "", "by:anna step:merge brand:Nova", right)]
        now = _("Now: {words}").format(words=safe(self._words)) if self._words else ""
        self.app.push_screen(Form(_("Step through"), now, asks, submit=_("filter")), then)

    def _brands(self) -> dict[str, tuple[str, ...]]:
        """Source → the brands that it delivers for, where this user may read the runbook."""
        try:
            sources = self.home.live.client.runbook.sources
        except (TuiMigrateError, OSError, AttributeError):
            return {}
        return {name: tuple(source.brands or ()) for name, source in sources.items()}

    def _moment(self, text: str) -> datetime | None:
        """A time as it was typed, on the day that is shown."""
        return typed_moment(text, self._cut.at, self._cut.zone)

    def applies(self, act: Act) -> bool:
        if act.id == "replay.gate_open":
            step = self.query_one(RunView).selected
            return step is not None and is_gate(step)
        return True

    def wording(self, act: Act) -> str:
        return _("pause") if act.id == "replay.play" and self._playing else act.label

    @on(OptionList.OptionHighlighted, "#tree")
    def _highlighted(self) -> None:
        self.show_frame()

    @on(RunView.Wanted)
    def _wanted(self, event: RunView.Wanted) -> None:
        self.ask(
            " ".join(event.references),
            Said(references=event.references),
            self.query_one(RunView).tell,
        )

    @on(OptionList.OptionSelected, "#tree")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if not self.query_one(RunView).toggle_phase():
            self.action_open_gate()

    def action_open_gate(self) -> None:
        """The selected gate, as it stood then."""
        from tui_migrate.tui.screens.gate import GateScreen

        step = self.query_one(RunView).selected
        if step is not None and is_gate(step):
            self._stop()
            self.app.push_screen(GateScreen(step.id, frozen=self._cut))

    def action_leave(self) -> None:
        """Back to the present."""
        self._stop()
        self.app.pop_screen()
