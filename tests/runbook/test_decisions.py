"""The decisions file is typed, positioned and held against the runbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_migrate.runbook import load_decisions, load_runbook, wrong_answer
from tui_migrate.runbook.kinds import Item

CHECKLIST = """\
runbook: small
title: A small migration
zone: UTC
brands: [Nova]
sources: {crm: {files: "a/*.csv", mapping: m.yaml}}
target: {type: duckdb, path: target.duckdb}
roles: {lead: {users: [anna]}}
phases:
  - id: first
    title: First
    steps:
      - id: ask
        title: Ask
        uses: checklist
        with:
          items:
            - {id: sure, question: Sure?, expect: "yes"}
            - {id: proof, question: Proof?, evidence: true}
            - {id: how, question: How?, type: choice, choices: [SFTP, mail]}
      - {id: agree, title: Agree, uses: gate, with: {approvals: [{role: lead}]}}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "runbook.yaml").write_text(CHECKLIST)
    (tmp_path / "m.yaml").write_text("source: crm\n")
    (tmp_path / "proof.txt").write_text("seen\n")
    return tmp_path


def decide(workspace: Path, text: str) -> tuple[object, list[str]]:
    path = workspace / "decisions.yaml"
    path.write_text(text)
    loaded = load_decisions(path, load_runbook(workspace).runbook)
    return loaded.decisions, [str(problem) for problem in loaded.problems]


def test_answers_become_text_and_the_last_one_counts(workspace: Path) -> None:
    path = workspace / "decisions.yaml"
    path.write_text(
        "signoffs:\n"
        "  - {gate: agree, decision: approve, comment: well}\n"
        "answers:\n"
        "  - {step: ask, item: sure, answer: false}\n"
        "  - {step: ask, item: sure, answer: true}\n"
        "  - {step: ask, item: proof, answer: yes, file: proof.txt}\n"
        "  - {step: ask, item: how, not_applicable: no files travel}\n"
        "pairs:\n"
        "  - {source_a: crm, record_a: 7, source_b: crm, record_b: '08', decision: different}\n"
    )
    loaded = load_decisions(path, load_runbook(workspace).runbook)
    assert loaded.problems == ()
    assert loaded.decisions is not None
    assert loaded.data == path.read_bytes()
    sure = loaded.decisions.answer("ask", "sure")
    assert sure is not None
    assert sure.answer == "yes"
    assert loaded.decisions.answer("ask", "nothing") is None
    assert [signoff.comment for signoff in loaded.decisions.for_gate("agree")] == ["well"]
    assert (loaded.decisions.pairs[0].record_a, loaded.decisions.pairs[0].record_b) == ("7", "08")


def test_all_mistakes_at_once(workspace: Path) -> None:
    _decisions, problems = decide(
        workspace,
        "signoffs:\n"
        "  - {gate: agre, decision: maybe}\n"
        "answers:\n"
        "  - {step: ask, item: shure, answer: yes}\n"
        "  - {step: ask, item: sure, answer: perhaps}\n"
        "  - {step: ask, item: proof, answer: yes}\n"
        "  - {step: ask, item: proof, answer: yes, file: prof.txt}\n"
        "  - {step: ask, item: how, answer: SFPT}\n"
        "  - {step: ask, item: how}\n"
        "  - {step: asks, item: how, answer: SFTP}\n"
        "pairs:\n"
        "  - {source_a: crn, record_a: 1, source_b: crm, record_b: 2, decision: merge}\n"
        "waive: all\n",
    )
    assert problems == [
        "decisions.yaml:2:12: there is no gate 'agre'; did you mean 'agree'?",
        "decisions.yaml:2:28: 'maybe' is not possible here; known: approve, reject",
        "decisions.yaml:4:23: the checklist has no item 'shure'; did you mean 'sure'?",
        "decisions.yaml:5:37: 'perhaps' is not an answer here; write yes or no",
        "decisions.yaml:6:5: the item 'proof' wants a file as evidence; add file: with its path",
        "decisions.yaml:7:49: there is no file 'prof.txt';"
        " give its path relative to the decisions file",
        "decisions.yaml:8:36: 'SFPT' is not one of the choices; did you mean 'SFTP'?",
        "decisions.yaml:9:5: there is no answer here;"
        " write answer:, file:, or not_applicable: with the reason",
        "decisions.yaml:10:12: there is no checklist 'asks'; did you mean 'ask'?",
        "decisions.yaml:12:16: there is no source 'crn'; did you mean 'crm'?",
        "decisions.yaml:13:1: unknown key 'waive'; known: answers, pairs, signoffs",
    ]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    loaded = load_decisions(tmp_path / "no.yaml")
    assert loaded.decisions is None
    assert str(loaded.problems[0]).startswith("no.yaml:1:1: the file cannot be read: No such file")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("yes_no", "no", "nee"),
        ("number", "-12.5", "12,5"),
        ("date", "2026-02-28", "2026-02-30"),
        ("text", "a word", "   "),
    ],
)
def test_each_type_of_answer_has_its_form(kind: str, right: str, wrong: str) -> None:
    item = Item.model_validate({"id": "x", "question": "?", "type": kind})
    assert wrong_answer(item, right) is None
    assert wrong_answer(item, wrong) is not None
