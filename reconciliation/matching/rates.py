"""Currency conversion by the rate of the day, or of the last day before it that has one."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from .model import FxRate

_STALE_DAYS = 10


class RateTable:
    """Rates against one common base; a currency without any rate is taken as the base itself."""

    def __init__(self, rates: Iterable[FxRate]) -> None:
        table: dict[str, dict[int, float]] = defaultdict(dict)
        for rate in rates:
            if rate.per_base > 0:
                table[rate.currency][rate.on.toordinal()] = float(rate.per_base)
        self._days = {c: sorted(by_day) for c, by_day in table.items()}
        self._rates = {c: [by_day[d] for d in self._days[c]] for c, by_day in table.items()}
        self._factors: dict[tuple[str, str, int], float | None] = {}

    @property
    def is_empty(self) -> bool:
        """True when nothing can be converted."""
        return not self._days

    def per_base(self, currency: str, day: int) -> float | None:
        """Units of the currency per one of the base on that day; None when the last rate is too old."""
        days = self._days.get(currency)
        if days is None:
            return 1.0 if self._days else None
        at = bisect_right(days, day) - 1
        if at < 0:
            at = 0
        return self._rates[currency][at] if abs(days[at] - day) <= _STALE_DAYS else None

    def factor(self, source: str, target: str, day: int) -> float | None:
        """What one unit of `source` is worth in `target`; None when unknown."""
        if source == target:
            return 1.0
        asked = (source, target, day)
        if asked not in self._factors:
            have, want = self.per_base(source, day), self.per_base(target, day)
            self._factors[asked] = want / have if have and want else None
        return self._factors[asked]
