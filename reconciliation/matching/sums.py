"""Which subsets of amounts add up to a target: bounded, deterministic, honest about giving up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

FULL_SEARCH = 16
WIDE_SEARCH = 48
MAX_FOUND = 64
Subset = tuple[int, ...]
_Sum = tuple[int, Subset]


def subsets(
    values: Sequence[int], target: int, slack: int = 0, *, sizes: range = range(2, 9), most: int = MAX_FOUND
) -> list[Subset]:
    """Index subsets whose sum lies within `slack` of the target, at most `most`, smaller ones first.

    Where exact ones exist, only they are given. Up to 16 values are searched completely (two halves), up to 48 by sets
    of at most four, contiguous runs, and completely among the first 16; the rest is cut off.
    """
    for width in (0, slack) if slack else (0,):
        found = _search(values[:WIDE_SEARCH], target, width, sizes)
        if found:
            return sorted(found, key=lambda s: (len(s), s))[:most]
    return []


def _search(values: Sequence[int], target: int, slack: int, sizes: range) -> set[Subset]:
    if len(values) <= FULL_SEARCH:
        return _by_halves(values, target, slack, sizes)
    found = _few(values, target, slack, sizes) | set(_runs(values, target, slack, sizes))
    if sizes.stop > 5:
        found |= _by_halves(values[:FULL_SEARCH], target, slack, range(5, sizes.stop))
    return found


def _half_sums(values: Sequence[int], offset: int, largest: int) -> list[_Sum]:
    sums: list[_Sum] = [(0, ())]
    for at, value in enumerate(values):
        sums += [(total + value, (*chosen, offset + at)) for total, chosen in sums if len(chosen) < largest]
    return sums


def _by_halves(values: Sequence[int], target: int, slack: int, sizes: range) -> set[Subset]:
    middle = len(values) // 2
    left = _half_sums(values[:middle], 0, sizes.stop - 1)
    right = sorted(_half_sums(values[middle:], middle, sizes.stop - 1))
    left.sort()
    found: set[Subset] = set()
    at = len(right) - 1
    for total, chosen in left:
        high, low = target + slack - total, target - slack - total
        while at >= 0 and right[at][0] > high:
            at -= 1
        back = at
        while back >= 0 and right[back][0] >= low:
            if len(chosen) + len(right[back][1]) in sizes:
                found.add((*chosen, *right[back][1]))
            back -= 1
        if len(found) > 8 * MAX_FOUND:
            break
    return found


def _few(values: Sequence[int], target: int, slack: int, sizes: range) -> set[Subset]:
    """Sets of one to four values: one or two of them looked up among the sums of one or two others."""
    ones: list[_Sum] = sorted((v, (i,)) for i, v in enumerate(values))
    twos: list[_Sum] = []
    if sizes.stop > 3:
        twos += sorted((values[i] + values[j], (i, j)) for i, j in combinations(range(len(values)), 2))
    found: set[Subset] = {s for v, s in ones if abs(v - target) <= slack} if 1 in sizes else set()
    for left, right, size in ((ones, ones, 2), (ones, twos, 3), (twos, twos, 4)):
        if size in sizes:
            _join(found, left, right, target, slack)
    return found


def _join(found: set[Subset], left: list[_Sum], right: list[_Sum], target: int, slack: int) -> None:
    """Walk two sorted lists of sums towards each other and collect the disjoint pairs that reach the target."""
    at, limit = len(right) - 1, len(found) + 4 * MAX_FOUND
    for total, chosen in left:
        while at >= 0 and right[at][0] + total > target + slack:
            at -= 1
        back = at
        while back >= 0 and right[back][0] + total >= target - slack:
            other = right[back][1]
            if not set(chosen) & set(other):
                found.add(tuple(sorted((*chosen, *other))))
                if len(found) >= limit:
                    return
            back -= 1


def _runs(values: Sequence[int], target: int, slack: int, sizes: range) -> list[Subset]:
    found = []
    for start in range(len(values)):
        total = 0
        for end in range(start, min(len(values), start + sizes.stop - 1)):
            total += values[end]
            if abs(total - target) <= slack and end - start + 1 in sizes:
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
