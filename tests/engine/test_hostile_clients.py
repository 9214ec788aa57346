"""Whoever speaks nonsense on the socket is refused; the engine lives on and nothing has changed."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import KEY, make_workspace
from tui_migrate.engine import api, wire
from tui_migrate.engine.attach import attach_or_start
from tui_migrate.engine.data_queries import Fates
from tui_migrate.engine.remote import RemoteClient
from tui_migrate.engine.server import PER_USER
from tui_migrate.engine.sockets import connected
from tui_migrate.engine.workspace import Workspace, holder_of, is_held

STRANGERS = 400
LAST = 77
"""The number of the question that follows the nonsense."""
WORDS = st.sampled_from(
    ["hello", "do", "ask", "fetch", "leave", "type", "command", "query", "run", "sign", "gate", "n",
     "id", "search", "text", "\x1b]0;x\x07", "../../etc/passwd", "'; DROP TABLE store.record; --"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), WORDS
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), inner, max_size=5),
    ),
    max_leaves=12,
)
SHAPED = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "do", "ask", "fetch", "leave", "welcome", "entries"])},
    optional={"n": ANYTHING, "command": ANYTHING, "query": ANYTHING, "protocol": LEAVES,
              "version": LEAVES, "since": LEAVES, "file": LEAVES, "offset": LEAVES, "content": LEAVES,
              "language": LEAVES},
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    st.one_of(ANYTHING, SHAPED).map(lambda value: json.dumps(value).encode()),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RemoteClient]]:
    """A workspace whose engine runs, and a well-behaved client of it."""
    root = make_workspace(tmp_path_factory.mktemp("hostile") / "small")
    client = attach_or_start(root, key=KEY)
    yield root, client
    client.end()


def knock(root: Path) -> socket.socket:
    line = connected(Workspace(root).socket)
    assert line is not None
    line.settimeout(20)
    return line


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def heard(line: socket.socket) -> bytes:
    """All that the engine says until it hangs up; TimeoutError if it does not."""
    said = b""
    with suppress(ConnectionResetError):  # how it ends when it had not read all that came
        while data := line.recv(1 << 16):
            said += data
    return said


def greeting() -> bytes:
    return wire.frame(wire.Hello(protocol=wire.PROTOCOL, version="x"))


def assert_untouched(root: Path, client: RemoteClient, before: int) -> None:
    """The engine is the one from the start, answers, and has journalled nothing."""
    assert client.ask(Fates()) is not None
    assert Workspace(root).journal.read_bytes().count(b"\n") == before


def entries(root: Path) -> int:
    return Workspace(root).journal.read_bytes().count(b"\n")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES)
def test_nonsense_instead_of_a_greeting_is_refused(
    served: tuple[Path, RemoteClient], body: bytes
) -> None:
    root, client = served
    before = entries(root)
    with knock(root) as line:
        line.sendall(framed(body))
        assert b'"type":"refused"' in heard(line)
    assert_untouched(root, client, before)


def test_messages_of_nonsense_change_nothing(served: tuple[Path, RemoteClient]) -> None:
    """Mutations of messages that an engine understands; seeded. Who sends one is thrown out or, where
    it still is a message, answered: then his next question is too."""
    root, client = served
    before, chance = entries(root), random.Random(2026)
    seeds = [
        wire.frame(wire.Ask(n=1, query=Fates()))[wire.HEAD :],
        wire.frame(wire.Do(n=2, command=api.Sign(gate="gate", decision="approve")))[wire.HEAD :],
        wire.frame(wire.Fetch(n=3, file="../../vault/workspace.key", offset=0))[wire.HEAD :],
        wire.frame(wire.Do(n=4, command=api.Answer(step="x", item="y", answer="z")))[wire.HEAD :],
        wire.frame(wire.Do(n=5, command=api.Waive(step="x", check="y", reason="z")))[wire.HEAD :],
    ]
    last = wire.frame(wire.Ask(n=LAST, query=Fates()))
    thrown_out = 0
    for _n in range(STRANGERS):
        with knock(root) as line:
            line.sendall(greeting() + framed(_mutated(chance, chance.choice(seeds))) + last)
            said = _heard_of(line, LAST)
        refused = b'"type":"refused"' in said
        assert refused or f'"n":{LAST}'.encode() in said, said[-900:]
        thrown_out += refused
    assert 0 < thrown_out < STRANGERS, "there was nonsense of both kinds"
    assert_untouched(root, client, before)


def _heard_of(line: socket.socket, n: int) -> bytes:
    """All that the engine says until it has answered question ``n`` or hung up."""
    said = b""
    with suppress(ConnectionResetError):
        while f'"n":{n}'.encode() not in said and (data := line.recv(1 << 16)):
            said += data
    return said


def _mutated(chance: random.Random, body: bytes) -> bytes:
    """One to four changes; or none, for what is well-formed and still not to be done."""
    data = bytearray(body)
    for _n in range(chance.choice([0, 1, 1, 2, 4])):
        match chance.randrange(5):
            case 0:
                data[chance.randrange(len(data))] = chance.randrange(256)
            case 1:
                del data[chance.randrange(len(data)) :]
                data += b" "
            case 2:
                data[0:0] = bytes(chance.randrange(256) for _i in range(chance.randrange(9)))
            case 3:
                at = chance.randrange(len(data))
                data[at:at] = data[: chance.randrange(len(data))]
            case _:
                data = data.replace(b":", chance.choice([b",", b"::", b":null,", b":[["]), 1)
        data = data or bytearray(b"{")
    return bytes(data)


@pytest.mark.parametrize("size", [wire.MOST_FIRST + 1, 2**31, 2**32 - 1])
def test_a_huge_message_is_refused_before_it_is_read(
    served: tuple[Path, RemoteClient], size: int
) -> None:
    root, client = served
    before = entries(root)
    with knock(root) as line:
        line.sendall(struct.pack(">I", size))
        assert b"too large" in heard(line)
    assert_untouched(root, client, before)


def test_deep_nesting_is_no_message(served: tuple[Path, RemoteClient]) -> None:
    root, client = served
    before = entries(root)
    with knock(root) as line:
        line.sendall(greeting() + framed(b'{"type":"ask","n":1,"query":' + b"[" * 60_000))
        assert b"refused" in heard(line)
    assert_untouched(root, client, before)


def test_who_begins_a_message_and_stops_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that hangs in the middle of a greeting does not stay open for ever."""
    root = make_workspace(tmp_path / "small")
    code = (
        "import sys; from tui_migrate.engine import server, process\n"
        "server.PATIENCE = 0.5\n"
        "sys.exit(process.main())"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=root,
    )  # fmt: skip
    assert engine.stdout is not None
    assert b"ready" in engine.stdout.readline()
    client = attach_or_start(root)
    try:
        with knock(root) as line:
            line.sendall(struct.pack(">I", 100) + b"{")
            assert b"too long" in heard(line)
        assert client.ask(Fates()) is not None
    finally:
        client.end()
    assert engine.wait(30) == 0
    assert not is_held(Workspace(root))


def test_who_asks_and_does_not_read_stops_only_himself(
    served: tuple[Path, RemoteClient],
) -> None:
    root, client = served
    before = entries(root)
    memory = _memory(root)
    asks, went = b"".join(wire.frame(wire.Ask(n=n, query=Fates())) for n in range(20_000)), 0
    with knock(root) as line:
        line.sendall(greeting())
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
        line.settimeout(0.5)
        for _n in range(3):
            went += _pushed(line, asks[went:])
            assert client.ask(Fates()) is not None, "others are answered"
        assert went < 600_000, "the engine reads no more of him than the system keeps, and a little"
    assert _memory(root) < memory + 100_000_000
    assert_untouched(root, client, before)


def _pushed(line: socket.socket, data: bytes) -> int:
    """How many bytes go before nothing goes for a while."""
    went = 0
    with suppress(TimeoutError):
        while went < len(data):
            went += line.send(data[went : went + (1 << 16)])
    return went


def _memory(root: Path) -> int:
    """Resident bytes of the engine."""
    holder = holder_of(Workspace(root))
    assert holder is not None
    pages = int(Path("/proc", str(holder.pid), "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_no_user_opens_more_lines_than_he_may(served: tuple[Path, RemoteClient]) -> None:
    root, client = served
    before = entries(root)
    lines = []
    try:
        for _n in range(PER_USER + 4):
            line = knock(root)
            lines.append(line)
            line.sendall(greeting())
        # Who comes in depends on how many were there when it was his turn; each is told at once.
        told = [line.recv(1 << 16) for line in lines]
        refused = sum(b"Too many clients" in said for said in told)
        assert all(told)
        assert len(lines) - refused < PER_USER, "the client from before has a line too"
    finally:
        for line in lines:
            line.close()
    assert_untouched(root, client, before)


def test_an_old_program_is_told_what_to_do(served: tuple[Path, RemoteClient]) -> None:
    root, client = served
    before = entries(root)
    with knock(root) as line:
        line.sendall(wire.frame(wire.Hello(protocol=wire.PROTOCOL + 1, version="9.9")))
        said = heard(line)
    refused = msgspec.json.decode(said[wire.HEAD :], type=wire.Refused)
    assert "version" in refused.message
    assert "tui-migrate stop" in refused.hint
    assert_untouched(root, client, before)
