"""Bills, invoices, adjustments, entries and orders: what is written can be read, and posts what it says."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.sage_intacct.bookkeeping import (
    AP_ADJUSTMENT,
    AR_ADJUSTMENT,
    BILL,
    ENTRY,
    INVOICE,
    ORDER,
    Keeper,
    company,
    within,
)

STANDARD = "UK Purchase Goods Standard Rate"
SALE = "UK Sale Goods Standard Rate"


@pytest.fixture(scope="module")
def founded() -> Keeper:
    return company()


@pytest.fixture
def keeper(founded: Keeper) -> Keeper:
    """A UK company; every test has numbers of its own, and the books are open."""
    founded.books.company.close_through(None)
    return founded


def a_bill(number: str = "", **more: Any) -> dict[str, Any]:
    line = {"glAccount": {"id": "6000"}, "txnAmount": "100.00", "memo": "Jan",
            "dimensions": {"location": {"id": "110"}, "department": {"id": "10"}, "class": {"id": "C1"},
                           "project": {"id": "P-100"}, "customer": {"id": "C101"}, "vendor": {"id": "V100"},
                           "employee": {"id": "EMP-10"}, "item": {"id": "SEN-100"}, "nsp::CHANNEL": {"key": "10"}},
            "nsp::CONTRACT_REF": "CR-7", "hasForm1099": True, "project": {"isBillable": True}}  # fmt: skip
    return {"billNumber": number, "vendor": {"id": "V100"}, "referenceNumber": "OUR-1", "description": "January",
            "createdDate": "2026-10-01", "postingDate": "2026-10-02", "dueDate": "2026-10-31",
            "discountCutOffDate": "2026-10-10", "recommendedPaymentDate": "2026-10-20", "paymentPriority": "high",
            "isOnHold": True, "currency": {"baseCurrency": "GBP", "txnCurrency": "GBP"}, "isTaxInclusive": False,
            "nsp::PROJECT_CODE": "P7", "nsp::URGENT": True, "lines": [line], **more}  # fmt: skip


def an_invoice(number: str, **more: Any) -> dict[str, Any]:
    line = {"glAccount": {"id": "4000"}, "txnAmount": "100.40", "memo": "Work",
            "dimensions": {"location": {"id": "110"}}}  # fmt: skip
    return {"invoiceNumber": number, "customer": {"id": "C100"}, "invoiceDate": "2026-10-06", "dueDate": "2026-10-21",
            "referenceNumber": "OUR-2", "description": "Work", "lines": [line], **more}  # fmt: skip


def an_entry(*amounts: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    lines = [{"txnType": side, "txnAmount": amount, "glAccount": {"id": code}, "documentId": "d1", "description": "x",
              "dimensions": {"department": {"id": "10"}}} for side, amount, code in amounts]  # fmt: skip
    return {"glJournal": {"id": "GJ"}, "postingDate": "2026-10-31", "description": "Accrual", "referenceNumber": "R",
            "nsp::SOURCE_SYSTEM": "payroll", "lines": lines, **more}  # fmt: skip


def test_a_bill_is_read_as_it_was_written(keeper: Keeper) -> None:
    given = a_bill("B-1")
    made = keeper.post(BILL, given)
    assert within(given, made) == []
    assert (made["state"], made["recordType"], made["totalTxnAmount"], made["totalTxnAmountDue"]) == (
        "posted", "pi", "100.00", "100.00",
    )  # fmt: skip
    assert made["vendor"]["name"]
    assert made["vendor"]["href"] == f"/objects/accounts-payable/vendor/{made['vendor']['key']}"
    assert made["lines"][0]["bill"]["key"] == made["key"]
    assert made["lines"][0]["dimensions"]["nsp::CHANNEL"]["name"] == "Online"


def test_a_bill_posts_on_its_posting_date(keeper: Keeper) -> None:
    made = keeper.post(BILL, a_bill("B-2"))
    assert keeper.books.store.tables["bill"][made["key"]].body["on"] == "2026-10-02"
    moved = keeper.post(BILL, {name: value for name, value in a_bill("B-3").items() if name != "postingDate"})
    assert moved["postingDate"] == "2026-10-01"
    assert keeper.patch(BILL, moved["key"], {"createdDate": "2026-10-05"})["postingDate"] == "2026-10-05"


def test_tax_on_top_and_tax_inside_are_both_told(keeper: Keeper) -> None:
    entry = [{"purchasingTaxDetail": {"id": STANDARD}}]
    line = {"glAccount": {"id": "6000"}, "taxEntries": entry}
    net = keeper.post(BILL, a_bill("B-4", lines=[{**line, "txnAmount": "100.00"}]))
    assert net["totalTxnAmount"] == "120.00"
    assert net["lines"][0]["taxEntries"][0]["txnTaxAmount"] == "20.00"
    assert net["lines"][0]["taxEntries"][0]["taxRate"] == "20.00"
    gross = keeper.post(BILL, a_bill("B-5", isTaxInclusive=True, lines=[{**line, "totalTxnAmount": "120.00"}]))
    assert (gross["lines"][0]["txnAmount"], gross["totalTxnAmount"]) == ("100.00", "120.00")
    both = keeper.post(BILL, a_bill("B-6", isTaxInclusive=True, lines=[{**line, "txnAmount": "33.33"}]))
    assert (both["lines"][0]["txnAmount"], both["lines"][0]["totalTxnAmount"]) == ("33.33", "40.00")


def test_a_given_tax_amount_is_kept(keeper: Keeper) -> None:
    entry = [{"purchasingTaxDetail": {"id": STANDARD}, "txnTaxAmount": "19.99"}]
    given = a_bill("B-7", lines=[{"glAccount": {"id": "6000"}, "txnAmount": "100.00", "taxEntries": entry}])
    made = keeper.post(BILL, given)
    assert within(given, made) == []
    assert made["totalTxnAmount"] == "119.99"


def test_lines_are_changed_by_key_added_and_removed(keeper: Keeper) -> None:
    lines = [{"glAccount": {"id": "6000"}, "txnAmount": amount} for amount in ("10.00", "20.00", "30.00")]
    made = keeper.post(BILL, a_bill("B-8", lines=lines))
    first, second, third = (line["key"] for line in made["lines"])
    changed = keeper.patch(BILL, made["key"], {"lines": [
        {"key": first, "txnAmount": "11.00"}, {"key": second, "ia::operation": "delete"},
        {"glAccount": {"id": "6080"}, "txnAmount": "5.00"}]})  # fmt: skip
    assert [line["txnAmount"] for line in changed["lines"]] == ["11.00", "30.00", "5.00"]
    assert changed["lines"][1]["key"] == third
    assert changed["billNumber"] == "B-8"
    assert changed["totalTxnAmount"] == "46.00"


def test_a_bill_with_the_same_number_of_the_same_vendor_is_refused(keeper: Keeper) -> None:
    keeper.post(BILL, a_bill("B-9"))
    refused = keeper.refusal(BILL, a_bill("B-9"))
    assert "Another record with the value 'B-9'" in refused.last.message
    assert refused.status == 422
    assert keeper.post(BILL, a_bill("B-9", vendor={"id": "V101"}))["billNumber"] == "B-9"


def test_an_invoice_with_the_same_number_is_refused(keeper: Keeper) -> None:
    keeper.post(INVOICE, an_invoice("SI-77"))
    assert "Another record with the value 'SI-77'" in keeper.refusal(INVOICE, an_invoice("SI-77")).last.message


def test_wrong_references_are_named(keeper: Keeper) -> None:
    assert keeper.refusal(BILL, a_bill("X", vendor={"id": "NO"})).last.message == "Vendor 'NO' specified is not valid."
    line = {"glAccount": {"id": "6000"}, "txnAmount": "1.00", "dimensions": {"location": {"id": "NO"}}}
    assert keeper.refusal(BILL, a_bill("X", lines=[line])).last.message == "The location 'NO' is invalid."
    wrong = keeper.refusal(BILL, a_bill("X", lines=[{"glAccount": {"id": "9"}, "txnAmount": "1"}]))
    assert wrong.last.message == "Account 9 is not valid"
    assert "txn-currency" not in wrong.last.message
    assert "XXX" in keeper.refusal(BILL, a_bill("X", currency={"txnCurrency": "XXX"})).last.message


def test_an_account_may_demand_a_dimension_or_be_inactive(keeper: Keeper) -> None:
    account = {"id": "6999", "name": "Projects", "accountType": "incomeStatement", "normalBalance": "debit",
               "closingType": "closingAccount", "requireDimensions": {"department": True}}  # fmt: skip
    key = keeper.post("general-ledger/account", account)["key"]
    line = {"glAccount": {"id": "6999"}, "txnAmount": "1.00"}
    assert keeper.refusal(BILL, a_bill("X", lines=[line])).last.message == (
        "This transaction is missing the Department dimension for the Account 6999"
    )
    entry = an_entry(("debit", "1.00", "6999"), ("credit", "1.00", "1000"))
    entry["lines"][0]["dimensions"] = {}
    assert "missing the Department dimension" in keeper.refusal(ENTRY, entry).last.message
    named = {**line, "dimensions": {"department": {"id": "10"}}}
    assert keeper.post(BILL, a_bill("B-12", lines=[named]))["state"] == "posted"
    keeper.patch("general-ledger/account", key, {"status": "inactive"})
    assert "inactive" in keeper.refusal(BILL, a_bill("X", lines=[named])).last.message


def test_control_accounts_are_not_posted_to_directly(keeper: Keeper) -> None:
    refused = keeper.refusal(BILL, a_bill("X", lines=[{"glAccount": {"id": "2100"}, "txnAmount": "1.00"}]))
    assert refused.last.message.startswith("Direct posting to this account is not allowed")


def test_unknown_fields_and_wrong_values_are_refused_as_malformed(keeper: Keeper) -> None:
    assert keeper.refusal(BILL, a_bill("X", surprise=1)).status == 400
    assert keeper.refusal(BILL, a_bill("X", totalTxnAmount="1.00")).status == 400
    assert keeper.refusal(BILL, a_bill("X", createdDate="01/02/2026")).status == 400
    assert keeper.refusal(BILL, a_bill("X", **{"nsp::NOTHING": 1})).status == 400
    line = {"glAccount": {"id": "6000"}, "txnAmount": "ten"}
    assert keeper.refusal(BILL, a_bill("X", lines=[line])).status == 400


def test_a_closed_period_is_refused_in_intacct_words(keeper: Keeper) -> None:
    made = keeper.post(BILL, a_bill("B-10"))
    keeper.books.company.close_through(keeper.books.today.replace(month=10, day=31))
    assert keeper.refusal(BILL, a_bill("B-11")).last.message.startswith(
        "Periods are closed. Your transaction date (10/02/2026) is within a period that's been closed."
    )
    assert "Periods are closed" in keeper.refusal(BILL, {"description": "late"}, made["key"]).last.message


def test_what_is_required_is_said(keeper: Keeper) -> None:
    assert "vendor" in keeper.refusal(BILL, a_bill("X", vendor=None)).last.message
    assert "createdDate" in keeper.refusal(BILL, a_bill("X", createdDate=None)).last.message
    assert "dueDate" in keeper.refusal(BILL, a_bill("X", dueDate=None)).last.message
    assert "line item" in keeper.refusal(BILL, a_bill("X", lines=[])).last.message
    assert "glAccount" in keeper.refusal(BILL, a_bill("X", lines=[{"txnAmount": "1.00"}])).last.message


def test_a_due_date_follows_from_the_term(keeper: Keeper) -> None:
    made = keeper.post(INVOICE, an_invoice("SI-78", dueDate=None, term={"id": "Net 15"}))
    assert (made["dueDate"], made["term"]["id"]) == ("2026-10-21", "Net 15")


def test_contacts_of_a_document_are_contacts_of_the_company(keeper: Keeper) -> None:
    keeper.post("company-config/contact", {"id": "Front desk", "printAs": "Front desk"})
    given = a_bill("B-13", contacts={"payTo": {"id": "Front desk"}, "returnTo": {"id": "Front desk"}},
                   billSummary={"id": "12"})  # fmt: skip
    assert within(given, keeper.post(BILL, given)) == []
    assert "'Nobody'" in keeper.refusal(BILL, a_bill("X", contacts={"payTo": {"id": "Nobody"}})).last.message


def test_a_foreign_invoice_has_its_rate_and_both_amounts(keeper: Keeper) -> None:
    rate = {"date": "2026-10-06", "typeId": "Intacct Daily Rate", "rate": Decimal("0.85")}
    given = an_invoice("SI-79", currency={"txnCurrency": "EUR", "exchangeRate": rate})
    made = keeper.post(INVOICE, given)
    assert within(given, made) == []
    assert (made["totalTxnAmount"], made["totalBaseAmount"]) == ("100.40", "85.34")
    assert made["lines"][0]["baseAmount"] == "85.34"


def test_a_credit_memo_is_an_adjustment_with_negative_lines(keeper: Keeper) -> None:
    before = keeper.balance("1100")
    given = {"customer": {"id": "C100"}, "adjustmentNumber": "CM-X", "createdDate": "2026-10-28", "description": "back",
             "txnCurrency": {"currency": "GBP"}, "lines": [
                 {"txnCurrency": {"amount": "-120.03", "currency": "GBP"}, "glAccount": {"id": "4000"},
                  "taxEntries": [{"orderEntryTaxDetail": {"id": SALE}}]}]}  # fmt: skip
    made = keeper.post(AR_ADJUSTMENT, given)
    assert within(given, made) == []
    assert (made["totalTxnAmount"], made["totalTxnAmountDue"]) == ("-144.04", "-144.04")
    assert keeper.balance("1100") - before == Decimal("-144.04")
    assert "debit memos" in keeper.refusal(AR_ADJUSTMENT, {**given, "adjustmentNumber": "CM-Y", "lines": [
        {"txnCurrency": {"amount": "5.00"}, "glAccount": {"id": "4000"}}]}).last.message  # fmt: skip


def test_a_vendor_credit_is_an_adjustment_with_negative_lines_only(keeper: Keeper) -> None:
    lines = [{"glAccount": {"id": "6000"}, "txnAmount": amount} for amount in ("-150.00", "-10.00")]
    given = {"adjustmentNumber": "ADJ1", "vendor": {"id": "V100"}, "createdDate": "2026-10-05",
             "currency": {"baseCurrency": "GBP", "txnCurrency": "GBP"}, "lines": lines}  # fmt: skip
    made = keeper.post(AP_ADJUSTMENT, given)
    assert within(given, made) == []
    assert (made["totalTxnAmount"], made["state"], made["recordType"]) == ("-160.00", "posted", "pa")
    lines[1]["txnAmount"] = "10.00"
    mixed = keeper.refusal(AP_ADJUSTMENT, {**given, "adjustmentNumber": "ADJ2", "lines": lines})
    assert "either positive or negative" in mixed.last.message


def test_a_journal_entry_is_read_as_it_was_written(keeper: Keeper) -> None:
    given = an_entry(("debit", "200.00", "6000"), ("credit", "200.00", "1000"))
    made = keeper.post(ENTRY, given)
    assert within(given, made) == []
    assert (made["state"], made["moduleName"], made["reversedBy"]["key"]) == ("posted", "2.GL", None)
    assert [line["baseAmount"] for line in made["lines"]] == ["200.00", "200.00"]


def test_the_tax_of_an_entry_stands_on_the_side_of_its_line(keeper: Keeper) -> None:
    before = keeper.balance("2200")
    given = an_entry(("debit", "100.00", "6000"), ("credit", "119.99", "1000"), tax={
        "taxImplication": "inbound", "taxSolution": {"id": "UK - VAT"}})  # fmt: skip
    given["lines"][0]["taxEntries"] = [{"txnTaxAmount": "19.99", "taxDetail": {"id": STANDARD}}]
    assert within(given, keeper.post(ENTRY, given)) == []
    assert keeper.balance("2200") - before == Decimal("19.99")


def test_a_foreign_entry_has_its_rate_at_the_lines(keeper: Keeper) -> None:
    given = an_entry(("debit", "100.00", "6000"), ("credit", "100.00", "1000"))
    for line in given["lines"]:
        line["currency"] = {"txnCurrency": "EUR", "exchangeRate": {"date": "2026-10-31", "rate": Decimal("0.87")}}
    made = keeper.post(ENTRY, given)
    assert within(given, made) == []
    assert [line["baseAmount"] for line in made["lines"]] == ["87.00", "87.00"]


def test_debits_that_differ_from_credits_are_refused(keeper: Keeper) -> None:
    refused = keeper.refusal(ENTRY, an_entry(("debit", "200.00", "6000"), ("credit", "199.00", "1000")))
    assert [each.error_id for each in refused.details] == ["GL-0951", "GL-1009"]
    assert refused.last.message.startswith("Transactions do not balance")


def test_an_entry_must_balance_in_each_entity(keeper: Keeper) -> None:
    given = an_entry(("debit", "50.00", "6000"), ("credit", "50.00", "1000"))
    for line, entity in zip(given["lines"], ("100", "200"), strict=True):
        line["dimensions"] = {"location": {"id": entity}}
    assert keeper.refusal(ENTRY, given).last.message == "Transactions do not balance for Acme ,"
    assert within(given, keeper.post(ENTRY, {**given, "baseLocation": {"id": "100"}})) == []


def test_a_reversing_date_makes_the_opposite_entry(keeper: Keeper) -> None:
    before = keeper.balance("6000")
    made = keeper.post(ENTRY, an_entry(("debit", "70.00", "6000"), ("credit", "70.00", "1000"),
                                       reverseDate="2026-11-01"))  # fmt: skip
    other = keeper.get(ENTRY, made["reversedBy"]["key"])
    assert (other["postingDate"], other["reversedFromDate"]) == ("2026-11-01", "2026-10-31")
    assert [(line["txnType"], line["txnAmount"]) for line in other["lines"]] == [
        ("credit", "70.00"), ("debit", "70.00"),
    ]  # fmt: skip
    assert keeper.balance("6000") == before


def test_a_draft_entry_may_be_out_of_balance_and_posts_nothing(keeper: Keeper) -> None:
    before = keeper.balance("6000")
    made = keeper.post(ENTRY, an_entry(("debit", "70.00", "6000"), ("credit", "60.00", "1000"), state="draft"))
    assert made["state"] == "draft"
    assert keeper.balance("6000") == before


def test_a_purchase_order_is_read_as_it_was_written(keeper: Keeper) -> None:
    given = {"vendor": {"id": "V100"}, "txnDate": "2026-10-29", "dueDate": "2026-11-29", "referenceNumber": "OUR-4",
             "memo": "Sensors", "txnCurrency": "GBP", "baseCurrency": "GBP", "paymentTerm": {"id": "Net 30"},
             "taxSolution": {"id": "UK - VAT"}, "lines": [
                 {"dimensions": {"item": {"id": "SEN-100"}, "warehouse": {"id": "WH1"}, "location": {"id": "110"}},
                  "unit": "Each", "unitQuantity": "3", "unitPrice": "10.10", "memo": "for the roof"}]}  # fmt: skip
    made = keeper.post(ORDER, given)
    assert within(given, made) == []
    assert made["id"] == f"Purchase Order-{made['documentNumber']}"
    assert keeper.books.find(ORDER, {"id": made["id"]}).id == made["key"]
    assert made["href"] == f"/objects/purchasing/document::Purchase%20Order/{made['key']}"
    assert "document-line::Purchase%20Order/" in made["lines"][0]["href"]
    assert (made["state"], made["txnTotal"], made["lines"][0]["extendedPrice"]) == ("pending", "30.30", "30.30")
    closed = keeper.patch(ORDER, made["key"], {"state": "closed"})
    assert closed["state"] == "closed"
    assert "cannot be changed" in keeper.refusal(ORDER, {"lines": []}, made["key"]).last.message


def test_every_document_of_a_history_is_shown_and_saved_again_unchanged() -> None:
    busy = company(name="Busy", contacts=12, invoices=20, bills=15, payments=12, months=3, expenses=6, credit_notes=3,
                   vendor_credits=2, purchase_orders=4)  # fmt: skip
    before = busy.books.company.trial_balance()
    for path in (INVOICE, BILL, AR_ADJUSTMENT, AP_ADJUSTMENT, ENTRY, ORDER):
        shown = busy.all(path)
        assert shown
        for each in shown:
            same = busy.patch(path, each["key"], {})
            assert {**same, "audit": None, "lines": [{**line, "audit": None} for line in same["lines"]]} == {
                **each, "audit": None, "lines": [{**line, "audit": None} for line in each["lines"]],
            }  # fmt: skip
    assert busy.books.company.trial_balance() == before


def test_a_gross_amount_alone_is_taken_apart_where_tax_is_on_top(keeper: Keeper) -> None:
    line = {"glAccount": {"id": "6000"}, "totalTxnAmount": "120.00",
            "taxEntries": [{"purchasingTaxDetail": {"id": STANDARD}}]}  # fmt: skip
    made = keeper.post(BILL, a_bill("B-14", lines=[line]))
    assert (made["lines"][0]["txnAmount"], made["totalTxnAmount"]) == ("100.00", "120.00")
    changed = keeper.patch(BILL, made["key"], {"lines": [{"key": made["lines"][0]["key"], "taxEntries": []}]})
    assert (changed["lines"][0]["taxEntries"], changed["totalTxnAmount"]) == ([], "100.00")


def test_another_currency_brings_its_own_rate(keeper: Keeper) -> None:
    made = keeper.post(BILL, a_bill("B-15", currency={"txnCurrency": "EUR", "exchangeRate": {"rate": Decimal("0.9")}}))
    changed = keeper.patch(BILL, made["key"], {"currency": {"txnCurrency": "USD"}})
    assert changed["currency"]["exchangeRate"]["rate"] not in (1, Decimal("0.9"))
    assert "base currency" in keeper.refusal(BILL, a_bill("X", currency={"baseCurrency": "USD"})).last.message


@pytest.mark.parametrize(
    ("line", "status", "why"),
    [
        ({"txnType": "sideways"}, 422, "txnType 'sideways' is not valid"),
        ({"txnType": None}, 422, "txnType is missing"),
        ({"txnAmount": None}, 422, "txnAmount is missing"),
        ({"glAccount": None}, 422, "glAccount is missing"),
        ({"taxEntries": [{}, {}]}, 422, "one tax entry"),
        ({"dimensions": {"mood": {"id": "1"}}}, 400, "dimensions.mood"),
        ({"key": "999001"}, 404, "was not found"),
        ({"currency": {"txnCurrency": "EUR"}}, 422, "one currency"),
    ],
)
def test_a_wrong_line_of_an_entry_is_refused(keeper: Keeper, line: dict[str, Any], status: int, why: str) -> None:
    given = an_entry(("debit", "1.00", "6000"), ("credit", "1.00", "1000"))
    given["lines"][1]["currency"] = {"txnCurrency": "GBP"}
    given["lines"][0] |= line
    refused = keeper.refusal(ENTRY, given)
    assert refused.status == status
    assert why in refused.last.message


def test_an_entry_has_two_lines_and_a_reversal_after_it(keeper: Keeper) -> None:
    assert "two lines" in keeper.refusal(ENTRY, an_entry(("debit", "0", "6000"))).last.message
    early = an_entry(("debit", "1.00", "6000"), ("credit", "1.00", "1000"), reverseDate="2026-10-01")
    assert "after the posting date" in keeper.refusal(ENTRY, early).last.message
    assert keeper.refusal(ENTRY, {**early, "lines": "none"}).status == 400


def test_an_order_needs_items_quantities_and_prices(keeper: Keeper) -> None:
    line = {"dimensions": {"item": {"id": "SEN-100"}}, "unitQuantity": "1", "unitPrice": "2.50"}
    given = {"vendor": {"id": "V100"}, "txnDate": "2026-10-29", "paymentTerm": {"id": "Net 30"}, "lines": [line]}
    made = keeper.post(ORDER, given)
    assert (made["dueDate"], made["lines"][0]["unitPrice"], made["lines"][0]["unit"]) == ("2026-11-28", "2.50", "Each")
    for name in ("dimensions", "unitQuantity", "unitPrice"):
        rest = {each: value for each, value in line.items() if each != name}
        assert "is missing" in keeper.refusal(ORDER, {**given, "lines": [rest]}).last.message
    assert "dueDate" in keeper.refusal(ORDER, {**given, "paymentTerm": None}).last.message
    converted = {**line, "sourceDocumentLine": {"key": "1"}}
    assert "not converted" in keeper.refusal(ORDER, {**given, "lines": [converted]}).last.message
