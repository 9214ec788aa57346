"""Commands on the audit: verify, log, show, replay; report and lineage are in ``reports``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_migrate.cli import reports
from tui_migrate.cli.common import (
    JsonOption,
    WorkspaceOption,
    has_terminal,
    opened,
    print_json,
    read_journal,
    read_run,
    result,
    say,
)
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.audit.entries import Entry
    from tui_migrate.audit.lookup import Event
    from tui_migrate.audit.verify import Verdict
    from tui_migrate.engine.audit_queries import Verified
    from tui_migrate.engine.sentences import Words

audit_app = typer.Typer(help=_("What proves the run."), no_args_is_help=True, rich_markup_mode=None)
AT_ONCE = 1000
"""Words of one question to the engine."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    reports.register(audit_app)
    app.add_typer(audit_app, name="audit")


@audit_app.command()
def verify(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help=_("A (copied) audit folder."))
    ] = None,
    expect: Annotated[str, typer.Option(help=_("The journal's head as known from outside."))] = "",
    signers: Annotated[
        Path | None, typer.Option(help=_("An allowed_signers file that was kept outside."))
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Check journal, trail, seals and signatures; say exactly what is wrong."""
    from tui_migrate.audit.verify import verify as check
    from tui_migrate.cli.closed import verified_by_engine
    from tui_migrate.engine.workspace import Workspace

    if signers is not None and not signers.is_file():
        raise EnvironmentProblem(_("There is no file {}.").format(signers))
    verdict: Verdict | Verified
    if folder is None and Workspace(workspace.resolve()).is_others:
        verdict = verified_by_engine(workspace, expect, signers)
    else:
        where = folder or workspace.resolve() / ".tui-migrate" / "audit"
        if not where.is_dir():
            raise EnvironmentProblem(_("There is no audit folder {}.").format(where))
        verdict = check(where, expect, signers)
    if as_json:
        print_json(
            {
                "ok": verdict.ok,
                "entries": verdict.entries,
                "trusted": verdict.trusted,
                "authentic": verdict.authentic,
                "segments": verdict.segments,
                "events": verdict.events,
                "seals": verdict.seals,
                "signatures": verdict.signatures,
                "ended": verdict.ended,
                "head": verdict.head,
                "anchored": bool(expect) or signers is not None,
                "problems": list(verdict.problems),
                "notes": list(verdict.notes),
            }
        )
        return int(Exit.DONE if verdict.ok else Exit.NO)
    for problem in verdict.problems:
        result(f"✗ {problem}")
    for note in verdict.notes:
        result(f"• {note}")
    result(
        _("{} entries, {} segments with {} events, {} seals; head {}").format(
            verdict.entries, verdict.segments, verdict.events, verdict.seals, verdict.head
        )
    )
    result(_conclusion(verdict))
    return int(Exit.DONE if verdict.ok else Exit.NO)


def _conclusion(verdict: Verdict | Verified) -> str:
    """What the verdict comes to, in one line."""
    if not verdict.ok:
        if verdict.entries and len(verdict.problems) == 1 and not verdict.ended:  # its end alone
            return _("✗ Consistent to its last entry, {}; trust ends there.").format(
                verdict.entries
            )
        if verdict.trusted:
            return _("✗ Trust ends behind entry {}.").format(verdict.trusted)
        return _("✗ Nothing of it can be trusted.")
    if not verdict.authentic:
        return _(
            "✓ consistent. (Authentic only against an anchor from outside: --expect, --signers.)"
        )
    if verdict.authentic == verdict.entries:
        return _("✓ authentic, to its last entry.")
    return _("✓ authentic up to entry {}; what follows is consistent.").format(verdict.authentic)


@audit_app.command("rotate-key")
def rotate_key(workspace: WorkspaceOption = Path()) -> int:
    """Make a new key for the seals; the present one signs for it, and the journal says so."""
    from tui_migrate.engine.api import RotateKey

    with opened(workspace) as client:
        reply = client.send(RotateKey())
        if not reply.ok:
            say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
            return reply.exit_code
        fact = client.entries(reply.seq, reply.seq)[0].fact
        result(str(getattr(fact, "public", "")))
    return int(Exit.DONE)


FolderOption = Annotated[
    Path | None, typer.Option(help=_("A copied audit folder; it needs nothing else."))
]


@audit_app.command()
def log(
    folder: FolderOption = None, workspace: WorkspaceOption = Path(), as_json: JsonOption = False
) -> int:
    """The journal in plain sentences."""
    from tui_migrate.cli.closed import journal_of_engine
    from tui_migrate.engine.run import RunState, apply
    from tui_migrate.engine.sentences import sentence, stamp
    from tui_migrate.engine.workspace import Workspace

    if as_json and folder is None and Workspace(workspace.resolve()).is_others:
        for part in journal_of_engine(workspace):
            typer.echo(part, nl=False)
        return int(Exit.DONE)
    journal, vault, entries = _journal(folder, workspace)
    if as_json:
        if journal.exists():
            typer.echo(journal.read_text(), nl=False)
        return int(Exit.DONE)
    words = _words(vault) if folder is not None else _known_words(workspace, entries)
    state = RunState()
    for entry in entries:
        apply(state, entry)
        moment = stamp(entry.at, state.zone)
        result(f"{entry.seq:>6}  {moment}  {entry.by:<10} {sentence(entry, state, words)}")
    return int(Exit.DONE)


def _journal(folder: Path | None, root: Path) -> tuple[Path, Path, list[Entry]]:
    """Journal, vault and entries, of a copied audit folder or of a workspace. A vault that was copied
    along stands beside the folder, as it does in a workspace."""
    if folder is None:
        here, entries, _state = read_run(root)
        return here.journal, here.vault, entries
    journal, vault = folder / "journal.jsonl", folder.resolve().parent / "vault"
    if not journal.is_file():
        raise EnvironmentProblem(_("There is no journal.jsonl in {}.").format(folder))
    return journal, vault, read_journal(journal, vault)


def _words(folder: Path) -> Words:
    from tui_migrate.audit.vault import Vault

    return Vault(folder).words if folder.is_dir() else (lambda _reference: "")


def _known_words(root: Path, entries: list[Entry]) -> Words:
    """Opens commitments with the vault; for who may not read it, the engine says what he may know."""
    from tui_migrate.engine.attach import attach
    from tui_migrate.engine.queries import Said
    from tui_migrate.engine.run import RunState, apply
    from tui_migrate.engine.sentences import sentence
    from tui_migrate.engine.workspace import Workspace

    here = Workspace(root.resolve())
    if not here.is_others:
        return _words(here.vault)
    wanted: dict[str, str] = {}
    state = RunState()
    for entry in entries:
        apply(state, entry)
        sentence(entry, state, lambda reference: wanted.setdefault(reference, ""))
    client = attach(here.root)
    if client is None:
        raise here.not_yours()
    with closing(client):
        references = list(wanted)
        for start in range(0, len(references), AT_ONCE):
            wanted |= client.ask(Said(references=tuple(references[start : start + AT_ONCE])))
    return wanted.__getitem__


@audit_app.command()
def show(
    profile: Annotated[
        str,
        typer.Argument(metavar="PROFILE", help=_("Profile id, source/record, or a pseudonym.")),
    ],
    folder: Annotated[
        Path | None, typer.Option(help=_("A copied audit folder (then PROFILE is a pseudonym)."))
    ] = None,
    lang: Annotated[str, typer.Option(help=_("Language: en or nl (default: the reader's)."))] = "",
    export: Annotated[
        Path | None,
        typer.Option(help=_("Write all about the person into this ZIP file (access request).")),
    ] = None,
    to: Annotated[str, typer.Option(help=_("For whom the file is; it is journalled."))] = "",
    basis: Annotated[str, typer.Option(help=_("On which ground; it is journalled."))] = "",
    reason: Annotated[str, typer.Option(help=_("Why you look; it is journalled."))] = "",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """What happened to one person, from the delivered rows to the target, in plain sentences."""
    if export is not None:
        if folder is not None:
            raise EnvironmentProblem(_("A copied audit folder has no values: --export needs -w."))
        from tui_migrate.cli.person import export_person

        return export_person(workspace, profile, export, lang, to, basis)
    if folder is None:
        from tui_migrate.cli.person import show_person

        return show_person(workspace, profile, lang, reason, as_json=as_json)
    return _show_pseudonym(folder, profile, as_json=as_json)


def _show_pseudonym(folder: Path, profile: str, *, as_json: bool) -> int:
    """The events of a pseudonym in a copied folder, without values."""
    from tui_migrate.audit.journal import read_entries
    from tui_migrate.audit.lookup import trail_of

    entries = list(read_entries(folder / "journal.jsonl"))
    events: list[Event] = []
    pending, seen = [profile], set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        found = trail_of(folder, None, entries, name)
        events += found
        pending += [e.other for e in found if e.event == "merged" and e.other]
    if not events:
        raise DataSaysNo(_("The trail has no profile {}.").format(profile))
    events.sort(key=lambda e: (e.at, e.step, e.seq))
    if as_json:
        print_json([{f: getattr(e, f) for f in e.__dataclass_fields__} for e in events])
        return int(Exit.DONE)
    for event in events:
        parts = [event.event, event.field or "", event.rule or ""]
        line = " · ".join(part for part in parts if part)
        result(_plain(f"{event.at[:19].replace('T', ' ')}  {event.step:<18} {line}"))
    return int(Exit.DONE)


def _plain(text: str) -> str:
    """Values from data may hold control characters: shown, not obeyed, by a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


@audit_app.command()
def replay(
    to: Annotated[int | None, typer.Option("--to", help=_("Up to this entry."))] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--recompute",
            help=_("Do the steps again and say whether every unit comes out the same."),
        ),
    ] = False,
    folder: FolderOption = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """The run as it stood at an earlier entry (the full-screen program steps through it with r)."""
    from tui_migrate.engine.headless import summary
    from tui_migrate.engine.run import fold

    if again:
        if folder is not None or to is not None:
            raise EnvironmentProblem(
                _("--recompute needs the workspace with its deliveries: neither --folder nor --to.")
            )
        from tui_migrate.cli.recompute import recompute_and_tell

        return recompute_and_tell(workspace, as_json=as_json)
    _file, _vault, entries = _journal(folder, workspace)
    if not entries:
        raise DataSaysNo(_("Nothing was begun here."))
    at = min(max(to if to is not None else len(entries), 1), len(entries))
    state = fold(entries[:at])
    if as_json:
        from tui_migrate.cli.runs import run_facts
        from tui_migrate.engine.workspace import Workspace

        print_json(run_facts(Workspace((folder or workspace).resolve()), state))
        return int(Exit.DONE)
    say(_("REPLAY at entry {} of {}, {}").format(at, len(entries), state.at[:19].replace("T", " ")))
    for line in summary(state):
        result(line)
    if has_terminal() and folder is None:
        say(_("Step through it in the full-screen program: press r."))
    return int(Exit.DONE)
