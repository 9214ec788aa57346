"""Opt-outs of an address alone, which the vault keeps when somebody who shared it was erased.

One file of the vault is one address or number with all that was said to it. It holds nothing of who
said it but the address, which others have: no record number, no name, no evidence, no campaign.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from tui_migrate.audit.vault import KEY_BYTES, Vault, commitment_of
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One opt-out (``state``) or suppression (``reason``). ``id``: made by chance; it stands where
    other facts name their record. ``beside``: it only takes away, and makes no state of its own."""

    id: str
    channel: str
    brand: str
    purpose: str = ""
    state: str = ""
    reason: str = ""
    event_at: datetime | None = None
    basis: str = ""
    beside: bool = False


class OptOut(msgspec.Struct, frozen=True, kw_only=True):
    """An address or number, and what was said to it."""

    point: str
    said: list[Said]


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """An opt-out that is to be kept: text and key, so that it can be written twice."""

    key: str
    text: str

    @property
    def opt_out(self) -> OptOut:
        """What the text says."""
        return msgspec.json.decode(self.text, type=OptOut)

    @property
    def commitment(self) -> str:
        """What the journal may hold."""
        return commitment_of(bytes.fromhex(self.key), self.text)

    def write(self, vault: Vault) -> None:
        """Put it into the vault."""
        vault.keep_opt_out(bytes.fromhex(self.key), self.text)


def keeping(point: str, said: Iterable[Said]) -> Keeping:
    """What is to be kept of an address, under a fresh key."""
    text = msgspec.json.encode(OptOut(point=point, said=list(said))).decode()
    return Keeping(key=secrets.token_bytes(KEY_BYTES).hex(), text=text)


def read_kept(vault: Vault, expected: Iterable[str] = ()) -> dict[str, OptOut]:
    """All that the vault keeps: commitment → opt-out. Raises ``EnvironmentProblem`` when one that has
    to be there is not: without it somebody would get mail who did not want any."""
    found = {
        commitment: msgspec.json.decode(text, type=OptOut)
        for commitment, text in vault.opt_outs().items()
    }
    lost = sorted(set(expected) - found.keys())
    if lost:
        raise EnvironmentProblem(
            _("The vault lacks {} of the opt-outs that were kept at erasures.").format(len(lost)),
            _("Put the vault back from a copy: without them people would be written to."),
        )
    return found
