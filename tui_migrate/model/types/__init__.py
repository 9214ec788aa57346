"""Semantic types: what a field means, and everything that follows from it.

>>> get_type("postcode").clean("1234 ab", Options())
Cleaned(value='1234AB', problem=None)

A new type is one class in one file; naming it in that file's ``TYPES`` makes it known. Its problem
ids go into ``problems.py``.
"""

from tui_migrate.model.types.base import (
    Cleaned,
    Options,
    Problem,
    SemanticType,
    Sensitivity,
    SqlClean,
    UnknownType,
    get_type,
    type_names,
)
from tui_migrate.model.types.problems import PROBLEMS

__all__ = [
    "PROBLEMS",
    "Cleaned",
    "Options",
    "Problem",
    "SemanticType",
    "Sensitivity",
    "SqlClean",
    "UnknownType",
    "get_type",
    "type_names",
]
