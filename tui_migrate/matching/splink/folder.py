"""The folder that is taken out: records, settings, the statement that follows, how to run it, what it is.

It appears whole or not at all.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tui_migrate import __version__
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, disk_is_full
from tui_migrate.files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    TEMPORARY,
    fsync_folder,
    make_folder,
    sha256_file,
    write_whole,
)
from tui_migrate.i18n import _
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.splink.dialects import DIALECTS
from tui_migrate.matching.splink.records import Written, write_records
from tui_migrate.matching.splink.relatives import least_weight, relatives_sql
from tui_migrate.matching.splink.settings import splink_settings

MANIFEST = "export.json"
COPIED = ("README.md", "run.py")
"""Files that are the same in every folder; they stand beside this module."""


@dataclass(frozen=True)
class TakenOut:
    """A file with normalised records: their kind and number, and its hash."""

    kind: str
    rows: int
    sha256: str


def write_folder(
    cur: duckdb.DuckDBPyConnection, relation: str, model: FrozenModel, folder: Path, known_as: str
) -> list[TakenOut]:
    """Write the model and the records of ``relation`` for Splink; what was written of persons.

    known_as: the hash under which the audit keeps the model. Raises ``EnvironmentProblem`` where the
    folder is there already or cannot be written, ``DataSaysNo`` where no two records can meet.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise EnvironmentProblem(_("{} is not empty.").format(folder), _("Name a new folder."))
    temporary = folder.parent / f"{TEMPORARY}{folder.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        make_folder(folder.parent)
        temporary.mkdir(mode=PRIVATE_FOLDER)
        written = write_records(cur, relation, model, temporary)
        if not written:
            raise DataSaysNo(_("No two records share a key: there is nothing to compare."))
        taken = [_finish(temporary, model, one) for one in written]
        _tell(temporary, model, written, known_as)
        fsync_folder(temporary)
        temporary.rename(folder)
        fsync_folder(folder.parent)
    except (OSError, duckdb.IOException) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise EnvironmentProblem(
            _("The export {} cannot be written: {}").format(folder, why or error),
            _("Make room, then do it again.") if disk_is_full(error) else "",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return taken


def _finish(folder: Path, model: FrozenModel, one: Written) -> TakenOut:
    """What belongs to the records of one kind."""
    one.path.chmod(PRIVATE_FILE)
    for name, dialect in DIALECTS.items():
        settings = splink_settings(model, one.kind, dialect, one.keys)
        write_whole(folder / f"{one.kind}.{name}.json", json.dumps(settings, indent=2))
    write_whole(folder / f"{one.kind}.relatives.sql", relatives_sql(model, one.kind))
    return TakenOut(one.kind, one.rows, sha256_file(one.path))


def _tell(folder: Path, model: FrozenModel, written: list[Written], known_as: str) -> None:
    """How to run it, what it is, and of which model."""
    for name in COPIED:
        write_whole(folder / name, (Path(__file__).parent / name).read_bytes())
    said = {
        "made_by": f"tui-migrate {__version__}",
        "model": known_as,
        "kinds": {
            one.kind: {"records": one.rows, "least_weight": least_weight(model)} for one in written
        },
    }
    write_whole(folder / MANIFEST, json.dumps(said, indent=2))
