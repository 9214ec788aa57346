"""What a source row says, read so that a doubt never becomes a permission.

The ledger, the policies and the check *justified* share these readings: which channel a word means,
how many addresses one cell names, whether a date can be true, and how long an opt-out without a time
of day lasts. Each is an SQL expression (or a bracketed SELECT) over mapped consent rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tui_migrate.consent.relations import Sources, exists
from tui_migrate.model.types.codes import channel_words
from tui_migrate.staging.erasure import KEPT
from tui_migrate.staging.store import Cursor, literal

EVERY = "('', '*', 'alle', 'alles', 'all', 'allemaal', 'tous')"
"""Words for every brand or channel."""

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _squeezed(column: str) -> str:
    """As the semantic type compares words: small letters, no accents, one kind of gap."""
    plain = f"lower(strip_accents(coalesce({column}, '')))"
    return rf"trim(regexp_replace({plain}, '[\s_\-]+', ' ', 'g'), ' .!')"


def _whens(column: str) -> str:
    return " ".join(
        f"WHEN {_squeezed(column)} IN ({', '.join(map(literal, words))}) THEN {literal(channel)}"
        for channel, words in channel_words().items()
    )


def channel_sql(column: str, silences: str = "true") -> str:
    """The channel that a word means; '*' is every one.

    A word that nobody knows is every channel where the row ``silences`` (an SQL condition); a
    permission keeps it as it stands. The names themselves come first: most rows say nothing else.
    """
    names = ", ".join(literal(name) for name, words in channel_words().items() if name in words)
    return (
        f"CASE WHEN {column} IN ({names}) THEN {column}"
        f" WHEN lower(trim(coalesce({column}, ''))) IN {EVERY} THEN '*' {_whens(column)}"
        f" WHEN {silences} THEN '*' ELSE trim({column}) END"
    )


def unknown_channel_sql(column: str) -> str:
    """Condition: a word stands there, and it means neither a channel nor every one."""
    known = ", ".join(literal(word) for words in channel_words().values() for word in words)
    return (
        f"(lower(trim(coalesce({column}, ''))) NOT IN {EVERY}"
        f" AND {_squeezed(column)} NOT IN ({known}))"
    )


# The addresses and numbers that a cell names, where it names several.
_TOKENS = r"""CASE WHEN length(contact_point) - length(replace(contact_point, '@', '')) > 1
    THEN regexp_extract_all(contact_point, '[^\s;,/|<>()"'']+@[^\s;,/|<>()"'']+')
    ELSE list_filter(regexp_split_to_array(contact_point,
      '[;,|/\n]| of | or | ou | en | and | et '), lambda x:
      contains(x, '@') OR length(regexp_replace(x, '[^0-9]+', '', 'g')) >= 8) END"""


def apart(rows: str, silences: str = "true") -> str:
    """``rows`` with one row for each address or number that its contact point names.

    Only rows that silence (an SQL condition) are taken apart: "a@x; b@y" silences both.
    """
    return f"""(SELECT * REPLACE (unnest(CASE WHEN coalesce({silences}, false)
    AND len({_TOKENS}) > 1 THEN {_TOKENS} ELSE [contact_point] END) AS contact_point) FROM {rows})"""


def dated_sql(cursor: Cursor, sources: Sources, rows: Iterable[str]) -> str:
    """SQL for a row's ``event_at``; NULL where it lies after its delivery: then nobody knows when.

    The day of a delivery stands in its name; one day more is allowed. A delivery without one is at
    most as old as the latest known, but for deliveries of changes, which come later still.
    """
    return f"CASE WHEN {future_sql(cursor, sources, rows)} THEN NULL ELSE event_at END"


def future_sql(cursor: Cursor, sources: Sources, rows: Iterable[str]) -> str:
    """Condition: the row tells of a time after its delivery."""
    own = f"TRY_CAST(nullif(regexp_extract(delivery, '{_DAY}'), '') AS DATE)"
    told = [*rows, "record"] if exists(cursor, "record") else list(rows)
    every = " UNION ".join(f"SELECT DISTINCT delivery FROM {row}" for row in told)
    found = cursor.execute(f"SELECT max({own}) FROM ({every})").fetchall()
    latest: date | None = found[0][0]
    limit = own
    if latest is not None:
        # What an erasure kept was dated when it was placed first.
        changes = ", ".join(map(literal, (KEPT, *sources.deltas)))
        limit = f"coalesce({own}, CASE WHEN source NOT IN ({changes}) THEN DATE '{latest}' END)"
    return f"coalesce(event_at >= {limit} + INTERVAL 2 DAY, false)"


def until_sql(event_at: str, zone: str) -> str:
    """SQL for the time (UTC) that an opt-in has to be later than, to end an opt-out of ``event_at``.

    An opt-out at midnight was said on a day, nobody knows when: an opt-in of that day, in its zone
    (or in UTC), does not end it. Nor does one of the hour after an opt-out of an hour that the clock
    shows twice.
    """
    local = f"timezone({literal(zone)}, timezone('UTC', {event_at}))"
    night = f"timezone('UTC', timezone({literal(zone)}, ({local}::DATE + 1)::TIMESTAMP))"
    return (
        f"CASE WHEN {local}::TIME = TIME '00:00:00' THEN {night} - INTERVAL 1 MICROSECOND"
        f" WHEN {event_at}::TIME = TIME '00:00:00'"
        f" THEN {event_at} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND "
        # The hour that the clock shows twice: it may have been the second.
        f" WHEN timezone({literal(zone)}, timezone('UTC', {event_at} + INTERVAL 1 HOUR)) = {local}"
        f" THEN {event_at} + INTERVAL 1 HOUR ELSE {event_at} END"
    )
