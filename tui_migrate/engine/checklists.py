"""Checklists: which questions are still open, and which answers are not the ones needed."""

from __future__ import annotations

from tui_migrate.audit.vault import Vault
from tui_migrate.engine.run import StepState


def missing_answers(step: StepState) -> list[str]:
    """Ids of required items without an answer."""
    return [
        str(item["id"])
        for item in step.outline.items
        if item["required"] and item["id"] not in step.answers
    ]


def unexpected_answers(step: StepState, vault: Vault) -> list[str]:
    """Ids of items whose answer is not the one without which the step may not end."""
    wrong = []
    for item in step.outline.items:
        given = step.answers.get(str(item["id"]))
        if given is None or given.not_applicable or not item["expect"]:
            continue
        if vault.words(given.answer) != item["expect"]:
            wrong.append(str(item["id"]))
    return wrong
