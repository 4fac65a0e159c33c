"""How two amounts can belong together: equal, rounded, short by a fee, discounted, more, part of it, or in another
currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from .model import Tolerances
from .units import UNITS, to_units

# A percentage and, within a word or two, the days: "2/10", "2% 10", "2,5 % Skonto 10 Tage".
_TERMS = re.compile(r"(?<![\d.,/-])(\d{1,2}(?:[.,]\d+)?)\s*(?:/|%(?:\s*[^\W\d]+){0,2})\s*\d{1,3}\b")
_COMMON_DISCOUNTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
_MOST_DISCOUNT = 0.0501


@dataclass(frozen=True, slots=True)
class Limits:
    """Tolerances in whole units."""

    short_abs: int
    short_share: float
    rounding: int
    over_share: float
    fx_share: float


def limits(tolerances: Tolerances) -> Limits:
    """Tolerances of a tenant as whole units and fractions."""
    return Limits(
        to_units(tolerances.short_max_abs),
        float(tolerances.short_max_pct) / 100,
        to_units(tolerances.rounding_abs),
        float(tolerances.over_max_pct) / 100,
        float(tolerances.fx_max_pct) / 100,
    )


@lru_cache(maxsize=16384)
def agreed_discounts(memo: str) -> tuple[float, ...]:
    """The percentages that a memo's terms grant for paying early (“2/10 net 30”, “2,5 % Skonto 10 Tage”)."""
    has_terms = "/" in memo or "%" in memo
    return tuple(float(p.replace(",", ".")) for p in _TERMS.findall(memo)) if has_terms else ()


def relation(paid: int, owed: int, granted: Sequence[float], limit: Limits) -> str | None:
    """Name how a payment relates to an open amount in the same currency; None when it cannot settle it.

    exact, rounding, discount (`granted` percentages), usual_discount, short, transposed, over, partial.
    """
    if (paid > 0) != (owed > 0) or not owed:
        return None
    have, want = abs(paid), abs(owed)
    gap = want - have
    if not gap:
        return "exact"
    if abs(gap) <= limit.rounding:
        return "rounding"
    if gap < 0:
        if is_transposed(have, want):
            return "transposed"
        return "over" if -gap <= max(limit.over_share * want, limit.rounding) else None
    discount = discount_kind(gap, want, granted)
    if discount:
        return discount
    if gap <= limit.short_abs and gap <= max(limit.short_share, 0.0) * want:
        return "short"
    return "transposed" if is_transposed(have, want) else "partial"


def discount_kind(gap: int, want: int, granted: Sequence[float]) -> str | None:
    """`discount` when exactly this percentage was granted, `usual_discount` when it is a usual one, to the cent."""
    cent = UNITS // 100
    for percent in granted:
        if abs(gap - want * percent / 100) <= cent:
            return "discount"
    if 5 * cent < gap <= want * _MOST_DISCOUNT:
        for percent in _COMMON_DISCOUNTS:
            if abs(gap - want * percent / 100) <= 0.6 * cent:
                return "usual_discount"
    return None


def is_transposed(have: int, want: int) -> bool:
    """True when two neighbouring digits were swapped while typing."""
    if (have - want) % 9 or len(a := str(have)) != len(b := str(want)):
        return False
    wrong = [i for i in range(len(a)) if a[i] != b[i]]
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and a[wrong[0]] == b[wrong[1]] and a[wrong[1]] == b[wrong[0]]


def to_decimal(units: int) -> Decimal:
    """Whole units back to an amount with at least two decimals."""
    return Decimal(units // 10).scaleb(-2) if units % 10 == 0 else Decimal(units).scaleb(-3)
