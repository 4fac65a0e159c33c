"""Drives Zoho Books' face as an app does, in the same process."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import Client, TestResponse

from integrations.sandbox import wire
from tests.sandbox.driver import CALLBACK, control, read

SCOPE = "ZohoBooks.fullaccess.all"
SMALL = {"contacts": 4, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1, "expenses": 0}


@dataclass
class Zoho:
    """One organisation, connected."""

    client: Client
    id: str
    org: str
    token: str
    refresh: str

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, /, **query: str
    ) -> TestResponse:
        """A call of the API."""
        return self.client.open(
            f"/zoho_books/books/v3/{path}", method=method, data=None if body is None else wire.dump(body),
            content_type="application/json", query_string={"organization_id": self.org, **query},
            headers={"Authorization": f"Zoho-oauthtoken {self.token}", **(headers or {})},
        )  # fmt: skip

    def get(self, path: str, **query: str) -> Any:
        """GET, parsed; must succeed."""
        return self._read(self.call("GET", path, **query))

    def post(self, path: str, body: Any = None, **query: str) -> Any:
        """POST, parsed; must succeed."""
        return self._read(self.call("POST", path, body, **query))

    def put(self, path: str, body: Any, **query: str) -> Any:
        """PUT, parsed; must succeed."""
        return self._read(self.call("PUT", path, body, **query))

    def delete(self, path: str) -> Any:
        """DELETE, parsed; must succeed."""
        return self._read(self.call("DELETE", path))

    def _read(self, response: TestResponse) -> Any:
        answer = read(response)
        assert answer["code"] == 0, answer
        return answer

    def refused(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, int]:
        """(HTTP status, code) of a refusal."""
        response = self.call(method, path, body, **query)
        return response.status_code, read(response)["code"]

    def control(self, path: str, body: Any = None) -> Any:
        """The control API of this organisation."""
        return control(self.client, f"/_control/organisations/{self.id}/{path}", body)

    def one(self, path: str, many: str, **query: str) -> Any:
        """The first row of a list."""
        return self.get(path, **query)[many][0]

    def contact(self, kind: str = "customer") -> str:
        """A customer's or vendor's id."""
        return str(self.one("contacts", "contacts", contact_type=kind)["contact_id"])

    def account(self, name: str) -> str:
        """An account's id."""
        return str(self.one("chartofaccounts", "chartofaccounts", account_name=name)["account_id"])

    def invoice(self, rate: Any = 100, **more: Any) -> Any:
        """A new draft invoice with one line."""
        body = {"customer_id": self.contact(), "date": "2026-11-02", "line_items": [{"name": "Work", "rate": rate}]}
        return self.post("invoices", {**body, **more})["invoice"]

    def bill(self, rate: Any = 40, **more: Any) -> Any:
        """A new bill with one line."""
        line = {"account_id": self.account("Office Supplies"), "rate": rate, "description": "Paper"}
        body = {"vendor_id": self.contact("vendor"), "bill_number": "S-454", "date": "2026-11-02", "line_items": [line]}
        return self.post("bills", {**body, **more})["bill"]


def consent(client: Client, org: str, centre: str = "", **more: str) -> dict[str, str]:
    """What the callback says after consenting by itself."""
    query = {"client_id": "sandbox-client", "response_type": "code", "scope": SCOPE, "redirect_uri": CALLBACK,
             "access_type": "offline", "prompt": "consent", "state": "s1", "auto_consent": "1", "org": org}  # fmt: skip
    prefix = f"/zoho_books/{centre}" if centre else "/zoho_books"
    response = client.get(f"{prefix}/oauth/v2/auth", query_string={**query, **more})
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def token(client: Client, centre: str = "", **form: str) -> Any:
    """The token endpoint's answer, which has status 200 in any case."""
    prefix = f"/zoho_books/{centre}" if centre else "/zoho_books"
    data = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", **form}
    response = client.post(f"{prefix}/oauth/v2/token", data=data)
    assert response.status_code == 200
    return read(response)


def exchanged(client: Client, code: str, centre: str = "") -> Any:
    """Tokens for a code."""
    return token(client, centre, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)


def connect(client: Client, **specification: Any) -> Zoho:
    """A new organisation with a token for it; small unless told otherwise."""
    body = {"ledger": "zoho_books", "name": "Acme", "country": "GB", "currency": "GBP", "seed": 5, **SMALL}
    made = control(client, "/_control/organisations", {**body, **specification})
    org = made["external_org_id"]
    issued = exchanged(client, consent(client, org)["code"])
    return Zoho(client, made["id"], org, issued["access_token"], issued["refresh_token"])
