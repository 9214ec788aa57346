"""Every fact has a sentence; sentences say who did what, and the words where the vault has them."""

from __future__ import annotations

import typing

import pytest

from tests.tui.conftest import Make
from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import AnyFact
from tui_migrate.engine.sentences import (
    _TELLERS,
    clock,
    duration,
    said,
    sentence,
    stamp,
)
from tui_migrate.engine.trail_sentences import trail_sentence
from tui_migrate.numerals import grouped


def test_every_kind_of_fact_can_be_told() -> None:
    assert set(typing.get_args(AnyFact)) == set(_TELLERS)


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (gate_facts.SignedOff(gate="quality-gate", decision="reject", role="lead", evidence="e",
                              bound=True, comment="c"),
         "anna rejected “Gate: quality” as lead: “too dirty”"),
        (facts.StepFailed(step="match", attempt=1, code="disk_full"),
         "“2.3 Match records” failed (disk_full)"),
        (facts.Exported(what="profiles", rows=12480, sha256="0", purge_on="2026-04-01"),
         "anna exported profiles, 12 480 rows, to be purged on 2026-04-01"),
        (facts.CheckDone(step="match", attempt=1, name="fates", passed=False, severity="block",
                         observed="3", expected="0"),
         "check failed: fates is 3, expected 0"),
        (facts.Answered(step="questions", item="owner", answer="", not_applicable=True),
         "anna marked “Is there an owner?” as not applicable"),
        (facts.Recovered(), "recovered after an interruption: nothing was lost"),
    ],
)  # fmt: skip
def test_sentences(make: Make, fact: AnyFact, told: str) -> None:
    world = make()
    world.vault["c"] = "too dirty"
    entry = facts.Entry(seq=9, at="", by="anna", uid=1, fact=fact, prev="", hash="")
    assert sentence(entry, world.state, world.words) == told


def test_a_comment_is_left_out_where_the_vault_is_gone(make: Make) -> None:
    world = make()
    fact = facts.StepSkipped(step="match", reason="ref-gone")
    entry = facts.Entry(seq=9, at="", by="anna", uid=1, fact=fact, prev="", hash="")
    assert sentence(entry, world.state, world.words) == "anna skipped “2.3 Match records”"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"event": "merged", "other_source": "email", "other_record": "85", "rule": "same_email",
          "by": "dpo"}, "merged with email 85 (same email)"),
        ({"event": "loaded", "after": "ee1c"}, "founded profile ee1c"),
        ({"event": "mapped", "field": "consent", "after": "2", "rule": "mapping/crm_consents.yaml"},
         "mapped as consent × 2 (mapping/crm_consents.yaml)"),
        ({"event": "cleaned", "field": "family_name", "before": "JANSEN", "after": "Jansen",
          "rule": "capitals"}, "family name changed from JANSEN to Jansen (capitals)"),
        ({"event": "pruned", "rule": "retention-interests"}, "pruned by the rule retention-interests"),
        ({"event": "imported", "field": "profile", "rule": "create"}, "profile created in the target"),
        ({"event": "consent", "field": "email/Nova/marketing", "rule": "newest_optin", "after": "opt-in",
          "other_source": "email", "other_record": "85", "by": "dpo"},
         "Nova by email: opt-in, as email 85 says (the newest statement is an opt-in)"),
        ({"event": "something_new", "field": "x", "before": "1", "after": None},
         "something new x: 1 → –"),
    ],
)  # fmt: skip
def test_trail_sentences(event: dict[str, str | None], told: str) -> None:
    assert trail_sentence(event) == told


def test_numbers_and_times() -> None:
    assert grouped(12480) == "12 480"
    assert duration(72) == "1:12"
    assert duration(3730) == "1:02:10"
    assert clock("2026-03-01T13:02:11Z", "Europe/Amsterdam") == "14:02:11"
    assert stamp("2026-07-01T13:02:11+00:00", "Europe/Amsterdam") == "2026-07-01 15:02"
    assert stamp("no time") == ""


def test_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"en": "sources", "nl": "bronnen"}
    assert said(words) == "sources"
    monkeypatch.setenv("LANG", "nl_NL.UTF-8")
    assert said(words) == "bronnen"
    assert said({"en": "sources"}) == "sources"
    assert said({}) == ""
