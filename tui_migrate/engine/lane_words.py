"""The safe lane in words, the same on screen and on the command line."""

from __future__ import annotations

from tui_migrate.engine.lane_queries import LaneLot, LaneSheet
from tui_migrate.i18n import _, ngettext


def grouped(number: int) -> str:
    """12480 → ``12 480``."""
    return f"{number:,}".replace(",", " ")


def clusters(number: int) -> str:
    """``1 cluster``, ``12 480 clusters``."""
    return ngettext("{n} cluster", "{n} clusters", number).format(n=grouped(number))


def group_words(group: str) -> str:
    """By what clusters are counted."""
    return {
        "kind": _("tied by"),
        "band": _("how likely"),
        "size": _("records"),
        "source": _("sources"),
        "brand": _("brand"),
    }.get(group, group)


def value_words(group: str, value: str) -> str:
    """A row of the preview."""
    if value == "link":
        return _("a link: one system names the other's record")
    if group == "kind":
        names = {
            "birth_date": _("birth date"),
            "email": _("e-mail"),
            "phone": _("phone"),
            "kvk": _("KvK number"),
            "vat": _("VAT number"),
            "other": _("name and address"),
        }
        return ", ".join(names.get(part, part.replace("_", " ")) for part in value.split("+"))
    if group == "band":
        low = {"0.9999": "99.99", "0.999": "99.9", "0.99": "99"}.get(value, "")
        return _("{n} % and more").format(n=low) if low else _("less than 99 %")
    if group == "brand" and not value:
        return _("no brand")
    return value


def plan_words(sheet: LaneSheet) -> str:
    """The sample that would be drawn."""
    return _(
        "{size} of {n} (ISO 2859-1 level II, {letter}, AQL {aql}); accepted with at most {accept} wrong"
    ).format(
        size=grouped(sheet.size),
        n=grouped(sheet.uncovered),
        letter=sheet.letter,
        aql=sheet.aql,
        accept=sheet.accept,
    )


def lot_words(lot: LaneLot) -> str:
    """How a sample stands."""
    result = {
        "accepted": _("ACCEPTED"),
        "rejected": _("REJECTED"),
    }.get(lot.result, _("{n} to judge").format(n=grouped(lot.left)))
    text = _("{size} of {n}: {result}; {right} right, {wrong} wrong ({accept} allowed)")
    return text.format(
        size=grouped(lot.size),
        n=grouped(lot.clusters),
        result=result,
        right=grouped(lot.right),
        wrong=grouped(lot.wrong),
        accept=lot.accept,
    )


def decision_words(sheet: LaneSheet) -> str:
    """What was decided about the lane, or that nothing was."""
    said = sheet.decision
    if said is None:
        if not sheet.asked:
            return _("not asked for by the runbook: they merge when the run comes to it")
        return _("not confirmed: the merge waits for it")
    if said.decision == "review":
        return _("{by} lets nothing merge without a person").format(by=said.by)
    text = _("{n} confirmed by {by}").format(n=clusters(said.clusters), by=said.by)
    return text if said.holds else _("{text}; other ones would merge now").format(text=text)
