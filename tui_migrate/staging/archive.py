"""Encrypted back-ups: a tar stream in AES-256-GCM chunks under a key from a passphrase or key file.

The tar stream is packed with zstd (in older back-ups with gzip: its first bytes say which). Layout:
the line ``TUI-MIGRATE-BACKUP 1``, a line of JSON (salt, scrypt cost, nonce prefix, chunk
size), then chunks: four bytes length, ciphertext with tag. The nonce of chunk n is prefix (7 bytes),
n (4 bytes), 1 for the last chunk else 0, and the header is authenticated with every chunk: a chunk
that is changed, lost, swapped or cut off is noticed (the STREAM construction of Hoang et al. 2015).
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import PRIVATE_FILE, make_folder, sha256_file, whole
from tui_migrate.i18n import _

MAGIC = b"TUI-MIGRATE-BACKUP 1\n"
CHUNK = 1 << 20
_STEPS: Any = {"bufsize": CHUNK, "copybufsize": CHUNK}
"""How tar works: small steps cost more than what they carry. (Its stubs do not know both.)"""
COST = {"n": 1 << 15, "r": 8, "p": 1}
"""scrypt cost: 32 MiB and about 0.1 s, for a key that is a file or a long passphrase."""
MANIFEST = "backup.json"
PACKING = "zstd"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Member:
    """A file that goes into a back-up under ``name``."""

    name: str
    path: Path


class _Writer(io.RawIOBase):
    """Encrypts what tar writes; ``finish`` writes the last chunk."""

    def __init__(self, out: BinaryIO, cipher: AESGCM, prefix: bytes, header: bytes) -> None:
        self._out, self._cipher, self._prefix, self._header = out, cipher, prefix, header
        self._buffer = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._buffer += view
        while len(self._buffer) > CHUNK:
            self._chunk(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]
        return view.nbytes

    def finish(self) -> None:
        self._chunk(bytes(self._buffer), last=True)

    def _chunk(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._number, last), plain, self._header)
        self._out.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\1" if last else b"\0")


def _cipher(key: bytes, salt: bytes, cost: dict[str, int]) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive(key))


def write_backup(
    path: Path, key: bytes, members: Iterable[Member], tables: dict[str, int]
) -> tuple[str, int]:
    """Write a back-up whole; SHA-256 of the file and the number of members.

    ``tables``: rows per table of the database in it, for the restore test. The manifest, with size
    and hash of every member, is the last file of the archive. A link is kept as what it leads to.
    """
    salt, prefix = secrets.token_bytes(16), secrets.token_bytes(7)
    header = json.dumps(
        {"salt": salt.hex(), "prefix": prefix.hex(), "cost": COST, "chunk": CHUNK}, sort_keys=True
    ).encode()
    listed: dict[str, dict[str, int | str]] = {}
    with whole(path) as temporary:
        with temporary.open("wb") as out:
            out.write(MAGIC + header + b"\n")
            writer = _Writer(out, _cipher(key, salt, COST), prefix, header)
            with (
                _packed(writer) as packed,
                tarfile.open(fileobj=packed, mode="w|", dereference=True, **_STEPS) as archive,
            ):
                for member in members:
                    listed[member.name] = {
                        "size": member.path.stat().st_size,
                        "sha256": sha256_file(member.path),
                    }
                    archive.add(member.path, arcname=member.name, recursive=False)
                manifest = json.dumps({"files": listed, "tables": tables}, sort_keys=True).encode()
                info = tarfile.TarInfo(MANIFEST)
                info.size = len(manifest)
                archive.addfile(info, io.BytesIO(manifest))
            writer.finish()
        sha256 = sha256_file(temporary)
    return sha256, len(listed)


@contextmanager
def _packed(out: _Writer) -> Iterator[Any]:
    """A stream that packs what is written to it into ``out``."""
    import pyarrow as pa

    with pa.CompressedOutputStream(pa.PythonFile(out, mode="w"), PACKING) as stream:
        yield stream


@contextmanager
def _unpacked(plain: io.BufferedReader[_Reader]) -> Iterator[Any]:
    """What ``plain`` holds, unpacked; older back-ups are packed with gzip."""
    import pyarrow as pa

    packing = "gzip" if plain.peek(len(GZIP)).startswith(GZIP) else PACKING
    with pa.CompressedInputStream(pa.PythonFile(plain, mode="r"), packing) as stream:
        yield stream


def _plain(stream: BinaryIO, path: Path, key: bytes) -> Iterator[bytes]:
    """The decrypted chunks, each checked; ``EnvironmentProblem`` for a wrong key or damage."""
    if stream.readline() != MAGIC:
        raise EnvironmentProblem(_("{} is not a back-up of this program.").format(path))
    try:
        header = stream.readline().rstrip(b"\n")
        facts = json.loads(header)
        cipher = _cipher(key, bytes.fromhex(facts["salt"]), facts["cost"])
        prefix = bytes.fromhex(facts["prefix"])
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentProblem(_("The back-up {} is damaged.").format(path)) from error
    number = 0
    size = stream.read(4)
    while size:
        sealed = stream.read(int.from_bytes(size, "big"))
        size = stream.read(4)
        try:
            yield cipher.decrypt(_nonce(prefix, number, not size), sealed, header)
        except InvalidTag as error:
            if number == 0:
                raise EnvironmentProblem(
                    _("The back-up {} does not open with this key.").format(path),
                    _("Wrong passphrase or key file, or the file was damaged."),
                ) from error
            raise EnvironmentProblem(_("The back-up {} is damaged.").format(path)) from error
        number += 1
    if number == 0:
        raise EnvironmentProblem(_("The back-up {} is damaged.").format(path))


class _Reader(io.RawIOBase):
    """The decrypted stream as a file, for tar."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        while not self._buffer:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._buffer = following
        count = min(len(view), len(self._buffer))
        view[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        return count


def _unpack(archive: tarfile.TarFile, into: Path) -> None:
    """Write the files of a back-up below ``into``, for this user's eyes only. A back-up holds files and
    folders and nothing else; anything that would land elsewhere is damage (``TarError``)."""
    for member in archive:
        parts = PurePosixPath(member.name).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise tarfile.TarError(member.name)
        path = into.joinpath(*parts)
        if member.isdir():
            make_folder(path)
            continue
        content = archive.extractfile(member) if member.isfile() else None
        if content is None:
            raise tarfile.TarError(member.name)
        make_folder(path.parent)
        with open(path, "xb", opener=_for_us_only) as stream:
            shutil.copyfileobj(content, stream, CHUNK)


def _for_us_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, PRIVATE_FILE)


def restore_backup(path: Path, key: bytes, into: Path) -> dict[str, int]:
    """Decrypt and unpack into the empty folder ``into``; check every file against the manifest.

    Only this user may read what it writes. Returns the manifest's rows per table.
    Raises ``EnvironmentProblem`` for a wrong key or damage.
    """
    try:
        with path.open("rb") as stream:
            reader = io.BufferedReader(_Reader(_plain(stream, path, key)), CHUNK)
            with _unpacked(reader) as packed:
                with tarfile.open(fileobj=packed, mode="r|", **_STEPS) as archive:
                    _unpack(archive, into)
                reader.read()  # the seal of the last chunk is checked too
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise EnvironmentProblem(_("The back-up {} is damaged.").format(path)) from error
    manifest_path = into / MANIFEST
    if not manifest_path.is_file():
        raise EnvironmentProblem(_("The back-up {} has no manifest.").format(path))
    manifest = json.loads(manifest_path.read_text())
    for name, told in manifest["files"].items():
        unpacked = into / name
        if not unpacked.is_file() or sha256_file(unpacked) != told["sha256"]:
            raise EnvironmentProblem(
                _("{} in the back-up {} is not what it was.").format(name, path)
            )
    return {str(k): int(v) for k, v in manifest["tables"].items()}
