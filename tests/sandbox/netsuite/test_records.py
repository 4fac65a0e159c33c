"""The REST record service: collections, filters, writes, sublists, upserts, transforms, jobs, refusals."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.sandbox import wire
from tests.sandbox.driver import read
from tests.sandbox.netsuite.driver import Account, bill, invoice, open_account


def _line(account: Account, amount: Any, code: str = "6000", **more: Any) -> dict[str, Any]:
    return {"account": {"id": account.account_id(code)}, "amount": amount, "taxCode": {"id": "5"}, **more}


def test_a_collection_lists_ids_in_pages_that_link_to_each_other(busy: Account) -> None:
    page = busy.get("record/v1/vendor", limit="4", offset="4")
    assert page["count"] == 4
    assert page["hasMore"] is True
    assert {link["rel"] for link in page["links"]} == {"self", "next", "last", "first", "prev"}
    assert set(page["items"][0]) == {"links", "id"}
    assert busy.refusal("GET", "record/v1/vendor", limit="4", offset="3")[1] == "INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('companyName START_WITH "zz"', 0),
        ("isInactive IS false", 3),
        ("id ANY_OF [100,101]", 2),
        ('lastModifiedDate ON_OR_AFTER "1/31/2020"', 3),
        ('(email CONTAIN "@") AND entityId EMPTY_NOT', 3),
        ("balance GREATER 0 OR isPerson IS true", 0),
    ],
)
def test_filters_are_understood(account: Account, text: str, count: int) -> None:
    customers = account.rows("SELECT COUNT(*) AS n FROM customer")[0]["n"]
    expected = {0: 0, 2: 2}.get(count, int(customers))
    assert account.get("record/v1/customer", q=text)["totalResults"] == expected


def test_a_filter_that_makes_no_sense_is_refused(account: Account) -> None:
    for text in ("companyName LOOKS_LIKE 3", "companyName", 'companyName IS "x" AND'):
        assert account.refusal("GET", "record/v1/customer", q=text)[1] == "INVALID_PARAMETER"


def test_a_bill_is_written_posted_and_read_back(account: Account) -> None:
    body = {"entity": {"id": account.party("vendor")}, "tranId": "INV-991", "tranDate": "2026-10-15", "memo": "Oct",
            "expense": {"items": [_line(account, 40, memo="Freight", department={"id": "4"})]},
            "item": {"items": [{"item": {"id": "58"}, "quantity": 25, "rate": 10}]}}  # fmt: skip
    found = account.whole("vendorBill", account.create("vendorBill", body))
    assert (found["tranId"], found["tranDate"], found["status"]["refName"]) == ("INV-991", "2026-10-15", "Open")
    assert (found["subtotal"], found["taxTotal"], found["total"], found["balance"]) == (290, 58, 348, 348)
    assert found["expense"]["items"][0]["department"]["refName"] == "Operations"
    assert found["item"]["items"][0]["itemType"] == {"id": "NonInvtPart", "refName": "NonInvtPart"}
    assert found["postingPeriod"]["refName"] == "Oct 2026"
    assert Decimal(account.control("trial_balance")["difference"]) == 0


def test_without_expansion_sublists_are_links_and_fields_narrow(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 10))
    found = account.get(f"record/v1/vendorBill/{key}")
    assert set(found["expense"]) == {"links"}
    assert set(account.get(f"record/v1/vendorBill/{key}", fields="total,status")) == {"links", "id", "total", "status"}
    assert account.get(f"record/v1/vendorBill/{key}", simpleEnumFormat="true")["status"] == "A"
    assert account.get(f"record/v1/vendorBill/{key}/expense")["totalResults"] == 1


def test_patching_lines_by_their_key_adding_and_replacing(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 10))
    path = f"record/v1/vendorBill/{key}"
    account.call("PATCH", path, {"expense": {"items": [{"line": 1, "amount": 20}, _line(account, 5, "6040")]}})
    lines = account.whole("vendorBill", key)["expense"]["items"]
    assert [(line["line"], line["amount"], line["tax1Amt"]) for line in lines] == [(1, 20, 4), (2, 5, 1)]
    account.call("PATCH", path, {"expense": {"items": [_line(account, 7)]}}, replace="item,expense")
    assert [line["amount"] for line in account.whole("vendorBill", key)["expense"]["items"]] == [7]


def test_an_upsert_creates_once_and_changes_after(account: Account) -> None:
    path = "record/v1/vendorBill/eid:bill-7f0c"
    first = account.call("PUT", path, bill(account, 10))
    again = account.call("PUT", path, bill(account, 12))
    assert first.headers["Location"] == again.headers["Location"]
    found = account.get(path, expandSubResources="true")
    assert (found["externalId"], found["total"], len(found["expense"]["items"])) == ("bill-7f0c", Decimal("14.4"), 1)
    assert account.rows("SELECT COUNT(*) AS n FROM transaction WHERE externalid = 'bill-7f0c'") == [{"n": "1"}]
    refused = account.refusal("POST", "record/v1/vendorBill", {**bill(account, 1), "externalId": "bill-7f0c"})
    assert "already exists" in refused[2]


def test_names_are_checked_as_strictly_as_asked(account: Account) -> None:
    body = {**bill(account, 10), "nonsense": 1}
    assert account.call("POST", "record/v1/vendorbill", body).status_code == 204
    strict = {"X-NetSuite-PropertyNameValidation": "Error"}
    answer = account.call("POST", "record/v1/vendorBill", body, headers=strict)
    assert read(answer)["o:errorDetails"][0]["o:errorCode"] == "INVALID_CONTENT"
    lower = {"entity": account.party("vendor"), "trandate": "2026-10-01", "expense": {"items": [_line(account, 1)]}}
    assert account.whole("vendorBill", account.create("vendorBill", lower))["tranDate"] == "2026-10-01"


@pytest.mark.parametrize(
    ("record", "body", "text"),
    [
        ("vendorBill", {}, "Please enter value(s) for: Vendor"),
        ("vendorBill", {"entity": {"id": "103"}}, "at least one line item"),
        ("vendorBill", {"entity": {"id": "99999"}}, "Invalid entity reference key 99999."),
        ("customer", {}, "Please enter value(s) for: Company Name"),
        ("account", {"acctName": "X", "acctType": {"id": "Nope"}}, "Invalid Field Value Nope"),
        ("journalEntry", {"line": {"items": [{"account": "1", "debit": 5}]}}, "balance"),
        ("vendorBill", {"tranDate": "soon"}, "Invalid value for the resource"),
    ],
)
def test_refusals_are_in_the_ledger_s_words(account: Account, record: str, body: Any, text: str) -> None:
    status, _, detail = account.refusal("POST", f"record/v1/{record}", body)
    assert status == 400
    assert text in detail


def test_a_tax_code_is_mandatory_outside_the_us(account: Account) -> None:
    body = bill(account, 10)
    del body["expense"]["items"][0]["taxCode"]
    assert "Please enter value(s) for: Tax Code" in account.refusal("POST", "record/v1/vendorBill", body)[2]
    us = open_account(account.client, name="US", country="US", currency="USD")
    line = {"account": {"id": us.account_id("6000")}, "amount": 10}
    us.create("vendorBill", {"entity": {"id": us.party("vendor")}, "expense": {"items": [line]}})


def test_payments_settle_and_a_settled_document_cannot_be_deleted(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 100))
    items = [{"doc": {"id": key}, "apply": True, "amount": 50}]
    paid = account.create("vendorPayment", {"entity": {"id": account.party("vendor")}, "apply": {"items": items},
                                            "account": {"id": account.account_id("1000")}})  # fmt: skip
    assert account.get(f"record/v1/vendorBill/{key}")["balance"] == 70
    assert account.whole("vendorPayment", paid)["apply"]["items"][0]["doc"]["id"] == key
    assert "dependent records" in account.refusal("DELETE", f"record/v1/vendorBill/{key}")[2]
    account.call(
        "PATCH", f"record/v1/vendorPayment/{paid}", {"apply": {"items": [{"doc": {"id": key}, "amount": 120}]}}
    )
    assert account.get(f"record/v1/vendorBill/{key}")["status"]["id"] == "B"
    assert account.call("DELETE", f"record/v1/vendorPayment/{paid}").status_code == 204
    assert account.call("DELETE", f"record/v1/vendorBill/{key}").status_code == 204
    assert account.refusal("GET", f"record/v1/vendorBill/{key}")[:2] == (404, "NONEXISTENT_ID")


def test_too_much_cannot_be_applied(account: Account) -> None:
    key = account.create("invoice", invoice(account, 1, 100))
    body = {"customer": {"id": account.party("customer")}, "payment": 500, "account": account.account_id("1000"),
            "apply": {"items": [{"doc": {"id": key}, "apply": True, "amount": 500}]}}  # fmt: skip
    assert "exceeds" in account.refusal("POST", "record/v1/customerPayment", body)[2]


def test_an_order_becomes_a_bill_and_an_invoice_a_payment_and_a_credit(account: Account) -> None:
    lines = [{"item": {"id": "58"}, "quantity": 10, "rate": 5}, {"item": {"id": "59"}, "quantity": 1, "rate": 8}]
    order = account.create("purchaseOrder", {"entity": {"id": account.party("vendor")}, "item": {"items": lines}})
    assert account.whole("purchaseOrder", order)["tranId"] == "PO1001"
    change = {"tranId": "INV-1", "item": {"items": [{"orderLine": 1, "quantity": 4}]}}
    made = account.call("POST", f"record/v1/purchaseOrder/{order}/!transform/vendorBill", change)
    found = account.whole("vendorBill", made.headers["Location"].rpartition("/")[2])
    assert [(line["quantity"], line["amount"]) for line in found["item"]["items"]] == [(4, 20)]
    key = account.create("invoice", invoice(account, 1, 100))
    paid = account.call("POST", f"record/v1/invoice/{key}/!transform/customerPayment", {"account": {"id": "1"}})
    assert paid.status_code == 204, paid.get_data(as_text=True)
    assert account.get(f"record/v1/invoice/{key}")["amountRemaining"] == 0
    assert account.call("POST", f"record/v1/invoice/{key}/!transform/creditMemo", {}).status_code == 204
    assert account.refusal("POST", f"record/v1/invoice/{key}/!transform/vendorBill", {})[0] == 404


def test_a_reversal_date_makes_the_reversing_entry(account: Account) -> None:
    lines = [{"account": "1", "debit": 50}, {"account": "2", "credit": 50}]
    lines = [
        {"account": account.account_id("6000"), "debit": 50},
        {"account": account.account_id("1000"), "credit": 50},
    ]
    key = account.create("journalEntry", {"tranDate": "2026-10-31", "line": {"items": lines}})
    account.call("PATCH", f"record/v1/journalEntry/{key}", {"reversalDate": "2026-11-01"})
    reversal = account.get(f"record/v1/journalEntry/{key}")["reversalEntry"]["id"]
    found = account.whole("journalEntry", reversal)
    assert (found["isReversal"], found["tranDate"]) == (True, "2026-11-01")
    assert [line.get("credit") for line in found["line"]["items"]] == [50, 0]


def test_what_waits_for_approval_does_not_post(account: Account) -> None:
    key = account.create("vendorBill", {**bill(account, 100), "approvalStatus": {"id": "1"}})
    assert account.get(f"record/v1/vendorBill/{key}")["status"]["refName"] == "Pending Approval"
    assert account.rows("SELECT posting FROM transaction WHERE id = ?", key) == [{"posting": "F"}]
    assert read(account.call("POST", f"record/v1/vendorBill/{key}/@approve")) == {"result": True}
    assert account.rows("SELECT posting FROM transaction WHERE id = ?", key) == [{"posting": "T"}]


def test_a_locked_period_takes_nothing(account: Account) -> None:
    account.control("changes", {"action": "close_period", "through": "2026-09-30"})
    refused = account.refusal("POST", "record/v1/vendorBill", bill(account, 10, tranDate="2026-09-15"))
    assert refused[1] == "USER_ERROR"
    assert "is not within the date range of your accounting period" in refused[2]
    period = account.rows("SELECT closed FROM accountingperiod WHERE periodname = 'Sep 2026'")
    assert period in ([{"closed": "T"}], [])


def test_asynchronous_requests_are_jobs_and_a_key_begins_one_only(account: Account) -> None:
    headers = {"Prefer": "respond-async", "X-NetSuite-Idempotency-Key": "3fa8f6c2"}
    begun = account.call("POST", "record/v1/vendorBill", bill(account, 10), headers=headers)
    assert begun.status_code == 202
    assert begun.headers["Preference-Applied"] == "respond-async"
    path = begun.headers["Location"].partition("/services/rest/")[2]
    assert account.get(path)["completed"] is True
    assert account.get(f"{path}/task/1")["progress"] == "succeeded"
    assert account.call("GET", f"{path}/task/1/result").status_code == 204
    again = account.call("POST", "record/v1/vendorBill", bill(account, 10), headers=headers)
    assert (again.status_code, again.headers["Location"]) == (400, begun.headers["Location"])
    assert read(again)["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    count = "SELECT COUNT(*) AS n FROM transaction WHERE type = 'VendBill'"
    assert account.rows(count) == [{"n": "1"}]
    for _ in range(2):
        account.call("POST", "record/v1/vendorBill", bill(account, 10), headers={"X-NetSuite-Idempotency-Key": "x1"})
    assert account.rows(count) == [{"n": "3"}]


def test_a_batch_writes_each_record_by_itself(account: Account) -> None:
    kind = {"Prefer": "respond-async", "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
    items = [{"companyName": "One"}, {}, {"companyName": "Two"}]
    url = "http://localhost/netsuite/services/rest/record/v1/vendor"
    headers = {**kind, "Authorization": account.authorization("POST", url)}
    answer = account.client.post(url, data=wire.dump({"items": items}), headers=headers)
    path = answer.headers["Location"].partition("/services/rest/")[2]
    assert [each["status"] for each in account.get(f"{path}/task/1/result")["items"]] == [204, 400, 204]


def test_the_catalog_tells_of_custom_fields(account: Account) -> None:
    schema = account.get("record/v1/metadata-catalog/vendorBill")
    assert schema["properties"]["custbody_po_ref"]["title"] == "Supplier Reference"
    assert schema["properties"]["custbody_approved_on"]["format"] == "date"
    lines = schema["properties"]["expense"]["properties"]["items"]["items"]["properties"]
    assert lines["custcol_project"]["x-ns-custom-field"] is True
    names = [each["name"] for each in account.get("record/v1/metadata-catalog", select="invoice,vendor")["items"]]
    assert sorted(names) == ["invoice", "vendor"]


def test_custom_fields_are_kept_and_their_choices_checked(account: Account) -> None:
    key = account.create("customer", {"companyName": "Custom", "custentity_risk_class": {"id": "2"}})
    assert account.get(f"record/v1/customer/{key}")["custentity_risk_class"]["refName"] == "Medium"
    refused = account.refusal("PATCH", f"record/v1/customer/{key}", {"custentity_risk_class": {"id": "9"}})
    assert "Invalid Field Value 9" in refused[2]


def test_legacy_tax_is_not_in_rest(account: Account) -> None:
    assert account.refusal("GET", "record/v1/salesTaxItem")[0] == 404
    modern = open_account(account.client, name="Modern", suitetax=True)
    assert modern.get("record/v1/salesTaxItem")["totalResults"] == 4


def test_system_services(account: Account) -> None:
    limits = account.get("system/v1/governanceLimits")
    assert limits["accountConcurrencyLimit"] == 5
    assert limits["integrationLimitType"] == "accountLimit"
    assert account.get("system/v1/serverTime")["serverTime"].endswith("Z")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "record/v1/nowhere", 404), ("PUT", "record/v1/vendor/5", 405), ("POST", "record/v1/accountingPeriod", 405),
     ("GET", "nothing/v1", 404)],
)  # fmt: skip
def test_paths_and_verbs_that_are_not_there(account: Account, method: str, path: str, status: int) -> None:
    assert account.refusal(method, path, None if method == "GET" else {})[0] == status


@pytest.mark.parametrize(
    ("record", "body"),
    [
        ("department", {"name": "Field Work"}),
        ("term", {"name": "Net 45", "daysUntilNetDue": 45}),
        ("account", {"acctName": "Travel", "acctNumber": "6205", "acctType": {"id": "Expense"}}),
        ("nonInventoryPurchaseItem", {"itemId": "BOX", "expenseAccount": {"id": "23"}, "cost": 3}),
        ("currencyRate", {"baseCurrency": "1", "transactionCurrency": "1", "exchangeRate": 1,
            "effectiveDate": "2026-01-26"}),
        ("subsidiary", {"name": "Branch", "country": {"id": "GB"}, "currency": {"id": "1"}}),
    ],
)  # fmt: skip
def test_lists_are_created_changed_and_found_by_queries(account: Account, record: str, body: Any) -> None:
    key = account.create(record, body)
    assert account.call("PATCH", f"record/v1/{record}/{key}", {"isInactive": True}).status_code == 204
    found = account.get(f"record/v1/{record}/{key}")
    assert found["id"] == key
