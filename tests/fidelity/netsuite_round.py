"""A full round of the community's NetSuite client against a running sandbox; prints what it saw as JSON.

Run by test_netsuite_client.py in an environment of its own: `python netsuite_round.py BASE_URL CREDENTIALS_JSON`.
The client knows NetSuite's own hosts only: below it, where a request leaves, the road leads to the sandbox.
"""
# mypy: ignore-errors
# The client is installed in that environment only.

import asyncio
import json
import sys
from typing import Any

import httpx
from netsuite import Config, NetSuite, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

BILL = {"tranId": "FID-1", "tranDate": "2026-10-15", "memo": "By the client library"}


def lead_to(base: str) -> None:
    """Connections to NetSuite's hosts are made to the sandbox; what is sent and signed stays as the client made it."""
    target = httpx.URL(base)
    travel = httpx.AsyncHTTPTransport.handle_async_request

    async def redirected(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith(".netsuite.com"):
            raw = b"/netsuite" + request.url.raw_path
            request.url = request.url.copy_with(scheme="http", host=target.host, port=target.port, raw_path=raw)
            request.headers["Host"] = f"{target.host}:{target.port}"
        return await travel(self, request)

    httpx.AsyncHTTPTransport.handle_async_request = redirected


async def created(api: Any, record: str, body: dict[str, Any]) -> str:
    """The id in the Location of a created record."""
    answer = await api.request("POST", f"/record/v1/{record}", json=body)
    assert answer.status_code == 204, answer.text
    return answer.headers["Location"].rpartition("/")[2]


async def refused(call: Any) -> list[Any]:
    """Status and code of a call that is refused."""
    try:
        await call
    except NetsuiteAPIRequestError as error:
        body = json.loads(error.response_text)
        return [error.status_code, body["o:errorDetails"][0]["o:errorCode"]]
    return [200, ""]


async def documents(api: Any, seen: dict[str, Any]) -> None:
    """Vendor, bill, payment, upsert, change, deletion."""
    vendor = await created(api, "vendor", {"companyName": "Fidelity Supplies", "subsidiary": {"id": "1"}})
    rent = (await api.suiteql("SELECT id FROM account WHERE acctnumber = '6000'"))["items"][0]["id"]
    bank = (await api.suiteql("SELECT id FROM account WHERE acctnumber = '1000'"))["items"][0]["id"]
    line = {"account": {"id": rent}, "amount": 125.5, "custcol_project": {"id": "2"}}
    bill = await created(api, "vendorBill", {**BILL, "entity": {"id": vendor}, "expense": {"items": [line]}})
    found = await api.get(f"/record/v1/vendorBill/{bill}", params={"expandSubResources": "true"})
    seen["bill"] = [found["tranId"], found["total"], found["entity"]["refName"]]
    seen["project"] = found["expense"]["items"][0]["custcol_project"]["refName"]
    items = [{"doc": {"id": bill}, "apply": True, "amount": 125.5}]
    payment = {"entity": {"id": vendor}, "account": {"id": bank}, "apply": {"items": items}}
    paid = await created(api, "vendorPayment", payment)
    seen["status"] = (await api.get(f"/record/v1/vendorBill/{bill}"))["status"]["refName"]
    seen["delete_paid"] = await refused(api.delete(f"/record/v1/vendorBill/{bill}"))
    await api.delete(f"/record/v1/vendorPayment/{paid}")
    await api.patch(f"/record/v1/vendorBill/{bill}", json={"memo": "changed"})
    seen["memo"] = (await api.get(f"/record/v1/vendorBill/{bill}"))["memo"]
    body = {"entity": {"id": vendor}, "expense": {"items": [{"account": {"id": rent}, "amount": 10}]}}
    for _ in range(2):
        await api.put("/record/v1/vendorBill/eid:fidelity-7", json=body)
    count = await api.suiteql("SELECT COUNT(*) AS n FROM transaction WHERE externalid = 'fidelity-7'")
    seen["upserted"] = count["items"][0]["n"]
    await api.delete(f"/record/v1/vendorBill/{bill}")
    gone = await api.suiteql("SELECT recordid FROM deletedrecord WHERE type = 'vendorbill'")
    seen["deleted"] = [row["recordid"] for row in gone["items"]] == [bill]


async def refusals(api: Any, seen: dict[str, Any]) -> None:
    """The client turns refusals into its own exceptions."""
    seen["missing"] = await refused(api.get("/record/v1/vendorBill/987654"))
    seen["unknown_name"] = await refused(api.post("/record/v1/vendor", json={"companyName": "X", "nonsense": 1}))
    seen["bad_query"] = await refused(api.suiteql("SELECT nothing FROM vendor v"))


async def reading(api: Any, seen: dict[str, Any]) -> None:
    """Collections, pages of SuiteQL, the catalog."""
    listed = await api.get("/record/v1/vendor", params={"limit": 5, "q": 'companyName START_WITH "Fidelity"'})
    seen["listed"] = listed["totalResults"]
    ids, offset = [], 0
    while True:
        page = await api.suiteql("SELECT id FROM transaction ORDER BY id", limit=20, offset=offset)
        ids += [row["id"] for row in page["items"]]
        offset += 20
        if not page["hasMore"]:
            break
    seen["walked"] = len(ids) == len(set(ids)) == page["totalResults"]
    orders = await api.suiteql(
        "SELECT t.tranid, v.companyname, s.name, BUILTIN.DF(t.status) AS status FROM transaction t"
        " JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' JOIN vendor v ON v.id = t.entity"
        " JOIN subsidiary s ON s.id = tl.subsidiary WHERE t.type = 'PurchOrd' ORDER BY t.id", limit=1)  # fmt: skip
    seen["order"] = orders["items"][0]["status"]
    schema = await api.jsonschema("vendorBill")
    seen["custom"] = schema["properties"]["custbody_po_ref"]["title"]
    catalog = await api.openapi(["vendorBill", "invoice"])
    seen["catalog"] = sorted(catalog["components"]["schemas"])
    limits = await api.get("/system/v1/governanceLimits")
    seen["limit"] = limits["accountConcurrencyLimit"]


async def main(base: str, credentials: str) -> None:
    """The whole round."""
    lead_to(base)
    keys = json.loads(credentials)
    account = keys.pop("account")
    config = Config(account=account, auth=TokenAuth(**keys))
    api = NetSuite(config, rest_api_options={"concurrent_requests": 3}).rest_api
    seen: dict[str, Any] = {}
    await documents(api, seen)
    await refusals(api, seen)
    await reading(api, seen)
    wrong = Config(account=account, auth=TokenAuth(**{**keys, "token_secret": "wrong"}))
    seen["wrong_secret"] = await refused(NetSuite(wrong).rest_api.get("/system/v1/serverTime"))
    sys.stdout.write(json.dumps(seen, default=str))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
