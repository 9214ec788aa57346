"""Signatures as OpenSSH writes them (PROTOCOL.sshsig), so that plain ``ssh-keygen`` can check them.

Here a signature is one line: the base64 of what ``ssh-keygen -Y sign`` puts between its two marks.
"""

from __future__ import annotations

import base64
import binascii
import textwrap
from hashlib import sha256, sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KIND = b"ssh-ed25519"
_MAGIC, _VERSION, _HASH = b"SSHSIG", (1).to_bytes(4, "big"), b"sha512"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
LONGEST = 16_384
"""Characters of a signature; a large RSA key with its certificate stays below."""


def _text(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _take(blob: bytes) -> tuple[bytes, bytes]:
    """The first text of a blob and what follows it; ``ValueError`` when it is cut off."""
    size = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 + size:
        raise ValueError
    return blob[4 : 4 + size], blob[4 + size :]


def public_line(private: Ed25519PrivateKey) -> str:
    """The public key as a line of OpenSSH, without a comment."""
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{KIND.decode()} {base64.b64encode(_text(KIND) + _text(raw)).decode()}"


def fingerprint(line: str) -> str:
    """A public key's fingerprint as ``ssh-keygen -l`` prints it; '' when it is no key."""
    try:
        return _fingerprint(base64.b64decode(line.split()[1], validate=True))
    except (IndexError, ValueError):
        return ""


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(sha256(blob).digest()).decode().rstrip("=")


def key_of(signature: str) -> str:
    """The fingerprint of the key that a signature says it was made with; '' when it is none."""
    try:
        blob = base64.b64decode(signature, validate=True)
        if not blob.startswith(_MAGIC + _VERSION):
            return ""
        return _fingerprint(_take(blob[len(_MAGIC) + 4 :])[0])
    except ValueError:
        return ""


def _to_sign(namespace: str, message: bytes) -> bytes:
    parts = (namespace.encode(), b"", _HASH, sha512(message).digest())
    return _MAGIC + b"".join(_text(part) for part in parts)


def sign(private: Ed25519PrivateKey, namespace: str, message: bytes) -> str:
    """The signature of a message for one purpose."""
    key = base64.b64decode(public_line(private).split()[1])
    raw = private.sign(_to_sign(namespace, message))
    parts = (key, namespace.encode(), b"", _HASH, _text(KIND) + _text(raw))
    return base64.b64encode(_MAGIC + _VERSION + b"".join(_text(p) for p in parts)).decode()


def holds(public: str, namespace: str, message: bytes, signature: str) -> bool:
    """Whether an Ed25519 signature is this key's, for this purpose, over this message."""
    try:
        key = base64.b64decode(public.split()[1], validate=True)
        blob = base64.b64decode(signature, validate=True)
        raw_key = _take(_take(key)[1])[0]
        rest = blob.removeprefix(_MAGIC + _VERSION)
        parts = []
        for _number in range(5):
            part, rest = _take(rest)
            parts.append(part)
        kind, raw = _take(parts[4])
        expected = [key, namespace.encode(), b"", _HASH]
        if parts[:4] != expected or rest or kind != KIND:
            return False
        Ed25519PublicKey.from_public_bytes(raw_key).verify(
            _take(raw)[0], _to_sign(namespace, message)
        )
    except (ValueError, IndexError, InvalidSignature):
        return False
    return True


def armored(signature: str) -> str:
    """The file that ``ssh-keygen -Y verify -s`` reads."""
    return "\n".join([_BEGIN, *textwrap.wrap(signature, 70), _END, ""])


def unarmored(content: str) -> str:
    """The line in such a file; '' when it is none."""
    lines = content.split()
    text = "".join(content.strip().splitlines())
    if not lines or not text.startswith(_BEGIN) or not text.endswith(_END):
        return ""
    found = text[len(_BEGIN) : -len(_END)]
    try:
        base64.b64decode(found, validate=True)
    except binascii.Error:
        return ""
    return found
