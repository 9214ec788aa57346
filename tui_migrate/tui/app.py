"""The application: themes, keys, signals, and the run that all screens look at. Nothing else.

What the screens of a run need is loaded after the first paint, not before it.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.screen import Screen
from textual.timer import Timer

from tui_migrate.errors import Exit
from tui_migrate.i18n import _, language, speak
from tui_migrate.tui import themes
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import acts, bindings, key_of
from tui_migrate.tui.breakpoints import BREAKPOINTS
from tui_migrate.tui.driver import FrugalDriver
from tui_migrate.tui.keymap import read_keys
from tui_migrate.tui.keysfile import keys_file
from tui_migrate.tui.messages import Heard, Opened, Said
from tui_migrate.tui.outbox import Outbox
from tui_migrate.tui.palette import Palette
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.opening import OpeningScreen

if TYPE_CHECKING:
    from tui_migrate.engine.api import Client, Reply
    from tui_migrate.tui.live import Live
    from tui_migrate.tui.screens.base import BaseScreen
    from tui_migrate.tui.screens.form import Filled

MISTAKES = 5
"""Mistakes in a file of keys that are said at once."""
PACE = 0.5
"""Seconds between two repaints while entries stream in."""

Opener = Callable[[Callable[[str], None]], "Client"]
"""Opens the engine of a workspace; is given a function that shows a line meanwhile."""

Severity = Literal["information", "warning", "error"]


class MigrateApp(App[int]):
    """The terminal interface of one workspace; a guest of its engine."""

    CSS_PATH = "app.tcss"
    TITLE = "tui-migrate"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("app"),
        Binding("ctrl+c,ctrl+q", "leave", show=False),
    ]
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Palette}
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = BREAKPOINTS

    live: Live

    def __init__(
        self,
        client: Client | None = None,
        theme: str = "",
        pace: float = PACE,
        opener: Opener | None = None,
        folder: Path | None = None,
    ) -> None:
        """``folder``: of the workspace; paths that a person types may start from there."""
        super().__init__(driver_class=FrugalDriver)
        self.client = client
        self.problem: BaseException | None = None
        self.outbox = Outbox()
        self.folder = folder
        self.purpose = ""
        """Why persons are looked at, as it was said last."""
        self.keys: dict[str, str] = {}
        """Id of an action → the keys that the person chose for it."""
        self._opener = opener
        self.animation_level = "none"
        for own in themes.OWN:
            self.register_theme(own)
        self.theme = theme or themes.chosen()
        if client is not None:
            self._look_at(client)
        self._pace = pace
        self._painted = 0.0
        self._later: Timer | None = None

    def on_load(self) -> None:
        """All that the screens say from here on is in the reader's language."""
        speak(language())

    def on_mount(self) -> None:
        self._catch_signals()
        self._learn_keys()
        if self.client is not None:
            self._show_run()
        elif self._opener is not None:
            self.push_screen(OpeningScreen())
            self.call_after_refresh(self._open)

    def _look_at(self, client: Client) -> None:
        from tui_migrate.tui.live import Live

        self.live = Live(client)

    def _show_run(self) -> None:
        from tui_migrate.tui.screens.run import RunScreen

        self.live.start(lambda: self.post_message(Heard()))
        self.push_screen(RunScreen())

    def _open(self) -> None:
        threading.Thread(target=self._open_apart, name="opening", daemon=True).start()

    def _open_apart(self) -> None:
        """In a thread of its own: what the engine needs takes longer to load than a first screen."""
        assert self._opener is not None  # noqa: S101 - else this thread is not started
        try:
            client = self._opener(self._say)
        except BaseException as error:  # noqa: BLE001 - handed to who started the screen
            self.problem = error
            self.call_from_thread(self.exit, int(Exit.WRONG))
            return
        self.post_message(Opened(client))

    def _say(self, line: str) -> None:
        self.post_message(Said(line))

    @on(Said)
    def _said(self, message: Said) -> None:
        if isinstance(self.screen, OpeningScreen):
            self.screen.add(message.line)

    @on(Opened)
    def _opened(self, message: Opened) -> None:
        self.client = message.client
        self._look_at(message.client)
        self.pop_screen()
        self._show_run()

    def on_unmount(self) -> None:
        if self.client is not None:
            self.live.stop()

    def _catch_signals(self) -> None:
        """A lost connection or a polite kill leaves as ``q`` does; the engine's data are safe."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit, int(Exit.INTERRUPTED))

    # What the engine says

    @on(Heard)
    def _heard(self) -> None:
        if not self.live.drain():
            return
        wait = self._pace - (monotonic() - self._painted)
        if wait <= 0:
            self._repaint()
        elif self._later is None:
            self._later = self.set_timer(wait, self._repaint)

    def _repaint(self) -> None:
        from tui_migrate.tui.screens.base import BaseScreen

        self._later = None
        self._painted = monotonic()
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen) and screen.is_current_or_behind_a_form():
                screen.show()

    def on_key(self, event: events.Key) -> None:
        """A key of a burst that was on its way to the screen behind a form that has just opened: it
        is meant for the form."""
        from tui_migrate.tui.screens.form import Form

        if event.is_printable and event.character and isinstance(self.screen, Form):
            self.screen.typed(event.character)

    # What screens ask of it

    def tell(self, text: str, severity: Severity = "information") -> None:
        """A short notice; the text may come from anywhere."""
        shown = "\n".join(safe(part) for part in text.split("\n"))
        self.notify(shown, severity=severity, markup=False, timeout=8)

    def go_on(self) -> None:
        """Start the run or go on with it; an import outside the change window asks for a reason."""
        from tui_migrate.engine.gate_window import held_now
        from tui_migrate.tui.screens.base import BaseScreen
        from tui_migrate.tui.screens.deciding import outside_form

        screen, state = self.screen, self.live.state
        if not isinstance(screen, BaseScreen):
            return
        why, step = held_now(state, datetime.now(UTC)), state.current
        if why and step is not None:
            outside_form(screen, step, why, lambda reason: self._run(screen, reason))
        else:
            self._run(screen)

    def _run(self, screen: BaseScreen, outside_window: str = "") -> None:
        from tui_migrate.engine import api

        self.live.running = True
        screen.send(api.Run(outside_window=outside_window), self._started)
        screen.show()

    def _started(self, reply: Reply) -> None:
        if not reply.ok:
            self.live.running = False
            self._repaint()

    def went_on(self, reply: Reply) -> None:
        """After a redo was accepted: show it at once."""
        if reply.ok:
            self._repaint()

    def action_why(self) -> None:
        """Say why one looks at persons, or something else than before."""
        self.ask_why()

    def ask_why(self, *, needed: bool = False) -> None:
        """Ask why persons are looked at. ``needed``: nothing is shown before it is said."""
        from tui_migrate.tui.screens.base import BaseScreen
        from tui_migrate.tui.screens.form import Form
        from tui_migrate.tui.screens.why import why_form

        if not isinstance(self.screen, BaseScreen):
            return  # it is being asked, or something else is

        def then(filled: Filled | None) -> None:
            if filled is None:
                if isinstance(self.screen, BaseScreen):
                    self.screen.why_not_said()
                return
            self.purpose = filled["why"]
            for screen in self.screen_stack:
                if isinstance(screen, BaseScreen):
                    screen.why_said()

        form: Form = why_form(self.purpose, must=needed)
        self.push_screen(form, then)

    def action_leave(self) -> None:
        """Quit; ask first while a step runs."""
        from tui_migrate.tui.screens.form import Form

        if isinstance(self.screen, Form):
            return
        if self.client is None or not self.live.running:
            self.exit(int(Exit.DONE))
            return

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self.exit(int(Exit.DONE))

        intro = _("A step is running. It goes on without you; tui-migrate shows it again.")
        self.push_screen(Form(_("Leave?"), intro, submit=_("leave")), then)

    def action_help(self) -> None:
        """Keys of the present screen."""
        from tui_migrate.tui.screens.base import BaseScreen
        from tui_migrate.tui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, BaseScreen) and not isinstance(screen, HelpScreen):
            self.push_screen(HelpScreen(screen.GROUP, screen.WITHOUT))

    def acts(self, group: str) -> list[Act]:
        """What keys do on a screen, with the keys that the person chose."""
        return acts(group, self.keys)

    def key(self, act: str) -> str:
        """The first key of an action, as it is printed on the keyboard."""
        return key_of(act, self.keys)

    def _learn_keys(self) -> None:
        """Take in the keys that the person chose, or say what is wrong with them."""
        path = keys_file()
        if not path.exists():
            return
        found = read_keys(path)
        if found.mistakes:
            head = _("Your keys are not used ({file}):").format(file=path)
            self.tell("\n".join([head, *found.mistakes[:MISTAKES]]), "warning")
            return
        self.keys = found.keys
        self.set_keymap(found.keys)

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(
                CommandPalette(placeholder=_("Search for commands…"), id="--command-palette")
            )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: all actions of the present screen by name, and the themes."""
        from tui_migrate.tui.screens.base import BaseScreen

        group = screen.GROUP if isinstance(screen, BaseScreen) else ""
        for act in self.acts(group):
            if act.id == "app.palette" or (
                isinstance(screen, BaseScreen) and not screen.applies(act)
            ):
                continue
            word = screen.wording(act) if isinstance(screen, BaseScreen) else act.label
            word = _(word)
            yield SystemCommand(
                f"{word}   {act.glyph}", act.help, lambda act=act: self._run_act(screen, act.action)
            )
        for name in themes.NAMES:
            text = _("Colours: {name}").format(name=name)
            yield SystemCommand(text, _("Change the colours"), lambda n=name: self._wear(n))

    async def _run_act(self, screen: Screen[object], action: str) -> None:
        await screen.run_action(action)

    def _wear(self, name: str) -> None:
        self.theme = name


def run_opening(opener: Opener, folder: Path | None = None) -> tuple[int, Client | None]:
    """Show a first screen at once, have ``opener`` open the workspace beside it, then as
    ``run_app``. Gives the exit code and the client, for the caller to close; raises what ``opener``
    raised."""
    app = MigrateApp(opener=opener, folder=folder)
    code = app.run(mouse=True)
    if app.problem is not None:
        raise app.problem
    return int(Exit.INTERRUPTED) if code is None else code, app.client


def run_app(client: Client) -> int:
    """Show the workspace until the person leaves; the exit code. The caller closes the client."""
    code = MigrateApp(client).run(mouse=True)
    return int(Exit.INTERRUPTED) if code is None else code
