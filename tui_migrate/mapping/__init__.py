"""Mappings: which source column becomes which field, checked, applied set-wise, and accounted for.

``load_mappings`` types the mapping files of a runbook; ``map_rows`` applies one mapping to a relation
of raw rows; ``coverage`` says what became of every source column; ``preview`` shows raw cells beside
their cleaned values.
"""

from tui_migrate.mapping.coverage import ColumnUse, coverage
from tui_migrate.mapping.load import change_of, load_mappings, type_mapping
from tui_migrate.mapping.mapped import Mapped
from tui_migrate.mapping.model import MappedField, Mapping, Owner
from tui_migrate.mapping.preview import PreviewCell, preview
from tui_migrate.mapping.rows import Settings, map_rows

__all__ = [
    "ColumnUse",
    "Mapped",
    "MappedField",
    "Mapping",
    "Owner",
    "PreviewCell",
    "Settings",
    "change_of",
    "coverage",
    "load_mappings",
    "map_rows",
    "preview",
    "type_mapping",
]
