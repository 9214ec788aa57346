"""The model as settings of Splink: well formed, and worth what it is worth here."""

from __future__ import annotations

import json
import math
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import duckdb
import pytest

from tests.matching.data import person, run
from tests.matching.splink_world import DECLARED, World, messy, world
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.matching.settings import KINDS, PERSON
from tui_migrate.matching.splink import write_folder
from tui_migrate.matching.splink.dialects import DIALECTS
from tui_migrate.matching.splink.settings import splink_settings

ROUNDED = 1e-5
"""Bits: our weights are rounded to six decimals, field by field."""
OTHERWISE = {"first_name", "family_name", "organisation_name", "country"}
"""Fields whose levels may differ: two edits of one character, likeness of organisations."""


@pytest.fixture(scope="module")
def dutch(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("dutch") / "out", messy(160, seed=5))


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("declared") / "out"
    return world(folder, messy(80, seed=6), preset="general", fields=DECLARED)


@pytest.fixture(params=["dutch", "declared"])
def made(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


def settings_of(folder: Path, kind: str, backend: str = "duckdb") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{kind}.{backend}.json").read_text())
    return read


def levels_of(settings: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for comparison in settings["comparisons"]:
        yield comparison["output_column_name"], comparison["comparison_levels"]


def columns(path: Path) -> dict[str, str]:
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE FROM '{path}'").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def scored(folder: Path, kind: str) -> dict[frozenset[str], float]:
    """The pairs by these settings, as Splink defines a weight: by plain SQL, without Splink."""
    settings = settings_of(folder, kind)
    path = folder / f"{kind}.parquet"
    types = columns(path)
    sides = ", ".join(f"l.{name} AS {name}_l, r.{name} AS {name}_r" for name in types)
    met = " OR ".join(
        f"list_has_any(l.{column}, r.{column})"
        if types[column].endswith("[]")
        else rule["blocking_rule"]
        for rule in settings["blocking_rules_to_generate_predictions"]
        for column in [rule["blocking_rule"].rpartition(".")[2]]
    )
    prior = settings["probability_two_random_records_match"]
    gammas, weights, frequencies = [], [f"log2({prior!r} / (1 - {prior!r}))"], []
    for field, levels in levels_of(settings):
        arms, worth = [], []
        number = sum(not level.get("is_null_level") for level in levels)
        for level in levels:
            condition = level["sql_condition"]
            number -= not level.get("is_null_level")
            gamma = -1 if level.get("is_null_level") else number
            arms.append(
                f"ELSE {gamma}" if condition == "ELSE" else f"WHEN {condition} THEN {gamma}"
            )
            if gamma >= 0:
                m, u = level["m_probability"], level["u_probability"]
                worth.append(f"WHEN {gamma} THEN log2({m!r} / {u!r})")
            if "tf_adjustment_column" in level:
                tf = f"greatest(frequency_{field}_l, frequency_{field}_r)"
                frequencies.append(
                    f"CASE WHEN gamma_{field} = {gamma} THEN log2({u!r} / {tf}) ELSE 0 END"
                    f" AS mw_tf_adj_{field}"
                )
                weights.append(f"mw_tf_adj_{field}")
        gammas.append(f"CASE {' '.join(arms)} END AS gamma_{field}")
        weights.append(f"CASE gamma_{field} {' '.join(worth)} ELSE 0 END")
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE VIEW predicted AS SELECT *, {' + '.join(weights)} AS match_weight"
            f" FROM (SELECT *, {', '.join(frequencies or ['0'])} FROM (SELECT *, {', '.join(gammas)}"
            f" FROM (SELECT {sides} FROM '{path}' l JOIN '{path}' r"
            f" ON l.unique_id < r.unique_id AND ({met}))))"
        )
        judged = connection.execute((folder / f"{kind}.relatives.sql").read_text())
        names = [column[0] for column in judged.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in judged.fetchall()]
    return {frozenset((row["record_a"], row["record_b"])): row["weight"] for row in rows}


def test_every_column_that_a_setting_names_is_in_the_records(made: World) -> None:
    for kind in KINDS:
        types = columns(made.folder / f"{kind}.parquet")
        for backend in DIALECTS:
            settings = settings_of(made.folder, kind, backend)
            for _field, levels in levels_of(settings):
                named = {
                    name
                    for level in levels
                    for name in re.findall(r"\b(\w+)_[lr]\b", level["sql_condition"])
                }
                assert named
                assert named <= types.keys()
                for level in levels:
                    frequent = level.get("tf_adjustment_column")
                    assert frequent is None or f"frequency_{frequent}" in types
            for rule in settings["blocking_rules_to_generate_predictions"]:
                column = rule["blocking_rule"].rpartition(".")[2]
                assert types[column].endswith("[]") == (rule.get("arrays_to_explode") == [column])


def test_levels_are_those_of_the_model_in_its_order_with_its_shares(made: World) -> None:
    for kind in KINDS:
        settings = settings_of(made.folder, kind)
        assert [field for field, _levels in levels_of(settings)] == [
            field.name for field in made.model.settings.weighed(kind)
        ]
        for field, levels in levels_of(settings):
            known = [level for level in levels if not level.get("is_null_level")]
            said = next(f for f in made.model.settings.weighed(kind) if f.name == field)
            assert [one["label_for_charts"] for one in known] == [one.name for one in said.levels]
            assert len(levels) == len(known) + 1
            assert [one["sql_condition"] == "ELSE" for one in levels].index(True) == len(levels) - 1
            # u is measured level by level, so that only the m of a field have to add up to 1.
            assert sum(one["m_probability"] for one in known) == pytest.approx(1, abs=0.001)
            for one in known:
                bits = math.log2(one["m_probability"] / one["u_probability"])
                weight = made.model.weight(kind, field, one["label_for_charts"])
                assert bits == pytest.approx(weight, abs=1e-6)
            assert known[0]["m_probability"] > known[0]["u_probability"]
            assert known[-1]["m_probability"] < known[-1]["u_probability"]


def test_what_decisions_taught_is_in_the_shares_and_the_prior(dutch: World) -> None:
    taught = {"prior": {"": -0.75}, "birth_date": {"exact": 1.25, "different": -2.0}}
    model = replace(dutch.model, learned={PERSON: taught})
    settings = splink_settings(model, PERSON, DIALECTS["duckdb"], [])
    prior = settings["probability_two_random_records_match"]
    assert math.log2(prior / (1 - prior)) == pytest.approx(dutch.model.prior[PERSON] - 0.75)
    levels = dict(levels_of(settings))["birth_date"]
    for level in levels[1:]:
        name, m, u = (level[key] for key in ("label_for_charts", "m_probability", "u_probability"))
        assert 0 < m <= 1
        assert 0 < u <= 1
        bits = dutch.model.weight(PERSON, "birth_date", name) + taught["birth_date"].get(name, 0)
        assert math.log2(m / u) == pytest.approx(bits, abs=1e-6)


def test_both_backends_are_told_the_same_but_for_the_words(made: World) -> None:
    def bare(settings: dict[str, Any]) -> str:
        for _field, levels in levels_of(settings):
            for level in levels:
                level.pop("sql_condition")
        return json.dumps(settings)

    for kind in KINDS:
        duck, spark = (settings_of(made.folder, kind, backend) for backend in DIALECTS)
        assert bare(duck) == bare(spark)
        for _field, levels in levels_of(settings_of(made.folder, kind, "spark")):
            for level in levels:
                assert not re.search(r"list_|lambda|_similarity|::", level["sql_condition"])


def test_pairs_are_worth_what_they_are_worth_here(made: World) -> None:
    """Also against relatives, and with the frequency of names: all but where edits count otherwise."""
    theirs = {**scored(made.folder, "person"), **scored(made.folder, "organisation")}
    ours = made.found.pairs
    assert theirs.keys() == ours.keys()
    other = {pair for pair in ours if abs(ours[pair]["weight"] - theirs[pair]) > ROUNDED}
    assert len(other) <= 0.01 * len(ours)
    for pair in other:
        doubtful = {
            entry["field"] for entry in ours[pair]["weights"]
            if entry["level"] in ("typo", "similar", "different", "strong")
        }  # fmt: skip
        assert doubtful & OTHERWISE


def test_the_data_of_these_tests_reach_every_level(dutch: World, declared: World) -> None:
    seen = {
        (pair["record_a"][0], entry["field"], entry["level"])
        for found in (dutch.found, declared.found)
        for pair in found.pairs.values()
        for entry in pair["weights"]
    }
    for made in (dutch, declared):
        wanted = {
            (kind[0].upper(), field.name, level.name)
            for kind in KINDS
            for field in made.model.settings.weighed(kind)
            for level in field.levels
            if kind == PERSON or field.name == "organisation_name"
        }
        assert wanted <= seen, sorted(wanted - seen)


def test_files_are_private_and_the_folder_appears_whole(dutch: World, tmp_path: Path) -> None:
    assert stat.S_IMODE(dutch.folder.stat().st_mode) == 0o700
    names = {path.name for path in dutch.folder.iterdir()}
    assert names == {"README.md", "run.py", "export.json"} | {
        f"{kind}.{ending}"
        for kind in KINDS
        for ending in ("parquet", "duckdb.json", "spark.json", "relatives.sql")
    }
    for path in dutch.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(EnvironmentProblem):
        write_folder(dutch.found.cur, "record", dutch.model, dutch.folder, "")
    alone = run([person("1", first_name="Anna", family_name="Bos")])
    with pytest.raises(DataSaysNo):
        write_folder(alone.cur, "record", alone.report.model, tmp_path / "none", "")
    assert not any(tmp_path.iterdir())


def test_no_name_stands_in_the_settings(dutch: World) -> None:
    for path in dutch.folder.glob("*.json"):
        assert not re.search("jansen|quispel|johannes", path.read_text().lower())


def splink_pairs(folder: Path, *options: str) -> dict[frozenset[str], float]:
    """The pairs of persons as ``run.py`` finds them."""
    environment = {"PATH": "/usr/bin:/bin", "SPARK_LOCAL_IP": "127.0.0.1", "HOME": str(folder)}
    subprocess.run(
        [sys.executable, str(folder / "run.py"), *options],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    found = {}
    for kind in KINDS:
        path = folder / f"{kind}.pairs.parquet"
        files = f"{path}/*.parquet" if path.is_dir() else str(path)
        with duckdb.connect() as connection:
            rows = connection.sql(f"SELECT record_a, record_b, weight FROM read_parquet('{files}')")
            found.update({frozenset((a, b)): weight for a, b, weight in rows.fetchall()})
    return found


def same(one: dict[frozenset[str], float], other: dict[frozenset[str], float]) -> bool:
    return one.keys() == other.keys() and all(abs(one[p] - other[p]) < ROUNDED for p in one)


needs_splink = pytest.mark.skipif(
    find_spec("splink") is None, reason="left out: splink is not installed (the extra bench has it)"
)
needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or which("java") is None,
    reason="left out: pyspark (the extra spark has it) or Java is missing",
)


@pytest.mark.soak
@needs_splink
def test_splink_on_duckdb_finds_these_weights(made: World) -> None:
    theirs = splink_pairs(made.folder)
    plain = {**scored(made.folder, "person"), **scored(made.folder, "organisation")}
    assert same(theirs, plain)


@pytest.mark.soak
@needs_splink
@needs_spark
def test_splink_on_spark_finds_what_it_finds_on_duckdb(dutch: World, declared: World) -> None:
    small = ["--on", "spark", "--conf", "spark.sql.shuffle.partitions=2"]
    small += ["--conf", "spark.ui.enabled=false", "--conf", "spark.driver.bindAddress=127.0.0.1"]
    for made in (dutch, declared):
        plain = {**scored(made.folder, "person"), **scored(made.folder, "organisation")}
        assert same(splink_pairs(made.folder, *small), plain)
