"""Exact money: Decimal, rounded half up to what the currency can pay."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

ZERO = Decimal(0)
HUNDRED = Decimal(100)
_STEPS = {"JPY": Decimal(1), "KRW": Decimal(1), "KWD": Decimal("0.001"), "BHD": Decimal("0.001")}
_CENT = Decimal("0.01")


def decimal(value: Any) -> Decimal:
    """A number or numeric text as Decimal. Raises ValueError for anything else."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise ValueError(f"{value!r} is not a number")
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error


def cents(value: Decimal, currency: str = "USD") -> Decimal:
    """Round half up to the smallest coin of the currency."""
    return value.quantize(_STEPS.get(currency, _CENT), ROUND_HALF_UP)
