"""A read-only web server on the loopback interface, behind a one-time token.

Whoever has the address that ``serve`` printed opens it once: the token in it becomes a cookie of that
browser and is void. Everything else is refused before anything is read: other methods, other hosts
(a name that somebody else points at this machine), requests from other sites.
"""

from __future__ import annotations

import hmac
import http.cookies
import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tui_migrate.report.html import policy
from tui_migrate.web.asked import number
from tui_migrate.web.reading import Reading

LOOPBACK = "127.0.0.1"
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""A tunnel may end at another port of the reader's own machine, so the port is not looked at."""
PATIENCE = 20
"""Seconds that a client may take for its request."""
AT_ONCE = 32
"""Requests at one time; more wait."""

_SAME = "'self'"
_POLICY = (
    f"default-src 'none'; script-src {_SAME}; style-src {_SAME}; connect-src {_SAME}; img-src {_SAME};"
    f" base-uri 'none'; form-action {_SAME}; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FILES = {
    "/replay.js": ("replay.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
    "/replay.css": ("replay.css", "text/css; charset=utf-8"),
}
_ENTER = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    '<title>tui-migrate</title><p><a href="/">tui-migrate</a></p>'
)
"""After the token: our own page leads on, so that a strict cookie is sent wherever the link was."""


class Gatekeeper:
    """The token, once; the session that it becomes."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._used = False
        self._lock = threading.Lock()

    def enter(self, token: str) -> str | None:
        """The session for the token, the first time; ``None`` ever after."""
        with self._lock:
            right = hmac.compare_digest(token.encode(), self.token.encode())
            if not right or self._used:
                return None
            self._used = True
            return self._session

    def knows(self, session: str) -> bool:
        """Whether this is the session."""
        return self._used and hmac.compare_digest(session.encode(), self._session.encode())


class Server(ThreadingHTTPServer):
    """Serves one run until it is shut down. Raises ``OSError`` when the port is taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, reading: Reading, port: int) -> None:
        self.reading = reading
        self.gate = Gatekeeper()
        self.room = threading.BoundedSemaphore(AT_ONCE)
        super().__init__((LOOPBACK, port), _Handler)
        self.cookie = f"tui-migrate-{self.port}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """What is opened once."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.gate.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request. Only GET has a method here; all else is answered 405."""

    server: Server
    timeout = PATIENCE
    server_version = "tui-migrate"
    sys_version = ""

    def do_GET(self) -> None:
        """Refuse, or answer."""
        with self.server.room:
            self._get()

    def _refuse_method(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"Only GET.\n", {"Allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse_method  # noqa: N815
    do_TRACE = do_CONNECT = _refuse_method  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the first address holds the token."""

    def _get(self) -> None:
        if not self._from_here():
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"Not this host.\n")
            return
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/" and "token" in query:
            self._enter(query["token"])
        elif not self.server.gate.knows(self._session()):
            self._forbidden()
        elif self.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"Asked for by another site.\n")
        else:
            self._page(parts.path, query)

    def _from_here(self) -> bool:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1:
            return False
        name, colon, port = hosts[0].strip().lower().rpartition(":")
        if not colon or not port.isdecimal():
            name = hosts[0].strip().lower()
        return name in HOSTS

    def _session(self) -> str:
        try:
            jar = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        except http.cookies.CookieError:
            return ""
        found = jar.get(self.server.cookie)
        return found.value if found is not None else ""

    def _enter(self, token: str) -> None:
        session = self.server.gate.enter(token)
        if session is None:
            self._forbidden()
            return
        cookie = f"{self.server.cookie}={session}; Path=/; HttpOnly; SameSite=Strict"
        self._answer(HTTPStatus.OK, "text/html", _ENTER.encode(), {"Set-Cookie": cookie})

    def _forbidden(self) -> None:
        words = b"This address was used, or is none. Start tui-migrate serve again for a new one.\n"
        self._answer(HTTPStatus.FORBIDDEN, "text/plain", words)

    def _page(self, path: str, query: dict[str, str]) -> None:
        reading = self.server.reading
        pages = {"/": reading.page, "/beside": reading.beside}
        if path in _FILES:
            name, kind = _FILES[path]
            content = (Path(__file__).parent / name).read_bytes()
            self._answer(HTTPStatus.OK, kind, content)
        elif path == "/report":
            text = reading.report().encode("utf-8", "replace")
            headers = {"Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"}
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", text, headers)
        elif path in pages:
            text = pages[path](query).encode("utf-8", "replace")
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", text)
        elif path == "/entries":
            content = json.dumps(reading.entries(number(query.get("after", "")))).encode()
            self._answer(HTTPStatus.OK, "application/json", content)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There is no such page.\n")

    def _answer(
        self,
        status: HTTPStatus,
        kind: str,
        content: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        given = {"Content-Security-Policy": _POLICY, **_HEADERS, **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
