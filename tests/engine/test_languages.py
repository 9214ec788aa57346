"""What the engine refuses and answers is in the language of who asks; what it keeps is in none."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_gate_engine import Serving
from tests.engine.test_server import wait_for
from tui_migrate import i18n
from tui_migrate.engine import api, wire
from tui_migrate.engine.answers.values import show
from tui_migrate.engine.attach import attach
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.data_queries import Fates
from tui_migrate.engine.remote import RemoteClient
from tui_migrate.engine.sockets import connected
from tui_migrate.engine.workspace import Workspace
from tui_migrate.errors import DataSaysNo, EnvironmentProblem

Opening = Callable[[Path], InProcessClient]
NOWHERE = api.Sign(gate="nowhere", decision="approve")
ENGLISH, DUTCH = "There is no gate nowhere.", "Er is geen poort nowhere."
MARK = "@@nl@@"


@pytest.fixture
def served(workspace: Path, opened: Opening) -> Iterator[Path]:
    """A workspace that an engine of an English environment serves over its socket."""
    with Serving(opened(workspace)):
        yield workspace


def guest(root: Path, language: str) -> RemoteClient:
    """A client of somebody who reads ``language``."""
    with i18n.speaking(language):
        client = attach(root)
    assert client is not None
    return client


def test_two_guests_are_refused_each_in_his_language(served: Path) -> None:
    anna, bram = guest(served, "en"), guest(served, "nl")
    assert anna.send(NOWHERE).message == ENGLISH
    assert bram.send(NOWHERE).message == DUTCH
    assert bram.send(NOWHERE).hint == "Poorten: gate, end"
    with pytest.raises(EnvironmentProblem, match="Dat bestand is er niet"):
        bram._part("none", 0)
    with pytest.raises(EnvironmentProblem, match="There is no such file"):
        anna._part("none", 0)
    anna.close()
    bram.close()


def test_many_at_once_hear_their_own_language_only(served: Path) -> None:
    guests = [guest(served, ("en", "nl")[n % 2]) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda one: {one.send(NOWHERE).message for _n in range(15)}, guests))
    assert told == [{ENGLISH}, {DUTCH}] * 3
    for one in guests:
        one.close()


def test_that_the_engine_ends_is_told_each_in_his_language(
    workspace: Path, opened: Opening
) -> None:
    with Serving(opened(workspace)):
        anna, bram = guest(workspace, "en"), guest(workspace, "nl")
        heard: dict[str, list[Any]] = {"en": [], "nl": []}
        anna.subscribe(heard["en"].append)
        bram.subscribe(heard["nl"].append)
        with knock(workspace) as line:
            line.sendall(wire.frame(hello()) + wire.frame(wire.Leave(n=1, end=True)))
            assert first(line)["type"] == "welcome"
        wait_for(lambda: bool(heard["en"]) and bool(heard["nl"]))
    user = anna.identity.user
    assert f"The engine has ended: {user} stopped the engine." in heard["en"][-1].message
    assert f"De motor is gestopt: {user} heeft de motor gestopt." in heard["nl"][-1].message
    with pytest.raises(EnvironmentProblem, match="De motor is gestopt"):
        bram.send(NOWHERE)


def test_a_program_of_another_protocol_is_told_in_its_language(served: Path) -> None:
    with knock(served) as line:
        line.sendall(wire.frame(hello(protocol=wire.PROTOCOL + 1, language="nl")))
        refused = first(line)
    assert refused["message"].startswith("De motor spreekt versie")


def test_what_is_refused_before_a_greeting_is_told_in_dutch_by_the_client(served: Path) -> None:
    crowd = [guest(served, "en") for _n in range(16)]
    with pytest.raises(EnvironmentProblem, match="Er zijn te veel programma's verbonden"):
        guest(served, "nl")
    for one in crowd:
        one.close()


@pytest.mark.parametrize(
    "language", ["fr", "NL", "../../../../etc", "nl/../en", "\x1b]0;x\x07", "n" * 60_000, "nl\0"]
)
def test_a_language_that_is_none_is_english(served: Path, language: str) -> None:
    """It is a word from a stranger: it names no file."""
    with knock(served) as line:
        line.sendall(wire.frame(hello(language=language)) + asked())
        assert replied(line) == ENGLISH


def test_an_older_program_names_no_language_and_is_answered_in_english(served: Path) -> None:
    old = {"type": "hello", "protocol": wire.PROTOCOL, "version": "0.0"}
    with knock(served) as line:
        line.sendall(framed(old) + asked())
        assert replied(line) == ENGLISH


@pytest.mark.parametrize("language", [None, 7, ["nl"], {"nl": 1}])
def test_a_language_that_is_no_text_is_no_greeting(served: Path, language: object) -> None:
    with knock(served) as line:
        line.sendall(framed({"type": "hello", "protocol": 1, "version": "x", "language": language}))
        assert first(line)["type"] == "refused"


def test_an_engine_in_the_same_process_speaks_the_reader_s_language(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(workspace)
    monkeypatch.setenv("LANGUAGE", "nl_BE:nl")
    assert client.send(NOWHERE).message == DUTCH
    monkeypatch.setenv("LANGUAGE", "en_GB")
    assert client.send(NOWHERE).message == ENGLISH


def test_an_engine_that_cannot_open_says_so_in_the_reader_s_language(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(workspace)
    run(client)
    client.close()
    (Workspace(workspace).vault / "workspace.key").unlink()
    monkeypatch.setenv("LANGUAGE", "nl")
    with pytest.raises(DataSaysNo, match="is weg, maar hier is een run begonnen"):
        opened(workspace)


def test_the_mistakes_of_a_runbook_are_told_in_one_language(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened(workspace)
    text = (workspace / "runbook.yaml").read_text()
    text = text.replace("title: Questions", "titel: Questions").replace("role: lead", "role: leed")
    (workspace / "runbook.yaml").write_text(text)
    (workspace / "mapping" / "crm.yaml").write_text("source: crm\nentity: profiel\nfields: 3\n")
    told = {}
    for language in ("nl", "en"):
        monkeypatch.setenv("LANGUAGE", language)
        told[language] = client.send(api.Run()).message.splitlines()
    assert told["nl"][0].startswith("Er zitten ")
    assert told["en"][0].startswith("The runbook has ")
    assert len(told["nl"]) == len(told["en"]) > 3
    places = [line.rpartition(": ")[0].split(": ")[0] for line in told["en"]]
    assert [line.rpartition(": ")[0].split(": ")[0] for line in told["nl"]][1:] == places[1:]
    assert any("onbekende sleutel 'titel'" in line for line in told["nl"])
    assert set(told["nl"]).isdisjoint(told["en"])


def test_values_are_shown_as_the_reader_writes_them() -> None:
    with i18n.speaking("nl"):
        assert show("birth_date", date(1980, 3, 1)) == "01-03-1980"
    with i18n.speaking("en"):
        assert show("birth_date", date(1980, 3, 1)) == "1980-03-01"


class Marked(dict[str, str]):
    """A catalogue that says of every message that it was translated."""

    def get(self, key: str, default: Any = None) -> str:
        """The message with the mark."""
        return f"{MARK}{key}"


def test_what_is_kept_does_not_depend_on_who_asks(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every word that is translated is marked: replies have the mark, journal and vault never."""
    monkeypatch.setattr(i18n, "_catalogue", lambda _language: Marked())
    with i18n.speaking("nl"):
        client = opened(two_steps_signed(workspace))
        run(client)
        assert MARK in client.send(NOWHERE).message
        say = client.send
        assert say(api.Answer(step="questions", item="ready", answer="yes")).ok
        run(client)
        assert say(reject("redo:read")).ok
        run(client)
        assert say(reject("rollback:start")).ok
        run(client)
        assert approve(client, "gate").ok
        run(client, until="gate")
        assert say(api.Answer(step="questions", item="note", answer="one more")).ok
        run(client)
        assert approve(client, "gate").ok
        run(client)
        (workspace / "deliveries/crm/2026-03-01/people.csv").write_text("Nr;Naam\n1;Jansen\n")
        assert say(api.Redo(step="read", reason="again")).ok  # the gate behind it is void
        assert MARK in say(api.Skip(step="keep", reason="no")).message
        old = workspace / "exports" / "old.csv"
        old.parent.mkdir(exist_ok=True)
        old.write_text("a")
        os.utime(old, (0, 0))
        purged = say(api.Purge())
        assert MARK in purged.message
        assert not old.exists()
        assert MARK in say(api.Purge(what="workspace", now=True, reason="over")).message
    reasons = {getattr(e.fact, "reason", "") for e in client.engine.core.journal.entries}
    assert {"rejected at gate gate", "the evidence changed"} <= reasons
    assert f"asked for by {client.identity.user}" in reasons
    kept = [p for p in workspace.rglob("*") if p.is_file() and p.name != "engine.log"]
    assert [p for p in kept if MARK.encode() in p.read_bytes()] == []
    assert any(p.name.endswith(".md") for p in kept), "the certificate"


def two_steps_signed(root: Path) -> Path:
    """The answers are of what the gate signs too."""
    text = (root / "runbook.yaml").read_text()
    (root / "runbook.yaml").write_text(text.replace("[read]}", "[read, questions]}"))
    return root


def run(client: InProcessClient, until: str = "") -> None:
    """Carry the run on until it rests, as a guest asks for it."""
    heard: list[api.Idle] = []
    leave = client.subscribe(lambda h: heard.append(h) if isinstance(h, api.Idle) else None)
    assert client.send(api.Run(until=until)).ok
    wait_for(lambda: bool(heard))
    leave()


def reject(then: str) -> api.Sign:
    return api.Sign(gate="gate", decision="reject", comment="no", then=then, from_file=True)


def approve(client: InProcessClient, gate: str) -> api.Reply:
    return client.send(
        api.Sign(gate=gate, decision="approve", typed=client.state.steps[gate].subject)
    )


def knock(root: Path) -> socket.socket:
    line = connected(Workspace(root).socket)
    assert line is not None
    line.settimeout(20)
    return line


def hello(language: str = "", protocol: int = wire.PROTOCOL) -> wire.Hello:
    return wire.Hello(protocol=protocol, version="x", language=language)


def framed(message: dict[str, object]) -> bytes:
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, "big") + body


def asked() -> bytes:
    return wire.frame(wire.Do(n=1, command=NOWHERE)) + wire.frame(wire.Ask(n=2, query=Fates()))


def messages(line: socket.socket) -> Iterator[dict[str, Any]]:
    stream = line.makefile("rb")
    while head := stream.read(4):
        yield msgspec.json.decode(stream.read(int.from_bytes(head, "big")))


def first(line: socket.socket) -> dict[str, Any]:
    return next(messages(line))


def replied(line: socket.socket) -> str:
    """What the engine says of the command."""
    done = next(one for one in messages(line) if one["type"] == "done")
    return str(done["reply"]["message"])
