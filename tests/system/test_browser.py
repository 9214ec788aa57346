"""Report and replay in a real headless Chromium: no complaint, nothing from elsewhere, keys work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import KEY, RUNBOOK, make_workspace
from tests.engine.test_run import go_on, to_the_gate
from tests.system.browser import Page, browser, program
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.web.reading import Reading
from tui_migrate.web.server import Server

pytestmark = pytest.mark.skipif(program() is None, reason="left out: Debian's chromium is missing")

HOSTILE = "<img src=x onerror=alert(1)><script>document.title='taken'</script>"
WIDTHS = (1280, 390)
EXPECTED = "status of 403"
"""What the browser says of an address that was used already."""
THERE = "document.body && document.body.dataset.ready"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[InProcessClient]:
    """A run at its gate; its runbook and its answers say hostile things."""
    runbook = RUNBOOK.replace("title: {en: Small,", f'title: {{en: "{HOSTILE}",')
    found = open_client(make_workspace(tmp_path / "small", runbook), key=KEY)
    to_the_gate(found)
    assert found.send(api.Answer(step="questions", item="note", answer=HOSTILE)).ok
    go_on(found)
    yield found
    found.close()


@pytest.fixture
def server(client: InProcessClient, page: Page) -> Iterator[Server]:
    """Its page is left before it ends."""
    state = client.workspace / ".tui-migrate"
    found = Server(Reading(state / "audit", state / "vault", "en"), 0)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    page.leave()
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found
        assert [said for said in found.complaints if EXPECTED not in said] == []


def place(page: Page) -> int:
    """The entry at which the replay stands."""
    return int(page.js("document.body.dataset.at"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_fits_any_screen_and_asks_for_nothing(
    page: Page, client: InProcessClient, tmp_path: Path, width: int, scheme: str
) -> None:
    path = tmp_path / "report.html"
    assert client.send(api.Export(what="report", path=str(path), language="en")).ok
    page.size(width, 900)
    page.media(scheme=scheme)
    page.requests.clear()
    page.open(path.as_uri())
    assert page.requests == [path.as_uri()]
    assert page.js("document.title") == HOSTILE
    assert page.js("document.querySelectorAll('script, img').length") == 0
    assert page.js("document.documentElement.scrollWidth") <= width
    paper = page.js("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(n) for n in paper.removeprefix("rgb(").rstrip(")").split(","))
    assert (lightness > 600) == (scheme == "light")
    assert page.js("document.querySelectorAll('svg.plot').length") >= 1
    assert page.js(
        "[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.hash))"
    )


def test_the_report_is_printed_with_its_banner(
    page: Page, client: InProcessClient, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    assert client.send(api.Export(what="report", path=str(path), language="en")).ok
    page.media("print")
    page.open(path.as_uri())
    assert "REHEARSAL" in page.js("document.querySelector('.banner').textContent")
    assert page.js("getComputedStyle(document.querySelector('details')).display") == "none"
    page.media()
    assert page.printed().startswith(b"%PDF")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_replay_is_walked_by_keyboard(page: Page, server: Server, width: int) -> None:
    page.size(width, 900)
    page.requests.clear()
    page.open(server.address)
    page.wait(THERE)
    count = int(page.js("document.getElementById('seek').max"))
    assert page.js("location.search") == ""
    assert page.js("document.cookie") == ""
    assert page.js("document.querySelectorAll('img, body script').length") == 0
    assert page.js("document.getElementById('title').textContent") == HOSTILE
    assert page.js("document.documentElement.scrollWidth") <= width
    assert not page.js("document.getElementById('banner').hidden")
    assert place(page) == count
    page.key("Home")
    page.wait("document.body.dataset.at === '1'")
    assert page.js("document.querySelectorAll('#steps .word.good').length") == 0
    page.key("ArrowRight")
    page.wait("document.body.dataset.at === '2'")
    page.key("n")
    page.wait("document.body.dataset.at > 2")
    assert "answered" in page.js("document.getElementById('sentence').textContent")
    assert "READ" in page.js("document.querySelector('#steps details').textContent").upper()
    assert page.js("document.querySelectorAll('#steps .word.good').length") == 1
    page.key("End")
    page.wait(f"document.body.dataset.at === '{count}'")
    assert all(url.startswith(f"http://127.0.0.1:{server.port}/") for url in page.requests)


def test_the_replay_follows_the_run_and_shows_what_was_signed(
    page: Page, server: Server, client: InProcessClient
) -> None:
    page.open(server.address)
    page.wait(THERE)
    before = place(page)
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3, comment=HOSTILE)).ok
    go_on(client)
    page.wait(f"document.body.dataset.at > {before}")
    assert page.js("document.title").startswith(HOSTILE)
    signs = set(page.js("[...document.querySelectorAll('#line text')].map(t => t.textContent)"))
    assert signs <= {"‖", "✗", "·", "◆"}
    assert "‖" in signs
    page.open(f"http://127.0.0.1:{server.port}/report")
    assert HOSTILE in page.js("document.getElementById('signoffs').textContent")
    assert page.js("document.querySelectorAll('script, img').length") == 0


def test_the_replay_marks_a_moment_and_compares_another_with_it(page: Page, server: Server) -> None:
    page.size(1280, 900)
    page.open(server.address)
    page.wait(THERE)
    count = place(page)
    page.key("Home")
    page.wait("document.body.dataset.at === '1'")
    page.key("d")
    page.wait("document.getElementById('unmark')")
    assert page.js("document.querySelectorAll('#line .marked').length") == 1
    page.key("End")
    page.wait("document.getElementById('compare')")
    page.key("d")
    page.wait("location.pathname === '/beside' && document.readyState === 'complete'")
    assert page.js("location.search") == f"?a=1&b={count}"
    assert page.js("document.querySelectorAll('#beside tr.changed').length") >= 2
    assert page.js("document.documentElement.scrollWidth") <= 1280
    page.js("document.getElementById('replay').click()")
    page.wait(f"{THERE} && document.body.dataset.at === '{count}'")


def test_the_replay_is_filtered_and_sought_by_typing(page: Page, server: Server) -> None:
    page.size(1280, 900)
    page.open(server.address)
    page.wait(THERE)
    count = place(page)
    page.key("f")
    assert page.js("document.activeElement.name") == "by"
    page.js("document.activeElement.form.elements.step.focus()")
    page.call("Input.insertText", text="questions")
    page.key("n")  # typed, not a key of the page
    page.wait(f"document.body.dataset.at === '{count}'")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
    page.wait("document.getElementById('fits')")
    fitting = page.js(
        "[...document.querySelectorAll('#list .seq')].map(e => Number(e.textContent))"
    )
    assert 1 < len(fitting) < count
    page.key("Home")
    page.wait(f"document.body.dataset.at === '{min(fitting)}'")
    page.key(" ", 32)
    page.wait(f"document.body.dataset.at === '{max(fitting)}'")
    page.wait("document.getElementById('play').textContent === 'Play'")
    page.key("t")
    assert page.js("document.activeElement.id") == "goto"
    page.call("Input.insertText", text="1999-01-01 09:00")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
    page.wait(f"document.body.dataset.at === '{min(fitting)}'")
    page.js("document.getElementById('all').click()")
    page.wait("!document.getElementById('fits')")
    page.js("document.getElementById('on').focus()")
    page.js("document.activeElement.click()")
    page.wait(f"document.body.dataset.at === '{min(fitting) + 1}'")
    assert page.js("document.activeElement.id") == "on"


def test_the_replay_is_of_use_without_scripts(page: Page, server: Server) -> None:
    page.size(390, 900)
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(server.address)
        page.open(f"http://127.0.0.1:{server.port}/?at=2")
        assert not page.js("document.body.dataset.ready")
        assert page.js("document.getElementById('play').hidden")
        assert page.js("document.getElementById('seek').hidden")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab")
        page.js("document.getElementById('on').focus()")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
        page.wait("document.body && document.body.dataset.at === '3'")
        page.js("document.querySelector('#filter [name=step]').focus()")
        page.call("Input.insertText", text="questions")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r")
        page.wait("document.body && document.getElementById('fits')")
        assert page.js("document.documentElement.scrollWidth") <= 390
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_used_address_shows_nothing(page: Page, server: Server) -> None:
    page.open(server.address)
    page.wait(THERE)
    page.call("Network.clearBrowserCookies")
    page.open(server.address)
    assert "Start tui-migrate serve again" in page.js("document.body.textContent")
