"""Tax as the ledger will compute it: per rate on the summed net, half up; or taken out of each gross line.

QuickBooks Online rounds once per rate on the sum of the nets it applies to; with inclusive amounts each line's net is
rounded and the tax is the rest, so that the gross stays exact.
"""

from collections.abc import Iterable
from decimal import Decimal

from mappings.transform.money import rounded

Rates = tuple[tuple[str, Decimal], ...]
"""(id of the component, percent)"""

_HUNDRED = Decimal(100)
_NONE = Decimal(0)


def percent_of(rates: Rates) -> Decimal:
    """The components' sum."""
    return sum((percent for _, percent in rates), _NONE)


def on_top(nets: Iterable[tuple[Decimal, Rates]], currency: str) -> Decimal:
    """Total tax on exclusive amounts: one rounding per rate."""
    sums: dict[tuple[str, Decimal], Decimal] = {}
    for net, rates in nets:
        for rate in rates:
            sums[rate] = sums.get(rate, _NONE) + net
    return sum((rounded(net * percent / _HUNDRED, currency) for (_, percent), net in sums.items()), _NONE)


def net_of(gross: Decimal, rates: Rates, currency: str) -> Decimal:
    """The net inside a gross amount; the tax is the difference."""
    return rounded(gross * _HUNDRED / (_HUNDRED + percent_of(rates)), currency)
