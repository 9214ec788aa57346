"""The key that signs a workspace's seals: private in the vault, public beside the seals, each key a
fact of the journal. A new one is made durable before the journal speaks of it, and used after."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tui_migrate.audit import sshsig
from tui_migrate.audit.canonical import canonical
from tui_migrate.audit.entries import SealKeyMade
from tui_migrate.errors import DataSaysNo
from tui_migrate.files import PRIVATE_FILE, fsync_folder, write_whole
from tui_migrate.i18n import _

SEAL_SPACE, KEY_SPACE = "tui-migrate@seal", "tui-migrate@seal-key"
"""What a signature is for: a seal; the handing over from one key to the next."""
_BYTES = 32


def handed_over(run: str, fingerprint: str) -> bytes:
    """What the earlier key signs when a key is replaced."""
    return canonical({"key": fingerprint, "run": run})


class SealKey:
    """An Ed25519 key of which the private part is at hand."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = sshsig.public_line(self._private)
        self.fingerprint = sshsig.fingerprint(self.public)

    def sign(self, namespace: str, message: bytes) -> str:
        """A signature for ``namespace``, on one line."""
        return sshsig.sign(self._private, namespace, message)


class KeyPlace:
    """Where a workspace keeps its key: ``seal.key`` in the vault, ``seal.pub`` in the audit folder."""

    def __init__(self, vault: Path, audit: Path) -> None:
        self._private, self._next = vault / "seal.key", vault / "seal.key.next"
        self._public = audit / "seal.pub"

    def open(self, known: list[SealKeyMade]) -> SealKey | None:
        """The key that the journal's last ``known`` names; ``None`` when there is none (yet, or any
        more). Raises ``DataSaysNo`` when another key lies there."""
        if not known:
            return None
        key, coming = self._read(self._private), self._read(self._next)
        if coming is not None and coming.fingerprint == known[-1].key:
            self._take_next(coming)
            return coming
        self._next.unlink(missing_ok=True)
        if key is not None and key.fingerprint != known[-1].key:
            raise _swapped(self._private)
        public = self._public.read_text().strip() if self._public.exists() else ""
        if public not in ("", *(fact.public for fact in known)):
            raise _swapped(self._public)
        if key is not None and public != key.public:
            write_whole(self._public, key.public + "\n")
        return key

    def propose(self) -> SealKey:
        """A new key, kept beside the present one until the journal names it."""
        seed = secrets.token_bytes(_BYTES)
        write_whole(self._next, seed, PRIVATE_FILE)
        return SealKey(seed)

    def adopt(self, key: SealKey) -> None:
        """The proposed key is the key now."""
        self._take_next(key)

    def _take_next(self, key: SealKey) -> None:
        self._next.replace(self._private)
        fsync_folder(self._private.parent)
        write_whole(self._public, key.public + "\n")

    @staticmethod
    def _read(path: Path) -> SealKey | None:
        seed = path.read_bytes() if path.exists() else b""
        return SealKey(seed) if len(seed) == _BYTES else None


def _swapped(path: Path) -> DataSaysNo:
    return DataSaysNo(
        _("{} is another key than the one that the journal names.").format(path),
        _("Put it back from a copy. Nothing was changed."),
    )
