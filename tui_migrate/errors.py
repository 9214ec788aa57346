"""What can go wrong in a way that a person must read about, and the exit code for a script."""

from __future__ import annotations

import errno
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (part of the contract that people script against)."""

    DONE = 0
    NO = 1
    """The data, a check, a delivery or a verification says no."""
    WRONG = 2
    """Wrong use or environment: locked, disk full, unreadable, wrong passphrase."""
    WAITING = 3
    """Waiting at a gate or for an answer."""
    INTERRUPTED = 130


class TuiMigrateError(Exception):
    """A failure that a person can act on: ``message`` says what, ``hint`` what to do about it."""

    exit_code: Exit = Exit.WRONG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class EnvironmentProblem(TuiMigrateError):
    """The machine, the workspace or the way of calling is in the way (exit 2)."""


class Locked(EnvironmentProblem):
    """Another process holds the workspace."""


class DataSaysNo(TuiMigrateError):
    """A delivery, a check or a verification refuses (exit 1)."""

    exit_code = Exit.NO


class ReasonNeeded(DataSaysNo):
    """Whoever looks at persons has to say why, and did not."""


class Waiting(TuiMigrateError):
    """A person has to decide or to answer first (exit 3)."""

    exit_code = Exit.WAITING


class Cancelled(TuiMigrateError):
    """Somebody asked to stop; what was committed stays (exit 130)."""

    exit_code = Exit.INTERRUPTED


_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_WORDS = ("No space left on device", "Disk quota exceeded")


def disk_is_full(error: BaseException | None) -> bool:
    """Whether a failure, or what led to it, is that nothing more fits on a disk.

    DuckDB and ``shutil`` say so in their text only.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if any(word in str(error) for word in _FULL_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
