"""A made-up ledger as a small HTTP server: tokens, connections, one company; what it was asked is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Meadow:
    """Its state, and the calls as (method, path, form or tenant header)."""

    url: str = ""
    organisations: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    """Values in an Authorization header or a form that are not let in."""
    issued: int = 0

    def tokens(self, form: dict[str, str]) -> tuple[int, Any]:
        """The token endpoint."""
        if self.refuses & set(form.values()):
            return 401, {"error": "invalid_client"}
        self.issued += 1
        found = {"access_token": f"access-{self.issued}", "expires_in": 1800}
        if form["grant_type"] != "client_credentials":
            found["refresh_token"] = f"refresh-{self.issued}"
        return 200, found

    def answer(self, method: str, path: str, form: dict[str, str], proof: str) -> tuple[int, Any]:
        """One call."""
        if path == "/t":
            return self.tokens(form)
        if any(word in proof for word in self.refuses):
            return 401, {"code": "gone", "message": "Not here."}
        if path == "/connections":
            return 200, self.organisations
        if method == "DELETE" or path == "/r":
            return 200, {}
        return 200, {"id": "1", "name": f"Books of {proof[:5].strip()}", "currency": "EUR", "country": "IE"}

    def paths(self, method: str = "") -> list[str]:
        """The paths that were called."""
        return [path for called, path, _ in self.calls if method in ("", called)]


@contextmanager
def served() -> Iterator[Meadow]:
    """The ledger on a port of its own."""
    meadow = Meadow()

    class Handler(BaseHTTPRequestHandler):
        """Answers JSON."""

        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            form = dict(parse_qsl(self.rfile.read(size).decode()))
            path = urlsplit(self.path).path
            tenant = {"tenant": self.headers["Meadow-tenant"]} if self.headers.get("Meadow-tenant") else {}
            meadow.calls.append((self.command, path, form or tenant))
            status, body = meadow.answer(self.command, path, form, self.headers.get("Authorization", ""))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _any

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        meadow.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield meadow
        server.shutdown()
