"""What a mapping file may say, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mapping.staged import mappings, mistakes
from tui_migrate.mapping import load_mappings
from tui_migrate.runbook import load_runbook

SHIPPED = Path(__file__).parents[2] / "runbooks" / "media-migration"


def test_every_shipped_mapping_is_right_and_used() -> None:
    loaded = load_runbook(SHIPPED)
    found, problems = load_mappings(loaded)
    assert problems == ()
    used = {mapping.file for mappings in found.values() for mapping in mappings}
    assert used == {f"mapping/{path.name}" for path in (SHIPPED / "mapping").iterdir()}


def test_all_mistakes_are_reported_with_their_places() -> None:
    _made, problems = mistakes(
        """
        source: crn
        entity: profile
        fields:
          familyname: {from: A}
          email: {from: B, type: emial}
          birth_date: {value: soon}
          phone: {from: C}
        skip: {C: not needed}
        """
    )
    assert problems == [
        "m.yaml:1:9: there is no source 'crn'; did you mean 'crm'?",
        "m.yaml:4:3: profile has no field 'familyname'; did you mean 'family_name'?",
        "m.yaml:5:26: there is no type 'emial'; did you mean 'email'?",
        "m.yaml:6:23: 'soon' is no birth_date; write a value of this type",
        "m.yaml:8:8: the column 'C' is skipped and mapped to phone; keep one of the two",
    ]


def test_a_mistake_in_the_form_hides_no_mistake_in_the_names() -> None:
    _made, problems = mistakes(
        """
        source: crn
        entity: profile
        bij: A
        fields:
          familyname: {from: A}
        """
    )
    assert [problem.split(";")[0] for problem in problems] == [
        "m.yaml:1:9: there is no source 'crn'",
        "m.yaml:3:1: unknown key 'bij'",
        "m.yaml:5:3: profile has no field 'familyname'",
    ]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("email: {from: A, else: perhaps}", "m.yaml:4:26: 'perhaps' is not possible here"),
        ("email: {from: A, value: b}", "m.yaml:4:10: a field takes its value from a column"),
        ("email: {from: A, else: keep}", "m.yaml:4:10: else: keep goes with codes"),
        ("country: {from: A, codes: {X: Nowhere}}", "m.yaml:4:33: 'Nowhere' is no country"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(line: str, place: str) -> None:
    text = f"source: crm\nentity: profile\nfields:\n  {line}\n"
    _made, problems = mistakes(text)
    assert len(problems) == 1
    assert problems[0].startswith(place)


def test_an_unknown_entity_is_refused() -> None:
    _made, problems = mistakes("source: crm\nentity: profil\nfields:\n  email: {from: A}\n")
    assert problems == ["m.yaml:2:9: there is no entity 'profil'; did you mean 'profile'?"]


def test_a_consent_cannot_be_rejected() -> None:
    _made, problems = mistakes(
        "source: crm\nentity: consent\nfields:\n  state: {from: A, else: reject}\n"
    )
    assert problems == [
        "m.yaml:4:20: a consent is never rejected; an unusable cell is a finding; the row counts"
    ]


def test_a_file_of_changes_gives_one_mapping_for_each_kind() -> None:
    made = mappings(
        """
        source: changes
        of: crm
        by: nr
        change:
          from: type
          codes:
            opt-out: {entity: consent, fields: {state: {value: withdrawn}}}
            profile: {entity: profile, fields: {first_name: {from: new}}}
        """
    )
    assert [(m.name, m.entity.name, m.change) for m in made] == [
        ("m.yaml#opt-out", "consent", ("type", "opt-out")),
        ("m.yaml#profile", "profile", ("type", "profile")),
    ]
    assert all(mapping.owned for mapping in made)


def test_only_a_profile_can_be_a_newcomer() -> None:
    _made, problems = mistakes(
        """
        source: news
        owner: [{of: crm, by: Nr}]
        change:
          from: A
          codes:
            x: {entity: address, newcomer: true, fields: {street: {from: B}}}
        """
    )
    assert [problem.split("; ")[0] for problem in problems if "newcomer" in problem] == [
        "m.yaml:6:26: only a profile is a newcomer"
    ]
