"""A full round of the published client of Intacct's REST API against a running sandbox; prints what it saw as JSON.

Run by test_sage_rest_client.py in an environment of its own: `python intacct_rest_round.py BASE_URL CREDENTIALS_JSON`.
The client knows api.intacct.com only: below it, where a request leaves, the road leads to the sandbox.
"""
# mypy: ignore-errors
# The client is installed in that environment only.

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import requests
from intacctsdk import IntacctRESTSDK
from intacctsdk.exceptions import BadRequestError, InvalidTokenError

BILL = {"billNumber": "FID-1", "createdDate": "2026-10-15", "dueDate": "2026-11-14", "referenceNumber": "OUR-1"}


def lead_to(base: str) -> None:
    """Requests to api.intacct.com go to the sandbox; what is sent stays as the client made it."""
    send = requests.adapters.HTTPAdapter.send

    def redirected(self, request, **more):
        parts = urlsplit(request.url)
        if parts.hostname == "api.intacct.com":
            query = f"?{parts.query}" if parts.query else ""
            request.url = f"{base}/sage_intacct{parts.path}{query}"
        return send(self, request, **more)

    requests.adapters.HTTPAdapter.send = redirected


def refused(call: Any) -> list[str]:
    """Kind and last message of a refusal."""
    try:
        call()
    except (BadRequestError, InvalidTokenError) as error:
        body = json.loads(error.response)
        told = body.get("ia::error") or body["ia::result"]["ia::error"]
        details = told["details"]
        return [type(error).__name__, details[-1]["message"] if isinstance(details, list) and details else told["code"]]
    return ["nothing", ""]


def rows(api: Any, fields: list[str], **more: Any) -> list[dict[str, Any]]:
    """All pages of a query."""
    return [row for page in api.get_all_generator(fields=fields, **more) for row in page]


def lists(sdk: Any, seen: dict[str, Any]) -> None:
    """What a partner app imports: accounts, dimensions, parties, taxes, cards, periods."""
    fields = ["id", "name", "accountType", "status"]
    accounts = rows(sdk.accounts, fields, filters=[{"$eq": {"status": "active"}}], order_by=[{"id": "asc"}])
    seen["accounts"] = [len(accounts) == sdk.accounts.count(filters=[{"$eq": {"status": "active"}}]), accounts[0]["id"]]
    dimensions = sdk.dimensions.list()
    own = next(each["dimensionName"] for each in dimensions if each["isUserDefinedDimension"])
    seen["channel"] = [row["name"] for row in rows(sdk.dimensions, ["key", "id", "name"],
                                                   dimension_name=own.removeprefix("nsp::"))]  # fmt: skip
    seen["model"] = sorted(name for name in sdk.bills.get_model()["ia::result"]["fields"] if name.startswith("nsp::"))
    taxes = rows(sdk.tax_details, ["id", "taxPercent", "taxSolution.id", "taxType"], filters=[
        {"$eq": {"taxType": "purchase"}}, {"$gt": {"taxPercent": "0"}}])  # fmt: skip
    seen["taxes"] = [taxes[0]["taxPercent"], taxes[0]["taxSolution.id"]]
    seen["entities"] = [row["id"] for row in rows(sdk.location_entities, ["id", "name"])]
    seen["card"] = [row["id"] for row in rows(sdk.charge_card_accounts, ["id"])]
    seen["banks"] = [row["id"] for api in (sdk.checking_accounts, sdk.savings_accounts) for row in rows(api, ["id"])]
    seen["quoted"] = rows(sdk.vendors, ["id"], filters=[{"$eq": {"name": "O\\'Hara"}}])
    for api in (sdk.items, sdk.classes, sdk.projects, sdk.customers, sdk.locations, sdk.departments, sdk.journals,
                sdk.employees, sdk.contacts, sdk.attachment_folders):  # fmt: skip
        assert len(rows(api, ["id", "status"])) == api.count()


def documents(sdk: Any, seen: dict[str, Any]) -> None:
    """Vendor, bill with an attachment, journal entry, card charge, payment, refusals, deletion."""
    vendor = sdk.vendors.post({"id": "FID", "name": "O'Hara"})["ia::result"]
    seen["again"] = refused(lambda: sdk.vendors.post({"id": "FID", "name": "O'Hara"}))
    line = {
        "glAccount": {"id": "6000"},
        "txnAmount": "125.50",
        "memo": "Rent",
        "dimensions": {"department": {"id": "10"}},
    }
    body = {**BILL, "vendor": {"id": "FID"}, "lines": [line], "nsp::PROJECT_CODE": "P7"}
    bill = sdk.bills.post(body, idempotent_key="fid-1")["ia::result"]
    seen["same"] = sdk.bills.post(body, idempotent_key="fid-1")["ia::result"]["key"] == bill["key"]
    sdk.attachments.post({"id": "att-1", "name": "Paper", "folder": {"id": "Documents"},
                          "files": [{"name": "bill.txt", "data": "SGVsbG8="}]})  # fmt: skip
    sdk.bills.update_attachment(bill["key"], "att-1")
    found = sdk.bills.get_by_key(bill["key"])["ia::result"]
    seen["bill"] = [found["billNumber"], found["totalTxnAmount"], found["vendor"]["id"], found["state"],
                    found["attachment"]["id"], found["nsp::PROJECT_CODE"],
                    found["lines"][0]["dimensions"]["department"]["name"]]  # fmt: skip
    entry = {"glJournal": {"id": "GJ"}, "postingDate": "2026-10-31", "description": "Accrual", "lines": [
        {"txnType": "debit", "txnAmount": "20.00", "glAccount": {"id": "6000"}},
        {"txnType": "credit", "txnAmount": "20.00", "glAccount": {"id": "2300"}}]}  # fmt: skip
    seen["entry"] = "key" in sdk.journal_entries.post(entry)["ia::result"]
    entry["lines"][1]["txnAmount"] = "19.00"
    seen["unbalanced"] = refused(lambda: sdk.journal_entries.post(entry))[1].startswith("Transactions do not balance")
    charge = {"creditCardAccount": {"id": "CARD"}, "txnDate": "2026-10-20", "payee": "Uber", "isInclusiveTax": False,
              "currency": {"baseCurrency": "GBP", "txnCurrency": "GBP"},
              "lines": [{"glAccount": {"id": "6080"}, "txnAmount": "10.00", "totalTxnAmount": "10.00"}]}  # fmt: skip
    seen["charge"] = "key" in sdk.charge_card_transactions.post(charge)["ia::result"]
    seen["nobody"] = refused(lambda: sdk.bills.post({**body, "vendor": {"id": "Nobody"}, "billNumber": "FID-2"}))
    payment = {"financialEntity": {"id": "BOA"}, "paymentDate": "2026-10-30", "paymentMethod": "cash",
               "baseCurrency": {"currency": "GBP"}, "txnCurrency": {"currency": "GBP"}, "vendor": {"id": "FID"},
               "details": [{"txnCurrency": {"paymentAmount": "125.50"}, "bill": {"key": bill["key"]}}]}  # fmt: skip
    sdk.ap_payments.post(payment)
    seen["paid"] = sdk.bills.get_by_key(bill["key"])["ia::result"]["totalTxnAmountDue"]
    seen["delete_paid"] = refused(lambda: sdk.bills.delete(bill["key"]))[0]
    spare = sdk.vendors.post({"id": "SPARE", "name": "Spare"})["ia::result"]["key"]
    seen["renamed"] = sdk.vendors.update(spare, {"name": "Renamed"})["ia::result"]["key"] == spare
    seen["deleted"] = sdk.vendors.delete(spare) is None
    seen["gone"] = refused(lambda: sdk.vendors.get_by_key(spare))
    assert vendor["key"]


def main(base: str, credentials: dict[str, str]) -> None:
    """The round."""
    lead_to(base)
    app = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"]}
    sdk = IntacctRESTSDK(username=credentials["username"], **app)
    seen: dict[str, Any] = {}
    documents(sdk, seen)
    lists(sdk, seen)
    seen["session"] = sorted(sdk.sessions.get_session_id())
    older = sdk
    sdk = IntacctRESTSDK(username=credentials["username"], **app, entity_id="200")
    made = sdk.vendors.post({"id": "E-1", "name": "Of the entity"})["ia::result"]["key"]
    seen["entity"] = sdk.vendors.get_by_key(made)["ia::result"]["entity"]["id"]
    seen["older"] = refused(lambda: rows(older.accounts, ["id"]))
    seen["bad_refresh"] = refused(
        lambda: IntacctRESTSDK(refresh_token="wrong", **app, use_client_credentials_auth=False)
    )[0]
    sys.stdout.write(json.dumps(seen))


main(sys.argv[1], json.loads(sys.argv[2]))
