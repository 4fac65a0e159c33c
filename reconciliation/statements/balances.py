"""The bank's balances against its lines: each day begins with what the day before left, and ends as the bank says."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reconciliation.statements.model import Balance, StatementRow

_ENOUGH = 0.5
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DayProof:
    """One day: what it began with, what moved, what it must end with, and what the bank says it ended with."""

    on: date
    opening: Decimal
    money_in: Decimal
    money_out: Decimal
    stated: Decimal | None
    stated_opening: Decimal | None = None

    @property
    def closing(self) -> Decimal:
        """The opening balance and the day's lines."""
        return self.opening + self.money_in - self.money_out

    @property
    def difference(self) -> Decimal | None:
        """The bank's figure less the computed one, of the closing or else the opening; None when it names neither."""
        gap = None if self.stated_opening is None else self.stated_opening - self.opening
        if self.stated is not None and not gap:
            return self.stated - self.closing
        return gap

    @property
    def is_proved(self) -> bool:
        """Whether the bank's own figure agrees."""
        return self.difference == 0


def prove(lines: Iterable[tuple[date, Decimal]], balances: Iterable[Balance]) -> list[DayProof]:
    """Day by day from the first balance on; empty without one.

    A day with a difference is followed by days that begin with the bank's figure, so that one gap is told once.
    """
    moved: dict[date, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for on, amount in lines:
        moved[on][amount < 0] += abs(amount)
    stated = _stated(balances)
    openings = {on: values[0] for on, values in stated.items() if values[0] is not None}
    closings = {on: values[1] for on, values in stated.items() if values[1] is not None}
    days = sorted(moved.keys() | openings.keys() | closings.keys())
    known = next((day for day in days if day in openings or day in closings), None)
    if known is None:
        return []
    current = openings.get(known)
    if current is None:
        current = closings[known] - moved[known][0] + moved[known][1]
    found = []
    for day in days[days.index(known) :]:
        money_in, money_out = moved[day]
        proof = DayProof(day, current, money_in, money_out, closings.get(day), openings.get(day))
        found.append(proof)
        # The next day begins with what the bank says, when it says it.
        gap = proof.difference or _ZERO
        current = proof.closing + gap
    return found


def _stated(balances: Iterable[Balance]) -> dict[date, tuple[Decimal | None, Decimal | None]]:
    """Of each day the first opening and the last closing balance, in the order they were said.

    Where several statements meet within a day, one ends with what the next begins with: that figure is of neither end.
    """
    said: dict[date, tuple[list[Decimal], list[Decimal]]] = defaultdict(lambda: ([], []))
    for each in balances:
        values = said[each.on][not each.is_opening]
        if each.amount in values:
            values.remove(each.amount)
        values.append(each.amount)
    for openings, closings in said.values():
        if len(openings) + len(closings) > 2:
            for amount in set(openings) & set(closings):
                openings.remove(amount)
                closings.remove(amount)
    return {
        on: (openings[0] if openings else None, closings[-1] if closings else None)
        for on, (openings, closings) in said.items()
    }


def running(rows: Sequence[StatementRow], after: Sequence[Decimal | None]) -> list[Balance]:
    """Balances of a table that writes the balance after each row, whichever end it begins at; else none.

    `after` is parallel to `rows`. A table of which most rows do not agree with any order says nothing.
    """
    known = [(row, balance) for row, balance in zip(rows, after, strict=True) if balance is not None]
    if not known:
        return []
    pairs = list(zip(known, known[1:], strict=False))
    down = sum(earlier[1] + later[0].amount == later[1] for earlier, later in pairs)
    up = sum(later[1] + earlier[0].amount == earlier[1] for earlier, later in pairs)
    if pairs and max(down, up) < _ENOUGH * len(pairs):
        return []
    in_time = known if down >= up else known[::-1]
    first, before = in_time[0]
    closings = {row.booked_on: balance for row, balance in in_time}
    return [
        Balance(first.booked_on, before - first.amount, is_opening=True),
        *(Balance(day, balance, is_opening=False) for day, balance in closings.items()),
    ]
