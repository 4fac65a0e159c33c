"""Drives Xero's face as an app does, in the same process; every answer is held against Xero's own OpenAPI."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from werkzeug.test import Client, TestResponse

from integrations.sandbox import wire
from tests.sandbox.driver import BASIC, CALLBACK, control, read
from tests.specs import deviations, openapi

SCOPE = (
    "openid offline_access accounting.settings accounting.contacts accounting.invoices accounting.payments"
    " accounting.banktransactions accounting.manualjournals accounting.attachments accounting.budgets.read"
    " accounting.journals.read accounting.reports.read"
)
SMALL = {"contacts": 4, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1, "expenses": 0}
NOBODY = "00000000-0000-4000-8000-000000000000"


@lru_cache(maxsize=1)
def described() -> openapi.Description:
    """Xero's own description."""
    document = openapi.load("xero_accounting.yaml.gz")
    return openapi.Description(document, host_url="https://api.xero.com", before="/xero")


def fits(method: str, path: str, response: TestResponse) -> list[str]:
    """What in an answer does not fit; refusals of the gateway (401, 403, 429) are described nowhere."""
    request = httpx.Request(method, f"http://x/xero/api.xro/2.0/{path}")
    answer = httpx.Response(response.status_code, headers=list(response.headers), content=response.get_data())
    passed = deviations.load("xero_deviations.yaml")
    return [
        str(fault)
        for fault in described().answer(request, answer)
        if fault.rule != "status" and not any(row.fits(fault) for row in passed)
    ]


@dataclass
class Xero:
    """One organisation, connected."""

    client: Client
    id: str
    org: str
    token: str
    refresh: str

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, /, **query: str
    ) -> TestResponse:
        """A call of the Accounting API; what it answers is described by Xero."""
        response = self.client.open(
            f"/xero/api.xro/2.0/{path}", method=method, query_string=urlencode(query),
            data=body if body is None or isinstance(body, bytes) else wire.dump(body),
            headers={"Authorization": f"Bearer {self.token}", "Xero-tenant-id": self.org,
                     "Content-Type": "application/json", **(headers or {})},
        )  # fmt: skip
        broken = fits(method, path, response)
        assert not broken, broken
        return response

    def get(self, path: str, **query: str) -> Any:
        """GET, parsed; must succeed."""
        return self._read(self.call("GET", path, **query))

    def put(self, path: str, body: Any, **query: str) -> Any:
        """PUT, parsed; must succeed."""
        return self._read(self.call("PUT", path, body, **query))

    def post(self, path: str, body: Any, **query: str) -> Any:
        """POST, parsed; must succeed."""
        return self._read(self.call("POST", path, body, **query))

    def _read(self, response: TestResponse) -> Any:
        assert response.status_code == 200, response.get_data(as_text=True)
        return read(response)

    def made(self, endpoint: str, body: Any, **query: str) -> Any:
        """The one element that PUT makes."""
        return self.put(endpoint, {endpoint: [body]}, **query)[endpoint][0]

    def one(self, path: str) -> Any:
        """The one element of an address."""
        return self.get(path)[path.partition("/")[0]][0]

    def changed(self, path: str, body: Any) -> Any:
        """The element after POST."""
        endpoint = path.partition("/")[0]
        return self.post(path, {endpoint: [body]})[endpoint][0]

    def refused(self, method: str, path: str, body: Any = None, **query: str) -> list[str]:
        """The messages of a 400."""
        response = self.call(method, path, body, **query)
        assert response.status_code == 400, response.get_data(as_text=True)
        told = read(response)
        elements = told.get("Elements") or [{"ValidationErrors": [{"Message": told["Message"]}]}]
        return [each["Message"] for element in elements for each in element["ValidationErrors"]]

    def control(self, path: str, body: Any = None) -> Any:
        """The control API of this organisation."""
        return control(self.client, f"/_control/organisations/{self.id}/{path}", body)

    def contact(self, number: int = 0) -> str:
        """A contact's id."""
        return str(self.get("Contacts")["Contacts"][number]["ContactID"])

    def account(self, code: str) -> str:
        """An account's id by its code."""
        return str(self.get("Accounts", where=f'Code=="{code}"')["Accounts"][0]["AccountID"])

    def invoice(self, amount: Any = 100, **more: Any) -> Any:
        """A new approved invoice (or bill, by Type) with one line."""
        sale = more.get("Type", "ACCREC") == "ACCREC"
        line = {"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200" if sale else "469",
                "TaxType": "OUTPUT2" if sale else "INPUT2"}  # fmt: skip
        body = {"Type": "ACCREC", "Contact": {"ContactID": self.contact()}, "Date": "2026-10-15",
                "DueDate": "2026-11-14", "Status": "AUTHORISED", "LineItems": [line]}  # fmt: skip
        return self.made("Invoices", {**body, **more})

    def credit(self, amount: Any = 50, **more: Any) -> Any:
        """A new approved credit note with one line."""
        line = {"Description": "Back", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200", "TaxType": "OUTPUT2"}
        body = {"Type": "ACCRECCREDIT", "Contact": {"ContactID": self.contact()}, "Date": "2026-10-16",
                "Status": "AUTHORISED", "LineItems": [line]}  # fmt: skip
        return self.made("CreditNotes", {**body, **more})

    def payment(self, invoice: Any, amount: Any, **more: Any) -> Any:
        """A payment body for an invoice or bill."""
        account = {"AccountID": self.account("090")}
        return {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": account, "Date": "2026-10-20",
                "Amount": amount, **more}  # fmt: skip

    def difference(self) -> str:
        """Debits minus credits of the trial balance."""
        return str(self.control("trial_balance")["difference"])


def consent(client: Client, *orgs: str, **more: str) -> dict[str, str]:
    """What the callback says after consenting by itself."""
    query = {"client_id": "sandbox-client", "response_type": "code", "scope": SCOPE, "redirect_uri": CALLBACK,
             "state": "s1", "auto_consent": "1", **more}  # fmt: skip
    text = urlencode([*query.items(), *[("org", org) for org in orgs]])
    response = client.get(f"/xero/identity/connect/authorize?{text}")
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def token(client: Client, **form: str) -> TestResponse:
    """The token endpoint."""
    return client.post("/xero/identity/connect/token", data=form, auth=BASIC)


def exchanged(client: Client, code: str) -> Any:
    """Tokens for a code."""
    return read(token(client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK))


def founded(client: Client, **specification: Any) -> Any:
    """A new organisation; small unless told otherwise."""
    body = {"ledger": "xero", "name": "Acme", "country": "GB", "currency": "GBP", "seed": 5, **SMALL}
    return control(client, "/_control/organisations", {**body, **specification})


def connect(client: Client, **specification: Any) -> Xero:
    """A new organisation with a token for it."""
    made = founded(client, **specification)
    org = made["external_org_id"]
    issued = exchanged(client, consent(client, org)["code"])
    return Xero(client, made["id"], org, issued["access_token"], issued["refresh_token"])
