"""``consent_sync`` in ``mode: deltas``: numbered deliveries of changes, each applied once.

One unit is one delivery. Those that can be trusted come in the order of their numbers
(``delta-0003``); the others (damaged, repeated) are read too, so that each of their rows has a fate,
but nothing of them is applied (``aside-<folder>``). A delivery's new facts join the ledger, the states
of the profiles that they touch are derived again from the whole ledger, and what differs goes to the
target. Events count by their own time, so the order of arrival does not matter for the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tui_migrate.audit.entries import DeliverySeen, FileSeen
from tui_migrate.consent.deliveries import REFUSED, Judged, gap, judge
from tui_migrate.files import sha256_file
from tui_migrate.i18n import _
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.mapped import entity_columns
from tui_migrate.mapping.model import Mapping
from tui_migrate.model.entities import entities
from tui_migrate.runbook.load import load_runbook
from tui_migrate.staging.deliveries import (
    MANIFEST,
    Delivery,
    find_deliveries,
    hash_files,
    read_manifest,
    refuse_one_name,
)
from tui_migrate.steps import consent_columns, consent_unread, newcomers
from tui_migrate.steps.base import Check, Context, Outcome, Unit
from tui_migrate.steps.consent_apply import (
    CHANGE,
    CHANGE_COLUMNS,
    CONFLICTS,
    STRAIGHT,
    Applier,
)
from tui_migrate.steps.consent_limits import limit_check
from tui_migrate.steps.consent_target import TargetSide

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import ConsentSyncWith
    from tui_migrate.runbook.models import Runbook, StepSpec


class Deltas:
    """The deliveries of all sources with ``deltas: true``."""

    def __init__(self, spec: StepSpec, runbook: Runbook, target: TargetSide, policy: str) -> None:
        self._spec, self._runbook = spec, runbook
        self._judged: list[Judged] | None = None
        self._applier = Applier(spec, runbook, target, policy)

    # What there is.

    def _sources(self) -> list[str]:
        every = self._runbook.sources.items()
        return [name for name, spec in every if spec.deltas and spec.not_present is None]

    def _look(self, context: Context) -> list[Judged]:
        """All deliveries with their status, in the order in which they came."""
        if self._judged is None:
            self._judged = []
            for source in self._sources():
                patterns = self._runbook.sources[source].files
                found = find_deliveries(context.workspace, source, patterns)
                found += _empty_folders(context.workspace, patterns, source, found)
                refuse_one_name(found)
                found = [_with_erased(context, delivery) for delivery in found]
                self._judged += judge(found, partial(_hashes, context))
        return self._judged

    def inputs(self, context: Context) -> dict[str, str]:
        """Digests of every delivered file, every manifest and every mapping of the deltas."""
        found: dict[str, str] = {}
        for judged in self._look(context):
            folder = judged.delivery.folder
            for path in (*judged.delivery.files, folder / MANIFEST):
                if path.is_file():
                    name = str(path.relative_to(context.workspace))
                    found[name] = context.host.tombstones().delivered(sha256_file(path))
        for source in self._sources():
            for name in self._runbook.sources[source].mapping:
                if (context.workspace / name).is_file():
                    found[name] = sha256_file(context.workspace / name)
        names = {limit_check(context, one) for one in self._look(context)}
        if waived := sorted(context.waived & names):
            found["waived"] = "; ".join(waived)
        limits = self._settings.limits
        found["limits"] = f"{limits.rows}/{limits.share}/{limits.conflicts}"
        return found

    @property
    def _settings(self) -> ConsentSyncWith:
        return cast("ConsentSyncWith", self._spec.with_)

    def _units(self, context: Context) -> dict[str, Judged]:
        """Unit id → delivery: first what is applied, by number, then what is set aside."""
        judged = self._look(context)
        several = len({j.delivery.source for j in judged}) > 1
        found: dict[str, Judged] = {}
        for one in sorted(
            (j for j in judged if j.applied), key=lambda j: (j.order, j.delivery.source)
        ):
            tail = f"-{_plain(one.delivery.source)}" if several else ""
            found[f"delta-{one.sequence:04d}{tail}"] = one
        for one in (j for j in judged if not j.applied):
            name = context.folder_name(one.delivery.name)
            found[f"aside-{_plain(one.delivery.source)}-{name}"] = one
        return found

    def plan(self, context: Context) -> Sequence[Unit]:
        """One unit per delivery; every delivery is journalled with its status."""
        for name in STRAIGHT:
            columns = entity_columns(entities()[name])
            context.store.define(f"ent_{name}", columns, context.cursor)
        context.store.define(CHANGE, CHANGE_COLUMNS, context.cursor)
        for judged in self._look(context):
            context.host.journal_delivery(_seen(judged, context))
        return [
            Unit(name, f"{judged.delivery.name} ({judged.status})")
            for name, judged in self._units(context).items()
        ]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        """Apply one delivery or set it aside."""
        units = self._units(context)
        return self._applier.apply(context, unit, units[unit.id], list(units).index(unit.id) + 1)

    @property
    def gathered(self) -> bool:
        """Whether the contact points of the last delivery still hold."""
        return self._applier.points_known

    def clear(self, context: Context) -> None:
        """Drop the temporary tables."""
        self._applier.clear(context)

    # What a person reads.

    def outcome(self, context: Context) -> Outcome:
        """Figures per status, and checks: no gap, nothing damaged, all within the limits."""
        judged = self._look(context)
        figures: dict[str, int | str] = {"deliveries": len(judged)}
        for status in (
            "accepted",
            "empty",
            "out_of_order",
            "late",
            "repeated",
            "truncated",
            "mismatch",
        ):
            figures[f"deliveries {status}"] = sum(j.status == status for j in judged)
        missing, damaged, lacking = [], [], 0
        for source in self._sources():
            mine = [j for j in judged if j.delivery.source == source]
            left = gap(mine)
            missing += [f"{source} {span}" for span in left.said]
            lacking += left.count
            damaged += [f"{source} {number}" for number in left.refused]
            unnumbered = (j for j in mine if j.status in REFUSED and j.sequence is None)
            damaged += [context.host.name(j.delivery.name) for j in unnumbered]
            watermark = max((j.sequence or 0 for j in mine if j.applied), default=0)
            figures[f"last delivery {source}"] = watermark
        figures["deliveries missing"] = lacking
        checks = [
            _check(
                _("deltas without a gap"), missing,
                _("wait for it, ask the source again, or waive with a reason"),
            ),
            _check(
                _("damaged deltas handed over again"), damaged,
                _("ask the source to deliver it again, or waive with a reason"),
            ),
        ]  # fmt: skip
        checks += consent_unread.checks(context, judged)
        mappings = self._mappings(context)
        checks += consent_columns.checks(context, self._runbook, mappings, judged)
        checks += self._newcomers(context, mappings, figures)
        return Outcome(figures, checks + self._limits(context, figures))

    def _mappings(self, context: Context) -> dict[str, tuple[Mapping, ...]]:
        """The mappings of the sources of which something was read."""
        found = load_mappings(load_runbook(context.workspace))[0]
        read = {j.delivery.source for j in self._look(context) if j.delivery.files}
        return {source: found.get(source, ()) for source in sorted(read)}

    def _newcomers(
        self,
        context: Context,
        mappings: Table[str, Sequence[Mapping]],
        figures: dict[str, int | str],
    ) -> list[Check]:
        """A check that says how people who are new come in, where the mappings know of any."""
        if not any(one.newcomer for every in mappings.values() for one in every):
            return []
        waiting = newcomers.waiting(context)
        figures["newcomers waiting"] = waiting
        steps = (step for phase in self._runbook.phases for step in phase.steps)
        reads = next((step.id for step in steps if step.uses == "ingest"), "")
        said = _("{}: they come in when {} is done again").format(waiting, reads)
        name = _("newcomers that wait to be matched")
        return [Check(name, not waiting, said if waiting else "0", "0", "warn")]

    def _limits(self, context: Context, figures: dict[str, int | str]) -> list[Check]:
        """A check for each delivery that the limits hold up, or held up until it was waived."""
        own = {"step": self._spec.id, "attempt": context.attempt}
        mine = "e.step = $step AND e.attempt = $attempt"
        figures |= {
            "rows of the largest delta": context.value(_MOST_ROWS, own),
            "profiles of the largest delta": context.value(_MOST_TOUCHED, own),
            "conflicts of deltas": context.value(
                CONFLICTS.format(states="consent_state", own=mine), own
            ),
        }
        limits = self._settings.limits
        if limits.rows is limits.share is limits.conflicts is None:
            return []
        waiting: dict[str, list[str]] = {}
        for delivery, what, observed, most in context.query(_WAITING, own):
            said = _LIMITS[str(what)]().format(observed, most)
            waiting.setdefault(str(delivery), []).append(said)
        figures["deliveries waiting"] = len(waiting)
        checks = []
        for judged in filter(lambda one: one.applied, self._look(context)):
            beyond, name = waiting.get(judged.delivery.name), limit_check(context, judged)
            if beyond:
                said = "; ".join([*beyond, _LIMITS["remedy"]()])
                checks.append(Check(name, False, said, _("nothing waits"), waivable=True))
            elif name in context.waived:
                checks.append(Check(name, True, _("applied: waived"), _("nothing waits")))
        every = _("deliveries that wait for a person")
        return [Check(every, not waiting, str(len(waiting)), "0", "warn"), *checks]


_LIMITS: dict[str, Callable[[], str]] = {
    "rows": lambda: _("{} rows, at most {}"),
    "profiles": lambda: _("{} profiles touched, at most {}"),
    "conflicts": lambda: _("{} conflicts, at most {}"),
    "remedy": lambda: _(
        "look at it; then waive this check with a reason (or raise the limit in the runbook), and"
        " do the step again"
    ),
}

# One row is a limit that a waiting delivery exceeds.
_WAITING = """
SELECT delivery, substr(rule, length('consent.limit_') + 1), value, cleaned FROM store.finding
WHERE step = $step AND attempt = $attempt AND starts_with(rule, 'consent.limit_')
ORDER BY delivery, rule DESC
"""

# The rows of the largest delivery that came.
_MOST_ROWS = """
SELECT coalesce(max(n), 0) FROM (
  SELECT count(*) AS n FROM store.record
  WHERE step = $step AND attempt = $attempt AND starts_with(unit, 'delta-') GROUP BY unit)
"""

# The profiles about which the delivery with most of them says something.
_MOST_TOUCHED = """
SELECT coalesce(max(n), 0) FROM (
  SELECT count(DISTINCT profile_id) AS n FROM (
    SELECT unit, profile_id FROM store.consent_event WHERE step = $step AND attempt = $attempt
    UNION ALL
    SELECT unit, nullif(profile_id, '') FROM store.consent_change
    WHERE step = $step AND attempt = $attempt)
  GROUP BY unit)
"""


def _hashes(context: Context, delivery: Delivery) -> dict[str, str]:
    """File name → SHA-256 as it was handed over: an erasure may have rewritten it."""
    stones = context.host.tombstones()
    found = hash_files(delivery, context.workspace)
    return {Path(name).name: stones.delivered(sha) for name, sha in found.items()}


def _with_erased(context: Context, delivery: Delivery) -> Delivery:
    """The delivery with the number of rows that erasures took from each file."""
    stones = context.host.tombstones()
    if not stones.files:
        return delivery
    found = hash_files(delivery, context.workspace)
    gone = {Path(name).name: len(stones.lines(sha)) for name, sha in found.items()}
    return replace(delivery, erased=gone)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_.-]", "_", name.lower())


def _seen(judged: Judged, context: Context) -> DeliverySeen:
    delivery, said = judged.delivery, context.host.name
    return DeliverySeen(
        source=delivery.source,
        delivery=said(delivery.name),
        full=False,
        sequence=judged.sequence,
        files=[
            FileSeen(
                name=said(str(path.relative_to(context.workspace))),
                sha256=judged.hashes[path.name],
                size=path.stat().st_size,
            )
            for path in delivery.files
        ],
        status=judged.status,
        reason=said(judged.reason) if judged.reason else "",
    )


def _check(name: str, wrong: Sequence[str], remedy: str) -> Check:
    said = f"{', '.join(wrong)}: {remedy}" if wrong else "0"
    return Check(name, not wrong, said, "0", waivable=True)


def _empty_folders(
    workspace: Path, patterns: Sequence[str], source: str, found: Sequence[Delivery]
) -> list[Delivery]:
    """Deliveries of which nothing came but the manifest: their files are missing, not their number."""
    known = {delivery.folder for delivery in found}
    more = []
    for pattern in patterns:
        for path in sorted(workspace.glob(str(Path(pattern).parent / MANIFEST))):
            if path.parent not in known:
                known.add(path.parent)
                manifest = read_manifest(path)
                more.append(Delivery(source, path.parent.name, path.parent, (), manifest))
    return more
