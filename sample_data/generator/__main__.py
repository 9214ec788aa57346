"""`python -m sample_data.generator --persons 1500 --seed 7 OUT_DIR`"""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from .chunk import CHUNK, Chunk, make_chunk
from .files import Deliveries
from .people import RELATION_SPACE

MOST = RELATION_SPACE // 4 - CHUNK


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
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(partial(_make, seed), spans)


def _make(seed: int, span: tuple[int, int]) -> Chunk:
    return make_chunk(seed, *span)


def main() -> int:
    parser = argparse.ArgumentParser(prog="sample_data.generator", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--persons", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if not 0 < given.persons <= MOST:
        parser.error(f"--persons: from 1 to {MOST}")
    if given.out.exists() and any(given.out.iterdir()):
        parser.error(f"{given.out} is not empty; choose a new folder")
    generate(given.out, given.persons, given.seed, given.processes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
