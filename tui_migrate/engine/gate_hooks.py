"""The command of the runbook that tells people when something begins to wait for them.

It runs beside the run, without a shell, and hears facts without personal values as JSON on its
standard input. Its failure is journalled and stops nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.gate_facts import FellDue, HookFailed
from tui_migrate.engine import gates
from tui_migrate.engine.api import Heard
from tui_migrate.engine.checklists import missing_answers
from tui_migrate.engine.core import Core
from tui_migrate.engine.run import StepState

LIMIT = 30.0
"""Seconds that a command may take."""
SECRETS = ("TUI_MIGRATE_KEY_FILE", "TUI_MIGRATE_PASSPHRASE")
"""What of the environment is not its business."""


class Hooks:
    """Hears the engine's entries and runs the command, one at a time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._pool: ThreadPoolExecutor | None = None
        self._leave = core.subscribe(self._hear)

    def _hear(self, heard: Heard) -> None:
        command = self._core.runbook.hooks.waiting
        if not command or self._core.runbook.rehearsal or not isinstance(heard, Entry):
            return
        told = message(self._core, heard)
        if told is None:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hook")
        self._pool.submit(self._tell, command, told)

    def _tell(self, command: Sequence[str], told: dict[str, Any]) -> None:
        code = run(command, told, str(self._core.workspace.root))
        if code:
            core = self._core
            with core.lock, contextlib.suppress(OSError):
                core.record(HookFailed(hook="waiting", step=told["step"], code=code))
                core.vouch_for_end()

    def close(self) -> None:
        """Wait for what runs (it has a limit); nothing more is told."""
        self._leave()
        if self._pool is not None:
            self._pool.shutdown(wait=True)


def message(core: Core, entry: Entry) -> dict[str, Any] | None:
    """What is told of an entry; ``None`` where nobody begins to be waited for."""
    match entry.fact:
        case facts.StepWaiting(step=name):
            step = core.state.steps[name]
            kind, roles = step.outline.uses, _roles(step)
        case gate_facts.EvidenceChanged(gate=name):
            kind, roles = "supplementary", gates.roles_of(core.state.steps[name])
        case FellDue(step=name, what=what, role=role):
            kind, roles = what, [role] if role else _roles(core.state.steps[name])
        case _:
            return None
    return {
        "workspace": str(core.workspace.root),
        "step": name,
        "kind": kind,
        "roles": roles,
        "head": entry.hash,
    }


def _roles(step: StepState) -> list[str]:
    """The roles that are waited for: those that still have to sign, or own an open question."""
    if step.outline.uses == "gate":
        return list(gates.missing_approvals(step)) or gates.roles_of(step)
    missing = missing_answers(step)
    return sorted({str(i["owner"]) for i in step.outline.items if i["id"] in missing} - {""})


def run(command: Sequence[str], told: dict[str, Any], folder: str) -> str:
    """Run a command with what is told on its standard input; '' when it worked, else a code."""
    environment = {k: v for k, v in os.environ.items() if k not in SECRETS}
    try:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except FileNotFoundError:
        return "not found"
    except OSError:
        return "refused"
    try:
        process.communicate(json.dumps(told).encode() + b"\n", timeout=LIMIT)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "timeout"
    return f"exit {process.returncode}" if process.returncode else ""
