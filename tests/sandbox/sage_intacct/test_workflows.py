"""Submit, approve, decline, recall, reverse, delete: which states allow which."""

from typing import Any

import pytest

from integrations.sandbox.sage_intacct import saving
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.sage_intacct.reading_heads import APPROVAL
from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AP_PAYMENT,
    AR_PAYMENT,
    BILL,
    CARD,
    ENTRY,
    INVOICE,
    ORDER,
    Keeper,
    company,
    within,
)


@pytest.fixture
def keeper() -> Keeper:
    """A UK company."""
    return company()


def a_bill(**more: Any) -> dict[str, Any]:
    return {"billNumber": "B-1", "vendor": {"id": "V100"}, "createdDate": "2026-10-01", "dueDate": "2026-10-31",
            "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "100.00"}], **more}  # fmt: skip


def an_invoice(**more: Any) -> dict[str, Any]:
    return {"invoiceNumber": "S-1", "customer": {"id": "C100"}, "invoiceDate": "2026-10-01", "dueDate": "2026-10-31",
            "lines": [{"glAccount": {"id": "4000"}, "txnAmount": "100.00"}], **more}  # fmt: skip


def pays(bill: str, **more: Any) -> dict[str, Any]:
    return {"financialEntity": {"id": "BOA"}, "paymentDate": "2026-11-04", "paymentMethod": "eft",
            "vendor": {"id": "V100"}, "details": [{"txnCurrency": {"paymentAmount": "100.00"}, "bill": {"key": bill}}],
            **more}  # fmt: skip


def refused(keeper: Keeper, path: str, action: str, key: str, **more: Any) -> str:
    with pytest.raises(SageError) as caught:
        keeper.run(path, action, key, **more)
    return caught.value.last.message


def not_deleted(keeper: Keeper, path: str, key: str) -> str:
    with pytest.raises(SageError) as caught:
        keeper.delete(path, key)
    return caught.value.last.message


def test_a_reversed_bill_stays_without_effect(keeper: Keeper) -> None:
    before = keeper.balance("6000")
    key = keeper.post(BILL, a_bill())["key"]
    told = keeper.run(BILL, "reverse", key, reverseDate="2026-11-03", notes="entered twice")
    assert told == {"key": key, "id": key, "href": f"/objects/accounts-payable/bill/{key}", "state": "reversed"}
    shown = keeper.get(BILL, key)
    assert (shown["state"], shown["totalTxnAmountDue"], shown["reversal"]["notes"]) == (
        "reversed", "0.00", "entered twice",
    )  # fmt: skip
    assert keeper.balance("6000") == before
    assert "state is reversed" in refused(keeper, BILL, "reverse", key)
    assert "state is reversed" in keeper.refusal(BILL, {"description": "no"}, key).last.message
    assert "state is reversed" in not_deleted(keeper, BILL, key)


def test_the_number_of_a_reversed_bill_is_free_again(keeper: Keeper) -> None:
    keeper.run(BILL, "reverse", keeper.post(BILL, a_bill())["key"])
    assert keeper.post(BILL, a_bill())["billNumber"] == "B-1"


def test_an_invoice_is_reversed_by_its_own_words(keeper: Keeper) -> None:
    key = keeper.post(INVOICE, an_invoice())["key"]
    keeper.run(INVOICE, "reverse", key, reversedDate="2026-11-03", memo="wrong customer")
    assert keeper.get(INVOICE, key)["reversal"] == {"date": "2026-11-03", "notes": "wrong customer"}


def test_a_paid_bill_is_neither_reversed_nor_deleted(keeper: Keeper) -> None:
    key = keeper.post(BILL, a_bill())["key"]
    payment = keeper.post(AP_PAYMENT, pays(key))["key"]
    assert "has been paid" in refused(keeper, BILL, "reverse", key)
    assert "has been paid" in not_deleted(keeper, BILL, key)
    assert keeper.run(AP_PAYMENT, "reverse", payment, paymentDate="2026-11-09")["state"] == "reversed"
    assert keeper.get(BILL, key)["state"] == "posted"
    keeper.delete(BILL, key)
    assert [each["key"] for each in keeper.all(BILL)] == []


def test_an_applied_adjustment_is_not_reversed(keeper: Keeper) -> None:
    key = keeper.post(BILL, a_bill())["key"]
    credit = keeper.post(AP_ADJUSTMENT, {"vendor": {"id": "V100"}, "createdDate": "2026-10-02", "lines": [
        {"glAccount": {"id": "6000"}, "txnAmount": "-40.00"}]})["key"]  # fmt: skip
    keeper.post(AP_PAYMENT, pays(key, details=[{"bill": {"key": key}, "adjustment": {"key": credit},
                                                "txnCurrency": {"adjustmentAmount": "40.00"}}]))  # fmt: skip
    assert "has been paid or applied" in refused(keeper, AP_ADJUSTMENT, "reverse", credit)
    assert "has been paid or applied" in not_deleted(keeper, AP_ADJUSTMENT, credit)


def test_a_closed_period_holds_back_reversals_and_deletions(keeper: Keeper) -> None:
    key = keeper.post(BILL, a_bill())["key"]
    keeper.books.company.close_through(keeper.books.today.replace(month=10, day=31))
    assert "Periods are closed" in refused(keeper, BILL, "reverse", key)
    assert "Periods are closed" in refused(keeper, BILL, "reverse", key, reverseDate="2026-10-20")
    assert "Periods are closed" in not_deleted(keeper, BILL, key)
    assert keeper.get(BILL, key)["state"] == "posted"


def test_a_bill_is_not_reversed_before_its_day(keeper: Keeper) -> None:
    key = keeper.post(BILL, a_bill())["key"]
    assert "on or after" in refused(keeper, BILL, "reverse", key, reverseDate="2026-09-30")


def test_payments_in_force_are_reversed_not_deleted(keeper: Keeper) -> None:
    invoice = keeper.post(INVOICE, an_invoice())["key"]
    given = {"financialEntity": {"id": "BOA"}, "paymentMethod": "cash", "customer": {"id": "C100"},
             "paymentSummary": {"receiptDate": "2026-11-05"}, "paymentDetails": [
                 {"arInvoice": {"key": invoice}, "txnCurrency": {"paymentAmount": "100.00"}}]}  # fmt: skip
    key = keeper.post(AR_PAYMENT, given)["key"]
    assert "state is posted" in not_deleted(keeper, AR_PAYMENT, key)
    keeper.run(AR_PAYMENT, "reverse", key)
    assert keeper.get(INVOICE, invoice)["totalTxnAmountDue"] == "100.00"
    draft = keeper.post(AR_PAYMENT, {**given, "state": "draft"})["key"]
    keeper.delete(AR_PAYMENT, draft)
    assert [each["key"] for each in keeper.all(AR_PAYMENT)] == [key]


def test_a_draft_bill_is_submitted_once(keeper: Keeper) -> None:
    key = keeper.post(BILL, a_bill(state="draft", dueDate=None))["key"]
    assert (keeper.get(BILL, key)["state"], keeper.get(BILL, key)["dueDate"]) == ("draft", None)
    assert keeper.patch(BILL, key, {"description": "soon"})["dueDate"] is None
    assert "dueDate" in refused(keeper, BILL, "submit", key)
    keeper.patch(BILL, key, {"dueDate": "2026-10-31"})
    assert keeper.run(BILL, "submit", key)["state"] == "posted"
    assert "state is posted" in refused(keeper, BILL, "submit", key)
    assert "cannot be changed to a draft" in keeper.refusal(BILL, {"state": "draft"}, key).last.message


def test_bills_wait_for_approval_where_the_company_wants_it(keeper: Keeper) -> None:
    keeper.books.company.set_settings(**{APPROVAL: True})
    key = keeper.post(BILL, a_bill(state="draft"))["key"]
    before = keeper.balance("6000")
    assert keeper.run(BILL, "submit", key)["state"] == "submitted"
    assert keeper.balance("6000") == before
    assert keeper.run(BILL, "decline", key)["state"] == "declined"
    assert "state is declined" in refused(keeper, BILL, "approve", key)
    assert keeper.run(BILL, "recall", key)["state"] == "draft"
    keeper.run(BILL, "submit", key)
    assert keeper.run(BILL, "approve", key)["state"] == "posted"
    assert keeper.balance("6000") - before == 100
    assert "state is posted" in refused(keeper, BILL, "approve", key)
    other = keeper.post(BILL, a_bill(billNumber="B-2"))
    assert other["state"] == "submitted"
    assert keeper.patch(BILL, other["key"], {"description": "please"})["state"] == "submitted"
    assert keeper.run(BILL, "approve", other["key"])["state"] == "posted"


def test_orders_are_submitted_and_card_charges_reversed(keeper: Keeper) -> None:
    order = keeper.post(ORDER, {"vendor": {"id": "V100"}, "txnDate": "2026-10-01", "dueDate": "2026-10-30",
                                "state": "draft", "lines": [{"dimensions": {"item": {"id": "SEN-100"}}, "unit": "Each",
                                                             "unitQuantity": "1", "unitPrice": "5.00"}]})  # fmt: skip
    assert keeper.run(ORDER, "submit", order["key"])["state"] == "pending"
    charge = keeper.post(CARD, {"creditCardAccount": {"id": "CARD"}, "txnDate": "2026-10-01",
                                "lines": [{"glAccount": {"id": "6080"}, "txnAmount": "5.00"}]})  # fmt: skip
    assert keeper.run(CARD, "reverse", charge["key"])["state"] == "reversed"


def test_what_an_object_cannot_do_is_refused(keeper: Keeper) -> None:
    entry = keeper.post(
        ENTRY,
        {
            "glJournal": {"id": "GJ"},
            "postingDate": "2026-10-31",
            "description": "x",
            "lines": [
                {"txnType": side, "txnAmount": "1.00", "glAccount": {"id": "6000"}} for side in ("debit", "credit")
            ],
        },
    )
    assert "not supported" in refused(keeper, ENTRY, "reverse", entry["key"])
    assert "was not found" in refused(keeper, BILL, "reverse", "99999")
    keeper.delete(ENTRY, entry["key"])
    with pytest.raises(SageError) as caught:
        keeper.get(ENTRY, entry["key"])
    assert caught.value.status == 404


def test_a_refused_save_leaves_nothing_behind(keeper: Keeper) -> None:
    bill = keeper.post(BILL, a_bill())["key"]
    credit = keeper.post(AP_ADJUSTMENT, {"vendor": {"id": "V100"}, "createdDate": "2026-10-02", "lines": [
        {"glAccount": {"id": "6000"}, "txnAmount": "-40.00"}]})["key"]  # fmt: skip
    given = pays(bill, details=[{"bill": {"key": bill}, "txnCurrency": {"paymentAmount": "90.00"}},
                                {"bill": {"key": bill}, "adjustment": {"key": credit},
                                 "txnCurrency": {"adjustmentAmount": "40.00"}}])  # fmt: skip
    before = keeper.books.company.trial_balance()
    with pytest.raises(SageError):
        saving.save(keeper.books, BY_PATH[AP_PAYMENT], given)
    assert keeper.books.company.trial_balance() == before
    assert keeper.get(BILL, bill)["totalTxnAmountDue"] == "100.00"
    assert keeper.all(AP_PAYMENT) == []


def test_an_expense_report_is_read_as_it_was_written_and_approved(keeper: Keeper) -> None:
    path = "expenses/employee-expense"
    line = {"glAccount": {"id": "6080"}, "entryDate": "2026-10-11", "paidTo": "Marriott", "paidFor": "Hotel",
            "isBillable": False, "paymentType": {"key": "1"}, "txnCurrency": "GBP", "txnAmount": "100.00",
            "dimensions": {"department": {"id": "10"}}}  # fmt: skip
    given = {"state": "submitted", "expenseReportNumber": "EXP-1", "employee": {"id": "EMP-10"},
             "createdDate": "2026-10-11", "description": "trip", "basePayment": {"baseCurrency": "GBP"},
             "reimbursement": {"reimbursementCurrency": "GBP"}, "lines": [line]}  # fmt: skip
    made = keeper.post(path, given)
    assert within(given, made) == []
    assert made["totalTxnAmount"] == "100.00"
    assert keeper.run(path, "decline", made["key"])["state"] == "declined"
    second = keeper.post(path, {**given, "expenseReportNumber": "EXP-2", "state": "draft"})
    assert keeper.run(path, "submit", second["key"])["state"] == "submitted"
    assert keeper.run(path, "approve", second["key"])["state"] == "approved"
    assert "state is approved" in keeper.refusal(path, {"description": "late"}, second["key"]).last.message
    assert "state is approved" in refused(keeper, path, "reverse", second["key"])
    assert keeper.refusal(path, {**given, "employee": {"id": "NO"}}).last.message == "The employee 'NO' is invalid."
