"""Events in the life of a record as plain sentences, the same on screen and on the command line.

Values are put in as they are: who shows a sentence sanitises it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tui_migrate.engine.sentences import grouped, label
from tui_migrate.engine.wording import rule_words
from tui_migrate.i18n import _

_TRAIL_CELLS = (
    "event", "by", "field", "rule", "source", "record_id", "other_source", "other_record",
    "before", "after",
)  # fmt: skip

Cells = Mapping[str, str]


def _by_rule(c: Cells) -> str:
    return f" ({label(c['rule'])})" if c["rule"] else ""


def _other(c: Cells) -> str:
    return f"{c['other_source']} {c['other_record']}".strip()


def _plain(c: Cells) -> str:
    text = label(c["event"])
    if c["field"]:
        text += f" {label(c['field'])}"
    if c["before"] or c["after"]:
        text += f": {c['before'] or '–'} → {c['after'] or '–'}"
    if _other(c):
        text += _(", with {other}").format(other=_other(c))
    return text + _by_rule(c)


def _merged(c: Cells) -> str:
    other = _other(c)
    if other:
        return _("merged with {other}").format(other=other) + _by_rule(c)
    return _("merged into profile {profile}").format(profile=c["after"]) + _by_rule(c)


def _loaded(c: Cells) -> str:
    return _("founded profile {profile}").format(profile=c["after"] or "–")


def _mapped(c: Cells) -> str:
    if not c["field"]:
        return _("mapped with {rule}").format(rule=c["rule"])
    count = grouped(int(c["after"])) if c["after"].isdecimal() else c["after"]
    text = _("mapped as {entity} × {n}") if count != "1" else _("mapped as {entity}")
    return text.format(entity=label(c["field"]), n=count or "–") + _by_rule(c)


def _changed(c: Cells) -> str:
    text = _("{field} changed from {before} to {after}").format(
        field=label(c["field"]), before=c["before"] or "–", after=c["after"] or "–"
    )
    return text + _by_rule(c)


def _survived(c: Cells) -> str:
    text = _("{field} stays {after}, not {before}").format(
        field=label(c["field"]), after=c["after"] or "–", before=c["before"] or "–"
    )
    return text + (_(" from {other}").format(other=_other(c)) if _other(c) else "") + _by_rule(c)


def _consent(c: Cells) -> str:
    """The field is channel/brand/purpose."""
    channel, _slash, rest = c["field"].partition("/")
    brand = rest.rpartition("/")[0] or rest
    before = _("{before} → ").format(before=c["before"]) if c["before"] else ""
    text = _("{brand} by {channel}: {state}").format(
        brand=brand or "–", channel=channel or "–", state=before + (c["after"] or "–")
    )
    if _other(c):
        text += _(", as {other} says").format(other=_other(c))
    return text + (f" ({rule_words(c['rule'])})" if c["rule"] else "")


def _written(c: Cells) -> str:
    actions = {
        "create": _("{entity} created in the target"),
        "update": _("{entity} updated in the target"),
        "skip": _("{entity} was in the target already"),
        "reject": _("{entity} refused by the target"),
    }
    text = actions.get(c["rule"], _("{entity} written to the target"))
    return text.format(entity=label(c["field"]) or _("record"))


def _fate(c: Cells) -> str:
    why = label(c["rule"]) or "–"
    return _("{fate} by the rule {rule}").format(fate=label(c["event"]), rule=why)


_TRAIL: dict[str, Callable[[Cells], str]] = {
    "merged": _merged,
    "loaded": _loaded,
    "mapped": _mapped,
    "cleaned": _changed,
    "changed": _changed,
    "survived": _survived,
    "imported": _written,
    "consent": _consent,
    "consent_written": _written,
    **dict.fromkeys(("rejected", "excluded", "pruned", "held", "repeated", "superseded"), _fate),
}


def trail_sentence(event: Mapping[str, Any]) -> str:
    """One event in the life of a record as a sentence, without the time.

    Known events have their own wording; any other says event, field and values in one order.
    """
    cells = {name: str(event.get(name) or "") for name in _TRAIL_CELLS}
    told = _TRAIL.get(cells["event"], _plain)(cells)
    return told + (_(" by {by}").format(by=cells["by"]) if cells["by"] else "")
