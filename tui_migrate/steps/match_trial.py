"""What a match that is done would be with a model that has learned from the decisions made since."""

from __future__ import annotations

from tui_migrate.matching.from_runbook import IGNORED
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.trial import Trial, on_trial
from tui_migrate.steps.base import Context
from tui_migrate.steps.match import MatchStep, take_decisions, take_links
from tui_migrate.steps.match_records import (
    ALL_COLUMNS,
    COMPARABLE,
    FOR_MATCHING,
    drop,
    extra_columns,
)

_RECORDS = "trial_source SEMI JOIN cluster USING (source, record_id)"
_TABLES = ("trial_source", "trial_record", "match_link", "match_decision")


def model_of(context: Context) -> FrozenModel:
    """The model by which the present pairs have their weights."""
    rows = context.query("SELECT model FROM match_model")
    return FrozenModel.from_json(str(rows[0][0]))


def tried(step: MatchStep, context: Context, *, forget: bool = False) -> Trial:
    """The match once more, with the decisions of the context, by the model in force and by one that has
    learned from them; on temporary tables of the context's cursor alone. ``forget``: by one that has
    learned nothing."""
    cursor = context.cursor
    try:
        cursor.execute(COMPARABLE.format(table="trial_source", columns=ALL_COLUMNS))
        extra = [name for name, how in step.settings.fields.items() if how != IGNORED]
        records = FOR_MATCHING.format(table=_RECORDS, extra=extra_columns(extra))
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE trial_record AS {records}")
        take_links(context)
        take_decisions(context)
        return on_trial(
            cursor,
            "trial_record",
            "match_link",
            "match_decision",
            model_of(context),
            forget=forget,
            by_itself=not context.lane_closed,
        )
    finally:
        drop(context, _TABLES)
