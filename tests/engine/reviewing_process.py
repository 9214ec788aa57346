"""``python -m tests.engine.reviewing_process WORKSPACE``: an engine that takes decisions line by line.

A line is a command as JSON; the answer is its entry, or -1 for one that was refused. It is there to be
killed at any moment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from tui_migrate.engine.api import AnyCommand
from tui_migrate.engine.client import open_client


def say(line: str) -> None:
    """To whoever listens, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    client = open_client(Path(sys.argv[1]))
    say("ready")
    for line in sys.stdin:
        reply = client.send(msgspec.json.decode(line, type=AnyCommand))
        say(str(reply.seq if reply.ok else -1))
    client.close()
