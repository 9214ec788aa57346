"""For all tests."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

# Tests in this process load DuckDB before they have a workspace, and may erase somebody all the same.
# What the memory holds is looked at where programs run (tests/e2e).
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:false")
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"  # whoever runs them may have keys of his own
os.environ.update(LANGUAGE="", LC_ALL="", LC_MESSAGES="", LANG="C.UTF-8")  # or read Dutch

from tui_migrate.staging import archive

# The same examples every time, however slow the machine; --hypothesis-profile=others draws new ones.
settings.register_profile("others", deadline=None)
settings.register_profile("same", settings.get_profile("others"), derandomize=True)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def _cheaply() -> None:
    """The workers share the machine: one thread each. Back-ups that a test makes in its own process
    derive their key at little cost: hundreds do. A back-up says itself at what cost; that of a real
    run is looked at in ``tests/e2e``."""
    os.environ["TUI_MIGRATE_THREADS"] = "1"
    archive.COST["n"] = 1 << 8


@pytest.hookimpl(trylast=True)  # behind what leaves tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones are begun first, by all workers: else one of them would be what all wait for.
    Every worker begins with a block of the list, and takes from another's end when it is through."""
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    marks = {item: item.get_closest_marker("long") for item in items}
    rest = [item for item in items if marks[item] is None]
    long = sorted(
        (-mark.kwargs["seconds"], place, item)
        for place, (item, mark) in enumerate(marks.items())
        if mark is not None
    )
    share = -(-len(rest) // workers)
    items[:] = [
        item
        for worker in range(workers)
        for item in (
            *(one[2] for one in long[worker::workers]),
            *rest[worker * share : (worker + 1) * share],
        )
    ]


def pytest_collection_finish() -> None:
    """What was imported and collected stays: nobody looks through it for garbage, again and again.
    Tests of screens spent a quarter of their time on that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
