"""VAT per rate, sales tax, overrides, other currencies."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.driver import Books, bill, paid, sale


def _lines(*amounts_and_codes: tuple[str, str], **more: Any) -> dict[str, Any]:
    body = sale(1, **more)
    body["Line"] = [sale(Decimal(amount), code=code)["Line"][0] for amount, code in amounts_and_codes]
    return body


def _id(books: Books, text: str) -> str:
    answer = books.query(text)
    return str(next(rows for rows in answer.values() if isinstance(rows, list))[0]["Id"])


def test_vat_is_rounded_once_per_rate_on_the_summed_net(uk: Books) -> None:
    made = uk.create("Invoice", _lines(("0.33", "1"), ("0.33", "1"), ("0.34", "1"), ("10.10", "2")))
    lines = made["TxnTaxDetail"]["TaxLine"]
    taxes = [(line["TaxLineDetail"]["NetAmountTaxable"], line["Amount"]) for line in lines]
    assert taxes == [(1, Decimal("0.2")), (Decimal("10.1"), Decimal("0.51"))]
    assert made["TotalAmt"] == Decimal("11.81")


def test_half_cents_of_tax_round_up(uk: Books) -> None:
    assert uk.create("Invoice", sale(Decimal("0.50"), code="2"))["TxnTaxDetail"]["TotalTax"] == Decimal("0.03")


def test_a_line_without_vat_code_is_refused(uk: Books) -> None:
    code, detail = uk.fault("invoice", sale(10))
    assert code == "6000"
    assert "Make sure all your transactions have a VAT rate before you save." in detail


def test_gross_amounts_are_split_so_that_they_add_up(uk: Books) -> None:
    body = sale(Decimal("99.99"), code="1", GlobalTaxCalculation="TaxInclusive")
    body["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] = Decimal("99.99")
    made = uk.create("Invoice", body)
    assert made["TotalAmt"] == Decimal("99.99")
    assert made["Line"][0]["Amount"] == Decimal("83.33")
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("16.66")
    assert made["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == Decimal("99.99")


def test_tax_lines_sent_override_what_would_be_computed(uk: Books) -> None:
    detail = {"TaxRateRef": {"value": "2"}, "PercentBased": False, "NetAmountTaxable": Decimal("100")}
    override = {"TaxLine": [{"Amount": Decimal("19.99"), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}]}
    made = uk.create("Invoice", sale(100, code="1", TxnTaxDetail=override))
    assert made["TotalAmt"] == Decimal("119.99")
    assert uk.difference() == 0


def test_no_tax_means_no_tax_detail(uk: Books) -> None:
    override = {"TaxLine": [{"Amount": 1, "TaxLineDetail": {"TaxRateRef": {"value": "1"}}}]}
    body = sale(10, GlobalTaxCalculation="NotApplicable")
    assert uk.create("Invoice", body)["TotalAmt"] == 10
    assert uk.fault("invoice", {**body, "TxnTaxDetail": override})[0] == "6170"


def test_input_tax_is_claimed_on_bills_and_reverse_charge_cancels_itself(uk: Books) -> None:
    vendor, account = _id(uk, "select * from Vendor"), _id(uk, "select * from Account where AcctNum = '6040'")
    vat = _id(uk, "select * from Account where AcctNum = '2200'")
    assert uk.create("Bill", bill(100, vendor=vendor, account=account, code="1"))["TotalAmt"] == 120
    assert uk.read("Account", vat)["CurrentBalance"] == 20
    code = _id(uk, "select * from TaxCode where Name = '20.0% RC'")
    assert uk.create("Bill", bill(100, vendor=vendor, account=account, code=code))["TotalAmt"] == 100
    assert uk.read("Account", vat)["CurrentBalance"] == 20


def test_us_sales_tax_is_the_companys_rate_on_taxable_lines(us: Books) -> None:
    made = us.create("Invoice", _lines(("100", "TAX"), ("50", "NON")))
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("7.75")
    assert made["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "2"}
    assert "GlobalTaxCalculation" not in us.create("Invoice", sale(1, GlobalTaxCalculation="TaxExcluded"))


def test_another_tax_code_on_the_header_brings_its_own_rates(us: Books) -> None:
    made = us.create("Invoice", sale(100, code="TAX", TxnTaxDetail={"TxnTaxCodeRef": {"value": "1"}}))
    assert made["TotalAmt"] == 100


def test_a_new_tax_code_is_made_with_its_rates_at_once(uk: Books) -> None:
    details = [{"TaxRateName": "Eco levy", "RateValue": "2.5", "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}]
    made = uk.post("taxservice/taxcode", {"TaxCode": "ECO", "TaxRateDetails": details})
    assert made["TaxCode"] == "ECO"
    invoice = uk.create("Invoice", sale(100, code=made["TaxCodeId"]))
    assert invoice["TotalAmt"] == Decimal("102.5")
    assert uk.fault("taxservice/taxcode", {"TaxCode": "eco", "TaxRateDetails": details})[0] == "6240"


def test_a_changed_rate_applies_to_new_documents_only(uk: Books) -> None:
    before = uk.create("Invoice", sale(100, code="1"))
    uk.control("changes", {"action": "change_tax_rate", "name": "20.0% S", "rate": "21"})
    assert uk.create("Invoice", sale(100, code="1"))["TotalAmt"] == 121
    assert uk.read("Invoice", before["Id"])["TotalAmt"] == 120
    rate = uk.query("select * from TaxRate where Id = '1'")["TaxRate"][0]
    assert (rate["RateValue"], len(rate["EffectiveTaxRate"])) == (21, 2)


def test_discounts_reduce_income_and_the_total(us: Books) -> None:
    body = sale(200, code="TAX", ApplyTaxAfterDiscount=True)
    discount = {"PercentBased": True, "DiscountPercent": 10}
    body["Line"].append({"DetailType": "DiscountLineDetail", "DiscountLineDetail": discount})
    made = us.create("Invoice", body)
    assert made["TotalAmt"] == Decimal("193.95")
    assert us.difference() == 0


def test_other_currencies_need_multicurrency(us: Books) -> None:
    assert us.fault("customer", {"DisplayName": "Euro SA", "CurrencyRef": {"value": "EUR"}})[0] == "6000"


@pytest.fixture
def euro(us: Books) -> Books:
    """The US company with a customer who pays in euro."""
    us.control("changes", {"action": "set_preferences", "data": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}})
    return us


def test_a_gain_between_invoice_and_payment_is_booked_as_exchange_gain(euro: Books) -> None:
    customer = euro.create("Customer", {"DisplayName": "Euro SA", "CurrencyRef": {"value": "EUR"}})["Id"]
    invoice = euro.create("Invoice", sale(100, customer=customer, code="NON", ExchangeRate=Decimal("1.10")))
    assert (invoice["CurrencyRef"]["value"], invoice["HomeTotalAmt"]) == ("EUR", 110)
    euro.create("Payment", paid(invoice, 100, ExchangeRate=Decimal("1.20")))
    rows = {row["name"]: row for row in euro.control("trial_balance")["accounts"]}
    assert rows["Exchange Gain or Loss"]["credit"] == "10.00"
    assert "Accounts Receivable (A/R)" not in rows
    assert euro.read("Customer", customer)["Balance"] == 0
    assert euro.difference() == 0


def test_rates_are_set_and_asked_for_by_day(euro: Books) -> None:
    euro.create("ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": Decimal("1.08"), "AsOfDate": "2026-01-01"})
    found = euro.get("exchangerate", sourcecurrencycode="EUR", asofdate="2026-06-30")["ExchangeRate"]
    assert (found["Rate"], found["TargetCurrencyCode"]) == (Decimal("1.08"), "USD")
