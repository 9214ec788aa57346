"""``review``: how far the review of duplicates is, and how good."""

from __future__ import annotations

from pathlib import Path

import typer

from tui_migrate.cli.common import JsonOption, WorkspaceOption, opened, print_json, result
from tui_migrate.errors import Exit


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(review)


def review(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> int:
    """How far the review of duplicates is, what is missed or wrong, and how far two reviewers agree."""
    import msgspec

    from tui_migrate.engine.review_progress import figures_text
    from tui_migrate.engine.review_queries import ReviewFigures, ReviewState

    with opened(workspace) as client:
        state: ReviewState = client.ask(ReviewFigures())
    if as_json:
        print_json(msgspec.to_builtins(state))
    else:
        for text in figures_text(state):
            result(text)
    return int(Exit.DONE)
