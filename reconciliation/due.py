"""Until when somebody should have looked at something: from how much money it is, and how old it is already. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_DAYS = 365


class BandError(ValueError):
    """These bands say nothing that can be kept to; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Band:
    """From this amount on (in the figure of any currency), so many days after the day of the money."""

    least: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class Bands:
    """All bands, the largest amount first; what is late when it turns up gets `late_days` from then on."""

    bands: Sequence[Band]
    late_days: int


DEFAULT = Bands((Band(Decimal(10_000), 3), Band(Decimal(1_000), 7), Band(Decimal(0), 14)), late_days=2)


def due_on(amount: Decimal, since: date, raised_on: date, bands: Bands) -> date:
    """The day; never before `raised_on`, so that a late statement does not bring questions that were due last month."""
    days = next((band.days for band in bands.bands if abs(amount) >= band.least), bands.bands[-1].days)
    wanted = since + timedelta(days=days)
    return wanted if wanted >= raised_on else raised_on + timedelta(days=bands.late_days)


def read_bands(rows: Iterable[Mapping[str, Any]], late_days: int) -> Bands:
    """Bands from `[{"least": "1000", "days": 7}]`, in any order; BandError unless one of them begins at nothing."""
    found: dict[Decimal, int] = {}
    for row in rows:
        try:
            least, days = Decimal(str(row["least"])), int(row["days"])
        except (InvalidOperation, KeyError, TypeError, ValueError) as wrong:
            raise BandError("Every band needs an amount and a whole number of days.") from wrong
        if not least.is_finite() or not 0 <= least < Decimal("1e12") or not 0 <= days <= MOST_DAYS:
            raise BandError(f"Amounts begin at 0, and days go from 0 to {MOST_DAYS}.")
        if least in found:
            raise BandError(f"Two bands begin at {least}; keep one of them.")
        found[least] = days
    if Decimal(0) not in found:
        raise BandError("One band has to begin at 0, for everything that no other one takes.")
    if not 0 <= late_days <= MOST_DAYS:
        raise BandError(f"Days go from 0 to {MOST_DAYS}.")
    ordered = sorted(found.items(), reverse=True)
    return Bands(tuple(Band(least, days) for least, days in ordered), late_days)
