"""What is said about a physical row that cannot be taken: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tui_migrate.i18n import _
from tui_migrate.staging.store import literal

WORDS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "line.undecodable": lambda: _(
            "This line is not in the encoding of its file: say the right one under format:,"
            " or ask for the file again."
        ),
        "line.nul": lambda: _("This line holds a NUL character: ask for the file again."),
        "line.too_long": lambda: _(
            "This line is too long to be a row: look for a quote that is not closed."
        ),
        "quote.unclosed": lambda: _("A quote is opened in this line and not closed in its row."),
        "row.too_short": lambda: _("This row has fewer cells than the header."),
        "row.too_long": lambda: _(
            "This row has more cells than the header: a delimiter inside a value needs quotes."
        ),
        "row.header_again": lambda: _("This row is the header again."),
        "json.malformed": lambda: _("This line is not JSON."),
        "json.not_an_object": lambda: _("This line is JSON, but no object with named values."),
        "json.duplicate_key": lambda: _("This object has a name twice."),
        "json.too_deep": lambda: _("This object is nested too deep."),
        "key.missing": lambda: _("The key of this row is empty."),
        "key.conflict": lambda: _("The same key twice in one delivery, with different content."),
    }
)
"""Reason → the words for it."""


def words_sql(column: str) -> str:
    """SQL: the words for the reason in a column."""
    cases = " ".join(f"WHEN {literal(r)} THEN {literal(say())}" for r, say in WORDS.items())
    return f"CASE {column} {cases} ELSE {literal(_('This line could not be read.'))} END"
