"""Roles that are lent: who holds one himself lets another act in it, up to and including a day."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tui_migrate.engine.api import Identity
from tui_migrate.engine.state import Delegation, RunState
from tui_migrate.engine.zones import day_in


def standing(state: RunState, now: datetime) -> list[Delegation]:
    """The delegations that count at this moment, the oldest first."""
    today = day_in(now, state.zone)
    return [d for d in state.delegations if not d.revoked_at and today <= d.until]


def with_delegations(state: RunState, who: Identity, now: datetime) -> Identity:
    """``who`` with the roles that are lent to him now, beside those that the runbook gives him."""
    given = own_roles(who)
    lent = tuple(
        (d.role, d.giver) for d in standing(state, now) if d.to == who.user and d.role not in given
    )
    roles = (*given, *dict.fromkeys(role for role, _giver in lent))
    return msgspec.structs.replace(who, roles=roles, lent=lent)


def own_roles(who: Identity) -> tuple[str, ...]:
    """The roles that the runbook gives him."""
    borrowed = {role for role, _giver in who.lent}
    return tuple(role for role in who.roles if role not in borrowed)
