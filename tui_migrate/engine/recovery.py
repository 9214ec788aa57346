"""What a start mends: units committed but not journalled, and a staging area that is gone.

Staging can always be rebuilt from deliveries, journal, trail and vault: the live attempts are done
again in the order in which they began, each unit's digests are compared, nothing is appended to the
journal for them and nothing is written to a target.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit.trail import Place
from tui_migrate.engine.core import Core
from tui_migrate.engine.redoing import Redone, empty_staging, redo, steps_with_output
from tui_migrate.engine.run import Status
from tui_migrate.engine.runner import Runner
from tui_migrate.errors import DataSaysNo
from tui_migrate.files import sha256_file
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor

Say = Callable[[str], None]
_Key = tuple[str, int, str]
Markers = dict[_Key, str]
"""Step, attempt and unit → the journal entry to come, as staging keeps it (JSON)."""

# One row is a unit that staging has but the journal may not.
_MARKERS = "SELECT step, attempt, unit, entry FROM store.marker"


def recover(core: Core, say: Say) -> None:
    """Bring journal, segments and staging to one state before any command is accepted."""
    runner = Runner(core)
    cursor = core.store.cursor()
    marked = {
        (step, attempt, unit): entry
        for step, attempt, unit, entry in cursor.execute(_MARKERS).fetchall()
    }
    committed = {
        (step.id, step.attempt, unit): fact
        for step in core.state.steps.values()
        for unit, fact in step.units.items()
    }
    _drop_orphan_keys(core, set(marked))
    if _foreign(core, cursor, marked) or not _same(committed, marked):
        _rebuild(core, runner, say)
        core.record(facts.Recovered(torn_bytes=core.journal.torn_bytes, rebuilt=True))
        return
    _note_attempts(core, runner, cursor)
    journalled = set(core.state.unit_times)
    # A step that the runbook has no longer gets no entry: nothing reads its rows any more.
    late = [key for key in marked if key not in journalled and key[0] in core.state.steps]
    for key in late:
        _journal_late(core, runner, cursor, marked[key], Place(*key))
    if late or core.journal.torn_bytes:
        core.record(facts.Recovered(torn_bytes=core.journal.torn_bytes, late_units=len(late)))


def _foreign(core: Core, cursor: Cursor, marked: Markers) -> bool:
    """Whether this staging area belongs to another run. An empty one becomes this run's."""
    owners = {row[0] for row in cursor.execute("SELECT run FROM store.identity").fetchall()}
    if not owners and not marked:
        cursor.execute("INSERT INTO store.identity VALUES ($run)", {"run": core.state.run})
        return False
    return owners != {core.state.run}


def _same(committed: dict[_Key, facts.UnitCommitted], marked: Markers) -> bool:
    """Whether staging has every unit that the journal says is committed, with the same content."""
    for key, fact in committed.items():
        if key not in marked:
            return False
        told = msgspec.json.decode(marked[key], type=facts.UnitCommitted)
        segments = [s.digest if s else "" for s in (told.segment, fact.segment)]
        if told.digest != fact.digest or segments[0] != segments[1]:
            return False
    return True


def _drop_orphan_keys(core: Core, marked: set[_Key]) -> None:
    """Keys that a unit made before it was killed: it will make others."""
    known = {f"{s}-{a}/{u}" for s, a, u in marked | set(core.state.unit_times)}
    for path in core.vault.keys.glob("*/*.parquet"):
        if f"{path.parent.name}/{path.stem}" not in known:
            path.unlink()


def _note_attempts(core: Core, runner: Runner, cursor: Cursor) -> None:
    """An attempt that the journal knows and staging does not: killed between the two."""
    noted = set(cursor.execute("SELECT step, attempt FROM store.attempt").fetchall())
    for step in sorted(core.state.steps.values(), key=lambda s: s.started_seq):
        if step.started_seq and (step.id, step.attempt) not in noted:
            runner.attempts.note_attempt(step.started_seq, step.id, step.attempt)


def _journal_late(core: Core, runner: Runner, cursor: Cursor, entry: str, place: Place) -> None:
    """Write the segment of a committed unit again, and say in the journal that it is committed."""
    fact = msgspec.json.decode(entry, type=facts.UnitCommitted)
    if fact.segment is not None:
        runner.units.prepare_segment(place)
        fact = runner.units.write_segment(fact)
    core.record(fact)


def _rebuild(core: Core, runner: Runner, say: Say) -> None:
    """Do the units of all live attempts again, in the order in which the attempts began."""
    say(_("The staging area is behind the journal: rebuilding it (no target is written)."))
    there = _begin_again(core, runner)
    noted = set(core.store.cursor().execute("SELECT step, attempt FROM store.attempt").fetchall())
    for step in steps_with_output(core):
        if (step.id, step.attempt) not in noted:
            runner.attempts.note_attempt(step.started_seq, step.id, step.attempt)
        known = {
            unit for name, attempt, unit in there if (name, attempt) == (step.id, step.attempt)
        }
        if step.status is Status.STALE or known >= step.units.keys():
            continue
        say(_("rebuilding {}").format(step.id))
        for unit in redo(core, runner, step, known):
            _require_same(unit)
    core.store.connection.execute("CHECKPOINT")


def _begin_again(core: Core, runner: Runner) -> set[_Key]:
    """Staging as the last erasure left it, else an empty one; the units that are in it. What was
    erased cannot be made again from deliveries, so it must not be gone."""
    left = _bases(core)
    base = core.workspace.base
    present = sha256_file(base) if base.is_file() and left != {""} else ""
    if present not in left:
        raise DataSaysNo(
            _("{} is gone or damaged: staging cannot be rebuilt without it.").format(base),
            _("Somebody was erased since the steps ran. Put the vault back from a copy."),
        )
    if not present:
        core.reset_store()
        empty_staging(core, runner)
        return set()
    core.exchange_store(base)
    runner.units.renew_cursor()
    # Of one who is being erased the vault still has the keys.
    plan = core.erasing_plan()
    core.trail.load_keys(core.store.cursor(), plan.pseudonyms if plan is not None else ())
    rows = core.store.cursor().execute(_MARKERS).fetchall()
    return {(step, attempt, unit) for step, attempt, unit, _entry in rows}


def _bases(core: Core) -> set[str]:
    """Hashes of the copies of staging that a rebuild may begin from; '' for an empty one."""
    done = sorted(core.state.erased.values(), key=lambda made: made[0].seq)
    last = done[-1][1].staging if done else ""
    plan = core.erasing_plan()
    if plan is None or not plan.staging:
        return {last}
    # Killed before its copy had its name, or behind.
    return {plan.staging} if "staging" in plan.done else {last, plan.staging}


def _require_same(unit: Redone) -> None:
    """Raise ``DataSaysNo`` unless the unit came out as the journal knows it."""
    step, name = unit.known.step, unit.known.unit
    if unit.now is None:
        raise DataSaysNo(
            _("{} had a unit {} that is not planned any more.").format(step, name),
            _("A delivery or the runbook changed: put it back, or start a new workspace."),
        )
    if not (unit.same_output and unit.same_trail):
        raise DataSaysNo(
            _("Rebuilding {} gives other data in unit {}.").format(step, name),
            _(
                "A delivery, the vault or the program changed since. The journal stands;"
                " put the deliveries back, or redo the step from a restored back-up."
            ),
        )
