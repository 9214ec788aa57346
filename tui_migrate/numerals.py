"""Numbers as people read them."""

from __future__ import annotations

from tui_migrate.i18n import point


def grouped(number: int) -> str:
    """12480 → ``12 480``."""
    return f"{number:,}".replace(",", " ")


def decimal(number: float, digits: int = 1, *, signed: bool = False) -> str:
    """So many digits behind the point: 17.84 → ``17.8``, in Dutch ``17,8``. ``signed``: ``+17.8``."""
    return f"{number:{'+' if signed else ''}.{digits}f}".replace(".", point())


def short(number: float) -> str:
    """One digit behind the point, and none where it is nought: 17.84 → ``17.8``, 17.04 → ``17``."""
    return decimal(number).removesuffix(f"{point()}0")
