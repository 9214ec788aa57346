"""For all tests."""

from __future__ import annotations

import os

import pytest

from tui_migrate.staging import archive


@pytest.fixture(scope="session", autouse=True)
def _cheaply() -> None:
    """Two workers share the machine: one thread each. Back-ups that a test makes in its own process
    derive their key at little cost: hundreds do. A back-up says itself at what cost; that of a real
    run is looked at in ``tests/e2e``."""
    os.environ["TUI_MIGRATE_THREADS"] = "1"
    archive.COST["n"] = 1 << 8
