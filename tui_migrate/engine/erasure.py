"""Erasing a person: the intent into the journal, then part by part, then the journal again.

A plan in the vault says what belongs to the person until all is done. Every part can be done twice,
so that a process that died goes on at the next start, before any command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from tui_migrate.audit import person_facts
from tui_migrate.audit.forgetting import Forgetting, Forgotten
from tui_migrate.audit.kept import Keeping, read_kept
from tui_migrate.engine import api, erased_come, erased_files, memory
from tui_migrate.engine.core import Anew, Core
from tui_migrate.engine.erased_beside import beside, exports, handed_out, leftovers, noting, others
from tui_migrate.engine.erased_come import said_again
from tui_migrate.engine.persons import find_person, silenced, who_else
from tui_migrate.engine.retention import held_by
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, TuiMigrateError
from tui_migrate.files import sha256_file, sha256_known, whole, write_whole
from tui_migrate.i18n import _, neutral
from tui_migrate.mapping.load import load_mappings
from tui_migrate.runbook.load import load_runbook
from tui_migrate.staging.erasing import copy_without, destroy, replacing
from tui_migrate.staging.rewriting import rewrite
from tui_migrate.steps.erasing import Planner, file_of
from tui_migrate.steps.erasing_plan import FileLines, Plan
from tui_migrate.steps.ingest import file_format
from tui_migrate.targets import open_target
from tui_migrate.targets.base import Staying


def forget(core: Core, command: api.Forget) -> api.Reply:
    """The command: find, refuse or journal, carry out. In memory that is not zeroed it is not carried
    out: the engine that starts anew does it, as it would do one that was killed here."""
    if not command.reason.strip():
        raise EnvironmentProblem(_("This needs a reason."))
    fit = memory.is_fit()
    if not fit and not core.serving:
        raise EnvironmentProblem(
            _("This program holds the engine itself, and began without zeroing its memory."),
            _("Nothing was erased. Leave it, then: tui-migrate forget {} --reason …").format(
                command.profile
            ),
        )
    profile_id, records = find_person(core.store.cursor(), command.profile)
    accepted = {command.profile, profile_id, *(r for _s, r in records)}
    accepted |= {f"{s}/{r}" for s, r in records}
    if command.typed.strip() not in accepted - {""}:
        raise EnvironmentProblem(
            _("To erase a person, type one of his record numbers (or his profile id)."),
            _("Nothing was erased."),
        )
    mappings, _problems = load_mappings(load_runbook(core.workspace.root))
    cursor = core.store.cursor()
    planner = Planner(
        cursor, core.workspace.root, core.runbook, mappings, core.vault.workspace_key(),
        kept=read_kept(core.vault),
    )  # fmt: skip
    plan = planner.plan(command.id, profile_id, records)
    stay = {(kept.source, kept.record_id) for kept in plan.kept.records}
    with neutral():  # what is left is kept for all who ask
        plan.left += who_else(cursor, plan.records)
        plan.left += [
            _(
                "Profile {} is silent by an opt-out of his on an address that they share, and was left"
                " without it: see whether it wants mail before the next run."
            ).format(other)
            for other in silenced(cursor, profile_id, [r for r in plan.records if r not in stay])
        ]
    cursor.close()
    _refuse_held(core, plan, command)
    _keep(core, plan)
    entry = core.record(
        person_facts.ErasureAsked(
            profile=plan.founder,
            records=plan.pseudonyms,
            points=plan.stones,
            loose=plan.loose,
            reason=core.vault.keep_words(_reason(command.reason, plan)),
            kept=sorted(one.commitment for one in plan.kept.vault),
            ended=sorted(plan.kept.ended),
        ),
        command.id,
    )
    if not fit:
        core.anew = True
        raise Anew
    done = carry_on(core)
    assert done is not None  # noqa: S101 - it was asked for just now
    return reply_of(core, done, entry.seq)


def _reason(reason: str, plan: Plan) -> str:
    """The reason, without what would say who it was."""
    return erased_files.Values(plan).replaced(reason)


def _refuse_held(core: Core, plan: Plan, command: api.Forget) -> None:
    """Of all that would go, is there something that has to be kept?"""
    held = held_by(core, plan)
    if not held:
        return
    core.record(
        person_facts.ErasureRefused(
            profile=plan.founder,
            categories=[h.category for h in held],
            reason=core.vault.keep_words(command.reason),
        ),
        command.id,
    )
    core.vouch_for_end()
    said = "; ".join(h.words() for h in held)
    raise DataSaysNo(
        _("{} may not be erased yet: {}.").format(command.profile, said),
        _("Restrict instead: tui-migrate restrict {} --reason …").format(command.profile),
    )


def carry_on(core: Core) -> person_facts.ErasureDone | None:
    """Carry out the erasure that was asked for and is not done; ``None`` when there is none."""
    path = core.workspace.erasing
    entry = core.state.erasing
    if entry is None:
        destroy(path)  # killed before it was asked for
        return None
    assert isinstance(entry.fact, person_facts.ErasureAsked)  # noqa: S101 - by the fold
    if not path.is_file():
        raise DataSaysNo(
            _("An erasure is not done, and its plan {} is gone.").format(path),
            _("Put the vault back from a copy, then start again."),
        )
    plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    for name, part in PARTS.items():
        if name not in plan.done:
            with neutral():  # for the same reason
                part(core, plan)
            plan.done.append(name)
            _keep(core, plan)
    backups = holding(core, entry.at)
    left = core.vault.keep_words("\n".join(plan.left))
    done = person_facts.ErasureDone(
        profile=plan.founder,
        counts=plan.counts,
        staging=plan.staging,
        target=plan.target,
        backups=backups,
        left=left,
    )
    core.record(done)
    destroy(path)
    core.looks.forget()
    core.reviews.forget()
    return done


def _keep(core: Core, plan: Plan) -> None:
    with replacing(core.workspace.erasing):
        write_whole(core.workspace.erasing, msgspec.json.encode(plan))


def holding(core: Core, at: str) -> list[person_facts.BackupHolding]:
    """The back-ups made before this moment that still stand, with the day on which they have to go."""
    days = core.runbook.retention.backups_days
    return [
        person_facts.BackupHolding(
            name=made.name,
            purge_on=(datetime.fromisoformat(when) + timedelta(days=days)).date().isoformat(),
        )
        for when, made in core.state.backups
        if when < at and (core.workspace.backups / made.name).is_file()
    ]


def told(core: Core, done: person_facts.ErasureDone) -> str:
    """What a person reads when it is done."""
    lines = [_("Erased.")]
    words = _counted()
    counts = sorted(done.counts.items())
    lines += [f"  {words.get(name, name)}: {count}" for name, count in counts if count]
    if done.target == "queued":
        lines.append(_("  The target cannot erase by itself: do it there."))
    lines += [
        _("  The back-up {} still holds the person; it has to go by {}.").format(b.name, b.purge_on)
        for b in done.backups
    ]
    lines += [f"  ! {one}" for one in core.vault.words(done.left).splitlines()]
    return "\n".join(lines)


def _counted() -> dict[str, str]:
    """What went, by the names that the journal has for it."""
    return {
        "delivered rows": _("delivered rows"),
        "opt-outs of addresses kept": _("opt-outs of addresses kept"),
        "files about him": _("files about the person"),
        "keys": _("keys"),
        "rows of other files": _("rows of other files"),
        "staging rows": _("staging rows"),
        "target rows": _("target rows"),
        "values of the trail": _("values of the trail"),
        "words": _("words"),
    }


def reply_of(core: Core, done: person_facts.ErasureDone, seq: int) -> api.Reply:
    """The same for people and for programs. ``seq``: the entry that asked for it."""
    said = {
        "counts": {name: count for name, count in sorted(done.counts.items()) if count},
        "target": done.target,
        "backups": [{"name": b.name, "purge_on": b.purge_on} for b in done.backups],
        "left": core.vault.words(done.left).splitlines(),
    }
    return api.Reply(ok=True, message=told(core, done), seq=seq, facts=said)


def told_again(core: Core, command: str, seq: int) -> api.Reply:
    """The same, once more, for the command that asked for it; nothing to say of any other."""
    asked = next((e.fact for e in core.state.erasures if e.command == command), None)
    if not isinstance(asked, person_facts.ErasureAsked) or asked.profile not in core.state.erased:
        return api.Reply(ok=True, seq=seq)
    _entry, done = core.state.erased[asked.profile]
    return reply_of(core, done, seq)


# The parts.


def _deliveries(core: Core, plan: Plan) -> None:
    stones, read = core.tombstones(), _read(core)
    for one in plan.files:
        path = core.workspace.root / one.path
        if not one.path or not path.is_file():
            plan.left.append(_("A delivered file of {} is not there any more.").format(one.source))
            continue
        if stones.delivered(one.sha256) not in read:
            # Its lines are others' by now. When it is read again, what comes again is dropped.
            plan.left.append(
                _("{} is not what was read of it, and was left: have it read again.").format(
                    one.path
                )
            )
            continue
        try:
            _rewrite(core, one, path)
        except (OSError, TuiMigrateError, ValueError) as error:
            plan.left.append(_("{} could not be rewritten: {}").format(one.path, error))
        plan.counts["delivered rows"] = plan.counts.get("delivered rows", 0) + len(one.lines)
    beside(core, plan, read)


def _read(core: Core) -> set[str]:
    """Hashes of the files that were read, as they were handed over."""
    return {file.sha256 for known in core.state.deliveries.values() for file in known.files}


def _rewrite(core: Core, one: FileLines, path: Path, kept: Sequence[Keeping] = ()) -> None:
    """Put the file without the lines in the place of the delivered one; the journal first, and before
    it in the vault what is kept of them."""
    present = sha256_file(path)
    if present != one.sha256 and set(one.lines) <= core.tombstones().lines(present):
        return  # before the program was killed
    form = file_format(core.runbook.sources[one.source])
    cells = {int(line): names for line, names in one.cells.items()}
    mode = path.stat().st_mode & 0o777
    with replacing(path), whole(path, mode) as temporary:
        rewrite(path, temporary, form, frozenset(one.lines), cells)
        fresh = sha256_file(temporary)
        if fresh != present:
            for opt_out in kept:
                opt_out.write(core.vault)
            core.record(
                person_facts.DeliveryRewritten(
                    source=one.source,
                    delivery=core.vault.keep_name(one.delivery),
                    name=core.vault.keep_name(one.path),
                    old=present,
                    new=fresh,
                    lines=one.lines,
                    cells=sum(len(names) for names in cells.values()),
                    kept=sorted(opt_out.commitment for opt_out in kept),
                )
            )


# One row is a physical row of which the delivered file still holds what reading dropped.
_UNERASED = """
SELECT source, delivery, file, line, cells FROM store.unerased ORDER BY ALL
"""


def scrub_again(core: Core) -> None:
    """Rewrite the deliveries in which erased persons came again: what was dropped when they were
    read shall not lie there either. What was not done before the program was killed is done now."""
    cursor, stones = core.store.cursor(), core.tombstones()
    seen = _read(core)
    again: dict[tuple[str, str, str], FileLines] = {}
    for source, delivery, file, line, cells in cursor.execute(_UNERASED).fetchall():
        place = (source, delivery, file)
        if place not in again:
            path = file_of(core.workspace.root, core.runbook, *place)
            again[place] = FileLines(
                source=source, delivery=delivery, file=file,
                path=str(path.relative_to(core.workspace.root)) if path else "",
                sha256=sha256_known(path) if path else "", lines=[], cells={},
            )  # fmt: skip
        if cells is None:
            again[place].lines.append(line)
        else:
            again[place].cells[str(line)] = cells
    for place, one in again.items():
        if stones.delivered(one.sha256) not in seen:
            continue  # not there, or another one: it is read again first
        one.lines = sorted(set(one.lines) - stones.lines(one.sha256))
        if one.lines or one.cells:
            path = core.workspace.root / one.path
            _rewrite(core, one, path, said_again(core, one, path))
        cursor.execute(
            "DELETE FROM store.unerased WHERE (source, delivery, file) = ($s, $d, $f)",
            dict(zip("sdf", place, strict=True)),
        )


def scrub_at_start(core: Core, say: Callable[[str], None]) -> None:
    """``scrub_again`` for what a killed run left. A file that cannot be rewritten hinders no start."""
    try:
        erased_come.clear(core)
        scrub_again(core)
    except (OSError, TuiMigrateError, ValueError) as error:
        say(_("A delivery still holds an erased person: {}").format(error))


def _target(core: Core, plan: Plan) -> None:
    spec = core.runbook.target
    if not plan.profile_id or not (core.workspace.root / spec.path).exists():
        plan.target = "none"
        return
    with open_target(spec, core.workspace.root) as target:
        staying = [Staying(s.entity, s.record_key, s.was, s.now) for s in plan.kept.instead]
        rows = target.erase(plan.profile_id, plan.records, staying)
    plan.target = "queued" if rows is None else "done"
    if rows is None:
        plan.left.append(_("The target has to erase profile {}.").format(plan.profile_id))
    plan.counts["target rows"] = plan.counts.get("target rows", 0) + (rows or 0)


def _staging(core: Core, plan: Plan) -> None:
    base = core.workspace.base
    with replacing(base), whole(base) as temporary:
        cursor = core.store.cursor()
        gone = copy_without(cursor, temporary, plan.leaving())
        cursor.close()
        plan.staging = sha256_file(temporary)
        _keep(
            core, plan
        )  # before it has its name: a rebuild has to know which one it may begin from
    core.exchange_store(base)
    # Behind it: while staging can be made again with him, his own opt-outs speak for themselves.
    for one in plan.kept.vault:
        one.write(core.vault)
    for ended in plan.kept.ended:
        core.vault.end_opt_out(ended)
    plan.counts["opt-outs of addresses kept"] = sum(
        len(one.opt_out.said) for one in plan.kept.vault
    )
    plan.counts["staging rows"] = plan.counts.get("staging rows", 0) + gone


def _vault(core: Core, plan: Plan) -> None:
    done = Forgotten()
    values = erased_files.Values(plan)
    forgetting = Forgetting(core.vault, plan.records, values.words, noting(core, "evidence"))
    forgetting.keys_and_values(done)
    forgetting.typed(done)
    forgetting.evidence(done)
    for name, count in (
        ("keys", done.keys),
        ("values of the trail", done.values),
        ("words", done.words),
        ("names", done.names),
        ("evidence files", len(done.files)),
    ):
        plan.counts[name] = plan.counts.get(name, 0) + count
    plan.left += [
        _("Evidence file {}… could not be searched.").format(sha256[:12])
        for sha256 in done.unsearched
    ]


# Staging first: until its copy without him lies in the vault, it can be made again from deliveries
# that still hold him; behind that from the copy.
PARTS: dict[str, Callable[[Core, Plan], None]] = {
    "staging": _staging,
    "deliveries": _deliveries,
    "target": _target,
    "exports": exports,
    "others": others,
    "handed out": handed_out,
    "vault": _vault,
    "leftovers": leftovers,
}
