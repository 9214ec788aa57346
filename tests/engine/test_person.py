"""The life of one person in plain sentences, from the delivered rows to the target."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.person_world import MAIL, made, run
from tui_migrate.audit.entries import Exported
from tui_migrate.audit.person_facts import Looked
from tui_migrate.cli import run_cli
from tui_migrate.engine.api import Decide, Export, Identity
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.data_queries import Columns
from tui_migrate.engine.person_queries import ConsentEvents, Person, PersonSheet, Search
from tui_migrate.engine.queries import Said


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, never changed by a test."""
    root = made(tmp_path_factory.mktemp("person") / "w")
    run(root).close()
    return root


@pytest.fixture
def root(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "w"))


def _told(root: Path, who: str, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    capsys.readouterr()
    assert run_cli(["audit", "show", who, "-w", str(root), *more]) == 0
    return capsys.readouterr().out


def test_the_whole_life_is_told_in_order(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _told(root, "crm/1", capsys)
    told = [
        "Delivered",
        "crm 1: came with 2026-03-01/people.csv:2; became of it: merged",
        "Cleaned and mapped",
        "crm 1: family name changed from   jansen to Jansen",
        "What the rules found",
        "crm 1: family name: capitals were repaired",
        "Which records are one person",
        "mail 8: compared with crm 1: birth date, email and first name agree; family name: a typing",
        "crm 1: merged with mail 8 (certain, and nothing conflicts)",
        "Values that were chosen",
        "family name stays Janssen, not Jansen (the most trusted source)",
        "Permissions",
        "mail 8: 2021-03-04: given for Nova by email, evidence: web form, in 2026-03-01/people.csv:2",
        "Nova by email: opt-in, as mail 8 says (the newest statement is an opt-in)",
        "Brought to the target",
        "profile created in the target “csv” as ",
        "consent created in the target “csv”, 2 rows",
        "Taken out and looked at",
        "taken out in the file “crosswalk”, to be gone on ",
        "looked at by ",
    ]
    at = [text.find(one) for one in told]
    assert at == sorted(at), [one for one, place in zip(told, at, strict=True) if place < 0]
    assert min(at) >= 0, [one for one, place in zip(told, at, strict=True) if place < 0]
    assert "Bos" not in text


def test_it_is_told_in_dutch_when_asked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = _told(root, "crm/1", capsys, "--lang", "nl")
    for told in (
        "crm 1: kwam met 2026-03-01/people.csv:2; werd: samengevoegd",
        "achternaam gewijzigd van",
        "geboortedatum, e-mail en voornaam komen overeen; achternaam: een tikfout",
        "2021-03-04: gegeven voor Nova per e-mail, bewijs: web form",
        "profiel aangemaakt in het doelsysteem “csv” als ",
        "bekeken door ",
    ):
        assert told in text
    assert " merged " not in text
    assert run_cli(["audit", "show", "crm/1", "-w", str(root), "--lang", "fr"]) == 2


def test_a_look_is_journalled_under_the_founding_record(root: Path) -> None:
    for who in ("crm/1", "mail/9"):
        client = open_client(root)
        sheet: PersonSheet = client.ask(Person(profile_id=who))
        names = client.engine.view.pseudonyms(
            [(sheet.records[0].source, sheet.records[0].record_id)]
        )
        looks = [e.fact for e in client.entries() if isinstance(e.fact, Looked)]
        assert [look.subject for look in looks][-1] in names
        client.close()


def test_why_somebody_looked_or_took_out_is_journalled(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look with a reason each time, also when the same person was just looked at."""
    for reason in ("complaint 12", "complaint 13"):
        _told(root, "crm/1", capsys, "--reason", reason)
    told = ["-w", str(root), "--basis", "art. 15"]
    file = str(tmp_path / "anna.zip")
    assert run_cli(["audit", "show", "crm/1", "--export", file, *told]) == 0
    assert run_cli(["audit", "report", "-o", str(tmp_path / "r.html"), *told]) == 0
    client = open_client(root)
    facts = [e.fact for e in client.entries()]
    words = client.engine.view.words
    assert [words(f.reason) for f in facts if isinstance(f, Looked)] == [
        "complaint 12",
        "complaint 13",
    ]
    assert [words(f.basis) for f in facts if isinstance(f, Exported)][-2:] == ["art. 15"] * 2
    client.close()
    assert run_cli(["audit", "log", "-w", str(root)]) == 0
    assert "looked at one person: “complaint 13”" in capsys.readouterr().out
    assert "complaint" not in (root / ".tui-migrate" / "audit" / "journal.jsonl").read_text()


def test_a_profile_a_record_or_an_id_name_the_same_person(root: Path) -> None:
    client = open_client(root)
    sheets = [client.ask(Person(profile_id=who)) for who in ("crm/1", "1", "mail/9")]
    ids = {sheet.profile_id for sheet in sheets}
    assert len(ids) == 1
    assert client.ask(Person(profile_id=ids.pop())).records == sheets[0].records
    client.close()


@pytest.mark.parametrize("who", ["nobody", "crm/nobody", "crn/1"])
def test_who_is_not_there_is_said(root: Path, capsys: pytest.CaptureFixture[str], who: str) -> None:
    """Each time: that somebody looked before makes nobody of him either."""
    for _again in range(2):
        assert run_cli(["audit", "show", who, "-w", str(root), "--reason", str(_again)]) == 1
        assert f"no profile or record {who}" in capsys.readouterr().err


def test_a_decision_of_a_person_is_told_with_who(root: Path) -> None:
    client = open_client(root)
    pair = Decide(source_a="crm", record_a="1", source_b="crm", record_b="2", decision="different")
    assert client.send(pair).ok
    sheet: PersonSheet = client.ask(Person(profile_id="crm/1"))
    (event,) = [e for e in sheet.trail if e.event == "decided"]
    assert (event.rule, event.by) == ("different", client.identity.user)
    assert {(event.source, event.record_id), (event.other_source, event.other_record)} == {
        ("crm", "1"),
        ("crm", "2"),
    }
    client.close()


def test_an_export_made_by_hand_is_told_to_whom_it_holds(root: Path, tmp_path: Path) -> None:
    client = open_client(root)
    assert client.send(Export(what="consents", path=str(tmp_path / "c.csv"))).ok

    def exports(who: str) -> list[str]:
        sheet: PersonSheet = client.ask(Person(profile_id=who))
        return [e.field for e in sheet.trail if e.event == "exported"]

    assert "consents" in exports("crm/1")
    assert "consents" not in exports("crm/2")  # Piet has no permission
    client.close()


def test_a_role_of_one_brand_sees_no_permission_of_another(root: Path) -> None:
    path = root / "runbook.yaml"
    path.write_text(path.read_text().replace('{users: ["*"]}', '{users: ["*"], brands: [Nova]}'))
    client = open_client(root)
    other = Identity(user="b", uid=os.getuid() + 1, roles=("lead",))

    def seen(who: str) -> PersonSheet:
        found: PersonSheet = client.engine.question(Person(profile_id=who), other)
        return found

    anna = seen("crm/1")
    assert {e.field for e in anna.trail if e.event in ("stated", "consent")} == {
        "email/Nova/marketing"
    }
    assert any(e.event == "consent" and "Kompas" in e.field for e in _whole(client).trail)
    piet = seen("crm/2")
    said = json.dumps([[e.before, e.after, e.note] for e in piet.trail])
    assert "Bos" not in said
    assert all(v.value == "•••••" for v in piet.values)
    client.close()


def limited(root: Path, to: str) -> InProcessClient:
    """The workspace opened with a role that is limited ``to`` something."""
    path = root / "runbook.yaml"
    path.write_text(path.read_text().replace('{users: ["*"]}', f'{{users: ["*"], {to}}}'))
    return open_client(root)


OTHER = Identity(user="b", uid=os.getuid() + 1, roles=("lead",))


def test_a_role_of_one_channel_sees_no_permission_and_no_contact_point_of_another(
    root: Path,
) -> None:
    client = limited(root, "channels: [phone]")
    who = Person(profile_id="crm/1")
    anna: PersonSheet = client.engine.question(who, OTHER)
    values = {value.field: value.value for value in anna.values}
    assert (values["family_name"], values["email"]) == ("Janssen", "•••••")
    assert anna.consents == ()
    assert not [e for e in anna.trail if e.event in ("stated", "consent")]
    assert {c.channel for c in _whole(client).consents} == {"email"}
    asked = [who, Search(text="anna"), Columns()]
    asked.append(ConsentEvents(profile_id=anna.profile_id, brand="Nova", channel="email"))
    told = [msgspec.json.encode(client.engine.question(one, OTHER)).decode() for one in asked]
    assert not [text for text in told if "voorbeeld.nl" in text]
    assert "voorbeeld.nl" in msgspec.json.encode(_whole(client)).decode()
    assert client.engine.command(Export(what="profiles", path="x.csv"), OTHER).exit_code == 1
    client.close()


def test_whom_others_looked_for_is_not_read_by_a_role_of_one_brand(root: Path) -> None:
    client = limited(root, "brands: [Nova]")
    client.ask(Search(text="piet bos"))
    (look,) = [e.fact for e in client.entries() if isinstance(e.fact, Looked)]
    words = Said(references=(look.subject,))
    assert client.ask(words) == {look.subject: "piet bos"}
    assert client.engine.question(words, OTHER) == {look.subject: "•••••"}
    client.close()


def _whole(client: Any) -> PersonSheet:
    found: PersonSheet = client.ask(Person(profile_id="crm/1"))
    return found


def test_values_from_data_do_not_reach_a_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(tmp_path / "hostile", MAIL.replace("web form", "\x1b[2Jform"))
    run(root).close()
    text = _told(root, "mail/8", capsys)
    assert "\x1b" not in text
    assert "form" in text
    facts = json.loads(_told(root, "mail/8", capsys, "--json"))
    assert any(e["sentence"] and e["chapter"] == "permissions" for e in facts["trail"])
