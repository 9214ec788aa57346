"""The engine behind its socket: who connects is who the kernel says, and may do what his roles allow.

One task reads a client's messages, one writes to it. Nothing is queued for a client but replies to
what it asked, of which it may have few under way: entries are read from the journal at its own pace
(an index into it), and of progress only the latest is kept. A client that stops reading stops
nobody but itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from tui_migrate import __version__
from tui_migrate.engine import api, wire
from tui_migrate.engine.core import Anew
from tui_migrate.engine.engine import Engine
from tui_migrate.engine.gate_commands import note_due
from tui_migrate.engine.gate_delegations import standing
from tui_migrate.engine.guests import UNDERWAY, Guest, Stranger, done, failed, part
from tui_migrate.engine.identity import peer_user, people_named
from tui_migrate.engine.looking import flush
from tui_migrate.engine.opening import readable
from tui_migrate.engine.rights import may_attach, rights
from tui_migrate.engine.run import Status
from tui_migrate.engine.sockets import listening
from tui_migrate.errors import ReasonNeeded, TuiMigrateError
from tui_migrate.i18n import _, speaking

PATIENCE = 10.0
"""Seconds that a client may take to send its first message, or the rest of one that it began."""
CLIENTS = 64
PER_USER = 16
CHUNK = 500
"""Entries in one message."""
TICK = 60.0
"""Seconds between two looks at the clock, for deadlines."""
FIRST_CLIENT = 30.0
"""Seconds that an engine waits for the client that started it."""
Words = Callable[[], str]
"""Says something in the language that is spoken where it is called."""


class Server:
    """Serves one engine until nobody needs it any more, or for good (``stay``)."""

    def __init__(self, engine: Engine, *, stay: bool = False) -> None:
        self.engine = engine
        self._stay = stay
        self._guests: set[Guest] = set()
        self._lines: Counter[int] = Counter()
        """User → open connections, those that are still to greet included."""
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(max_workers=UNDERWAY, thread_name_prefix="client")
        self._over = asyncio.Event()
        self._reason: Words = str
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()

    # -- life ----------------------------------------------------------------------------------

    async def serve(self, ready: Callable[[], None]) -> None:
        """Listen, call ``ready``, and serve until the engine has nothing to do and nobody is there."""
        core = self.engine.core
        leave = core.subscribe(self._hear)
        with listening(core.workspace.socket) as door:
            server = await asyncio.start_unix_server(self._guest, sock=door, limit=wire.MOST_FIRST)
            ready()
            self._loop.call_later(FIRST_CLIENT, self._consider)
            ticking = self._loop.create_task(self._look_at_clock())
            await self._over.wait()
            server.close()
            ticking.cancel()
            await self._loop.run_in_executor(None, self._rest)
            leave()
            self._say_goodbye()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _look_at_clock(self) -> None:
        """Journal what falls due while the engine lives."""
        while True:
            await asyncio.sleep(TICK)
            with contextlib.suppress(OSError):
                await self._loop.run_in_executor(self._pool, self._note_time)

    def _note_time(self) -> None:
        note_due(self.engine.core)
        flush(self.engine.core)

    def end(self, reason: Words = str) -> None:
        """Rest after the present unit, tell the clients, end. ``reason``: says why, to each of them."""
        if self._reason is str:
            self._reason = reason
        self.engine.stop()
        self._over.set()

    def _rest(self) -> None:
        self.engine.stop()
        self.engine.wait()

    def _say_goodbye(self) -> None:
        anew = self.engine.core.anew
        for guest in self._guests:
            with contextlib.suppress(OSError), speaking(guest.language):
                goodbye = wire.Bye(ending=True, reason=self._reason(), anew=anew)
                guest.writer.write(wire.frame(goodbye))

    def _consider(self) -> None:
        """End when the runner rests, nobody is here and nobody else is waited for."""
        if not self._guests and not self.engine.running and not self._needed():
            self._over.set()

    def _needed(self) -> bool:
        """Whether the engine is to stay though it has nothing to do and nobody is here."""
        return self._stay or self._others_are_waited_for()

    def _others_are_waited_for(self) -> bool:
        """Whether the run waits for a decision that somebody else than the owner may have to give:
        then the door stays open for him."""
        core = self.engine.core
        step = core.state.current
        if step is None or step.status is not Status.WAITING or not core.state.run:
            return False
        lent = {d.to for d in standing(core.state, core.now())}
        return bool((people_named(core.runbook) | lent) - {core.owner.user})

    # -- what the engine says ------------------------------------------------------------------

    def _hear(self, heard: api.Heard) -> None:
        """From the runner's thread, or that of a command."""
        self._loop.call_soon_threadsafe(self._heard, heard)

    def _heard(self, heard: api.Heard) -> None:
        for guest in self._guests:
            if isinstance(heard, api.Progress):
                guest.progress = heard
            elif isinstance(heard, api.Idle):
                guest.idle, guest.progress = heard, None
            guest.wake.set()
        if isinstance(heard, api.Idle):
            self._consider()

    async def _speak(self, guest: Guest) -> None:
        """Write what there is for this client until it is gone."""
        with contextlib.suppress(OSError):
            await self._speak_on(guest)

    async def _speak_on(self, guest: Guest) -> None:
        """Entries first: whatever news and replies speak of is in them."""
        while True:
            await guest.wake.wait()
            guest.wake.clear()
            replies, guest.replies = guest.replies, []
            idle, guest.idle = guest.idle, None
            progress, guest.progress = guest.progress, None
            await self._catch_up(guest)
            if progress is not None or idle is not None:
                await self._write(guest, wire.News(progress=progress, idle=idle))
            for reply in replies:
                await self._write(guest, reply)
                guest.slots.release()
                if isinstance(reply, wire.Bye):
                    guest.writer.close()
                    return

    async def _catch_up(self, guest: Guest) -> None:
        entries, opened = self.engine.core.journal.entries, self.engine.core.vault.opened
        while guest.sent < len(entries):
            chunk = tuple(
                readable(entry, opened) for entry in entries[guest.sent : guest.sent + CHUNK]
            )
            await self._write(guest, wire.Entries(entries=chunk))
            guest.sent += len(chunk)

    @staticmethod
    async def _write(guest: Guest, message: wire.Message) -> None:
        guest.writer.write(wire.frame(message))
        await guest.writer.drain()

    def _reply(self, guest: Guest, message: wire.Message) -> None:
        guest.replies.append(message)
        guest.wake.set()

    # -- what clients say ----------------------------------------------------------------------

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio calls this in a task
        self._tasks.add(task)
        connection: socket.socket = writer.get_extra_info("socket")
        user = await self._loop.run_in_executor(self._pool, peer_user, connection)
        guest = Guest(user, reader, writer)
        self._lines[user.uid] += 1
        writing: asyncio.Task[None] | None = None
        try:
            hello = await self._greeting(guest)
            guest.language = hello.language
            with speaking(guest.language):
                welcome = self._admit(guest, hello)  # no other guest comes in between
                self._guests.add(guest)
                await self._write(guest, welcome)
                guest.wake.set()
                writing = asyncio.create_task(self._speak(guest))
                await self._listen(guest)
        except Stranger as stranger:
            self._log.warning("a client was refused", user=guest.user.name, why=str(stranger))
            with contextlib.suppress(OSError, TimeoutError):
                refused = wire.Refused(message=str(stranger), hint=stranger.hint)
                await asyncio.wait_for(self._write(guest, refused), 1)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, which is its right, or the engine ends
        finally:
            self._guests.discard(guest)
            self._lines[user.uid] -= 1
            if writing is not None:
                writing.cancel()
            guest.drop_files()
            writer.close()
            self._tasks.discard(task)
            self._consider()

    async def _greeting(self, guest: Guest) -> wire.Hello:
        """The first message. Raises ``Stranger`` for another one, or where too many are here."""
        if self._lines.total() > CLIENTS or self._lines[guest.user.uid] > PER_USER:
            raise Stranger(_("Too many clients are connected."), _("Close one of them."))
        hello = await self._receive(guest, wire.MOST_FIRST, PATIENCE)
        if not isinstance(hello, wire.Hello):
            raise Stranger(_("The first message has to be a greeting."))
        return hello

    def _admit(self, guest: Guest, hello: wire.Hello) -> wire.Welcome:
        """The welcome for who may come in. Raises ``Stranger``."""
        core = self.engine.core
        if hello.protocol != wire.PROTOCOL:
            raise Stranger(
                _("The engine speaks version {} of the protocol, this program version {}.").format(
                    wire.PROTOCOL, hello.protocol
                ),
                _("tui-migrate stop ends the engine (version {}); then start again.").format(
                    __version__
                ),
            )
        driver = next((other for other in self._guests if other.drives), None)
        if hello.drives and driver is not None:
            raise Stranger(
                _("The workspace {} is in use: {} (process {}) carries the run on.").format(
                    core.workspace.root, driver.user.name, driver.user.pid
                ),
                _(
                    "Wait until it rests, or look on: tui-migrate status, or the full-screen program."
                ),
            )
        who = self.engine.who(guest.user.identity(core.runbook))
        if not may_attach(who, core.owner.uid):
            core.refuse(who, "attach")
            raise Stranger(
                _("{} has no role in this runbook.").format(who.user),
                _("Roles are given in the runbook under roles:."),
            )
        if hello.key and "run" in rights(core.runbook, who, core.owner.uid):
            core.key = hello.key
        guest.sent, guest.drives = max(hello.since, 0), hello.drives
        return wire.Welcome(
            protocol=wire.PROTOCOL,
            version=__version__,
            identity=who,
            workspace=str(core.workspace.root),
            running=self.engine.running,
            seq=core.state.seq,
        )

    async def _listen(self, guest: Guest) -> None:
        """Take the client's messages until it is gone."""
        while True:
            message = await self._receive(guest, wire.MOST, None)
            if isinstance(message, wire.Hello):
                raise Stranger(_("A second greeting makes no sense."))
            await guest.slots.acquire()
            work = self._loop.create_task(self._serve(guest, message))
            self._tasks.add(work)
            work.add_done_callback(self._tasks.discard)

    async def _receive(self, guest: Guest, most: int, patience: float | None) -> wire.FromClient:
        """The next message. ``patience``: seconds until it has to begin; once begun it has to end.
        Raises ``Stranger`` for what is none."""
        head = await _in_time(guest.reader.readexactly(wire.HEAD), patience)
        size = wire.length(head)
        if size > most:
            raise Stranger(_("A message of {} bytes is too large.").format(size))
        body = await _in_time(guest.reader.readexactly(size), PATIENCE + size / 1e6)
        try:
            return wire.from_client(body)
        except (ValueError, RecursionError) as error:
            raise Stranger(_("This is no message of the protocol.")) from error

    async def _serve(self, guest: Guest, message: wire.FromClient) -> None:
        """Work on one message in a thread of the pool, and have the answer written. The task speaks the
        guest's language, as who made it; a thread of the pool does not know."""
        try:
            reply = await self._loop.run_in_executor(self._pool, self._work, guest, message)
        except Anew:
            self.end(lambda: _("it starts anew, to erase a person"))
            return  # without an answer: the client asks the next engine
        except ReasonNeeded as error:
            reply = wire.Failed(
                n=getattr(message, "n", 0),
                message=error.message,
                hint=error.hint,
                exit_code=int(error.exit_code),
                reason=True,
            )
        except TuiMigrateError as error:
            reply = failed(message, error.message, error.hint, int(error.exit_code))
        except OSError as error:
            self._log.exception("the system refuses", user=guest.user.name)
            reply = failed(message, _("The system refuses: {}").format(error))
        except Exception:  # noqa: BLE001 - one question must not end the engine
            self._log.exception("a message could not be served", user=guest.user.name)
            reply = failed(message, _("This did not work; the engine's log says why."))
        self._reply(guest, reply)
        if isinstance(message, wire.Leave) and message.end and isinstance(reply, wire.Bye):
            self.end(lambda: _("{} stopped the engine").format(guest.user.name))

    def _work(self, guest: Guest, message: wire.FromClient) -> wire.Message:
        with speaking(guest.language):
            return self._answer(guest, message)

    def _answer(self, guest: Guest, message: wire.FromClient) -> wire.Message:
        core = self.engine.core
        who = self.engine.who(guest.user.identity(core.runbook))
        match message:
            case wire.Ask():
                answer = self.engine.question(message.query, who)
                return wire.Answered(n=message.n, answer=wire.raw(answer))
            case wire.Do():
                return done(self.engine, guest, who, message)
            case wire.Fetch():
                return part(guest, message)
            case wire.Leave():
                return self._let_go(guest, who, message)
            case _:
                raise AssertionError(message)

    def _let_go(self, guest: Guest, who: api.Identity, message: wire.Leave) -> wire.Message:
        core = self.engine.core
        if message.end and "run" not in rights(core.runbook, who, core.owner.uid):
            core.refuse(who, "stop")
            return wire.Failed(
                n=message.n, message=_("{} may not stop the engine.").format(who.user), exit_code=1
            )
        guest.drop_files()  # who has our goodbye can rely on it
        alone = self._guests <= {guest} and not self.engine.running
        return wire.Bye(ending=message.end or (alone and not self._needed()))


async def _in_time(coming: Awaitable[bytes], patience: float | None) -> bytes:
    try:
        return await asyncio.wait_for(coming, patience)
    except TimeoutError as error:
        raise Stranger(_("Nothing came for too long.")) from error
