"""Commands about workspaces: demo, new, check, locate, doctor, and opening one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_migrate.cli.common import (
    InProcessOption,
    JsonOption,
    KeyFileOption,
    WorkspaceOption,
    find_key,
    has_terminal,
    print_json,
    result,
    say,
)
from tui_migrate.cli.known import remember_workspace
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.api import Client

DEFAULT_RUNBOOK = "media-migration"
SAMPLES = {DEFAULT_RUNBOOK: "media"}
"""Runbook → folder of ``sample_data`` that it runs on."""


def shipped(kind: str) -> Path:
    """Folder of what the program ships: in the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def _runbook_folder(name: str) -> Path:
    folder = shipped("runbooks") / name
    if not (folder / "runbook.yaml").is_file():
        known = sorted(p.name for p in shipped("runbooks").iterdir() if p.is_dir())
        raise EnvironmentProblem(
            _("There is no shipped runbook {}.").format(name),
            _("There are: {}").format(", ".join(known)),
        )
    return folder


def _make_workspace(target: Path, runbook: str, *, with_sample: bool) -> None:
    """A new workspace that appears by one rename, or not at all."""
    import secrets

    source = _runbook_folder(runbook)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep_unfinished(target)
    building = target.parent / f".{target.name}.building-{os.getpid()}"
    try:
        shutil.copytree(source, building)
        building.chmod(0o700)
        if with_sample:
            sample = shipped("sample_data") / SAMPLES.get(runbook, "")
            shutil.copytree(sample / "deliveries", building / "deliveries")
            key = building / "backup.key"
            key.touch(0o600)
            key.write_text(secrets.token_hex(32) + "\n")
        else:
            (building / "deliveries").mkdir()
            (building / "decisions.yaml").unlink(missing_ok=True)
            shutil.rmtree(building / "evidence", ignore_errors=True)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _sweep_unfinished(target: Path) -> None:
    """Remove what a process left that was killed while it made this workspace."""
    start = f".{target.name}.building-"
    for path in target.parent.iterdir():
        pid = path.name.removeprefix(start)
        if path.name.startswith(start) and pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(path, ignore_errors=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.callback(invoke_without_command=True)(open_here)
    app.command()(demo)
    app.command()(new)
    app.command()(check)
    app.command()(locate)
    app.command()(doctor)


def open_here(
    context: typer.Context,
    workspace: WorkspaceOption = Path(),
    key_file: KeyFileOption = None,
    in_process: InProcessOption = False,
    version: Annotated[bool, typer.Option("--version", help=_("Print the version."))] = False,
) -> int:
    """Open the workspace in the full-screen program."""
    if version:
        from tui_migrate import __version__

        result(f"tui-migrate {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        context.default_map = _inherited(workspace, key_file, in_process)
        return 0
    return open_screen(workspace, key_file, in_process=in_process)


def require_workspace(root: Path) -> None:
    """Raise ``EnvironmentProblem`` unless ``root`` is a workspace; without loading the engine."""
    if not (root / "runbook.yaml").is_file():
        from tui_migrate.engine.workspace import Workspace

        Workspace(root).require()


def _inherited(workspace: Path, key_file: Path | None, in_process: bool) -> dict[str, Any]:
    """Options given before the command count for it: ``tui-migrate -w DIR status``."""
    given: dict[str, Any] = {"workspace": str(workspace)}
    if key_file is not None:
        given["key_file"] = str(key_file)
    if in_process:
        given["in_process"] = True
    names = ("verify", "log", "show", "replay")
    return _Everywhere({"audit": {**given, **dict.fromkeys(names, given)}}, given)


class _Everywhere(dict[str, Any]):
    """Defaults of every command: those of its own name, else the common ones."""

    def __init__(self, own: dict[str, Any], common: dict[str, Any]) -> None:
        super().__init__(own)
        self._common = common

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, self._common)


def open_screen(root: Path, key_file: Path | None, *, in_process: bool = False) -> int:
    """The TUI on a workspace; without a terminal: say how to run headless."""
    if not has_terminal():
        raise EnvironmentProblem(
            _("There is no terminal here for the full-screen program."),
            _("Without one: tui-migrate run --headless -w {}").format(root),
        )
    require_workspace(root)
    key = find_key(root, key_file, ask=True)

    def opener(tell: Callable[[str], None]) -> Client:
        from tui_migrate.engine.attach import attach_or_start
        from tui_migrate.engine.client import open_client

        client = (open_client if in_process else attach_or_start)(root, key=key, say=tell)
        remember_workspace(root)
        return client

    from tui_migrate.tui.app import run_opening

    code, client = run_opening(opener, folder=root)
    if client is not None:
        client.close()
    return code


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help=_("Where the demo workspace stands or comes."))
    ] = Path("demo"),
    headless: Annotated[bool, typer.Option("--headless", help=_("Run without a screen."))] = False,
    runbook: Annotated[str, typer.Option(help=_("A shipped runbook."))] = DEFAULT_RUNBOOK,
    in_process: InProcessOption = False,
) -> int:
    """Make a workspace from the sample data (or take the one that is there) and open it."""
    if not headless and not has_terminal():
        raise EnvironmentProblem(
            _("There is no terminal here for the full-screen program."),
            _("Without one: tui-migrate demo {} --headless").format(folder),
        )
    if not (folder / "runbook.yaml").is_file():
        if folder.exists() and any(folder.iterdir()):
            raise EnvironmentProblem(
                _("{} is there already and is no workspace.").format(folder),
                _("Name another folder."),
            )
        if folder.exists():
            folder.rmdir()
        _make_workspace(folder, runbook, with_sample=True)
        say(_("A demo workspace with fictitious customers of Noord Media: {}").format(folder))
        say(_("(Its back-up key lies in {}: for a demo only.)").format(folder / "backup.key"))
    if headless:
        from tui_migrate.cli.runs import run_headless

        return run_headless(folder, None, "", folder / "decisions.yaml", in_process=in_process)
    return open_screen(folder, None, in_process=in_process)


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("The new workspace."))],
    runbook: Annotated[str, typer.Option(help=_("A shipped runbook."))] = DEFAULT_RUNBOOK,
) -> int:
    """Make an empty workspace from a shipped runbook."""
    if folder.exists():
        raise EnvironmentProblem(_("{} is there already.").format(folder))
    _make_workspace(folder, runbook, with_sample=False)
    say(_("{} is ready.").format(folder))
    say(
        _("1. Put the files of each source under {}/<source>/<name>/.").format(
            folder / "deliveries"
        )
    )
    say(_("2. Adapt runbook.yaml, mapping/ and rules/; tui-migrate check tells what is wrong."))
    say(_("3. tui-migrate -w {} opens it.").format(folder))
    return int(Exit.DONE)


def check(
    runbook: Annotated[
        Path, typer.Argument(metavar="[RUNBOOK]", help=_("A runbook file or its folder."))
    ] = Path(),
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Say every mistake of runbook, mappings and rules, as file:line:column."""
    from tui_migrate.engine.loading import load_workspace

    path = runbook if runbook != Path() else workspace
    folder = path.parent if path.is_file() else path
    name = path.name if path.is_file() else "runbook.yaml"
    if not (folder / name).is_file():
        raise EnvironmentProblem(_("There is no {} in {}.").format(name, folder.resolve()))
    loaded = load_workspace(folder, name)
    if as_json:
        print_json(
            [
                {
                    "file": p.file,
                    "line": p.line,
                    "column": p.column,
                    "message": p.message,
                    "hint": p.hint,
                }
                for p in loaded.problems
            ]
        )
    else:
        for problem in loaded.problems:
            result(str(problem))
    if loaded.problems or loaded.runbook is None:
        return int(Exit.NO)
    steps = sum(1 for _step in loaded.runbook.steps())
    say(
        _("{}: no mistakes ({} phases, {} steps, {} sources).").format(
            loaded.runbook.runbook, len(loaded.runbook.phases), steps, len(loaded.runbook.sources)
        )
    )
    return int(Exit.DONE)


def locate(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> int:
    """Print where everything of the workspace lies."""
    from tui_migrate.engine.workspace import Workspace
    from tui_migrate.tui.keysfile import keys_file

    here = Workspace(workspace.resolve())
    places = {
        "workspace": here.root,
        "runbook": here.root / "runbook.yaml",
        "deliveries": here.root / "deliveries",
        "staging": here.staging,
        "journal": here.journal,
        "audit": here.audit,
        "vault": here.vault,
        "backups": here.backups,
        "exports": here.exports,
        "log": here.log,
        "shipped runbooks": shipped("runbooks"),
        "keys": keys_file(),
    }
    if as_json:
        print_json({name: str(path) for name, path in places.items()})
    else:
        for name, path in places.items():
            result(f"{name:<17} {path}")
    return int(Exit.DONE)


def doctor(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> int:
    """Look at the machine and the workspace: what would get in the way."""
    from tui_migrate.cli.doctor import examine

    found = examine(workspace.resolve())
    if as_json:
        print_json([{"check": f.name, "ok": f.ok, "message": f.message} for f in found])
    else:
        for finding in found:
            result(f"{'✓' if finding.ok else '!'} {finding.name:<22} {finding.message}")
    return int(Exit.DONE if all(f.ok or not f.serious for f in found) else Exit.WRONG)
