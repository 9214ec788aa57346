"""Quality: rules as SQL over records or profiles, and scores per field and source."""

from tui_migrate.quality.hits import Hits, Subject, rule_hits
from tui_migrate.quality.scores import KINDS, Failing, failing, score_select, totals

__all__ = [
    "KINDS",
    "Failing",
    "Hits",
    "Subject",
    "failing",
    "rule_hits",
    "score_select",
    "totals",
]
