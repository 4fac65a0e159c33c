"""Card charges, other receipts, deposits, transfers and bank feeds."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.sage_intacct.bookkeeping import AR_PAYMENT, CARD, INVOICE, Keeper, company, within

RECEIPT = "cash-management/other-receipt"
DEPOSIT = "cash-management/deposit"
TRANSFER = "cash-management/funds-transfer"
FEED = "cash-management/bank-feed"
LINE = "cash-management/bank-transaction"


@pytest.fixture
def keeper() -> Keeper:
    """A UK company."""
    return company()


def a_charge(**more: Any) -> dict[str, Any]:
    line = {"glAccount": {"id": "6080"}, "description": "ride", "txnAmount": "10.00", "isBillable": True,
            "dimensions": {"department": {"id": "10"}},
            "taxEntries": [{"purchasingTaxDetail": {"id": "UK Purchase Goods Standard Rate"}}]}  # fmt: skip
    return {"creditCardAccount": {"id": "CARD"}, "txnDate": "2026-10-01", "referenceNumber": "R1", "payee": "Uber",
            "description": "travel", "currency": {"baseCurrency": "GBP", "txnCurrency": "GBP"},
            "isInclusiveTax": False, "lines": [line], **more}  # fmt: skip


def test_a_card_charge_is_read_as_it_was_written(keeper: Keeper) -> None:
    before = keeper.balance("2150")
    made = keeper.post(CARD, a_charge())
    assert within(a_charge(), made) == []
    assert (made["totalTxnAmount"], made["state"]) == ("12.00", "posted")
    assert keeper.balance("2150") - before == Decimal("-12.00")


def test_tax_inside_a_card_charge(keeper: Keeper) -> None:
    line = {**a_charge()["lines"][0], "totalTxnAmount": "12.00"}
    del line["txnAmount"]
    made = keeper.post(CARD, a_charge(isInclusiveTax=True, lines=[line]))
    assert (made["isInclusiveTax"], made["lines"][0]["txnAmount"], made["totalTxnAmount"]) == (True, "10.00", "12.00")


def test_a_charge_needs_a_card(keeper: Keeper) -> None:
    assert "creditCardAccount" in keeper.refusal(CARD, a_charge(creditCardAccount=None)).last.message
    assert "'BOA'" in keeper.refusal(CARD, a_charge(creditCardAccount={"id": "BOA"})).last.message


def test_an_other_receipt_is_read_as_it_was_written(keeper: Keeper) -> None:
    before = keeper.balance("7000")
    given = {"postingDate": "2026-10-02", "receiptDate": "2026-10-01", "payer": "Bank", "description": "interest",
             "documentNumber": "7", "paymentMethod": "eft", "financialEntity": {"id": "BOA"},
             "lines": [{"glAccount": {"id": "7000"}, "txnAmount": "3.50", "memo": "October"}]}  # fmt: skip
    assert within(given, keeper.post(RECEIPT, given)) == []
    assert keeper.balance("7000") - before == Decimal("-3.50")


def test_a_transfer_moves_money_between_own_accounts(keeper: Keeper) -> None:
    before = keeper.balance("1210")
    given = {"postingDate": "2026-10-02", "documentNumber": "T1", "description": "to savings", "txnAmount": "250.00",
             "fromAccount": {"id": "BOA"}, "toAccount": {"id": "SAV"}}  # fmt: skip
    assert within(given, keeper.post(TRANSFER, given)) == []
    assert keeper.balance("1210") - before == Decimal("250.00")
    assert "toAccount" in keeper.refusal(TRANSFER, {**given, "toAccount": None}).last.message


def test_a_deposit_takes_receipts_to_the_bank_once(keeper: Keeper) -> None:
    invoice = keeper.post(INVOICE, {"customer": {"id": "C100"}, "invoiceDate": "2026-10-01", "dueDate": "2026-10-31",
                                    "lines": [{"glAccount": {"id": "4000"}, "txnAmount": "80.00"}]})["key"]  # fmt: skip
    receipt = keeper.post(AR_PAYMENT, {
        "undepositedGLAccount": {"id": "1200"}, "paymentMethod": "check", "customer": {"id": "C100"},
        "paymentSummary": {"receiptDate": "2026-10-05"}, "paymentDetails": [
            {"arInvoice": {"key": invoice}, "txnCurrency": {"paymentAmount": "80.00"}}]})["key"]  # fmt: skip
    given = {"txnDate": "2026-10-06", "depositSlipId": "D1", "description": "cheques", "financialEntity": {"id": "BOA"},
             "lines": [{"arPayment": {"key": receipt}}]}  # fmt: skip
    made = keeper.post(DEPOSIT, given)
    assert within(given, made) == []
    assert made["totalTxnAmount"] == "80.00"
    assert keeper.balance("1200") == 0
    assert "deposited already" in keeper.refusal(DEPOSIT, {**given, "depositSlipId": "D2"}).last.message
    assert keeper.run(DEPOSIT, "reverse", made["key"])["state"] == "reversed"
    assert keeper.balance("1200") == Decimal("80.00")


def test_a_bank_feed_becomes_bank_transactions(keeper: Keeper) -> None:
    rows = [{"postingDate": "2026-06-20", "txnType": "withdrawal", "documentType": "Check", "documentNumber": "100",
             "payee": "X", "amount": "56.34", "description": "paid"},
            {"postingDate": "2026-06-21", "txnType": "deposit", "amount": "5.00", "txnId": "bank-1"}]  # fmt: skip
    given = {"financialAccount": {"id": "BOA"}, "feedDate": "2026-06-21", "feedType": "xml", "transactions": rows}
    made = keeper.post(FEED, given)
    assert within(given, made) == []
    lines = keeper.all(LINE)
    assert within(rows, lines) == []
    assert {each["bankFeed"]["key"] for each in lines} == {made["key"]}
    assert lines[0]["reconciliationInformation"] == {
        "status": "unmatched", "amountToMatch": "56.34", "matchingSequence": None,
    }  # fmt: skip
    assert lines[0]["financialAccount"]["id"] == "BOA"
    keeper.post(FEED, {**given, "transactions": rows[1:]})
    assert len(keeper.all(LINE)) == 2


def test_a_bank_feed_says_which_way_money_went(keeper: Keeper) -> None:
    row = {"postingDate": "2026-06-20", "txnType": "sideways", "amount": "1.00"}
    given = {"financialAccount": {"id": "BOA"}, "feedDate": "2026-06-21", "transactions": [row]}
    assert keeper.refusal(FEED, given).status == 400
    assert "amount" in keeper.refusal(FEED, {**given, "transactions": [
        {"postingDate": "2026-06-20", "txnType": "deposit"}]}).last.message  # fmt: skip


def test_a_history_shows_its_charges_deposits_and_transfers_and_saves_them_unchanged() -> None:
    busy = company(name="Busy", contacts=12, invoices=90, bills=15, payments=80, months=4, expenses=8)
    before = busy.books.company.trial_balance()
    for path in (CARD, DEPOSIT, TRANSFER):
        shown = busy.all(path)
        assert shown
        for each in shown:
            same = busy.patch(path, each["key"], {})
            assert {name: value for name, value in same.items() if name not in ("audit", "lines")} == {
                name: value for name, value in each.items() if name not in ("audit", "lines")
            }
    assert busy.books.company.trial_balance() == before
