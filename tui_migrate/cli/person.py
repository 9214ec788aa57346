"""What ``audit show`` prints of one person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_migrate.cli.common import opened, print_json, result, say
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit
from tui_migrate.i18n import _, language, speaking

if TYPE_CHECKING:
    from tui_migrate.engine.person_queries import PersonSheet

LANGUAGES = ("en", "nl")


def require_language(asked: str) -> str:
    """The language asked for, else the reader's. ``EnvironmentProblem`` for one that there is not."""
    if asked and asked not in LANGUAGES:
        raise EnvironmentProblem(
            _("There is no language {}.").format(asked), _("There are: en, nl.")
        )
    return asked or language()


def show_person(root: Path, who: str, lang: str, reason: str, *, as_json: bool) -> int:
    """The whole history of a person, as the engine tells it to this user."""
    from tui_migrate.engine.person_queries import Person

    chosen = require_language(lang)
    with opened(root) as client:
        sheet: PersonSheet = client.ask(Person(profile_id=who, reason=reason))
        zone = client.state.zone
    if not sheet.records:
        raise DataSaysNo(
            _("There is no profile or record {} here, or several have this id.").format(who),
            _("Name it as a profile id or as source/record, such as crm/R0001234."),
        )
    with speaking(chosen):
        if as_json:
            print_json(facts_of(sheet))
        else:
            _print(sheet, zone)
    return int(Exit.DONE)


def facts_of(sheet: PersonSheet) -> dict[str, Any]:
    """The sheet as JSON, each event with its sentence."""
    from msgspec import to_builtins

    from tui_migrate.engine.trail_sentences import chapter_of, told

    facts: dict[str, Any] = to_builtins(sheet)
    several = len(sheet.records) > 1
    for event in facts["trail"]:
        event["chapter"] = chapter_of(event["event"])
        event["sentence"] = told(event, several)
    return facts


def _print(sheet: PersonSheet, zone: str) -> None:
    from msgspec.structs import asdict

    from tui_migrate.engine.sentences import stamp
    from tui_migrate.engine.trail_sentences import chapters, told

    several = len(sheet.records) > 1
    name = sheet.name or "–"
    result(f"{name}  {sheet.profile_id}".rstrip())
    records = ", ".join(f"{r.source} {r.record_id}" for r in sheet.records)
    result(_("Records: {records}").format(records=records))
    for title, events in chapters(sheet.trail):
        result("")
        result(title)
        for event in events:
            result(f"  {stamp(event.at, zone):<16}  {told(asdict(event), several)}")
    say(_("Times are those of {zone}. This look stands in the journal.").format(zone=zone))


def export_person(root: Path, who: str, file: Path, lang: str, to: str, basis: str) -> int:
    """Everything about a person in one file, for an access request; it is journalled."""
    from tui_migrate.engine.api import Export
    from tui_migrate.engine.exporting import PERSON

    command = Export(
        what=PERSON,
        path=str(file.resolve()),
        subject=who,
        language=require_language(lang),
        recipient=to,
        basis=basis,
    )
    with opened(root) as client:
        reply = client.send(command)
    if not reply.ok:
        raise (DataSaysNo if reply.exit_code == Exit.NO else EnvironmentProblem)(
            reply.message, reply.hint
        )
    say(reply.message)
    return int(Exit.DONE)
