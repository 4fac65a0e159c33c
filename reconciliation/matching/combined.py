"""One payment for several documents, credit notes among them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from . import amounts
from .books import Books, Item, Row
from .evidence import Features, text_features, time_features
from .hypothesis import Hypothesis
from .names import leaders
from .sums import WIDE_SEARCH, SubsetSums, subsets
from .units import UNITS

_KEEP = 8
_MIN_COVERAGE = 0.5
_BEHIND_DAYS = 300
_AHEAD_DAYS = 2
_OFFSET_DAYS = 45
_CENTS = UNITS // 10


def combined_hypotheses(books: Books, row: Row) -> list[Hypothesis]:
    """Explanations of a line as the sum of two or more open documents of one contact."""
    found: list[Hypothesis] = []
    for contact in _payers(books, row):
        if books.owed(contact, row.line.currency, row.units, row.day + _AHEAD_DAYS) < abs(row.units) - _CENTS:
            continue
        pool = _pool(books, row, contact)
        if len(pool) >= 2 and _owed(row, pool) >= abs(row.units) - _CENTS:
            found += _from_pool(books, row, pool)
    return found


def _owed(row: Row, pool: list[Item]) -> int:
    return sum([abs(i.open) for i in pool if i.is_due and (i.open > 0) == (row.units > 0)])


def _payers(books: Books, row: Row) -> list[int]:
    named = {c for c in leaders(row.contacts, _MIN_COVERAGE) if row.contacts[c].bits >= 1.5}
    cited: dict[int, int] = {}
    for index, strength in row.hits.items():
        if books.items[index].open and strength >= 2.5:
            contact = books.items[index].contact
            cited[contact] = cited.get(contact, 0) + 1
    several = {c for c, count in cited.items() if count >= 2}
    strongest = {books.items[i].contact for i, strength in row.hits.items() if strength >= 4.6 and books.items[i].open}
    return sorted(named | several | strongest)


def _pool(books: Books, row: Row, contact: int) -> list[Item]:
    """Open documents of the contact that could be in this payment, the nearest to their due day first when there
    are too many."""
    currency, is_in = row.line.currency, row.units > 0
    usable = [
        i
        for i in books.documents(contact, row.day - _BEHIND_DAYS, row.day + _AHEAD_DAYS)
        if i.currency == currency and (i.is_due if (i.open > 0) == is_in else _is_set_off(i, row))
    ]
    most = abs(row.units) + sum([abs(i.open) for i in usable if (i.open > 0) != is_in])
    usable = [i for i in usable if -most <= i.open <= most]
    if len(usable) > WIDE_SEARCH:
        usable.sort(key=lambda i: (i.index not in row.hits, abs(i.due - row.day), i.index))
        usable = usable[:WIDE_SEARCH]
    return sorted(usable, key=lambda i: (i.due, i.index))


def _is_set_off(item: Item, row: Row) -> bool:
    """Credit notes; of somebody who buys and sells, also the other side's documents of these weeks."""
    return item.is_credit or (item.is_due and abs(item.due - row.day) <= _OFFSET_DAYS)


def _from_pool(books: Books, row: Row, pool: list[Item]) -> list[Hypothesis]:
    limit = books.limits
    values = [i.open for i in pool]
    ordered = sorted(range(len(pool)), key=lambda i: (pool[i].index not in row.hits, abs(pool[i].due - row.day), i))
    found = subsets([values[i] for i in ordered], row.units, limit.rounding)
    sets = {tuple(sorted(ordered[i] for i in chosen)) for chosen in found}
    sets |= _cited_sets(row, pool, values, limit)
    ranked = sorted(sets, key=lambda s: _order(row, [pool[i] for i in s], sum(values[i] for i in s)))
    return [_hypothesis(books, row, pool, chosen) for chosen in ranked[:_KEEP]]


def _cited_sets(row: Row, pool: list[Item], values: list[int], limit: amounts.Limits) -> set[tuple[int, ...]]:
    """All documents that the text cites, less a small fee or discount; or with up to three more that complete the
    sum."""
    cited = tuple(i for i, item in enumerate(pool) if item.index in row.hits)
    if not cited:
        return set()
    sets: set[tuple[int, ...]] = set()
    total = sum(values[i] for i in cited)
    gap = abs(total) - abs(row.units)
    if len(cited) > 1 and -limit.rounding <= gap <= min(limit.short_abs, limit.short_share * abs(row.units)):
        sets.add(cited)
    rest = [i for i in range(len(pool)) if i not in cited]
    sums = SubsetSums([values[i] for i in rest], range(1, 4))
    for base in (cited, *(cited[:k] + cited[k + 1 :] for k in range(len(cited)) if len(cited) > 2)):
        missing = row.units - sum(values[i] for i in base)
        for more in sums.find(missing, limit.rounding, most=4):
            sets.add(tuple(sorted((*base, *(rest[i] for i in more)))))
    return {s for s in sets if len(s) > 1}


def _order(row: Row, items: list[Item], total: int) -> tuple[float, ...]:
    cited = sum(1 for i in items if i.index in row.hits)
    gap = abs(total - row.units)
    lateness = sum(abs(row.day - i.due) for i in items) / len(items)
    return (-cited / len(items), gap, len(items), lateness, *(i.index for i in items))


def _hypothesis(books: Books, row: Row, pool: list[Item], chosen: Sequence[int]) -> Hypothesis:
    items = [pool[i] for i in chosen]
    total = sum(i.open for i in items)
    gap = row.units - total
    features: Features = {"is_combined": 1.0}
    features |= text_features(books, row, items)
    for item in items:
        for name, value in time_features(row, item).items():
            features[name] = features.get(name, 0.0) + value / len(items)
    features |= set_features(pool, chosen, row.units)
    features |= books.habits.settlement_features(items[0].contact, len(items), -gap, total)
    if gap:
        features["combined_gap"] = 1.0
        if abs(gap) > books.limits.rounding:
            features["combined_short"] = 1.0
    return Hypothesis((row.index,), tuple(i.index for i in items), "combined", features, gap)


def set_features(pool: list[Item], chosen: Sequence[int], target: int) -> Features:
    """How much of a coincidence the sum would be, and how the chosen documents lie among the open ones."""
    size, count = len(pool), len(chosen)
    chance = math.log(math.comb(size, count)) - math.log(max(1, abs(target) * 100 // UNITS))
    holes = (max(chosen) - min(chosen) + 1) - count
    credits = sum(1 for i in chosen if pool[i].entry.kind == "credit_note")
    features = {
        "set_chance": max(-12.0, min(6.0, chance)) / 4.0,
        "set_holes": min(holes, 6) / 3.0,
        "set_size": min(count, 10) / 4.0,
    }
    sides = {pool[i].open > 0 for i in chosen if pool[i].is_due}
    if len(sides) > 1:
        features["set_offset"] = 1.0
        if len({pool[i].due for i in chosen}) == 1:
            features["set_offset_same_day"] = 1.0
    if min(chosen) == 0:
        features["set_from_oldest"] = 1.0
    if count == size:
        features["set_everything"] = 1.0
    if credits:
        features["set_credit"] = 1.0
        if credits > 1 or credits == count:
            features["set_many_credits"] = 1.0
    return features
