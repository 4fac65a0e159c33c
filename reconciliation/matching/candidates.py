"""One line against one entry: candidates by amount, by citation and by name, never all pairs."""

from __future__ import annotations

from . import amounts
from .books import DUE_KINDS, Books, Item, Row
from .evidence import single_features
from .hypothesis import Hypothesis

_BUCKET = 10
_PER_CONTACT = 60
_PARTIALS = 6
_FX_BLIND = 6
_FX_BLIND_SHARE = 0.008
_AHEAD_DAYS = 12
_BEHIND_DAYS = 500
SETTLING = ("exact", "rounding")


def single_hypotheses(books: Books, row: Row) -> list[Hypothesis]:
    """Every plausible one-to-one explanation of a line."""
    limit = amounts.limits(books.context.tolerances)
    found: list[Hypothesis] = []
    partial: list[Hypothesis] = []
    for index in sorted(_candidate_items(books, row)):
        item = books.items[index]
        if not -_BEHIND_DAYS <= item.day - row.day <= _AHEAD_DAYS:
            continue
        if item.entry.currency != row.line.currency:
            hypothesis = _currency(books, row, item, limit)
        else:
            hypothesis = _same_currency(books, row, item, limit)
        if hypothesis:
            (partial if hypothesis.family == "partial" else found).append(hypothesis)
    partial.sort(key=lambda h: (-row.hits.get(h.items[0], 0.0), abs(books.items[h.items[0]].due - row.day), h.items))
    return found + partial[:_PARTIALS]


def _candidate_items(books: Books, row: Row) -> set[int]:
    chosen = _same_amount(books, row)
    chosen.update(i for i in row.hits if books.items[i].open)
    for contact, match in row.contacts.items():
        if match.coverage >= 0.35:
            owned = books.by_contact.get(contact, [])
            if len(owned) > _PER_CONTACT:
                owned = sorted(owned, key=lambda i: (abs(books.items[i].due - row.day), i))[:_PER_CONTACT]
            chosen.update(owned)
    if not books.rates.is_empty:
        chosen.update(_blind_currency(books, row))
    return chosen


def _same_amount(books: Books, row: Row) -> set[int]:
    bucket = books.by_amount.get((row.line.currency, row.units), [])
    if len(bucket) <= _BUCKET:
        return set(bucket)
    named = [i for i in bucket if i in row.hits or books.items[i].contact in row.contacts]
    near = sorted(bucket, key=lambda i: (abs(books.items[i].due - row.day), i))[:_BUCKET]
    return {*near, *named[:_PER_CONTACT]}


def _blind_currency(books: Books, row: Row) -> list[int]:
    found: list[int] = []
    for (currency, positive), _ in sorted(books.priced.items()):
        if currency == row.line.currency or positive != (row.units > 0):
            continue
        factor = books.rates.factor(row.line.currency, currency, row.day)
        if factor:
            value = row.units * factor
            ends = sorted((int(value * (1 - _FX_BLIND_SHARE)), int(value * (1 + _FX_BLIND_SHARE))))
            near = books.priced_between(currency, ends[0], ends[1])
            found += sorted(near, key=lambda i: (abs(books.items[i].open - value), i))[:_FX_BLIND]
    return found


def _same_currency(books: Books, row: Row, item: Item, limit: amounts.Limits) -> Hypothesis | None:
    family = amounts.relation(row.units, item.open, item.entry.memo, limit)
    if family is None:
        family = _tip(books, row, item)
    if family is None:
        return None
    named = item.contact in row.contacts and row.contacts[item.contact].coverage >= 0.35
    if family != "exact" and not named and item.index not in row.hits:
        return None
    if family == "partial" and (item.entry.kind not in DUE_KINDS or row.day < item.day - 1):
        return None
    features = single_features(books, row, item, family)
    _shape(features, row, item, family)
    return Hypothesis((row.index,), (item.index,), family, features, row.units - item.open)


def _shape(features: dict[str, float], row: Row, item: Item, family: str) -> None:
    share = abs(row.units) / abs(item.open)
    if family == "partial":
        features["partial_small"] = 1.0 if share < 0.1 else 0.0
        features["partial_nearly"] = 1.0 if share > 0.85 else 0.0
        if row.units % 10_000 == 0 or abs(share * 20 - round(share * 20)) < 0.0005:
            features["partial_round"] = 1.0
    elif family in ("short", "over"):
        gap = abs(row.units - item.open)
        features["gap_share"] = min(gap / abs(item.open), 0.05) * 20
        if gap % 500 == 0:
            features["gap_round"] = 1.0


def _tip(books: Books, row: Row, item: Item) -> str | None:
    is_more = row.units < 0 and item.entry.kind == "expense" and books.is_card(row.line.account_id) and item.open < 0
    return "tip" if is_more and 1.0 < row.units / item.open <= 1.25 else None


def _currency(books: Books, row: Row, item: Item, limit: amounts.Limits) -> Hypothesis | None:
    if (row.units > 0) != (item.open > 0):
        return None
    factor = books.rates.factor(item.entry.currency, row.line.currency, row.day)
    if not factor:
        return None
    expected = item.open * factor
    off = (row.units - expected) / abs(expected)
    if row.units < 0:
        off = -off
    fee_room = limit.short_abs / abs(expected) if row.units > 0 else 0.0
    if not -limit.fx_share - min(fee_room, limit.short_share) <= off <= limit.fx_share:
        return None
    named = item.contact in row.contacts and row.contacts[item.contact].coverage >= 0.35
    if not named and item.index not in row.hits and abs(off) > _FX_BLIND_SHARE:
        return None
    features = single_features(books, row, item, "currency")
    size = abs(off)
    features["fx_close" if size < 0.002 else "fx_near" if size < 0.006 else "fx_within" if size < 0.015 else "fx_far"] = 1.0
    if original_amount_cited(row, item):
        features["fx_original"] = 1.0
    gap = row.units - round(expected)
    return Hypothesis((row.index,), (item.index,), "currency", features, gap, notes={"rate": f"{factor:.6f}"})


def original_amount_cited(row: Row, item: Item) -> bool:
    """True when the text holds the entry's amount in the entry's own currency."""
    text = f"{row.line.description} {row.line.reference}".upper().replace(",", ".")
    return item.entry.currency in text and f"{abs(item.entry.open_amount):.2f}" in text
