"""Any simulated ledger in this process, connected as its manifest says: what connectors are tried against."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from werkzeug.test import Client as Browser

from integrations.engine import auth, manifest, organisations
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.endpoints import resolve
from integrations.engine.ledger import Ledger
from integrations.engine.ways import ClientGrant, CodeGrant
from integrations.sandbox.cli import build
from integrations.sandbox.faces import Face, Setting
from integrations.sandbox.server import ConnectionDropped
from integrations.sandbox.world import FACES

SANDBOX = {"PORTAL_SANDBOX_URL": "http://127.0.0.1:8900"}
BOOKS = {"contacts": 12, "invoices": 15, "bills": 8, "payments": 8, "bank_lines": 6, "months": 3, "seed": 7}
_CALLBACK = "http://127.0.0.1:8000/cb"


class Held:
    """The token that consent gave; when it has expired (clocks are fast here) consent is given again."""

    def __init__(self, access: str, again: Callable[[], str]) -> None:
        self.access = access
        self._again = again

    def token(self) -> str:
        """It."""
        return self.access

    def renew(self, stale: str) -> str:
        """Another one."""
        if self.access == stale:
            self.access = self._again()
        return self.access


class Simulation:
    """A sandbox of its own, its control, and `ledger`: one organisation connected by one of the connector's ways."""

    def __init__(
        self,
        ledger: str,
        *,
        country: str = "GB",
        currency: str = "GBP",
        way: str = "",
        given: Mapping[str, str] | None = None,
        faces: Sequence[Callable[[Setting], Face]] = FACES,
        **books: Any,
    ) -> None:
        self.connector = manifest.load(ledger)
        # Fast clocks, so that no test waits for a limit.
        self.app = build(time_scale=200.0, data_dir=None, clients=[], faces=faces)
        self.browser = Browser(self.app)
        self.way = self.connector.way(way)
        wanted = {"ledger": ledger, "name": "Acme", "country": country, "currency": currency, **BOOKS, **books}
        made = self.control("organisations", wanted)
        self.id, self.org = made["id"], made["external_org_id"]
        told = made["credentials"]
        own = told.get(self.way.name)
        self.typed = {**told, **(own if isinstance(own, Mapping) else {})}
        self.settings: dict[str, str] = dict(given or {})
        tokens = self._tokens()
        places = resolve(self.connector, SANDBOX, given=self.settings, org=self.org).places
        self.ledger = Ledger(self.connector, self.client(tokens), Context(values={**places, "org": self.org}))
        self.ledger.organisation()

    def control(self, path: str, body: dict[str, Any]) -> Any:
        """What the sandbox's control API answers."""
        return json.loads(self.browser.post(f"/_control/{path}", json=body).get_data(as_text=True))

    def truth(self, resource: str) -> list[Any]:
        """The true books of a resource, in the ledger's own form."""
        answer = self.browser.get(f"/_control/organisations/{self.id}/documents?resource={resource}")
        return list(json.loads(answer.get_data(as_text=True))["documents"])

    def trial_balance(self) -> dict[str, Any]:
        """The true trial balance."""
        found = self.browser.get(f"/_control/organisations/{self.id}/trial_balance").get_data(as_text=True)
        return dict(json.loads(found))

    def client(self, access: str = "") -> Client:
        """A client over this process's sandbox, let in by the token."""
        endpoints = resolve(self.connector, SANDBOX, given=self.settings, org=self.org)
        return Client(
            self.connector,
            endpoints,
            Held(access, self._tokens) if access else None,
            way=self.way.name,
            credentials={**self.settings, **self.typed},
            transport=httpx.MockTransport(self._answer),
        )

    def _tokens(self) -> str:
        if isinstance(self.way, CodeGrant):
            return self._consented(self.way)
        if isinstance(self.way, ClientGrant):
            return auth.obtain(self.client(), self.way, credentials=self.typed).access_token
        return ""

    def _consented(self, way: CodeGrant) -> str:
        endpoints = resolve(self.connector, SANDBOX, given=self.settings, org=self.org)
        verifier = "v" * 50
        url = auth.authorize_url(way, endpoints, redirect_uri=_CALLBACK, state="s" * 24, code_verifier=verifier)
        parts = urlsplit(f"{url}&auto_consent=1&org={self.org}&realm_id={self.org}")
        answer = self.browser.get(f"{parts.path}?{parts.query}")
        told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        self.settings |= {name: told[param] for name, param in way.settings_params.items() if told.get(param)}
        tokens = auth.exchange_code(
            self.client(), way, code=told["code"], redirect_uri=_CALLBACK, code_verifier=verifier
        )
        listed = organisations.listed(self.client(tokens.access_token), way)
        assert listed is None or self.org in {found.id for found in listed}
        return tokens.access_token

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # A second passes with each call: a fast machine must not run into the ledger's limits.
        self.app.world.clock.advance(1)
        try:
            answer = self.browser.open(
                request.url.raw_path.decode(),
                method=request.method,
                headers=list(request.headers.items()),
                data=request.content,
            )
            content = answer.get_data()
        except ConnectionDropped as error:
            raise httpx.RemoteProtocolError("dropped") from error
        return httpx.Response(answer.status_code, headers=list(answer.headers), content=content)
