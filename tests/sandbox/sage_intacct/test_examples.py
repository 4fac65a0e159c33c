"""The documentation's own examples, as they stand, against a US company that has what they name."""

from typing import Any

import pytest

from tests.sandbox.sage_intacct.bookkeeping import (
    AP_PAYMENT,
    AR_PAYMENT,
    BILL,
    CARD,
    ENTRY,
    INVOICE,
    ORDER,
    Body,
    Keeper,
    company,
    within,
)

MASTERS: tuple[tuple[str, Body], ...] = (
    *(("company-config/location", {"id": name, "name": name}) for name in ("CA", "TX")),
    *(("company-config/department", {"id": name, "name": name}) for name in ("11", "SA")),
    ("company-config/class", {"id": "3", "name": "Third"}),
    ("accounts-payable/vendor", {"id": "V-13", "name": "Thirteen"}),
    ("accounts-receivable/customer", {"id": "C1", "name": "First"}),
    ("accounts-payable/term", {"id": "N30", "description": "Net 30", "due": {"days": 30}}),
    ("accounts-receivable/term", {"id": "N15", "description": "Net 15", "due": {"days": 15}}),
    ("inventory-control/item", {"id": "00088", "name": "Item", "itemType": "inventory"}),
    *(("general-ledger/account", {"id": code, "name": code, "accountType": "incomeStatement", "normalBalance": side,
                                  "closingType": "closingAccount"})
      for code, side in (("5004", "credit"), ("6700", "debit"))),
)  # fmt: skip
A_BILL: Body = {
    "billNumber": "B-001", "vendor": {"id": "V100"}, "referenceNumber": "OUR-1", "createdDate": "2026-01-21",
    "postingDate": "2026-01-21", "dueDate": "2026-02-20", "currency": {"baseCurrency": "USD", "txnCurrency": "USD"},
    "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "100.00", "memo": "Jan", "dimensions": {
        "location": {"id": "100"}, "department": {"id": "11"}, "class": {"id": "3"}}}],
}  # fmt: skip
AN_INVOICE: Body = {
    "invoiceNumber": "SI-1", "customer": {"id": "C1"}, "referenceNumber": "OUR-2", "description": "x",
    "term": {"id": "N15"}, "invoiceDate": "2026-01-06", "dueDate": "2026-01-21", "currency": {
        "txnCurrency": "USD", "exchangeRate": {"date": "2026-01-06", "typeId": "Intacct Daily Rate"}},
    "lines": [{"txnAmount": "100.40", "glAccount": {"id": "5004"}, "dimensions": {
        "location": {"id": "CA"}, "department": {"id": "SA"}}}],
}  # fmt: skip
EXAMPLES: tuple[tuple[str, Body], ...] = (
    (BILL, A_BILL),
    (INVOICE, AN_INVOICE),
    (ENTRY, {"glJournal": {"id": "GJ"}, "postingDate": "2026-01-31", "description": "Accrual",
             "referenceNumber": "OUR-3",
             "lines": [
        {"txnType": "debit", "txnAmount": "200.00", "glAccount": {"id": "6000"}, "documentId": "d1", "description": "x",
         "dimensions": {"location": {"id": "100"}, "department": {"id": "11"}}},
        {"txnType": "credit", "txnAmount": "200.00", "glAccount": {"id": "5004"},
         "dimensions": {"location": {"id": "100"}}}]}),
    (ORDER, {"vendor": {"id": "V-13"}, "txnDate": "2026-03-29", "dueDate": "2026-05-29", "referenceNumber": "OUR-4",
             "memo": "m", "txnCurrency": "USD", "baseCurrency": "USD", "paymentTerm": {"id": "N30"}, "lines": [
        {"dimensions": {"item": {"id": "00088"}, "warehouse": {"id": "WH1"}, "location": {"id": "TX"},
                        "department": {"id": "11"}},
         "unit": "Each", "unitQuantity": "1", "unitPrice": "10.10", "memo": "m"}]}),
    (CARD, {"creditCardAccount": {"id": "CARD"}, "txnDate": "2026-03-01", "referenceNumber": "R1", "payee": "Uber",
            "description": "d", "attachment": {"id": None}, "currency": {"baseCurrency": "USD", "txnCurrency": "USD"},
            "isInclusiveTax": False, "lines": [
        {"glAccount": {"id": "6700"}, "description": "d", "txnAmount": "10.00", "totalTxnAmount": "10.00",
         "dimensions": {"department": {"id": "11"}}, "isBillable": False}]}),
    ("expenses/employee-expense", {
        "state": "submitted", "expenseReportNumber": "EXP-1", "employee": {"id": "EMP-10"}, "createdDate": "2026-03-11",
        "description": "d", "basePayment": {"baseCurrency": "USD"}, "reimbursement": {"reimbursementCurrency": "USD"},
        "lines": [{"glAccount": {"id": "6700"}, "entryDate": "2026-03-11", "paidTo": "Marriott", "paidFor": "Hotel",
                   "isBillable": False, "paymentType": {"key": "1"}, "txnCurrency": "USD", "txnAmount": "100.00"}]}),
    ("cash-management/bank-feed", {
        "financialAccount": {"id": "BOA"}, "feedDate": "2026-06-21", "feedType": "xml", "transactions": [
            {"postingDate": "2026-06-20", "txnType": "withdrawal", "documentType": "Check", "documentNumber": "100",
             "payee": "X", "amount": "56.34", "description": "d"}]}),
)  # fmt: skip


@pytest.fixture
def keeper() -> Keeper:
    """A US company with the masters that the examples name."""
    found = company("US", "USD")
    for path, given in MASTERS:
        found.post(path, given)
    return found


@pytest.mark.parametrize(("path", "given"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_an_example_is_taken_as_it_stands(keeper: Keeper, path: str, given: Body) -> None:
    assert within(given, keeper.post(path, given)) == []
    assert keeper.difference() == 0


def test_the_bill_of_the_example_is_read_as_the_documentation_shows_it(keeper: Keeper) -> None:
    made = keeper.post(BILL, A_BILL)
    shown: dict[str, Any] = {
        "recordType": "pi", "moduleName": "accountsPayable", "state": "posted", "totalBaseAmount": "100.00",
        "totalTxnAmount": "100.00", "totalTxnAmountDue": "100.00", "isTaxInclusive": False,
        "entity": {"key": None, "id": None, "name": None},
    }  # fmt: skip
    assert {name: made[name] for name in shown} == shown
    assert made["currency"]["exchangeRate"] == {"date": "2026-01-21", "typeId": None, "rate": 1}
    line = made["lines"][0]
    assert (line["id"], line["baseAmount"], line["txnAmount"]) == (line["key"], "100.00", "100.00")
    assert line["dimensions"]["department"]["name"] == "11"


def test_the_payments_of_the_examples_are_taken(keeper: Keeper) -> None:
    bill, invoice = keeper.post(BILL, A_BILL)["key"], keeper.post(INVOICE, AN_INVOICE)["key"]
    money = {"baseCurrency": {"currency": "USD"}, "txnCurrency": {"currency": "USD"}}
    made = keeper.post(AP_PAYMENT, {
        "financialEntity": {"id": "BOA"}, "paymentDate": "2026-02-04", "description": "d", "documentNumber": "3086",
        "paymentMethod": "Cash", **money, "vendor": {"id": "V100"},
        "details": [{"txnCurrency": {"paymentAmount": "100.00"}, "bill": {"key": bill}}]})  # fmt: skip
    assert made["paymentMethod"] == "Cash"
    assert keeper.get(BILL, bill)["state"] == "paid"
    keeper.post(AR_PAYMENT, {
        "financialEntity": {"entityId": "BOA"}, "paymentMethod": "cash", "customer": {"id": "C1"},
        "documentNumber": "1567", "paymentSummary": {"receiptDate": "2026-03-23"}, **money,
        "paymentDetails": [{"arInvoice": {"id": invoice}, "txnCurrency": {"paymentAmount": "60.00"}}]})  # fmt: skip
    assert keeper.get(INVOICE, invoice)["totalTxnAmountDue"] == "40.40"
