"""Runbook, mappings and rules as they were, each under its own hash: ``audit/objects/<sha256>``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tui_migrate.files import write_whole


def keep_object(folder: Path, content: bytes) -> str:
    """Store ``content`` if it is not there yet; its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / sha256
    if not path.exists():
        write_whole(path, content)
    return sha256
