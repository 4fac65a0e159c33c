"""A small threaded HTTP/1.1 server for one WSGI application, with keep-alive and the power to hang up.

Standard servers answer every request; a ledger that fails in the middle does not. An application that raises
ConnectionDropped gets its connection closed without another byte.
"""

import io
import socket
import socketserver
import sys
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

_MAX_BODY = 120 * 1024 * 1024
_BODILESS = ("1", "204", "304")


class ConnectionDropped(Exception):  # noqa: N818 - an outcome, not a mistake
    """Close the connection now, answer nothing more."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], app: WSGIApplication) -> None:
        self.app = app
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    rbufsize = 65536
    timeout = 120
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: calls are recorded, see /_control/calls."""

    def _answer(self) -> None:
        try:
            environ = self._environ()
        except ValueError as error:
            self.send_error(400, str(error))
            self.close_connection = True
            return
        try:
            self._respond(environ)
        except ConnectionDropped:
            self.close_connection = True
            self.wfile.flush()
            self._hang_up()

    def _hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        body = self._body()
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["wsgi.input"] = io.BytesIO(body)
        return environ

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= _MAX_BODY:
            raise ValueError("unacceptable Content-Length")
        return self.rfile.read(length) if length else b""

    def _chunks(self) -> bytes:
        parts = bytearray()
        while size := int(self.rfile.readline(64).split(b";")[0], 16):
            if len(parts) + size > _MAX_BODY:
                raise ValueError("request body too large")
            parts += self.rfile.read(size)
            self.rfile.readline(8)
        while self.rfile.readline(8192).strip():
            continue
        return bytes(parts)

    def _respond(self, environ: dict[str, Any]) -> None:
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
            head.append((status, headers))
            return self.wfile.write

        parts = self.server.app(environ, start_response)
        try:
            self._write(head[0][0], head[0][1], parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def _write(self, status: str, headers: list[tuple[str, str]], parts: Iterable[bytes]) -> None:
        names = {name.lower() for name, _ in headers}
        chunks = iter(parts)
        if "content-length" not in names and not status.startswith(_BODILESS):
            whole = b"".join(chunks)
            headers = [*headers, ("Content-Length", str(len(whole)))]
            chunks = iter((whole,))
        if "date" not in names:
            headers = [*headers, ("Date", self.date_time_string())]
        if self.close_connection:
            headers = [*headers, ("Connection", "close")]
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + next(chunks, b""))
        for chunk in chunks:
            self.wfile.write(chunk)


def make_server(app: WSGIApplication, host: str, port: int) -> _Server:
    """A bound server; port 0 takes a free one. Raises OSError when the address is taken."""
    return _Server((host, port), app)


def serve(app: WSGIApplication, host: str, port: int, *, ready: Callable[[str], Any]) -> None:
    """Serve until KeyboardInterrupt, after telling `ready` the base URL."""
    with make_server(app, host, port) as server:
        ready(f"http://{host}:{server.server_address[1]}")
        server.serve_forever(poll_interval=0.5)
