"""The whole report: which sections, in which order, under which banner."""

from __future__ import annotations

from tui_migrate.engine.gates import broken_glass
from tui_migrate.engine.reporting import (
    consents,
    deciding,
    evidence,
    governance,
    people,
    proof,
    rights,
    sources,
    steps,
)
from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.sentences import said
from tui_migrate.i18n import _, speaking
from tui_migrate.numerals import grouped
from tui_migrate.report.document import Block, Document, FactList, Mark, Note

LANGUAGES = ("en", "nl")


def report(material: Material, language: str) -> Document:
    """The report of a run in one language (``en`` or ``nl``)."""
    with speaking(language):
        return Document(
            title=said(material.state.title) or material.state.runbook,
            subtitle=_("Report of the migration, made on {at} ({zone})").format(
                at=material.when(material.at), zone=material.state.zone
            ),
            language=language,
            banner=_banner(material),
            contents=_("Contents"),
            lead=_lead(material),
            sections=(
                governance.purpose(material),
                sources.sources(material),
                people.people(material),
                steps.steps(material),
                evidence.checks(material),
                evidence.departures(material),
                evidence.signoffs(material),
                deciding.deciding(material),
                evidence.answers(material),
                consents.consents(material),
                consents.duplicates(material),
                sources.exceptions(material),
                proof.shared(material),
                proof.backups(material),
                rights.rights(material),
                governance.record(material),
                governance.hosting(material),
                proof.seals(material),
            ),
        )


def _banner(material: Material) -> str:
    lines = []
    if material.state.rehearsal:
        lines.append(_("REHEARSAL: nothing of this counts as a real migration."))
    broken = sorted({gate.id for gate, _sign in broken_glass(material.state)})
    if broken:
        lines.append(_("BREAK-GLASS at {gates}: signed alone.").format(gates=", ".join(broken)))
    return " ".join(lines)


def _lead(material: Material) -> tuple[Block, ...]:
    state = material.state
    blocks: list[Block] = []
    if state.rehearsal:
        blocks.append(
            Note(
                _(
                    "This run was for practice. Sign-offs counted without the hash of what they were "
                    "about, roles may be open to everybody, and it writes to files and to DuckDB only."
                ),
                "warn",
                _("What a rehearsal means."),
            )
        )
    if not material.readable:
        blocks.append(
            Note(
                _(
                    "Comments, reasons, conditions and answers are not readable here: they are in the "
                    "vault, and this report was made without it. ‹…› stands for each of them."
                ),
                "warn",
            )
        )
    if material.runbook is None:
        blocks.append(
            Note(_("The runbook that the audit keeps cannot be read by this version."), "bad")
        )
    blocks.append(
        FactList(
            (
                (_("State"), _outcome(material)),
                (_("Begun"), material.when(state.opened_at)),
                (_("Last entry"), material.when(state.at)),
                (_("Runbook"), state.runbook),
                (_("Run"), Mark(state.run, "code")),
                (_("Program"), f"tui-migrate {state.version}"),
                (_("Journal"), _("{n} entries").format(n=grouped(state.seq))),
                (_("Head: note this"), Mark(state.head, "code")),
            )
        )
    )
    blocks.append(
        Note(
            _(
                "Keep the head where whoever runs this machine cannot change it: on paper, in a mail. "
                "“tui-migrate audit verify --expect HEAD” then says whether a journal is the one that "
                "this report was made from. Without it, verification says consistent, not authentic."
            ),
            "good",
        )
    )
    return tuple(blocks)


def _outcome(material: Material) -> Mark | str:
    state = material.state
    if state.ended == "done":
        return Mark(_("complete"), "good")
    if state.ended:
        return Mark(_("aborted"), "bad")
    current = state.current
    place = said(current.outline.title) or current.id if current else ""
    return Mark(_("not finished; now at “{step}”").format(step=place), "warn")
