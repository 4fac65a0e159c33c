"""Drives the sandbox as an app and as its operator would, in the same process."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import Client, TestResponse

from integrations.sandbox import wire
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.clock import Clock
from integrations.sandbox.storage import MemoryStorage, Storage
from integrations.sandbox.world import World

CALLBACK = "https://app.example/callback"
BASIC = ("sandbox-client", "sandbox-secret")
ACCOUNTING = "com.intuit.quickbooks.accounting"


class TickingClock(Clock):
    """A clock whose fast hand moves only when told, so that limits never strike by accident."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0.0

    def scaled(self) -> float:
        """Each look takes a second, which keeps a lone caller under ten a second."""
        self.steps += 1.0
        return 1_000_000_000 + self.steps + self._shift


def new_world(storage: Storage | None = None, clock: Clock | None = None) -> World:
    """An empty sandbox."""
    return World(clock or TickingClock(), storage or MemoryStorage())


def read(response: TestResponse) -> Any:
    """A JSON answer with exact decimals."""
    return wire.parse(response.get_data())


@dataclass
class Books:
    """One organisation, connected."""

    client: Client
    id: str
    realm: str
    token: str
    refresh_token: str

    def call(self, method: str, path: str, body: Any = None, **query: str) -> TestResponse:
        """A call of the Accounting API."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None if body is None else wire.dump(body)
        return self.client.open(
            f"/quickbooks/v3/company/{self.realm}/{path}",
            method=method,
            headers=headers,
            data=data,
            content_type="application/json",
            query_string={"minorversion": "75", **query},
        )

    def get(self, path: str, **query: str) -> Any:
        """GET, parsed."""
        return read(self.call("GET", path, **query))

    def post(self, path: str, body: Any, **query: str) -> Any:
        """POST, parsed."""
        return read(self.call("POST", path, body, **query))

    def query(self, text: str) -> Any:
        """The QueryResponse."""
        return self.get("query", query=text)["QueryResponse"]

    def rows(self, entity: str, where: str = "", rest: str = "") -> list[Any]:
        """The rows of a query; active list entries and up to a thousand unless the rest says otherwise."""
        condition = f"where {where}" if where else ""
        text = f"select * from {entity} {condition} {rest or 'maxresults 1000'}"  # noqa: S608 - not SQL
        found: list[Any] = self.query(text).get(entity, [])
        return found

    def create(self, entity: str, body: Any, **query: str) -> Any:
        """A created entity; fails loudly on a fault."""
        answer = self.post(entity.lower(), body, **query)
        assert entity in answer, answer
        return answer[entity]

    def read(self, entity: str, key: str) -> Any:
        """One entity."""
        return self.get(f"{entity.lower()}/{key}")[entity]

    def fault(self, path: str, body: Any, **query: str) -> tuple[str, str]:
        """(code, Detail) of the fault a POST is answered with."""
        answer = self.post(path, body, **query)
        assert "Fault" in answer, answer
        return answer["Fault"]["Error"][0]["code"], answer["Fault"]["Error"][0]["Detail"]

    def control(self, path: str, body: Any = None) -> Any:
        """The control API of this organisation."""
        return control(self.client, f"/_control/organisations/{self.id}/{path}", body)

    def difference(self) -> Decimal:
        """Debits minus credits of the trial balance."""
        return Decimal(self.control("trial_balance")["difference"])


def control(client: Client, path: str, body: Any = None) -> Any:
    """A control call; fails loudly."""
    response = client.get(path) if body is None else client.post(path, json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return read(response)


def consent(client: Client, realm: str, *, scope: str = ACCOUNTING, state: str = "s1") -> dict[str, str]:
    """The callback's parameters after consenting by itself."""
    query = {
        "client_id": "sandbox-client", "response_type": "code", "scope": scope, "redirect_uri": CALLBACK,
        "state": state, "auto_consent": "1", "realm_id": realm,
    }  # fmt: skip
    response = client.get("/quickbooks/connect/oauth2", query_string=query)
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def tokens(client: Client, **form: str) -> TestResponse:
    """The token endpoint."""
    return client.post("/quickbooks/oauth2/v1/tokens/bearer", data=form, auth=BASIC)


def connect(client: Client, **specification: Any) -> Books:
    """A new organisation with a token for it; small unless told otherwise."""
    small = {"contacts": 4, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1, "expenses": 0}
    body = {"ledger": "quickbooks", "name": "Test Company", "country": "US", "currency": "USD", "seed": 5}
    made = control(client, "/_control/organisations", {**small, **body, **specification})
    code = consent(client, made["external_org_id"])["code"]
    issued = read(tokens(client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK))
    return Books(client, made["id"], made["external_org_id"], issued["access_token"], issued["refresh_token"])


def start(storage: Storage | None = None) -> Client:
    """A client of a fresh sandbox."""
    return Client(SandboxApp(new_world(storage)))


def sale(amount: Any, *, customer: str = "1", item: str = "1", code: str | None = None, **more: Any) -> dict[str, Any]:
    """An invoice body with one line."""
    detail: dict[str, Any] = {"ItemRef": {"value": item}}
    if code is not None:
        detail["TaxCodeRef"] = {"value": code}
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer}, "Line": [line], **more}


def bill(amount: Any, *, vendor: str, account: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    """A bill body with one line."""
    detail: dict[str, Any] = {"AccountRef": {"value": account}}
    if code is not None:
        detail["TaxCodeRef"] = {"value": code}
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": amount, "AccountBasedExpenseLineDetail": detail}
    return {"VendorRef": {"value": vendor}, "Line": [line], **more}


def paid(invoice: Any, amount: Any, **more: Any) -> dict[str, Any]:
    """A payment body for one invoice."""
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    return {"CustomerRef": invoice["CustomerRef"], "TotalAmt": amount, "Line": [line], **more}
