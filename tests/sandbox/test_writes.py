"""Create, update, delete, void: SyncTokens, sparse rules, refusals in QuickBooks' words."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from tests.sandbox.driver import Books, bill, paid, read, sale


def _account(books: Books, number: str) -> str:
    return str(books.rows("Account", f"AcctNum = '{number}'")[0]["Id"])


def _vendor(books: Books) -> str:
    return str(books.query("select * from Vendor maxresults 1")["Vendor"][0]["Id"])


def _entry(debit: str, credit: str, amount: Any = 100, **more: Any) -> dict[str, Any]:
    lines = [
        {"Amount": amount, "DetailType": "JournalEntryLineDetail",
         "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}}}
        for side, account in (("Debit", debit), ("Credit", credit))
    ]  # fmt: skip
    return {"Line": lines, **more}


def test_an_invoice_comes_back_complete(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="TAX", TxnDate="2026-10-01"))
    assert (made["SyncToken"], made["domain"], made["sparse"]) == ("0", "QBO", False)
    assert made["Id"].isdigit()
    assert made["DocNumber"].isdigit()
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("7.75")
    assert (made["TotalAmt"], made["Balance"]) == (Decimal("107.75"), Decimal("107.75"))
    assert made["Line"][-1] == {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert made["MetaData"]["CreateTime"][-6:] in ("-08:00", "-07:00")


def test_whole_amounts_are_written_as_whole_numbers_and_others_exactly(us: Books) -> None:
    answer = us.call("POST", "invoice", sale(Decimal("1234567.10"), code="NON")).get_data(as_text=True)
    assert '"TotalAmt":1234567.1,' in answer
    assert '"Amount":100,' in us.call("POST", "invoice", sale(100, code="NON")).get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("invoice", {"Line": []}, "2020", "Required parameter CustomerRef is missing in the request"),
        ("invoice", sale(1, customer="999"), "2500", "Invalid Reference Id : Names element id 999 not found"),
        ("invoice", sale(1, item="999"), "2500", "Items element id 999"),
        ("invoice", sale(1, DocNumber="x" * 22), "2050", "Min:0 Max:21 supported. Supplied length:22"),
        ("invoice", sale(1, Colour="red"), "2010", "unsupported or invalid"),
        ("invoice", sale(1, TxnDate="yesterday"), "2060", "yesterday"),
        ("invoice", sale(1, code="5"), "6100", "Invalid Line TaxCode"),
        ("customer", {"Notes": "nobody"}, "2020", "DisplayName"),
        ("customer", {"DisplayName": "a:b"}, "2040", "a:b"),
        ("customer", {"DisplayName": "x", "PrimaryEmailAddr": {"Address": "nowhere"}}, "2210", "nowhere"),
        ("account", {"Name": "Box"}, "2020", "AccountType"),
        ("account", {"Name": "Box", "AccountType": "Shoe"}, "2170", "Shoe"),
        ("purchase", {"AccountRef": {"value": "1"}}, "2020", "Required parameter PaymentType is missing"),
        ("billpayment", {"VendorRef": {"value": "4"}, "PayType": "Check", "TotalAmt": 1,
                         "CheckPayment": {"BankAccountRef": {"value": "1"}}}, "2020", "LinkedTxn"),
        ("attachable", {"Tag": "x"}, "6000", "You must have at least a note string or file attachment"),
        ("taxcode", {"Name": "x"}, "500", "Operation Create is not supported."),
        ("item", {"Name": "x", "Type": "Service"}, "2020", "IncomeAccountRef"),
        ("transfer", {"FromAccountRef": {"value": "1"}, "ToAccountRef": {"value": "4"}, "Amount": -1}, "6000",
         "amount"),
    ],
)  # fmt: skip
def test_refusals_use_quickbooks_codes_and_words(us: Books, path: str, body: Any, code: str, words: str) -> None:
    found = us.fault(path, body)
    assert found[0] == code
    assert words in found[1]


def test_names_are_unique_over_customers_and_vendors(us: Books) -> None:
    us.create("Customer", {"DisplayName": "Shared"})
    code, detail = us.fault("vendor", {"DisplayName": "shared"})
    assert code == "6240"
    assert detail.startswith("The name supplied already exists. : Another customer, vendor or employee")


def test_a_name_is_made_of_its_parts(us: Books) -> None:
    assert us.create("Customer", {"GivenName": "Ada", "FamilyName": "Byron"})["DisplayName"] == "Ada Byron"


def test_document_numbers_are_unique_and_the_refusal_names_the_holder(us: Books) -> None:
    made = us.create("Invoice", sale(1, DocNumber="A-1"))
    code, detail = us.fault("invoice", sale(1, DocNumber="A-1"))
    assert code == "6140"
    assert f"DocNumber=A-1 is assigned to TxnType=Invoice with TxnId={made['Id']}" in detail


def test_own_numbers_are_ignored_when_the_company_does_not_allow_them(us: Books) -> None:
    us.control("changes", {"action": "set_preferences", "data": {"SalesFormsPrefs": {"CustomTxnNumbers": False}}})
    assert us.create("Invoice", sale(1, DocNumber="MINE"))["DocNumber"] != "MINE"


def test_amount_must_be_quantity_times_price_in_cents(us: Books) -> None:
    body = sale(Decimal("10.01"))
    body["Line"][0]["SalesItemLineDetail"] |= {"Qty": 3, "UnitPrice": Decimal("3.333")}
    assert us.fault("invoice", body)[0] == "6070"
    body["Line"][0]["Amount"] = Decimal("10.00")
    assert us.create("Invoice", body)["Line"][0]["Amount"] == 10


def test_a_sparse_update_keeps_the_rest_and_raises_the_token(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="TAX", PrivateNote="keep"))
    changed = us.create("Invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "DueDate": "2027-01-31"})
    assert (changed["SyncToken"], changed["DueDate"], changed["PrivateNote"]) == ("1", "2027-01-31", "keep")
    assert changed["TotalAmt"] == made["TotalAmt"]


def test_lines_sent_in_a_sparse_update_replace_all_lines(us: Books) -> None:
    body = sale(100, code="NON")
    body["Line"].append({**body["Line"][0], "Amount": 50, "Description": "second"})
    made = us.create("Invoice", body)
    assert made["TotalAmt"] == 150
    line = {"Id": "1", "Amount": 100, "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}}  # fmt: skip
    changed = us.create("Invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Line": [line]})
    assert (changed["TotalAmt"], changed["Balance"], len(changed["Line"])) == (100, 100, 2)


def test_a_full_update_empties_what_it_leaves_out(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="NON", PrivateNote="gone"))
    changed = us.create("Invoice", {**sale(100, code="NON"), "Id": made["Id"], "SyncToken": "0"})
    assert "PrivateNote" not in changed


def test_a_stale_token_is_refused_by_name(us: Books) -> None:
    made = us.create("Invoice", sale(100))
    us.create("Invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "first"})
    code, detail = us.fault("invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "second"})
    assert code == "5010"
    assert "were working on this at the same time" in detail


def test_a_sparse_purchase_still_needs_its_payment_type_and_a_read_cannot_be_echoed(us: Books) -> None:
    line = bill(10, vendor="1", account=_account(us, "6040"))["Line"]
    body = {"PaymentType": "Cash", "AccountRef": {"value": _account(us, "1000")}, "Line": line}
    made = us.create("Purchase", body)
    assert us.fault("purchase", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"})[0] == "2020"
    assert us.fault("purchase", made)[0] == "2010"


def test_a_deleted_document_is_gone(us: Books) -> None:
    made = us.create("Invoice", sale(100))
    gone = us.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")["Invoice"]
    assert gone == {"status": "Deleted", "domain": "QBO", "Id": made["Id"]}
    answer = us.call("GET", f"invoice/{made['Id']}")
    assert answer.status_code == 400
    assert read(answer)["Fault"]["Error"][0]["code"] == "610"


def test_list_entries_cannot_be_deleted(us: Books) -> None:
    assert us.fault("customer", {"Id": "1", "SyncToken": "0"}, operation="delete")[0] == "500"


def test_voiding_keeps_the_invoice_with_nothing_in_it(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="TAX", PrivateNote="old"))
    voided = us.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void")["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["SyncToken"]) == (0, 0, "1")
    assert voided["PrivateNote"].startswith("Voided")
    assert {line["Amount"] for line in voided["Line"]} == {0}
    assert us.difference() == 0


def test_a_paid_invoice_can_neither_be_voided_nor_deleted(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="NON"))
    us.create("Payment", paid(made, 40))
    key = {"Id": made["Id"], "SyncToken": "1"}
    assert us.fault("invoice", key, operation="void")[0] == "6000"
    assert us.fault("invoice", key, operation="delete")[0] == "6000"


def test_payments_are_voided_with_include_void_and_release_the_invoice(us: Books) -> None:
    invoice = us.create("Invoice", sale(100, code="NON"))
    payment = us.create("Payment", paid(invoice, 100))
    key = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    voided = us.post("payment", key, operation="update", include="void")["Payment"]
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert us.read("Invoice", invoice["Id"])["Balance"] == 100


def test_bills_and_journal_entries_fail_to_void_in_their_own_ways(us: Books) -> None:
    made = us.create("Bill", bill(10, vendor=_vendor(us), account=_account(us, "6040")))
    answer = us.call("POST", "bill", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert answer.status_code == 200
    assert read(answer)["Fault"]["Error"][0]["code"] == "10000"
    entry = us.create("JournalEntry", _entry(_account(us, "6040"), _account(us, "1000")))
    assert us.post("journalentry", {"Id": entry["Id"], "SyncToken": "0"}, operation="void")["BatchItemResponse"] == []
    assert us.read("JournalEntry", entry["Id"])["Line"][0]["Amount"] == 100
    assert us.fault("purchase", {"Id": "1", "SyncToken": "0"}, operation="void")[0] == "500"


def test_payments_lower_the_balance_and_raise_the_invoices_token(us: Books) -> None:
    invoice = us.create("Invoice", sale(100, code="NON"))
    payment = us.create("Payment", paid(invoice, 30))
    after = us.read("Invoice", invoice["Id"])
    assert (after["Balance"], after["SyncToken"]) == (70, "1")
    assert after["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    us.post("payment", {"Id": payment["Id"], "SyncToken": "0"}, operation="delete")
    after = us.read("Invoice", invoice["Id"])
    assert (after["Balance"], after["SyncToken"], after["LinkedTxn"]) == (100, "2", [])


def test_what_is_not_applied_stays_with_the_customer(us: Books) -> None:
    invoice = us.create("Invoice", sale(100, code="NON"))
    payment = us.create("Payment", {**paid(invoice, 60), "TotalAmt": 80})
    assert payment["UnappliedAmt"] == 20
    assert us.read("Customer", "1")["Balance"] == 20


def test_nothing_can_be_paid_twice(us: Books) -> None:
    invoice = us.create("Invoice", sale(100, code="NON"))
    us.create("Payment", paid(invoice, 100))
    assert us.fault("payment", paid(invoice, 100))[0] == "6000"


def test_a_credit_memo_is_applied_by_a_payment_of_nothing(us: Books) -> None:
    invoice = us.create("Invoice", sale(100, code="NON"))
    credit = us.create("CreditMemo", sale(30, code="NON"))
    lines = [
        {"Amount": 30, "LinkedTxn": [{"TxnId": each["Id"], "TxnType": kind}]}
        for each, kind in ((invoice, "Invoice"), (credit, "CreditMemo"))
    ]
    us.create("Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 0, "Line": lines})
    assert us.read("Invoice", invoice["Id"])["Balance"] == 70
    assert us.read("CreditMemo", credit["Id"])["RemainingCredit"] == 0
    assert us.difference() == 0


def test_a_bill_payment_settles_the_bill_and_drops_lines_it_does_not_know(us: Books) -> None:
    vendor = _vendor(us)
    made = us.create("Bill", bill(50, vendor=vendor, account=_account(us, "6040")))
    lines = [
        {"Amount": 50, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Bill"}]},
        {"Amount": 9, "LinkedTxn": [{"TxnId": "1", "TxnType": "Purchase"}]},
    ]
    body = {"VendorRef": {"value": vendor}, "PayType": "Check", "TotalAmt": 50, "Line": lines,
            "CheckPayment": {"BankAccountRef": {"value": _account(us, "1000")}}}  # fmt: skip
    payment = us.create("BillPayment", body)
    assert len(payment["Line"]) == 1
    assert us.read("Bill", made["Id"])["Balance"] == 0
    assert us.read("Vendor", vendor)["Balance"] == 0


def test_a_deposited_payment_cannot_be_changed(us: Books) -> None:
    payment = us.create("Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 25})
    line = {"Amount": 25, "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
    us.create("Deposit", {"DepositToAccountRef": {"value": _account(us, "1000")}, "Line": [line]})
    key = {"Id": payment["Id"], "SyncToken": "1"}
    code, detail = us.fault("payment", key, operation="delete")
    assert code == "6540"
    assert detail.startswith("This transaction has been deposited.")
    assert us.fault("payment", {**key, "sparse": True, "PrivateNote": "x"})[0] == "6540"


def test_nothing_is_written_in_a_closed_period(us: Books) -> None:
    old = us.create("Invoice", sale(10, TxnDate="2026-09-30"))
    us.control("changes", {"action": "close_period", "through": "2026-09-30"})
    assert us.fault("invoice", sale(10, TxnDate="2026-09-30"))[0] == "6210"
    assert us.fault("invoice", {"Id": old["Id"], "SyncToken": "0"}, operation="delete")[0] == "6210"
    assert us.create("Invoice", sale(10, TxnDate="2026-10-01"))["TotalAmt"] > 0
    assert us.get("preferences")["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-09-30"


def test_an_archived_account_cannot_be_used(us: Books) -> None:
    account = _account(us, "6040")
    us.control("changes", {"action": "archive", "resource": "accounts", "id": account})
    code, detail = us.fault("bill", bill(10, vendor=_vendor(us), account=account))
    assert code == "610"
    assert "has been made inactive" in detail
    shown = us.read("Account", account)
    assert (shown["Active"], shown["CurrentBalance"]) == (False, 0)


def test_a_journal_entry_must_balance_and_name_its_customer(us: Books) -> None:
    body = _entry(_account(us, "6040"), _account(us, "1000"))
    made = us.create("JournalEntry", body)
    assert (made["TotalAmt"], made["Adjustment"]) == (0, False)
    body["Line"][0]["Amount"] = 99
    assert us.fault("journalentry", body)[0] == "2300"
    detail = us.fault("journalentry", _entry(_account(us, "1100"), _account(us, "1000")))[1]
    assert "When you use Accounts Receivable, you must choose a customer in the Name field." in detail


def test_renaming_shows_in_every_document_without_touching_it(us: Books) -> None:
    made = us.create("Invoice", sale(10))
    us.control("changes", {"action": "rename", "resource": "customers", "id": "1", "name": "New Name Inc."})
    after = us.read("Invoice", made["Id"])
    assert after["CustomerRef"]["name"] == "New Name Inc."
    assert after["SyncToken"] == "0"


def test_a_repeated_request_id_gives_the_first_answer_and_writes_nothing(us: Books) -> None:
    first = us.post("invoice", sale(10), requestid="once")
    again = us.post("invoice", sale(99), requestid="once")
    assert again == first
    assert us.query("select count(*) from Invoice")["totalCount"] == 1


def test_a_refused_request_may_be_repeated_with_its_request_id(us: Books) -> None:
    assert "Fault" in us.post("invoice", {}, requestid="again")
    assert "Invoice" in us.post("invoice", sale(10), requestid="again")


def test_request_ids_have_a_length(us: Books) -> None:
    assert us.fault("invoice", sale(10), requestid="x" * 51)[0] == "2130"
    assert us.fault("batch", {"BatchItemRequest": []}, requestid="x" * 37)[0] == "2130"


def test_batch_items_stand_alone(us: Books) -> None:
    us.create("Customer", {"DisplayName": "Taken"})
    doomed = us.create("Invoice", sale(10))
    items = [
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Taken"}},
        {"bId": "2", "operation": "create", "Customer": {"DisplayName": "Free"}},
        {"bId": "3", "operation": "delete", "Invoice": {"Id": doomed["Id"], "SyncToken": "0"}},
        {"bId": "4", "Query": "select count(*) from Invoice"},
        {"bId": "5", "operation": "update", "Customer": {"Id": "1", "SyncToken": "0", "sparse": True, "Notes": "x"}},
    ]
    answer = us.post("batch", {"BatchItemRequest": items}, requestid="b")["BatchItemResponse"]
    assert answer[0]["Fault"]["Error"][0]["code"] == "6240"
    assert answer[1]["Customer"]["DisplayName"] == "Free"
    assert answer[2]["Invoice"]["status"] == "Deleted"
    assert answer[3]["QueryResponse"]["totalCount"] == 0
    assert answer[4]["Customer"]["SyncToken"] == "1"
    assert us.post("batch", {"BatchItemRequest": []}, requestid="b")["BatchItemResponse"] == answer


def test_a_batch_holds_thirty_items_at_most(us: Books) -> None:
    items = [{"bId": str(n), "Query": "select count(*) from Invoice"} for n in range(31)]
    assert us.fault("batch", {"BatchItemRequest": items})[0] == "1040"


def test_unknown_addresses_and_broken_bodies_do_not_break_the_server(us: Books) -> None:
    assert us.call("GET", "nothing/1").status_code == 404
    assert us.call("DELETE", "invoice/1").status_code == 404
    assert us.fault("invoice", [1])[0] == "2010"


def test_a_body_of_the_wrong_shape_is_a_system_failure(us: Books, capfd: pytest.CaptureFixture[str]) -> None:
    answer = us.call("POST", "invoice", {"CustomerRef": {"value": "1"}, "Line": [{"DetailType": ["x"], "Amount": 1}]})
    assert read(answer)["Fault"]["Error"][0]["code"] in ("10000", "2170")
    assert us.difference() == 0
    capfd.readouterr()


def test_attachments_are_uploaded_listed_and_fetched(us: Books) -> None:
    made = us.create("Invoice", sale(10))
    link = f'{{"AttachableRef":[{{"EntityRef":{{"type":"Invoice","value":"{made["Id"]}"}}}}],"FileName":"r.pdf"}}'
    answer = us.client.post(
        f"/quickbooks/v3/company/{us.realm}/upload",
        headers={"Authorization": f"Bearer {us.token}"},
        data={
            "file_metadata_01": (BytesIO(link.encode()), "attachment.json", "application/json"),
            "file_content_01": (BytesIO(b"%PDF-1.4 hello"), "r.pdf", "application/pdf"),
        },
    )
    card = read(answer)["AttachableResponse"][0]["Attachable"]
    assert (card["Size"], card["ContentType"]) == (14, "application/pdf")
    where = f"AttachableRef.EntityRef.Type='invoice' and AttachableRef.EntityRef.value='{made['Id']}'"
    assert us.rows("Attachable", where)[0]["Id"] == card["Id"]
    link = us.call("GET", f"download/{card['Id']}").get_data(as_text=True)
    assert us.client.get(link.partition("localhost")[2]).get_data() == b"%PDF-1.4 hello"
    assert us.client.get(link.partition("localhost")[2] + "0").status_code == 403


def test_sending_marks_the_invoice_and_the_pdf_is_one(us: Books) -> None:
    made = us.create("Invoice", sale(10))
    sent = us.post(f"invoice/{made['Id']}/send", {}, sendTo="a@b.example")["Invoice"]
    assert (sent["EmailStatus"], sent["SyncToken"]) == ("EmailSent", "1")
    assert us.call("GET", f"invoice/{made['Id']}/pdf").get_data().startswith(b"%PDF-")


def test_company_info_and_preferences_describe_the_company(us: Books) -> None:
    info = us.get(f"companyinfo/{us.realm}")["CompanyInfo"]
    assert (info["CompanyName"], info["Country"], info["CompanyAddr"]["Country"]) == ("Test Company", "US", "USA")
    assert us.get("preferences")["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD"}
    assert us.query("select * from CompanyInfo")["CompanyInfo"][0]["CompanyName"] == "Test Company"
