"""`python -m sample_data.generator --persons 1500 --seed 7 OUT_DIR`"""

import argparse
import sys
from pathlib import Path

from .chunk import CHUNK
from .people import RELATION_SPACE
from .run import generate

MOST = RELATION_SPACE // 4 - CHUNK


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
