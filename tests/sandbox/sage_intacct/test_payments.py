"""AR and AP payments: what is paid in money, what by credits, and what a paid document no longer allows."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.sandbox.sage_intacct import changes
from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AP_PAYMENT,
    AR_ADJUSTMENT,
    AR_PAYMENT,
    BILL,
    INVOICE,
    Keeper,
    company,
    within,
)


@pytest.fixture(scope="module")
def founded() -> Keeper:
    return company()


@pytest.fixture
def keeper(founded: Keeper) -> Keeper:
    """A UK company; every test has documents of its own."""
    return founded


def a_bill(keeper: Keeper, number: str, amount: str = "100.00", **more: Any) -> str:
    given = {"billNumber": number, "vendor": {"id": "V100"}, "createdDate": "2026-10-01", "dueDate": "2026-10-31",
             "lines": [{"glAccount": {"id": "6000"}, "txnAmount": amount}], **more}  # fmt: skip
    return str(keeper.post(BILL, given)["key"])


def an_invoice(keeper: Keeper, number: str, amount: str = "100.00", **more: Any) -> str:
    given = {"invoiceNumber": number, "customer": {"id": "C100"}, "invoiceDate": "2026-10-01", "dueDate": "2026-10-31",
             "lines": [{"glAccount": {"id": "4000"}, "txnAmount": amount}], **more}  # fmt: skip
    return str(keeper.post(INVOICE, given)["key"])


def a_vendor_credit(keeper: Keeper, number: str) -> str:
    given = {"adjustmentNumber": number, "vendor": {"id": "V100"}, "createdDate": "2026-10-05",
             "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "-30.00"}]}  # fmt: skip
    return str(keeper.post(AP_ADJUSTMENT, given)["key"])


def a_credit_memo(keeper: Keeper, number: str) -> str:
    given = {"adjustmentNumber": number, "customer": {"id": "C100"}, "createdDate": "2026-10-05",
             "lines": [{"glAccount": {"id": "4000"}, "txnCurrency": {"amount": "-30.00"}}]}  # fmt: skip
    return str(keeper.post(AR_ADJUSTMENT, given)["key"])


def paid(bill: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"financialEntity": {"id": "BOA"}, "paymentDate": "2026-11-04", "description": "run",
            "documentNumber": "3086", "paymentMethod": "printedCheck",
            "baseCurrency": {"currency": "GBP"}, "txnCurrency": {"currency": "GBP"},
            "vendor": {"id": "V100"}, "details": [
                {"txnCurrency": {"paymentAmount": amount}, "bill": {"key": bill}}], **more}  # fmt: skip


def received(invoice: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"financialEntity": {"entityId": "BOA"}, "paymentMethod": "cash", "customer": {"id": "C100"},
            "documentNumber": "1567", "paymentSummary": {"receiptDate": "2026-11-05"},
            "txnCurrency": {"currency": "GBP"}, "baseCurrency": {"currency": "GBP"},
            "paymentDetails": [{"arInvoice": {"id": invoice}, "txnCurrency": {"paymentAmount": amount}}],
            **more}  # fmt: skip


def test_an_ap_payment_is_read_as_it_was_written(keeper: Keeper) -> None:
    bill, before = a_bill(keeper, "B-1"), keeper.balance("1000")
    given = paid(bill, "60.00")
    made = keeper.post(AP_PAYMENT, given)
    assert within(given, made) == []
    assert (made["state"], made["recordType"], made["totalTxnAmount"]) == ("posted", "pp", "60.00")
    assert keeper.balance("1000") - before == Decimal("-60.00")


def test_what_is_due_falls_with_each_payment_until_the_bill_is_paid(keeper: Keeper) -> None:
    bill = a_bill(keeper, "B-2")
    keeper.post(AP_PAYMENT, paid(bill, "60.00"))
    part = keeper.get(BILL, bill)
    assert (part["state"], part["totalTxnAmountDue"], part["paymentInformation"]["totalTxnAmountPaid"]) == (
        "posted", "40.00", "60.00",
    )  # fmt: skip
    keeper.post(AP_PAYMENT, paid(bill, "40.00"))
    whole = keeper.get(BILL, bill)
    assert (whole["state"], whole["totalTxnAmountDue"], whole["paymentInformation"]["fullyPaidDate"]) == (
        "paid", "0.00", "2026-11-04",
    )  # fmt: skip


def test_an_ar_payment_is_read_as_it_was_written(keeper: Keeper) -> None:
    invoice = an_invoice(keeper, "S-1")
    given = received(invoice, "60.00")
    made = keeper.post(AR_PAYMENT, given)
    assert within({**given, "financialEntity": {"id": "BOA"}}, made) == []
    assert made["paymentDetails"][0]["arInvoice"]["key"] == invoice
    assert keeper.get(INVOICE, invoice)["totalTxnAmountDue"] == "40.00"


def test_a_receipt_may_wait_among_the_undeposited_funds(keeper: Keeper) -> None:
    invoice, before = an_invoice(keeper, "S-2"), keeper.balance("1200")
    given = received(invoice, "100.00", undepositedGLAccount={"id": "1200"})
    del given["financialEntity"]
    made = keeper.post(AR_PAYMENT, given)
    assert within(given, made) == []
    assert keeper.balance("1200") - before == Decimal("100.00")


def test_a_payment_needs_a_bank_account(keeper: Keeper) -> None:
    given = paid(a_bill(keeper, "B-3"), "1.00", financialEntity=None)
    assert "financialEntity" in keeper.refusal(AP_PAYMENT, given).last.message
    assert "'NO'" in keeper.refusal(AP_PAYMENT, {**given, "financialEntity": {"id": "NO"}}).last.message


def test_more_than_is_due_cannot_be_paid(keeper: Keeper) -> None:
    refused = keeper.refusal(AP_PAYMENT, paid(a_bill(keeper, "B-4"), "100.01"))
    assert "greater than the amount due" in refused.last.message


def test_another_vendors_bill_cannot_be_paid(keeper: Keeper) -> None:
    bill = a_bill(keeper, "B-5", vendor={"id": "V101"})
    assert "another customer or vendor" in keeper.refusal(AP_PAYMENT, paid(bill, "1.00")).last.message


def test_an_overpayment_stays_with_the_customer(keeper: Keeper) -> None:
    invoice, before = an_invoice(keeper, "S-3"), keeper.balance("1100")
    made = keeper.post(AR_PAYMENT, received(invoice, "100.00", overpaymentTxnAmount="25.00"))
    assert (made["totalTxnAmount"], made["overpaymentTxnAmount"]) == ("125.00", "25.00")
    assert keeper.balance("1100") - before == Decimal("-125.00")


def test_a_payment_applies_a_vendor_credit_beside_money(keeper: Keeper) -> None:
    bill = a_bill(keeper, "B-6")
    credit = a_vendor_credit(keeper, "A-6")
    before = keeper.balance("1000")
    given = paid(bill, "70.00", details=[
        {"bill": {"key": bill}, "adjustment": {"key": credit},
         "txnCurrency": {"paymentAmount": "70.00", "adjustmentAmount": "30.00"}}])  # fmt: skip
    made = keeper.post(AP_PAYMENT, given)
    assert within(given, made) == []
    assert keeper.get(BILL, bill)["state"] == "paid"
    assert keeper.get(AP_ADJUSTMENT, credit)["totalTxnAmountDue"] == "0.00"
    assert keeper.balance("1000") - before == Decimal("-70.00")
    keeper.run(AP_PAYMENT, "reverse", made["key"], paymentDate="2026-11-10")
    assert keeper.get(BILL, bill)["totalTxnAmountDue"] == "100.00"
    assert keeper.get(AP_ADJUSTMENT, credit)["totalTxnAmountDue"] == "-30.00"
    assert keeper.balance("1000") == before


def test_a_payment_without_money_only_applies_a_credit_memo(keeper: Keeper) -> None:
    invoice = an_invoice(keeper, "S-4")
    credit = a_credit_memo(keeper, "CM-4")
    given = received(
        invoice,
        "0",
        paymentDetails=[
            {"arInvoice": {"key": invoice}, "adjustment": {"key": credit}, "txnCurrency": {"adjustmentAmount": "30.00"}}
        ],
    )
    made = keeper.post(AR_PAYMENT, given)
    assert (made["totalTxnAmount"], made["paymentDetails"][0]["txnCurrency"]["adjustmentAmount"]) == ("0.00", "30.00")
    assert keeper.get(INVOICE, invoice)["totalTxnAmountDue"] == "70.00"
    assert keeper.get(AR_ADJUSTMENT, credit)["state"] == "paid"
    assert keeper.difference() == 0


def test_a_payment_voided_at_the_screen_gives_its_credit_back(keeper: Keeper) -> None:
    bill, credit = a_bill(keeper, "B-9"), a_vendor_credit(keeper, "A-9")
    detail = {"bill": {"key": bill}, "adjustment": {"key": credit}, "txnCurrency": {"adjustmentAmount": "30.00"}}
    made = keeper.post(AP_PAYMENT, paid(bill, "", details=[detail]))
    changes.apply(keeper.books, {"action": "void", "resource": "bill_payments", "id": made["key"]})
    assert keeper.get(AP_PAYMENT, made["key"])["state"] == "reversed"
    assert keeper.get(AP_ADJUSTMENT, credit)["totalTxnAmountDue"] == "-30.00"
    assert keeper.get(BILL, bill)["totalTxnAmountDue"] == "100.00"


def test_a_credit_is_not_applied_twice(keeper: Keeper) -> None:
    bill = a_bill(keeper, "B-7")
    credit = a_vendor_credit(keeper, "A-7")
    detail = {"bill": {"key": bill}, "adjustment": {"key": credit}, "txnCurrency": {"adjustmentAmount": "30.00"}}
    keeper.post(AP_PAYMENT, paid(bill, "", details=[detail]))
    keeper.refusal(AP_PAYMENT, paid(bill, "", details=[detail]))
    assert keeper.get(BILL, bill)["totalTxnAmountDue"] == "70.00"


def test_a_draft_pays_nothing_until_it_is_submitted(keeper: Keeper) -> None:
    invoice, before = an_invoice(keeper, "S-5"), keeper.balance("1000")
    made = keeper.post(AR_PAYMENT, received(invoice, "100.00", state="draft"))
    assert made["state"] == "draft"
    assert keeper.get(INVOICE, invoice)["totalTxnAmountDue"] == "100.00"
    assert keeper.run(AR_PAYMENT, "submit", made["key"])["state"] == "posted"
    assert keeper.get(INVOICE, invoice)["state"] == "paid"
    assert keeper.balance("1000") - before == Decimal("100.00")


def test_the_details_of_a_draft_can_change_those_of_a_payment_in_force_cannot(keeper: Keeper) -> None:
    first, second = an_invoice(keeper, "S-7"), an_invoice(keeper, "S-8")
    made = keeper.post(AR_PAYMENT, received(first, "100.00", state="draft"))
    key = made["paymentDetails"][0]["key"]
    added = {"arInvoice": {"key": second}, "txnCurrency": {"paymentAmount": "5.00"}}
    changed = keeper.patch(AR_PAYMENT, made["key"], {"paymentDetails": [
        {"key": key, "txnCurrency": {"paymentAmount": "60.00"}}, added]})  # fmt: skip
    assert [row["txnCurrency"]["paymentAmount"] for row in changed["paymentDetails"]] == ["60.00", "5.00"]
    keeper.run(AR_PAYMENT, "submit", made["key"])
    assert keeper.get(INVOICE, second)["totalTxnAmountDue"] == "95.00"
    refused = keeper.refusal(AR_PAYMENT, {"paymentDetails": [{"key": key, "ia::operation": "delete"}]}, made["key"])
    assert "cannot be changed because its state is posted" in refused.last.message
    assert keeper.patch(AR_PAYMENT, made["key"], {"description": "noted"})["description"] == "noted"


def test_what_is_paid_of_a_bill_stays(keeper: Keeper) -> None:
    bill = a_bill(keeper, "B-8")
    keeper.post(AP_PAYMENT, paid(bill, "60.00"))
    line = keeper.get(BILL, bill)["lines"][0]["key"]
    refused = keeper.refusal(BILL, {"lines": [{"key": line, "txnAmount": "59.99"}]}, bill)
    assert "paid or applied" in refused.last.message
    assert "paid or applied" in keeper.refusal(BILL, {"vendor": {"id": "V101"}}, bill).last.message
    less = keeper.patch(BILL, bill, {"lines": [{"key": line, "txnAmount": "60.00"}]})
    assert (less["state"], less["totalTxnAmountDue"]) == ("paid", "0.00")


def test_a_foreign_payment_settles_at_both_rates(keeper: Keeper) -> None:
    rate = {"txnCurrency": "EUR", "exchangeRate": {"rate": Decimal("0.80")}}
    invoice = an_invoice(keeper, "S-6", currency=rate)
    keeper.post(AR_PAYMENT, received(invoice, "100.00", txnCurrency={"currency": "EUR"},
                                     exchangeRate={"rate": Decimal("0.90")}))  # fmt: skip
    assert keeper.get(INVOICE, invoice)["state"] == "paid"
    assert keeper.balance("8100") == Decimal("-10.00")
    assert keeper.difference() == 0


def test_a_history_shows_its_payments_whole_and_saves_them_unchanged() -> None:
    busy = company(name="Busy", contacts=12, invoices=20, bills=15, payments=20, months=3)
    before = busy.books.company.trial_balance()
    for path, details in ((AR_PAYMENT, "paymentDetails"), (AP_PAYMENT, "details")):
        shown = busy.all(path)
        assert shown
        for each in shown:
            total = sum(Decimal(row["txnCurrency"]["paymentAmount"]) for row in each[details])
            assert total == Decimal(each["totalTxnAmount"])
            same = busy.patch(path, each["key"], {"description": "checked"})
            assert [row["key"] for row in same[details]] == [row["key"] for row in each[details]]
            assert same["totalTxnAmount"] == each["totalTxnAmount"]
    assert busy.books.company.trial_balance() == before
