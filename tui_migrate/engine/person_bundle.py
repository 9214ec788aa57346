"""An access request answered: all that is known of one person, in one ZIP file for that person.

JSON for programs, CSV for spreadsheets, HTML to read and print, and the proofs that the events are in the
sealed trail. Payment fields that may not leave the workspace are left out, as in every export.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import asdict, replace

from tui_migrate.audit.proofs import prove
from tui_migrate.engine import person_queries as q
from tui_migrate.engine.answers import answer_with, meant
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.core import Core
from tui_migrate.engine.exporting import ENDING, payment_allowed
from tui_migrate.engine.seeing import seen_by
from tui_migrate.engine.sentences import stamp
from tui_migrate.engine.trail_sentences import chapters, label, told
from tui_migrate.engine.view import EngineView
from tui_migrate.engine.wording import rule_words
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.files import whole
from tui_migrate.i18n import _, speaking
from tui_migrate.model.entities import entities
from tui_migrate.report.document import Document, FactList, Paragraph, Section, Table
from tui_migrate.report.export import ExportResult
from tui_migrate.report.html import html
from tui_migrate.spreadsheet import defuse
from tui_migrate.staging.store import quote
from tui_migrate.steps.import_rows import payment_fields

_MOMENT = (1980, 1, 1, 0, 0, 0)
_INNER = ("owner_source", "owner_record", "owner_profile", "digest")

Rows = list[dict[str, str]]


def write_bundle(core: Core, who: str, path: Path, language: str) -> tuple[ExportResult, str]:
    """Write the file (0600, whole); returns what it holds and the pseudonym of the person.

    Raises ``DataSaysNo`` for a person who is not there, or whom this user may not see whole.
    """
    if path.suffix.lower() != ENDING:
        raise EnvironmentProblem(_("The file of a person ends with {}.").format(ENDING))
    if not seen_by(core.runbook, core.identity, core.owner.uid).all:
        raise DataSaysNo(
            _("Only who may see all brands and channels can take out all about a person.")
        )
    view = EngineView(core)
    sheet: q.PersonSheet = answer_with(view, meant(view, q.Person(profile_id=who)))
    if not sheet.records:
        raise DataSaysNo(
            _("There is no profile or record {} here, or several have this id.").format(who)
        )
    sheet = _without_payment(core, sheet)
    names = view.pseudonyms([(record.source, record.record_id) for record in sheet.records])
    proofs, missing = _proofs(core, names)
    with speaking(language):
        files = _files(core, view, sheet, proofs, missing, language)
    content = _zipped(files)
    with whole(path) as temporary:
        temporary.write_bytes(content)
    return ExportResult(len(sheet.trail), hashlib.sha256(content).hexdigest()), next(iter(names))


def _secret(core: Core, entity: str) -> set[str]:
    """Payment fields of an entity that may not leave the workspace."""
    allowed = set(core.runbook.payment.allow) if payment_allowed(core) else set()
    return set(payment_fields(entities()[entity])) - allowed


def _without_payment(core: Core, sheet: q.PersonSheet) -> q.PersonSheet:
    secret = _secret(core, "profile")
    return replace(
        sheet,
        values=tuple(v for v in sheet.values if v.field not in secret),
        trail=tuple(
            replace(e, before="", after="", note="") if e.field in secret else e
            for e in sheet.trail
        ),
    )


def _proofs(core: Core, names: Iterable[str]) -> tuple[list[dict[str, Any]], str]:
    """A proof for each record that has sealed events; or why there is none."""
    entries = list(core.journal.entries)
    try:
        found = [prove(core.workspace.audit, entries, name) for name in names]
    except DataSaysNo as error:
        return [], error.message
    return [proof for proof in found if proof["segments"]], ""


def _files(
    core: Core,
    view: EngineView,
    sheet: q.PersonSheet,
    proofs: list[dict[str, Any]],
    missing: str,
    language: str,
) -> dict[str, str]:
    zone = core.state.zone
    belongings = _belongings(core, view, sheet)
    several = len(sheet.records) > 1
    history = [
        {
            "at": event.at,
            "chapter": title,
            "sentence": told(asdict(event), several),
            "source": event.source,
            "record": event.record_id,
        }
        for title, events in chapters(sheet.trail)
        for event in events
    ]
    facts = {
        "format": 1,
        "run": core.state.run,
        "head": core.state.head,
        "zone": zone,
        "language": language,
        **to_builtins(sheet),
        "belongings": belongings,
        "history": history,
    }
    tables: dict[str, Rows] = {
        "values": to_builtins(sheet.values),
        "records": to_builtins(sheet.records),
        "consents": to_builtins(sheet.consents),
        "history": history,
        **belongings,
    }
    files = {
        "README.txt": _readme(proofs, missing),
        "person.json": json.dumps(facts, ensure_ascii=False, indent=2) + "\n",
        "person.html": html(_document(sheet, belongings, zone, language)),
    }
    files |= {f"csv/{name}.csv": _csv(rows) for name, rows in tables.items() if rows}
    for number, proof in enumerate(proofs, 1):
        files[f"proofs/record-{number}.json"] = json.dumps(proof, ensure_ascii=False, indent=1)
    return files


def _belongings(core: Core, view: EngineView, sheet: q.PersonSheet) -> dict[str, Rows]:
    """Entity → its rows that belong to one of the records, as text."""
    keys = {
        "sources": [record.source for record in sheet.records],
        "ids": [record.record_id for record in sheet.records],
    }
    cursor = view.cursor()
    found: dict[str, Rows] = {}
    try:
        desk = Desk(view, cursor)
        for name, columns in desk.entities().items():
            if "owner_source" not in columns:
                continue
            secret = _secret(core, name)
            kept = [c for c in columns if c not in _INNER and c not in secret]
            rows = desk.rows(
                f"""
                SELECT {", ".join(f"e.{quote(c)}" for c in kept)} FROM {quote("ent_" + name)} e
                SEMI JOIN (SELECT unnest($sources::VARCHAR[]) AS source,
                                  unnest($ids::VARCHAR[]) AS id) o
                  ON e.owner_source = o.source AND e.owner_record = o.id
                ORDER BY ALL
                """,
                keys,
            )
            if rows:
                found[name] = [dict(zip(kept, map(text, row), strict=True)) for row in rows]
    finally:
        cursor.close()
    return found


def _document(
    sheet: q.PersonSheet, belongings: dict[str, Rows], zone: str, language: str
) -> Document:
    """What a person reads: who, values, permissions, what belongs to him, the whole history."""
    several = len(sheet.records) > 1
    sections = [
        Section(
            "who",
            _("Who this is about"),
            (
                FactList(
                    (
                        (_("Name"), sheet.name or "–"),
                        (_("Profile"), sheet.profile_id or "–"),
                        (
                            _("Records"),
                            ", ".join(f"{r.source} {r.record_id}" for r in sheet.records),
                        ),
                    )
                ),
            ),
        ),
        Section("values", _("Values"), (_values(sheet),)),
        Section("permissions", _("Permissions"), (_permissions(sheet, zone),)),
    ]
    sections += [
        Section(f"rows-{name}", label(name).capitalize(), (_plain_table(rows),))
        for name, rows in belongings.items()
    ]
    for number, (title, events) in enumerate(chapters(sheet.trail), 1):
        rows = tuple((stamp(e.at, zone), told(asdict(e), several)) for e in events)
        table = Table((_("When"), _("What happened")), rows)
        sections.append(Section(f"history-{number}", title, (table,)))
    return Document(
        title=_("What is known of you"),
        subtitle=_("All that this migration knows of one person, and what was done with it."),
        language=language,
        sections=tuple(sections),
        lead=(Paragraph(_("Times are those of {zone}.").format(zone=zone)),),
        contents=_("Contents"),
    )


def _values(sheet: q.PersonSheet) -> Table:
    return Table(
        (_("Field"), _("Value"), _("From"), _("Rule")),
        tuple(
            (label(v.field), v.value, f"{v.source} {v.record_id}".strip(), _said(v.rule))
            for v in sheet.values
        ),
        _("None."),
    )


def _permissions(sheet: q.PersonSheet, zone: str) -> Table:
    return Table(
        (_("Brand"), _("Channel"), _("State"), _("Evidence"), _("Rule")),
        tuple(
            (
                c.brand,
                label(c.channel),
                label(c.status),
                " ".join(filter(None, (stamp(c.evidence_at, zone)[:10], c.evidence))),
                _said(c.rule),
            )
            for c in sheet.consents
        ),
        _("None."),
    )


def _said(rule: str) -> str:
    return _(rule_words(rule)) if rule else ""


def _plain_table(rows: Rows) -> Table:
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    cells = tuple(tuple(row[name] for name in names) for row in rows)
    return Table(tuple(label(name) for name in names), cells)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV that no spreadsheet runs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([defuse(text(cell)) for cell in row.values()])
    return out.getvalue()


def _readme(proofs: list[dict[str, Any]], missing: str) -> str:
    parts = [
        _("This file answers a request for access to personal data (GDPR, articles 15 and 20)."),
        _(
            "person.html is to be read and printed; person.json and csv/ hold the same for programs."
        ),
        _("Payment data that may not leave the workspace are not in it."),
    ]
    if proofs:
        parts += [
            _(
                "proofs/ shows that the events of each record are in the trail that was sealed. Each "
                "file is checked with Python and OpenSSH, without the program that made it:"
            ),
            "  python verify.py --proof proofs/record-1.json",
            _(
                "verify.py comes with the documentation of tui-migrate. The fingerprint of the key "
                "that signed the seal stands in the report of the run; it has to be the same."
            ),
        ]
    else:
        why = missing or _("No sealed event is there yet.")
        parts.append(_("There is no proof of the events: {why}").format(why=why))
    return "\n\n".join(parts) + "\n"


def _zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _MOMENT)
            info.external_attr = 0o600 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(info, content)
    return out.getvalue()
