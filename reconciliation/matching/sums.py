"""Which subsets of amounts add up to a target: bounded, deterministic, honest about giving up.

Most questions have no answer. Plain sums tell that fast; which amounts are in a sum is spelled out only where two sums
meet.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, combinations, islice, starmap
from operator import add, sub

FULL_SEARCH = 16
WIDE_SEARCH = 40
MAX_FOUND = 64
_MOST_MEETINGS = 40_000
_FEW = 5
"""Sets of fewer values than this are two sums of one or two each."""
_HANDFUL = 6
"""Of so many values all sums are made faster than those of one or two."""
Subset = tuple[int, ...]


def subsets(
    values: Sequence[int], target: int, slack: int = 0, *, sizes: range = range(2, 9), most: int = MAX_FOUND
) -> list[Subset]:
    """Index subsets whose sum lies within `slack` of the target, at most `most`, smaller ones first; see
    SubsetSums."""
    fitting = _fitting(values, abs(target) + slack) if len(values) <= FULL_SEARCH else range(len(values))
    found = SubsetSums([values[at] for at in fitting], sizes).find(target, slack, most=most)
    return [tuple([fitting[at] for at in chosen]) for chosen in found]


def _fitting(values: Sequence[int], most: int) -> Sequence[int]:
    """Places of the values that can be in a sum of so much: where all go one way, none that is larger."""
    if min(values, default=0) < 0 < max(values, default=0):
        return range(len(values))
    return [at for at, value in enumerate(values) if -most <= value <= most]


class SubsetSums:
    """Sums of some amounts, made once and asked for many targets.

    Up to 16 values are searched completely (two halves), up to 40 by sets of at most four, contiguous runs, and
    completely among the first 16; the rest is cut off.
    """

    def __init__(self, values: Sequence[int], sizes: range = range(2, 9)) -> None:
        self._values = values[:WIDE_SEARCH]
        self._sizes = sizes
        ordered, largest = sorted(self._values), sizes.stop - 1
        self._lowest = sum([v for v in ordered[:largest] if v < 0]) if ordered and ordered[0] < 0 else 0
        self._highest = sum([v for v in ordered[-largest:] if v > 0]) if ordered and ordered[-1] > 0 else 0
        self._halves: tuple[_Side, _Side] | None = None
        self._few: tuple[_Side, _Side] | None = None

    def find(self, target: int, slack: int = 0, *, most: int = MAX_FOUND) -> list[Subset]:
        """Subsets within `slack` of the target; where exact ones exist, only they are given."""
        if not self._lowest - slack <= target <= self._highest + slack:
            return []
        found = self._search(target, 0)
        if slack and not found:
            found = self._search(target, slack)
        return sorted(found, key=lambda s: (len(s), s))[:most]

    def _search(self, target: int, slack: int) -> set[Subset]:
        if len(self._values) <= FULL_SEARCH:
            if self._sizes.stop <= _FEW and len(self._values) > _HANDFUL:
                return self._of_few(target, slack)
            return self._by_halves(target, slack, self._sizes)
        found = self._of_few(target, slack) | set(_runs(self._values, target, slack, self._sizes))
        if self._sizes.stop > _FEW:
            found |= self._by_halves(target, slack, range(_FEW, self._sizes.stop))
        return found

    def _by_halves(self, target: int, slack: int, sizes: range) -> set[Subset]:
        if self._halves is None:
            values, largest = self._values[:FULL_SEARCH], self._sizes.stop - 1
            middle = len(values) // 2
            left, right = _all_sums(values[:middle]), _all_sums(values[middle:])
            self._halves = (_Side(left, _members(middle, 0), largest), _Side(right, _members(8, middle), largest))
        found: set[Subset] = set()
        for a, b in _meetings(*self._halves, target, slack):
            if len(a) + len(b) in sizes:
                found.add((*a, *b))
                if len(found) > 8 * MAX_FOUND:
                    break
        return found

    def _of_few(self, target: int, slack: int) -> set[Subset]:
        """Sets of one to four values: one or two of them looked up among the sums of one or two others."""
        values = self._values
        if self._few is None:
            pairs = list(starmap(add, combinations(values, 2))) if self._sizes.stop > 3 else []
            self._few = (_Side(values, _sets_of(len(values), 1)), _Side(pairs, _sets_of(len(values), 2)))
        ones, twos = self._few
        found: set[Subset] = set()
        if 1 in self._sizes:
            found = {(at,) for at, v in enumerate(values) if abs(v - target) <= slack}
        for left, right, size in ((ones, ones, 2), (ones, twos, 3), (twos, twos, 4)):
            limit = len(found) + 4 * MAX_FOUND
            if size not in self._sizes:
                continue
            for a, b in _meetings(left, right, target, slack):
                if a[0] not in b and a[-1] not in b:
                    found.add(tuple(sorted((*a, *b))))
                    if len(found) >= limit:
                        break
        return found


class _Side:
    """Sums, and by place the subset behind each; subsets of more than `largest` values do not count."""

    __slots__ = ("_largest", "_steps", "_subsets", "_sums")

    def __init__(self, sums: Sequence[int], subsets: Sequence[Subset], largest: int = FULL_SEARCH) -> None:
        self._sums, self._subsets, self._largest = sums, subsets, largest
        self._steps: dict[int, set[int]] = {}

    def near(self, other: _Side, target: int, slack: int) -> list[tuple[int, Subset]]:
        """The sums that may reach the target together with one of the other side, in order; with slack 0 all do."""
        steps = other._reachable(slack)
        if slack:
            top, width = target + slack, 2 * slack + 1
            near = [at for at, total in enumerate(self._sums) if (top - total) // width in steps]
        else:
            met = {target - other for other in steps.intersection([target - total for total in self._sums])}
            near = [at for at, total in enumerate(self._sums) if total in met] if met else []
        return sorted([(self._sums[at], s) for at in near if len(s := self._subsets[at]) <= self._largest])

    def _reachable(self, slack: int) -> set[int]:
        """The steps, as wide as the window around a target, that sums lie in or just below: a window reaches over two
        steps and is looked up by the upper one."""
        steps = self._steps.get(slack)
        if steps is None:
            steps = set(self._sums)
            if slack:
                steps = {total // (2 * slack + 1) for total in steps}
                steps |= {step + 1 for step in steps}
            self._steps[slack] = steps
        return steps


def _meetings(left: _Side, right: _Side, target: int, slack: int) -> Iterator[tuple[Subset, Subset]]:
    """Every pair of subsets, one of each side, that reaches the target together: at most 40,000, small left sums
    first; where both sides are one, each pair once."""
    some = left.near(right, target, slack)
    if not some:
        return iter(())
    others = some if right is left else right.near(left, target, slack)
    return islice(_meet(some, others, target, slack), _MOST_MEETINGS)


def _meet(
    left: list[tuple[int, Subset]], right: list[tuple[int, Subset]], target: int, slack: int
) -> Iterator[tuple[Subset, Subset]]:
    totals = [total for total, _ in right]
    for total, chosen in left:
        missing = target - total
        least = missing - slack if right is not left else max(missing - slack, total)
        for at in range(bisect_right(totals, missing + slack) - 1, bisect_left(totals, least) - 1, -1):
            yield chosen, right[at][1]


def _all_sums(values: Sequence[int]) -> list[int]:
    """The sums of all subsets; bit n of a sum's place says whether value n is in it."""
    sums = [0]
    for value in values:
        sums += [total + value for total in sums]
    return sums


@lru_cache(maxsize=256)
def _members(count: int, offset: int) -> tuple[Subset, ...]:
    """The subsets behind `_all_sums` of so many values, numbered from the offset."""
    members: list[Subset] = [()]
    for at in range(offset, offset + count):
        members += [(*chosen, at) for chosen in members]
    return tuple(members)


@lru_cache(maxsize=256)
def _sets_of(count: int, size: int) -> tuple[Subset, ...]:
    return tuple(combinations(range(count), size))


def _runs(values: Sequence[int], target: int, slack: int, sizes: range) -> list[Subset]:
    """Contiguous subsets of these sizes that reach the target."""
    sums = [0, *accumulate(values)]
    if not slack and set(sums).isdisjoint([total + target for total in sums]):
        return []
    return [
        tuple(range(start, start + size))
        for size in sizes
        for start, total in enumerate(map(sub, sums[size:], sums))
        if -slack <= total - target <= slack
    ]


def windows(values: Sequence[int], target: int, *, longest: int) -> list[tuple[int, int]]:
    """Half-open index ranges of at most `longest` values whose sum is the target, by start."""
    sums = [0, *accumulate(values)]
    if set(sums).isdisjoint([total + target for total in sums]):
        return []
    places: dict[int, list[int]] = defaultdict(list)
    for at, total in enumerate(sums):
        places[total].append(at)
    return [
        (start, end)
        for start, total in enumerate(sums)
        for end in places.get(total + target, ())
        if start < end <= start + longest
    ]
