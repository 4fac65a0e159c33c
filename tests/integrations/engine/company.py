"""A tiny QuickBooks company behind an httpx transport: answers from a table, remembers what it was asked."""

from collections.abc import Callable
from typing import Any

import httpx

from integrations.engine import jsontext, manifest
from integrations.engine.client import Client, Exchange
from integrations.engine.converters import Context
from integrations.engine.endpoints import Endpoints, resolve
from integrations.engine.ledger import Ledger

Handler = Callable[[httpx.Request], httpx.Response]

API = "https://ledger.test"
ENVIRON = {
    "PORTAL_QUICKBOOKS_API_URL": API,
    "PORTAL_QUICKBOOKS_TOKEN_URL": "https://tokens.test/token",
    "PORTAL_QUICKBOOKS_REVOKE_URL": "https://tokens.test/revoke",
    "PORTAL_QUICKBOOKS_AUTH_URL": "https://tokens.test/authorize",
    "PORTAL_QUICKBOOKS_CLIENT_ID": "id",
    "PORTAL_QUICKBOOKS_CLIENT_SECRET": "secret",
}


class Recorded:
    """Keeps exchanges in memory."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


class Tokens:
    """A token that can be renewed once."""

    def __init__(self) -> None:
        self.present = "stale"

    def token(self) -> str:
        return self.present

    def renew(self, stale: str) -> str:
        self.present = "fresh"
        return self.present


class Company:
    """A ledger whose answers a test hands in: one handler, or a list of answers in their order."""

    def __init__(self, answers: Handler | list[Any], *, country: str = "US") -> None:
        self.requests: list[httpx.Request] = []
        self.recorded = Recorded()
        self._answers = answers
        self.client = Client(
            manifest.load("quickbooks"),
            self.endpoints(),
            Tokens(),
            recorder=self.recorded,
            transport=httpx.MockTransport(self._answer),
        )
        values = {"org": "9341", "home_currency": "USD", "country": country}
        self.ledger = Ledger(manifest.load("quickbooks"), self.client, Context(values=values))

    @staticmethod
    def endpoints() -> Endpoints:
        return resolve(manifest.load("quickbooks"), ENVIRON)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if callable(self._answers):
            return self._answers(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else said(answer)

    @property
    def queries(self) -> list[str]:
        return [request.url.params["query"] for request in self.requests if "query" in request.url.params]


def said(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer as QuickBooks gives it."""
    found = {"content-type": "application/json;charset=UTF-8", "intuit_tid": "1-tid", **headers}
    return httpx.Response(status, content=jsontext.dumps(body), headers=found)


def fault(
    code: str, detail: str = "", *, status: int = 400, message: str = "Refused", element: str = ""
) -> httpx.Response:
    """An application fault."""
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return said({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-05-05T02:08:54-07:00"}, status)
