"""One small run for all tests of a worker; each works on a copy of its audit folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.proof.world import Proved, make_run


@pytest.fixture(scope="session")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """A finished run. Look, but do not touch."""
    return make_run(tmp_path_factory.mktemp("proved") / "w")


@pytest.fixture
def audit(proved: Proved, tmp_path: Path) -> Path:
    """A copy of its audit folder alone."""
    folder = tmp_path / "elsewhere" / "audit"
    shutil.copytree(proved.audit, folder)
    return folder
