"""JSON Schemas of the files that people write, made from the typed models; editors complete.

``python -m tui_migrate.mapping.schema`` writes them to ``docs/schemas``; a test keeps the committed
files up to date. Mapping files add theirs there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from tui_migrate.files import write_whole
from tui_migrate.runbook.decisions import Decisions
from tui_migrate.runbook.models import Runbook
from tui_migrate.runbook.rules import RulesFile, SegmentsFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PUBLIC_FILE = 0o644

MODELS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "runbook": Runbook,
        "rules": RulesFile,
        "segments": SegmentsFile,
        "decisions": Decisions,
    }
)
"""Name of the schema → the model that it describes."""


def schema_text(name: str, model: type[BaseModel]) -> str:
    """The model's JSON Schema as the text of a file."""
    schema: dict[str, Any] = {
        "$schema": DRAFT,
        "$id": f"https://tui-migrate.example/schemas/{name}.json",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(models: Mapping[str, type[BaseModel]], folder: Path) -> list[Path]:
    """Write one ``<name>.json`` a model; gives the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, model in models.items():
        path = folder / f"{name}.json"
        write_whole(path, schema_text(name, model), PUBLIC_FILE)
        paths.append(path)
    return paths
