"""What DuckDB and Spark call the few functions that the levels need.

On Spark ``jaro_winkler`` and ``damerau_levenshtein`` come from the JAR that ships inside the package
splink; the others are built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """Ways to say a condition; ``name`` is what Splink calls the backend.

    overlaps: two arrays share a value. some: any value ``x`` of one array and ``y`` of another fulfil a
    condition. digits: of a text, in their order.
    """

    name: str
    overlaps_sql: str
    jaro_winkler_sql: str
    some_sql: str
    digits_sql: str

    def overlaps(self, left: str, right: str) -> str:
        """Do two arrays have a value in common?"""
        return self.overlaps_sql.format(left=left, right=right)

    def likeness(self, column: str) -> str:
        """Jaro-Winkler similarity of both sides, 0 to 1."""
        return self.jaro_winkler_sql.format(left=f"{column}_l", right=f"{column}_r")

    def edits(self, left: str, right: str) -> str:
        """Characters that are mistyped, missing, too many or swapped."""
        return f"damerau_levenshtein({left}, {right})"

    def some(self, column: str, condition: str) -> str:
        """Does any value ``x`` of the left array fulfil the condition with any ``y`` of the right one?"""
        return self.some_sql.format(left=f"{column}_l", right=f"{column}_r", condition=condition)

    def digits(self, text: str) -> str:
        """The digits of a text."""
        return self.digits_sql.format(text=text)


DIALECTS: Mapping[str, Dialect] = {
    one.name: one
    for one in (
        Dialect(
            "duckdb",
            "list_has_any({left}, {right})",
            "jaro_winkler_similarity({left}, {right})",
            "len(list_filter({left}, lambda x: len(list_filter({right}, lambda y: {condition})) > 0))"
            " > 0",
            "regexp_replace({text}, '[^0-9]', '', 'g')",
        ),
        Dialect(
            "spark",
            "arrays_overlap({left}, {right})",
            "jaro_winkler({left}, {right})",
            "exists({left}, x -> exists({right}, y -> {condition}))",
            "regexp_replace({text}, '[^0-9]', '')",
        ),
    )
}
