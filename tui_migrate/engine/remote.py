"""An ``api.Client`` that speaks to an engine in another process, over its socket."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from tui_migrate import __version__
from tui_migrate.audit.entries import Entry
from tui_migrate.engine import api, wire
from tui_migrate.engine.evidence_files import read_evidence
from tui_migrate.engine.patience import Patience
from tui_migrate.engine.queries import AnyQuery, Said
from tui_migrate.engine.run import RunState, apply
from tui_migrate.engine.sockets import connected
from tui_migrate.engine.workspace import Workspace, is_held
from tui_migrate.errors import (
    DataSaysNo,
    EnvironmentProblem,
    Exit,
    ReasonNeeded,
    TuiMigrateError,
    Waiting,
)
from tui_migrate.files import whole
from tui_migrate.i18n import _, language, speaking

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook

GREETING = 30.0
"""Seconds that an engine may take to answer a greeting."""
ANEW = 600.0
"""Seconds that an engine may take to start anew, for who may not look whether it lives."""
GOODBYE = 60.0
"""Seconds that leaving may take: the engine may be in the middle of something."""
_READ = 1 << 18
_Kind = TypeVar("_Kind", wire.Done, wire.Answered, wire.Part)


class Line:
    """Frames over a connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._sending = threading.Lock()

    def send(self, message: wire.Message) -> None:
        """Write a message whole. ``OSError`` when nobody is there."""
        data = wire.frame(message)
        with self._sending:
            self._connection.sendall(data)

    def receive(self) -> wire.FromEngine:
        """The next message. ``EOFError`` when the other side has closed the line."""
        size = wire.length(self._take(wire.HEAD))
        try:
            return wire.from_engine(self._take(size))
        except (ValueError, RecursionError) as error:
            raise EOFError from error

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = self._connection.recv(max(_READ, size - len(self._buffer)))
            except OSError as error:
                raise EOFError from error
            if not data:
                raise EOFError
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def patience(self, seconds: float | None) -> None:
        """How long a read may take."""
        self._connection.settimeout(seconds)

    def close(self) -> None:
        """Hang up; a read under way ends."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class RemoteClient:
    """Keeps its own fold of the entries that the engine streams; every reply is in it already."""

    def __init__(
        self, connection: socket.socket, *, key: bytes | None = None, drives: bool = False
    ) -> None:
        """Greet the engine. ``EOFError`` when it hangs up; ``DataSaysNo`` or ``EnvironmentProblem``
        when it refuses; then the connection is closed."""
        self._hello = wire.Hello(
            protocol=wire.PROTOCOL,
            version=__version__,
            key=key or b"",
            drives=drives,
            language=language(),
        )
        self._line, welcome = _greeted(connection, self._hello)
        self.identity = welcome.identity
        self.version = welcome.version
        """Of the program that the engine was started from."""
        self.workspace = Path(welcome.workspace)
        self.state = RunState()
        self._running = welcome.running
        self._entries: list[Entry] = []
        self._listeners: list[api.Listener] = []
        self._waiting: dict[int, tuple[Future[Any], wire.Message]] = {}
        """Number → who waits for the answer, and to what."""
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._caught_up = threading.Event()
        self._first = welcome.seq
        self._goodbye: wire.Bye | None = None
        self._gone = self._leaving = False
        threading.Thread(target=self._listen, name="engine line", daemon=True).start()
        self._caught_up.wait(GREETING)

    # -- listening -----------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            if not self._first:
                self._caught_up.set()
            self._hear_out()
            while self._goodbye is not None and self._goodbye.anew and self._attach_again():
                self._hear_out()
        except TuiMigrateError:
            pass  # the goodbye says why the line is cut
        except Exception:  # noqa: BLE001 - a thread of its own: the log is all that it can tell
            import structlog

            structlog.get_logger().exception("the line to the engine failed")
        self._lost()

    def _hear_out(self) -> None:
        """Take what comes until the line is cut."""
        with contextlib.suppress(EOFError):
            while True:
                self._take(self._line.receive())

    def _attach_again(self) -> bool:
        """Go on with the engine that starts anew, and ask it what this one did not answer. Whether
        there is need to; raises ``TuiMigrateError`` when it does not come or refuses."""
        self._line.close()
        here = Workspace(self.workspace)
        patience = Patience(here, GREETING if os.access(here.run / "lock", os.R_OK) else ANEW)
        hello = msgspec.structs.replace(self._hello, since=len(self._entries))
        while not self._leaving:
            with contextlib.suppress(EOFError):
                connection = connected(here.socket)
                if connection is not None:
                    self._go_on(*_greeted(connection, hello))
                    return True
            patience.wait()
        return False

    def _go_on(self, line: Line, welcome: wire.Welcome) -> None:
        with self._lock:
            self._line, self._goodbye, self._running = line, None, welcome.running
            unanswered = [message for _future, message in self._waiting.values()]
        with contextlib.suppress(OSError):  # then it is cut again, and heard of
            for message in unanswered:
                line.send(message)

    def _take(self, message: wire.FromEngine) -> None:
        match message:
            case wire.Entries():
                for entry in message.entries:
                    self._entry(entry)
            case wire.News():
                if message.progress is not None:
                    self._running = True
                    self._tell(message.progress)
                if message.idle is not None:
                    self._running = False
                    self._tell(message.idle)
            case wire.Bye():
                self._goodbye = message
            case wire.Done() | wire.Answered() | wire.Part() | wire.Failed():
                with self._lock:
                    waiting = self._waiting.pop(message.n, None)
                if waiting is not None:
                    waiting[0].set_result(message)
            case _:
                raise EOFError

    def _entry(self, entry: Entry) -> None:
        with self._lock:
            apply(self.state, entry)
            self._entries.append(entry)
            if entry.seq >= self._first:
                self._caught_up.set()
        self._tell(entry)

    def _tell(self, heard: api.Heard) -> None:
        for listener in list(self._listeners):
            listener(heard)

    def _lost(self) -> None:
        """The line is cut: whoever waits hears it."""
        with self._lock:
            self._gone = True
            waiting, self._waiting = list(self._waiting.values()), {}
        self._caught_up.set()
        for future, _message in waiting:
            future.set_exception(self._why())
        said_goodbye = self._goodbye is not None and not self._goodbye.reason
        if self._running or not said_goodbye:
            self._running = False
            why = self._why()
            self._tell(api.Idle(exit_code=int(why.exit_code), message=str(why)))

    def _why(self) -> TuiMigrateError:
        """Why the line is cut. Whoever listens has no language of its own: it is that of the greeting."""
        with speaking(self._hello.language):
            return self._ended()

    def _ended(self) -> TuiMigrateError:
        if self._goodbye is not None:
            reason = self._goodbye.reason or _("it had nothing more to do")
            return EnvironmentProblem(
                _("The engine has ended: {}.").format(reason),
                _("What was committed stays; start again to go on."),
            )
        return EnvironmentProblem(
            _("The engine ended unexpectedly."),
            _("What was committed stays; start again: the run goes on where it was."),
        )

    # -- api.Client ----------------------------------------------------------------------------

    @cached_property
    def runbook(self) -> Runbook:
        """The runbook as it lies in the workspace, for who may read it."""
        from tui_migrate.engine.config import require_ok
        from tui_migrate.engine.loading import load_workspace

        return require_ok(load_workspace(self.workspace))

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        return self._running

    def entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """See ``api.Client``."""
        with self._lock:
            return self._entries[max(start, 1) - 1 : stop]

    def subscribe(self, listener: api.Listener) -> Callable[[], None]:
        """See ``api.Client``."""
        with self._lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave

    def send(self, command: api.AnyCommand) -> api.Reply:
        """See ``api.Client``."""
        content = b""
        if isinstance(command, api.Answer) and command.file:
            content = read_evidence(Path(command.file))
        before = self._running
        if isinstance(command, api.Run):
            self._running = True
        done = self._exchange(lambda n: wire.Do(n=n, command=command, content=content), wire.Done)
        if isinstance(command, api.Run) and not done.reply.ok:
            self._running = before
        if done.file and isinstance(command, api.Export):
            self._fetch(done, Path(command.path))
        return done.reply

    def _fetch(self, done: wire.Done, path: Path) -> None:
        try:
            with whole(path) as temporary, temporary.open("wb") as stream:
                while stream.tell() < done.size:
                    stream.write(self._part(done.file, stream.tell()))
        except OSError as error:
            raise EnvironmentProblem(
                _("{} cannot be written: {}").format(path, error.strerror)
            ) from error

    def _part(self, file: str, offset: int) -> bytes:
        return self._exchange(
            lambda n: wire.Fetch(n=n, file=file, offset=offset), wire.Part
        ).content

    def ask(self, query: api.Query) -> Any:
        """See ``api.Client``."""
        known = cast("AnyQuery", query)
        answered = self._exchange(lambda n: wire.Ask(n=n, query=known), wire.Answered)
        return wire.answer_to(query, answered.answer)

    def words(self, reference: str) -> str:
        """See ``api.Client``."""
        found: dict[str, str] = self.ask(Said(references=(reference,)))
        return found.get(reference, "")

    def close(self) -> None:
        """Leave. An engine that is not needed any more ends; its end is waited for."""
        self._leave(end=False)

    def end(self) -> None:
        """Have the engine end after its present unit, and leave."""
        self._leave(end=True)

    def _leave(self, *, end: bool) -> None:
        refused: object = None
        self._leaving = True
        with contextlib.suppress(TimeoutError, EnvironmentProblem):
            refused = self._post(lambda n: wire.Leave(n=n, end=end)).result(GOODBYE)
        self._line.close()
        if isinstance(refused, wire.Failed):
            raise _as_error(refused)
        if self._goodbye is not None and self._goodbye.ending and not self._goodbye.anew:
            self._wait_for_end()

    def _wait_for_end(self) -> None:
        """Until the workspace is free again: who copies or changes it next finds it at rest."""
        here = Workspace(self.workspace)
        until = time.monotonic() + GOODBYE
        while is_held(here) and time.monotonic() < until:
            time.sleep(0.02)

    def _post(self, make: Callable[[int], wire.Message]) -> Future[Any]:
        """Send a message; its answer comes, or the error that tells of the end of the engine."""
        number, future = next(self._numbers), Future[Any]()
        message = make(number)
        with self._lock:
            if self._gone:
                raise self._why()
            self._waiting[number] = (future, message)
            line = self._line
        with contextlib.suppress(OSError):  # who listens finds the line cut
            line.send(message)
        return future

    def _exchange(self, make: Callable[[int], wire.Message], kind: type[_Kind]) -> _Kind:
        answer = self._post(make).result()
        if isinstance(answer, wire.Failed):
            raise _as_error(answer)
        assert isinstance(answer, kind)  # noqa: S101 - the engine answers what it was asked
        return answer


def _greeted(connection: socket.socket, hello: wire.Hello) -> tuple[Line, wire.Welcome]:
    """The line to an engine that lets us in. ``EOFError`` when it hangs up; ``DataSaysNo`` or
    ``EnvironmentProblem`` when it refuses; then the connection is closed."""
    line = Line(connection)
    try:
        line.patience(GREETING)
        with contextlib.suppress(OSError):  # then the answer says why
            line.send(hello)
        answer = line.receive()
        line.patience(None)
        if isinstance(answer, wire.Refused):
            kind = DataSaysNo if answer.exit_code == Exit.NO else EnvironmentProblem
            with speaking(hello.language):  # what is said before the greeting is read is in English
                raise kind(_(answer.message), _(answer.hint) if answer.hint else "")
        if not isinstance(answer, wire.Welcome):
            raise EOFError
    except BaseException:
        line.close()
        raise
    return line, answer


def _as_error(failed: wire.Failed) -> TuiMigrateError:
    if failed.reason:
        return ReasonNeeded(failed.message, failed.hint)
    kinds = {Exit.NO: DataSaysNo, Exit.WAITING: Waiting}
    return kinds.get(Exit(failed.exit_code), EnvironmentProblem)(failed.message, failed.hint)
