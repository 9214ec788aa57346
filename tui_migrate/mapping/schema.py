"""The JSON Schema of mapping files, beside those of the other files that people write.

``python -m tui_migrate.mapping.schema`` writes all of them to ``docs/schemas``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from tui_migrate.mapping.yaml import MappingYaml
from tui_migrate.runbook.schema import MODELS, write_schemas

ALL: Mapping[str, type[BaseModel]] = MappingProxyType({**MODELS, "mapping": MappingYaml})
"""Name of the schema → the model that it describes."""


if __name__ == "__main__":
    write_schemas(ALL, Path(__file__).parents[2] / "docs" / "schemas")
