"""Files that went out, back-ups, seals: what somebody can ask for later."""

from __future__ import annotations

from datetime import datetime

from tui_migrate.audit import entries as facts
from tui_migrate.engine.reporting.governance import missing
from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.report.document import Cell, FactList, Lines, Mark, Section, Table


def shared(material: Material) -> Section:
    """The register of files that were taken out, and whether they are gone again."""
    gone = {f.sha256: (e, f) for e, f in material.of(facts.ExportDeleted)}
    rows: list[tuple[Cell, ...]] = []
    for entry, export in material.state.exports:
        rows.append(
            (
                Lines((export.what, Mark(_rows(export.rows), "quiet"))),
                Lines((entry.by, material.moment(entry.at))),
                *_for_whom(material, export),
                _purge(material, export, gone),
                Mark(export.sha256, "code"),
            )
        )
    columns = (_("What"), _("Taken out by"), _("For whom"), _("Basis"), _("Purge on"), "SHA-256")
    return Section(
        "shared",
        _("Register of shared files"),
        (Table(columns, tuple(rows), _("Nothing was taken out.")),),
    )


def _rows(number: int) -> str:
    return ngettext("{n} row", "{n} rows", number).format(n=grouped(number))


def _for_whom(material: Material, export: facts.Exported) -> tuple[Cell, Cell]:
    """Recipient and basis as they were said; what goes back to a source is for its owner."""
    recipient, basis = material.said(export.recipient), material.said(export.basis)
    parts = export.what.split("/")
    if not recipient and parts[:2] == ["exports", "back"] and len(parts) > 3:
        spec = material.runbook.sources.get(parts[2]) if material.runbook is not None else None
        owner = spec.owner if spec is not None and spec.owner else _("not stated")
        recipient = _("source {name}: {owner}").format(name=parts[2], owner=owner)
        basis = basis or _("changes go back to their source")
    return recipient or missing(), basis or missing()


def _purge(
    material: Material,
    export: facts.Exported,
    gone: dict[str, tuple[facts.Entry, facts.ExportDeleted]],
) -> Cell:
    if export.sha256 in gone:
        entry, deleted = gone[export.sha256]
        parts: list[str | Mark] = [
            Mark(_("deleted, said {by}").format(by=entry.by), "good"),
            material.moment(entry.at),
        ]
        if deleted.note:
            parts.append(material.said(deleted.note))
        if deleted.proof:
            parts.append(Mark(deleted.proof, "code"))
        return Lines(tuple(parts))
    overdue = bool(export.purge_on) and export.purge_on < material.at[:10]
    state = Mark(_("overdue, no proof"), "bad") if overdue else Mark(_("no proof yet"), "quiet")
    return Lines((export.purge_on, state))


def backups(material: Material) -> Section:
    """Back-ups, how old they are, and whether they were restored for a test."""
    rows = tuple(
        (
            backup.name,
            Lines((material.moment(at), Mark(_age(at, material.at), "quiet"))),
            backup.files,
            backup.size,
            Mark(_("✓ restored and counted"), "good")
            if backup.verified
            else Mark(_("✗ not verified"), "bad"),
            Mark(backup.sha256, "code"),
        )
        for at, backup in material.state.backups
    )
    columns = (_("Back-up"), _("Made"), _("Files"), _("Bytes"), _("Restore test"), "SHA-256")
    return Section("backups", _("Back-ups"), (Table(columns, rows, _("No back-up was made.")),))


def _age(at: str, now: str) -> str:
    made, asked = moment(at), moment(now)
    if not isinstance(made, datetime) or not isinstance(asked, datetime):
        return ""
    hours = int((asked - made).total_seconds() // 3600)
    if hours < 48:
        return ngettext("{n} hour old", "{n} hours old", hours).format(n=hours)
    days = hours // 24
    return ngettext("{n} day old", "{n} days old", days).format(n=days)


def seals(material: Material) -> Section:
    """Seals, and the head that anchors everything above."""
    rows = tuple(
        (
            seal.number,
            seal.reason,
            material.moment(seal.at),
            seal.seq,
            seal.segments,
            Mark(seal.head, "code"),
        )
        for seal in material.seals
    )
    keys = tuple(dict.fromkeys(seal.key for seal in material.seals if seal.key))
    signed = Lines(tuple(Mark(key, "code") for key in keys)) if keys else _("not signed")
    columns = (_("Seal"), _("At"), _("When"), _("Entry"), _("Segments"), _("Head of the journal"))
    head = FactList(
        (
            (_("Made from"), _("{n} entries").format(n=grouped(material.state.seq))),
            (_("Head: note this"), Mark(material.state.head, "code")),
            (_("Key of the seals: note this too"), signed),
        )
    )
    return Section("seals", _("Seals"), (Table(columns, rows, _("Nothing was sealed yet.")), head))
