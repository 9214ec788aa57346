"""Who acts: the user that the operating system names, and the roles that the runbook gives him."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.engine.api import Identity

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook

ANYBODY = "*"
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class User:
    """A user of this machine as the kernel and its user database know him."""

    name: str
    uid: int
    groups: frozenset[str]
    pid: int
    """His process."""

    def identity(self, runbook: Runbook) -> Identity:
        """With his roles in this runbook."""
        roles = tuple(
            name
            for name, spec in runbook.roles.items()
            if self.name in spec.users or ANYBODY in spec.users or self.groups & set(spec.groups)
        )
        return Identity(user=self.name, uid=self.uid, roles=roles)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def owner_of(path: Path) -> str:
    """The user to whom a file belongs; '' when it is gone."""
    try:
        return _name(path.stat().st_uid)
    except OSError:
        return ""


def _group_names(gids: set[int]) -> frozenset[str]:
    names = set()
    for gid in gids:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return frozenset(names)


def this_user() -> User:
    """The user of this process."""
    uid = os.getuid()
    return User(_name(uid), uid, _group_names({os.getgid(), *os.getgroups()}), os.getpid())


def peer_user(connection: socket.socket) -> User:
    """The user at the other end of a Unix socket, as the kernel says (``SO_PEERCRED``), with the
    groups that the user database gives him."""
    size = _CREDENTIALS.size
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, uid, gid = _CREDENTIALS.unpack(credentials)
    name = _name(uid)
    gids = {gid}
    if not name.startswith("uid-"):
        gids.update(os.getgrouplist(name, gid))
    return User(name, uid, _group_names(gids), pid)


def people_named(runbook: Runbook) -> set[str]:
    """The users that the roles name, by name or as members of a group."""
    people = {u for spec in runbook.roles.values() for u in spec.users if u != ANYBODY}
    for group in {name for spec in runbook.roles.values() for name in spec.groups}:
        people |= _members(group)
    return people


def _members(group: str) -> set[str]:
    """Users whose own or further group this is; none when the system does not know it."""
    try:
        found = grp.getgrnam(group)
    except KeyError:
        return set()
    own = {user.pw_name for user in pwd.getpwall() if user.pw_gid == found.gr_gid}
    return own | set(found.gr_mem)
