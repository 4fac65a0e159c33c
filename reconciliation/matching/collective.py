"""One payment for documents of several contacts: an agency pays for its clients, a group's treasury for its firms."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .books import LOUD, Books, Item, Row
from .combined import set_features
from .evidence import text_features, time_features
from .hypothesis import Hypothesis
from .names import KNOWN_BY_PAYER
from .sums import FULL_SEARCH, subsets

_KEEP = 4
_SIZES = range(2, 13)
_BEHIND_DAYS = 120
_COMPLETING = 3


def collective_hypotheses(books: Books, row: Row) -> list[Hypothesis]:
    """Explanations of a line as the sum, to the cent, of open documents of two or more contacts: those that it cites,
    perhaps with one more of just the missing amount, or those of contacts for whom its payer has paid before."""
    cited = _documents(row, (books.items[i] for i, strength in row.hits.items() if strength >= LOUD))
    pool, sets = cited, _cited(books, row, cited) if _contacts(cited) > 1 else []
    if not sets:
        pool = _of_clients(books, row, cited)
        if _contacts(pool) > 1:
            found = subsets([i.open for i in pool], row.units, sizes=_SIZES, most=_KEEP * 4)
            sets = [chosen for each in found if _contacts(chosen := [pool[i] for i in each]) > 1]
    return [_hypothesis(books, row, pool, items) for items in sets[:_KEEP]]


def _documents(row: Row, items: Iterable[Item]) -> list[Item]:
    """Those that a line of this currency and direction can pay, in order of their due days."""
    usable = (i for i in items if i.is_due and i.open and i.currency == row.line.currency)
    same_way = [i for i in usable if (i.open > 0) == (row.units > 0)]
    return sorted(same_way, key=lambda i: (i.due, i.index))


def _contacts(items: Collection[Item]) -> int:
    return len({i.contact for i in items})


def _cited(books: Books, row: Row, cited: list[Item]) -> list[list[Item]]:
    """Of what is cited as much as makes the sum, or all with one more document of just what is missing."""
    if len(cited) > FULL_SEARCH:
        return [cited] if sum(i.open for i in cited) == row.units else []
    found = subsets([i.open for i in cited], row.units, sizes=range(2, FULL_SEARCH + 1))
    sets = [[cited[at] for at in chosen] for chosen in reversed(found)]
    if whole := [items for items in sets if _contacts(items) > 1]:
        return whole
    missing = row.units - sum(i.open for i in cited)
    dated = books.by_amount.get((row.line.currency, missing))
    more = [books.items[i] for i in dated.nearest(row.day, _COMPLETING)] if dated else []
    return [_documents(row, [*cited, i]) for i in _documents(row, more) if i not in cited]


def _of_clients(books: Books, row: Row, cited: list[Item]) -> list[Item]:
    """What the clients of a line's payer owe: of very many documents those cited, then those due nearest."""
    clients = [c for c, match in sorted(row.contacts.items()) if match is KNOWN_BY_PAYER]
    if len(clients) < 2:
        return []
    owed = [i for c in clients for i in books.documents(c, row.day - _BEHIND_DAYS, row.day + 2)]
    told = {i.index for i in cited}
    near = sorted(_documents(row, owed), key=lambda i: (i.index not in told, abs(i.due - row.day), i.index))
    return sorted(near[:FULL_SEARCH], key=lambda i: (i.due, i.index))


def _hypothesis(books: Books, row: Row, pool: list[Item], items: list[Item]) -> Hypothesis:
    features = {"is_collective": 1.0} | text_features(books, row, items)
    for item in items:
        for name, value in time_features(row, item).items():
            features[name] = features.get(name, 0.0) + value / len(items)
    beside = _documents(row, {i.index: i for i in (*pool, *items)}.values())
    features |= set_features(beside, [at for at, item in enumerate(beside) if item in items], row.units)
    return Hypothesis((row.index,), tuple(i.index for i in items), "collective", features)
