"""Explanations inside the statement itself: transfers between own accounts, payments that came back, lines
delivered twice."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from .books import AGAIN_DAYS, Books, Row
from .evidence import Features, mentions_self
from .hypothesis import Hypothesis
from .probability import score
from .weights import WEIGHTS

_TRANSFER_DAYS = 5
_RETURN_DAYS = 12
_BUCKET = 12
_FX_SHARE = 0.025
_BEST = 4
_SETTLED = 12.0


def internal_hypotheses(books: Books, among: Sequence[Row]) -> list[Hypothesis]:
    """All explanations that need no ledger entry, between the given lines."""
    by_amount: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in among:
        by_amount[row.line.currency, abs(row.units)].append(row)
    out: list[Hypothesis] = []
    for _, rows in sorted(by_amount.items()):
        if len(rows) < 2:
            continue
        for position, first in enumerate(rows):
            later = rows[position + 1 : position + 1 + _BUCKET]
            for second in later:
                out += _pair(books, first, second, later)
        if len(rows) > _BUCKET:
            out += _far_returns(books, rows)
    _hear_returns(books, among, [h for h in out if h.family == "return"])
    return out + _delivered_again(books, among) + _currency_transfers(books, among)


def _hear_returns(books: Books, among: Sequence[Row], returns: Sequence[Hypothesis]) -> None:
    """Say of every return how much more often than others the lines that share a word with it undo an earlier one:
    banks write returns in words of their own."""
    back = {h.rows[1] for h in returns}
    asked = {word for index in back for word in books.rows[index].text}
    said = Counter(word for row in among for word in row.text if word in asked)
    undoing = Counter(word for index in back for word in books.rows[index].text)
    usual = len(back) / max(1, len(among))
    for h in returns:
        first, second = (books.rows[index] for index in h.rows)
        shares = [(undoing[w] - 1 + usual) / said[w] for w in second.text if w not in first.text]
        if shares and max(shares) > usual:
            h.features["return_wording"] = math.log(max(shares) / usual) / 2.0
        if "return_strangers" in h.features and all(
            undoing[w] > 1 and 2 * undoing[w] >= said[w] for w in second.text if books.contacts.is_rare(w)
        ):
            del h.features["return_strangers"]


def weigh_returns(returns: Sequence[Hypothesis], alone: Mapping[int, Sequence[Hypothesis]]) -> None:
    """Say of every return how well its first line settles a document: that speaks as much for a payment that came
    back as for one that stayed."""
    best: dict[int, float] = {}
    for h in returns:
        first = h.rows[0]
        if first not in best:
            score(alone[first], WEIGHTS)
            best[first] = max((a.score for a in alone[first]), default=0.0)
        if best[first] > 0.0:
            h.features["return_of_settled"] = min(best[first], _SETTLED) / 4.0


def _far_returns(books: Books, rows: Sequence[Row]) -> list[Hypothesis]:
    """Returns beyond the nearest lines of a crowded amount: lines of the other direction are few among them."""
    ways: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        ways[row.line.account_id, row.units > 0].append(position)
    out: list[Hypothesis] = []
    for position, first in enumerate(rows):
        others = ways.get((first.line.account_id, first.units < 0), [])
        start = bisect_left(others, position + 1 + _BUCKET)
        for second in (rows[at] for at in others[start : start + _BUCKET]):
            if second.day - first.day <= _RETURN_DAYS:
                out += _return(books, first, second, rows[position + 1 : position + 1 + _BUCKET])
    return out


def _delivered_again(books: Books, among: Sequence[Row]) -> list[Hypothesis]:
    """Lines that repeat one which was approved earlier."""
    approved: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in books.past:
        approved[row.line.account_id, row.line.currency, row.units].append(row)
    return [
        h
        for row in among
        for first in approved.get((row.line.account_id, row.line.currency, row.units), ())[:_BUCKET]
        if 0 <= row.day - first.day <= AGAIN_DAYS
        for h in _duplicate(books, first, row)
    ]


def _pair(books: Books, first: Row, second: Row, later: Sequence[Row]) -> list[Hypothesis]:
    days = second.day - first.day
    same_account = first.line.account_id == second.line.account_id
    if first.units == second.units:
        return _duplicate(books, first, second) if same_account and days <= AGAIN_DAYS else []
    if same_account:
        return _return(books, first, second, later) if days <= _RETURN_DAYS else []
    return [_transfer(books, first, second, 0.0)] if days <= _TRANSFER_DAYS else []


def _duplicate(books: Books, first: Row, second: Row) -> list[Hypothesis]:
    overlap = _overlap(first.text, second.text)
    same_cites = first.cites == second.cites
    if overlap < 0.6 or not (
        same_cites or first.cites <= second.cites or second.cites <= first.cites or _cut(first, second)
    ):
        return []
    identical = first.line.description == second.line.description and first.line.reference == second.line.reference
    features: Features = {"is_duplicate": 1.0, "duplicate_identical" if identical else "duplicate_similar": 1.0}
    features["duplicate_days"] = float(second.day - first.day)
    shared = max((len(c) for c in first.cites & second.cites if c.isdigit()), default=0)
    features["duplicate_token"] = 1.0 if shared >= 6 else 0.0
    features["duplicate_document"] = 1.0 if any(s >= 3.6 for s in first.hits.values()) and same_cites else 0.0
    if not first.cites and not first.has_name:
        features["duplicate_bare"] = 1.0
    twins = len(books.same_amount(first, 8))
    features["duplicate_twins"] = min(twins, 8) / 4.0
    return [Hypothesis((second.index, first.index), (), "duplicate", features, claims=(second.index,))]


def _cut(first: Row, second: Row) -> bool:
    a, b = sorted((first.line.description, second.line.description), key=len)
    return len(a) >= 10 and (b.startswith(a) or b.endswith(a))


def _overlap(first: tuple[str, ...], second: tuple[str, ...]) -> float:
    if not first and not second:
        return 1.0
    return len(set(first) & set(second)) / max(1, min(len(first), len(second)))


def _return(books: Books, first: Row, second: Row, later: Sequence[Row]) -> list[Hypothesis]:
    shared = [w for w in set(first.text) & set(second.text) if books.contacts.is_rare(w)]
    features: Features = {"is_return": 1.0, "return_days": (second.day - first.day) / 6.0}
    if shared:
        features["return_name"] = 1.0
    elif second.has_name and first.has_name:
        features["return_strangers"] = 1.0
    if any(len(c) >= 4 for c in first.cites & second.cites):
        features["return_cited"] = 1.0
    if second.units < 0:
        features["return_of_receipt"] = 1.0
    if second.hits and any(s >= 4.6 for s in second.hits.values()):
        features["return_own_document"] = 1.0
    features["return_exact_document"] = 1.0 if _has_document(books, second) else 0.0
    if abs(first.units) % 100_000 == 0:
        features["round_amount_pair"] = 1.0
    near = [r for r in later if r is not second and r.day - first.day <= 2 * _RETURN_DAYS]
    if any(r.units == first.units and r.day >= second.day and _overlap(first.text, r.text) >= 0.6 for r in near):
        features["return_again"] = 1.0
    rivals = sum(1 for r in near if r.line.account_id == first.line.account_id)
    if rivals:
        features["return_rivals"] = math.log1p(rivals)
    if not first.hits.keys().isdisjoint(second.hits):
        features["return_same_document"] = 1.0
    return [Hypothesis((first.index, second.index), (), "return", features)]


def _has_document(books: Books, row: Row) -> bool:
    """True when a document of exactly this amount is open for somebody the line names or cites."""
    cited = (books.items[i] for i in row.hits)
    if any(i.open == row.units and i.entry.currency == row.line.currency for i in cited):
        return True
    return bool(books.owed_exactly(row, 1))


def _transfer(books: Books, first: Row, second: Row, off: float) -> Hypothesis:
    features: Features = {"is_transfer_pair": 1.0, "transfer_days": abs(second.day - first.day) / 3.0}
    self_named = sum(mentions_self(books, r) for r in (first, second))
    if self_named:
        features["transfer_pair_self"] = float(self_named)
    if any(len(c) >= 5 for c in first.cites & second.cites):
        features["transfer_pair_cited"] = 1.0
    named = sum(
        max((m.coverage * min(m.bits, 8.0) for m in r.contacts.values()), default=0.0) > 2.5 for r in (first, second)
    )
    if named:
        features["transfer_pair_named"] = float(named)
    booked = sum(_is_booked(books, r) for r in (first, second))
    if booked:
        features["transfer_pair_booked"] = float(booked)
    strangers = sum(r.has_name for r in (first, second))
    if strangers:
        features["transfer_pair_strangers"] = float(strangers)
    shared = _overlap(first.text, second.text)
    features["transfer_pair_words"] = shared
    if first.line.currency != second.line.currency:
        features["transfer_pair_currency"] = 1.0
        features["transfer_pair_off"] = math.log(max(abs(off), 0.0005) / 0.0005) / 4.0
    if abs(first.units) % 100_000 == 0 or abs(second.units) % 100_000 == 0:
        features["transfer_pair_round"] = 1.0
    rows = (first.index, second.index) if first.units < 0 else (second.index, first.index)
    return Hypothesis(rows, (), "transfer", features, first.units + second.units if not off else 0)


def _is_booked(books: Books, row: Row) -> bool:
    """True when a transfer of exactly this amount is booked within some days."""
    items = (books.items[i] for i in books.same_amount(row, _BUCKET))
    return any(i.entry.kind == "transfer" and abs(i.day - row.day) <= _TRANSFER_DAYS for i in items)


def _currency_transfers(books: Books, among: Sequence[Row]) -> list[Hypothesis]:
    if books.rates.is_empty:
        return []
    by_currency: dict[str, list[Row]] = defaultdict(list)
    priced: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row in among:
        by_currency[row.line.currency].append(row)
        priced[row.line.currency, row.day].append((row.units, row.index))
    for found in priced.values():
        found.sort()
    out: list[Hypothesis] = []
    for a, b in combinations(sorted(by_currency), 2):
        for row in by_currency[a]:
            days = range(row.day - _TRANSFER_DAYS, row.day + _TRANSFER_DAYS + 1)
            out += _opposites(books, row, b, [p for day in days if (p := priced.get((b, day)))])
    return out


def _opposites(books: Books, row: Row, currency: str, days: list[list[tuple[int, int]]]) -> list[Hypothesis]:
    factor = books.rates.factor(row.line.currency, currency, row.day)
    if not factor or not row.units:
        return []
    expected = -row.units * factor
    low, high = sorted((expected * (1 - _FX_SHARE), expected * (1 + _FX_SHARE)))
    found = []
    for priced in days:
        start, end = bisect_left(priced, (int(low), -1)), bisect_right(priced, (int(high), len(books.rows)))
        for units, index in priced[start:end]:
            off = (units - expected) / expected
            found.append((abs(off), (row.index, index) if row.units < 0 else (index, row.index), off, index))
    return [_currency_transfer(books, row, books.rows[index], off) for _, _, off, index in sorted(found)[:_BEST]]


def _currency_transfer(books: Books, row: Row, other: Row, off: float) -> Hypothesis:
    first, second = (row, other) if row.index < other.index else (other, row)
    return _transfer(books, first, second, off or 1e-9)
