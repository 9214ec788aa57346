"""Whether DuckDB gets its memory zeroed: in a process that works where somebody was erased, or is about
to be. See docs/decisions/0022-memory-is-zeroed-where-somebody-was-erased.md.

DuckDB's allocator is told so before DuckDB is loaded, or never. What the user's environment says of
it counts, whatever it is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "DUCKDB_JE_MALLOC_CONF"
_CHOICE = "zero:"
_ASKED = b'"erasure.asked"'


def load(journal: Path, *, erasing: bool = False) -> bool:
    """Load DuckDB: zeroed if this journal tells of an erasure, or ``erasing``. Whether the memory is
    what it has to be then; it is not where DuckDB was loaded before, without."""
    needed = erasing or tells_of_erasure(journal)
    if "_duckdb" not in sys.modules:
        _load(zero=needed)
    return not needed or is_fit()


def _load(*, zero: bool) -> None:
    given = os.environ.get(VARIABLE)
    if zero and _CHOICE not in (given or ""):
        os.environ[VARIABLE] = ",".join(filter(None, (given, "zero:true")))
    try:
        import duckdb  # noqa: F401
    finally:  # a program that this one starts decides for itself
        if given is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = given


def tells_of_erasure(journal: Path) -> bool:
    """Whether somebody was erased, or is to be; where it cannot be read, somebody may have been."""
    try:
        return _ASKED in journal.read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True


def is_fit() -> bool:
    """Whether an erasure may be carried out in this process: its memory is zeroed, or its user or its
    build of DuckDB (without jemalloc) does not want or know that."""
    return _CHOICE in os.environ.get(VARIABLE, "") or is_zeroed() is not False


def is_zeroed() -> bool | None:
    """What DuckDB's allocator says; ``None`` where it is another one, or DuckDB is not loaded."""
    import ctypes

    module = sys.modules.get("_duckdb")
    library = ctypes.CDLL(module.__file__) if module is not None else None
    if not hasattr(library, "duckdb_je_mallctl"):
        return None
    assert library is not None  # noqa: S101 - it has the function
    zero, size = ctypes.c_bool(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_bool))
    library.duckdb_je_mallctl(b"opt.zero", ctypes.byref(zero), ctypes.byref(size), None, 0)
    return zero.value
