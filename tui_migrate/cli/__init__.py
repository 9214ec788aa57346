"""The command line: one function per command, heavy imports inside, messages on stderr."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import typer
from typer.exceptions import TyperException

from tui_migrate.cli import (
    audit,
    data,
    gates,
    inbox,
    lane,
    lessons,
    people,
    privacy,
    reviewing,
    runs,
    serving,
    workspaces,
)
from tui_migrate.cli.common import mute, say
from tui_migrate.errors import Exit, TuiMigrateError, disk_is_full
from tui_migrate.i18n import _

app = typer.Typer(
    name="tui-migrate",
    help=_("Supervised migration of customer data, step by step, with sign-off and audit."),
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
workspaces.register(app)
runs.register(app)
people.register(app)
lane.register(app)
lessons.register(app)
gates.register(app)
inbox.register(app)
reviewing.register(app)
data.register(app)
privacy.register(app)
audit.register(app)
serving.register(app)


def run_cli(arguments: list[str]) -> int:
    """Run one command line; its exit code. A traceback never reaches the user."""
    os.umask(0o077)
    try:
        command = typer.main.get_command(app)
        result = command.main(args=arguments, prog_name="tui-migrate", standalone_mode=False)
        return int(result) if isinstance(result, int) else int(Exit.DONE)
    except TuiMigrateError as error:
        say(str(error))
        return int(error.exit_code)
    except typer.Exit as error:
        return error.exit_code
    except TyperException as error:
        say(_wrong_use(error, arguments))
        return int(Exit.WRONG)
    except (KeyboardInterrupt, typer.Abort):
        say(_("Interrupted. What was committed stays; run again to go on."))
        return int(Exit.INTERRUPTED)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            return int(Exit.DONE)
        raise
    except BrokenPipeError:
        mute(sys.stdout)
        return int(Exit.DONE)
    except Exception as error:  # noqa: BLE001 - the last line of defence before the user
        return _failed(error, arguments)


def _failed(error: Exception, arguments: list[str]) -> int:
    """Say what nobody foresaw; the machine's troubles in words, anything else goes to the log."""
    if disk_is_full(error):
        say(_("The disk is full."))
        say(_("  Make room, then do it again. What was committed stays."))
    elif isinstance(error, OSError):
        said = ": ".join(str(part) for part in (error.strerror, error.filename) if part)
        say(_("The system refuses: {}").format(said or error))
    else:
        try:
            log = _keep_traceback(error, arguments)
        except OSError as refusal:
            say(_("Something failed, and the log cannot be written: {}").format(refusal))
            return int(Exit.WRONG)
        say(_("Something failed that should not. Nothing was lost; details are in {}.").format(log))
    return int(Exit.WRONG)


def _wrong_use(error: TyperException, arguments: list[str]) -> str:
    """What is wrong with the command line, and where its help is. A folder in the place of a
    command was meant to be opened."""
    said = getattr(error, "format_message", None)
    context = getattr(error, "ctx", None)
    message = str(said() if said else error)
    usage = context.get_usage() if context else ""
    help_ = _("--help lists what is possible.")
    if len(arguments) == 1 and Path(arguments[0]).is_dir():
        help_ = _("To open a workspace: tui-migrate -w {}").format(shlex.quote(arguments[0]))
    return "\n".join(filter(None, (usage, message, help_)))


def _keep_traceback(error: Exception, arguments: list[str]) -> Path:
    """Write the traceback to the workspace's log, or else to the user's cache folder."""
    log = Path.cwd() / ".tui-migrate" / "engine.log"
    for flag in ("-w", "--workspace"):
        if flag in arguments[:-1]:
            log = Path(arguments[arguments.index(flag) + 1]) / ".tui-migrate" / "engine.log"
    if not log.parent.is_dir():
        cache = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        log = Path(cache) / "tui-migrate" / "error.log"
        log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream:
        stream.write(
            f"{datetime.now(UTC).isoformat()}\n{''.join(traceback.format_exception(error))}\n"
        )
    return log
