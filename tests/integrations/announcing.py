"""The sandbox's webhooks, caught on their way and brought to the portal's view in the test's thread and database."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from werkzeug.wrappers import Request, Response

from integrations.sandbox.server import make_server
from integrations.services import announcements_applying, announcements_sorting
from tests.integrations.conftest import Sandbox

KEY = "verifier-token"
_SPOKEN = {"Host", "Content-Length", "Connection", "Accept-Encoding", "User-Agent"}


@dataclass
class Caught:
    """One delivery as it left the ledger."""

    path: str
    headers: dict[str, str]
    body: bytes

    def bring(self, client: Client, **changes: Any) -> int:
        """POST it to the portal; the status of its answer."""
        headers = {**self.headers, **changes.get("headers", {})}
        response = client.post(
            changes.get("path", self.path),
            changes.get("body", self.body),
            content_type=headers.pop("Content-Type"),
            headers=headers,
        )
        return int(response.status_code)


@dataclass
class Post:
    """Where a sandbox's webhooks arrive."""

    sandbox: Sandbox
    url: str = ""
    caught: list[Caught] = field(default_factory=list)

    def app(self, environ: Any, start_response: Any) -> Any:
        """Keep what comes."""
        request = Request(environ)
        headers = {name: text for name, text in request.headers.items() if name not in _SPOKEN}
        self.caught.append(Caught(request.path, headers, request.get_data()))
        return Response("", 200)(environ, start_response)

    def aim(self, ledger: str, *, path: str = "", style: str = "", key: str = KEY, **more: Any) -> None:
        """Let the ledger send its webhooks here."""
        order = {"ledger": ledger, "url": self.url + (path or f"/webhooks/{ledger}/"), "key": key, **more}
        self.sandbox.post("/_control/webhooks", {**order, "format": style} if style else order)

    def wait(self, count: int = 1) -> list[Caught]:
        """At least so many deliveries, in the order of their arrival, once no more come."""
        self._until(lambda: len(self.caught) >= count)
        seen = -1
        while seen != len(self.caught):
            seen = len(self.caught)
            time.sleep(0.25)
        return list(self.caught)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "nothing was announced"
            time.sleep(0.02)


@contextmanager
def post(sandbox: Sandbox) -> Iterator[Post]:
    """A listening endpoint for the sandbox."""
    found = Post(sandbox)
    with make_server(found.app, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def bring(deliveries: Sequence[Caught], client: Client | None = None) -> None:
    """All of them, each believed."""
    client = client or Client()
    assert [each.bring(client) for each in deliveries] == [200] * len(deliveries)


def work_off() -> int:
    """What the workers do: distribute, then read; how many events ended."""
    places = set()
    while (found := announcements_sorting.distribute()) is not None:
        places |= found
    return sum(announcements_applying.apply_announcements(*place) for place in places)
