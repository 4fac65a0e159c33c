"""Which subsets of amounts add up to a target: bounded, deterministic, honest about giving up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import combinations, islice

FULL_SEARCH = 16
WIDE_SEARCH = 40
MAX_FOUND = 64
_MOST_MEETINGS = 40_000
Subset = tuple[int, ...]
_Sum = tuple[int, Subset]


def subsets(
    values: Sequence[int], target: int, slack: int = 0, *, sizes: range = range(2, 9), most: int = MAX_FOUND
) -> list[Subset]:
    """Index subsets whose sum lies within `slack` of the target, at most `most`, smaller ones first; see
    SubsetSums."""
    return SubsetSums(values, sizes).find(target, slack, most=most)


class SubsetSums:
    """Sums of some amounts, made once and asked for many targets.

    Up to 16 values are searched completely (two halves), up to 48 by sets of at most four, contiguous runs, and
    completely among the first 16; the rest is cut off.
    """

    def __init__(self, values: Sequence[int], sizes: range = range(2, 9)) -> None:
        self._values = values[:WIDE_SEARCH]
        self._sizes = sizes
        self._lowest = sum(v for v in values if v < 0)
        self._highest = sum(v for v in values if v > 0)
        self._halves: tuple[list[_Sum], list[_Sum]] | None = None
        self._few: list[list[_Sum]] | None = None

    def find(self, target: int, slack: int = 0, *, most: int = MAX_FOUND) -> list[Subset]:
        """Subsets within `slack` of the target; where exact ones exist, only they are given."""
        if not self._lowest - slack <= target <= self._highest + slack:
            return []
        found = self._search(target, slack)
        if found and slack:
            found = self._search(target, 0) or found
        return sorted(found, key=lambda s: (len(s), s))[:most]

    def _search(self, target: int, slack: int) -> set[Subset]:
        if len(self._values) <= FULL_SEARCH:
            return self._by_halves(target, slack, self._sizes)
        found = self._of_few(target, slack) | set(_runs(self._values, target, slack, self._sizes))
        if self._sizes.stop > 5:
            found |= self._by_halves(target, slack, range(5, self._sizes.stop))
        return found

    def _by_halves(self, target: int, slack: int, sizes: range) -> set[Subset]:
        if self._halves is None:
            values, largest = self._values[:FULL_SEARCH], self._sizes.stop - 1
            middle = len(values) // 2
            halves = (_half_sums(values[:middle], 0, largest), _half_sums(values[middle:], middle, largest))
            self._halves = (sorted(halves[0]), sorted(halves[1]))
        left, right = self._halves
        found: set[Subset] = set()
        for a, b in islice(_meet(left, right, target, slack), _MOST_MEETINGS):
            if len(a) + len(b) in sizes:
                found.add((*a, *b))
                if len(found) > 8 * MAX_FOUND:
                    break
        return found

    def _of_few(self, target: int, slack: int) -> set[Subset]:
        """Sets of one to four values: one or two of them looked up among the sums of one or two others."""
        if self._few is None:
            values = self._values
            ones: list[_Sum] = sorted((v, (i,)) for i, v in enumerate(values))
            pairs = combinations(range(len(values)), 2) if self._sizes.stop > 3 else ()
            self._few = [ones, sorted((values[i] + values[j], (i, j)) for i, j in pairs)]
        ones, twos = self._few
        found: set[Subset] = {s for v, s in ones if abs(v - target) <= slack} if 1 in self._sizes else set()
        for left, right, size in ((ones, ones, 2), (ones, twos, 3), (twos, twos, 4)):
            limit = len(found) + 4 * MAX_FOUND
            if size not in self._sizes:
                continue
            for a, b in islice(_meet(left, right, target, slack), _MOST_MEETINGS):
                if a[0] not in b and a[-1] not in b:
                    found.add(tuple(sorted((*a, *b))))
                    if len(found) >= limit:
                        break
        return found


def _half_sums(values: Sequence[int], offset: int, largest: int) -> list[_Sum]:
    sums: list[_Sum] = [(0, ())]
    for at, value in enumerate(values, start=offset):
        if largest >= len(values):
            sums += [(total + value, (*chosen, at)) for total, chosen in sums]
        else:
            sums += [(total + value, (*chosen, at)) for total, chosen in sums if len(chosen) < largest]
    return sums


def _meet(left: list[_Sum], right: list[_Sum], target: int, slack: int) -> Iterable[tuple[Subset, Subset]]:
    """Walk two sorted lists of sums towards each other; every pair that reaches the target."""
    at = len(right) - 1
    if at < 0:
        return
    for total, chosen in islice(left, bisect_left(left, (target - slack - right[-1][0],)), None):
        high = target + slack - total
        while at >= 0 and right[at][0] > high:
            at -= 1
        if at < 0:
            return
        low, back = high - slack - slack, at
        while back >= 0 and right[back][0] >= low:
            yield chosen, right[back][1]
            back -= 1


def _runs(values: Sequence[int], target: int, slack: int, sizes: range) -> list[Subset]:
    found = []
    for start in range(len(values)):
        total = 0
        for end in range(start, min(len(values), start + sizes.stop - 1)):
            total += values[end]
            if -slack <= total - target <= slack and end - start + 1 in sizes:
                found.append(tuple(range(start, end + 1)))
    return found


def windows(values: Sequence[int], target: int, slack: int, *, longest: int) -> list[tuple[int, int]]:
    """Half-open index ranges whose values sum to the target within the slack: linear per start, bounded by
    `longest`."""
    found = []
    for start in range(len(values)):
        total = 0
        for end in range(start, min(len(values), start + longest)):
            total += values[end]
            if abs(total - target) <= slack:
                found.append((start, end + 1))
    return found
