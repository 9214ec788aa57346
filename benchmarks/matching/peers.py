"""What both programs are measured with."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from types import TracebackType

import duckdb

from tui_migrate.staging.store import MEMORY, MEMORY_VARIABLE

THREADS = 2
PEER_MEMORY = "4GB"


def connect(folder: Path, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A new database in a file in ``folder``, beside which it may spill. memory: as DuckDB writes it;
    the environment comes before it, as in the program."""
    memory = os.environ.get(MEMORY_VARIABLE, "") or memory
    path = folder / "match.duckdb"
    path.unlink(missing_ok=True)
    return duckdb.connect(str(path), config={"threads": THREADS, "memory_limit": memory})


class Measured:
    """Processor and clock seconds of a block, and the highest resident set of the process."""

    def __enter__(self) -> Measured:
        self._busy, self._clock = time.process_time(), time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.busy = time.process_time() - self._busy
        self.clock = time.perf_counter() - self._clock
        self.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def write(self, path: Path) -> None:
        """busy and clock in seconds, peak in bytes."""
        path.write_text(json.dumps({"busy": self.busy, "clock": self.clock, "peak": self.peak}))
