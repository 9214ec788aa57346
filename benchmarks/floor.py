"""Runs floor.sql in bare DuckDB on a folder of deliveries: what any such program has to move.

``python -m benchmarks.floor DELIVERIES WORK`` prints one JSON object: seconds, processor seconds,
peak memory in bytes, and seconds of each statement. WORK must not exist yet.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

CP1252 = ("crm", "crm_consents")
CHUNK = 1 << 20


def transcode(deliveries: Path, source: str, target: Path) -> None:
    """A cp1252 delivery as UTF-8, in chunks; a byte that cp1252 does not know becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("cp1252")("replace")
    with target.open("wb") as out:
        for path in sorted(deliveries.glob(f"{source}/*/*.csv")):
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    out.write(decoder.decode(chunk).encode())


def sheet(deliveries: Path) -> Any:
    """The spreadsheets as one Arrow table of text."""
    import fastexcel
    import pyarrow as pa

    return pa.concat_tables(
        pa.table(fastexcel.read_excel(path).load_sheet("Aanwezigen", dtypes="string").to_arrow())
        for path in sorted(deliveries.glob("events/*/attendance*.xlsx"))
    )


def statements() -> list[str]:
    """The statements of floor.sql, in order."""
    text = Path(__file__).with_name("floor.sql").read_text(encoding="utf-8")
    return [s for s in text.split(";\n") if s.strip()]


def title(statement: str) -> str:
    """The first words of a statement, without its comments."""
    lines = [li for li in statement.splitlines() if not li.lstrip().startswith("--")]
    return " ".join(" ".join(lines).split())[:60]


def run(deliveries: Path, work: Path) -> dict[str, Any]:
    """Make ``work`` with database and files; what it took."""
    import duckdb

    for folder in ("utf8", "out"):
        (work / folder).mkdir(parents=True)
    (work / "deliveries").symlink_to(deliveries)
    os.chdir(work)
    last = began = time.monotonic()
    parts: list[tuple[str, float]] = []

    def note(name: str) -> None:
        nonlocal last
        now = time.monotonic()
        parts.append((name, now - last))
        last = now

    for source in CP1252:
        transcode(deliveries, source, Path("utf8") / f"{source}.csv")
    note("transcode cp1252")
    # The same settings as the program's staging database has.
    connection = duckdb.connect(
        "floor.duckdb", config={"memory_limit": "2GB", "threads": 2, "checkpoint_threshold": "1GB"}
    )
    connection.register("events_sheet", sheet(deliveries))
    note("read spreadsheets")
    for statement in statements():
        connection.execute(statement)
        note(title(statement))
    connection.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.monotonic() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss * 1024,
        "parts": parts,
    }


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())))
