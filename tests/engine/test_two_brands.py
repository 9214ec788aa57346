"""A person whose records are of two brands, as somebody sees him who has a role of one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.person_world import MAIL, RUNBOOK, made, run
from tui_migrate.engine.api import Export, Identity
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.person_queries import ConsentEvents, Person, PersonSheet, Search

ROLES = """\
roles:
  lead: {users: ["*"]}
  nova: {users: [n], brands: [Nova]}
  kompas: {users: [k], brands: [Kompas], may: [sign, export]}
  post: {users: [p], channels: [post]}
"""
EVERYBODY = MAIL.replace("web form", "form of Nova").replace(
    "Anna;Jansen;1970-05-06;anna@voorbeeld.nl;Kompas",
    "Anna;Jansen;1970-05-06;anna@kompas.nl;Kompas",
)


def somebody(role: str) -> Identity:
    """Who has this role and is not the engine's owner."""
    return Identity(user=role[0], uid=os.getuid() + 1, roles=(role,))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessClient]:
    """Anna: crm/1 of no brand, mail/8 of Nova, mail/9 of Kompas. Her golden name is that of mail/8."""
    root = made(
        Path(tmp_path_factory.mktemp("brands")) / "w",
        EVERYBODY,
        RUNBOOK.replace('roles:\n  lead: {users: ["*"]}\n', ROLES).replace(
            "auto_from: 0.99", "auto_from: 0.90"
        ),
    )
    client = run(root)
    yield client
    client.shut()


def sheet(client: InProcessClient, role: str) -> PersonSheet:
    """Anna as a role sees her."""
    found: PersonSheet = client.engine.question(Person(profile_id="crm/1"), somebody(role))
    return found


def names(client: InProcessClient, text: str, role: str) -> list[str]:
    """Whom a search finds."""
    return [hit.name for hit in client.engine.question(Search(text=text), somebody(role))]


def plain(answer: Any) -> str:
    """An answer as it goes over the socket."""
    return msgspec.json.encode(answer).decode()


def test_all_records_are_one_person(client: InProcessClient) -> None:
    anna: PersonSheet = client.ask(Person(profile_id="crm/1"))
    records = {(r.source, r.record_id) for r in anna.records}
    assert records == {("crm", "1"), ("mail", "8"), ("mail", "9")}
    assert anna.name == "Anna Janssen"
    assert "anna@kompas.nl" in plain(anna)


def test_values_that_only_the_other_brand_has_are_dots(client: InProcessClient) -> None:
    values = {v.field: v.value for v in sheet(client, "kompas").values}
    assert values["first_name"] == "Anna"
    assert values["family_name"] == "•••••"
    assert values["email"] == "••••• · anna@kompas.nl"
    assert sheet(client, "kompas").name == "Anna •••••"
    nova = {v.field: v.value for v in sheet(client, "nova").values}
    assert (nova["family_name"], nova["email"]) == ("Janssen", "anna@voorbeeld.nl · •••••")


def test_nothing_of_the_other_brand_is_in_the_answer(client: InProcessClient) -> None:
    told = plain(sheet(client, "kompas"))
    for secret in ("Janssen", "voorbeeld.nl", "form of Nova", "email/Nova"):
        assert secret not in told
    assert "fair" in told
    told = plain(sheet(client, "nova"))
    for secret in ("kompas.nl", "fair", "email/Kompas"):
        assert secret not in told
    assert "form of Nova" in told


def test_permissions_are_those_of_his_brand(client: InProcessClient) -> None:
    for role, brand in (("nova", "Nova"), ("kompas", "Kompas")):
        assert {c.brand for c in sheet(client, role).consents} == {brand}
        mine = ConsentEvents(
            profile_id=sheet(client, role).profile_id, brand=brand, channel="email"
        )
        assert {f.brand for f in client.engine.question(mine, somebody(role))} == {brand}
    assert client.engine.question(mine, somebody("nova")) == ()


def test_what_hangs_on_him_is_counted_as_far_as_it_is_of_his_brand(
    client: InProcessClient,
) -> None:
    assert sheet(client, "lead").children == {"consent": 2}
    assert sheet(client, "nova").children == {"consent": 1}


def test_a_search_looks_through_what_he_may_see_only(client: InProcessClient) -> None:
    assert names(client, "janssen", "lead") == ["Anna Janssen"]
    assert names(client, "janssen", "nova") == ["Anna Janssen"]
    assert names(client, "janssen", "kompas") == []
    assert names(client, "anna@voorbeeld.nl", "kompas") == []
    assert names(client, "anna@kompas.nl", "kompas") == ["Anna Jansen"]
    assert names(client, "anna@kompas.nl", "nova") == []
    assert names(client, "bos", "nova") == []
    assert names(client, "bos", "lead") == ["Piet Bos"]


def test_whom_he_names_by_an_id_and_may_not_see_is_dots(client: InProcessClient) -> None:
    (hit,) = client.engine.question(Search(text="2"), somebody("nova"))
    assert (hit.name, hit.email, hit.record_id) == ("•••••", "•••••", "2")
    assert client.engine.question(Search(text=hit.profile_id[:8]), somebody("nova")) == ()


def test_an_address_of_another_channel_is_not_found_by_who_may_not_see_it(
    client: InProcessClient,
) -> None:
    assert names(client, "p@bos.nl", "lead") == ["Piet Bos"]
    assert names(client, "p@bos.nl", "post") == []
    (piet,) = client.engine.question(Search(text="piet"), somebody("post"))
    assert (piet.name, piet.email) == ("Piet Bos", "•••••")


def test_a_table_is_not_taken_out_by_a_role_of_one_brand(
    client: InProcessClient, tmp_path: Path
) -> None:
    command = Export(what="profiles", path=str(tmp_path / "x.csv"))
    reply = client.engine.command(command, somebody("kompas"))
    assert not reply.ok
    assert "all brands" in reply.message
    assert not (tmp_path / "x.csv").exists()
