"""Money as whole numbers while the engine computes."""

from __future__ import annotations

from decimal import Decimal

UNITS = 1000
"""Internal whole units per one of any currency: every currency in use has at most three decimals."""


def to_units(amount: Decimal) -> int:
    """Exact whole units of an amount."""
    return int((amount * UNITS).to_integral_value())
