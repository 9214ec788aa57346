"""The web server: one browser after one token, this host, GET only; and what it tells of a run."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

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


class Looked(HTMLParser):
    """What a reader without scripts has of a page: its links by id, steps, listed entries, texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        self.steps: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.listed: list[int] = []
        self.tags: list[str] = []
        self.at = 0
        self._open: list[tuple[str, str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "body":
            self.at = int(own.get("data-at", "0"))
        if tag == "a" and "id" in own:
            self.links[own["id"]] = own.get("href", "")
        if tag == "input" and "value" in own:
            self.fields[own.get("name", "")] = own["value"]
        if "data-status" in own:
            self.steps[own["data-step"]] = own["data-status"]
        if tag not in ("input", "meta", "link", "br", "option"):
            self._open.append((tag, own.get("id", ""), own))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _tag, name, _own in self._open:
            if name:
                self.texts[name] = self.texts.get(name, "") + data
        if self._open and self._open[-1][2].get("class") == "seq":
            self.listed.append(int(data))


def look(server: Server, path: str, cookie: Headers) -> Looked:
    status, headers, content = ask(server, path, cookie)
    assert status == 200, content
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    return Looked(content.decode())


def told(server: Server, path: str, cookie: Headers) -> Any:
    status, _headers, content = ask(server, path, cookie)
    assert status == 200, content
    return json.loads(content)


def test_without_the_token_nothing_is_told(server: Server) -> None:
    for path in ("/", "/report", "/beside", "/entries", "/replay.js", "/nothing"):
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
    for path in ("/", "/beside", "/report", "/entries", "/replay.js", "/nothing"):
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
    before = told(server, "/entries", cookie)
    assert [e["seq"] for e in before["entries"]] == list(range(1, before["count"] + 1))
    assert before["entries"][-1]["mark"] == "‖"
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3, comment="<i>ok")).ok
    after = told(server, f"/entries?after={before['count']}", cookie)
    assert after["entries"][0]["seq"] == before["count"] + 1
    assert "<i>ok" in after["entries"][0]["text"]
    go_on(client)
    assert look(server, "/?at=999999", cookie).steps["gate"] == "done"
    assert look(server, f"/?at={before['count']}", cookie).steps["gate"] == "waiting"
    assert set(look(server, "/?at=1", cookie).steps.values()) == {"todo"}


def test_links_lead_from_entry_to_entry_without_a_script(server: Server) -> None:
    cookie = enter(server)
    count = told(server, "/entries", cookie)["count"]
    last = look(server, "/", cookie)
    assert last.at == count
    assert (last.links["on"], last.links["last"]) == ("", "")
    assert last.links["back"] == f"/?at={count - 1}"
    assert look(server, last.links["ten-back"], cookie).at == count - 10
    first = look(server, last.links["first"], cookie)
    assert (first.at, first.links["back"], first.links["ten-back"]) == (1, "", "")
    assert look(server, first.links["on"], cookie).at == 2
    marked = look(server, first.links["next"], cookie)
    signs = {e["seq"]: e["mark"] for e in told(server, "/entries", cookie)["entries"]}
    assert signs[marked.at] != "─"
    assert {signs[n] for n in range(2, marked.at)} == {"─"}
    assert first.listed == sorted(first.listed, reverse=True)
    assert look(server, first.links["last"], cookie).at == count
    assert "script" in last.tags
    assert "style" not in last.tags


def test_a_moment_is_found_by_number_and_by_time(server: Server, client: InProcessClient) -> None:
    cookie = enter(server)
    entries = told(server, "/entries", cookie)["entries"]
    assert look(server, "/?at=5", cookie).at == 5
    second = entries[7]["time"]
    at_or_before = max(e["seq"] for e in entries if e["time"] <= second)
    assert look(server, f"/?here=3&at={second}", cookie).at == at_or_before
    day = entries[7]["day"]
    assert look(server, f"/?at={day}+{second}", cookie).at == at_or_before
    assert look(server, "/?at=1999-01-01+09:00", cookie).at == 1
    wrong = look(server, "/?here=4&at=soon", cookie)
    assert (wrong.at, wrong.texts["trouble"]) == (4, "Type it as 123, 14:02 or 2026-03-01 14:02.")
    beyond = look(server, "/?at=99999", cookie)
    assert beyond.at == len(entries)
    assert beyond.texts["trouble"] == f"There are {len(entries)} entries."


def test_a_filter_leaves_the_entries_that_fit(server: Server, client: InProcessClient) -> None:
    cookie = enter(server)
    entries = told(server, "/entries", cookie)["entries"]
    own = [e["seq"] for e in entries if e["step"] == "questions"]
    assert 1 < len(own) < len(entries)
    page = look(server, "/?at=1&step=questions", cookie)
    assert page.at == own[0]
    assert sorted(page.listed) == own
    walked = [page.at]
    while page.links["on"]:
        page = look(server, page.links["on"], cookie)
        walked.append(page.at)
    assert walked == own
    assert page.fields["step"] == "questions"
    assert f"{len(own)} entries fit" in page.texts["fits"]
    everybody = look(server, f"/?by={client.identity.user}", cookie)
    assert everybody.at > own[-1]
    assert f"{len(entries)} entries fit" in everybody.texts["fits"]
    nobody = look(server, "/?by=nobody", cookie)
    assert (nobody.listed, nobody.texts["trouble"]) == ([], "No entry fits.")
    assert look(server, page.links["all"], cookie).at == page.at


def test_a_brand_fits_what_its_sources_delivered(tmp_path: Path) -> None:
    runbook = WITH_MAP.replace("brands: [Nova]", "brands: [Nova, Kompas]").replace(
        "key: Nr", "key: Nr\n    brands: [Nova]"
    )
    found = open_client(make_workspace(tmp_path / "small", runbook), key=KEY)
    to_the_gate(found)
    delivered = [e.seq for e in found.entries() if getattr(e.fact, "source", "") == "crm"]
    found.close()
    state = found.workspace / ".tui-migrate"
    reading = Reading(state / "audit", state / "vault", "en")
    assert delivered
    assert sorted(Looked(reading.page({"at": "1", "brand": "nova"})).listed) == [1, *delivered]
    assert Looked(reading.page({"brand": "kompas"})).listed == [
        1
    ]  # only that there is such a brand


def test_two_moments_stand_side_by_side(server: Server, client: InProcessClient) -> None:
    cookie = enter(server)
    before = told(server, "/entries", cookie)["count"]
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3, comment="ok")).ok
    go_on(client)
    marked = look(server, look(server, f"/?at={before}", cookie).links["mark"], cookie)
    assert marked.at == before
    later = look(server, marked.links["last"], cookie)
    both = look(server, later.links["compare"], cookie)
    assert [both.fields[one] for one in ("a", "b")] == [str(before), str(later.at)]
    text = both.texts["beside"]
    assert "‖ waiting" in text
    assert "✓ done" in text
    assert "signed by" in text
    assert client.identity.user in text
    assert "approved" in text
    assert "Read" not in text
    assert "Read" in look(server, both.links["choice"], cookie).texts["beside"]
    assert look(server, both.links["replay"], cookie).at == later.at
    turned = look(server, f"/beside?a={later.at}&b={before}", cookie)
    assert turned.texts["beside"] == text
    same = look(server, "/beside?a=1&b=2", cookie)
    assert "Nothing that shows" in same.texts["same"]
    assert "Type it as" in look(server, "/beside?a=soon&b=2", cookie).texts["trouble"]


def test_what_stands_in_an_address_is_shown_as_text_only(server: Server) -> None:
    cookie = enter(server)
    for path in ("/", "/beside"):
        hostile = quote('"><script>alert(1)</script>')
        asked = "&".join(f"{name}={hostile}" for name in ("at", "by", "step", "brand", "a", "b"))
        plain, page = look(server, path, cookie), look(server, f"{path}?{asked}", cookie)
        assert page.tags.count("script") == plain.tags.count("script") == 1
        for name in ("mark", "here", "after"):
            for value in ("-1", "9" * 30, "٣", "1.5"):
                address = f"{path}?{name}={quote(value)}"
                assert look(server, address, cookie).at == plain.at


def test_the_pages_speak_dutch_too(client: InProcessClient) -> None:
    state = client.workspace / ".tui-migrate"
    reading = Reading(state / "audit", state / "vault", "nl")
    page = reading.page({"at": "zo"})
    assert '<html lang="nl">' in page
    for words in ("Terugspelen", "Ga naar", "Naast elkaar", "Typ het als 123"):
        assert words in page
    assert "stappen klaar" in reading.beside({"a": "1", "b": "9"})


def test_every_field_and_button_has_a_name(server: Server) -> None:
    content = ask(server, "/?at=9&mark=3", enter(server))[2].decode()
    fields = re.findall(r'<input(?![^>]*type="hidden")[^>]*>', content)
    assert len(fields) > 2
    for field in fields:
        before = content[: content.index(field)]
        assert "aria-label" in field or before.rfind("<label>") > before.rfind("</label>")
    buttons = re.findall(r'<a id="[^"]*" class="button"([^>]*)>(.*?)</a>', content)
    assert len(buttons) > 8
    for attributes, inside in buttons:
        assert "aria-label=" in attributes or "<span" not in inside


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
    for path in ("/", "/?at=3&by=a", "/beside?a=2&b=9", "/report", "/entries"):
        assert ask(server, path, cookie)[0] == 200
    assert everything() == before


def test_records_of_customers_are_not_named_where_pairs_are_told(
    server: Server, client: InProcessClient
) -> None:
    command = api.Decide(
        source_a="crm", record_a="1", source_b="crm", record_b="2", decision="different"
    )
    assert client.send(command).ok
    words = [e["text"] for e in told(server, "/entries", enter(server))["entries"]]
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
