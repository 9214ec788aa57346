"""Facts about the rights of persons, and about destruction, as plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.i18n import _, ngettext

if TYPE_CHECKING:
    from tui_migrate.engine.sentences import Teller


def file_kind(what: str) -> str:
    """Which kind of file stands without an erased person, in words."""
    return {
        "export": _("an export"),
        "evidence": _("a file of evidence"),
        "target": _("the target"),
    }.get(what, what)


def categories(names: list[str]) -> str:
    """Kinds of data that have to be kept, in words."""
    return ", ".join(_(name) for name in names)


def _asked(t: Teller, e: Entry, f: person_facts.ErasureAsked) -> str:
    text = ngettext(
        "{by} has a person of {n} record erased",
        "{by} has a person of {n} records erased",
        len(f.records),
    )
    text = text.format(by=e.by, n=len(f.records))
    text += _kept(f.kept)
    return text + t.reason(f.reason)


def _rewritten(t: Teller, e: Entry, f: person_facts.DeliveryRewritten) -> str:
    text = ngettext(
        "a delivered file of {source} stands without {n} line of an erased person",
        "a delivered file of {source} stands without {n} lines of an erased person",
        len(f.lines),
    )
    return text.format(source=f.source, n=len(f.lines)) + _kept(f.kept)


def _kept(kept: Sequence[str]) -> str:
    if not kept:
        return ""
    text = ngettext(
        "what was said to {n} address that others have is kept as an opt-out of the address alone",
        "what was said to {n} addresses that others have is kept as opt-outs of the addresses alone",
        len(kept),
    )
    return "; " + text.format(n=len(kept))


def _file(t: Teller, e: Entry, f: person_facts.FileErased) -> str:
    if not f.new:
        return _("{what} that named an erased person is gone").format(what=file_kind(f.what))
    return _("{what} stands without an erased person").format(what=file_kind(f.what))


def _done(t: Teller, e: Entry, f: person_facts.ErasureDone) -> str:
    text = _("the person is erased")
    if f.backups:
        held = ngettext(
            "{n} back-up still holds the person until {day}",
            "{n} back-ups still hold the person until {day} at the latest",
            len(f.backups),
        )
        text += "; " + held.format(n=len(f.backups), day=max(b.purge_on for b in f.backups))
    if f.target == "queued":
        text += "; " + _("the target has to erase by itself")
    return text + t.reason(f.left)


def _refused(t: Teller, e: Entry, f: person_facts.ErasureRefused) -> str:
    text = _("a person was not erased: {what} has to be kept").format(what=categories(f.categories))
    return text + t.reason(f.reason)


def _restricted(t: Teller, e: Entry, f: person_facts.Restricted) -> str:
    return _("{by} restricted the processing of a person's data").format(by=e.by) + t.reason(
        f.reason
    )


def _lifted(t: Teller, e: Entry, f: person_facts.RestrictionLifted) -> str:
    return _("{by} ended the restriction of a person's data").format(by=e.by) + t.reason(f.reason)


def _objected(t: Teller, e: Entry, f: person_facts.Objected) -> str:
    text = _("{by} noted that a person objects to direct marketing").format(by=e.by)
    return text + t.reason(f.reason)


def _purged(t: Teller, e: Entry, f: facts.Purged) -> str:
    if f.what == "workspace":
        text = _("{by} destroyed all personal data of the workspace, {n} files")
    else:
        text = _("{by} destroyed exports and back-ups that were over their time, {n} files")
    text = text.format(by=e.by, n=f.files)
    if f.sha256:
        text += _(", certificate {hash}").format(hash=f.sha256[:12])
    return text + t.reason(f.reason)


TELLERS: dict[type, Callable[[Teller, Entry, Any], str]] = {
    person_facts.ErasureAsked: _asked,
    person_facts.DeliveryRewritten: _rewritten,
    person_facts.FileErased: _file,
    person_facts.ErasureDone: _done,
    person_facts.ErasureRefused: _refused,
    person_facts.Restricted: _restricted,
    person_facts.RestrictionLifted: _lifted,
    person_facts.Objected: _objected,
    facts.Purged: _purged,
}
