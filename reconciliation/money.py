"""Amounts for people: grouped, with the currency's own number of decimals, and always with its code. Pure."""

from decimal import ROUND_FLOOR, Decimal
from functools import cache

from babel.numbers import format_decimal, get_currency_precision


@cache
def _places(currency: str) -> int:
    return get_currency_precision(currency) if currency else 2


def figure(amount: Decimal, currency: str) -> str:
    """Such as "-1,234.50"; more decimals than the currency has are shown, never rounded away."""
    places = _places(currency)
    if amount != round(amount, places):
        return format_decimal(amount, "#,##0.00####", locale="en_GB")
    return f"{amount:,.{places}f}"


def money(amount: Decimal, currency: str) -> str:
    """Such as "-1,234.50 EUR"."""
    return f"{figure(amount, currency)} {currency}"


def percent(share: Decimal) -> str:
    """A probability for people, such as "99.5 %"; rounded down, so that nothing looks more certain than it is."""
    thousandths = (share * 1000).to_integral_value(rounding=ROUND_FLOOR)
    return f"{(thousandths / 10).normalize():f} %"


def plain(amount: Decimal) -> Decimal:
    """The same amount with two decimals, or more where it needs them: what is sent to a ledger."""
    short = round(amount, 2)
    return short if short == amount else amount.normalize()
