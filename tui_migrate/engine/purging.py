"""What is over its time is destroyed: exports and back-ups by their date, in the end the workspace.

Of a workspace the audit folder stays, with a certificate: what was destroyed, how much, when, by whom,
and the journal's head. The journal names the certificate's hash before anything goes, so that a
process that dies is carried on.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.audit.canonical import canonical
from tui_migrate.audit.objects import keep_object
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.workspace import Workspace
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.files import sha256_file, write_whole
from tui_migrate.i18n import _, neutral
from tui_migrate.staging.deliveries import files_of
from tui_migrate.staging.erasing import destroy

CERTIFICATE = "certificate"
KEPT = ("audit", "run")
"""Folders of the program that stay when a workspace is purged."""
RULES = ("runbook.yaml", "mapping", "rules")
"""What says how the work was done stays too."""
NAMED = 10
"""So many of the files that stay are named."""


@dataclass(frozen=True, slots=True)
class Over:
    """A file that is over its time: since when, and what it is."""

    path: Path
    what: str
    since: date


def purge(core: Core, command: api.Purge) -> api.Reply:
    """The command: exports and back-ups over their date, or the whole workspace."""
    if command.what == "workspace":
        return _purge_workspace(core, command)
    over = list(_over(core))
    root = core.workspace.root
    lines = [f"{o.path.relative_to(root)}  {o.what}  {o.since.isoformat()}" for o in over]
    size = sum(o.path.stat().st_size for o in over)
    told = [
        {"path": str(o.path.relative_to(root)), "kind": o.what, "last_day": o.since.isoformat()}
        for o in over
    ]
    said = {"files": told, "bytes": size, "stay": [], "certificate": ""}
    if command.dry_run or not over:
        nothing = _("Nothing is over its time.")
        return api.Reply(ok=True, message="\n".join(lines) or nothing, facts=said)
    for one in over:
        sha256 = sha256_file(one.path)
        destroy(one.path)
        if one.what == "export":
            with neutral():
                why = _("purged: its date was {}").format(one.since.isoformat())
            note = core.vault.keep_words(why)
            core.record(facts.ExportDeleted(sha256=_exported_as(core, sha256), note=note))
    entry = core.record(
        facts.Purged(
            what="exports",
            files=len(over),
            bytes=size,
            reason=core.vault.keep_words(command.reason),
        ),
        command.id,
    )
    lines.append(_("{} files destroyed.").format(len(over)))
    return api.Reply(ok=True, message="\n".join(lines), seq=entry.seq, facts=said)


def _over(core: Core) -> Iterator[Over]:
    """Exports and back-ups whose last day is behind us."""
    today = datetime.now(UTC).date()
    dates: dict[str, date] = {}
    for _entry, export in core.state.exports:
        last = date.fromisoformat(export.purge_on)
        dates[export.sha256] = max(last, dates.get(export.sha256, last))
    here = core.workspace
    target = here.root / core.runbook.target.path
    days = timedelta(days=core.runbook.retention.exports_days)
    for folder in (here.exports, here.root / "exports", here.state / "reports"):
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.is_relative_to(target):
                continue
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
            last = dates.get(_exported_as(core, sha256_file(path)), made + days)
            if last < today:
                yield Over(path, "export", last)
    for at, backup in core.state.backups:
        path = here.backups / backup.name
        last = datetime.fromisoformat(at).date() + timedelta(core.runbook.retention.backups_days)
        if path.is_file() and last < today and sha256_file(path) == backup.sha256:
            yield Over(path, "back-up", last)


def _exported_as(core: Core, sha256: str) -> str:
    """The hash under which a file was exported; an erasure may have rewritten it since."""
    before = {
        e.fact.new: e.fact.old
        for e in core.journal.entries
        if isinstance(e.fact, person_facts.FileErased)
    }
    seen = set()
    while sha256 in before and sha256 not in seen:
        seen.add(sha256)
        sha256 = before[sha256]
    return sha256


# The whole workspace.


def _purge_workspace(core: Core, command: api.Purge) -> api.Reply:
    _refuse_early(core, command)
    root, patterns = core.workspace.root, _patterns(core)
    doomed = [
        p for p in _doomed(core.workspace, patterns) if not p.is_symlink()
    ]  # what it names stays
    left = _left(core.workspace, set(doomed))
    told = {
        "files": [{"path": str(p.relative_to(root)), "kind": _kind(core, p)} for p in doomed],
        "bytes": sum(p.stat().st_size for p in doomed),
        "stay": left,
        "certificate": "",
    }
    if command.dry_run:
        lines = [str(p.relative_to(root)) for p in doomed]
        return api.Reply(ok=True, message="\n".join([*lines, *_said_of(left)]), facts=told)
    certificate = _certificate(core, doomed, command) | {"sources": patterns, "left": len(left)}
    content = canonical(certificate)
    sha256 = keep_object(core.workspace.objects, content)
    entry = core.record(
        facts.Purged(
            what="workspace",
            files=len(doomed),
            bytes=sum(f["bytes"] for f in certificate["destroyed"].values()),
            reason=core.vault.keep_words(command.reason),
            sha256=sha256,
        ),
        command.id,
    )
    core.seal("end" if core.state.ended else "export")
    _write_certificate(core.workspace, certificate, sha256)
    core.store.close()
    finish_purge(core.workspace)
    where = core.workspace.root / f"{CERTIFICATE}.md"
    message = _("{} files destroyed; the certificate: {}").format(len(doomed), where)
    said = "\n".join([message, *_said_of(left)])
    return api.Reply(ok=True, message=said, seq=entry.seq, facts=told | {"certificate": str(where)})


def _kind(core: Core, path: Path) -> str:
    """Which folder of the workspace, or of the program in it, a file is in; of a file beside them its
    name."""
    parts = path.relative_to(core.workspace.root).parts
    return parts[1] if parts[0] == core.workspace.state.name and len(parts) > 1 else parts[0]


def _patterns(core: Core) -> list[str]:
    """Where the files of the sources lie, as the runbook says (globs below the workspace)."""
    return sorted({glob for source in core.runbook.sources.values() for glob in source.files})


def _left(workspace: Workspace, doomed: set[Path]) -> list[str]:
    """What else lies in the workspace: nobody told the program what it is. Relative paths."""
    root = workspace.root
    ours = [workspace.state, *(root / name for name in RULES)]
    certificates = {f"{CERTIFICATE}.{kind}" for kind in ("md", "html", "json")}
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path not in doomed
        and path.name not in certificates
        and not any(path.is_relative_to(one) for one in ours)
    ]


def _said_of(left: list[str]) -> list[str]:
    """That they stay, and which they are."""
    if not left:
        return []
    named = ", ".join(left[:NAMED]) + ("…" if len(left) > NAMED else "")
    return [_("{} other files stay: {}. Look whether they name persons.").format(len(left), named)]


def _refuse_early(core: Core, command: api.Purge) -> None:
    if command.now:
        if not command.reason.strip():
            raise EnvironmentProblem(_("Before its time, this needs a reason."))
        return
    ended = next(
        (e.at for e in reversed(core.journal.entries) if isinstance(e.fact, facts.RunEnded)), ""
    )
    days = core.runbook.retention.workspace_days
    if not core.state.ended or not ended:
        raise DataSaysNo(
            _("The run has not ended: the workspace is still needed."),
            _("With a reason it can be purged all the same: --now --reason …"),
        )
    last = datetime.fromisoformat(ended).date() + timedelta(days=days)
    if datetime.now(UTC).date() <= last:
        raise DataSaysNo(
            _("The workspace may live until {}: {} days behind the end of the run.").format(
                last.isoformat(), days
            ),
            _("With a reason it can be purged before: --now --reason …"),
        )


def _doomed(workspace: Workspace, patterns: Iterable[str]) -> Iterator[Path]:
    """Every file with personal data, and what stands beside. ``patterns``: see ``_patterns``."""
    root, state = workspace.root, workspace.state
    folders = [root / "deliveries", root / "exports", root / "evidence"]
    folders += [p for p in sorted(state.iterdir()) if p.is_dir() and p.name not in KEPT]
    for folder in folders:
        yield from (p for p in sorted(folder.rglob("*")) if p.is_file() or p.is_symlink())
    yield from (p for p in sorted(state.iterdir()) if p.is_file())
    yield from (p for p in sorted(root.glob("decisions*.yaml")) if p.is_file())
    delivered = {Path(name) for name in files_of(root, patterns)}
    yield from sorted(
        p for p in delivered if p.is_relative_to(root) and not p.is_relative_to(root / "deliveries")
    )


def _certificate(core: Core, doomed: list[Path], command: api.Purge) -> dict[str, Any]:
    """What is destroyed, by kind: files, bytes, and one hash over path and hash of each file. Paths
    may be names of persons, so they stand in it as hashes of path and content together."""
    root, kinds = core.workspace.root, dict[str, list[tuple[str, int]]]()
    for path in doomed:
        kinds.setdefault(_kind(core, path), []).append((sha256_file(path), path.stat().st_size))
    destroyed = {
        kind: {
            "files": len(files),
            "bytes": sum(size for _sha256, size in files),
            "sha256": sorted(sha256 for sha256, _size in files),
        }
        for kind, files in sorted(kinds.items())
    }
    target = root / core.runbook.target.path
    return {
        "certificate": "destruction of personal data",
        "format": 1,
        "run": core.state.run,
        "runbook": core.state.runbook,
        "head": core.journal.head,
        "seq": core.state.seq,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": core.identity.user,
        "before_its_time": command.now,
        "destroyed": destroyed,
        "kept": ["audit", *RULES],
        "target": "destroyed" if target.is_relative_to(root / "exports") else "kept",
    }


def _write_certificate(workspace: Workspace, certificate: dict[str, Any], sha256: str) -> None:
    """The certificate for people, beside the audit folder and in it; the JSON is what counts."""
    with neutral():  # it lies in the audit folder, for whoever reads that
        lines = _lines_of(certificate, sha256)
    text = "\n".join(lines)
    content = canonical(certificate)
    page = (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(lines[0][2:])}</title>"
        f"<pre>{html.escape(text)}</pre>"
    )
    for folder in (workspace.root, workspace.audit):
        write_whole(folder / f"{CERTIFICATE}.md", text)
        write_whole(folder / f"{CERTIFICATE}.html", page)
        write_whole(folder / f"{CERTIFICATE}.json", content)  # the last: it says that it is so


def _lines_of(certificate: dict[str, Any], sha256: str) -> list[str]:
    left = certificate.get("left", 0)
    return [
        f"# {_('Certificate of destruction')}",
        "",
        _("Personal data of the migration {} (run {}) were destroyed.").format(
            certificate["runbook"], certificate["run"]
        ),
        "",
        f"- {_('when')}: {certificate['at']}",
        f"- {_('by')}: {certificate['by']}",
        f"- {_('head of the journal before')}: `{certificate['head']}`",
        f"- {_('SHA-256 of this certificate (JSON)')}: `{sha256}`",
        "",
        f"| {_('what')} | {_('files')} | {_('bytes')} |",
        "|---|---:|---:|",
        *(f"| {k} | {v['files']} | {v['bytes']} |" for k, v in certificate["destroyed"].items()),
        "",
        *([_("Other files in the folder that stay: {}.").format(left), ""] if left else []),
        _("The audit folder stays; tui-migrate audit verify checks it with this certificate."),
        "",
    ]


def purged(workspace: Workspace) -> str:
    """When the workspace was purged; '' when it was not."""
    path = workspace.audit / f"{CERTIFICATE}.json"
    return str(json.loads(path.read_bytes())["at"]) if path.is_file() else ""


def finish_purge(workspace: Workspace) -> None:
    """Destroy what the certificate speaks of; again and again the same."""
    certificate = json.loads((workspace.audit / f"{CERTIFICATE}.json").read_bytes())
    for path in list(_doomed(workspace, certificate.get("sources", ()))):
        destroy(path)
    folders = [
        workspace.root / "deliveries",
        workspace.root / "exports",
        workspace.root / "evidence",
    ]
    folders += [p for p in workspace.state.iterdir() if p.is_dir() and p.name not in KEPT]
    for folder in folders:
        for inner in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            inner.rmdir()
        if folder.is_dir():
            folder.rmdir()


def finish_begun(core: Core) -> None:
    """A purge that was killed before its certificate was written is carried out: the journal names it,
    and an object holds it. Raises ``DataSaysNo`` then, as for every purged workspace."""
    for _entry, fact in core.state.purges:
        if fact.what != "workspace":
            continue
        certificate = json.loads((core.workspace.objects / fact.sha256).read_bytes())
        core.seal("end" if core.state.ended else "export")
        _write_certificate(core.workspace, certificate, fact.sha256)
        core.store.close()
        refuse_purged(core.workspace)


def refuse_purged(workspace: Workspace) -> None:
    """Raise ``DataSaysNo`` when nothing but the audit is left; finish what was begun."""
    at = purged(workspace)
    if at:
        finish_purge(workspace)
        raise DataSaysNo(
            _("This workspace was purged ({}): the audit is all that is left.").format(at[:10]),
            _("tui-migrate audit verify, log and replay still read it."),
        )
