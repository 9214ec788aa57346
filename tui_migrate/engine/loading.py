"""The files that say what a run is to do: read, said in the journal, read again when they changed."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_migrate import __version__
from tui_migrate.audit import entries as facts
from tui_migrate.audit.chain import SIGNERS
from tui_migrate.audit.journal import FORMAT
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.review_facts import ReviewDrawn
from tui_migrate.engine.config import phase_outlines, require_ok, step_outlines, words
from tui_migrate.engine.core import Core
from tui_migrate.engine.identity import owner_of, this_user
from tui_migrate.files import RUNBOOK_FILE, sha256_known
from tui_migrate.i18n import _
from tui_migrate.runbook.load import Loaded, load_runbook
from tui_migrate.runbook.problems import Problem, Problems


def reload(core: Core) -> None:
    """Take in what changed in runbook, mappings and rules since they were read: an engine may live
    for days. Called while the runner rests; raises ``DataSaysNo`` with all mistakes, then nothing
    has changed."""
    root = core.workspace.root
    known = {name: root / name for name in core.files}
    same = all(p.is_file() and sha256_known(p) == core.files[name] for name, p in known.items())
    if same and (SIGNERS in core.files) == (root / SIGNERS).is_file():
        return
    loaded = load_workspace(root)
    runbook = require_ok(loaded)
    core.runbook, core.owner = runbook, this_user().identity(runbook)
    core.files = keep_files(core.workspace.objects, loaded)
    announce(core)


def keep_files(objects: Path, loaded: Loaded) -> dict[str, str]:
    """Keep the configuration files as objects of the audit: relative path → SHA-256."""
    return {name: keep_object(objects, content) for name, content in loaded.files.items()}


def load_workspace(root: Path, name: str = RUNBOOK_FILE) -> Loaded:
    """Runbook, rules and mappings of a workspace, with every mistake in any of them."""
    from tui_migrate.mapping.load import load_mappings
    from tui_migrate.mapping.model import Mapping
    from tui_migrate.matching.from_runbook import check_match

    loaded = load_runbook(root, name)
    if loaded.runbook is None:
        mappings: dict[str, tuple[Mapping, ...]] = {}
        found = _mapping_mistakes(loaded, name)
    else:
        mappings, found = load_mappings(loaded)
    problems = Problems()
    problems.extend((*loaded.problems, *found))
    if name in loaded.documents:
        check_match(loaded.documents[name], name, mappings if not found else {}, problems)
    loaded = replace(loaded, problems=tuple(problems))
    return _with_signers(loaded, root, name)


def _with_signers(loaded: Loaded, root: Path, name: str) -> Loaded:
    """The allowed signers are of the configuration too; a runbook that demands signatures needs them."""
    if (root / SIGNERS).is_file():
        return replace(loaded, files={**loaded.files, SIGNERS: (root / SIGNERS).read_bytes()})
    if loaded.runbook is None or not any(s.signature for s in step_outlines(loaded.runbook)):
        return loaded
    missing = Problem(
        name,
        1,
        1,
        _("sign-offs have to be signed with SSH, but there is no file {}").format(SIGNERS),
        _("write one beside it, a line for each person: USER ssh-ed25519 AAAA…"),
    )
    return replace(loaded, problems=(*loaded.problems, missing))


def _mapping_mistakes(loaded: Loaded, name: str) -> tuple[Problem, ...]:
    """What is wrong in the mapping files of a runbook that is itself too wrong to be typed."""
    from tui_migrate.mapping.load import type_mapping

    runbook, problems = loaded.documents.get(name), Problems()
    if runbook is None:
        return ()
    sources = runbook.at("sources").children
    for source in sources.values():
        for file, _at in source.at("mapping").texts():
            node = loaded.documents.get(file)
            if node is not None:
                type_mapping(node, file, problems, [str(source) for source in sources])
    return tuple(problems)


def announce(core: Core) -> None:
    """Say in the journal which runbook this is, or what changed in it since."""
    runbook = core.runbook
    common: dict[str, Any] = {
        "title": words(runbook.title),
        "version": __version__,
        "rehearsal": runbook.rehearsal,
        "zone": runbook.zone,
        "brands": list(runbook.brands),
        "phases": phase_outlines(runbook),
        "steps": step_outlines(runbook),
        "objects": core.files,
        "authors": authors(core),
        "window": runbook.window.facts() if runbook.window else {},
    }
    if not core.state.run:
        core.record(
            facts.RunOpened(run=uuid.uuid4().hex, runbook=runbook.runbook, format=FORMAT, **common)
        )
    elif core.state.objects != core.files or core.state.version != __version__:
        changed = sorted(
            name
            for name in {*core.files, *core.state.objects}
            if core.files.get(name) != core.state.objects.get(name)
        )
        core.record(facts.ConfigChanged(changed=changed, **common))
    _draw(core)


def _draw(core: Core) -> None:
    """Say which share of the clusters two persons answer; a share that changes keeps its seed, so that
    of a smaller one nothing is drawn that was not before."""
    spec, known = core.runbook.review, core.state.draw
    third = spec.third or ""
    before = (known.share, known.third) if known is not None else (0.0, "")
    if spec.double == before[0] and (not spec.double or third == before[1]):
        return
    seed = known.seed if known is not None else secrets.token_hex(16)
    core.record(ReviewDrawn(share=spec.double, seed=seed, third=third))


def authors(core: Core) -> dict[str, str]:
    """Relative path of each configuration file → who owned it when its content was first seen: by
    the file system he wrote it. What did not change since keeps its author."""
    known, state = {}, core.state
    for name, sha256 in core.files.items():
        if state.objects.get(name) == sha256 and name in state.authors:
            known[name] = state.authors[name]
        else:
            known[name] = owner_of(core.workspace.root / name)
    return known
