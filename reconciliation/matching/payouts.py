"""Payouts of payment processors: the sum of takings less fees, refunds inside, sometimes one taking held over; and
chargebacks."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from .books import UNITS, Books, Item, Row
from .hypothesis import Hypothesis
from .model import Processor
from .names import likeness
from .normalise import words
from .sums import subsets

_LOOKBACK_DAYS = 12
_FEE_DAYS = 5
_POOL_LIMIT = 400
_EXTRA_SHARE = 0.02
_KEEP = 6
_TAKINGS = ("payment", "invoice", "credit_note")
_CENT = UNITS // 100


@dataclass(slots=True)
class Desk:
    """One processor's open takings and fees, in order of time."""

    processor: Processor
    name: tuple[str, ...]
    takings: list[Item]
    fees: list[Item]
    days: list[int]


@dataclass(slots=True, frozen=True)
class _Found:
    items: tuple[int, ...]
    family: str
    residual: float
    held: int
    aligned: bool


def desks(books: Books) -> list[Desk]:
    """Every processor of the tenant with what it still owes."""
    found: list[Desk] = []
    if not books.context.processors:
        return found
    told = [(i, _words_of(i)) for i in books.items if i.open and i.entry.kind in (*_TAKINGS, "expense")]
    for processor in books.context.processors:
        name = words(processor.contact_name)
        if not name:
            continue
        mine = [i for i, (memo, contact) in told if memo.issuperset(name) or contact.issuperset(name)]
        takings = [i for i in mine if i.entry.kind in _TAKINGS]
        fees = [i for i in mine if i.entry.kind == "expense"]
        found.append(Desk(processor, name, takings, fees, [i.day for i in takings]))
    return found


def _words_of(item: Item) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(words(item.entry.memo)), frozenset(words(item.entry.contact_name))


def names_processor(row: Row, desk: Desk) -> bool:
    """True when the line's words hold the processor's first name."""
    first = desk.name[0]
    return any(w == first or w.startswith(first) or (w[0] == first[0] and likeness(w, first) >= 0.85) for w in row.text)


def payout_hypotheses(books: Books, row: Row, all_desks: Sequence[Desk]) -> list[Hypothesis]:
    """Explanations of a line as a payout or a chargeback of a processor that it names."""
    out: list[Hypothesis] = []
    for desk in all_desks:
        if books.is_card(row.line.account_id) or not names_processor(row, desk):
            continue
        out += _chargebacks(row, desk)
        pool = _pool(row, desk)
        if pool:
            found = _with_booked_fee(books, row, desk, pool)
            booked = {f.items[:-1] for f in found}
            found += [f for f in _with_list_fee(row, desk, pool) if f.items not in booked]
            found.sort(key=lambda f: (f.held, not f.aligned, abs(f.residual), len(f.items), f.items))
            out += [_hypothesis(books, row, pool, f) for f in found[:_KEEP]]
    return out


def _pool(row: Row, desk: Desk) -> list[Item]:
    low, high = bisect_left(desk.days, row.day - _LOOKBACK_DAYS), bisect_left(desk.days, row.day + 1)
    return [i for i in desk.takings[low:high] if i.entry.currency == row.line.currency][-_POOL_LIMIT:]


def _day_windows(pool: list[Item]) -> list[tuple[int, int]]:
    starts = [at for at in range(len(pool)) if not at or pool[at].day != pool[at - 1].day]
    ends = [*starts[1:], len(pool)]
    return [(s, e) for s in starts for e in ends if e > s]


def _with_booked_fee(books: Books, row: Row, desk: Desk, pool: list[Item]) -> list[_Found]:
    """The fee was booked as an expense of its own: takings plus fee equal the line to the cent."""
    values = [float(i.open) for i in pool]
    out: list[_Found] = []
    for fee in desk.fees:
        if fee.entry.currency != row.line.currency or not -_FEE_DAYS <= fee.day - row.day <= 2:
            continue
        target = float(row.units - fee.open)
        for items, held, aligned in _search(values, pool, target, 0.5):
            out.append(_Found((*items, fee.index), "payout_booked", 0.0, held, aligned))
    return out


def _with_list_fee(row: Row, desk: Desk, pool: list[Item]) -> list[_Found]:
    """The fee is not in the books: takings less the list price, or a little more for foreign cards, equal the
    line."""
    share, fixed = float(desk.processor.percent), float(desk.processor.fixed) * UNITS
    nets = [i.open - (i.open * share + fixed if i.open > 0 else 0.0) for i in pool]
    out = [
        _Found(items, "payout_net", 0.0, held, aligned)
        for items, held, aligned in _search(nets, pool, float(row.units), 2.0 * _CENT)
    ]
    sums = [0.0]
    for value in nets:
        sums.append(sums[-1] + value)
    for start, end in _day_windows(pool):
        extra = sums[end] - sums[start] - row.units
        gross = sum(i.open for i in pool[start:end] if i.open > 0)
        if gross and 2 * _CENT < extra <= _EXTRA_SHARE * gross:
            out.append(_Found(tuple(i.index for i in pool[start:end]), "payout_extra", extra / gross, 0, True))
    return out


def _search(
    values: list[float], pool: list[Item], target: float, slack: float
) -> list[tuple[tuple[int, ...], int, bool]]:
    """Whole days first, then whole days with one taking held back or carried over, then short runs and small sets."""
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    exact, moved = [], []
    for start, end in _day_windows(pool):
        gap = sums[end] - sums[start] - target
        chosen = range(start, end)
        if abs(gap) <= slack * max(1.0, (end - start) ** 0.5):
            exact.append((tuple(pool[i].index for i in chosen), 0, True))
            continue
        for i in chosen if gap > 0 and end - start > 1 else ():
            if abs(values[i] - gap) <= slack:
                moved.append((tuple(pool[j].index for j in chosen if j != i), 1, True))
        for i in (*range(max(0, start - 40), start), *range(end, min(len(pool), end + 20))) if gap < 0 else ():
            if abs(values[i] + gap) <= slack:
                moved.append((tuple(pool[j].index for j in sorted((*chosen, i))), 1, True))
    if exact:
        return exact
    return moved[: 2 * _KEEP] + _small_sets(values, pool, target, slack)


def _small_sets(
    values: list[float], pool: list[Item], target: float, slack: float
) -> list[tuple[tuple[int, ...], int, bool]]:
    recent = list(range(max(0, len(pool) - 14), len(pool)))
    whole = [round(values[i]) for i in recent]
    found = subsets(whole, round(target), max(1, round(slack)), sizes=range(1, 5), most=2 * _KEEP)
    return [(tuple(pool[recent[i]].index for i in chosen), 0, False) for chosen in found]


def _hypothesis(books: Books, row: Row, pool: list[Item], found: _Found) -> Hypothesis:
    items = [books.items[i] for i in found.items]
    takings = [i for i in items if i.entry.kind != "expense"]
    features = {
        f"is_{found.family}": 1.0,
        "payout_size": min(math.log(len(takings)), 1.5),
        "payout_held": float(found.held),
    }
    if not found.aligned:
        features["payout_loose"] = 1.0
        features["set_chance"] = (
            math.log(math.comb(min(len(pool), 40), min(len(takings), 5))) - math.log(max(1, abs(row.units) // _CENT))
        ) / 4.0
    if found.residual:
        features["payout_extra_share"] = found.residual * 50
    lag = row.day - max(i.day for i in takings)
    features["payout_lag_late" if lag > 6 else "payout_lag"] = 1.0
    if row.hits and any(i.index in row.hits for i in items):
        features["payout_cited"] = 1.0
    total = sum(i.open for i in items)
    return Hypothesis((row.index,), found.items, found.family, features, row.units - total)


def _chargebacks(row: Row, desk: Desk) -> list[Hypothesis]:
    if row.units >= 0:
        return []
    notes = [
        i for i in desk.takings if i.open < 0 and -10 <= i.day - row.day <= 1 and i.entry.currency == row.line.currency
    ]
    out = []
    for note in notes:
        for fee in desk.fees:
            if (
                note.open + fee.open == row.units
                and abs(note.day - fee.day) <= 2
                and fee.entry.currency == row.line.currency
            ):
                features = {"is_chargeback": 1.0}
                if set(note.keys) & set(fee.keys) or note.index in row.hits or fee.index in row.hits:
                    features["chargeback_cited"] = 1.0
                if note.day == fee.day:
                    features["chargeback_same_day"] = 1.0
                out.append(Hypothesis((row.index,), (note.index, fee.index), "chargeback", features))
    return out[:_KEEP]
