"""YAML → typed, frozen runbook, with every mistake as ``file:line:column``.

The usual way in is ``load_runbook(workspace)``. Others who read YAML here (mappings) use
``read_yaml`` for a tree with positions, ``typed`` to make a pydantic object of it, and one
``Problems`` to collect what is wrong.
"""

from tui_migrate.runbook.base import EVERY, Expectation, Strict, Text, refuse
from tui_migrate.runbook.decisions import Decisions, LoadedDecisions, load_decisions, wrong_answer
from tui_migrate.runbook.explain import typed
from tui_migrate.runbook.kinds import KINDS
from tui_migrate.runbook.load import Loaded, load_runbook
from tui_migrate.runbook.models import Runbook, SourceSpec, StepSpec
from tui_migrate.runbook.positions import Node, read_yaml
from tui_migrate.runbook.problems import Position, Problem, Problems, closest, suggestion
from tui_migrate.runbook.rules import Rule, RulesFile, Segment, SegmentsFile

__all__ = [
    "EVERY",
    "KINDS",
    "Decisions",
    "Expectation",
    "Loaded",
    "LoadedDecisions",
    "Node",
    "Position",
    "Problem",
    "Problems",
    "Rule",
    "RulesFile",
    "Runbook",
    "Segment",
    "SegmentsFile",
    "SourceSpec",
    "StepSpec",
    "Strict",
    "Text",
    "closest",
    "load_decisions",
    "load_runbook",
    "read_yaml",
    "refuse",
    "suggestion",
    "typed",
    "wrong_answer",
]
