"""The deliveries of a source: which folders and files there are, in which order, what they promise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.files import sha256_known
from tui_migrate.i18n import _

MANIFEST = "manifest.json"
MOST_DELIVERIES = 1_000_000
"""The highest number that a delivery may have."""
_MOST_ROWS = 10**12


@dataclass(frozen=True, slots=True)
class Promise:
    """What a manifest says of one file."""

    name: str
    rows: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the source says of its delivery; ``problem`` when the manifest itself cannot be read."""

    sequence: int | None = None
    kind: str = "full"
    zone: str | None = None
    files: tuple[Promise, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One hand-over: the folder's name, its data files (sorted), its manifest if it has one."""

    source: str
    name: str
    folder: Path
    files: tuple[Path, ...]
    manifest: Manifest | None
    erased: Mapping[str, int] = field(default_factory=dict)
    """File name → rows that erasures took from it."""

    @property
    def order(self) -> tuple[int, str]:
        """Sorts deliveries of a source: by sequence number where there is one, then by name."""
        sequence = self.manifest.sequence if self.manifest else None
        return (sequence if sequence is not None else 0, self.name)

    def promise(self, path: Path) -> Promise | None:
        """What the manifest says of this file."""
        files = self.manifest.files if self.manifest else ()
        return next((p for p in files if p.name == path.name), None)


def read_manifest(path: Path) -> Manifest:
    """The manifest in ``path``; one that is damaged comes back with its ``problem``."""
    try:
        raw = json.loads(path.read_text("utf-8-sig"))
        files = tuple(
            Promise(
                str(f["name"]),
                _whole(f.get("rows"), "rows", 0, _MOST_ROWS),
                str(f["sha256"]).lower() if f.get("sha256") else None,
            )
            for f in raw.get("files") or []
        )
        names = [promise.name for promise in files]
        if len(set(names)) < len(names) or "" in names:
            raise ValueError(_("a file without a name or with the name of another"))
        return Manifest(
            _whole(raw.get("sequence"), "sequence", 1, MOST_DELIVERIES),
            str(raw.get("kind") or "full"),
            _zone(raw.get("zone")),
            files,
        )
    except OSError as error:
        raise EnvironmentProblem(
            _("The manifest {} may not be read: {}").format(path, error.strerror)
        ) from error
    except KeyError as error:
        return Manifest(problem=_("{} is missing").format(error))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return Manifest(problem=str(error)[:200] or type(error).__name__)


def _whole(value: object, name: str, least: int, most: int) -> int | None:
    """A whole number (or its digits) within bounds; ``ValueError`` for anything else."""
    if value is None:
        return None
    text = str(value).strip()
    plain = isinstance(value, int | str) and not isinstance(value, bool)
    if plain and text.isascii() and text.isdigit() and len(text) <= 15:
        number = int(text)
        if least <= number <= most:
            return number
    raise ValueError(
        _("{}: {} is not a whole number from {} to {}").format(name, text[:40], least, most)
    )


def _zone(value: object) -> str | None:
    """The name of a time zone that exists; ``ValueError`` for another."""
    if value is None or value == "":
        return None
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(_("zone: {} is no time zone").format(str(value)[:40])) from error


def find_deliveries(workspace: Path, source: str, patterns: Sequence[str]) -> list[Delivery]:
    """All deliveries of a source, in their order. ``patterns`` are globs below the workspace; the
    folder that a file lies in is its delivery. Raises ``DataSaysNo`` for two folders of one name."""
    folders: dict[Path, list[Path]] = {}
    for pattern in patterns:
        for path in sorted(workspace.glob(pattern)):
            if path.is_file() and path.name != MANIFEST:
                folders.setdefault(path.parent, [])
                if path not in folders[path.parent]:
                    folders[path.parent].append(path)
    found = []
    for folder, files in folders.items():
        manifest_path = folder / MANIFEST
        manifest = read_manifest(manifest_path) if manifest_path.exists() else None
        found.append(Delivery(source, folder.name, folder, tuple(sorted(files)), manifest))
    refuse_one_name(found)
    return sorted(found, key=lambda d: d.order)


def refuse_one_name(deliveries: Iterable[Delivery]) -> None:
    """Raise ``DataSaysNo`` when two folders of a source have one name: a delivery is known by it, so
    that one of the two would be passed over unread."""
    known: dict[tuple[str, str], Path] = {}
    for one in deliveries:
        other = known.setdefault((one.source, one.name), one.folder)
        if other != one.folder:
            raise DataSaysNo(
                _("Two deliveries of {} have one name: {} and {}.").format(
                    one.source, other, one.folder
                ),
                _(
                    "A delivery is called as the folder of its files. Give each folder a name of its"
                    " own, or correct files: in the runbook; then run again. Nothing was read."
                ),
            )


@dataclass(frozen=True, slots=True)
class Unread:
    """Data files in the folders of a source that nobody reads: ``folder/file``, sorted."""

    named: tuple[str, ...]
    """The manifest names them (whether they are there or not)."""
    stray: tuple[str, ...]
    """Nobody names them."""


def files_of(workspace: Path, patterns: Iterable[str]) -> set[str]:
    """Every file that these globs match, as a normal path."""
    return {
        os.path.normpath(path)
        for pattern in patterns
        for path in workspace.glob(pattern)
        if path.is_file()
    }


def unread_files(workspace: Path, patterns: Sequence[str], read: set[str]) -> Unread:
    """What lies or should lie in the folders of ``patterns`` and is not among ``read``.

    A folder counts when it could hold a file of a pattern, also if it holds none (below ``**`` only
    if it does or has a manifest). The workspace's own folder is no delivery, and hidden files and
    notes (``README…``, ``*.md``) are no data.
    """
    holding = {str(Path(path).parent) for path in read}
    folders = {
        folder
        for parent in {Path(pattern).parent for pattern in patterns} - {Path()}
        for folder in workspace.glob(str(parent))
        if folder.is_dir() and os.path.normpath(folder) != os.path.normpath(workspace)
        if "**" not in parent.parts
        or (folder / MANIFEST).is_file()
        or os.path.normpath(folder) in holding
    }
    named, stray = set(), set()
    for folder in folders:
        path = folder / MANIFEST
        manifest = read_manifest(path) if path.is_file() else Manifest()
        promised = {promise.name for promise in manifest.files}
        named |= {
            f"{folder.name}/{name}"
            for name in promised
            if os.path.normpath(folder / name) not in read
        }
        stray |= {
            f"{folder.name}/{path.name}"
            for path in folder.iterdir()
            if (path.is_file() or (path.is_symlink() and not path.exists()))
            and path.name not in {MANIFEST, *promised}
            and not path.name.startswith((".", "README"))
            and path.suffix.lower() != ".md"
            and os.path.normpath(path) not in read
        }
    return Unread(tuple(sorted(named)), tuple(sorted(stray)))


def refuse_outside(workspace: Path, paths: Iterable[Path]) -> None:
    """Raise ``DataSaysNo`` when a path leads out of the workspace, by itself or by a folder above:
    what lies there is neither guarded nor kept with the workspace."""
    root = workspace.resolve()
    for path in paths:
        real = path.resolve()
        if not real.is_relative_to(root):
            raise DataSaysNo(
                _("{} leads out of the workspace, to {}.").format(path, real),
                _(
                    "Copy what it leads to into the workspace, in place of the link; then run again."
                ),
            )


def hash_files(delivery: Delivery, workspace: Path) -> dict[str, str]:
    """Path relative to the workspace → SHA-256, of every file. Raises ``EnvironmentProblem`` for a
    file that may not be read, ``DataSaysNo`` for one that lies outside the workspace."""
    refuse_outside(workspace, delivery.files)
    result = {}
    for path in delivery.files:
        try:
            result[str(path.relative_to(workspace))] = sha256_known(path)
        except PermissionError as error:
            raise EnvironmentProblem(
                _("The delivery file {} may not be read: {}").format(path, error.strerror),
                _("Give this user read permission (chmod, chown) and run again."),
            ) from error
    return result
