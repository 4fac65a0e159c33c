"""The pure transformation: sums hold, tax is the ledger's, every choice is explained."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.transform import Book, Document, Key, Rule, Target, apply
from mappings.transform.tax import net_of, on_top

SALES = Target("1", "4000 Sales", kind="income")
COST = Target("2", "6100 Travel", kind="expense")
CARD = Target("3", "2100 Card", kind="credit_card", currency="GBP")
VAT20 = Target("9", "20% VAT", kind="both", rates=(("r20", Decimal(20)),))
MEANT = {
    ("category", "sales", "Consulting"): SALES,
    ("category", "purchases", "Travel"): COST,
    ("payment_method", "purchases", "visa"): CARD,
    ("tax_code", "sales", "V20"): VAT20,
    ("tax_code", "purchases", "V20"): VAT20,
}


def book_of(targets: dict[Key, Target], version: int = 1) -> Book:
    """A book of exact pairs."""
    return Book(version, [Rule(*key, target) for key, target in targets.items()])


BOOK = Book(
    3,
    book_of(MEANT).rules,
    {("category", "sales", "Consulting"): (("44", "4100 Other", "version 2 meant this"),)},
)


def body(**changes: Any) -> dict[str, Any]:
    """A sale of 100.00 + 20.00 that maps."""
    found: dict[str, Any] = {
        "kind": "sale",
        "number": "S-1",
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "currency": "GBP",
        "tax_mode": "exclusive",
        "counterparty": {"name": "Blue Ltd"},
        "lines": [{"category": "Consulting", "tax_code": "V20", "amount": "100.00", "description": "Day"}],
        "tax_total": "20.00",
        "total": "120.00",
    }
    return found | changes


def result_of(**changes: Any) -> Any:
    return apply(BOOK, Document.from_body(body(**changes)))


def codes(result: Any) -> list[str]:
    return [problem.code for problem in result.problems]


def test_a_sale_becomes_an_invoice_with_the_mapped_account_and_tax() -> None:
    result = result_of()
    assert result.resource == "invoices"
    assert not result.problems
    line = result.payload["lines"][0]
    assert line["account"] == {"id": "1", "name": "4000 Sales"}
    assert line["tax_rate"] == {"id": "9", "name": "20% VAT"}
    assert (result.payload["subtotal"], result.payload["tax_total"], result.payload["total"]) == (100, 20, 120)


def test_each_choice_names_its_rule_version_and_what_lost() -> None:
    account = result_of().trace[0].as_dict()
    assert account["version"] == 3
    assert "Consulting" in account["rule"]
    assert account["alternatives"] == [{"target": "4100 Other", "lost_because": "version 2 meant this"}]


def test_a_missing_word_is_a_problem_that_names_it_and_gives_no_payload() -> None:
    result = result_of(lines=[{"category": "Mystery", "tax_code": "V20", "amount": "100.00"}])
    assert result.payload is None
    assert [(p.code, p.subject, p.side, p.value) for p in result.problems] == [
        ("missing_mapping", "category", "sales", "Mystery")
    ]


def test_a_total_that_does_not_add_up_is_refused_with_the_difference() -> None:
    result = result_of(total="121.00")
    assert codes(result) == ["does_not_add_up"]
    assert result.problems[0].cause == "document"
    assert "1.00 GBP" in result.problems[0].text


def test_one_cent_of_rounding_is_tolerated() -> None:
    assert not result_of(tax_total="20.01", total="120.01").problems


def test_tax_that_differs_from_the_mapped_rate_waits_for_the_mapping() -> None:
    result = result_of(tax_total="5.00", total="105.00")
    assert codes(result) == ["tax_differs"]
    assert (result.problems[0].cause, result.problems[0].value) == ("mapping", "V20")
    assert "-15.00 GBP" in result.problems[0].text


def test_without_the_sources_tax_the_computed_one_must_reach_the_total() -> None:
    assert not result_of(tax_total=None).problems
    assert codes(result_of(tax_total=None, total="119.00")) == ["does_not_add_up"]


def test_inclusive_lines_are_split_so_that_the_gross_stays_exact() -> None:
    lines = [{"category": "Consulting", "tax_code": "V20", "amount": "9.99"}] * 3
    result = result_of(tax_mode="inclusive", lines=lines, tax_total="4.98", total="29.97")
    assert not result.problems
    assert [line["amount"] for line in result.payload["lines"]] == [Decimal("8.33")] * 3
    assert result.payload["tax_total"] == Decimal("4.98")


def test_an_expense_is_paid_from_the_account_of_its_payment_method() -> None:
    lines = [{"category": "Travel", "tax_code": "V20", "amount": "100.00"}]
    result = result_of(kind="expense", payment_method="visa", lines=lines)
    assert result.resource == "expenses"
    assert result.payload["account"]["id"] == "3"
    assert result.payload["payment_type"] == "credit_card"
    assert "due_on" not in result.payload


def test_an_account_of_the_wrong_type_or_currency_does_not_fit() -> None:
    wrong = book_of({**MEANT, ("category", "sales", "Consulting"): COST})
    assert [p.code for p in apply(wrong, Document.from_body(body())).problems] == ["unfit_mapping"]
    lines = [{"category": "Travel", "tax_code": "V20", "amount": "100.00"}]
    foreign = result_of(kind="expense", payment_method="visa", lines=lines, currency="USD")
    assert "currency is GBP" in foreign.problems[0].text


def test_an_inactive_or_deleted_target_does_not_fit() -> None:
    sales = Target("1", "4000 Sales", kind="income")
    for gone in (replace(sales, is_active=False), replace(sales, is_present=False)):
        book = book_of({**MEANT, ("category", "sales", "Consulting"): gone})
        assert [p.code for p in apply(book, Document.from_body(body())).problems] == ["unfit_mapping"]


def test_a_line_whose_product_is_a_cent_off_is_sent_by_amount_alone() -> None:
    line = {"category": "Consulting", "tax_code": "V20", "amount": "100.00"}
    exact = result_of(lines=[line | {"quantity": "4", "unit_price": "25.00"}])
    assert exact.payload["lines"][0]["quantity"] == 4
    off = result_of(lines=[line | {"quantity": "3", "unit_price": "33.33"}])
    assert "quantity" not in off.payload["lines"][0]
    assert codes(result_of(lines=[line | {"quantity": "3", "unit_price": "30"}])) == ["line_does_not_multiply"]


amounts = st.decimals(min_value="0.01", max_value="99999.99", places=2)
percents = st.sampled_from([Decimal(each) for each in ("0", "5", "8.875", "19", "20", "25")])


@given(st.lists(amounts, min_size=1, max_size=8), percents)
def test_tax_on_top_is_rounded_once_per_rate_on_the_summed_net(nets: list[Decimal], percent: Decimal) -> None:
    rates = (("r", percent),)
    exact = sum(nets) * percent / 100
    assert abs(on_top([(net, rates) for net in nets], "GBP") - exact) <= Decimal("0.005")


@given(st.lists(amounts, min_size=1, max_size=8), percents, st.sampled_from(["GBP", "JPY", "KWD"]))
def test_what_an_inclusive_document_is_split_into_adds_up_to_its_total(
    amounts_in: list[Decimal], percent: Decimal, currency: str
) -> None:
    if currency == "JPY":
        amounts_in = [max(Decimal(1), amount.to_integral_value()) for amount in amounts_in]
    target = Target("9", "VAT", kind="both", rates=(("r", percent),))
    book = book_of({**MEANT, ("tax_code", "sales", "V"): target})
    lines = [{"category": "Consulting", "tax_code": "V", "amount": str(amount)} for amount in amounts_in]
    total = str(sum(amounts_in))
    sent = body(tax_mode="inclusive", lines=lines, tax_total=None, total=total, currency=currency)
    result = apply(book, Document.from_body(sent))
    assert result.payload is not None
    assert result.payload["subtotal"] + result.payload["tax_total"] == Decimal(total)
    assert all(line["amount"] >= 0 for line in result.payload["lines"])


@pytest.mark.parametrize(("gross", "net"), [("120.00", "100.00"), ("0.03", "0.03"), ("9.99", "8.33")])
def test_the_net_inside_a_gross_amount_is_rounded_half_up(gross: str, net: str) -> None:
    assert net_of(Decimal(gross), (("r", Decimal(20)),), "GBP") == Decimal(net)
