"""For all tests."""

from __future__ import annotations

import pytest

from tui_migrate.staging import archive


@pytest.fixture(scope="session", autouse=True)
def _cheap_keys() -> None:
    """Back-ups that a test makes in its own process derive their key at little cost: hundreds do.
    A back-up says itself at what cost; that of a real run is looked at in ``tests/e2e``."""
    archive.COST["n"] = 1 << 8
