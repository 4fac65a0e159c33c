"""Tax as the ledger will compute it, half up: once per rate on the summed net, on every line, or once on the sum.

Which of these a ledger does stands in its manifest (`bookkeeping.tax_rounding`). QuickBooks Online rounds once per rate
on the sum of the nets it applies to; with inclusive amounts each line's net is rounded and the tax is the rest, so that
the gross stays exact. Xero rounds the tax of every line, exclusive or inclusive.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from mappings.transform.money import rounded

Rates = tuple[tuple[str, Decimal], ...]
"""(id of the component, percent)"""
Taxed = Sequence[tuple[Decimal, Rates]]

_HUNDRED = Decimal(100)
_NONE = Decimal(0)


def percent_of(rates: Rates) -> Decimal:
    """The components' sum."""
    return sum((percent for _, percent in rates), _NONE)


def on_top(taxed: Iterable[tuple[Decimal, Rates]], currency: str, rounding: str = "rate") -> Decimal:
    """Total tax on exclusive amounts."""
    if rounding == "line":
        return sum((rounded(net * percent_of(rates) / _HUNDRED, currency) for net, rates in taxed), _NONE)
    if rounding == "document":
        return rounded(sum((net * percent_of(rates) for net, rates in taxed), _NONE) / _HUNDRED, currency)
    sums: dict[tuple[str, Decimal], Decimal] = {}
    for net, rates in taxed:
        for rate in rates:
            sums[rate] = sums.get(rate, _NONE) + net
    return sum((rounded(net * percent / _HUNDRED, currency) for (_, percent), net in sums.items()), _NONE)


def inside(taxed: Taxed, currency: str, rounding: str = "rate") -> Decimal:
    """Total tax contained in inclusive amounts."""
    if rounding == "document":
        return rounded(sum((_inside(gross, rates) for gross, rates in taxed), _NONE), currency)
    return sum((gross - net_of(gross, rates, currency, rounding) for gross, rates in taxed), _NONE)


def net_of(gross: Decimal, rates: Rates, currency: str, rounding: str = "rate") -> Decimal:
    """The net inside a gross amount; the tax is the difference."""
    if rounding == "line":
        return gross - rounded(_inside(gross, rates), currency)
    return rounded(gross * _HUNDRED / (_HUNDRED + percent_of(rates)), currency)


def _inside(gross: Decimal, rates: Rates) -> Decimal:
    percent = percent_of(rates)
    return gross * percent / (_HUNDRED + percent)
