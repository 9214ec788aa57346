"""The model of the match and its records, for Splink: taken out as a folder (see docs/splink.md)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tui_migrate.audit import entries as facts
from tui_migrate.audit.review_facts import ModelFitted
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.exporting import purge_date
from tui_migrate.engine.models import kept_model
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.matching import FrozenModel
from tui_migrate.matching.splink import TakenOut, write_folder
from tui_migrate.steps.match_records import ALL_COLUMNS, COMPARABLE, FOR_MATCHING, extra_columns

SPLINK = "splink"


def take_out(core: Core, command: api.Export, folder: Path) -> api.Reply:
    """Write the folder, and journal each file with records as an export; raises ``DataSaysNo`` where
    there is no model or no record."""
    seq = 0
    taken = _write(core, folder, *_model(core, command.model))
    for place, one in enumerate(taken, start=1):
        fact = facts.Exported(
            what=SPLINK,
            rows=one.rows,
            sha256=one.sha256,
            purge_on=purge_date(core.runbook.retention.exports_days),
            recipient=core.vault.keep_words(command.recipient),
            basis=core.vault.keep_words(command.basis),
        )
        seq = core.record(fact, command.id if place == len(taken) else "").seq
    rows = sum(one.rows for one in taken)
    message = _("{} records and the settings for Splink in {}").format(rows, folder)
    return api.Reply(ok=True, message=message, seq=seq)


def _model(core: Core, file: str) -> tuple[FrozenModel, str]:
    """The model of the last match here, or that of a file of another audit; and its hash."""
    fitted = [e.fact for e in core.journal.entries if isinstance(e.fact, ModelFitted)]
    if file:
        text = Path(file).read_text(errors="replace")
    elif fitted:
        text = kept_model(core, fitted[-1].step, fitted[-1].sha256)
    else:
        raise DataSaysNo(
            _("Nothing is matched: there is no model to take out."),
            _("First do the step that matches: tui-migrate run."),
        )
    try:
        model = FrozenModel.from_json(json.dumps(json.loads(text)["model"]))
    except (ValueError, KeyError, TypeError) as error:
        raise EnvironmentProblem(
            _("{} is no model of a match.").format(file),
            _("Models lie in the audit folder under objects; the journal says which file it is."),
        ) from error
    return model, hashlib.sha256(text.encode()).hexdigest()


def _write(core: Core, folder: Path, model: FrozenModel, known_as: str) -> list[TakenOut]:
    cursor = core.store.cursor()
    try:
        if "ent_profile" not in {row[0] for row in cursor.execute("SHOW TABLES").fetchall()}:
            raise DataSaysNo(_("No record is mapped yet."))
        cursor.execute(COMPARABLE.format(table="splink_profile", columns=ALL_COLUMNS))
        extra = extra_columns([field.name for field in model.settings.declared_fields])
        records = FOR_MATCHING.format(table="splink_profile", extra=extra)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE splink_record AS {records}")
        return write_folder(cursor, "splink_record", model, folder, known_as)
    finally:
        cursor.close()
