"""docs/matching.md says what a runbook may declare of a match."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.docs.pages import DOCS, blocks
from tui_migrate.matching.from_runbook import settings_of
from tui_migrate.matching.keys import PARTS
from tui_migrate.matching.presets import PRESETS
from tui_migrate.matching.settings import COMPARES, FIELDS, KINDS
from tui_migrate.runbook.kinds import MatchWith

PAGE = (DOCS / "matching.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _first_cells(text: str) -> list[str]:
    cells = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([\w-]+)`", cell)]


def test_the_example_can_be_meant() -> None:
    said = yaml.safe_load(next(blocks(PAGE)))
    settings = settings_of(MatchWith.model_validate(said[0]["with"]))
    assert {"birth_town", "sound_town"} < {key.name for key in settings.keys}
    shares = settings.m["person"]["first_name"]
    assert sum(shares.values()) == pytest.approx(1)


def test_every_part_and_every_preset_stands_there_with_its_keys() -> None:
    parts = _section("Keys").partition("Keys of the presets")[0]
    assert set(_first_cells(parts)) == set(PARTS)
    assert set(_first_cells(_section("Presets"))) - {"preset"} == set(PRESETS)
    of_organisations = {"organisation_name", "kvk", "vat", "domain"}
    for preset in ("nl-be", "general"):
        (row,) = re.findall(rf"^\| `{preset}` \| (`email.+)$", PAGE, re.MULTILINE)
        told = set(re.findall(r"`(\w+)`", row))
        assert told | of_organisations == {key.name for key in PRESETS[preset].keys}


def test_every_level_stands_there_with_its_share() -> None:
    told = {
        name: dict(re.findall(r"`(\w+)` ([\d.]+)", levels))
        for name, levels in re.findall(r"^\| (\w[\w ]*:? `\w+`|declared as `\w+`) \| (.+) \|$",
                                       _section("Levels"), re.MULTILINE)
    }  # fmt: skip
    real = {
        f"{kind}: `{field.name}`": {level.name: f"{level.m:g}" for level in field.levels}
        for kind in KINDS
        for field in FIELDS[kind]
    }
    for name, levels in COMPARES.items():
        real[f"declared as `{name}`"] = {level.name: f"{level.m:g}" for level in levels}
    assert told == real


def test_every_threshold_stands_there_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", _section("Thresholds"), re.MULTILINE))
    real = {name: MatchWith.model_fields[name].default for name in told}
    assert {name: float(value) for name, value in told.items()} == real
    groups = {"preset", "keys", "extra_keys", "without_keys", "fields", "levels"}
    assert set(told) | groups == set(MatchWith.model_fields)
