"""Named functions for the little that declarations cannot say. Each is pure, small and tested.

A hook receives the value at its field's path (the whole record without one), the context, and the options of its
declaration; it returns the unified value.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.engine.converters import Context

Hook = Callable[[Any, Context, Mapping[str, Any]], Any]


def compound_tax_rate(details: Any, context: Context, options: Mapping[str, Any]) -> Decimal | None:
    """The effective percent of a QuickBooks tax code: its rates in their order, some on the amount, some on tax.

    None when a rate is not known (the company's rates were not read along).
    """
    rates = context.lookups.get(options["lookup"], {})
    taxes: dict[int, Decimal] = {}
    for detail in sorted(details, key=lambda item: item.get("TaxOrder") or 0):
        rate = rates.get((detail.get("TaxRateRef") or {}).get("value"), {}).get("RateValue")
        if rate is None:
            return None
        order, below = detail.get("TaxOrder") or 0, detail.get("TaxOnTaxOrder")
        earlier = [tax for place, tax in taxes.items() if (place < order if below is None else place == below)]
        lower = sum(earlier, Decimal(0))
        base = {"TaxOnTax": lower, "TaxOnAmountPlusTax": 100 + lower}.get(detail.get("TaxTypeApplicable"), Decimal(100))
        taxes[order] = taxes.get(order, Decimal(0)) + base * Decimal(str(rate)) / 100
    return sum(taxes.values(), Decimal(0)).normalize() + 0 if taxes else Decimal(0)


def netsuite_tax_rate(record: Any, context: Context, options: Mapping[str, Any]) -> Decimal | None:
    """The percent of a NetSuite tax item or group, which is text such as `20.0%`; a Canadian group has two parts."""
    country = (record.get("nexusCountry") or {}).get("@internalId")
    parts = ("unitprice1", "unitprice2") if country == "CA" and record.get("unitprice1") else ("rate",)
    found = [percent(record.get(name), context, options) for name in parts]
    known = [each for each in found if each is not None]
    return sum(known, Decimal(0)) if known else None


def percent(value: Any, context: Context, options: Mapping[str, Any]) -> Decimal | None:
    """A percentage written as text: `7.25%`, `7.25`."""
    text = str(value or "").strip().removesuffix("%").strip()
    return Decimal(text).normalize() + 0 if text else None


HOOKS: Mapping[str, Hook] = {
    "netsuite_tax_rate": netsuite_tax_rate,
    "percent": percent,
    "compound_tax_rate": compound_tax_rate,
}
