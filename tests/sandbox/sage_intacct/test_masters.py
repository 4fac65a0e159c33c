"""Accounts, parties, items, taxes, dimensions, terms, currencies, bank accounts, budgets, custom fields."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.sage_intacct.driver import Intacct, connect

ACCOUNT = "general-ledger/account"
VENDOR = "accounts-payable/vendor"
CUSTOMER = "accounts-receivable/customer"
RATE = "company-config/exchange-rate"


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"accountType": "balanceSheet", "normalBalance": "debit"}, "current_asset"),
        ({"accountType": "balanceSheet", "normalBalance": "credit"}, "current_liability"),
        ({"accountType": "balanceSheet", "normalBalance": "credit", "closingType": "closedToAccount"}, "equity"),
        ({"accountType": "balanceSheet", "normalBalance": "credit", "alternativeGLAccount": "payablesAccount"},
         "payable"),
        ({"accountType": "incomeStatement", "normalBalance": "debit", "closingType": "closingAccount"}, "expense"),
        ({"accountType": "incomeStatement", "normalBalance": "credit"}, "income"),
    ],
)  # fmt: skip
def test_an_account_is_what_its_statement_and_side_say(intacct: Intacct, told: dict[str, Any], kind: str) -> None:
    made = intacct.made(ACCOUNT, {"id": "9100", "name": "Made", **told})
    assert {name: made[name] for name in told} == told
    record = next(each for each in intacct.world.organisation(intacct.id).store.live("account")
                  if each.id == made["key"])  # fmt: skip
    assert record.body["type"] == kind


def test_an_account_needs_an_id_of_its_own_and_a_name(intacct: Intacct) -> None:
    sides = {"accountType": "balanceSheet", "normalBalance": "debit"}
    assert intacct.refused("POST", f"objects/{ACCOUNT}", {"name": "x", **sides})[2] == "Required field id is missing."
    assert intacct.refused("POST", f"objects/{ACCOUNT}", {"id": "9", **sides})[2] == "Required field name is missing."
    assert "Another record" in intacct.refused("POST", f"objects/{ACCOUNT}", {"id": "1000", "name": "x", **sides})[2]
    wrong = {"id": "9", "name": "x", "accountType": "profit"}
    assert intacct.refused("POST", f"objects/{ACCOUNT}", wrong)[0] == 400


def test_a_bank_account_keeps_its_kind_when_its_name_changes(intacct: Intacct) -> None:
    key = intacct.query(ACCOUNT, "key", {"$eq": {"id": "1000"}})[0]["key"]
    intacct.patch(f"objects/{ACCOUNT}/{key}", {"name": "Main cash", "accountType": "balanceSheet",
                                                "normalBalance": "debit"})  # fmt: skip
    found = intacct.get(f"objects/{ACCOUNT}/{key}")
    assert (found["name"], found["accountCategory"]) == ("Main cash", "Cash and Cash Equivalents")


def test_a_vendor_has_a_default_contact_and_references_with_names(intacct: Intacct) -> None:
    made = intacct.made(VENDOR, {
        "id": "V-1", "name": "Acme", "term": {"id": "Net 30"}, "defaultExpenseGLAccount": {"id": "6000"},
        "creditLimit": 5000, "contacts": {"default": {"firstName": "Ann", "lastName": "Lee",
        "email1": "ann@acme.example", "phone1": "020",
        "mailingAddress": {"addressLine1": "1 Road", "city": "Leeds", "postCode": "LS1"}}},
    })  # fmt: skip
    assert made["term"]["name"] == "Net 30"
    assert made["defaultExpenseGLAccount"]["href"].startswith(f"/objects/{ACCOUNT}/")
    contact = made["contacts"]["default"]
    assert contact["id"] == "Acme(VV-1)"
    assert (contact["firstName"], contact["email1"], contact["mailingAddress"]["city"]) == (
        "Ann", "ann@acme.example", "Leeds",
    )  # fmt: skip
    intacct.patch(f"objects/{VENDOR}/{made['key']}", {"contacts": {"default": {"phone1": "030"}}})
    contact = intacct.get(f"objects/{VENDOR}/{made['key']}")["contacts"]["default"]
    assert (contact["phone1"], contact["firstName"], contact["mailingAddress"]["city"]) == ("030", "Ann", "Leeds")


def test_vendors_and_customers_may_share_names_and_ids(intacct: Intacct) -> None:
    one = intacct.made(VENDOR, {"id": "A1", "name": "Acme"})
    two = intacct.made(VENDOR, {"id": "A2", "name": "Acme"})
    three = intacct.made(CUSTOMER, {"id": "A1", "name": "Acme"})
    assert [each["name"] for each in (one, two, three)] == ["Acme"] * 3
    intacct.patch(f"objects/{VENDOR}/{two['key']}", {"name": "Acme Two"})
    assert intacct.get(f"objects/{VENDOR}/{two['key']}")["name"] == "Acme Two"
    assert intacct.refused("GET", f"objects/{CUSTOMER}/{one['key']}")[0] == 404


def test_a_party_knows_what_is_due(intacct: Intacct) -> None:
    key = intacct.made(VENDOR, {"id": "V-1", "name": "One"})["key"]
    bill = {"vendor": {"id": "V-1"}, "createdDate": "2026-01-21", "dueDate": "2026-02-20",
            "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "40.00"}]}  # fmt: skip
    first = intacct.made("accounts-payable/bill", {**bill, "billNumber": "1"})
    intacct.post("objects/accounts-payable/bill", {**bill, "billNumber": "2"})
    assert intacct.get(f"objects/{VENDOR}/{key}")["totalDue"] == "80.00"
    intacct.post("workflows/accounts-payable/bill/reverse", {"key": first["key"], "reverseDate": "2026-03-03"}, 200)
    assert intacct.get(f"objects/{VENDOR}/{key}")["totalDue"] == "40.00"


def test_a_vendor_without_an_id_is_numbered(intacct: Intacct) -> None:
    first, second = (intacct.made(VENDOR, {"name": name})["id"] for name in ("One", "Two"))
    assert first
    assert second
    assert first != second


def test_references_to_nothing_are_refused_in_the_words_of_their_kind(intacct: Intacct) -> None:
    assert intacct.refused("POST", f"objects/{VENDOR}", {"id": "V", "name": "V", "term": {"id": "N9"}})[2] == (
        "Term 'N9' specified is not valid."
    )
    wrong = {"id": "V", "name": "V", "defaultExpenseGLAccount": {"id": "77"}}
    assert intacct.refused("POST", f"objects/{VENDOR}", wrong)[2] == "Account 77 is not valid"


def test_an_item_has_prices_as_texts(intacct: Intacct) -> None:
    made = intacct.made("inventory-control/item", {
        "id": "I-1", "name": "Bolt", "itemType": "inventory", "sales": {"basePrice": "2.5"},
        "purchasing": {"standardCost": "1"},
    })  # fmt: skip
    assert (made["sales"]["basePrice"], made["purchasing"]["standardCost"]) == ("2.50", "1.00")
    wrong = {"id": "I-2", "name": "x", "itemType": "service"}
    assert intacct.refused("POST", "objects/inventory-control/item", wrong)[0] == 400


def test_tax_details_are_for_sales_or_for_purchases(intacct: Intacct) -> None:
    rows = intacct.query("tax/tax-detail", "id taxType taxPercent taxSolution.id glAccount.id")
    assert {row["taxType"] for row in rows} == {"sale", "purchase"}
    standard = next(row for row in rows if row["id"] == "UK Sale Goods Standard Rate")
    assert (standard["taxPercent"], standard["taxSolution.id"], standard["glAccount.id"]) == (
        "20.00", "UK - VAT", "2200",
    )  # fmt: skip
    made = intacct.made("tax/purchasing-tax-detail", {"id": "Half", "taxPercent": "10",
        "taxSolution": {"id": "UK - VAT"}, "glAccount": {"id": "2200"}})  # fmt: skip
    assert (made["taxType"], made["taxPercent"]) == ("purchase", "10.00")
    assert intacct.refused("GET", f"objects/tax/order-entry-tax-detail/{made['key']}")[0] == 404


def test_locations_include_the_entities(intacct: Intacct) -> None:
    locations = {row["id"] for row in intacct.query("company-config/location", "id")}
    entities = {row["id"] for row in intacct.query("company-config/entity", "id")}
    assert entities == {"100", "200"}
    assert entities < locations
    assert "Another record" in intacct.refused("POST", "objects/company-config/location", {"id": "100", "name": "x"})[2]


def test_departments_have_parents(intacct: Intacct) -> None:
    made = intacct.made("company-config/department", {"id": "11", "name": "Warehouse", "parent": {"id": "10"}})
    assert made["parent"]["name"] == "Operations"


def test_terms_of_payables_and_receivables_are_two_lists(intacct: Intacct) -> None:
    intacct.post("objects/accounts-payable/term", {"id": "N45", "due": {"days": 45}})
    assert intacct.query("accounts-payable/term", "id due.days", {"$eq": {"id": "N45"}})[0]["due.days"] == 45
    assert intacct.query("accounts-receivable/term", "id", {"$eq": {"id": "N45"}}) == []


def test_a_new_rate_is_used_from_its_day(intacct: Intacct) -> None:
    intacct.post("objects/company-config/txn-currency", {"id": "USD"})
    made = intacct.made(RATE, {"exchangeRateType": {"id": "Intacct Daily Rate"}, "fromCurrency": "USD",
        "toCurrency": "GBP", "lines": [{"effectiveStartDate": "2020-01-01", "rate": "0.8"}]})  # fmt: skip
    line = {"exchangeRate": {"key": made["key"]}, "effectiveStartDate": "2026-01-15", "rate": "0.75"}
    intacct.post("objects/company-config/exchange-rate-line", line)
    rows = intacct.query(
        "company-config/exchange-rate-line",
        "rate effectiveStartDate",
        {"$eq": {"exchangeRate.fromCurrency": "USD"}},
        orderBy=[{"effectiveStartDate": "desc"}],
    )
    assert [Decimal(str(row["rate"])) for row in rows] == [Decimal("0.75"), Decimal("0.8")]
    intacct.post(f"objects/{VENDOR}", {"id": "V-US", "name": "US", "currency": "USD"})
    bill = {"billNumber": "1", "vendor": {"id": "V-US"}, "createdDate": "2026-01-20", "dueDate": "2026-02-20",
            "currency": {"baseCurrency": "GBP", "txnCurrency": "USD"},
            "lines": [{"glAccount": {"id": "6000"}, "txnAmount": "100.00"}]}  # fmt: skip
    made = intacct.made("accounts-payable/bill", bill)
    assert (made["totalTxnAmount"], made["totalBaseAmount"]) == ("100.00", "75.00")


def test_a_party_in_a_currency_the_company_has_not_is_refused(intacct: Intacct) -> None:
    assert intacct.refused("POST", f"objects/{VENDOR}", {"id": "V", "name": "V", "currency": "CHF"})[0] == 422


def test_bank_accounts_and_cards_stand_over_ledger_accounts(intacct: Intacct) -> None:
    made = intacct.made("cash-management/checking-account", {"id": "EUR1", "name": "Euro account",
                                                             "glAccount": {"id": "1210"}})  # fmt: skip
    assert (made["glAccount"]["id"], made["currency"], made["type"]) == ("1210", "GBP", "checking")
    assert {row["id"] for row in intacct.query("cash-management/bank-account", "id")} == {"BOA", "SAV", "EUR1"}
    assert [row["id"] for row in intacct.query("cash-management/credit-card-account", "id")] == ["CARD"]
    assert intacct.refused("POST", "objects/cash-management/checking-account", {"id": "X"})[0] == 422


def test_a_budget_is_told_by_reporting_periods(intacct: Intacct) -> None:
    period = intacct.query("general-ledger/reporting-period", "id startDate", size=1)[0]
    made = intacct.made("general-ledger/budget", {"id": "B26", "description": "Plan", "lines": [
        {"glAccount": {"id": "6000"}, "reportingPeriod": {"id": period["id"]}, "amount": "1000",
         "dimensions": {"department": {"id": "10"}}}]})  # fmt: skip
    line = made["lines"][0]
    assert (line["amount"], line["reportingPeriod"]["startDate"]) == ("1000.00", period["startDate"])
    assert line["dimensions"]["department"]["name"] == "Operations"


def test_custom_fields_are_checked_by_their_type(intacct: Intacct) -> None:
    customer = {"id": "C-1", "name": "One"}
    made = intacct.made(CUSTOMER, {**customer, "nsp::SEGMENT": "Public"})
    assert made["nsp::SEGMENT"] == "Public"
    customer["id"] = "C-2"
    assert "not valid" in intacct.refused("POST", f"objects/{CUSTOMER}", {**customer, "nsp::SEGMENT": "Nobody"})[2]
    assert intacct.refused("POST", f"objects/{CUSTOMER}", {**customer, "nsp::COLOUR": "red"})[:2] == (
        400, "invalidRequest",
    )  # fmt: skip
    vendor = {"id": "V-1", "name": "One", "nsp::RISK_REVIEWED_ON": "yesterday"}
    assert "not a valid date" in intacct.refused("POST", f"objects/{VENDOR}", vendor)[2]


def test_who_made_a_record_is_a_user_of_the_company(intacct: Intacct) -> None:
    audit = intacct.made(VENDOR, {"id": "V-1", "name": "One"})["audit"]
    user = intacct.get(audit["createdByUser"]["href"].lstrip("/"))
    assert (user["key"], user["id"]) == (audit["createdBy"], audit["createdByUser"]["id"])
    assert [row["userType"] for row in intacct.query("company-config/user", "userType")] == ["business", "webServices"]


def test_an_american_company_has_no_vat(intacct: Intacct) -> None:
    american = connect(intacct.client, country="US", currency="USD", name="US Company")
    assert [row["taxType"] for row in american.query("tax/tax-detail", "taxType")] == ["sale"]
