"""The safe lane: look at what merges without a person, sample it, confirm it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_migrate.cli.common import (
    JsonOption,
    WorkspaceOption,
    has_terminal,
    opened,
    print_json,
    result,
    say,
    told_json,
)
from tui_migrate.cli.people import send
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped

if TYPE_CHECKING:
    from tui_migrate.engine.api import AnyCommand, Client
    from tui_migrate.engine.lane_queries import LaneExample, LaneKnown, LaneSheet

ACTIONS = ("show", "draw", "sample", "judge", "confirm", "review", "undo")
VERDICTS = ("right", "wrong", "unsure")
SAMPLE = 5000
"""More than any plan of the standard draws."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(lane)


def lane(
    action: Annotated[
        str, typer.Argument(metavar="[show|draw|sample|judge|confirm|review|undo]")
    ] = "show",
    subject: Annotated[
        str,
        typer.Argument(metavar="[N|SOURCE/RECORD]", help=_("The number of clusters, or a record.")),
    ] = "",
    verdict: Annotated[
        str, typer.Argument(metavar="[VERDICT]", help=_("right, wrong or unsure."))
    ] = "",
    by: Annotated[
        str, typer.Option(help=_("Count by kind, band, size, source or brand."))
    ] = "kind",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """What merges without a person: counts, a sample to check, one confirmation for all."""
    from tui_migrate.engine import api
    from tui_migrate.engine.lane_queries import GROUPS, LanePrecision, SafeLane

    if action not in ACTIONS:
        raise EnvironmentProblem(_("An action is one of {}.").format(", ".join(ACTIONS)))
    if by not in GROUPS:
        raise EnvironmentProblem(_("Clusters are counted by one of {}.").format(", ".join(GROUPS)))
    with opened(workspace) as client:
        sheet: LaneSheet = client.ask(SafeLane(group=by))
        if action == "show":
            return _show(sheet, client.ask(LanePrecision()), as_json)
        if action == "sample":
            return _sample(client, sheet, as_json)
        command: AnyCommand
        match action:
            case "draw":
                command, done = api.DrawLane(), _("Drawn: {}")
            case "judge":
                command, done = _verdict(client, sheet, subject, verdict), _("Judged: {}")
            case "undo":
                if sheet.decision is None:
                    raise DataSaysNo(_("Nothing was decided about all of it."))
                command, done = api.TakeBack(entry=sheet.decision.entry), _("Taken back. {}")
            case _:
                number = _number(sheet, subject)
                decision = "merge" if action == "confirm" else "review"
                command = api.DecideLane(typed=number, sha256=sheet.sha256, decision=decision)
                done = _("Decided: {}")
        return _sent(client, command, done, as_json)


def _sent(client: Client, command: AnyCommand, done: str, as_json: bool) -> int:
    """Have it done, and say how the lane stands then."""
    from tui_migrate.engine.lane_queries import SafeLane
    from tui_migrate.engine.lane_words import decision_words, lot_share_words, lot_words

    if as_json:
        reply = client.send(command)
        return told_json(reply, _facts(client.ask(SafeLane())) if reply.ok else {})
    code = send(client, command, done.partition("{}")[0].strip(" :") + ".")
    if code == Exit.DONE:
        now: LaneSheet = client.ask(SafeLane())
        if now.lot is not None:
            result(_("sample: {}").format(lot_words(now.lot)))
            if said := lot_share_words(now.lot):
                result(f"  {said}")
        result(decision_words(now))
    return code


def _facts(sheet: LaneSheet | LaneKnown) -> dict[str, Any]:
    """What ``lane --json`` prints."""
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(sheet)
    return told


def _show(sheet: LaneSheet, known: LaneKnown, as_json: bool) -> int:
    from tui_migrate.engine.lane_words import (
        clusters,
        decision_words,
        group_words,
        known_words,
        lot_share_words,
        lot_words,
        plan_words,
        value_words,
    )

    if as_json:
        print_json(_facts(sheet) | {"precision": _facts(known)})
        return int(Exit.DONE)
    if not sheet.ready:
        raise DataSaysNo(
            _("Nothing is known yet of what merges without a person."),
            _("tui-migrate run goes on."),
        )
    result(
        _("{} would merge without a person: {} records, {} pairs").format(
            clusters(sheet.clusters), grouped(sheet.records), grouped(sheet.pairs)
        )
    )
    rows = [(value_words(sheet.group, row.value), row) for row in sheet.rows]
    width = max((len(name) for name, _row in rows), default=0)
    if rows:
        result(f"  {group_words(sheet.group)}:")
    for name, row in rows:
        result(f"  {name:<{width}}  {grouped(row.clusters):>10}")
    for lot in sheet.lots:
        result(_("sample of entry {}: {}").format(lot.entry, lot_words(lot)))
        if said := lot_share_words(lot):
            result(f"  {said}")
    if sheet.size and sheet.lot is None:
        result(_("a sample would be {}").format(plan_words(sheet)))
    result(decision_words(sheet))
    for text in known_words(known):
        result(text)
    if sheet.sha256:
        result(_("list {}").format(sheet.sha256))
    return int(Exit.DONE)


def _drawn(client: Client, sheet: LaneSheet) -> list[LaneExample]:
    from tui_migrate.engine.lane_queries import LaneExamples, LanePage

    if sheet.lot is None:
        raise DataSaysNo(_("No sample was drawn."), _("tui-migrate lane draw draws one."))
    page: LanePage = client.ask(LaneExamples(lot=sheet.lot.entry, limit=SAMPLE))
    return list(page.rows)


def _sample(client: Client, sheet: LaneSheet, as_json: bool) -> int:
    rows = _drawn(client, sheet)
    if as_json:
        print_json(
            [
                {"records": ["/".join(r) for r in row.records], "verdict": row.verdict}
                for row in rows
            ]
        )
        return int(Exit.DONE)
    for row in rows:
        names = "  ".join("/".join(record) for record in row.records)
        result(f"{row.verdict or '–':<6} {names}")
    return int(Exit.DONE)


def _verdict(client: Client, sheet: LaneSheet, record: str, verdict: str) -> AnyCommand:
    from tui_migrate.engine import api

    if verdict not in VERDICTS:
        raise EnvironmentProblem(_("A verdict is one of {}.").format(", ".join(VERDICTS)))
    rows = _drawn(client, sheet)
    wanted = tuple(record.split("/", 1))
    found = next((row.records for row in rows if wanted in row.records), None)
    if found is None or sheet.lot is None:
        raise DataSaysNo(
            _("{} is of no cluster of the sample.").format(record), _("tui-migrate lane sample")
        )
    return api.DecideCluster(
        records=found,
        decision="unsure" if verdict == "unsure" else "settled",
        groups=(tuple(range(len(found))),) if verdict == "right" else (),
        lot=sheet.lot.entry,
    )


def _number(sheet: LaneSheet, text: str) -> int:
    """The number of clusters, as a person typed it."""
    plain = text.replace(" ", "")
    if plain.isascii() and plain.isdecimal():
        return int(plain)
    if text or not has_terminal():
        raise EnvironmentProblem(
            _("This needs the number of clusters."), _("tui-migrate lane shows it.")
        )
    say(_("They would merge without a person: tui-migrate lane shows what they are."))
    return int(typer.prompt(_("To decide, type the number of clusters"), type=int, err=True))
