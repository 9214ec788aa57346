"""The deterministic steps of a run once more, from deliveries, decisions, journal and vault.

It works in a scratch folder: a copy of the journal, links to trail and vault, a staging database of its
own. Neither the workspace's staging nor a target is opened, so it may run beside an engine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tui_migrate.audit.entries import Entry, UnitCommitted
from tui_migrate.audit.journal import Journal
from tui_migrate.audit.trail import COLUMNS, Place, TrailWriter
from tui_migrate.audit.vault import Vault, pseudonym
from tui_migrate.engine.config import require_ok
from tui_migrate.engine.core import Core
from tui_migrate.engine.identity import this_user
from tui_migrate.engine.loading import load_workspace
from tui_migrate.engine.redoing import Redone, empty_staging, redo, steps_with_output
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.runner import Runner
from tui_migrate.engine.workspace import SCRATCH, Workspace
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, TuiMigrateError
from tui_migrate.files import make_folder
from tui_migrate.i18n import _, neutral
from tui_migrate.staging.erasure import KEPT
from tui_migrate.staging.store import Store, digest, literal
from tui_migrate.steps.registry import default_registry

SAME, DIFFERENT, ERASED, LEFT_OUT = "same", "different", "erased", "left out"
_VALUES = ("profile", "seq", "source", "record_id", "before", "after")
_WITH_VALUE = "before IS NOT NULL OR after IS NOT NULL"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of one unit. ``verdict``: same | different | erased (records that were erased since
    are in it, the others are the same) | left out. ``differs``: rows, trail, values, unit, step."""

    step: str
    attempt: int
    unit: str
    verdict: str
    differs: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class Recomputed:
    """All units, in the order in which they were done."""

    units: list[Compared] = field(default_factory=list)
    entries: int = 0

    @property
    def first(self) -> Compared | None:
        """The first difference."""
        return next((u for u in self.units if u.verdict == DIFFERENT), None)

    def count(self, verdict: str) -> int:
        """How many units came out so."""
        return sum(u.verdict == verdict for u in self.units)


@dataclass(frozen=True, slots=True)
class Scratch(Workspace):
    """A workspace whose deliveries and runbook are the real ones, and whose own folder is not."""

    folder: Path

    @property
    def state(self) -> Path:
        """The scratch folder."""
        return self.folder


def recompute(root: Path, say: Say = lambda _line: None) -> Recomputed:
    """Do every unit that the journal names, of the attempts that count, again.

    Raises ``EnvironmentProblem``, or ``DataSaysNo`` when nothing was begun or the runbook has mistakes.
    """
    workspace = Workspace(root.resolve())
    workspace.require()
    if workspace.is_others:
        raise EnvironmentProblem(
            workspace.closed().message,
            _("It needs deliveries and vault: ask {} for audit replay --recompute --json.").format(
                workspace.owner
            ),
        )
    if not workspace.has_run:
        raise DataSaysNo(_("Nothing was begun here."))
    with _scratch(workspace) as scratch, neutral():
        core = _core(scratch)
        try:
            return _all_steps(core, say)
        finally:
            core.journal.close()
            core.store.close()


@contextmanager
def _scratch(workspace: Workspace) -> Iterator[Scratch]:
    """A folder with copies and links of what is read. A start of an engine leaves it alone as long as
    this process holds its lock, and clears it away when the process was killed."""
    folder = make_folder(workspace.state / "spill") / f"{SCRATCH}{os.getpid()}"
    folder.mkdir(mode=0o700)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        scratch = Scratch(workspace.root, folder)
        make_folder(scratch.audit)
        _copy_lines(workspace.journal, scratch.journal)
        _link(workspace.audit / "trail", scratch.audit / "trail")
        _link(workspace.objects, make_folder(scratch.objects))
        _link(workspace.vault, scratch.vault)
        yield scratch
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def _copy_lines(journal: Path, to: Path) -> None:
    """The whole lines of a journal that an engine may be writing."""
    content = journal.read_bytes()
    to.write_bytes(content[: content.rfind(b"\n") + 1])
    to.chmod(0o600)


def _link(folder: Path, to: Path) -> None:
    """The same files by a second name: they are replaced, never changed, so nothing done here is seen
    there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            target = to / path.relative_to(folder)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                target.hardlink_to(path)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError:
                shutil.copyfile(path, target)
                target.chmod(0o600)


def _core(scratch: Scratch) -> Core:
    loaded = load_workspace(scratch.root)
    runbook = require_ok(loaded)
    vault = Vault(scratch.vault)
    core = Core(
        workspace=scratch,
        runbook=runbook,
        files=dict.fromkeys(loaded.files, ""),
        journal=Journal(scratch.journal),
        vault=vault,
        store=Store(scratch.staging),
        trail=TrailWriter(scratch.audit, vault),
        registry=default_registry(),
        owner=this_user().identity(runbook),
    )
    core.replay_journal()
    return core


def _all_steps(core: Core, say: Say) -> Recomputed:
    runner = Runner(core)
    empty_staging(core, runner)
    done = Recomputed(entries=core.state.seq)
    erased = erased_records(core.journal.entries)
    broken = ""
    for step in steps_with_output(core):
        runner.attempts.note_attempt(step.started_seq, step.id, step.attempt)
        if step.status is Status.STALE or step.outline.uses == "verify":
            done.units += [_left_out(step, known) for known in step.units.values()]
            continue
        say(_("doing {} again").format(step.id))
        found = list(_step(core, runner, step, erased))
        if broken:
            rests = _("it rests on {}, which is different").format(broken)
            found = [_because(unit, rests) for unit in found]
        elif any(unit.verdict == DIFFERENT for unit in found):
            broken = step.id
        done.units += found
    return done


def _left_out(step: StepState, known: UnitCommitted) -> Compared:
    why = (
        _("it is stale: to be done anew anyway")
        if step.status is Status.STALE
        else _("it compares with the target, which is not touched here")
    )
    return Compared(step.id, step.attempt, known.unit, LEFT_OUT, why=(why,))


def _because(unit: Compared, why: str) -> Compared:
    if unit.verdict != DIFFERENT:
        return unit
    return Compared(
        unit.step, unit.attempt, unit.unit, unit.verdict, unit.differs, (*unit.why, why)
    )


def _step(
    core: Core, runner: Runner, step: StepState, erased: dict[str, int]
) -> Iterator[Compared]:
    """The units of one step; when it cannot be done at all, those that are left are different."""
    seen = set()
    try:
        for unit in redo(core, runner, step):
            seen.add(unit.known.unit)
            yield _judged(core, runner, step, unit, erased)
    except (TuiMigrateError, duckdb.Error, OSError) as error:
        message = error.message if isinstance(error, TuiMigrateError) else str(error)
        why = (_("it cannot be done: {}").format(message), *changed_inputs(core, runner, step))
        for name in step.units:
            if name not in seen:
                yield Compared(step.id, step.attempt, name, DIFFERENT, ("step",), why)


def _judged(
    core: Core, runner: Runner, step: StepState, unit: Redone, erased: dict[str, int]
) -> Compared:
    place = (step.id, step.attempt, unit.known.unit)
    if unit.now is None:
        why = (_("the unit is not planned any more"), *changed_inputs(core, runner, step))
        return Compared(*place, DIFFERENT, ("unit",), why)
    since = {name for name, seq in erased.items() if seq > step.started_seq}
    differs = []
    if not unit.same_output:
        differs.append("rows")
    if not unit.same_trail:
        differs.append("trail")
    elif unit.now.segment is not None and not _same_values(core, runner, Place(*place)):
        differs.append("values")
    if not differs:
        return Compared(*place, SAME)
    names = changed_names(core, runner, step)
    if since:  # what stays of their opt-outs stands where they stood
        key = core.vault.workspace_key()
        since |= {pseudonym(key, KEPT, said.id) for kept in core.kept() for said in kept.said}
    if (
        since
        and not names
        and _same_but(core, runner, Place(*place), since, unit, differs_in_trail="trail" in differs)
    ):
        return Compared(*place, ERASED, tuple(differs))
    return Compared(*place, DIFFERENT, tuple(differs), _in_words(core, step, names))


def _same_values(core: Core, runner: Runner, place: Place) -> bool:
    """Whether the vault holds the values that came out just now (``trail_segment`` still has them)."""
    cursor = runner.units.cursor
    now = digest(cursor, f"(SELECT * FROM trail_segment WHERE {_WITH_VALUE})", _VALUES)
    path = core.vault.folder / place.path
    if not path.exists():
        return now.startswith("0:")
    return now == digest(cursor, f"read_parquet({literal(str(path))})", _VALUES)


def _same_but(
    core: Core,
    runner: Runner,
    place: Place,
    erased: set[str],
    unit: Redone,
    *,
    differs_in_trail: bool,
) -> bool:
    """Whether the segment is the same in all rows that do not speak of an erased record."""
    path = core.workspace.audit / place.path
    if not path.exists():
        return not differs_in_trail
    cursor = runner.units.cursor
    names = ", ".join(literal(name) for name in sorted(erased))
    others = f"profile NOT IN ({names}) AND coalesce(other, '') NOT IN ({names})"
    columns = tuple(c for c in COLUMNS if c != "seq")
    was = digest(
        cursor, f"(SELECT * FROM read_parquet({literal(str(path))}) WHERE {others})", columns
    )
    if unit.now is None or unit.now.segment is None:
        return was.startswith("0:")  # it spoke of nobody else
    return was == digest(cursor, f"(SELECT * FROM trail_segment WHERE {others})", columns)


def erased_records(entries: list[Entry]) -> dict[str, int]:
    """Pseudonym of each erased record → number of the entry that asks for it."""
    found: dict[str, int] = {}
    for entry in entries:
        if type(entry.fact).__struct_config__.tag == "erasure.asked":
            found |= dict.fromkeys(getattr(entry.fact, "records", ()), entry.seq)
    return found


def changed_inputs(core: Core, runner: Runner, step: StepState) -> tuple[str, ...]:
    """What of all that the step's output depends on is not what it was, in words; that nothing is."""
    try:
        return _in_words(core, step, changed_names(core, runner, step))
    except (TuiMigrateError, duckdb.Error, OSError):
        return ()


def changed_names(core: Core, runner: Runner, step: StepState) -> dict[str, str]:
    """Name of each input that is not what it was → its digest now, '' when it is not there."""
    worker, spec = runner.attempts.worker(step)
    now = runner.attempts.inputs(step, worker, runner.attempts.context(step, spec))
    changed = [n for n in {**step.inputs, **now} if now.get(n) != step.inputs.get(n)]
    return {name: now.get(name, "") for name in changed}


def _in_words(core: Core, step: StepState, changed: dict[str, str]) -> tuple[str, ...]:
    if not changed:
        return (_("none of its inputs changed: the vault, the program or a library did"),)
    said = {"step": _("its settings in the runbook"), "runbook": _("the runbook")}
    told = []
    for name, now in changed.items():
        plain = said.get(name, core.vault.opened(name.removeprefix("input ")))
        if not now:
            told.append(_("{} is not there any more").format(plain))
        elif name not in step.inputs:
            told.append(_("{} was not there").format(plain))
        else:
            told.append(_("{} is not what it was").format(plain))
    return tuple(told)
