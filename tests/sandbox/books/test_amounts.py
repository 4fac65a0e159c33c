"""Tax and totals to the coin, in currencies with none, two and three decimals; realised exchange differences."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sandbox.books.company import BooksError
from tests.sandbox.books.firm import found_firm

COINS = {"JPY": Decimal(1), "GBP": Decimal("0.01"), "KWD": Decimal("0.001")}
FIRM = found_firm()
PRICES = st.decimals(min_value="0.01", max_value="5000", places=3)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(COINS)), st.lists(PRICES, min_size=1, max_size=4), st.integers(1, 9), st.booleans())
def test_net_and_tax_make_the_total_to_the_coin(
    currency: str, prices: list[Decimal], quantity: int, inside: bool
) -> None:
    coin = COINS[currency]
    lines = [
        {"account": FIRM.account("4000"), "quantity": quantity, "price": price, "tax": FIRM.made.taxes["20%"]}
        for price in prices
    ]
    body = FIRM.invoice(lines=lines, currency=currency, tax_mode="inclusive" if inside else "exclusive").body
    amounts = [(quantity * price).quantize(coin, ROUND_HALF_UP) for price in prices]
    assert [line["amount"] for line in body["lines"]] == amounts
    share = Decimal(20) / (120 if inside else 100)
    assert body["tax_total"] == sum((amount * share).quantize(coin, ROUND_HALF_UP) for amount in amounts)
    assert body["total"] == body["subtotal"] + body["tax_total"]
    assert body["total"] == sum(amounts) + (0 if inside else body["tax_total"])
    assert all(value % coin == 0 for value in (body["total"], body["subtotal"], body["tax_total"]))


def test_a_discount_comes_off_before_tax() -> None:
    line = FIRM.line(None, tax="20%", quantity=3, price=Decimal("33.33"), discount_percent=10)
    body = FIRM.invoice(lines=[line]).body
    assert (body["subtotal"], body["tax_total"]) == (Decimal("89.99"), Decimal("18.00"))


def test_the_parts_of_a_tax_rate_add_up_and_a_reverse_charge_adds_nothing() -> None:
    assert FIRM.invoice(100, tax="Split").body["tax_total"] == Decimal("8.25")
    assert FIRM.invoice(100, tax="Reverse").body["tax_total"] == 0


def test_a_tax_amount_given_is_kept_and_an_amount_that_contradicts_is_refused() -> None:
    assert FIRM.invoice(lines=[FIRM.line(100, tax="20%", tax_amount=Decimal("19.99"))]).body["total"] == Decimal(
        "119.99"
    )
    with pytest.raises(BooksError) as caught:
        FIRM.invoice(lines=[FIRM.line(100, quantity=2, price=49)])
    assert (caught.value.code, caught.value.field) == ("amount_mismatch", "lines[0].amount")


def test_a_kept_line_is_computed_again_when_its_quantity_changes() -> None:
    invoice = FIRM.invoice(lines=[FIRM.line(None, tax="20%", quantity=1, price=10)])
    line = {**invoice.body["lines"][0], "quantity": 3}
    changed = FIRM.company.save("invoice", {**invoice.body, "lines": [line]}, invoice.id)
    assert (changed.body["total"], changed.extra["version"]) == (36, 2)


def test_the_difference_between_two_rates_is_exchange() -> None:
    firm = found_firm()
    invoice = firm.invoice(100, currency="EUR", rate=Decimal("0.85"))
    firm.pay(invoice, 100, rate=Decimal("0.90"))
    assert firm.company.balance(firm.account("1100")) == 0
    assert firm.company.balance(firm.account("8100")) == Decimal("-5.00")
    assert firm.difference() == 0
