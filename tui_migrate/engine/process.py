"""The process of an engine: ``python -m tui_migrate.engine.process WORKSPACE``.

It is started by ``attach.start_engine``, in a session of its own and as a child of nobody, so that no
terminal, login or client takes it along. The secret of the back-ups comes on its standard input. On
its standard output it tells who started it how it comes along, as JSON lines: ``{"say": …}``, then
``{"ready": true}`` or ``{"failed": …, "hint": …, "exit_code": …}``; after that it writes to the log.
When it is to erase somebody and does not zero its memory, it begins once more, as it was started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui_migrate.engine import memory
from tui_migrate.engine.workspace import Workspace
from tui_migrate.errors import Exit, TuiMigrateError
from tui_migrate.i18n import _, language, speaking

if TYPE_CHECKING:
    from tui_migrate.engine.engine import Engine

SECRET_MOST = 1 << 16


def main() -> int:
    """Open the workspace, serve it, close it; the exit code."""
    if os.fork():
        os._exit(0)  # who started us waits for this one: the engine itself is nobody's child
    os.umask(0o077)
    root = Path(sys.argv[1])
    key = sys.stdin.buffer.read(SECRET_MOST)
    memory.load(Workspace(root).journal)  # libraries with threads: only behind the fork
    from tui_migrate.engine.engine import Engine

    try:
        with speaking(language()):  # of who started us: he hears it
            engine = Engine.open(
                root, key=key or None, serving=True, say=lambda line: _tell({"say": line})
            )
    except TuiMigrateError as error:
        _tell(
            {"failed": error.message, "hint": error.hint, "exit_code": int(error.exit_code),
             "locked": type(error).__name__ == "Locked"}
        )  # fmt: skip
        return int(error.exit_code)
    except OSError as error:
        _tell({"failed": _("The system refuses: {}").format(error), "hint": "", "exit_code": 2})
        return int(Exit.WRONG)
    serve(engine, lambda: _ready(engine.core.workspace.log))
    if engine.core.anew:
        _hand_over(engine.core.key)
        begin_again()
    return int(Exit.DONE)


def serve(engine: Engine, ready: Callable[[], None], *, stay: bool = False) -> None:
    """Serve an open engine until nobody needs it (``stay``: until it is asked to end), and close it."""
    try:
        asyncio.run(_serve(engine, ready, stay))
    finally:
        engine.close()


def begin_again() -> NoReturn:
    """This process once more, as it was started, after its engine was closed."""
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - itself


def _hand_over(secret: bytes | None) -> None:
    """For ``begin_again``: the secret on standard input; what is told goes nowhere: nobody listens."""
    reading, writing = os.pipe()
    os.write(writing, secret or b"")  # a pipe holds SECRET_MOST bytes
    os.close(writing)
    os.dup2(reading, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


async def _serve(engine: Engine, ready: Callable[[], None], stay: bool) -> None:
    from tui_migrate.engine.server import Server

    server = Server(engine, stay=stay)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.end, lambda: _("the engine was asked to end"))
    await server.serve(ready)


def _ready(log: Path) -> None:
    """Say so, and speak to nobody but the log from now on."""
    _tell({"ready": True})
    with log.open("ab") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)


def _tell(fact: dict[str, Any]) -> None:
    """To who started us; who is gone does not hear it."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(fact).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
