"""What is at stake in a cluster: consents that may contradict each other, what hangs on its records."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_migrate.engine.review_queries import ClusterPermission, ClusterSheet
from tui_migrate.engine.sentences import label
from tui_migrate.engine.wording import counted
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.clustercolumns import Columns, Showing
from tui_migrate.tui.drafting import Draft
from tui_migrate.tui.safe import safe
from tui_migrate.tui.status import BAD, QUIET, WARN
from tui_migrate.tui.widgets.block import Part

OUT = ("refused", "withdrawn", "opt-out")

Key = tuple[str, str]


def stake_rows(made: Columns, sheet: ClusterSheet, draft: Draft, how: Showing) -> list[Content]:
    """Consents, what hangs on each record, and what a merge would bring together."""
    return [*_consents(made, sheet, how), *_stakes(made, sheet), *_joined(sheet, draft)]


def _newest(permissions: Sequence[ClusterPermission]) -> dict[Key, ClusterPermission]:
    """Brand and channel → the last statement; one without a date counts as the last."""
    found: dict[Key, ClusterPermission] = {}
    for one in permissions:
        key = ("" if one.brand == "*" else one.brand, one.channel)
        before = found.get(key)
        undated = not one.event_at
        if before is None or undated or (before.event_at and one.event_at >= before.event_at):
            found[key] = one
    return found


def conflicts(sheet: ClusterSheet) -> set[Key]:
    """Brands and channels to which one record says yes and another no (also to all brands)."""
    each = [_newest(record.permissions) for record in sheet.records]
    found = set()
    for given in each:
        for key, one in given.items():
            said = [
                other.get(key) or other.get(("", key[1])) for other in each if other is not given
            ]
            if one.state not in OUT and any(no is not None and no.state in OUT for no in said):
                found.add(key)
    return found


def _consents(made: Columns, sheet: ClusterSheet, how: Showing) -> list[Content]:
    """Consents of all, the same brand and channel beside each other, and where they contradict."""
    each = [_newest(record.permissions) for record in sheet.records]
    torn = conflicts(sheet)
    keys = sorted({key for found in each for key in found})
    shown = keys if how.tall or how.unfolded else sorted(torn)
    if not shown:
        nothing: list[Part] = [("–", QUIET)] * made.shown
        if keys:
            words = ngettext("{n} consent agrees", "{n} consents agree", len(keys))
            nothing = [(words.format(n=len(keys)), QUIET)]
        return [made.row(_("Consents"), nothing)]
    rows = []
    for number, key in enumerate(shown):
        sides = [_permission(each[at].get(key)) for at in made.places()]
        tail: list[Part] = [("! " + _("conflict"), WARN)] if key in torn else []
        rows.append(made.row(_("Consents") if not number else "", sides, *tail))
    return rows


def _permission(one: ClusterPermission | None) -> Part:
    """State and year, brand and channel; opt-outs in capitals."""
    if one is None:
        return ("–", QUIET)
    out = one.state in OUT
    state = safe(_(label(one.state))) or _("unclear")
    brand = safe(one.brand) if one.brand not in ("", "*") else _("all brands")
    said = f"{state.upper() if out else state} {one.event_at[:4]}".rstrip()
    return (f"{said} {brand} {safe(one.channel)}", BAD if out else "")


def _stakes(made: Columns, sheet: ClusterSheet) -> list[Content]:
    """``2 subscriptions · 1 order`` under each record."""
    sides: list[Part] = []
    for at in made.places():
        children = sheet.records[at].children
        sides.append(" · ".join(safe(counted(n, name)) for name, n in children.items()) or "–")
    return [made.row(_("At stake"), sides)]


def _joined(sheet: ClusterSheet, draft: Draft) -> list[Content]:
    """What a merge would bring together: named before it is done."""
    parts = []
    for group in draft.groups:
        sums: dict[str, int] = {}
        for at in group:
            for name, n in sheet.records[at].children.items():
                sums[name] = sums.get(name, 0) + n
        if len(group) > 1 and sums:
            parts.append(", ".join(safe(counted(n, name)) for name, n in sums.items()))
    rows = []
    if parts:
        text = _("A merge brings together: {what}.").format(what="; ".join(parts))
        rows.append(Content.styled(text, WARN))
    if conflicts(sheet) and any(len(group) > 1 for group in draft.groups):
        text = _("Their consents contradict: all events stay, and the state is derived again.")
        rows.append(Content.styled(text, WARN))
    return rows
