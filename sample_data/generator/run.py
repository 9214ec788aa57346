"""Making all chunks of a set, in one process or several, and writing them in order."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from .chunk import CHUNK, Chunk, make_chunk
from .files import Deliveries

_AHEAD = 3
"""Chunks under way per process: enough to keep it busy, few enough to keep memory flat."""


def generate(out: Path, persons: int, seed: int, processes: int = 1) -> None:
    """Write deliveries and truth below `out`; the bytes do not depend on `processes`."""
    deliveries = Deliveries(out)
    spans = [(first, min(CHUNK, persons - first)) for first in range(0, persons, CHUNK)]
    for chunk in _chunks(seed, spans, min(processes, len(spans))):
        deliveries.add(chunk)
    deliveries.close()
    readme = Path(__file__).with_name("TRUTH.md").read_bytes()
    (out / "truth" / "README.md").write_bytes(readme)


def _chunks(seed: int, spans: list[tuple[int, int]], processes: int) -> Iterator[Chunk]:
    if processes < 2:
        yield from (make_chunk(seed, *span) for span in spans)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting: list[Future[Chunk]] = []
        for span in spans:
            waiting.append(pool.submit(make_chunk, seed, *span))
            if len(waiting) > processes * _AHEAD:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
