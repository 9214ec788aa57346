"""Restriction of processing and objection (GDPR, articles 18 and 21): journalled here, applied by steps.

Who is meant is known by the pseudonyms of his records, so that a rebuild and later deliveries find
him again. A step sees whom it concerns as an input: one that ran before is done again.
"""

from __future__ import annotations

from tui_migrate.audit import person_facts
from tui_migrate.audit.tombstones import Objection, Rights
from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.persons import find_person
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _


def rights_at(core: Core, seq: int) -> Rights:
    """What counted behind the first ``seq`` entries of the journal."""
    restricted: dict[str, str] = {}
    objections = []
    for entry in core.state.rights:
        if entry.seq > seq:
            break
        match entry.fact:
            case person_facts.Restricted(records=records):
                for name in records:
                    restricted.setdefault(name, entry.at)
            case person_facts.RestrictionLifted(records=records):
                restricted = {n: at for n, at in restricted.items() if n not in records}
            case person_facts.Objected(records=records):
                objections.append(Objection(entry.at, frozenset(records)))
    return Rights(restricted, tuple(objections))


def restrict(core: Core, command: api.Restrict) -> api.Reply:
    """The command: journal the restriction, or its end."""
    names = _person(core, command)
    present = rights_at(core, core.state.seq).restricted.keys() & set(names)
    if command.lift and not present:
        raise DataSaysNo(_("{} is not restricted.").format(command.profile))
    if not command.lift and set(names) <= present:
        raise DataSaysNo(_("{} is restricted already.").format(command.profile))
    founder, records = names[0], sorted(names)
    reason = core.vault.keep_words(command.reason)
    if command.lift:
        lifted = person_facts.RestrictionLifted(profile=founder, records=records, reason=reason)
        entry = core.record(lifted, command.id)
        message = _("No longer restricted. The next run sends on what was left out.")
        return api.Reply(ok=True, message=message, seq=entry.seq)
    fact = person_facts.Restricted(profile=founder, records=records, reason=reason)
    entry = core.record(fact, command.id)
    message = _(
        "Restricted. The next run leaves the person out of the target, and silences every contact point."
    )
    return api.Reply(ok=True, message=message, seq=entry.seq)


def object_to_marketing(core: Core, command: api.Object) -> api.Reply:
    """The command: journal the objection. A person may object again, at a later moment."""
    names = _person(core, command)
    reason = core.vault.keep_words(command.reason)
    fact = person_facts.Objected(profile=names[0], records=sorted(names), reason=reason)
    entry = core.record(fact, command.id)
    message = _(
        "Objected: an opt-out on every brand and channel from now. The next run carries it over."
    )
    return api.Reply(ok=True, message=message, seq=entry.seq)


def _person(core: Core, command: api.Restrict | api.Object) -> list[str]:
    """Pseudonyms of the person's records, the founding one first."""
    if not command.reason.strip():
        raise EnvironmentProblem(_("This needs a reason."))
    cursor = core.store.cursor()
    try:
        _profile, records = find_person(cursor, command.profile)
    finally:
        cursor.close()
    key = core.vault.workspace_key()
    return [pseudonym(key, *record) for record in records]
