"""Draws docs/images/run.svg from the real program.

Makes a demo workspace in a temporary folder, lets it run without a screen until a gate waits, opens
the full-screen program on it without a terminal, and saves what it shows as SVG.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tui_migrate.cli.workspaces import DEFAULT_RUNBOOK, SAMPLES, shipped
from tui_migrate.engine.client import open_client

IMAGES = Path(__file__).resolve().parent / "images"
SIZE = (120, 40)
UNTIL = "match"
"""The last step that runs by itself; the gate behind it is what the picture shows."""


def command(*arguments: str, folder: Path) -> int:
    """One command line of the program, in a process of its own; its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "tui_migrate", *arguments],
        check=False,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    ).returncode


def prepare(workspace: Path) -> None:
    """A demo workspace whose run waits at the gate for doubtful duplicates."""
    shutil.copytree(shipped("runbooks") / DEFAULT_RUNBOOK, workspace)
    sample = shipped("sample_data") / SAMPLES[DEFAULT_RUNBOOK]
    shutil.copytree(sample / "deliveries", workspace / "deliveries")
    key = workspace / "backup.key"
    key.write_text("a key that protects nothing but this picture\n")
    run = ("run", "--headless")
    for arguments, expected in (
        ((*run, "--until", UNTIL, "--decisions", "decisions.yaml"), 0),
        (run, 3),
    ):
        code = command(*arguments, folder=workspace)
        if code != expected:
            raise SystemExit(f"tui-migrate {' '.join(arguments)} ended with {code}, not {expected}")


async def draw(workspace: Path) -> str:
    """What the program shows on the workspace, as SVG."""
    from tui_migrate.tui.app import MigrateApp

    client = open_client(workspace)
    try:
        app = MigrateApp(client)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.0)
            return app.export_screenshot(title="tui-migrate")
    finally:
        client.close()


def without_web_fonts(svg: str) -> str:
    """The picture without fonts that a browser would fetch from elsewhere."""
    return re.sub(r"@font-face\s*{[^}]*}\s*", "", svg)


def main() -> None:
    """Make the picture."""
    os.environ.update({"LANG": "C.UTF-8", "COLORTERM": "truecolor"})
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "demo"
        prepare(workspace)
        svg = without_web_fonts(asyncio.run(draw(workspace)))
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "run.svg").write_text(svg + "\n")


if __name__ == "__main__":
    main()
