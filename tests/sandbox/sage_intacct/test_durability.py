"""What was answered is there after the process was killed, to the coin."""

from pathlib import Path
from typing import Any

from integrations.sandbox.sage_intacct.kinds import OBJECTS
from integrations.sandbox.storage import SqliteStorage
from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AP_PAYMENT,
    AR_PAYMENT,
    BILL,
    INVOICE,
    Keeper,
    company,
    reopened,
)

FEED = "cash-management/bank-feed"
REPORT = "expenses/employee-expense"


def everything(keeper: Keeper) -> dict[str, Any]:
    """All records of all objects as REST shows them."""
    return {obj.path: keeper.all(obj.path) for obj in OBJECTS}


def busy(storage: SqliteStorage) -> Keeper:
    """A history, and what users add to one."""
    keeper = company(storage=storage, contacts=12, invoices=60, bills=15, payments=60, months=4, expenses=5,
                     credit_notes=3, vendor_credits=2, purchase_orders=3)  # fmt: skip
    bill = keeper.post(BILL, {"vendor": {"id": "V100"}, "createdDate": "2026-10-01", "dueDate": "2026-10-31", "lines": [
        {"glAccount": {"id": "6000"}, "txnAmount": "100.00"}]})["key"]  # fmt: skip
    credit = keeper.post(AP_ADJUSTMENT, {"vendor": {"id": "V100"}, "createdDate": "2026-10-02", "lines": [
        {"glAccount": {"id": "6000"}, "txnAmount": "-40.00"}]})["key"]  # fmt: skip
    detail = {"bill": {"key": bill}, "adjustment": {"key": credit},
              "txnCurrency": {"paymentAmount": "50.00", "adjustmentAmount": "40.00"}}  # fmt: skip
    keeper.post(AP_PAYMENT, {"financialEntity": {"id": "BOA"}, "paymentDate": "2026-11-04", "paymentMethod": "eft",
                             "vendor": {"id": "V100"}, "details": [detail]})  # fmt: skip
    invoice = keeper.post(INVOICE, {"customer": {"id": "C100"}, "invoiceDate": "2026-10-01", "dueDate": "2026-10-31",
                                    "lines": [{"glAccount": {"id": "4000"}, "txnAmount": "9.00"}]})["key"]  # fmt: skip
    keeper.post(AR_PAYMENT, {"financialEntity": {"id": "BOA"}, "paymentMethod": "cash", "customer": {"id": "C100"},
                             "paymentSummary": {"receiptDate": "2026-11-05"}, "overpaymentTxnAmount": "3.00",
                             "paymentDetails": [{"arInvoice": {"key": invoice},
                                                 "txnCurrency": {"paymentAmount": "9.00"}}]})  # fmt: skip
    keeper.post(FEED, {"financialAccount": {"id": "BOA"}, "feedDate": "2026-06-21", "transactions": [
        {"postingDate": "2026-06-20", "txnType": "deposit", "amount": "56.00"}]})  # fmt: skip
    keeper.post(REPORT, {"employee": {"id": "EMP-10"}, "createdDate": "2026-10-11", "lines": [
        {"glAccount": {"id": "6080"}, "entryDate": "2026-10-11", "txnAmount": "7.00"}]})  # fmt: skip
    return keeper


def test_every_record_is_shown_the_same_after_a_restart(tmp_path: Path) -> None:
    before = busy(SqliteStorage(tmp_path))
    after = reopened(before, SqliteStorage(tmp_path))
    shown = everything(before)
    assert all(shown[path] for path in (AP_PAYMENT, AR_PAYMENT, FEED, REPORT))
    assert everything(after) == shown
    assert after.books.company.trial_balance() == before.books.company.trial_balance()


def test_a_payment_is_taken_back_after_a_restart(tmp_path: Path) -> None:
    before = busy(SqliteStorage(tmp_path))
    after = reopened(before, SqliteStorage(tmp_path))
    payment = after.all(AP_PAYMENT)[-1]
    after.run(AP_PAYMENT, "reverse", payment["key"])
    assert after.get(BILL, payment["details"][0]["bill"]["key"])["totalTxnAmountDue"] == "100.00"
    assert after.get(AP_ADJUSTMENT, payment["details"][0]["adjustment"]["key"])["totalTxnAmountDue"] == "-40.00"
