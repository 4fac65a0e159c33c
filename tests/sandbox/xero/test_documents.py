"""Documents and their true books: amounts, states, settlements, locked periods."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.xero.driver import NOBODY, Xero

SETTLED = "The status {} cannot be applied to the invoice because it has payments or credit notes allocated to it."
STATE = "Invoice not of valid status for modification"
EDITED = "This document cannot be edited as it has a payment or credit note allocated to it."
KINDS = ["Invoices", "CreditNotes", "Payments", "BankTransactions", "BankTransfers", "ManualJournals", "PurchaseOrders"]


def balance(xero: Xero, code: str) -> Decimal:
    """What stands on an account: debits less credits."""
    rows = xero.control("trial_balance")["accounts"]
    key = xero.account(code)
    return sum((Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows if row["id"] == key), Decimal(0))


def journal(*amounts: Any, **more: Any) -> dict[str, Any]:
    """A manual journal with a line for each amount."""
    lines = [{"LineAmount": amount, "AccountCode": "469", "Description": "x"} for amount in amounts]
    return {"Narration": "Accrual", "Date": "2026-10-31", "JournalLines": lines, **more}


def test_the_founding_history_balances(busy: Xero) -> None:
    assert Decimal(busy.difference()) == 0
    rows = busy.get("Reports/TrialBalance")["Reports"][0]["Rows"]
    total = [cell["Value"] for cell in rows[-1]["Rows"][0]["Cells"]]
    assert total[3] == total[4]
    assert Decimal(total[3]) > 0


@pytest.mark.parametrize("endpoint", KINDS)
def test_the_history_fits_the_description(busy: Xero, endpoint: str) -> None:
    rows = busy.get(endpoint)[endpoint]
    assert rows
    for row in rows[:5]:
        key = next(value for name, value in row.items() if name == f"{endpoint.removesuffix('s')}ID")
        assert busy.one(f"{endpoint}/{key}")


@pytest.mark.parametrize(
    ("mode", "amount", "tax", "subtotal", "total"),
    [
        ("Exclusive", 100, "20", "100", "120"),
        ("Inclusive", 120, "20", "100", "120"),
        ("NoTax", 100, "0", "100", "100"),
        ("Exclusive", "0.03", "0.01", "0.03", "0.04"),
        ("Inclusive", "0.03", "0.01", "0.02", "0.03"),
    ],
)
def test_tax_is_rounded_in_every_line(xero: Xero, mode: str, amount: Any, tax: str, subtotal: str, total: str) -> None:
    made = xero.invoice(Decimal(amount), LineAmountTypes=mode)
    assert made["TotalTax"] == Decimal(tax)
    assert made["SubTotal"] == Decimal(subtotal)
    assert made["Total"] == made["AmountDue"] == Decimal(total)
    assert Decimal(xero.difference()) == 0


def test_prices_have_two_decimals_unless_four_are_asked_for(xero: Xero) -> None:
    line = {"Description": "Work", "Quantity": 100, "UnitAmount": Decimal("1.2345"), "AccountCode": "200"}
    body = {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "LineItems": [line]}
    assert xero.made("Invoices", body)["SubTotal"] == 123
    assert xero.made("Invoices", body, unitdp="4")["SubTotal"] == Decimal("123.45")


def test_a_line_that_does_not_multiply_is_refused(xero: Xero) -> None:
    line = {"Description": "Work", "Quantity": 2, "UnitAmount": 50, "LineAmount": 99, "AccountCode": "200"}
    body = {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "LineItems": [line]}
    (message,) = xero.refused("PUT", "Invoices", {"Invoices": [body]})
    assert message.startswith("The line total")


def test_a_new_invoice_is_a_draft_outside_the_books(xero: Xero) -> None:
    before = balance(xero, "610")
    draft = xero.invoice(Status="DRAFT")
    assert (draft["Status"], balance(xero, "610")) == ("DRAFT", before)
    approved = xero.changed(f"Invoices/{draft['InvoiceID']}", {"Status": "AUTHORISED"})
    assert (approved["Status"], balance(xero, "610")) == ("AUTHORISED", before + 120)
    assert xero.refused("POST", f"Invoices/{draft['InvoiceID']}", {"Status": "DRAFT"}) == [STATE]


def test_an_update_leaves_alone_what_it_does_not_name(xero: Xero) -> None:
    made = xero.invoice(Reference="PO 7", Url="https://some.example/7")
    changed = xero.changed(f"Invoices/{made['InvoiceID']}", {"DueDate": "2026-12-24"})
    assert (changed["Reference"], changed["Url"]) == ("PO 7", "https://some.example/7")
    assert changed["DueDateString"] == "2026-12-24T00:00:00"
    assert [line["LineItemID"] for line in changed["LineItems"]] == [line["LineItemID"] for line in made["LineItems"]]


def test_lines_that_are_sent_replace_those_there(xero: Xero) -> None:
    made = xero.invoice()
    kept = made["LineItems"][0]["LineItemID"]
    lines = [{"LineItemID": kept, "Description": "Work", "Quantity": 1, "UnitAmount": 30, "AccountCode": "200"},
             {"Description": "More", "Quantity": 1, "UnitAmount": 5, "AccountCode": "200"}]  # fmt: skip
    changed = xero.changed(f"Invoices/{made['InvoiceID']}", {"LineItems": lines})
    assert changed["SubTotal"] == 35
    assert [line["LineItemID"] == kept for line in changed["LineItems"]] == [True, False]


def test_invoice_numbers_are_given_out_and_unique(xero: Xero) -> None:
    first, second = xero.invoice(), xero.invoice()
    assert first["InvoiceNumber"].startswith("INV-")
    assert first["InvoiceNumber"] != second["InvoiceNumber"]
    line = {"Description": "Work", "UnitAmount": 1, "AccountCode": "200"}
    body = {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "InvoiceNumber": first["InvoiceNumber"]}
    told = xero.refused("PUT", "Invoices", {"Invoices": [{**body, "LineItems": [line]}]})
    assert told == ["Invoice # must be unique."]


def test_posting_a_number_again_changes_that_invoice(xero: Xero) -> None:
    made = xero.invoice(InvoiceNumber="OUR-1")
    again = {"Type": "ACCREC", "InvoiceNumber": "OUR-1", "Reference": "By number"}
    changed = xero.post("Invoices", {"Invoices": [again]})["Invoices"][0]
    assert (changed["InvoiceID"], changed["Reference"]) == (made["InvoiceID"], "By number")


def test_bills_share_numbers_and_have_no_reference(xero: Xero) -> None:
    for _ in range(2):
        bill = xero.invoice(Type="ACCPAY", InvoiceNumber="S-1", Reference="ours")
        assert (bill["InvoiceNumber"], bill.get("Reference")) == ("S-1", None)


def test_an_approved_invoice_needs_descriptions_and_a_due_date(xero: Xero) -> None:
    line = {"Quantity": 1, "UnitAmount": 1, "AccountCode": "200"}
    body = {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "Status": "AUTHORISED", "DueDate": "2026-12-01"}
    told = xero.refused("PUT", "Invoices", {"Invoices": [{**body, "LineItems": [line]}]})
    assert told == ["The description field is mandatory for each line item."]
    lines = [{**line, "Description": "Work"}]
    told = xero.refused("PUT", "Invoices", {"Invoices": [{**body, "LineItems": lines, "DueDate": None}]})
    assert told == ["Due Date cannot be empty"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"AccountCode": "999"}, "Account code '999' is not a valid code for this document."),
        (
            {"TaxType": "NEVER"},
            "The TaxType code 'NEVER' does not exist or cannot be used for this type of transaction.",
        ),
        ({"ItemCode": "NEVER"}, "Item code 'NEVER' is not valid"),
    ],
)
def test_lines_name_what_there_is(xero: Xero, wrong: dict[str, str], message: str) -> None:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 1, "AccountCode": "200", **wrong}
    body = {"Type": "ACCREC", "Contact": {"ContactID": xero.contact()}, "LineItems": [line]}
    assert xero.refused("PUT", "Invoices", {"Invoices": [body]}) == [message]


def test_bills_have_no_discounts(xero: Xero) -> None:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 1, "AccountCode": "469", "DiscountRate": 10}
    body = {"Type": "ACCPAY", "Contact": {"ContactID": xero.contact()}, "LineItems": [line]}
    told = xero.refused("PUT", "Invoices", {"Invoices": [body]})
    assert told == ["Discounts may not be applied to ACCPAY invoices."]


def test_a_payment_moves_the_money_and_settles(xero: Xero) -> None:
    invoice, bank = xero.invoice(), balance(xero, "090")
    paid = xero.made("Payments", xero.payment(invoice, 50))
    assert (paid["PaymentType"], paid["Amount"], paid["Status"]) == ("ACCRECPAYMENT", 50, "AUTHORISED")
    partly = xero.one(f"Invoices/{invoice['InvoiceID']}")
    assert (partly["Status"], partly["AmountDue"], partly["AmountPaid"]) == ("AUTHORISED", 70, 50)
    assert balance(xero, "090") == bank + 50
    xero.made("Payments", xero.payment(invoice, 70))
    whole = xero.one(f"Invoices/{invoice['InvoiceID']}")
    assert (whole["Status"], whole["AmountDue"]) == ("PAID", 0)
    assert whole["FullyPaidOnDate"].startswith("/Date(")
    assert Decimal(xero.difference()) == 0


def test_more_than_is_open_cannot_be_paid(xero: Xero) -> None:
    invoice = xero.invoice()
    told = xero.refused("PUT", "Payments", {"Payments": [xero.payment(invoice, 121)]})
    assert told == ["Payment amount exceeds the amount outstanding on this document"]
    xero.made("Payments", xero.payment(invoice, 120))
    told = xero.refused("PUT", "Payments", {"Payments": [xero.payment(invoice, 1)]})
    assert told == ["Payments can only be made against Authorised documents"]


def test_a_payment_can_only_be_deleted(xero: Xero) -> None:
    invoice = xero.invoice()
    payment = xero.made("Payments", xero.payment(invoice, 120))
    path = f"Payments/{payment['PaymentID']}"
    assert xero.refused("POST", path, {"Reference": "changed"})
    assert xero.post(path, {"Status": "DELETED"})["Payments"][0]["Status"] == "DELETED"
    assert xero.one(f"Invoices/{invoice['InvoiceID']}")["Status"] == "AUTHORISED"
    assert xero.refused("POST", path, {"Status": "DELETED"})
    assert Decimal(xero.difference()) == 0


def test_a_reconciled_payment_stays(xero: Xero) -> None:
    payment = xero.made("Payments", xero.payment(xero.invoice(), 120, IsReconciled=True))
    told = xero.refused("POST", f"Payments/{payment['PaymentID']}", {"Status": "DELETED"})
    assert told == ["This payment has been reconciled and cannot be deleted"]


def test_a_paid_invoice_cannot_be_changed_or_voided(xero: Xero) -> None:
    invoice = xero.invoice()
    xero.made("Payments", xero.payment(invoice, 20))
    path = f"Invoices/{invoice['InvoiceID']}"
    assert xero.refused("POST", path, {"Reference": "x"}) == [STATE, EDITED]
    assert xero.refused("POST", path, {"Status": "VOIDED"}) == [SETTLED.format("VOIDED")]
    assert xero.refused("POST", path, {"Status": "DELETED"}) == [STATE]


def test_a_void_takes_the_invoice_out_of_the_books(xero: Xero) -> None:
    before = balance(xero, "610")
    invoice = xero.invoice()
    voided = xero.changed(f"Invoices/{invoice['InvoiceID']}", {"Status": "VOIDED"})
    assert (voided["Status"], voided["AmountDue"], balance(xero, "610")) == ("VOIDED", 0, before)
    assert xero.refused("POST", f"Invoices/{invoice['InvoiceID']}", {"Status": "VOIDED"}) == [STATE]


def test_a_credit_note_is_used_and_given_back(xero: Xero) -> None:
    invoice, credit = xero.invoice(), xero.credit()
    path = f"CreditNotes/{credit['CreditNoteID']}"
    used = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 25, "Date": "2026-10-17"}
    for _ in range(2):
        assert xero.put(f"{path}/Allocations", {"Allocations": [used]})["Allocations"][0]["Amount"] == 25
    held = xero.one(path)
    assert (held["RemainingCredit"], len(held["Allocations"])) == (10, 2)
    assert xero.one(f"Invoices/{invoice['InvoiceID']}")["AmountCredited"] == 50
    told = xero.refused("PUT", f"{path}/Allocations", {"Allocations": [used]})
    assert told == ["The amount allocated exceeds the remaining credit"]
    assert xero.refused("POST", path, {"Status": "VOIDED"}) == [SETTLED.format("VOIDED")]
    first, second = (each["AllocationID"] for each in held["Allocations"])
    gone = xero.call("DELETE", f"{path}/Allocations/{first}")
    assert gone.status_code == 200
    assert xero.one(path)["RemainingCredit"] == 35
    assert xero.call("DELETE", f"{path}/Allocations/{NOBODY}").status_code == 404
    assert first != second
    assert Decimal(xero.difference()) == 0


def test_a_credit_is_for_its_own_side(xero: Xero) -> None:
    bill, credit = xero.invoice(Type="ACCPAY"), xero.credit()
    used = {"Invoice": {"InvoiceID": bill["InvoiceID"]}, "Amount": 5, "Date": "2026-10-17"}
    told = xero.refused("PUT", f"CreditNotes/{credit['CreditNoteID']}/Allocations", {"Allocations": [used]})
    assert told == ["The document with the supplied id was not found for this endpoint."]


def test_an_overpayment_waits_to_be_allocated(xero: Xero) -> None:
    line = {"Description": "Too much", "LineAmount": 75, "UnitAmount": 75, "Quantity": 1}
    body = {"Type": "RECEIVE-OVERPAYMENT", "Contact": {"ContactID": xero.contact()}, "LineItems": [line],
            "BankAccount": {"Code": "090"}, "LineAmountTypes": "NoTax", "Date": "2026-10-18"}  # fmt: skip
    xero.made("BankTransactions", body)
    (over,) = xero.get("Overpayments")["Overpayments"]
    assert (over["Type"], over["RemainingCredit"]) == ("RECEIVE-OVERPAYMENT", 75)
    invoice = xero.invoice()
    used = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 75, "Date": "2026-10-19"}
    xero.put(f"Overpayments/{over['OverpaymentID']}/Allocations", {"Allocations": [used]})
    assert xero.one(f"Overpayments/{over['OverpaymentID']}")["RemainingCredit"] == 0
    assert xero.one(f"Invoices/{invoice['InvoiceID']}")["AmountDue"] == 45
    assert Decimal(xero.difference()) == 0


def test_money_spent_contains_its_tax(xero: Xero) -> None:
    line = {"Description": "Fuel", "Quantity": 1, "UnitAmount": 24, "AccountCode": "473", "TaxType": "INPUT2"}
    body = {"Type": "SPEND", "Contact": {"ContactID": xero.contact()}, "LineItems": [line],
            "BankAccount": {"Code": "090"}}  # fmt: skip
    spent = xero.made("BankTransactions", body)
    assert (spent["LineAmountTypes"], spent["SubTotal"], spent["TotalTax"]) == ("Inclusive", 20, 4)
    gone = xero.changed(f"BankTransactions/{spent['BankTransactionID']}", {"Status": "DELETED"})
    assert gone["Status"] == "DELETED"
    assert Decimal(xero.difference()) == 0


def test_money_moves_between_banks(xero: Xero) -> None:
    before = balance(xero, "091")
    body = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 40, "Date": "2026-10-19"}
    moved = xero.made("BankTransfers", body)
    assert (moved["Amount"], moved["Status"], balance(xero, "091")) == (40, "AUTHORISED", before + 40)


def test_deleted_transfers_are_shown_when_asked_for(xero: Xero) -> None:
    body = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 40, "Date": "2026-10-19"}
    key = xero.made("BankTransfers", body)["BankTransferID"]
    assert xero.post(f"BankTransfers/{key}", {"Status": "DELETED"})["BankTransfers"][0]["Status"] == "DELETED"
    assert xero.get("BankTransfers")["BankTransfers"] == []
    assert [row["Status"] for row in xero.get("BankTransfers", includeDeleted="true")["BankTransfers"]] == ["DELETED"]


def test_orders_are_narrowed_by_day_and_status_alone(busy: Xero) -> None:
    rows = busy.get("PurchaseOrders")["PurchaseOrders"]
    days = sorted(row["DateString"][:10] for row in rows)
    found = busy.get("PurchaseOrders", DateFrom=days[2], DateTo=days[-2])["PurchaseOrders"]
    assert sorted(row["DateString"][:10] for row in found) == [day for day in days if days[2] <= day <= days[-2]]
    assert len(busy.get("PurchaseOrders", where='PurchaseOrderNumber=="nothing"')["PurchaseOrders"]) == len(rows)
    assert busy.get("PurchaseOrders", Status="BILLED")["PurchaseOrders"] == [
        row for row in rows if row["Status"] == "BILLED"
    ]


def test_a_journal_is_a_draft_until_it_is_posted(xero: Xero) -> None:
    made = xero.made("ManualJournals", journal(30, -30))
    assert (made["Status"], made["LineAmountTypes"], len(made["JournalLines"])) == ("DRAFT", "NoTax", 2)
    path = f"ManualJournals/{made['ManualJournalID']}"
    assert xero.changed(path, {"Narration": "Accrual", "Status": "POSTED"})["Status"] == "POSTED"
    assert xero.changed(path, {"Narration": "Accrual", "Status": "VOIDED"})["Status"] == "VOIDED"
    told = xero.refused("PUT", "ManualJournals", {"ManualJournals": [journal(100, -10)]})
    assert told == ["The total debits (100.00) must equal total credits (-10.00)"]


def test_orders_touch_no_books_and_may_be_deleted(xero: Xero) -> None:
    line = {"Description": "Chairs", "Quantity": 2, "UnitAmount": 50, "AccountCode": "469"}
    body = {"Contact": {"ContactID": xero.contact()}, "LineItems": [line]}
    before = xero.control("trial_balance")["accounts"]
    order = xero.made("PurchaseOrders", body)
    assert (order["Status"], order["PurchaseOrderNumber"][:3], order["Total"]) == ("DRAFT", "PO-", 120)
    assert xero.one(f"PurchaseOrders/{order['PurchaseOrderNumber']}")["PurchaseOrderID"] == order["PurchaseOrderID"]
    path = f"PurchaseOrders/{order['PurchaseOrderID']}"
    for status in ("SUBMITTED", "AUTHORISED", "BILLED", "DELETED"):
        assert xero.changed(path, {"Status": status})["Status"] == status
    told = xero.refused("POST", path, {"Status": "DRAFT"})
    assert told == ["PurchaseOrder status change is invalid", "Deleted PurchaseOrders cannot be updated"]
    assert xero.control("trial_balance")["accounts"] == before


def test_a_locked_period_refuses_every_document(xero: Xero) -> None:
    invoice, late = xero.invoice(), xero.invoice(Date="2026-11-02")
    xero.control("changes", {"action": "close_period", "through": "2026-10-31"})
    assert xero.get("Organisation")["Organisations"][0]["PeriodLockDate"] == "/Date(1793404800000+0000)/"
    for body in (
        {"Status": "VOIDED"},
        {"Date": "2026-10-20", "Status": "AUTHORISED"},
    ):
        (told,) = xero.refused("POST", f"Invoices/{invoice['InvoiceID']}", body)
        assert "lock date" in told
    (told,) = xero.refused("PUT", "Payments", {"Payments": [xero.payment(late, 10, Date="2026-10-31")]})
    assert "lock date" in told
    (told,) = xero.refused("PUT", "ManualJournals", {"ManualJournals": [journal(1, -1, Status="POSTED")]})
    assert "lock date" in told
    assert xero.made("Payments", xero.payment(late, 10, Date="2026-11-03"))["Amount"] == 10


def test_foreign_invoices_count_in_the_base_currency(busy: Xero) -> None:
    before = balance(busy, "610")
    made = busy.invoice(CurrencyCode="EUR", CurrencyRate=Decimal("1.25"))
    assert (made["CurrencyCode"], made["CurrencyRate"], made["Total"]) == ("EUR", Decimal("1.25"), 120)
    assert balance(busy, "610") - before == 96
    assert Decimal(busy.difference()) == 0


def test_journals_tell_every_posting_once(busy: Xero) -> None:
    seen: list[int] = []
    while rows := busy.get("Journals", offset=str(seen[-1] if seen else 0))["Journals"]:
        seen += [row["JournalNumber"] for row in rows]
        for row in rows:
            assert sum(line["NetAmount"] for line in row["JournalLines"]) == 0
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 100
