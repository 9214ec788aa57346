"""A runbook is read with all that it names, and all mistakes are said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runbook.conftest import GOOD, write
from tests.runbook.test_positions import trees
from tui_migrate.runbook import load_runbook
from tui_migrate.runbook.kinds import GateStep, ValidateStep


def problems_of(workspace: Path) -> list[str]:
    return [str(problem) for problem in load_runbook(workspace).problems]


def spoilt(workspace: Path, *changes: tuple[str, str]) -> list[str]:
    """The problems after replacing texts that occur once in the good runbook."""
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return problems_of(write(workspace, text))


def test_a_good_runbook_becomes_typed_and_frozen(workspace: Path) -> None:
    loaded = load_runbook(workspace)
    assert loaded.ok
    assert loaded.runbook is not None
    step = loaded.runbook.step("look")
    assert isinstance(step, ValidateStep)
    assert step.with_.rules == ("rules/quality.yaml",)
    assert step.checks[0].expect.holds(0.85)
    assert not step.checks[0].expect.holds(0.849)
    gate = loaded.runbook.step("agree")
    assert isinstance(gate, GateStep)
    assert gate.with_.approvals[0].min == 2
    assert loaded.runbook.title.words("nl_NL") == "A small migration"
    assert loaded.runbook.phases[0].title.words("nl") == "Eerst"
    assert loaded.runbook.sources["shop"].key == ()
    with pytest.raises(ValueError, match="frozen"):
        loaded.runbook.zone = "UTC"


def test_a_step_without_a_title_is_called_by_its_id(workspace: Path) -> None:
    runbook = load_runbook(write(workspace, GOOD.replace("title: Write, ", ""))).runbook
    assert runbook is not None
    assert [step.title.en for step in runbook.steps()] == ["Back up", "Look", "Agree", "Write"]


def test_all_files_are_there_byte_by_byte(workspace: Path) -> None:
    loaded = load_runbook(workspace)
    assert sorted(loaded.files) == [
        "mapping/crm.yaml",
        "mapping/shop.yaml",
        "rules/quality.yaml",
        "runbook.yaml",
    ]
    assert loaded.files["runbook.yaml"] == (workspace / "runbook.yaml").read_bytes()
    assert loaded.documents["mapping/crm.yaml"].value == {"source": "crm"}
    assert [rule.id for rule in loaded.rules["rules/quality.yaml"].rules] == ["mail"]


def test_five_different_mistakes_are_all_said_with_line_and_column(workspace: Path) -> None:
    found = spoilt(
        workspace,
        ("zone: Europe/Amsterdam", "zone: Europe/Amsterdm"),
        ("links: {Klant: crm}", "links: {Klant: crn}"),
        ("uses: gate", "uses: gat"),
        ("entities: [profile]", "entities: [profil]"),
        ("severity: warn", "severity: warning"),
    )
    assert found == [
        "runbook.yaml:3:7: there is no time zone 'Europe/Amsterdm';"
        " did you mean 'Europe/Amsterdam'?",
        "runbook.yaml:9:20: there is no source 'crn' to link to; did you mean 'crm'?",
        "runbook.yaml:24:92: 'warning' is not possible here; did you mean 'warn'?",
        "runbook.yaml:27:15: there is no kind of step 'gat'; did you mean 'gate'?",
        "runbook.yaml:29:67: there is no entity 'profil'; did you mean 'profile'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "problem"),
    [
        ("trust: 1", "trusts: 1", "trusts", "unknown key 'trusts'; did you mean 'trust'?"),
        ("trust: 1", "trust: 0", "0}", "0 is out of range; it must be ≥ 1"),
        ("trust: 1", 'trust: "1"', '"1"', "'1' is not a whole number"),
        ("runbook: small", "runbook: 12", "12", "12 is not text; put it between quotes"),
        (
            "      - id: agree\n        title",
            "      - title",
            "title: Agree",
            "the key 'id' is missing;",
        ),
        ("id: write", "id: Write", "Write, t", "'Write' is not a name; use lower-case letters"),
        (
            "title: Agree",
            "title: Agree\n        unskippable: yes",
            "yes",
            "'yes' is not a yes or no; write true or false, without quotes",
        ),
        (
            "[anna, bram]",
            "[anna]",
            "2}]",
            "fewer people have the role 'lead' (1) than must approve (2); name more users",
        ),
        ("[anna, bram]", "{anna: 1}", "{anna", "{'anna': 1} is not a list; write [a, b],"),
        ("role: lead", "role: lad", "lad,", "there is no role 'lad'; did you mean 'lead'?"),
        ("[look]", "[write]", "write]", "the step 'write' comes after this gate; evidence"),
        ("[look]", "[lok]", "lok]", "there is no step 'lok'; did you mean 'look'?"),
        ("id: write", "id: keep", "keep, title: W", "the id 'keep' is used twice; the first is on"),
        ("[staging]", "[deliveries]", "import", "nothing is backed up before this import; a step"),
        ('">= 0.85"', "much", "much", "'much' is not an expectation; write a comparison"),
        ("from profile,", "from profile; drop table x,", "select", "this is not a SELECT;"),
        ("count(*) from profile", "count( from", "select", "this is not SQL: "),
        ("mapping/crm", "mapping/cmr", "mapping/cmr", "there is no file 'mapping/cmr.yaml';"),
        ("mapping/crm", "../crm", "../crm", "'../crm.yaml' lies outside the workspace;"),
        ("deliveries/shop", "/etc", "/etc", "'/etc/*/*.csv' lies outside the workspace;"),
        (
            "group: Core",
            "group: Cor",
            "Cor}",
            "the target has no group 'Cor'; did you mean 'Core'?",
        ),
        ("uses: validate", "uses: [x]", "[x]", "there is no kind of step \"['x']\"; known: "),
        ("    files: deliveries/shop/*/*.csv\n", "", "links", "this source has no files; add it,"),
        (
            "roles:",
            "review: {third: led}\nroles:",
            "led}",
            "there is no role 'led'; did you mean 'lead'?",
        ),
        ("type: csv", "type: cvs", "cvs", "'cvs' is not possible here; did you mean 'csv'?"),
    ],
)
def test_each_mistake_says_what_would_be_right(
    workspace: Path, old: str, new: str, at: str, problem: str
) -> None:
    found = spoilt(workspace, (old, new))
    before = (workspace / "runbook.yaml").read_text().split(at)[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    starts = f"runbook.yaml:{line}:{column}: {problem}"
    assert [mistake[: len(starts)] for mistake in found] == [starts]


def test_two_answers_need_two_persons(workspace: Path) -> None:
    ready = ("[anna, bram]", '["*"]'), ("min: 2", "min: 1")
    assert spoilt(workspace, *ready) == []
    (problem,) = spoilt(workspace, *ready, ("roles:", "review: {double: 0.1}\nroles:"))
    assert "two persons answer a share of the clusters, but the roles name 1" in problem
    assert "12:18" in problem


def test_survivorship_names_fields_rules_and_sources_that_there_are(workspace: Path) -> None:
    merge = """\
      - id: merge
        title: Merge
        uses: merge
        with:
          survivorship: {phone: [shp, crm], town: keep_all, emial: newest, email: keep_all}
          default: keep_all
      - {id: write, title"""
    found = spoilt(workspace, ("      - {id: write, title", merge))
    assert found == [
        "runbook.yaml:33:34: there is no source 'shp'; did you mean 'shop'?",
        "runbook.yaml:33:51: 'town' has one value: not all can be kept; keep_all is for email, phone",
        "runbook.yaml:33:61: a profile has no field 'emial'; did you mean 'email'?",
        "runbook.yaml:34:20: keep_all cannot be the rule of all fields;"
        " write it at email: and phone: (it holds there)",
    ]


def test_a_rule_file_has_its_own_positions(workspace: Path) -> None:
    rules = (
        "rules:\n"
        "  - {id: a, type: emial, check: valid, message: x}\n"
        "  - {id: a, field: emal, check: required, message: x}\n"
        "  - {id: b, entity: profile, check: sql, message: x}\n"
        "  - {id: c, check: sql, sql: delete from profile, message: x}\n"
        "  - {id: d, field: kind, check: matches, pattern: '(', message: x}\n"
    )
    assert problems_of(write(workspace, rules=rules)) == [
        "rules/quality.yaml:2:19: no field has the type 'emial'; did you mean 'email'?",
        "rules/quality.yaml:3:10: the id 'a' is used twice; the first is on line 2; choose another",
        "rules/quality.yaml:3:20: profile has no field 'emal'; did you mean 'email'?",
        "rules/quality.yaml:4:5: a rule with check: sql has no sql; add the SELECT that lists the"
        " records that break it",
        "rules/quality.yaml:5:30: this is not a SELECT; write one SELECT",
        "rules/quality.yaml:6:5: this is not a regular expression: missing ), unterminated"
        " subpattern at position 0",
    ]


def test_payment_data_needs_the_signature_of_a_gate(workspace: Path) -> None:
    after = "payment: {allow: [iban]}\nphases:\n"
    assert spoilt(workspace, ("phases:\n", after)) == [
        "runbook.yaml:14:10: payment data is allowed without a sign-off;"
        " name under gate: the step where privacy signs for it"
    ]
    after = "payment: {allow: [iban, ibam], gate: look}\nphases:\n"
    assert spoilt(workspace, ("phases:\n", after)) == [
        "runbook.yaml:14:25: no entity has a field 'ibam'; did you mean 'iban'?",
        "runbook.yaml:14:38: there is no gate 'look'; known: agree",
    ]


def test_a_statement_that_changes_data_inside_a_select_is_none(workspace: Path) -> None:
    sql = "'with x as (insert into t values (1) returning *) from x'"
    found = spoilt(workspace, ("select count(*) from profile", sql))
    assert found == ["runbook.yaml:24:33: this changes data; write one SELECT"]


def test_a_missing_or_unreadable_runbook_is_a_problem_not_an_exception(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == [
        "runbook.yaml:1:1: there is no file 'runbook.yaml'; create it, or correct the path"
    ]
    (tmp_path / "runbook.yaml").mkdir()
    assert problems_of(tmp_path)[0].startswith("runbook.yaml:1:1: the file 'runbook.yaml' cannot")


def test_a_link_out_of_the_workspace_is_not_followed(workspace: Path) -> None:
    outside = workspace.parent / "outside.yaml"
    outside.write_text("source: crm\n")
    (workspace / "mapping/crm.yaml").unlink()
    (workspace / "mapping/crm.yaml").symlink_to(outside)
    assert "lies outside the workspace" in problems_of(workspace)[0]


@given(trees)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_raised_on_any_tree(tmp_path: Path, tree: Any) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    (tmp_path / "runbook.yaml").write_text(text, encoding="utf-8")
    assert problems_of(tmp_path)


def _paths(tree: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(tree, dict):
        inner = list(tree.items())
    elif isinstance(tree, list):
        inner = list(enumerate(tree))
    return [path] * bool(path) + [p for key, sub in inner for p in _paths(sub, (*path, key))]


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_raised_on_a_runbook_with_a_part_replaced(workspace: Path, data: Any) -> None:
    tree = yaml.safe_load(GOOD)
    path = data.draw(st.sampled_from(_paths(tree)))
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = data.draw(trees)
    text = yaml.safe_dump(tree, allow_unicode=True)
    (workspace / "runbook.yaml").write_text(text, encoding="utf-8")
    loaded = load_runbook(workspace)
    assert loaded.runbook is not None or loaded.problems


def test_what_a_step_makes_is_taken_up_by_a_later_one(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("source: a\nentity: profile\nfields: {note: {from: N}}\n")
    (tmp_path / "runbook.yaml").write_text(
        "runbook: order\ntitle: Order\nzone: Europe/Amsterdam\nbrands: [Nova]\ntarget: {}\n"
        "sources: {a: {files: a/*.csv, mapping: m.yaml}}\n"
        "roles: {lead: {users: [anna]}}\n"
        "phases:\n"
        "- id: one\n"
        "  steps:\n"
        "  - {id: fields, uses: map}\n"
        "  - {id: join, uses: merge}\n"
        "  - {id: late, uses: ingest}\n"
        "  - {id: again, uses: map}\n"
    )
    assert [str(problem) for problem in load_runbook(tmp_path).problems] == [
        "runbook.yaml:14:23: no step 'merge' comes after this step; put it before 'join'"
    ]
