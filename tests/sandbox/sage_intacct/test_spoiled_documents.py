"""Documents with one part replaced by nonsense are taken or refused in words, and leave the books whole."""

import random
from typing import Any

import pytest

from integrations.sandbox.sage_intacct import saving
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AP_PAYMENT,
    AR_ADJUSTMENT,
    AR_PAYMENT,
    BILL,
    CARD,
    ENTRY,
    INVOICE,
    ORDER,
    Body,
    Keeper,
    company,
)

WRONG: tuple[Any, ...] = (
    None, "", 0, -1, "x", True, [], {}, [1], {"id": None}, {"key": "999"}, {"id": {"a": 1}}, {"key": [1]}, [{}], [None],
    ["a"], {"x": "y"}, "2026-99-99", 1e20, "NaN", "1e999", "-0.004", "99999999999999999999", "1.005", {"key": True},
)  # fmt: skip
WHERE: Body = {"location": {"id": "110"}, "department": {"id": "10"}, "customer": {"id": "C100"},
               "item": {"id": "SEN-100"}, "nsp::CHANNEL": {"key": "10"}}  # fmt: skip
MONEY: Body = {"baseCurrency": "GBP", "txnCurrency": "EUR", "exchangeRate": {"date": "2026-10-01", "rate": "0.9"}}
BOUGHT: Body = {"glAccount": {"id": "6000"}, "txnAmount": "10.00", "totalTxnAmount": "12.00", "memo": "m",
                "dimensions": WHERE, "taxEntries": [{"purchasingTaxDetail": {"id": "UK Purchase Goods Standard Rate"},
                                                     "txnTaxAmount": "2.00"}]}  # fmt: skip
SOLD: Body = {"glAccount": {"id": "4000"}, "txnAmount": "10.00", "memo": "m", "dimensions": WHERE,
              "taxEntries": [{"orderEntryTaxDetail": {"id": "UK Sale Goods Standard Rate"}}]}  # fmt: skip


def bodies(keeper: Keeper) -> dict[str, Body]:
    """One whole body of each kind that is taken as it is."""
    dated = {"createdDate": "2026-10-01", "postingDate": "2026-10-02"}
    bill: Body = {"vendor": {"id": "V100"}, **dated, "dueDate": "2026-10-31", "term": {"id": "Net 30"},
                  "referenceNumber": "R", "isOnHold": False, "currency": MONEY, "isTaxInclusive": True,
                  "state": "posted", "nsp::PROJECT_CODE": "P", "lines": [BOUGHT, BOUGHT]}  # fmt: skip
    invoice: Body = {"customer": {"id": "C100"}, "invoiceDate": "2026-10-01", "dueDate": "2026-10-31",
                     "currency": MONEY, "lines": [SOLD]}  # fmt: skip
    due = {**bill, "currency": {"txnCurrency": "GBP"}}
    paid = keeper.post(BILL, due)["key"]
    settled = keeper.post(INVOICE, {**invoice, "currency": {"txnCurrency": "GBP"}})["key"]
    bank: Body = {"financialEntity": {"id": "BOA"}, "paymentMethod": "eft", "txnCurrency": {"currency": "GBP"},
                  "state": "draft", "documentNumber": "1"}  # fmt: skip
    side: Body = {"txnAmount": "5.00", "description": "d", "dimensions": WHERE}
    credit = {name: value for name, value in SOLD.items() if name != "txnAmount"}
    return {
        BILL: bill, INVOICE: invoice,
        AP_ADJUSTMENT: {"vendor": {"id": "V100"}, **dated, "currency": MONEY, "lines": [
            {"glAccount": {"id": "6000"}, "txnAmount": "-5.00", "dimensions": WHERE}]},
        AR_ADJUSTMENT: {"customer": {"id": "C100"}, **dated, "txnCurrency": {"currency": "GBP"}, "lines": [
            {**credit, "txnCurrency": {"amount": "-5.00", "currency": "GBP"}}]},
        AP_PAYMENT: {**bank, "vendor": {"id": "V100"}, "paymentDate": "2026-10-03", "details": [
            {"bill": {"key": paid}, "txnCurrency": {"paymentAmount": "1.00"}}]},
        AR_PAYMENT: {**bank, "customer": {"id": "C100"}, "paymentSummary": {"receiptDate": "2026-10-03"},
                     "overpaymentTxnAmount": "2.00", "paymentDetails": [
                         {"arInvoice": {"key": settled}, "txnCurrency": {"paymentAmount": "1.00"}}]},
        ENTRY: {"glJournal": {"id": "GJ"}, "postingDate": "2026-10-01", "description": "d", "reverseDate": "2026-11-01",
                "tax": {"taxImplication": "none"}, "lines": [
                    {**side, "txnType": "debit", "glAccount": {"id": "6000"}, "currency": {"txnCurrency": "EUR"}},
                    {**side, "txnType": "credit", "glAccount": {"id": "1000"}}]},
        ORDER: {"vendor": {"id": "V100"}, "txnDate": "2026-10-01", "dueDate": "2026-10-31", "txnCurrency": "EUR",
                "state": "pending", "lines": [{"dimensions": WHERE, "unit": "Each", "unitQuantity": "2",
                                               "unitPrice": "3.10", "memo": "m"}]},
        CARD: {"creditCardAccount": {"id": "CARD"}, "txnDate": "2026-10-01", "payee": "p", "currency": MONEY,
               "isInclusiveTax": True, "lines": [{name: value for name, value in BOUGHT.items() if name != "memo"}]},
        "cash-management/other-receipt": {"financialEntity": {"id": "BOA"}, "postingDate": "2026-10-01",
                                          "paymentMethod": "cash", "lines": [SOLD]},
        "cash-management/funds-transfer": {"fromAccount": {"id": "BOA"}, "toAccount": {"id": "SAV"},
                                           "postingDate": "2026-10-01", "txnAmount": "9.00"},
        "cash-management/bank-feed": {"financialAccount": {"id": "BOA"}, "feedDate": "2026-10-01", "transactions": [
            {"postingDate": "2026-10-01", "txnType": "deposit", "amount": "1.00", "payee": "p"}]},
        "company-config/attachment": {"id": "a", "name": "n", "folder": {"id": "Documents"}, "files": [
            {"name": "f.txt", "data": "YQ=="}]},
        "expenses/employee-expense": {"employee": {"id": "EMP-10"}, "createdDate": "2026-10-01", "lines": [
            {"glAccount": {"id": "6080"}, "entryDate": "2026-10-01", "txnAmount": "1.00", "dimensions": WHERE}]},
    }  # fmt: skip


def spoiled(value: Any, dice: random.Random) -> Any:
    """The same body with one part of it replaced by something else."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        name = dice.choice(list(value))
        return {**value, name: spoiled(value[name], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        place = dice.randrange(len(value))
        return [*value[:place], spoiled(value[place], dice), *value[place + 1 :]]
    return dice.choice(WRONG)


@pytest.mark.parametrize("path", sorted(bodies(company())))
def test_a_spoiled_document_is_taken_or_refused_and_breaks_nothing(path: str) -> None:
    keeper, dice, obj = company(), random.Random(path), BY_PATH[path]  # noqa: S311 - no secrets
    body = bodies(keeper)[path]
    first = keeper.post(path, body)
    taken = refused = 0
    for _ in range(150):
        given = spoiled(body, dice)
        if not isinstance(given, dict):
            continue
        for before in (None, keeper.books.get(obj, first["key"])):
            try:
                saving.save(
                    keeper.books, obj, {**given, **({"id": None} if path.endswith("attachment") else {})}, before
                )
                taken += 1
            except SageError:
                refused += 1
    assert taken
    assert refused
    assert keeper.all(path)
    assert keeper.difference() == 0
