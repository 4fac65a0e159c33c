"""Payouts of payment processors: the sum of takings less fees, refunds inside, sometimes one taking held over; and
chargebacks."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter

from .books import Books, Item, Row
from .hypothesis import Hypothesis
from .model import Approved, Processor
from .names import likeness
from .normalise import words
from .reading import read
from .sums import SubsetSums
from .units import UNITS

_LOOKBACK_DAYS = 16
_FEE_DAYS = 5
_POOL_LIMIT = 400
_EXTRA_SHARE = 0.02
_KEEP = 6
_RECENT = 14
_CLEAR = 4
_SEVERAL = 5
_TAKINGS = ("payment", "invoice", "credit_note")
_CENT = UNITS // 100


class Desk:
    """One processor's open takings and fees, in order of time."""

    def __init__(self, processor: Processor, name: tuple[str, ...], *, stands_alone: bool) -> None:
        self.processor, self.name, self.stands_alone = processor, name, stands_alone
        self._takings: list[Item] = []
        self._fees: list[Item] = []
        self._lags: dict[int, list[tuple[Hypothesis, int, bool]]] = {}
        self._past: Counter[int] = Counter()

    def learn(self, lag: int) -> None:
        """Take in how many days after its last taking an approved payout came."""
        self._past[lag] += 1

    def keep(self, item: Item, told: Sequence[str]) -> None:
        """Take an item in when these words hold the processor's whole name."""
        kept = self._fees if item.entry.kind == "expense" else self._takings
        if self.is_named(told) and (not kept or kept[-1] is not item):
            insort(kept, item, key=attrgetter("day"))

    def is_named(self, told: Sequence[str]) -> bool:
        """Whether these words name the processor: by its first word where no other begins so."""
        return self.name[0] in told and (self.stands_alone or set(self.name) <= set(told))

    def takings(self, currency: str, first_day: int, last_day: int) -> list[Item]:
        """Open takings and refunds of these days, both inclusive."""
        return _between(self._takings, currency, first_day, last_day)

    def fees(self, currency: str, first_day: int, last_day: int) -> list[Item]:
        """Fees booked on these days, both inclusive."""
        return _between(self._fees, currency, first_day, last_day)

    def remember(self, row: Row, made: Sequence[Hypothesis], items: Sequence[Item]) -> None:
        """Note how long after the last taking each of these payouts of one line would come."""
        whole = [h for h in made if not h.features["payout_held"] and "payout_loose" not in h.features]
        self._lags[row.index] = [
            (h, row.day - max(items[i].day for i in h.items if items[i].entry.kind != "expense"), whole == [h])
            for h in made
        ]

    def apply_habits(self) -> None:
        """Say of every payout how usual its delay is for this processor, as approved and clear ones show."""
        known = [lag for of_row in self._lags.values() for lag in of_row]
        usual = self._past + Counter(lag for _, lag, is_clear in known if is_clear)
        for h, lag, is_clear in known:
            others, same = usual.total() - is_clear, usual[lag] - is_clear
            if others >= _CLEAR:
                h.features["payout_usual"] = max(-2.0, math.log((same + 0.3) / (others + 3.0) * 10.0))


def _between(items: list[Item], currency: str, first_day: int, last_day: int) -> list[Item]:
    low = bisect_left(items, first_day, key=attrgetter("day"))
    high = bisect_right(items, last_day, key=attrgetter("day"))
    return [i for i in items[low:high] if i.entry.currency == currency and i.open]


class Desks:
    """Every processor of the tenant with what it still owes."""

    def __init__(self, books: Books) -> None:
        named = [(p, words(p.contact_name)) for p in (*books.context.processors, *_unlisted(books))]
        first = Counter(name[0] for _, name in named if name)
        self._all = [Desk(p, name, stands_alone=first[name[0]] == 1) for p, name in named if name]
        self._by_first: dict[str, list[Desk]] = defaultdict(list)
        for desk in self._all:
            self._by_first[desk.name[0]].append(desk)
        self._by_text: dict[tuple[str, ...], list[Desk]] = {}
        for item in books.items if self._all else ():
            self.add(item)
        self._by_word: dict[str, tuple[int, ...]] = {}
        for approved in books.context.history if self._all else ():
            self._learn(approved)

    def add(self, item: Item) -> None:
        """Put an open item on the desk of the processor that its memo or contact names."""
        if item.open and item.entry.kind in (*_TAKINGS, "expense"):
            for told in (item.said, words(item.entry.contact_name)):
                for desk in self._begun_by(told):
                    desk.keep(item, told)

    def _begun_by(self, told: tuple[str, ...]) -> list[Desk]:
        """The processors whose first word is among these; the same memos and contacts come again and again."""
        known = self._by_text.get(told)
        if known is None:
            known = [d for word in dict.fromkeys(told) for d in self._by_first.get(word, ())]
            self._by_text[told] = known
        return known

    def _learn(self, approved: Approved) -> None:
        """What an approved payout says about its processor: one line that names it, for takings that do."""
        takings = [e for e in approved.entries if e.kind in _TAKINGS]
        if takings and len(approved.lines) == 1:
            line, lag = approved.lines[0], (approved.lines[0].on - max(e.on for e in takings)).days
            told = (words(takings[0].memo), words(takings[0].contact_name))
            for desk in self._named_in(read(line)):
                if any(map(desk.is_named, told)):
                    desk.learn(lag)

    def named_by(self, row: Row) -> list[Desk]:
        """The processors whose first name the line's words hold."""
        return self._named_in(row.text) if self._all else []

    def _named_in(self, text: Iterable[str]) -> list[Desk]:
        found = {at for word in text for at in self._named(word)}
        return [self._all[at] for at in sorted(found)]

    def apply_habits(self) -> None:
        """Say of every payout supposed so far how usual its delay is for its processor."""
        for desk in self._all:
            desk.apply_habits()

    def _named(self, word: str) -> tuple[int, ...]:
        known = self._by_word.get(word)
        if known is None:
            known = self._by_word[word] = tuple(at for at, d in enumerate(self._all) if _is_named(word, d.name[0]))
        return known


def _unlisted(books: Books) -> list[Processor]:
    """Contacts that collect for others without being told of: their fees are booked, and the memos of several open
    takings of other contacts begin with their name. They have no list price."""
    known = {words(p.contact_name)[:1] for p in books.context.processors}
    charging: dict[str, set[str]] = defaultdict(set)
    takings: list[Item] = []
    for item in books.items:
        if item.open and item.entry.kind == "expense":
            for word in words(item.entry.contact_name)[:1]:
                charging[word].add(item.entry.contact_name)
        elif item.open > 0 and item.entry.kind in _TAKINGS and item.entry.memo:
            takings.append(item)
    if not charging or not takings:
        return []
    first = Counter(
        word
        for item in takings
        for word in item.said[:1]
        if word in charging and item.entry.contact_name not in charging[word]
    )
    return [
        Processor(word, min(charging[word]))
        for word, times in sorted(first.items())
        if times >= _SEVERAL and (word,) not in known and len(charging[word]) == 1
    ]


def _is_named(word: str, first: str) -> bool:
    return word.startswith(first) or (word[0] == first[0] and likeness(word, first) >= 0.85)


@dataclass(slots=True, frozen=True)
class _Found:
    items: tuple[int, ...]
    family: str
    residual: float
    held: int
    aligned: bool


def payout_hypotheses(books: Books, row: Row, desks: Desks) -> list[Hypothesis]:
    """Explanations of a line as a payout or a chargeback of a processor that it names."""
    out: list[Hypothesis] = []
    for desk in () if books.is_card(row.line.account_id) else desks.named_by(row):
        out += _chargebacks(row, desk)
        pool = desk.takings(row.line.currency, row.day - _LOOKBACK_DAYS, row.day)[-_POOL_LIMIT:]
        if pool:
            found = _with_booked_fee(row, desk, pool)
            booked = {f.items[:-1] for f in found}
            found += [f for f in _with_list_fee(row, desk, pool) if f.items not in booked]
            found.sort(key=lambda f: (f.held, not f.aligned, abs(f.residual), f.items))
            made = [_hypothesis(books, row, pool, f) for f in found[:_KEEP]]
            desk.remember(row, _compare_siblings(made), books.items)
            out += made
    return out


def _with_booked_fee(row: Row, desk: Desk, pool: list[Item]) -> list[_Found]:
    """The fee was booked as an expense of its own: takings plus fee equal the line to the cent."""
    fees = desk.fees(row.line.currency, row.day - _FEE_DAYS, row.day + 2)
    takings = _Takings(pool, [float(i.open) for i in pool]) if fees else None
    return [
        _Found((*items, fee.index), "payout_booked", 0.0, held, aligned)
        for fee in fees
        if takings
        for items, held, aligned in takings.search(float(row.units - fee.open), 0.5)
    ]


def _with_list_fee(row: Row, desk: Desk, pool: list[Item]) -> list[_Found]:
    """The fee is not in the books: takings less the list price, or a little more for foreign cards, equal the
    line."""
    share, fixed = float(desk.processor.percent), float(desk.processor.fixed) * UNITS
    takings = _Takings(pool, [i.open - (i.open * share + fixed if i.open > 0 else 0.0) for i in pool])
    out = [
        _Found(items, "payout_net", 0.0, held, aligned)
        for items, held, aligned in takings.search(float(row.units), 2.0 * _CENT)
    ]
    if not share and not fixed:
        return out
    gross = [0, *accumulate(max(i.open, 0) for i in pool)]
    for (start, end), total in zip(takings.windows, takings.totals, strict=True):
        extra, whole = total - row.units, gross[end] - gross[start]
        if whole and 2 * _CENT < extra <= _EXTRA_SHARE * whole:
            out.append(_Found(takings.indexes(range(start, end)), "payout_extra", extra / whole, 0, True))
    return out


class _Takings:
    """Takings in order of time with what each brings, ready to be asked which of them make an amount."""

    def __init__(self, pool: list[Item], values: list[float]) -> None:
        self._pool, self._values = pool, values
        self._sums = [0.0, *accumulate(values)]
        self._priced = sorted((value, at) for at, value in enumerate(values))
        starts = [at for at in range(len(pool)) if not at or pool[at].day != pool[at - 1].day]
        self.windows = [(s, e) for s in starts for e in (*starts[1:], len(pool)) if e > s]
        self.totals = [self._sums[end] - self._sums[start] for start, end in self.windows]
        self._recent = range(max(0, len(pool) - _RECENT), len(pool))
        self._small: SubsetSums | None = None

    def indexes(self, chosen: Iterable[int]) -> tuple[int, ...]:
        """The items at these places."""
        return tuple(self._pool[at].index for at in chosen)

    def search(self, target: float, slack: float) -> list[tuple[tuple[int, ...], int, bool]]:
        """Whole days first, then whole days with one taking held back or carried over, then small sets."""
        exact = [
            (self.indexes(range(start, end)), 0, True)
            for (start, end), total in zip(self.windows, self.totals, strict=True)
            if abs(total - target) <= slack * max(1.0, (end - start) ** 0.5)
        ]
        return exact or self._moved(target, slack)[: 2 * _KEEP] + self._small_sets(target, slack)

    def _moved(self, target: float, slack: float) -> list[tuple[tuple[int, ...], int, bool]]:
        """Whole days less one taking, or with one of the days around them."""
        moved: list[tuple[tuple[int, ...], int, bool]] = []
        for (start, end), total in zip(self.windows, self.totals, strict=True):
            gap = total - target
            if len(moved) >= 2 * _KEEP:
                break
            if not self._may_be(gap if gap > 0 else -gap, slack):
                continue
            if gap > 0:
                held = self._worth(gap, slack, start, end) if end - start > 1 else []
                moved += [(self.indexes(j for j in range(start, end) if j != i), 1, True) for i in held]
            else:
                before, after = self._worth(-gap, slack, start - 40, start), self._worth(-gap, slack, end, end + 20)
                moved += [(self.indexes(sorted((*range(start, end), i))), 1, True) for i in (*before, *after)]
        return moved

    def _may_be(self, amount: float, slack: float) -> bool:
        """Whether the amount lies within what single takings are worth."""
        return self._priced[0][0] - slack <= amount <= self._priced[-1][0] + slack

    def _worth(self, amount: float, slack: float, start: int, end: int) -> list[int]:
        """Places between start and end whose value is the amount."""
        low = bisect_left(self._priced, (amount - slack, -1))
        high = bisect_right(self._priced, (amount + slack, len(self._pool)))
        return sorted(at for _, at in self._priced[low:high] if start <= at < end)

    def _small_sets(self, target: float, slack: float) -> list[tuple[tuple[int, ...], int, bool]]:
        if self._small is None:
            self._small = SubsetSums([round(self._values[at]) for at in self._recent], range(1, 5))
        found = self._small.find(round(target), max(1, round(slack)), most=2 * _KEEP)
        return [(self.indexes(self._recent[i] for i in chosen), 0, False) for chosen in found]


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
    for fee in (i for i in items if i.entry.kind == "expense"):
        features["payout_fee_near" if abs(fee.day - row.day) <= 1 else "payout_fee_off"] = 1.0
    told = {day for i in items for day in i.told}
    if told:
        features["told_day" if row.day in told else "told_other_day"] = 1.0
    if row.hits and any(i.index in row.hits for i in items):
        features["payout_cited"] = 1.0
    total = sum(i.open for i in items)
    return Hypothesis((row.index,), found.items, found.family, features, row.units - total)


def _compare_siblings(made: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Payouts of the same sum may differ by a sale and its refund: nothing else of them says in which payout those are,
    so nothing else counts. The others are returned."""
    sets = [frozenset(h.items) for h in made]
    alone = []
    for h, own in zip(made, sets, strict=True):
        told = {
            "payout_incomplete": float(any(own < other for other in sets)),
            "payout_padded": float(any(other < own for other in sets)),
        }
        if any(told.values()):
            h.features = told
        else:
            alone.append(h)
    return alone


def _chargebacks(row: Row, desk: Desk) -> list[Hypothesis]:
    if row.units >= 0:
        return []
    notes = [i for i in desk.takings(row.line.currency, row.day - 10, row.day + 1) if i.open < 0]
    out = []
    for note in notes:
        for fee in desk.fees(row.line.currency, note.day - 2, note.day + 2):
            if note.open + fee.open == row.units:
                features = {"is_chargeback": 1.0}
                if set(note.keys) & set(fee.keys) or note.index in row.hits or fee.index in row.hits:
                    features["chargeback_cited"] = 1.0
                if note.day == fee.day:
                    features["chargeback_same_day"] = 1.0
                out.append(Hypothesis((row.index,), (note.index, fee.index), "chargeback", features))
    return out[:_KEEP]
