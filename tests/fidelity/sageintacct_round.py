"""A full round of the published Sage Intacct client against a running sandbox; prints what it saw as JSON.

Run by test_sageintacct_client.py in an environment of its own: `python sageintacct_round.py BASE_URL CREDENTIALS_JSON`.
The client knows Intacct's own host only: below it, where a request leaves, the road leads to the sandbox.
"""
# mypy: ignore-errors
# The client is installed in that environment only.

import base64
import json
import sys
import warnings
from typing import Any

import requests
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.exceptions import InvalidTokenError, SageIntacctSDKError

HOST = "https://api.intacct.com/"
DATES = {"WHENCREATED": "03/05/2026", "WHENPOSTED": "03/05/2026", "WHENDUE": "04/04/2026"}
LINE = {"ACCOUNTNO": "6000", "TRX_AMOUNT": "125.50", "LOCATIONID": "110", "DEPARTMENTID": "10"}
READ = (
    "accounts", "departments", "locations", "location_entities", "projects", "items", "vendors", "customers", "classes",
    "tax_details", "tax_solutions", "checking_accounts", "charge_card_accounts", "employees", "ar_invoices",
    "ar_invoice_items", "ar_payments", "contacts",
)  # fmt: skip
"""What the client reads with the fields that it has listed itself."""


def lead_to(base: str) -> None:
    """Requests to Intacct's host are sent to the sandbox; what is sent stays as the client made it."""
    send = requests.post

    def redirected(url: str, **given: Any) -> requests.Response:
        return send(url.replace(HOST, f"{base}/sage_intacct/"), **given)

    requests.post = redirected


def connected(keys: dict[str, str], **changed: Any) -> SageIntacctSDK:
    """The client, signed in."""
    given = {name: keys[name] for name in ("sender_id", "sender_password", "user_id", "company_id", "user_password")}
    return SageIntacctSDK(**{**given, **changed})


def refused(call: Any, *given: Any) -> list[str]:
    """The client's exception, the first error's number and its sentence without the support id."""
    try:
        call(*given)
    except SageIntacctSDKError as error:
        told = error.response["error"]
        first = told[0] if isinstance(told, list) else told
        return [type(error).__name__, first["errorno"], first["description2"].partition(" [Support ID")[0]]
    return ["", "", ""]


def record(answer: dict[str, Any], name: str) -> str:
    """The record number of what was created."""
    return answer["data"][name]["RECORDNO"]


def bill(number: str, **more: Any) -> dict[str, Any]:
    """A bill of one line."""
    return {"VENDORID": "FID-1", "RECORDID": number, **DATES, "CURRENCY": "USD", "BASECURR": "USD", **more,
            "APBILLITEMS": {"APBILLITEM": [LINE]}}  # fmt: skip


def documents(client: SageIntacctSDK, seen: dict[str, Any]) -> None:
    """A vendor, bills, a payment, a journal entry, a card transaction."""
    client.vendors.post({"VENDORID": "FID-1", "NAME": "Fidelity Supplies", "DISPLAYCONTACT": {
        "PRINTAS": "Fidelity Supplies", "EMAIL1": "pay@fidelity.example"}})  # fmt: skip
    found = client.vendors.get("VENDORID", "FID-1")["VENDOR"][0]
    seen["vendor"] = [found["NAME"], found["DISPLAYCONTACT.EMAIL1"], found["STATUS"]]
    channel = next(row["id"] for row in client.dimension_values.get_all("CHANNEL") if row["name"] == "Partner")
    line = {**LINE, "GLDIMCHANNEL": channel, "CONTRACT_REF": "K-9"}
    key = record(client.bills.post({**bill("FID-B1"), "APBILLITEMS": {"APBILLITEM": [line]}}), "apbill")
    client.bills.update({"RECORDNO": key, "DESCRIPTION": "By the client library"})
    shown = client.bills.get_by_query(and_filter=[("equalto", "RECORDNO", key)])[0]
    seen["bill"] = [shown[name] for name in ("RECORDID", "VENDORNAME", "TOTALDUE", "STATE", "WHENDUE", "DESCRIPTION")]
    detail = {"RECORDKEY": key, "TRX_PAYMENTAMOUNT": "125.50"}
    client.ap_payments.post({"FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "EFT", "VENDORID": "FID-1",
                             "PAYMENTDATE": "03/10/2026", "APPYMTDETAILS": {"APPYMTDETAIL": [detail]}})  # fmt: skip
    seen["paid"] = client.bills.get("RECORDNO", key, ["STATE", "TOTALDUE"])["apbill"]
    seen["payments"] = len(client.ap_payments.get_all()) > 0
    other = record(client.bills.post(bill("FID-B2")), "apbill")
    client.bills.delete(other)
    seen["deleted"] = client.bills.count("RECORDNO", other)
    lines = [{"ACCOUNTNO": "6000", "TRX_AMOUNT": "50.00", "TR_TYPE": "1", "LOCATION": "110", "DEPARTMENT": "10"},
             {"ACCOUNTNO": "2100", "TRX_AMOUNT": "50.00", "TR_TYPE": "-1", "LOCATION": "110"}]  # fmt: skip
    entry = {"JOURNAL": "GJ", "BATCH_DATE": "03/31/2026", "BATCH_TITLE": "Accrual", "ENTRIES": {"GLENTRY": lines}}
    seen["entry"] = int(record(client.journal_entries.post(entry), "glbatch")) > 0
    lines[1]["TRX_AMOUNT"] = "49.00"
    seen["unbalanced"] = refused(client.journal_entries.post, entry)
    card = client.charge_card_transactions.post({
        "chargecardid": "CARD", "paymentdate": {"year": "2026", "month": "03", "day": "01"}, "referenceno": "FID-R1",
        "payee": "Uber", "currency": "USD",
        "ccpayitems": {"ccpayitem": [{"glaccountno": "6000", "paymentamount": "10.00", "locationid": "110"}]},
    })  # fmt: skip
    found = client.charge_card_transactions.get("RECORDNO", card["key"], ["RECORDID", "TRX_TOTALENTERED"])
    seen["card"] = found["cctransaction"]


def refusals(client: SageIntacctSDK, keys: dict[str, str], seen: dict[str, Any]) -> None:
    """The client turns refusals into its own exceptions."""
    seen["duplicate"] = refused(client.bills.post, bill("FID-B1"))
    seen["unknown_vendor"] = refused(client.bills.post, bill("FID-B3", VENDORID="NOBODY"))
    seen["unknown_field"] = refused(client.vendors.get, "VENDORID", "FID-1", ["NAME", "SHOESIZE"])
    seen["wrong_sender"] = refused(lambda: connected(keys, sender_password="nonsense"))
    seen["wrong_session"] = refused(connected(keys, session_id="nonsense").vendors.count)
    try:
        connected(keys, user_password="wrong")
    except InvalidTokenError as error:
        seen["wrong_password"] = error.message


def files(client: SageIntacctSDK, seen: dict[str, Any]) -> None:
    """A folder, an attachment, and a bill that names it."""
    client.attachments.create_attachments_folder({"supdocfoldername": "Fidelity"})
    data = base64.b64encode(b"a receipt").decode()
    made = client.attachments.post({
        "supdocid": "FID-A", "supdocname": "Receipt", "supdocfoldername": "Fidelity",
        "attachments": {"attachment": {"attachmentname": "receipt", "attachmenttype": "txt", "attachmentdata": data}},
    })  # fmt: skip
    key = client.bills.get_by_query(["RECORDNO"], and_filter=[("equalto", "RECORDID", "FID-B1")])[0]["RECORDNO"]
    client.bills.update_attachment(key, made["key"])
    seen["attached"] = client.bills.get("RECORDNO", key, ["SUPDOCID"])["apbill"]
    found = client.attachments.get_attachment("supdocid", "FID-A")["data"]["supdoc"]
    seen["file"] = base64.b64decode(found["attachments"]["attachment"]["attachmentdata"]).decode()
    seen["folder"] = client.attachments.get_folder("name", "Fidelity")["data"]["supdocfolder"]["name"]


def reading(client: SageIntacctSDK, seen: dict[str, Any]) -> None:
    """Every list in full, pages, filters, what objects look like."""
    warnings.simplefilter("error")
    seen["lists"] = {name: len(getattr(client, name).get_all()) == getattr(client, name).count(None) for name in READ}
    seen["several"] = len(client.accounts.get_all()) > 20
    pages = list(client.bills.get_all_generator(updated_at="01/01/2026 00:00:00", order_by_field="RECORDNO",
                                                order="ascending"))  # fmt: skip
    seen["pages"] = sum(len(page) for page in pages) == client.bills.count(None)
    both = client.accounts.get_by_query(["ACCOUNTNO"], or_filter=[("equalto", "ACCOUNTNO", "1000"),
                                                                  ("like", "ACCOUNTNO", "600%")])  # fmt: skip
    seen["either"] = sorted(row["ACCOUNTNO"] for row in both)
    seen["dimensions"] = sorted(row["objectName"] for row in client.dimensions.get_all()
                                if row["userDefinedDimension"] == "true")  # fmt: skip
    seen["values"] = [row["name"] for row in client.dimension_values.get_all("CHANNEL")]
    fields = client.bills.get_lookup()["Type"]["Fields"]["Field"]
    seen["custom"] = sorted(field["ID"] for field in fields if field["ISCUSTOM"] == "true")
    seen["objects"] = "VENDOR" in json.dumps(client.dimensions.inspect_objects())


def main(base: str, credentials: str) -> None:
    """The whole round."""
    lead_to(base)
    keys = json.loads(credentials)
    client = connected(keys)
    seen: dict[str, Any] = {}
    documents(client, seen)
    refusals(client, keys, seen)
    files(client, seen)
    reading(client, seen)
    inside = connected(keys, entity_id="100")
    seen["entity"] = isinstance(inside.vendors.count(None), int)
    sys.stdout.write(json.dumps(seen, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:3])
