"""What most commands start with: a client loads neither the database nor the log of the engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.program import REPOSITORY, environment

HEAVY = ("_duckdb", "structlog", "rich", "numpy", "pyarrow", "cryptography", "textual")
STATUS = "cli, engine.workspace, engine.run, engine.opening, audit.vault"
RUN = "cli, engine.attach, engine.headless"


@pytest.mark.parametrize("modules", [STATUS, RUN], ids=["status", "run"])
def test_a_client_starts_without_what_only_the_engine_needs(modules: str) -> None:
    names = [f"tui_migrate.{name}" for name in modules.split(", ")]
    code = f"import sys, {', '.join(names)}; print(*(n for n in {HEAVY} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=REPOSITORY, env=environment(),
    )  # fmt: skip
    assert done.stdout.split() == []
