"""Figures and checks of a verification, made of the rows that its units wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_migrate.i18n import _
from tui_migrate.steps.base import Check, Context
from tui_migrate.steps.consent_target import conservation_checks, conservation_found
from tui_migrate.verify import fates, sample

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import VerifyWith

Stated = tuple[dict[str, int | str], list[Check]]


def checks_of(context: Context, what: str, settings: VerifyWith) -> Stated:
    """What one kind of comparison states. Counts are stated by the step itself."""
    kinds: dict[str, Callable[[Context, VerifyWith], Stated]] = {
        "fates": _fates,
        "segments": _segments,
        "members": _members,
        "sample": _sample,
        "consents": _consents,
        "trail": _trail,
    }
    return kinds[what](context, settings)


def count_checks(totals: dict[str, tuple[int, int, int]], tolerance: float) -> Stated:
    """Of counts per entity: rows expected, rows found, rows in groups that differ."""
    figures: dict[str, int | str] = {}
    checks = []
    for name, (expected, found, apart) in totals.items():
        figures |= {f"{name}.expected": expected, f"{name}.found": found}
        most = _share(expected, tolerance)
        label = _("{}: rows that differ between staging and target").format(name)
        checks.append(Check(label, apart <= most, str(apart), f"<= {most}"))
    return figures, checks


def _share(total: int, tolerance: float) -> int:
    """How many of a total may differ; a share is meant to a millionth."""
    return total * round(tolerance * 1_000_000) // 1_000_000


def _own(context: Context) -> dict[str, object]:
    return {"step": context.spec.id, "attempt": context.attempt}


def _found(context: Context, rule: str) -> int:
    return context.value(
        "SELECT count(*) FROM store.finding WHERE step = $step AND attempt = $attempt"
        " AND rule = $rule",
        {**_own(context), "rule": rule},
    )


def _zero(name: str, count: int) -> Check:
    return Check(name, count == 0, str(count), "0")


def _fates(context: Context, settings: VerifyWith) -> Stated:
    figures: dict[str, int | str] = {
        f"fate.{fate}": int(str(rows)) for fate, rows in context.query(fates.TOTALS)
    }
    return figures, [
        _zero(
            _("Deliveries whose rows are not the sum of their fates"), _found(context, "fates.sum")
        ),
        _zero(_("Deliveries with rows that have no fate yet"), _found(context, "fates.pending")),
    ]


def _segments(context: Context, settings: VerifyWith) -> Stated:
    rows = context.query(
        "SELECT segment, sum(old)::BIGINT, sum(new)::BIGINT, sum(unexplained)::BIGINT"
        " FROM store.segment WHERE step = $step AND attempt = $attempt GROUP BY ALL ORDER BY ALL",
        _own(context),
    )
    figures: dict[str, int | str] = {}
    checks = []
    for segment, old, new, unexplained in rows:
        most = _share(int(str(old)), settings.tolerance)
        figures |= {f"{segment}.old": int(str(old)), f"{segment}.new": int(str(new))}
        label = _("{}: differences in the totals without a reason").format(segment)
        checks.append(Check(label, int(str(unexplained)) <= most, str(unexplained), f"<= {most}"))
    return figures, checks


def _members(context: Context, settings: VerifyWith) -> Stated:
    rows = context.query(
        "SELECT segment, count(*), count(*) - count(reason) FROM store.segment_difference"
        " WHERE step = $step AND attempt = $attempt GROUP BY ALL ORDER BY ALL",
        _own(context),
    )
    figures: dict[str, int | str] = {}
    total = 0
    for segment, differences, unexplained in rows:
        figures[f"{segment}.on one side"] = int(str(differences))
        figures[f"{segment}.unexplained"] = int(str(unexplained))
        total += int(str(unexplained))
    most = _share(sum(int(str(row[1])) for row in rows), settings.tolerance)
    label = _("Members on one side only, without a reason")
    return figures, [Check(label, total <= most, str(total), f"<= {most}")]


def _sample(context: Context, settings: VerifyWith) -> Stated:
    rows = context.query(
        "SELECT verdict, count(*) FROM store.sample WHERE step = $step AND attempt = $attempt"
        " GROUP BY verdict ORDER BY verdict",
        _own(context),
    )
    figures: dict[str, int | str] = {f"cells.{v}": int(str(n)) for v, n in rows}
    drawn, wrong = context.query(
        "SELECT count(DISTINCT profile_id), count(DISTINCT profile_id) FILTER (verdict = 'differs')"
        " FROM store.sample WHERE step = $step AND attempt = $attempt",
        _own(context),
    )[0]
    population = context.value(
        "SELECT count(DISTINCT profile_id) FROM receipt WHERE entity = 'profile'"
        " AND action <> 'reject'"
    )
    plan = sample.plan_for(population, settings.size)
    figures |= {"profiles": population, "drawn": int(str(drawn)), "wrong": int(str(wrong))}
    label = _("Profiles of the sample with a cell that no delivered cell explains")
    passed = int(str(wrong)) < plan.reject
    return figures, [Check(label, passed, str(wrong), f"< {plan.reject}")]


def _consents(context: Context, settings: VerifyWith) -> Stated:
    return {}, conservation_checks(conservation_found(context))


def _trail(context: Context, settings: VerifyWith) -> Stated:
    records = context.value("SELECT count(*) FROM crosswalk")
    return {"records": records}, [
        _zero(_("Records without a mapped event"), _found(context, "trail.mapped")),
        _zero(_("Profiles without an imported event"), _found(context, "trail.imported")),
    ]
