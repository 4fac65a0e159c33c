"""One bank line for many payments that were booked one by one: payment runs to suppliers, and deposits."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, insort
from collections import defaultdict
from operator import attrgetter

from .books import Books, Item, Row
from .evidence import text_features
from .hypothesis import Hypothesis
from .names import leaders
from .sums import FULL_SEARCH, SubsetSums, windows
from .units import UNITS

_DAYS_BACK = 5
_LONGEST = 40
_KEEP = 5
_NEAR_LIMIT = 120
_DEPOSIT_DAYS = 8
_DEPOSITOR = 0.5


class _Day:
    """The payments of one day, ready to be asked which of them make an amount."""

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items
        self._values = [i.open for i in items]
        self._total = sum(self._values)
        is_small = len(items) <= FULL_SEARCH - 2
        self._sums = SubsetSums(self._values, range(2, len(items) + 1) if is_small else range(1, 5))

    def sets(self, amount: int) -> list[tuple[int, ...]]:
        """Small days completely; of busy days all but up to four, or a contiguous run."""
        if len(self.items) < 2 or self._total > amount:
            return []
        if len(self.items) <= FULL_SEARCH - 2:
            found = self._sums.find(amount, most=_KEEP)
        else:
            everything = frozenset(range(len(self.items)))
            without = self._sums.find(self._total - amount, most=_KEEP)
            found = [tuple(sorted(everything - set(left))) for left in without]
            found += [tuple(range(s, e)) for s, e in windows(self._values, amount, longest=_LONGEST) if e - s > 1]
        return [tuple(self.items[i].index for i in chosen) for chosen in found]


class Runs:
    """Open supplier payments by booking day and by shared reference."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._payments: dict[str, list[Item]] = defaultdict(list)
        self._deposited: dict[tuple[int, str], list[Item]] = defaultdict(list)
        self._by_reference: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in books.items:
            self._keep(item)
        self._near: dict[tuple[str, int], list[_Day]] = {}
        self._known: dict[tuple[int, ...], _Day] = {}
        self._sums: dict[tuple[str, int], list[list[Item]]] | None = None

    def add(self, item: Item) -> None:
        """Take one more entry in."""
        if self._keep(item):
            self.forget()

    def forget(self) -> None:
        """Look again at what is open, after entries came or went."""
        self._near.clear()
        self._known.clear()
        self._sums = None

    def _keep(self, item: Item) -> bool:
        is_one = item.open < 0 and item.entry.kind == "payment"
        if is_one:
            insort(self._payments[item.entry.currency], item, key=attrgetter("day"))
            if item.entry.reference:
                self._by_reference[item.entry.currency, item.entry.reference].append(item)
        elif item.open > 0 and item.entry.kind == "payment":
            insort(self._deposited[item.contact, item.entry.currency], item, key=attrgetter("day"))
        return is_one

    def _sharing_reference(self, currency: str, amount: int) -> list[list[Item]]:
        """Payments that share a reference and together make the amount."""
        if self._sums is None:
            self._sums = defaultdict(list)
            for (money, _), found in sorted(self._by_reference.items()):
                still = [i for i in found if i.open]
                if len(still) > 1:
                    self._sums[money, sum(i.open for i in still)].append(still)
        return self._sums.get((currency, amount), [])

    def hypotheses(self, row: Row) -> list[Hypothesis]:
        """Explanations of an outgoing line as the sum of several booked payments of one or two neighbouring days."""
        if row.units >= 0:
            return self._deposits(row)
        if any(m.coverage >= 0.8 and m.bits >= 4.0 for m in row.contacts.values()):
            return []
        sets: dict[tuple[int, ...], bool] = {}
        for found in self._sharing_reference(row.line.currency, row.units):
            if abs(found[0].day - row.day) <= 10:
                sets[tuple(i.index for i in found)] = True
        for day in self._days_near(row):
            for chosen in day.sets(row.units):
                sets.setdefault(chosen, False)
        ranked = sorted(sets, key=lambda s: (not sets[s], -len(s), s))[:_KEEP]
        return [self._hypothesis(row, chosen, sets[chosen]) for chosen in ranked]

    def _deposits(self, row: Row) -> list[Hypothesis]:
        """Receipts of one contact booked one by one that arrive as one sum: the card batches of a weekend."""
        found: list[tuple[Item, ...]] = []
        for contact in leaders(row.contacts, _DEPOSITOR):
            booked = self._deposited.get((contact, row.line.currency), [])
            low = bisect_left(booked, row.day - _DEPOSIT_DAYS, key=attrgetter("day"))
            high = bisect_left(booked, row.day + 2, key=attrgetter("day"))
            near = [i for i in booked[low:high] if i.open][-_LONGEST:]
            spans = windows([i.open for i in near], row.units, longest=_LONGEST)
            found += [tuple(near[s:e]) for s, e in spans if e - s > 1]
        return [self._deposit(row, items) for items in found[-_KEEP:]]

    def _deposit(self, row: Row, items: tuple[Item, ...]) -> Hypothesis:
        days = {i.day for i in items}
        beside = [i for i in self._deposited[items[0].contact, row.line.currency] if i.day in days and i.open]
        features = text_features(self._books, row, items) | {
            "is_deposit": 1.0,
            "deposit_days": min(len(days), 5) / 3.0,
            "deposit_lag": min(row.day - max(days), 6) / 3.0,
        }
        if len(beside) > len(items):
            features["deposit_torn"] = 1.0
        return Hypothesis((row.index,), tuple(i.index for i in items), "deposit", features)

    def _days_near(self, row: Row) -> list[_Day]:
        key = (row.line.currency, row.day)
        if key not in self._near:
            found, day = self._payments.get(key[0], []), attrgetter("day")
            low, high = bisect_left(found, row.day - _DAYS_BACK, key=day), bisect_left(found, row.day + 2, key=day)
            window = [i for i in found[low:high] if i.open][:_NEAR_LIMIT]
            by_day: dict[int, list[Item]] = defaultdict(list)
            for item in window:
                by_day[item.day].append(item)
            self._near[key] = [self._day(tuple(items)) for _, items in sorted(by_day.items())]
        return self._near[key]

    def _day(self, items: tuple[Item, ...]) -> _Day:
        key = tuple(i.index for i in items)
        if key not in self._known:
            self._known[key] = _Day(items)
        return self._known[key]

    def _hypothesis(self, row: Row, chosen: tuple[int, ...], by_reference: bool) -> Hypothesis:
        items = [self._books.items[i] for i in chosen]
        that_day = sum(len(d.items) for d in self._days_near(row) if d.items[0].day == items[0].day)
        whole_day = that_day == len(items)
        left_out = 0 if by_reference else max(0, min(len(items), that_day - len(items)))
        chance = math.log(math.comb(max(that_day, left_out), left_out)) - math.log(max(1, -row.units * 100 // UNITS))
        features = {
            "is_run": 1.0,
            "set_chance": max(-12.0, min(6.0, chance)) / 4.0,
            "run_contacts": min(len({i.contact for i in items}), 6) / 3.0,
        }
        if by_reference:
            features["run_reference"] = 1.0
        if whole_day:
            features["run_whole_day"] = 1.0
        if any(i.index in row.hits for i in items):
            features["run_cited"] = 1.0
        if re.search(rf"(?<!\d){len(items)}(?!\d)", row.line.description):
            features["run_counted"] = 1.0
        best = max((m.coverage * min(m.bits, 8.0) for m in row.contacts.values()), default=0.0)
        if best > 2.5:
            features["run_named"] = 1.0
        lag = row.day - items[0].day
        features["run_lag"] = min(abs(lag), 6) / 3.0
        return Hypothesis((row.index,), chosen, "run", features)
