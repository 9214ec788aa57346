"""The web server: one browser after one token, this host, GET only; and what it tells of a run."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import KEY, make_workspace
from tests.engine.test_lineage import WITH_MAP
from tests.engine.test_run import go_on, to_the_gate
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.web.reading import Reading
from tui_migrate.web.server import LOOPBACK, Server

Headers = dict[str, str]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[InProcessClient]:
    """A run that waits at its gate, held by an engine."""
    found = open_client(make_workspace(tmp_path / "small", WITH_MAP), key=KEY)
    to_the_gate(found)
    yield found
    found.close()


@pytest.fixture
def server(client: InProcessClient) -> Iterator[Server]:
    state = client.workspace / ".tui-migrate"
    found = Server(Reading(state / "audit", state / "vault", "en"), 0)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def ask(
    server: Server, path: str, headers: Headers | None = None, method: str = "GET"
) -> tuple[int, Headers, bytes]:
    """Status, headers and content."""
    line = http.client.HTTPConnection(LOOPBACK, server.port, timeout=20)
    try:
        line.request(method, path, headers=headers or {})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        line.close()


def enter(server: Server) -> Headers:
    """The cookie that the token becomes."""
    status, headers, _content = ask(server, f"/?token={server.gate.token}")
    assert status == 200
    return {"Cookie": headers["Set-Cookie"].split(";")[0]}


def told(server: Server, path: str, cookie: Headers) -> Any:
    status, _headers, content = ask(server, path, cookie)
    assert status == 200, content
    return json.loads(content)


def test_without_the_token_nothing_is_told(server: Server) -> None:
    for path in ("/", "/report", "/api/run", "/api/entries", "/replay.js", "/nothing"):
        assert ask(server, path)[0] == 403
        assert ask(server, path, {"Cookie": f"{server.cookie}=guess"})[0] == 403
    assert ask(server, "/?token=guess")[0] == 403


def test_the_token_becomes_a_strict_cookie_and_is_void(server: Server) -> None:
    _status, headers, _content = ask(server, f"/?token={server.gate.token}")
    attributes = {part.strip() for part in headers["Set-Cookie"].split(";")[1:]}
    assert attributes == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert server.gate.token not in headers["Set-Cookie"]
    assert ask(server, f"/?token={server.gate.token}")[0] == 403
    assert ask(server, "/", {"Cookie": headers["Set-Cookie"].split(";")[0]})[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "10.0.0.1", "[::2]"]
)
def test_another_host_is_refused_even_with_the_cookie(server: Server, host: str) -> None:
    cookie = enter(server)
    assert ask(server, "/report", {**cookie, "Host": host})[0] == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "LOCALHOST", "[::1]:8765"])
def test_the_end_of_a_tunnel_is_this_host_at_any_port(server: Server, host: str) -> None:
    assert ask(server, "/", {**enter(server), "Host": host})[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_only_get_is_answered(server: Server, method: str) -> None:
    cookie = enter(server)
    assert ask(server, "/", cookie, method)[0] == 405
    assert ask(server, f"/?token={server.gate.token}", {}, method)[0] == 405


def test_an_unknown_method_is_refused(server: Server) -> None:
    assert ask(server, "/", enter(server), "SIGN")[0] == 501


def test_what_another_site_asks_for_is_refused(server: Server) -> None:
    cookie = enter(server)
    assert ask(server, "/report", {**cookie, "Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask(server, "/report", {**cookie, "Sec-Fetch-Site": "same-origin"})[0] == 200


def test_every_answer_carries_a_strict_policy(server: Server) -> None:
    cookie = enter(server)
    for path in ("/", "/report", "/api/run", "/replay.js", "/nothing"):
        _status, headers, _content = ask(server, path, cookie)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers


def test_paths_lead_to_no_other_file(server: Server) -> None:
    cookie = enter(server)
    for path in (
        "/server.py",
        "/../server.py",
        "/%2e%2e/server.py",
        "//etc/passwd",
        "/replay.html",
    ):
        assert ask(server, path, cookie)[0] == 404


def test_a_browser_that_asks_for_an_icon_by_habit_gets_it(server: Server) -> None:
    cookie = enter(server)
    status, headers, content = ask(server, "/favicon.ico", cookie)
    assert (status, headers["Content-Type"]) == (200, "image/svg+xml")
    assert b"<svg" in content
    assert ask(server, "/favicon.ico")[0] == 403


def test_it_follows_the_run_that_an_engine_holds(server: Server, client: InProcessClient) -> None:
    cookie = enter(server)
    before = told(server, "/api/entries", cookie)
    assert [e["seq"] for e in before["entries"]] == list(range(1, before["count"] + 1))
    assert before["entries"][-1]["mark"] == "‖"
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3, comment="<i>ok")).ok
    after = told(server, f"/api/entries?after={before['count']}", cookie)
    assert after["entries"][0]["seq"] == before["count"] + 1
    assert "<i>ok" in after["entries"][0]["text"]
    go_on(client)
    now = told(server, "/api/state?at=999999", cookie)
    assert {s["id"]: s["status"] for s in now["steps"]}["gate"] == "done"
    then = told(server, f"/api/state?at={before['count']}", cookie)
    assert {s["id"]: s["status"] for s in then["steps"]}["gate"] == "waiting"
    first = told(server, "/api/state?at=1", cookie)
    assert {s["status"] for s in first["steps"]} == {"todo"}


def test_the_report_is_the_present_one(server: Server, client: InProcessClient) -> None:
    cookie = enter(server)
    head = client.state.head
    assert head in ask(server, "/report", cookie)[2].decode()
    assert client.send(api.Answer(step="questions", item="note", answer="more")).ok
    text = ask(server, "/report", cookie)[2].decode()
    assert client.state.head in text
    assert head != client.state.head


def test_looking_changes_nothing_in_the_workspace(server: Server, client: InProcessClient) -> None:
    state = client.workspace / ".tui-migrate"

    def everything() -> dict[str, tuple[int, int]]:
        return {
            str(p): (p.stat().st_mtime_ns, p.stat().st_size)
            for p in state.rglob("*")
            if p.is_file() and "staging" not in p.name
        }

    before, cookie = everything(), enter(server)
    for path in ("/", "/report", "/api/run", "/api/entries", "/api/state?at=3"):
        assert ask(server, path, cookie)[0] == 200
    assert everything() == before


def test_records_of_customers_are_not_named_where_pairs_are_told(
    server: Server, client: InProcessClient
) -> None:
    command = api.Decide(
        source_a="crm", record_a="1", source_b="crm", record_b="2", decision="different"
    )
    assert client.send(command).ok
    words = [e["text"] for e in told(server, "/api/entries", enter(server))["entries"]]
    assert any("kept a pair of records apart" in text for text in words)
    assert not any("crm 1" in text for text in words)


def test_a_damaged_line_is_said_and_what_stands_before_it_shown(
    server: Server, client: InProcessClient, tmp_path: Path
) -> None:
    audit = tmp_path / "audit"
    shutil.copytree(client.workspace / ".tui-migrate" / "audit", audit)
    lines = (audit / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"kind"', b'"kinD"')
    (audit / "journal.jsonl").write_bytes(b"".join(lines))
    page = Reading(audit, None, "en").entries(0)
    assert page["count"] == 4
    assert "entry 5" in page["broken"]


def test_the_command_prints_an_address_that_works_once_and_ends_with_a_signal(
    tmp_path: Path,
) -> None:
    root = make_workspace(tmp_path / "small")
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [sys.executable, "-m", "tui_migrate", "serve", "-w", str(root), "--port", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # Ctrl+C works even where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            port = int(address.split(":")[2].split("/")[0])
            line = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
            line.request("GET", address.partition(str(port))[2])
            assert line.getresponse().status == 200
            process.send_signal(number)
            messages = process.stderr.read()
            assert process.wait(20) == 0
        assert f"ssh -N -L {port}:127.0.0.1:{port}" in messages


def test_a_port_that_is_taken_is_said(server: Server, client: InProcessClient) -> None:
    from tui_migrate.cli import run_cli

    assert run_cli(["serve", "-w", str(client.workspace), "--port", str(server.port)]) == 2
