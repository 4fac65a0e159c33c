"""Equal amounts that recur: which payment is whose turn, told by the order of lines and documents and by the months
that both name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .books import Books, Item, Row
from .hypothesis import Hypothesis
from .model import DUE_KINDS

_MOST = 36
_LAGS = 6
_SKIP = 0.6
_FREE = 0.05
_PER_DAY = 1 / 30
_LAG_PRICE = 0.01
_ANCHOR = 3.0
_EVEN = (-3, -2, -1, 1, 2, 3)
"""So many days between the due days of two documents say next to nothing about which of them is paid first, where
approvals speak for the days."""
_MANY = 50
"""So many approvals speak half as loud as all that could be."""
_NEARLY = 0.9
NAMED_FEATURES = frozenset(("name_full", "name_most", "name_alias", "name_some", "payer_known"))
"""What says that a line comes from a contact."""
_CITED = frozenset(("ref_sure", "ref_strong", "ref_fair"))
_OF_MONTH = frozenset(("month_told", "month_usual"))
_ELSEWHERE = frozenset(("ref_elsewhere_sure", "month_other", "month_unusual"))


def take_turns(books: Books, found: Sequence[Hypothesis]) -> None:
    """Say of every exact payment of a recurring amount whether it is this document's turn: lines and documents of one
    contact and amount are paired in order of time, so that all of them fit best."""
    groups: dict[tuple[int, str, int], list[Hypothesis]] = defaultdict(list)
    for h in found:
        if h.family == "exact" and not NAMED_FEATURES.isdisjoint(h.features):
            item = books.items[h.items[0]]
            if item.entry.kind in DUE_KINDS:
                groups[item.contact, item.entry.currency, item.open].append(h)
    for supposed in groups.values():
        if len(supposed) > 1:
            _pair_off(books, supposed)


def _pair_off(books: Books, supposed: Sequence[Hypothesis]) -> None:
    items = sorted({h.items[0] for h in supposed}, key=lambda i: (books.items[i].due, i))
    rows = sorted({h.rows[0] for h in supposed}, key=lambda r: (books.rows[r].day, r))
    for h in supposed:
        h.features.pop("in_turn", None)
        h.features.pop("out_of_turn", None)
    if len(items) < 2 or len(rows) > _MOST or len(items) > _MOST:
        return
    known = {(h.rows[0], h.items[0]): h for h in supposed}
    chosen = _best(books, [books.rows[r] for r in rows], [books.items[i] for i in items], known)
    busy = {r for r, _ in chosen} | {-1 - i for _, i in chosen}
    # Nothing but luck says which of two documents due on one day is paid by which of two lines that cite neither.
    quiet = [(row, books.items[item].due) for row, item in chosen if _CITED.isdisjoint(known[row, item].features)]
    taught = len(books.context.history)
    nearly = _NEARLY * taught / (taught + _MANY)
    even = {(row, due + days): nearly for days in _EVEN for row, due in quiet} if taught else {}
    even |= dict.fromkeys(quiet, 1.0)
    for (row, item), h in known.items():
        if (row, item) in chosen:
            h.features["in_turn"] = 1.0
        elif (row, books.items[item].due) in even:
            h.features["in_turn"] = even[row, books.items[item].due]
        elif row in busy or -1 - item in busy:
            h.features["out_of_turn"] = 1.0


_Pairs = set[tuple[int, int]]
_Known = dict[tuple[int, int], Hypothesis]


def _best(books: Books, rows: list[Row], items: list[Item], known: _Known) -> _Pairs:
    """The cheapest pairing in order; how late this contact usually pays is tried out."""
    lags = {0} | {rows[0].day - i.due for i in items[:_LAGS]} | {rows[-1].day - i.due for i in items[-2:]}
    tried = [_align(rows, items, known, lag) for lag in sorted(lags, key=lambda x: (abs(x), x))]
    return min(tried, key=lambda t: t[0])[1]


def _align(rows: list[Row], items: list[Item], known: _Known, lag: int) -> tuple[float, _Pairs]:
    """Least cost of pairing rows and items in order of time, leaving some out at a price."""
    best: list[list[float]] = [[_FREE * j for j in range(len(items) + 1)]]
    for i, row in enumerate(rows):
        line = [best[i][0] + _SKIP]
        for j, item in enumerate(items):
            pair = best[i][j] + _cost(row, item, known, lag)
            line.append(min(pair, best[i][j + 1] + _SKIP, line[j] + _FREE))
        best.append(line)
    i, j, pairs = len(rows), len(items), set()
    while i and j:
        if best[i][j] == best[i][j - 1] + _FREE:
            j -= 1
        elif best[i][j] == best[i - 1][j] + _SKIP:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.add((rows[i].index, items[j].index))
    return best[-1][-1] + _LAG_PRICE * abs(lag) * _PER_DAY, pairs


def _cost(row: Row, item: Item, known: _Known, lag: int) -> float:
    h = known.get((row.index, item.index))
    if h is None:
        return 9.0
    told = h.features
    cost = min(abs(row.day - item.due - lag) * _PER_DAY, 2.0)
    if not _CITED.isdisjoint(told) or not _OF_MONTH.isdisjoint(told):
        return cost - _ANCHOR
    return cost if _ELSEWHERE.isdisjoint(told) else cost + _ANCHOR
