"""Several lines for one document, and several lines for several documents of one contact."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from .books import Books, Item, Row
from .combined import set_features
from .evidence import Features, text_features, time_features
from .hypothesis import Hypothesis
from .sums import SubsetSums, subsets
from .units import UNITS

_ROWS = 14
_SPAN_DAYS = 75
_PAIR_DAYS = 28
_POOL = 14
_POOL_DAYS = 150
_AHEAD_DAYS = 1
_KEEP = 4
_CLOSE_DAYS = 9
_CLOSE_ROWS = 7
_MOST_ROWS = 5
_MOST_OPEN = 60
_LONGEST_ROWS = 12
_STEP_DAYS = 4
_LONG_DAYS = 30


def instalment_hypotheses(books: Books, asked: Sequence[Row]) -> list[Hypothesis]:
    """Lines that each pay a part of one document and together the whole of it."""
    payers: dict[int, list[Row]] = defaultdict(list)
    for row in asked:
        for index in row.parts:
            payers[index].append(row)
    slack = books.limits.rounding
    out: list[Hypothesis] = []
    for index, found in sorted(payers.items()):
        item = books.items[index]
        if len(found) < 2:
            continue
        rows = sorted(found, key=lambda r: (item.index not in r.hits, abs(r.day - item.due), r.index))[:_ROWS]
        for chosen in subsets([r.units for r in rows], item.open, slack, sizes=range(2, 6), most=_KEEP * 3):
            picked = sorted((rows[i] for i in chosen), key=lambda r: (r.day, r.index))
            if picked[-1].day - picked[0].day <= _SPAN_DAYS:
                out.append(_hypothesis(books, picked, [item], "instalments", len(rows)))
    return out


def _hypothesis(books: Books, rows: Sequence[Row], items: Sequence[Item], family: str, pool: int) -> Hypothesis:
    features: Features = {f"is_{family}": 1.0}
    for row in rows:
        _add(features, text_features(books, row, items), 1.0 / len(rows))
    _add(features, time_features(rows[-1], items[-1]), 1.0)
    gap = sum(r.units for r in rows) - sum(i.open for i in items)
    chance = math.log(math.comb(pool, len(rows))) - math.log(max(1, abs(items[0].open) * 100 // UNITS))
    features["rows_chance"] = max(-12.0, min(6.0, chance)) / 4.0
    features["rows_count"] = min(len(rows), _MOST_ROWS) - 2.0
    features["rows_days"] = (rows[-1].day - rows[0].day) / 30.0
    if gap:
        features["rows_gap"] = 1.0
    if len({r.line.account_id for r in rows}) > 1:
        features["rows_accounts"] = 1.0
    return Hypothesis(tuple(r.index for r in rows), tuple(i.index for i in items), family, features, gap)


def _add(into: Features, more: Features, share: float) -> None:
    for name, value in more.items():
        into[name] = into.get(name, 0.0) + value * share


def many_to_many_hypotheses(books: Books, rows: Sequence[Row]) -> list[Hypothesis]:
    """Two lines of one payer within four weeks, or up to five within days, that together pay several documents but
    none of them alone."""
    by_contact: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        for contact, match in row.contacts.items():
            if match.coverage >= 0.65 and match.bits >= 1.5:
                by_contact[contact].append(row)
        for contact in {books.items[i].contact for i, s in row.hits.items() if s >= 4.6} - row.contacts.keys():
            by_contact[contact].append(row)
    out: list[Hypothesis] = []
    for contact, found in sorted(by_contact.items()):
        found.sort(key=lambda r: (r.day, r.index))
        for at, first in enumerate(found):
            for second in found[at + 1 : at + 5]:
                if (
                    second.day - first.day <= _PAIR_DAYS
                    and second.line.currency == first.line.currency
                    and (second.units > 0) == (first.units > 0)
                ):
                    out += _pair(books, first, second, contact)
        out += _several(books, found, contact)
        out += _long(books, found, contact)
    return out


def _long(books: Books, found: Sequence[Row], contact: int) -> list[Hypothesis]:
    """Six to twelve lines of a payer that follow one another within days, none left out, for several documents: a large
    sum sent by daily limits. The documents are sought among fourteen."""
    out: list[Hypothesis] = []
    if len(found) > _MOST_OPEN:
        return out
    for at, first in enumerate(found):
        chain = _chain(first, found[at + 1 :])
        if len(chain) <= _MOST_ROWS:
            continue
        pool = _documents(books, (first, *chain[1:]), contact)
        sums = SubsetSums([i.open for i in pool], range(2, _POOL + 1))
        for size in range(_MOST_ROWS + 1, len(chain) + 1):
            out += _together(pool, sums, tuple(chain[:size]), len(chain), books)
    return out


def _chain(first: Row, later: Sequence[Row]) -> list[Row]:
    """A line and those after it, of its account and direction, as long as each comes soon after the one before."""
    chain = [first]
    for row in later:
        if row.day - chain[-1].day > _STEP_DAYS or row.day - first.day > _LONG_DAYS or len(chain) == _LONGEST_ROWS:
            break
        if row.line.account_id == first.line.account_id and (row.units > 0) == (first.units > 0):
            chain.append(row)
    return chain


def _several(books: Books, found: Sequence[Row], contact: int) -> list[Hypothesis]:
    """Three to five lines of a payer within days for several documents: a transfer that a bank's limit had split.

    Of a payer with very many open lines, nothing is said.
    """
    out: list[Hypothesis] = []
    if len(found) > _MOST_OPEN:
        return out
    for at, first in enumerate(found):
        near = [
            r
            for r in found[at + 1 : at + _CLOSE_ROWS]
            if r.day - first.day <= _CLOSE_DAYS
            and r.line.currency == first.line.currency
            and (r.units > 0) == (first.units > 0)
        ]
        if len(near) < 2:
            continue
        pool = _documents(books, (first, *near), contact)
        sums = SubsetSums([i.open for i in pool], range(2, 8))
        for size in range(2, min(len(near), _MOST_ROWS - 1) + 1):
            for more in combinations(near, size):
                out += _together(pool, sums, (first, *more), len(near) + 1, books)
    return out


def _together(
    pool: Sequence[Item], sums: SubsetSums, rows: tuple[Row, ...], among: int, books: Books
) -> list[Hypothesis]:
    total = sum(r.units for r in rows)
    out = []
    for chosen in sums.find(total, most=_KEEP):
        items = [pool[i] for i in chosen]
        values = [i.open for i in items]
        if not any(subsets(values, r.units, sizes=range(1, len(items)), most=1) for r in rows):
            hypothesis = _hypothesis(books, rows, items, "many_to_many", among)
            hypothesis.features |= set_features(list(pool), chosen, total)
            hypothesis.features["rows_several"] = min(len(rows), _MOST_ROWS) - 2.0
            out.append(hypothesis)
    return out


def _documents(books: Books, rows: Sequence[Row], contact: int) -> list[Item]:
    """The contact's open documents that these lines may pay: of very many those cited, then those due nearest."""
    first, last = rows[0], rows[-1]
    cited = {i for r in rows for i in r.hits}
    currency, is_in = first.line.currency, first.units > 0
    pool = [
        i
        for i in books.documents(contact, last.day - _POOL_DAYS, last.day + _AHEAD_DAYS)
        if i.is_due and i.currency == currency and (i.open > 0) == is_in
    ]
    if len(pool) > _POOL:
        pool.sort(key=lambda i: (i.index not in cited, abs(i.due - first.day), i.index))
    return sorted(pool[:_POOL], key=lambda i: (i.due, i.index))


def _pair(books: Books, first: Row, second: Row, contact: int) -> list[Hypothesis]:
    total = first.units + second.units
    if books.owed(contact, first.line.currency, total, second.day + _AHEAD_DAYS) < abs(total):
        return []
    cited = first.hits.keys() | second.hits.keys()
    pool = _documents(books, (first, second), contact)
    if abs(sum([i.open for i in pool])) < abs(total):
        return []
    out = []
    for chosen in subsets([i.open for i in pool], total, sizes=range(2, 7), most=24):
        items = [pool[i] for i in chosen]
        if subsets([i.open for i in items], first.units, sizes=range(1, len(items)), most=1):
            continue
        hypothesis = _hypothesis(books, [first, second], items, "many_to_many", len(pool))
        hypothesis.features |= set_features(pool, chosen, total)
        cites = sum(1 for i in items if i.index in cited)
        out.append((-cites, len(items), hypothesis))
    return [h for _, _, h in sorted(out, key=lambda f: (f[0], f[1], f[2].items))[:_KEEP]]
