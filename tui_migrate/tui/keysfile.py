"""Where a person keeps the keys that he wants; apart, so that a command can say it without Textual."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "XDG_CONFIG_HOME"


def keys_file() -> Path:
    """``$XDG_CONFIG_HOME/tui-migrate/keys.yaml``, by default under ``~/.config``."""
    home = os.environ.get(VARIABLE)
    return (Path(home) if home else Path.home() / ".config") / "tui-migrate" / "keys.yaml"
