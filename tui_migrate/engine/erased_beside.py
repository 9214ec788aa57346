"""Files beside the deliveries that were read, in an erasure: exports, evidence, what lies about, logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.engine import erased_files
from tui_migrate.engine.core import Core
from tui_migrate.engine.exporting import ENDING, PERSON
from tui_migrate.files import sha256_file, sha256_known
from tui_migrate.i18n import _
from tui_migrate.staging.deliveries import MANIFEST, find_deliveries
from tui_migrate.staging.erasing import destroy
from tui_migrate.staging.papers import unnamed
from tui_migrate.steps.erasing_plan import Plan


def beside(core: Core, plan: Plan, read: set[str]) -> None:
    """What lies among the deliveries and was not read. A delivery that is still to be read stays: what
    is his in it goes then."""
    values = erased_files.Values(plan)
    known = {
        path
        for source, spec in core.runbook.sources.items()
        for delivery in find_deliveries(core.workspace.root, source, spec.files)
        for path in delivery.files
    }
    for path in sorted((core.workspace.root / "deliveries").rglob("*")):
        if not path.is_file():
            continue
        if path.name == MANIFEST:
            if erased_files.names_him(path, values):
                plan.left.append(_("The manifest of {} names him.").format(path.parent.name))
        elif path not in known:
            _one_file(core, plan, path, noting(core, "evidence"))
        elif core.tombstones().delivered(sha256_known(path)) not in read:
            place = path.relative_to(core.workspace.root)
            if erased_files.names_him(path, values):
                plan.left.append(
                    _("{} names him: it goes from there when it is read.").format(place)
                )


def exports(core: Core, plan: Plan) -> None:
    """Exports and reports, wherever the program puts them; not the target."""
    root, target = core.workspace.root, core.workspace.root / core.runbook.target.path
    note = noting(core, "export")
    for folder in (core.workspace.exports, root / "exports", core.workspace.state / "reports"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_relative_to(target) and path != target:
                _one_file(core, plan, path, note)


def others(core: Core, plan: Plan) -> None:
    """What people keep beside: evidence, decision files. Runbook, mappings and rules are looked at
    only: the audit folder keeps them word by word."""
    root = core.workspace.root
    taken = [root / "deliveries", root / "exports", root / "mapping", root / "rules"]
    taken += [core.workspace.state, root / core.runbook.target.path]
    read = {f.path for f in plan.files}
    for path in sorted(root.rglob("*")):
        skip = str(path.relative_to(root)) in read or path.name in ("runbook.yaml", "backup.key")
        if path.is_file() and not skip and not any(path.is_relative_to(f) for f in taken):
            _one_file(core, plan, path, noting(core, "evidence"))
    values = erased_files.Values(plan)
    rules = [p for folder in ("mapping", "rules") for p in sorted((root / folder).rglob("*"))]
    for path in (root / "runbook.yaml", *rules):
        if path.is_file() and erased_files.names_him(path, values):
            plan.left.append(_("{} names him, and was left.").format(path.relative_to(root)))


def handed_out(core: Core, plan: Plan) -> None:
    """Answers to his requests for access that are nowhere in the workspace: somebody has them."""
    gone = {
        fact.old if isinstance(fact, person_facts.FileErased) else fact.sha256
        for fact in (entry.fact for entry in core.journal.entries)
        if isinstance(fact, person_facts.FileErased | facts.ExportDeleted)
    }
    plan.left += [
        _("All about him was taken out on {} (SHA-256 {}…): whoever has that file has to destroy it.")
        .format(entry.at[:10], sha256[:12])
        for sha256, entry in _bundles(core, plan).items()
        if sha256 not in gone
    ]  # fmt: skip


def _bundles(core: Core, plan: Plan) -> dict[str, facts.Entry]:
    """Files that hold all about him, as they were taken out: hash → when."""
    return {
        export.sha256: entry
        for entry, export in core.state.exports
        if export.what == PERSON and export.subject in plan.pseudonyms
    }


def _one_file(core: Core, plan: Plan, path: Path, note: Callable[[str, str], None]) -> None:
    values = erased_files.Values(plan)
    if path.suffix == ENDING and sha256_file(path) in _bundles(core, plan):
        note(sha256_file(path), "")
        destroy(path)
        plan.counts["files about him"] = plan.counts.get("files about him", 0) + 1
        return
    number = 1
    while (fresh := path.with_name(unnamed(path.name, values.found, number))) != path:
        if not fresh.exists():
            path = path.replace(fresh)
            break
        number += 1
    count, searched = erased_files.erase(path, plan, note)
    if not searched:
        shown = values.replaced(str(path.relative_to(core.workspace.root)))
        plan.left.append(_("{} could not be searched whole.").format(shown))
    plan.counts["rows of other files"] = plan.counts.get("rows of other files", 0) + count


def noting(core: Core, what: str) -> Callable[[str, str], None]:
    """What keeps in the journal that a file of this kind was rewritten."""

    def note(old: str, new: str) -> None:
        core.record(person_facts.FileErased(what=what, old=old, new=new))

    return note


def leftovers(core: Core, plan: Plan) -> None:
    """The log, and temporary files of the database."""
    values = erased_files.Values(plan)
    for log in sorted(core.workspace.state.glob("*.log")):
        kept = [
            line
            for line in log.read_text("utf-8", errors="replace").splitlines(keepends=True)
            if not values.found(line)
        ]
        size = log.stat().st_size
        content = "".join(kept).encode()
        if len(content) != size:
            with log.open("r+b") as stream:  # in its place: the program holds it open
                stream.write(b"\0" * size)
                stream.flush()
                stream.seek(0)
                stream.write(content)
                stream.truncate()
    spill = core.workspace.state / "spill"
    for path in sorted(spill.rglob("*")) if spill.is_dir() else ():
        if path.is_file() and not path.name.startswith("duckdb"):
            destroy(path)
