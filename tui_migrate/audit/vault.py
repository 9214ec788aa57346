"""The vault keeps what a person can read: words, evidence files, keys, values of the trail.

Everything here is personal or can be; nothing here is needed to check the chain. Deleting a key or a
value leaves its commitment in the audit intact and unreadable: that is how a person is erased.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import copyfile

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import (
    fsync_folder,
    make_folder,
    sha256_file,
    whole,
    write_all,
    write_whole,
)
from tui_migrate.i18n import _

KEY_BYTES = 32

_DAY = re.compile(r"20\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?!\d)")
_PLAIN = frozenset(
    [
        "again",
        "all",
        "complete",
        "correction",
        "day",
        "delta",
        "export",
        "full",
        "month",
        "part",
        "week",
    ]
)
_MOST_DIGITS = 6
"""Behind the day; a telephone number has more."""
_REFERENCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Vault:
    """The folder ``vault/`` of a workspace (0700)."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)
        self._secret = b""

    @property
    def keys(self) -> Path:
        """Folder of the records' commitment keys, one Parquet file per unit that met new records."""
        return self.folder / "keys"

    @property
    def trail(self) -> Path:
        """Folder of the readable side of the trail, one Parquet file per segment."""
        return self.folder / "trail"

    def workspace_key(self) -> bytes:
        """The key of all pseudonyms of this workspace; made at the first call."""
        path = self.folder / "workspace.key"
        if not path.exists():
            write_whole(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise EnvironmentProblem(_("The workspace key {} is damaged.").format(path))
        return key

    def keep_words(self, text: str) -> str:
        """Keep what a person typed; returns the commitment that the journal may hold ('' for '')."""
        (commitment,) = self.keep_all([text])
        return commitment

    def keep_all(self, texts: Iterable[str]) -> list[str]:
        """As ``keep_words``, of many texts in the time of one."""
        commitments: list[str] = []
        contents: dict[Path, bytes] = {}
        for text in texts:
            if not text:
                commitments.append("")
                continue
            key = key_for(self._secret, text) if self._secret else secrets.token_bytes(KEY_BYTES)
            commitments.append(commitment_of(key, text))
            content = json.dumps({"key": key.hex(), "text": text}, ensure_ascii=False)
            contents[self._words_path(commitments[-1])] = content.encode()
        write_all(contents)
        return commitments

    @contextlib.contextmanager
    def keyed(self, secret: bytes) -> Iterator[None]:
        """Within it, words are kept under keys that follow from ``secret``: so a person can sign the
        commitments to his own words before they are kept. One thread at a time."""
        self._secret = secret
        try:
            yield
        finally:
            self._secret = b""

    def words(self, commitment: str) -> str:
        """The words behind a commitment; '' when they are not (or no longer) here."""
        path = self._words_path(commitment)
        if not commitment or not path.is_file():
            return ""
        return _opened(path, commitment)

    def keep_opt_out(self, key: bytes, text: str) -> None:
        """Keep the opt-outs of an address that others have, when somebody is erased. Done again it
        changes nothing."""
        content = json.dumps({"key": key.hex(), "text": text}, ensure_ascii=False)
        write_whole(self._opt_out_path(commitment_of(key, text)), content)

    def opt_outs(self) -> dict[str, str]:
        """What is kept so: commitment → text."""
        found = sorted(self._opt_out_path("").parent.glob("*.json"))
        return {path.stem: _opened(path, path.stem) for path in found}

    def end_opt_out(self, commitment: str) -> None:
        """Nobody has the address any more."""
        from tui_migrate.staging.erasing import destroy  # with DuckDB: most do without

        destroy(self._opt_out_path(commitment))

    def keep_name(self, name: str) -> str:
        """What the journal may say for a name that others chose (of a file, a folder, a column):
        its pseudonym, always the same; the name itself when it is a day, a number, plain words."""
        if _tells_of_nobody(name):
            return name
        content = name.encode("utf-8", "surrogateescape")
        reference = hmac.digest(self.workspace_key(), b"name:" + content, "sha256").hex()
        path = self._name_path(reference)
        if not path.exists():
            write_whole(path, content)
        return reference

    def opened(self, text: str) -> str:
        """A text of the journal with the names that its references stand for, where they are here."""
        return _REFERENCE.sub(lambda found: self._name(found[0]) or found[0], text)

    def _name(self, reference: str) -> str:
        path = self._name_path(reference)
        return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""

    def keep_file(self, source: Path) -> str:
        """Copy an evidence file into the vault; its SHA-256."""
        if not source.is_file():
            raise EnvironmentProblem(_("There is no file {}.").format(source))
        arriving = self.folder / "files" / "arriving"
        with whole(arriving) as temporary:
            try:
                copyfile(source, temporary)
            except OSError as error:
                raise EnvironmentProblem(
                    _("The file {} cannot be kept: {}").format(source, error.strerror)
                ) from error
        # The hash is of the copy: the file itself may change at any moment.
        sha256 = sha256_file(arriving)
        arriving.replace(arriving.with_name(sha256))
        fsync_folder(arriving.parent)
        return sha256

    def _name_path(self, reference: str) -> Path:
        return self.folder / "names" / reference[:2] / reference

    def _words_path(self, commitment: str) -> Path:
        return self.folder / "words" / commitment[:2] / f"{commitment}.json"

    def _opt_out_path(self, commitment: str) -> Path:
        return self.folder / "opt-outs" / f"{commitment}.json"


def _opened(path: Path, commitment: str) -> str:
    """The text that a file of the vault keeps under this commitment."""
    try:
        content = json.loads(path.read_bytes())
        text, key = str(content["text"]), bytes.fromhex(content["key"])
    except (ValueError, KeyError, TypeError):
        text, key = "", b""
    expected = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(expected, commitment):
        raise EnvironmentProblem(_("The vault's words {} do not match.").format(path))
    return text


def _tells_of_nobody(name: str) -> bool:
    """Whether a name is only a day, plain words and a few digits: ``2026-03-05-delta-2``."""
    day = _DAY.match(name)
    parts = re.split(r"[-_.]", name[day.end() :] if day else name)
    digits = sum(len(part) for part in parts if part.isdecimal())
    return digits <= _MOST_DIGITS and all(
        not part or part.isdecimal() or part in _PLAIN for part in parts
    )


def key_for(secret: bytes, text: str) -> bytes:
    """The key of one text among several that one secret is for."""
    if len(secret) != KEY_BYTES:
        raise ValueError(len(secret))
    return hmac.digest(secret, text.encode(), "sha256")


def commitment_of(key: bytes, text: str) -> str:
    """What stands in the journal for words: HMAC-SHA-256, hexadecimal."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def pseudonym(workspace_key: bytes, source: str, record_id: str) -> str:
    """What the audit calls a source record: HMAC-SHA-256 of ``source|record_id``, hexadecimal."""
    return hmac.digest(workspace_key, f"{source}|{record_id}".encode(), "sha256").hex()
