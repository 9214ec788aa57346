"""Events in the life of a record as plain sentences, the same on screen and on the command line.

Values are put in as they are: who shows a sentence sanitises it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tui_migrate.engine.pair_words import PRIOR, evidence
from tui_migrate.engine.sentences import label as spelled
from tui_migrate.engine.wording import evidence_words, rule_words
from tui_migrate.i18n import _
from tui_migrate.matching.explaining import reason_text
from tui_migrate.numerals import grouped

if TYPE_CHECKING:
    from tui_migrate.engine.person_queries import TrailEvent

_TRAIL_CELLS = (
    "event", "by", "field", "rule", "source", "record_id", "other_source", "other_record",
    "before", "after", "place", "note",
)  # fmt: skip

RIGHTS = ("erased", "not_erased", "restricted", "lifted", "objected")
"""What was decided about a person's rights."""
CHAPTERS = (
    ("delivered", ("read", "repeated", "superseded")),
    ("mapped", ("mapped", "cleaned", "changed", "rejected", "excluded", "pruned", "held")),
    ("found", ("found",)),
    ("merged", ("compared", "decided", "loaded", "merged", "redirected", "unmerged")),
    ("chosen", ("survived",)),
    ("permissions", ("stated", "silenced", "consent")),
    ("target", ("imported", "consent_written")),
    ("taken", ("exported", "deleted", "looked")),
    ("rights", RIGHTS),
)
"""The parts of a person's history, in order, with their events; any other event stands last."""
OTHER = "other"
ABOUT_PERSON = ("exported", "deleted", "looked", *RIGHTS)
"""Events of the person as a whole, not of one of the records."""
BY_PEOPLE = ("decided", *ABOUT_PERSON)
"""What a person does himself. Of the rest the trail knows who ran the step, which tells nothing."""


def chapter_of(event: str) -> str:
    """The part of the history to which an event belongs."""
    return next((name for name, events in CHAPTERS if event in events), OTHER)


def chapter_title(name: str) -> str:
    """A part's title for people."""
    return {
        "delivered": _("Delivered"),
        "mapped": _("Cleaned and mapped"),
        "found": _("What the rules found"),
        "merged": _("Which records are one person"),
        "chosen": _("Values that were chosen"),
        "permissions": _("Permissions"),
        "target": _("Brought to the target"),
        "taken": _("Taken out and looked at"),
        "rights": _("Rights of the person"),
    }.get(name, _("Else"))


def label(code: str) -> str:
    """A code (a field, an entity, a fate) as words in the reader's language."""
    return _(spelled(code)) if code else ""


Cells = Mapping[str, str]


def _by_rule(c: Cells) -> str:
    return f" ({words_of(c['rule'])})" if c["rule"] else ""


def words_of(rule: str) -> str:
    """A rule of cleaning, merging or choosing in words; others by their id."""
    known = {
        "normalised": _("written in one way"),
        "most_trusted": _("the most trusted source"),
        "newest": _("the newest value"),
        "oldest": _("the oldest value"),
        "longest": _("the longest value"),
        "most_frequent": _("the most frequent value"),
        "most_complete": _("of the most complete record"),
        "source_order": _("the order of sources for this field"),
        "keep_all": _("all are kept"),
        "only": _("the only value"),
        "decided": _("a person chose it"),
        "review": _("settled by a person"),
    }
    if found := known.get(rule):
        return found
    told = reason_text(rule)
    if told != rule:
        return told
    return rule if "/" in rule else _(rule_words(rule))


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


def _redirected(c: Cells) -> str:
    text = _("the target knew profile {before}; it is part of profile {after} now, with {other}")
    return text.format(before=c["before"] or "–", after=c["after"] or "–", other=_other(c))


def _unmerged(c: Cells) -> str:
    """Of the record that went it says which profile it left; of the one that stayed, who went."""
    if c["rule"] == "stays":
        text = _("{other} came apart from it, and is in profile {after} now")
        return text.format(other=_other(c), after=c["after"] or "–")
    text = _("came apart from {other}: no longer in profile {before} but in profile {after}")
    if c["rule"] == "again":
        text += _(", which the target has had before")
    return text.format(other=_other(c), before=c["before"] or "–", after=c["after"] or "–")


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
    text = _("{field} stays {after}, not {before}")
    if not c["after"]:
        text = _("{field} stays empty, not {before}")
    text = text.format(field=label(c["field"]), after=c["after"], before=c["before"] or "–")
    return text + (_(" from {other}").format(other=_other(c)) if _other(c) else "") + _by_rule(c)


def _consent(c: Cells) -> str:
    """The field is channel/brand/purpose."""
    brand, channel = _permission(c)
    before = _("{before} → ").format(before=c["before"]) if c["before"] else ""
    text = _("{brand} by {channel}: {state}").format(
        brand=brand, channel=channel, state=before + (label(c["after"]) or "–")
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
    told = text.format(entity=label(c["field"]) or _("record"))
    if c["note"]:
        told += f" “{c['note']}”"
    if c["after"]:
        # Of child rows the number is kept, of a profile its name in the target.
        rows = c["field"] != "profile" and c["after"].isdecimal()
        what = _(", {n} rows") if rows else _(" as {n}")
        told += what.format(n=c["after"])
    return told + (_(", batch {batch}").format(batch=c["place"]) if c["place"] else "")


def _fate(c: Cells) -> str:
    why = spelled(c["rule"]) or "–"
    return _("{fate} by the rule {rule}").format(fate=label(c["event"]), rule=why)


def _read(c: Cells) -> str:
    if not c["place"]:
        return _plain(c)
    text = _("came with {place}").format(place=c["place"])
    if c["after"]:
        text += _("; became of it: {fate}").format(fate=label(c["after"]))
    return text + _by_rule(c)


def _found(c: Cells) -> str:
    told = c["note"] or spelled(c["rule"])
    if c["field"]:
        told = f"{label(c['field'])}: {told}"
    if c["before"]:
        told += f" – “{c['before']}”"
        if c["after"] and c["after"] != c["before"]:
            told += _(", cleaned to “{after}”").format(after=c["after"])
    return f"{told} ({_(rule_words(c['rule']))})" if c["rule"] else told


def _compared(c: Cells) -> str:
    try:
        weighed = [(str(f), str(level), float(w)) for f, level, w in json.loads(c["note"])]
    except ValueError:
        weighed = []
    parts = [evidence(weighed)] if any(field != PRIOR for field, _level, _w in weighed) else []
    parts += [reason_text(c["rule"])] if c["rule"] else []
    said = " – ".join(parts) or "–"
    return _("compared with {other}: {evidence}").format(other=_other(c), evidence=said)


def _decided(c: Cells) -> str:
    words = {
        "merge": _("said to be one person with {other}"),
        "different": _("said to be another person than {other}"),
        "unsure": _("left open whether it is one person with {other}"),
        "undo": _("the decision about {other} taken back"),
    }
    return words.get(c["rule"], "{other}").format(other=_other(c))


def _permission(c: Cells) -> tuple[str, str]:
    """Brand and channel in words, out of channel/brand/purpose."""
    channel, _slash, rest = c["field"].partition("/")
    brand = rest.rpartition("/")[0] or rest
    return (
        _("all brands") if brand in ("", "*") else brand,
        _("all channels") if channel in ("", "*") else label(channel),
    )


def _stated(c: Cells) -> str:
    brand, channel = _permission(c)
    day = c["before"][:10] or _("without a date")
    if c["event"] == "silenced":
        text = _("{day}: silenced for {brand} by {channel}: {state}")
    else:
        text = _("{day}: {state} for {brand} by {channel}")
    told = text.format(day=day, brand=brand, channel=channel, state=label(c["after"]) or "–")
    if c["note"]:
        told += _(", evidence: {evidence}").format(evidence=evidence_words(c["note"]))
    return told + (_(", in {place}").format(place=c["place"]) if c["place"] else "")


def _exported(c: Cells) -> str:
    text = _("taken out in the file “{what}”, to be gone on {day}")
    return text.format(what=label(c["field"]), day=c["after"])


def _deleted(c: Cells) -> str:
    return _("the file “{what}” was said to be gone").format(what=label(c["field"]))


def _looked(c: Cells) -> str:
    return {
        "search": _("among what a search found"),
        "finding": _("among records with a finding"),
        "pair": _("looked at beside another record"),
    }.get(c["field"], _("looked at"))


def _erased(_c: Cells) -> str:
    return _("erased: what was known is gone, the events above stay without their values")


def _not_erased(c: Cells) -> str:
    kept = ", ".join(label(name) for name in c["field"].split(", "))
    return _("not erased, because of what has to be kept ({what})").format(what=kept)


def _right(c: Cells) -> str:
    return {
        "restricted": _("processing restricted: nothing is sent on but opt-outs"),
        "lifted": _("the restriction ended"),
        "objected": _("objects to direct marketing"),
    }[c["event"]]


_TRAIL: dict[str, Callable[[Cells], str]] = {
    "merged": _merged,
    "loaded": _loaded,
    "redirected": _redirected,
    "unmerged": _unmerged,
    "mapped": _mapped,
    "cleaned": _changed,
    "changed": _changed,
    "survived": _survived,
    "imported": _written,
    "consent": _consent,
    "read": _read,
    "found": _found,
    "compared": _compared,
    "decided": _decided,
    "stated": _stated,
    "silenced": _stated,
    "exported": _exported,
    "deleted": _deleted,
    "looked": _looked,
    "erased": _erased,
    "not_erased": _not_erased,
    **dict.fromkeys(("restricted", "lifted", "objected"), _right),
    "consent_written": _written,
    **dict.fromkeys(("rejected", "excluded", "pruned", "held", "repeated", "superseded"), _fate),
}


def trail_sentence(event: Mapping[str, Any]) -> str:
    """One event in the life of a record as a sentence, without the time.

    Known events have their own wording; any other says event, field and values in one order.
    """
    cells = {name: str(event.get(name) or "") for name in _TRAIL_CELLS}
    told = _TRAIL.get(cells["event"], _plain)(cells)
    by = cells["by"] if cells["event"] in BY_PEOPLE else ""
    return told + (_(" by {by}").format(by=by) if by else "")


def told(event: Mapping[str, Any], several: bool) -> str:
    """The same with the record that it is about before it, where the person has ``several``."""
    text = trail_sentence(event)
    if several and event.get("event") not in ABOUT_PERSON:
        return f"{event['source']} {event['record_id']}: {text}"
    return text


def chapters(trail: Sequence[TrailEvent]) -> list[tuple[str, list[TrailEvent]]]:
    """The events by part of the history, each part with its title, in order."""
    order = [name for name, _events in CHAPTERS] + [OTHER]
    events = sorted(trail, key=lambda e: order.index(chapter_of(e.event)))
    return [
        (chapter_title(name), list(found))
        for name, found in groupby(events, key=lambda e: chapter_of(e.event))
    ]
