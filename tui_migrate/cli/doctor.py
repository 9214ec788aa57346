"""What ``doctor`` looks at."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.workspace import Workspace

ROOM = 5
"""Free disk space wanted, as a multiple of the deliveries' size (staging, back-ups, target)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing looked at. ``serious``: the program will not work well without it."""

    name: str
    ok: bool
    message: str
    serious: bool = True


def examine(root: Path) -> list[Found]:
    """All checks of machine and workspace."""
    return [
        Found("python", sys.version_info >= (3, 11), platform.python_version()),
        *_packages(),
        _encoding(),
        _terminal(),
        _disk(root),
        _encryption(root),
        _logout(),
        *_workspace(root),
    ]


def _packages() -> list[Found]:
    found = []
    for name, wanted in (("textual", "8."), ("duckdb", "2.0")):
        version = metadata.version(name)
        found.append(Found(name, version.startswith(wanted), version))
    return found


def _encoding() -> Found:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    message = sys.stdout.encoding or _("unknown")
    if encoding != "utf8":
        message = _("{}: signs like ✓ cannot be shown; set LANG to a UTF-8 locale").format(message)
    return Found("terminal encoding", encoding == "utf8", message, serious=False)


def _terminal() -> Found:
    term = os.environ.get("TERM", "")
    size = shutil.get_terminal_size()
    enough = size.columns >= 80 and size.lines >= 24
    return Found("terminal", enough, f"{term or '–'} {size.columns}×{size.lines}", serious=False)


def _disk(root: Path) -> Found:
    place = root if root.exists() else root.parent
    free = shutil.disk_usage(place).free
    deliveries = root / "deliveries"
    size = sum(p.stat().st_size for p in deliveries.rglob("*") if p.is_file())
    message = _("{} MB free, deliveries {} MB").format(free // 1_000_000, size // 1_000_000)
    if deliveries.is_dir() and not os.access(deliveries, os.R_OK | os.X_OK):
        message = _("{} MB free; the deliveries are not yours to read").format(free // 1_000_000)
    return Found("disk", free > max(ROOM * size, 200_000_000), message)


def _encryption(root: Path) -> Found:
    """Whether the file system lies on an encrypted device (LUKS shows as a crypt device)."""
    device = (root if root.exists() else root.parent).stat().st_dev
    uuid = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/dm/uuid")
    encrypted = uuid.is_file() and uuid.read_text().startswith("CRYPT")
    message = (
        _("the disk is encrypted")
        if encrypted
        else _("no disk encryption seen: staging holds personal data in the clear")
    )
    return Found("encryption at rest", encrypted, message, serious=False)


LOGIND = ("/etc/systemd/logind.conf", "/run/systemd/logind.conf", "/usr/lib/systemd/logind.conf")
_KILLS = re.compile(r"^\s*KillUserProcesses\s*=\s*(\S+)", re.MULTILINE | re.IGNORECASE)


def _logout() -> Found:
    """Whether the login manager ends a detached engine when its user logs out."""
    kills = False
    for base in reversed(LOGIND):  # a later file overrides an earlier one
        for path in (Path(base), *sorted(Path(base + ".d").glob("*.conf"))):
            found = _KILLS.findall(path.read_text(errors="replace")) if path.is_file() else []
            kills = found[-1].lower() in ("yes", "true", "1", "on") if found else kills
    message = (
        _(
            "KillUserProcesses=yes: a detached engine ends when you log out; docs/engine.md says more"
        )
        if kills
        else _("a detached engine outlives the login")
    )
    return Found("logout", not kills, message, serious=False)


def _workspace(root: Path) -> list[Found]:
    if not (root / "runbook.yaml").is_file():
        return [Found("workspace", True, _("none here"), serious=False)]
    state = root / ".tui-migrate"
    from tui_migrate.engine.workspace import Workspace

    here = Workspace(root)
    if here.is_others:
        return [Found("workspace", True, _of_others(here), serious=False)]
    writable = os.access(root, os.W_OK)
    said = str(root) if writable else _("{} cannot be written by you").format(root)
    found = [Found("workspace", writable, said)]
    if (state / "vault").is_dir():
        mode = (state / "vault").stat().st_mode & 0o777
        found.append(Found("vault folder", mode == 0o700, oct(mode)))
    if (root / "backup.key").is_file():
        found.append(
            Found(
                "back-up key",
                False,
                _("backup.key lies beside the data that it protects: fine for a demo only"),
                serious=False,
            )
        )
    return [*found, *_memory(root)]


def _of_others(here: Workspace) -> str:
    """Whose workspace it is, and whether one can get in."""
    from tui_migrate.engine.sockets import connected

    line = connected(here.socket)
    if line is None:
        return _("{} is {}'s, and no engine runs there: ask him to open it").format(
            here.root, here.owner
        )
    line.close()
    return _("{} is {}'s; you get in through the engine, which runs").format(here.root, here.owner)


def _memory(root: Path) -> list[Found]:
    """Whether who holds the workspace zeroes its memory, which costs a third more time."""
    from tui_migrate.engine.workspace import Workspace, holder_of, is_held

    here = Workspace(root)
    holder = holder_of(here) if is_held(here) else None
    if holder is None:
        return []
    said = (
        _("process {} zeroes it: somebody was erased here")
        if holder.zeroed
        else _("process {} does not zero it: nobody was erased here")
    )
    return [Found("memory", True, said.format(holder.pid), serious=False)]
