"""Open items on shelves: by amount, by due day, by day; found by bisection, so that a shelf may grow for years."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Protocol

from .model import DUE_KINDS, LedgerEntry

_STEPS = 160


class Shelved(Protocol):
    """What a shelf has to know of an item."""

    index: int
    entry: LedgerEntry
    day: int
    due: int
    open: int


class Dated:
    """Items by a day."""

    __slots__ = ("_days",)

    def __init__(self) -> None:
        self._days: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._days)

    def __iter__(self) -> Iterator[int]:
        return (index for _, index in self._days)

    def insert(self, day: int, index: int) -> None:
        """Take an item in, in its place; fast where days come in order."""
        insort(self._days, (day, index))

    def remove(self, day: int, index: int) -> None:
        """Take an item off again."""
        self._days.remove((day, index))

    def between(self, first: int, last: int) -> list[int]:
        """Items of these days, both inclusive, the earliest first."""
        low, high = bisect_left(self._days, (first, -1)), bisect_right(self._days, (last, math.inf))
        return [index for _, index in self._days[low:high]]

    def count(self, first: int, last: int) -> int:
        """How many items lie in these days, both inclusive."""
        return bisect_right(self._days, (last, math.inf)) - bisect_left(self._days, (first, -1))

    def nearest(self, day: int, most: int) -> list[int]:
        """The items nearest to a day, in order of index."""
        days = self._days
        if len(days) > most:
            at = bisect_left(days, (day, -1))
            around = days[max(0, at - most) : at + most]
            days = sorted(around, key=lambda d: (abs(d[0] - day), d[1]))[:most]
        return sorted(index for _, index in days)


class Prices:
    """Items of one currency and direction by open amount."""

    __slots__ = ("_amounts", "_indexes")

    def __init__(self, priced: Iterable[tuple[int, int]] = ()) -> None:
        ordered = sorted(priced)
        self._amounts = [amount for amount, _ in ordered]
        self._indexes = [index for _, index in ordered]

    def insert(self, amount: int, index: int) -> None:
        """Take an item in, in its place."""
        at = self._place(amount, index)
        self._amounts.insert(at, amount)
        self._indexes.insert(at, index)

    def remove(self, amount: int, index: int) -> None:
        """Take an item off again."""
        at = self._place(amount, index)
        del self._amounts[at], self._indexes[at]

    def _place(self, amount: int, index: int) -> int:
        low = bisect_left(self._amounts, amount)
        return bisect_left(self._indexes, index, low, bisect_right(self._amounts, amount, low))

    def near(self, value: float, share: float, most: int) -> Iterator[int]:
        """Items within a share of an amount, the nearest amounts first, at most so many; of equally near ones the first
        index."""
        amounts, indexes = self._amounts, self._indexes
        room = abs(value) * share
        right = bisect_left(amounts, value)
        left, end = right - 1, len(amounts)
        while most > 0:
            below = value - amounts[left] if left >= 0 else math.inf
            above = amounts[right] - value if right < end else math.inf
            away = below if below < above else above
            if away > room:
                return
            found: list[int] = []
            while left >= 0 and value - amounts[left] == away:
                found.append(indexes[left])
                left -= 1
            while right < end and amounts[right] - value == away:
                found.append(indexes[right])
                right += 1
            if len(found) > 1:
                found.sort()
            yield from found[:most]
            most -= len(found)


class Shelf:
    """The open items of one contact, currency and direction, by amount and by due day."""

    def __init__(self) -> None:
        self._priced: list[tuple[int, int, int]] = []
        self._due: list[tuple[int, int, int, int]] = []
        self._booked: tuple[list[int], list[int]] | None = None

    def add(self, item: Shelved) -> None:
        """Put an item up; `sort` follows when all are there."""
        self._priced.append((abs(item.open), item.due, item.index))
        if item.entry.kind in DUE_KINDS:
            self._due.append((item.due, item.index, abs(item.open), item.day))

    def sort(self) -> None:
        """Order what was added."""
        self._priced.sort()
        self._due.sort()

    def insert(self, item: Shelved) -> None:
        """Take one more item in, in its place."""
        self._booked = None
        insort(self._priced, (abs(item.open), item.due, item.index))
        if item.entry.kind in DUE_KINDS:
            insort(self._due, (item.due, item.index, abs(item.open), item.day))

    def remove(self, item: Shelved) -> None:
        """Take an item off that `add` or `insert` put up, while its open amount still is what it was."""
        self._booked = None
        self._priced.remove((abs(item.open), item.due, item.index))
        if item.entry.kind in DUE_KINDS:
            self._due.remove((item.due, item.index, abs(item.open), item.day))

    def owed_by(self, day: int) -> int:
        """How much the documents that were booked by a day owe together."""
        if self._booked is None:
            booked = sorted([(issued, amount) for _, _, amount, issued in self._due])
            self._booked = [on for on, _ in booked], list(accumulate([amount for _, amount in booked], initial=0))
        days, sums = self._booked
        return sums[bisect_right(days, day)]

    def between(self, low: float, high: float) -> list[int]:
        """Items whose open amount lies between two, both inclusive."""
        start, end = bisect_left(self._priced, (math.ceil(low),)), bisect_right(self._priced, (high, math.inf))
        return [index for _, _, index in self._priced[start:end]]

    def before(self, amount: int, due: int, index: int, most: int) -> int:
        """How many items of exactly this open amount come before one by due day and index, of very many counted among
        the first."""
        start = bisect_left(self._priced, (amount,))
        return min(bisect_left(self._priced, (amount, due, index), start) - start, most)

    def equal(self, amount: int, day: int, most: int) -> list[int]:
        """Items of exactly this open amount, of very many those due nearest to the day."""
        start, end = bisect_left(self._priced, (amount,)), bisect_left(self._priced, (amount + 1,))
        if end - start > most:
            at = bisect_left(self._priced, (amount, day), start, end)
            start, end = max(start, at - most), min(end, at + most)
        near = sorted([(abs(due - day), index) for _, due, index in self._priced[start:end]])
        return [index for _, index in near[:most]]

    def larger(self, than: float, day: int, most: int) -> list[int]:
        """Documents of more than an amount that existed by the day, the nearest to their due day first; of very many
        only those around the day are looked at."""
        found: list[tuple[int, int]] = []
        documents = self._due
        right = bisect_left(documents, (day,))
        left, end = right - 1, len(documents)
        for _ in range(min(_STEPS, end)):
            before = day - documents[left][0] if left >= 0 else math.inf
            after = documents[right][0] - day if right < end else math.inf
            if before < after:
                _, index, value, issued = documents[left]
                left, away = left - 1, before
            else:
                _, index, value, issued = documents[right]
                right, away = right + 1, after
            if len(found) >= most and away > found[-1][0]:
                break
            if value > than and issued <= day + 1:
                found.append((int(away), index))
        return [index for _, index in sorted(found)[:most]]
