"""The portal as a newcomer starts it, and a real browser in front of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.db import connection, connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from portal.celery import app
from portal.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
ARTEFACTS = ROOT / "artefacts"
START_SECONDS = 180
PATIENCE = 60_000
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "SECRET_KEY", "FERNET_KEYS", "PORTAL_SANDBOX_URL")


@dataclass
class Portal:
    """A running portal with its demo, and its simulated ledgers."""

    url: str
    folder: Path
    environment: dict[str, str]

    @property
    def sandbox(self) -> str:
        """Where the simulated ledgers listen."""
        return self.environment["PORTAL_SANDBOX_URL"]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the sandbox's control API."""
        data = json.dumps(body).encode() if body is not None else None
        request = Request(self.sandbox + path, data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One call of the portal's own API → status and JSON."""
        form = isinstance(body, bytes)
        data = body if form else json.dumps(body).encode() if body is not None else None
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        request = Request(self.url + path, data, {"Content-Type": kind, **headers}, method=method)
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """`./bin/portal up` on a fresh folder with its own database, broker, workers and ledgers."""
    folder = tmp_path_factory.mktemp("portal")
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    command = [str(ROOT / "bin" / "portal"), "up", "--port", str(free_port()), "--data-dir", str(folder)]
    with (folder / "terminal.log").open("w+") as terminal:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=terminal, stderr=subprocess.STDOUT)
        try:
            yield _ready(process, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _ready(process: "subprocess.Popen[bytes]", folder: Path) -> Portal:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = (folder / "terminal.log").read_text()
        if found := re.search(r"^ready: (\S+)$", said, re.MULTILINE):
            run = json.loads((folder / "run.json").read_text())
            return Portal(found[1], folder, run["environment"])
        time.sleep(0.2)
    pytest.fail(f"The portal did not start:\n{(folder / 'terminal.log').read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = os.environ.get("PORTAL_CHROMIUM") or shutil.which("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, and so do a test's own queries.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def alone(transactional_db: None, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A live server that rings no broker, and that answers nobody any more when the tables are emptied."""
    expect.set_options(timeout=PATIENCE)
    conf: Any = app.conf
    kept, conf.broker_url = conf.broker_url, "memory://"
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", 0)
    yield
    for context in browser.contexts:
        context.close()
    _drained()
    conf.broker_url = kept
    expect.set_options(timeout=5_000)


def _drained() -> None:
    """Wait until the server's threads have hung up: an open transaction and emptying the tables would lock each other.

    A thread connects only when it first asks the database, so nobody must be seen for a moment. Who has asked nothing
    for seconds and holds no transaction is not an answer under way but a connection that somebody left open.
    """
    deadline, quiet = time.monotonic() + PATIENCE / 1000, 0
    while quiet < 3:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid, state, query FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
                " AND NOT (state = 'idle' AND state_change < clock_timestamp() - interval '5 seconds')"
            )
            left = cursor.fetchall()
        assert time.monotonic() < deadline, f"the server still answers a page that was closed: {left}"
        quiet = 0 if left else quiet + 1
        time.sleep(0.1)


@dataclass
class Person:
    """One signed-in person with a browser window of their own; complaints of the browser's console are kept."""

    page: Page
    context: BrowserContext
    portal: Portal
    complaints: list[str]

    def open(self, path: str) -> Page:
        """Go to a page of the portal."""
        self.page.goto(self.portal.url + path)
        return self.page

    def picture(self, name: str) -> None:
        """Keep a screenshot at desk and at phone width."""
        ARTEFACTS.mkdir(exist_ok=True)
        for width, height in ((1440, 900), (390, 844)):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(150)
            self.page.screenshot(path=ARTEFACTS / f"{name}-{width}.png", full_page=True)
        self.page.set_viewport_size({"width": 1440, "height": 900})


def sign_in(portal: Portal, browser: Browser, email: str) -> Person:
    """Log in through the form, as anybody would."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    person = Person(page, context, portal, [])

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and message.location["url"].startswith(portal.url):
            person.complaints.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: person.complaints.append(f"{page.url}: {error}"))
    page.goto(portal.url)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("ledger-portal-demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin/**")
    return person
