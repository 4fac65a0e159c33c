"""Drives a simulated NetSuite account as an app would: signed REST, SuiteQL and SOAP calls in the same process."""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.test import Client, TestResponse

from integrations.sandbox import wire
from integrations.sandbox.netsuite.signatures import Secrets, passport_signature, rest_signature
from integrations.sandbox.netsuite.soap import xml
from tests.sandbox.driver import control, read

ROOT = "http://localhost/netsuite"
SPECIFICATION = {"ledger": "netsuite", "name": "Test Company", "country": "GB", "currency": "GBP", "seed": 5,
                 "contacts": 4, "invoices": 0, "bills": 0, "payments": 0, "bank_lines": 0, "months": 1,
                 "expenses": 0}  # fmt: skip


@dataclass
class Account:
    """One account, called by token-based authentication."""

    client: Client
    id: str
    account: str
    credentials: Any

    @property
    def secrets(self) -> Secrets:
        """The integration's and the token's keys."""
        keys = self.credentials["tokens"]
        return Secrets(keys["consumer_key"], keys["consumer_secret"], keys["token_id"], keys["token_secret"])

    def authorization(self, method: str, url: str, **changed: str) -> str:
        """The Authorization header of a call."""
        nonce, timestamp = changed.get("nonce", secrets.token_hex(10)), changed.get("timestamp", str(int(time.time())))
        keys = self.secrets
        signature = changed.get("signature") or rest_signature(keys, method, url, nonce=nonce, timestamp=timestamp)
        fields = {
            "realm": self.account, "oauth_consumer_key": keys.consumer_key, "oauth_token": keys.token,
            "oauth_nonce": nonce, "oauth_timestamp": timestamp, "oauth_signature_method": changed.get("algorithm",
                "HMAC-SHA256"),
            "oauth_version": "1.0", "oauth_signature": signature,
        }  # fmt: skip
        return "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in fields.items())

    def call(self, method: str, path: str, body: Any = None, *, headers: Any = None, **query: str) -> TestResponse:
        """A call below /services/rest."""
        url = f"{ROOT}/services/rest/{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {"Authorization": self.authorization(method, url), **(headers or {})}
        data = None if body is None else wire.dump(body)
        return self.client.open(url, method=method, headers=sent, data=data, content_type="application/json")

    def get(self, path: str, **query: str) -> Any:
        """GET, parsed; fails loudly."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return read(answer)

    def whole(self, record: str, key: str) -> Any:
        """A record with its sublists."""
        return self.get(f"record/v1/{record}/{key}", expandSubResources="true")

    def create(self, record: str, body: Any) -> str:
        """The id of a created record; fails loudly."""
        answer = self.call("POST", f"record/v1/{record}", body)
        assert answer.status_code == 204, answer.get_data(as_text=True)
        assert f"/record/v1/{record}/" in answer.headers["Location"]
        return answer.headers["Location"].rpartition("/")[2]

    def refusal(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, str, str]:
        """Status, code and detail of a refused call."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code >= 400, answer.get_data(as_text=True)
        detail = read(answer)["o:errorDetails"][0]
        return answer.status_code, detail["o:errorCode"], detail["detail"]

    def query(self, text: str, *params: Any, limit: int = 1000, offset: int = 0) -> Any:
        """A page of a SuiteQL query; fails loudly."""
        answer = self.raw_query(text, *params, limit=limit, offset=offset)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return read(answer)

    def raw_query(self, text: str, *params: Any, limit: int = 1000, offset: int = 0) -> TestResponse:
        """The answer to a SuiteQL query."""
        body = {"q": text, "params": list(params)} if params else {"q": text}
        headers = {"Prefer": "transient"}
        return self.call("POST", "query/v1/suiteql", body, headers=headers, limit=str(limit), offset=str(offset))

    def rows(self, text: str, *params: Any) -> list[Any]:
        """The rows of a query, without their links."""
        found = self.query(text, *params)["items"]
        return [{name: value for name, value in row.items() if name != "links"} for row in found]

    def soap(self, body: str, *, version: str = "2025_2", page_size: int = 100, **passport: str) -> TestResponse:
        """The answer to a SOAP operation."""
        return self.client.post(
            f"/netsuite/services/NetSuitePort_{version}",
            data=self.envelope(body, page_size=page_size, **passport),
            headers={"SOAPAction": "x"},
            content_type="text/xml; charset=utf-8",
        )

    def envelope(self, body: str, *, page_size: int = 100, **changed: str) -> str:
        """A request with a token passport."""
        nonce, timestamp = changed.get("nonce", secrets.token_hex(10)), changed.get("timestamp", str(int(time.time())))
        keys = self.secrets
        signature = changed.get("signature") or passport_signature(keys, self.account, nonce=nonce, timestamp=timestamp)
        return f"""<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:m="urn:messages_2025_2.platform.webservices.netsuite.com"
 xmlns:c="urn:core_2025_2.platform.webservices.netsuite.com"
 xmlns:o="urn:common_2025_2.platform.webservices.netsuite.com"
 xmlns:a="urn:accounting_2025_2.lists.webservices.netsuite.com"
 xmlns:f="urn:filecabinet_2025_2.documents.webservices.netsuite.com">
<soapenv:Header><m:tokenPassport><c:account>{self.account}</c:account><c:consumerKey>{keys.consumer_key}</c:consumerKey>
<c:token>{keys.token}</c:token><c:nonce>{nonce}</c:nonce><c:timestamp>{timestamp}</c:timestamp>
<c:signature algorithm="{changed.get("algorithm", "HMAC-SHA256")}">{signature}</c:signature></m:tokenPassport>
<m:searchPreferences><m:bodyFieldsOnly>false</m:bodyFieldsOnly><m:pageSize>{page_size}</m:pageSize></m:searchPreferences>
</soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"""

    def control(self, path: str, body: Any = None) -> Any:
        """The control API of this account."""
        return control(self.client, f"/_control/organisations/{self.id}/{path}", body)

    def account_id(self, code: str) -> str:
        """The id of the account with a number."""
        return str(self.rows("SELECT id FROM account WHERE acctnumber = ?", code)[0]["id"])

    def party(self, table: str) -> str:
        """The id of the first customer or vendor."""
        return str(self.rows(f"SELECT MIN(id) AS id FROM {table}")[0]["id"])  # noqa: S608 - our own words


def open_account(client: Client, **specification: Any) -> Account:
    """A new account; small unless told otherwise."""
    made = control(client, "/_control/organisations", {**SPECIFICATION, **specification})
    return Account(client, made["id"], made["external_org_id"], made["credentials"])


def texts(answer: TestResponse, name: str) -> list[str]:
    """The texts of all elements of a local name in a SOAP answer."""
    root = xml.parse(answer.get_data())
    return [each.text or "" for each in root.iter() if each.tag.rpartition("}")[2] == name]


def attributes(answer: TestResponse, name: str, attribute: str) -> list[str]:
    """An attribute of all elements of a local name in a SOAP answer."""
    root = xml.parse(answer.get_data())
    return [each.attrib.get(attribute, "") for each in root.iter() if each.tag.rpartition("}")[2] == name]


def bill(account: Account, amount: Any, **more: Any) -> dict[str, Any]:
    """A bill's body with one expense line."""
    line = {"account": {"id": account.account_id("6000")}, "amount": amount, "taxCode": {"id": "5"}}
    return {"entity": {"id": account.party("vendor")}, "expense": {"items": [line]}, **more}


def invoice(account: Account, quantity: Any, rate: Any, **more: Any) -> dict[str, Any]:
    """An invoice's body with one item line."""
    line = {"item": {"id": "50"}, "quantity": quantity, "rate": rate}
    return {"entity": {"id": account.party("customer")}, "item": {"items": [line]}, **more}
