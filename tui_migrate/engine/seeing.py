"""What somebody may see, by his roles: brands and channels."""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.engine.api import Identity
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.models import Runbook

HIDDEN = "•••••"
POINTS = {
    "email": ("email",),
    "phone": ("phone", "sms"),
    "street": ("post",),
    "house_number": ("post",),
    "house_addition": ("post",),
    "postcode": ("post",),
}
"""Field → the channels that reach somebody by it."""


@dataclass(frozen=True)
class Seen:
    """The brands and channels that somebody may see; ``None`` for all."""

    brands: frozenset[str] | None = None
    channels: frozenset[str] | None = None

    @property
    def all(self) -> bool:
        """Whether nothing is hidden from him."""
        return self.brands is None and self.channels is None

    def brand(self, name: str) -> bool:
        """Whether this brand, or what concerns all of them, may be seen."""
        return self.brands is None or name in self.brands

    def channel(self, name: str) -> bool:
        """As ``brand``, of a channel."""
        return self.channels is None or name in self.channels

    def point(self, field: str) -> bool:
        """Whether the values of a field may be seen: by some channel that uses them, if one does."""
        channels = POINTS.get(field, ())
        return not channels or any(self.channel(channel) for channel in channels)


def seen_by(runbook: Runbook, who: Identity, owner: int) -> Seen:
    """What somebody may see. The files of the engine's owner are his."""
    roles = [runbook.roles[role] for role in who.roles]
    if who.uid == owner:
        return Seen()
    brands = frozenset(brand for role in roles for brand in role.brands)
    channels = frozenset(channel for role in roles for channel in role.channels)
    return Seen(None if EVERY in brands else brands, None if EVERY in channels else channels)
