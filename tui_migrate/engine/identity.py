"""Who acts: the user that the operating system names, and the roles that the runbook gives him."""

from __future__ import annotations

import grp
import os
import pwd

from tui_migrate.engine.api import Identity
from tui_migrate.runbook.models import Runbook

ANYBODY = "*"


def current_user() -> Identity:
    """The user of this process, without roles."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid-{uid}"
    return Identity(user=name, uid=uid, roles=())


def _groups() -> set[str]:
    names = set()
    for gid in {os.getgid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return names


def identity_for(runbook: Runbook) -> Identity:
    """The user of this process with his roles in this runbook."""
    who = current_user()
    groups = _groups()
    roles = tuple(
        name
        for name, spec in runbook.roles.items()
        if who.user in spec.users or ANYBODY in spec.users or groups & set(spec.groups)
    )
    return Identity(user=who.user, uid=who.uid, roles=roles)


def several_people(runbook: Runbook) -> bool:
    """Whether the roles name more than one person, by name or as members of a group: then four eyes
    are asked for. ``*`` is one user, not two."""
    people = {u for spec in runbook.roles.values() for u in spec.users if u != ANYBODY}
    for group in {name for spec in runbook.roles.values() for name in spec.groups}:
        people |= _members(group)
    return len(people) > 1


def _members(group: str) -> set[str]:
    """Users whose own or further group this is; none when the system does not know it."""
    try:
        found = grp.getgrnam(group)
    except KeyError:
        return set()
    own = {user.pw_name for user in pwd.getpwall() if user.pw_gid == found.gr_gid}
    return own | set(found.gr_mem)
