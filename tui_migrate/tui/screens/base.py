"""What all screens share: the top line, the key line, questions to the engine and commands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from tui_migrate.engine.api import AnyCommand, Look, Query, Reply
from tui_migrate.engine.gates import broken_glass
from tui_migrate.engine.run import RunState, StepState
from tui_migrate.engine.sentences import said, stamp
from tui_migrate.errors import ReasonNeeded, TuiMigrateError
from tui_migrate.i18n import _, language, speaking
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import LOOKING
from tui_migrate.tui.breakpoints import BREAKPOINTS
from tui_migrate.tui.messages import Done, Told, Trouble, WhyWanted
from tui_migrate.tui.safe import fit, prose, safe
from tui_migrate.tui.widgets.block import KeyBar, TopBar

if TYPE_CHECKING:
    from tui_migrate.tui.app import MigrateApp

log = logging.getLogger(__name__)
PURPOSE = 30
"""Cells that the reason of looks takes in the top line."""


def _worded(act: Act, word: str) -> Act:
    """An action with the word for it in the language that is spoken."""
    glyph, bar, joint = act.line.partition("|")
    return replace(act, label=_(word), line=f"{glyph}|{_(joint)}" if bar else "")


class BaseScreen(Screen[None]):
    """A full screen. Subclasses give ``GROUP`` (of actions), ``body`` and ``refresh_state``."""

    GROUP: ClassVar[str] = ""
    REPLAY: ClassVar[bool] = False
    WITHOUT: ClassVar[tuple[str, ...]] = ()
    """Ids of actions of the group that this screen never has; help leaves them out."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: dict[str, int] = {}
        self._unanswered: dict[str, Callable[[], None]] = {}

    def compose(self) -> ComposeResult:
        for least, name in BREAKPOINTS:
            self.set_class(self._breakpoint(self.app.size.width) == least, name)
        yield TopBar(id="top")
        yield from self.body()
        yield KeyBar(id="keys")

    @staticmethod
    def _breakpoint(width: int) -> int:
        """Known before the first paint, so that no screen flashes in the layout of another size."""
        return max(least for least, _name in BREAKPOINTS if least <= width)

    def body(self) -> Iterable[Widget]:
        """The widgets between top line and key line."""
        return ()

    def refresh_state(self) -> None:
        """The run stands elsewhere than before: show it."""

    @property
    def home(self) -> MigrateApp:
        """The application, by its own type."""
        return cast("MigrateApp", self.app)

    @property
    def state(self) -> RunState:
        """The run as this screen shows it."""
        return self.home.live.state

    def step(self, step: str) -> StepState:
        """A step of the run."""
        return self.state.steps[step]

    def is_current_or_behind_a_form(self) -> bool:
        """Whether anything of this screen can be seen."""
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :]
        return not any(isinstance(screen, BaseScreen) for screen in above)

    def failed(self) -> None:
        """A question or command of this screen came to nothing, and the person was told: whatever
        waited for its answer waits in vain."""

    # What always stands there

    def on_mount(self) -> None:
        self.show()

    def on_screen_resume(self) -> None:
        self.show()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Bring everything up to date."""
        if not self.is_mounted:
            return
        self.show_frame()
        self.refresh_state()

    def show_frame(self) -> None:
        """Top line and key line."""
        state = self.state
        identity = self.home.live.client.identity
        user, roles = identity.user, ", ".join(identity.roles)
        title = prose(said(state.title))
        name = state.runbook if not title else f"{state.runbook} · {title}"
        at = stamp(state.at, state.zone)
        if not self.badge():
            at = _("last entry {time}").format(time=at[-5:])
        rights = [f"{user} ({roles})  {at}"] if roles else []
        rights += [f"{user}  {at}", user]
        if self.home.purpose and self.GROUP in LOOKING:
            why = f"“{fit(safe(self.home.purpose), PURPOSE).rstrip()}”"
            rights = [*(f"{why}  {right}" for right in rights), why]
        glass = bool(broken_glass(state))
        self.query_one(TopBar).tell(name, rights, state.rehearsal, self.badge(), glass)
        shown = [act for act in self.home.acts(self.GROUP) if self.applies(act)]
        first = self.first()
        shown.sort(key=lambda act: first.index(act.id) if act.id in first else len(first))
        worded = [_worded(act, self.wording(act)) for act in shown]
        self.query_one(KeyBar).tell(worded, self.notes())

    def badge(self) -> str:
        """A word for the top line when this is not the present."""
        return _("REPLAY") if self.REPLAY else ""

    def applies(self, act: Act) -> bool:
        """Whether the key does something now; others are left out of the key line."""
        return True

    def first(self) -> list[str]:
        """Ids of acts that come first in the key line now; the others stay in their order."""
        return []

    def wording(self, act: Act) -> str:
        """What the key line says of ``act`` now."""
        return act.label

    def notes(self) -> dict[str, str]:
        """Numbers for the key line."""
        return {}

    # Asking and sending: always from a thread, and back by message

    def ask(self, slot: str, query: Query, then: Callable[[Any], None]) -> None:
        """Ask the engine; ``then`` gets the answer unless a newer question of ``slot`` overtook it. Why
        persons are looked at goes along."""
        asked = query
        if isinstance(query, Look) and not query.reason:
            asked = msgspec.structs.replace(query, reason=self.home.purpose)
        again = partial(self.ask, slot, query, then)
        self.read(slot, partial(self.home.live.client.ask, asked), then, again)

    def read(
        self,
        slot: str,
        work: Callable[[], Any],
        then: Callable[[Any], None],
        again: Callable[[], None] | None = None,
    ) -> None:
        """Run ``work`` in a thread; it touches no widget. ``again``: does this once more, when it is
        known why."""
        turn = self._turns[slot] = self._turns.get(slot, 0) + 1

        def wanted() -> Any:
            try:
                return Told(slot, turn, work(), then)
            except ReasonNeeded:
                if again is None:
                    raise
                return WhyWanted(slot, again)

        def job() -> None:
            message = self._guarded(wanted)
            if message is not None:
                self.post_message(message[0])

        self.run_worker(job, thread=True, group=slot, exit_on_error=False)

    def send(
        self,
        command: AnyCommand,
        then: Callable[[Reply], None] | None = None,
        finish: Callable[[], AnyCommand] | None = None,
    ) -> None:
        """Have a command done; a refusal is shown, ``then`` hears of the outcome either way.
        ``finish``: makes the command as it is sent, in a thread (it may wait for a signature).

        Commands are done in the order of the keys, also when this screen is left meanwhile."""

        def job() -> None:
            reply = self._guarded(
                lambda: self.home.live.client.send(finish() if finish is not None else command)
            )
            if reply is not None:
                self.post_message(Done(reply[0], then))

        self.home.outbox.add(job)
        self.home.run_worker(self.home.outbox.work, thread=True, group="send", exit_on_error=False)

    def _guarded(self, work: Callable[[], Any]) -> tuple[Any] | None:
        """What ``work`` gives, in a tuple; ``None`` when it failed and the person was told."""
        try:
            return (work(),)
        except TuiMigrateError as error:
            self.post_message(Trouble(error.message, error.hint))
        except Exception:
            log.exception("a question or command of the interface failed")
            with speaking(language()):  # a thread begins without
                message, hint = (
                    _("This did not work."),
                    _("The engine's log says why (engine.log)."),
                )
            self.post_message(Trouble(message, hint))
        return None

    @on(Told)
    def _told(self, message: Told) -> None:
        if self._turns.get(message.slot) == message.turn and self.is_mounted:
            message.then(message.answer)

    @on(WhyWanted)
    def _why_wanted(self, message: WhyWanted) -> None:
        self._unanswered[message.slot] = message.again
        if self.is_mounted:
            self.home.ask_why(needed=True)

    def why_said(self) -> None:
        """The person said why he looks: what was not answered is asked again."""
        waiting, self._unanswered = self._unanswered, {}
        for again in waiting.values():
            again()
        self.show_frame()

    def why_not_said(self) -> None:
        """He did not want to: there is nothing to see here."""
        if self._unanswered:
            self._unanswered = {}
            self.action_back()

    @on(Done)
    def _done(self, message: Done) -> None:
        reply = message.reply
        if not reply.ok:
            self.home.tell(f"{reply.message}\n{reply.hint}".strip(), "error")
        if message.then is not None and self.is_mounted:
            message.then(reply)

    @on(Trouble)
    def _trouble(self, message: Trouble) -> None:
        self.home.tell(f"{message.message}\n{message.hint}".strip(), "error")
        self.failed()

    def action_back(self) -> None:
        """Back to where this screen was opened."""
        self.app.pop_screen()
