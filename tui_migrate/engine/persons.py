"""Who is meant when a person is named, and which records may be the same person's."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor, first

Records = list[tuple[str, str]]
NAMED = 10
"""So many others are named."""

# What the last merge said, which counts until it is done again: records of a person that were told
# apart from nobody else's are his, and the target has them.
_LAST = "(FROM store.crosswalk WHERE attempt = (SELECT max(attempt) FROM store.crosswalk))"

# One row is a record of a profile, the founding one first.
_OF_PROFILE = """
SELECT source, record_id FROM {crosswalk} WHERE profile_id = $profile
ORDER BY role <> 'founder', source, record_id
"""
_PROFILE_OF = "SELECT profile_id FROM {crosswalk} WHERE (source, record_id) = ($source, $record)"
# Where an id leads that the target has had and that is no profile now.
_LEADS_TO = "SELECT into_profile FROM redirect WHERE profile_id = $profile"
_RECORD = "SELECT count(*) FROM record WHERE source = $source AND record_id = $record"

# One row is a record that has an address or a number of one of these.
_ALIKE = """
WITH said AS (SELECT source, record_id, lower(unnest(list_concat(email, phone))) AS value
              FROM ent_profile),
theirs AS (SELECT DISTINCT value FROM said SEMI JOIN alike_record USING (source, record_id)
           WHERE value <> '')
SELECT DISTINCT source || '/' || record_id FROM said SEMI JOIN theirs USING (value)
ANTI JOIN alike_record USING (source, record_id) ORDER BY 1
"""


# One row is a profile of somebody else whose opt-out stands on nothing but these records.
_SILENCED = """
SELECT DISTINCT s.profile_id FROM consent_state s
JOIN alike_record r ON s.source_system = r.source AND s.record_id = r.record_id
WHERE s.status = 'opt-out' AND s.profile_id <> $profile ORDER BY 1
"""


def find_person(cursor: Cursor, named: str) -> tuple[str, Records]:
    """Profile id ('' before there are profiles) and records of who is named by a profile id or as
    source/record. Raises ``DataSaysNo`` when nobody is."""
    crosswalk = _crosswalk(cursor)
    profile = named
    source, _slash, record = named.partition("/")
    if record and crosswalk:
        select = _PROFILE_OF.format(crosswalk=crosswalk)
        row = first(cursor, select, {"source": source, "record": record})
        profile = str(row[0]) if row else ""
    if profile and crosswalk:
        row = first(cursor, _LEADS_TO, {"profile": profile})
        profile = str(row[0] or "") if row else profile
        select = _OF_PROFILE.format(crosswalk=crosswalk)
        rows = cursor.execute(select, {"profile": profile}).fetchall()
        if rows:
            return profile, [(str(s), str(r)) for s, r in rows]
    if record and first(cursor, _RECORD, {"source": source, "record": record})[0]:
        return "", [(source, record)]
    raise DataSaysNo(
        _("There is no profile or record {}.").format(named),
        _("Name it by its profile id or as source/record; search in the full-screen program: /."),
    )


def _crosswalk(cursor: Cursor) -> str:
    """SQL: which record is whose, by the merge that counts or, while steps are done again, by the one
    before; '' when there was none."""
    known = {row[0] for row in cursor.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    if "crosswalk" not in known:
        return ""
    return "crosswalk" if first(cursor, "SELECT count(*) FROM crosswalk")[0] else _LAST


def who_else(cursor: Cursor, records: Sequence[tuple[str, str]]) -> list[str]:
    """Sentences on other records that have an address or a number of these: they may be the same
    person's, or a household's."""
    found = _alike(cursor, records)
    if _crosswalk(cursor) == "crosswalk":
        said = _("{} has an address or number of his too, and was left as somebody else's.")
    else:
        said = _(
            "{} has an address or number of his too, and was left: records are not matched yet."
        )
    told = [said.format(named) for named in found[:NAMED]]
    if len(found) > NAMED:
        told.append(_("{} more have one too.").format(len(found) - NAMED))
    if found:
        told.append(_("Is it the same person, erase it as well."))
    return told


def _alike(cursor: Cursor, records: Sequence[tuple[str, str]]) -> list[str]:
    """The others, as source/record."""
    known = {row[0] for row in cursor.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    if "ent_profile" not in known:
        return []
    _list(cursor, records)
    return [str(row[0]) for row in cursor.execute(_ALIKE).fetchall()]


def silenced(cursor: Cursor, profile_id: str, records: Sequence[tuple[str, str]]) -> list[str]:
    """Profiles of others that an opt-out of these records silences: they share its address."""
    known = {row[0] for row in cursor.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    if "consent_state" not in known or not profile_id:
        return []
    _list(cursor, records)
    return [str(row[0]) for row in cursor.execute(_SILENCED, {"profile": profile_id}).fetchall()]


def _list(cursor: Cursor, records: Sequence[tuple[str, str]]) -> None:
    cursor.execute("CREATE OR REPLACE TEMP TABLE alike_record (source VARCHAR, record_id VARCHAR)")
    for record in records:
        cursor.execute("INSERT INTO alike_record VALUES (?, ?)", list(record))
