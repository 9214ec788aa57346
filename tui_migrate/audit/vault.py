"""The vault keeps what a person can read: words, evidence files, keys, values of the trail.

Everything here is personal or can be; nothing here is needed to check the chain. Deleting a key or a
value leaves its commitment in the audit intact and unreadable: that is how a person is erased.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from shutil import copyfile

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import fsync_folder, make_folder, sha256_file, whole, write_whole
from tui_migrate.i18n import _

KEY_BYTES = 32


class Vault:
    """The folder ``vault/`` of a workspace (0700)."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)

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
        if not text:
            return ""
        key = secrets.token_bytes(KEY_BYTES)
        commitment = hmac.digest(key, text.encode(), "sha256").hex()
        content = json.dumps({"key": key.hex(), "text": text}, ensure_ascii=False)
        write_whole(self._words_path(commitment), content)
        return commitment

    def words(self, commitment: str) -> str:
        """The words behind a commitment; '' when they are not (or no longer) here."""
        path = self._words_path(commitment)
        if not commitment or not path.is_file():
            return ""
        try:
            content = json.loads(path.read_bytes())
            text, key = str(content["text"]), bytes.fromhex(content["key"])
        except (ValueError, KeyError, TypeError):
            text, key = "", b""
        expected = hmac.digest(key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected, commitment):
            raise EnvironmentProblem(_("The vault's words {} do not match.").format(path))
        return text

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

    def _words_path(self, commitment: str) -> Path:
        return self.folder / "words" / commitment[:2] / f"{commitment}.json"


def pseudonym(workspace_key: bytes, source: str, record_id: str) -> str:
    """What the audit calls a source record: HMAC-SHA-256 of ``source|record_id``, hexadecimal."""
    return hmac.new(workspace_key, f"{source}|{record_id}".encode(), hashlib.sha256).hexdigest()
