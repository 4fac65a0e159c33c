"""Which subsets of amounts add up to a target: bounded, deterministic, honest about giving up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import combinations

FULL_SEARCH = 16
WIDE_SEARCH = 48
MAX_FOUND = 64
Subset = tuple[int, ...]


def subsets(values: Sequence[int], target: int, slack: int = 0, *, sizes: range = range(2, 9), most: int = MAX_FOUND) -> list[Subset]:
    """Index subsets whose sum lies within `slack` of the target, at most `most`; smaller subsets first.

    Up to 16 values are searched completely (two halves), up to 48 by pairs, triples and contiguous runs; the rest is cut off.
    """
    if len(values) <= FULL_SEARCH:
        found = _by_halves(values, target, slack, sizes)
    else:
        values = values[:WIDE_SEARCH]
        found = _few(values, target, slack, sizes) | set(_runs(values, target, slack, sizes))
    return sorted(found, key=lambda s: (len(s), s))[:most]


def _half_sums(values: Sequence[int], offset: int, largest: int) -> list[tuple[int, Subset]]:
    sums: list[tuple[int, Subset]] = [(0, ())]
    for at, value in enumerate(values):
        sums += [(total + value, (*chosen, offset + at)) for total, chosen in sums if len(chosen) < largest]
    return sums


def _by_halves(values: Sequence[int], target: int, slack: int, sizes: range) -> set[Subset]:
    middle = len(values) // 2
    largest = sizes.stop - 1
    left = _half_sums(values[:middle], 0, largest)
    right = sorted(_half_sums(values[middle:], middle, largest))
    keys = [total for total, _ in right]
    found: set[Subset] = set()
    for total, chosen in left:
        for at in range(bisect_left(keys, target - slack - total), bisect_right(keys, target + slack - total)):
            subset = (*chosen, *right[at][1])
            if len(subset) in sizes:
                found.add(subset)
        if len(found) > 8 * MAX_FOUND:
            break
    return found


def _few(values: Sequence[int], target: int, slack: int, sizes: range) -> set[Subset]:
    order = sorted(range(len(values)), key=lambda i: (values[i], i))
    keys = [values[i] for i in order]
    found: set[Subset] = set()
    for chosen in ((i,) for i in range(len(values))) if 2 in sizes else ():
        _complete(found, values, order, keys, chosen, target, slack)
    for chosen in combinations(range(len(values)), 2) if 3 in sizes else ():
        _complete(found, values, order, keys, chosen, target, slack)
        if len(found) > 8 * MAX_FOUND:
            break
    return found


def _complete(found: set[Subset], values: Sequence[int], order: list[int], keys: list[int], chosen: Subset, target: int, slack: int) -> None:
    rest = target - sum(values[i] for i in chosen)
    for at in range(bisect_left(keys, rest - slack), bisect_right(keys, rest + slack)):
        if order[at] not in chosen:
            found.add(tuple(sorted((*chosen, order[at]))))


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
    """Half-open index ranges whose values sum to the target within the slack: linear per start, bounded by `longest`."""
    found = []
    for start in range(len(values)):
        total = 0
        for end in range(start, min(len(values), start + longest)):
            total += values[end]
            if abs(total - target) <= slack:
                found.append((start, end + 1))
    return found
