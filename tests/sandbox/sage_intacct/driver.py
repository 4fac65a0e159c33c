"""Drives Intacct's REST interface as an app does, in the same process."""

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

from werkzeug.test import Client, TestResponse

from integrations.sandbox import wire
from integrations.sandbox.app import SandboxApp
from integrations.sandbox.world import World
from tests.sandbox.driver import CALLBACK, control, read

BASE = "/sage_intacct/ia/api/v1"
APP = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
SMALL = {"contacts": 4, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1, "expenses": 0}


@dataclass
class Intacct:
    """One company, connected."""

    client: Client
    id: str
    company: str
    token: str

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, /, **query: str
    ) -> TestResponse:
        """A call below /ia/api/v1."""
        return self.client.open(
            f"{BASE}/{quote(path, safe='/:,')}", method=method, data=None if body is None else wire.dump(body),
            content_type="application/json", query_string=query,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
        )  # fmt: skip

    def get(self, path: str, **query: str) -> Any:
        """The ia::result of a GET; must succeed."""
        return self._result(self.call("GET", path, **query), 200)

    def post(self, path: str, body: Any, status: int = 201, **headers: str) -> Any:
        """The ia::result of a POST; must succeed."""
        return self._result(self.call("POST", path, body, headers), status)

    def patch(self, path: str, body: Any) -> Any:
        """The ia::result of a PATCH; must succeed."""
        return self._result(self.call("PATCH", path, body), 200)

    def made(self, path: str, body: Any) -> Any:
        """A record created, as it is read back."""
        return self.get(f"objects/{path}/{self.post(f'objects/{path}', body)['key']}")

    def query(self, path: str, fields: str, *filters: Any, **more: Any) -> list[Any]:
        """The rows of a query; must succeed."""
        body = {"object": path, "fields": fields.split(), "filters": list(filters), **more}
        rows: list[Any] = self._result(self.call("POST", "services/core/query", body), 200)
        return rows

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, str]:
        """(HTTP status, code, the last and most telling message) of a refusal."""
        response = self.call(method, path, body, headers)
        answer = read(response)
        error = answer.get("ia::error") or answer["ia::result"]["ia::error"]
        details = error.get("details")
        telling = details[-1]["message"] if isinstance(details, list) and details else error["message"]
        return response.status_code, error["code"], telling

    def _result(self, response: TestResponse, status: int) -> Any:
        answer = read(response)
        assert response.status_code == status, answer
        return answer["ia::result"]

    def control(self, path: str, body: Any = None) -> Any:
        """The control API of this company."""
        return control(self.client, f"/_control/organisations/{self.id}/{path}", body)

    @property
    def world(self) -> World:
        """The sandbox behind it."""
        return cast(SandboxApp, self.client.application).world

    def change(self, action: str, **order: Any) -> Any:
        """What a user does at the screen."""
        return self.control("changes", {"action": action, **order})


def found(client: Client, **specification: Any) -> Any:
    """A new company; small and British unless told otherwise."""
    body = {"ledger": "sage_intacct", "name": "Test Company", "country": "GB", "currency": "GBP", "seed": 5}
    return control(client, "/_control/organisations", {**SMALL, **body, **specification})


def token(client: Client, **form: str) -> TestResponse:
    """The token endpoint."""
    return client.post(f"{BASE}/oauth2/token", data={**APP, **form})


def machine(client: Client, company: str, user: str = "ws") -> Any:
    """Tokens of the app's own credentials."""
    response = token(client, grant_type="client_credentials", username=f"{user}@{company}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return read(response)


def consent(client: Client, company: str, **query: str) -> dict[str, str]:
    """The callback's parameters after consenting by itself."""
    asked = {"client_id": "sandbox-client", "response_type": "code", "redirect_uri": CALLBACK, "state": "s1",
             "scope": "offline_access", "auto_consent": "1", "company": company, **query}  # fmt: skip
    response = client.get(f"{BASE}/oauth2/authorize", query_string=asked)
    assert response.status_code == 302, response.get_data(as_text=True)
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def connect(client: Client, **specification: Any) -> Intacct:
    """A new company with a token for it."""
    made = found(client, **specification)
    issued = machine(client, made["external_org_id"])
    return Intacct(client, made["id"], made["external_org_id"], issued["access_token"])
