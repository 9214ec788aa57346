"""What the runbook states for governance. What is missing is said to be missing."""

from __future__ import annotations

from tui_migrate.engine.reporting.material import Material
from tui_migrate.i18n import _, language
from tui_migrate.report.document import (
    Block,
    Cell,
    FactList,
    Lines,
    Mark,
    Paragraph,
    Section,
    Table,
)
from tui_migrate.runbook.base import Text
from tui_migrate.runbook.governance import Contact, Governance, Place


def missing() -> Mark:
    """What stands where the runbook says nothing."""
    return Mark(_("not stated"), "warn")


def words(text: Text | None) -> Cell:
    """A text of the runbook, or that it is missing."""
    return text.words(language()) if text is not None else missing()


def _stated(material: Material) -> Governance:
    runbook = material.runbook
    return (runbook.governance if runbook is not None else None) or Governance()


def purpose(material: Material) -> Section:
    """What the migration is for, and what it touches."""
    stated, runbook = _stated(material), material.runbook
    target: Cell = missing()
    terms: Cell = missing()
    if runbook is not None:
        target = f"{runbook.target.type} · {runbook.target.path}"
        terms = _("exports {exports} days, the workspace {workspace} days").format(
            exports=runbook.retention.exports_days, workspace=runbook.retention.workspace_days
        )
    return Section(
        "purpose",
        _("Purpose"),
        (
            FactList(
                (
                    (_("Purpose"), words(stated.purpose)),
                    (_("Legal basis"), words(stated.basis)),
                    (_("Brands"), ", ".join(material.state.brands)),
                    (_("Target"), target),
                    (_("Kept for"), terms),
                )
            ),
        ),
    )


def _contact(contact: Contact | None, *, optional: bool = False) -> Cell:
    if contact is None:
        return Mark(_("none stated"), "quiet") if optional else missing()
    return f"{contact.name} · {contact.contact}" if contact.contact else contact.name


def _listed(texts: tuple[Text, ...]) -> Cell:
    return Lines(tuple(t.words(language()) for t in texts)) if texts else missing()


def record(material: Material) -> Section:
    """The record of processing, the processors, the impact assessment."""
    stated = _stated(material)
    return Section(
        "record",
        _("Record of processing (GDPR art. 30)"),
        (
            FactList(
                (
                    (_("Controller"), _contact(stated.controller)),
                    (_("Joint controller"), _contact(stated.joint_controller, optional=True)),
                    (_("Representative"), _contact(stated.representative, optional=True)),
                    (_("Data protection officer"), _contact(stated.data_protection_officer)),
                    (_("Purposes"), words(stated.purpose)),
                    (_("Data subjects"), _listed(stated.data_subjects)),
                    (_("Recipients"), _listed(stated.recipients)),
                    (_("Transfers to third countries"), words(stated.transfers)),
                    (_("Security measures"), words(stated.security)),
                )
            ),
            Table(
                (_("Category of data"), _("Kept for")),
                tuple((words(c.name), words(c.retention)) for c in stated.data_categories),
                _("No category of personal data is stated."),
                _("Categories of data and their terms"),
            ),
            _processors(stated),
            *_assessment(stated),
        ),
    )


def _processors(stated: Governance) -> Table:
    return Table(
        (_("Processor"), _("Does"), _("Agreement"), _("Signed on"), _("Country")),
        tuple(
            (
                p.name,
                words(p.role),
                p.agreement or missing(),
                p.signed_on.isoformat() if p.signed_on else missing(),
                p.country or missing(),
            )
            for p in stated.processors
        ),
        _("No processor is stated."),
        _("Processor agreements"),
    )


def _assessment(stated: Governance) -> tuple[Block, ...]:
    dpia = stated.dpia
    title = _("Data protection impact assessment")
    if dpia is None:
        return (Paragraph(f"{title}: " + _("not stated"), "warn"),)
    return (
        FactList(
            (
                (title, _("required") if dpia.required else _("not required")),
                (_("Reference"), dpia.reference or missing()),
                (_("Done on"), dpia.done_on.isoformat() if dpia.done_on else missing()),
                (_("Outcome"), words(dpia.outcome)),
            )
        ),
    )


def hosting(material: Material) -> Section:
    """Where the data are."""
    stated, runbook = _stated(material).hosting, material.runbook
    rows: list[tuple[Cell, ...]] = []
    for name, spec in runbook.sources.items() if runbook is not None else ():
        place = stated.sources.get(name) or stated.sources.get(spec.system or name)
        if spec.not_present is None:
            rows.append((_("source {name}").format(name=name), *_place(place)))
    rows += [
        (_("staging"), *_place(stated.staging)),
        (_("target"), *_place(stated.target)),
        (_("share for files"), *_place(stated.file_share)),
    ]
    columns = (_("What"), _("Where"), _("Hosted by"), _("Country"))
    return Section("hosting", _("Hosting locations"), (Table(columns, tuple(rows)),))


def _place(place: Place | None) -> tuple[Cell, Cell, Cell]:
    if place is None:
        return (missing(), missing(), missing())
    return (place.where, place.by or missing(), place.country or missing())
