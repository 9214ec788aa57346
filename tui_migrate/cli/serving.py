"""serve: report and replay in a browser."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_migrate.cli.common import WorkspaceOption, result, say
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _, language

if TYPE_CHECKING:
    from tui_migrate.web.server import Server

PORT = 8765


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(serve)


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=_("0 takes any that is free."))
    ] = PORT,
    lang: Annotated[str, typer.Option(help=_("en or nl; else the language of the reader."))] = "",
    folder: Annotated[
        Path | None, typer.Option(help=_("A copied audit folder; it needs nothing else."))
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """Report and replay in a browser on this machine, to look at only, until Ctrl-C."""
    from tui_migrate.engine.reporting.report import LANGUAGES
    from tui_migrate.engine.workspace import Workspace
    from tui_migrate.web.reading import Reading

    spoken = lang or language()
    if spoken not in LANGUAGES:
        raise EnvironmentProblem(
            _("There is no report in {}.").format(spoken),
            _("Known: {}.").format(", ".join(LANGUAGES)),
        )
    if folder is None:
        here = Workspace(workspace.resolve())
        here.require()
        if here.is_others:
            raise here.closed()
        audit, vault = here.audit, here.vault
    else:
        audit, vault = folder.resolve(), folder.resolve().parent / "vault"
        if not (audit / "journal.jsonl").is_file():
            raise EnvironmentProblem(_("There is no journal.jsonl in {}.").format(folder))
    reading = Reading(audit, vault, spoken)
    with _listening(reading, port) as server:
        result(server.address)
        _explain(server.port)
        _until_told(server)
    return int(Exit.DONE)


def _listening(reading: object, port: int) -> Server:
    from tui_migrate.web.reading import Reading
    from tui_migrate.web.server import Server

    assert isinstance(reading, Reading)  # noqa: S101
    try:
        return Server(reading, port)
    except OSError as error:
        raise EnvironmentProblem(
            _("Nothing can listen at port {}: {}").format(port, error.strerror or error),
            _("Name another with --port, or 0 for any that is free."),
        ) from error


def _explain(port: int) -> None:
    say(_("Open it in a browser on this machine. It works once; the browser keeps a cookie."))
    connection = os.environ.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else socket.gethostname()
    tunnel = f"ssh -N -L {port}:127.0.0.1:{port} {getpass.getuser()}@{host}"
    say(_("From another machine, first there: {}").format(tunnel))
    say(_("To look at only: nothing can be run or signed here. Ctrl-C ends it."))


def _until_told(server: Server) -> None:
    """Serve until Ctrl-C or SIGTERM; both are the regular end. Nothing is raised into whatever runs at
    that moment: the loop is told to stop."""

    def stop(_number: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.serve_forever(poll_interval=0.2)
    say(_("Ended."))
