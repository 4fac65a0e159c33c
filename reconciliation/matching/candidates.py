"""One line against one entry: candidates by amount, by citation and by name, never all pairs."""

from __future__ import annotations

from itertools import islice

from . import amounts
from .books import LOUD, Books, Item, Row
from .evidence import Features, single_features
from .glance import GLANCED, is_hopeless
from .hypothesis import Hypothesis
from .names import KNOWN_BY_PAYER, NAMED_WELL, NO_MATCH, leaders

_BUCKET = 10
_BUCKET_SETTLED = 3
_PER_CONTACT = 60
_TWINS = 24
_NAMED = 0.35
_PART_NAMED = 0.5
_LEAST_SHARE = 0.79
_MOST_SHARE = 1.12
_PARTIALS = 12
_FX_BLIND = 2
_FX_READ = 12
_FEE_SHARE = 0.06
_FLAT_FEE_SHARE = 0.25
"""A bank's flat fee may be so much of a small foreign payment, when a name or a citation says whose it is."""
_FX_BLIND_SHARE = 0.006
_AHEAD_DAYS = 12
_BEHIND_DAYS = 500
SETTLING = ("exact", "rounding")
_SHAPED = frozenset(("partial", "short", "over"))
_NEARLY = ("rounding", "short", "discount", "usual_discount", "currency")
_DOUBTS = frozenset(("name_other", "ref_elsewhere", "ref_elsewhere_sure", "ref_uncovered"))


def single_hypotheses(books: Books, row: Row) -> list[Hypothesis]:
    """Every plausible one-to-one explanation of a line: what it cites and what the payer owes to the cent first, then
    what the payer owes otherwise, then by amount alone; each step only where those before leave it open."""
    limit = books.limits
    told = _told_items(books, row)
    found, parts = _explain(books, row, sorted(told), limit)
    settled = _is_settled(found)
    if not settled:
        owed = {i for contact in leaders(row.contacts, _NAMED) for i in _owned(books, row, contact)} - told
        told |= owed
        more, more_parts = _explain(books, row, sorted(owed), limit)
        found, parts, settled = found + more, parts + more_parts, _is_settled(more)
    blind = books.same_amount(row, _BUCKET_SETTLED if settled else _BUCKET)
    if not settled and not books.rates.is_empty:
        blind += _blind_currency(books, row)
    found += _explain(books, row, sorted(set(blind) - told), limit)[0]
    row.parts = ()
    if settled or not parts:
        return found
    parts = sorted(parts, key=lambda item: _partial_order(row, item))[:_PARTIALS]
    row.parts = tuple([item.index for item in parts if _is_told(row, item)])
    return found + [h for item in parts if (h := _single(books, row, item, "partial"))]


def _is_told(row: Row, item: Item) -> bool:
    """Whether the line cites a document or names whose it is, as parts of it must."""
    match = row.contacts.get(item.contact, NO_MATCH)
    is_named = match.coverage >= NAMED_WELL and match is not KNOWN_BY_PAYER
    return is_named or row.hits.get(item.index, 0.0) >= LOUD


def _is_settled(found: list[Hypothesis]) -> bool:
    return any(h.family in SETTLING and is_convincing(h) for h in found)


def is_convincing(h: Hypothesis) -> bool:
    """True when a name or a citation speaks for the hypothesis and nothing loud against it."""
    f = h.features
    return (
        ("name_full" in f or "name_most" in f or "ref_sure" in f)
        and "name_other" not in f
        and "ref_only_elsewhere" not in f
    )


def is_settling(h: Hypothesis) -> bool:
    """True when no sum of several entries needs to be tried: exact and told, or cited for sure, by name, and in full
    but for a fee, a discount or a rate."""
    f = h.features
    if h.family == "exact":
        return is_convincing(h)
    if h.family not in _NEARLY or not ("ref_sure" in f or "ref_strong" in f):
        return False
    return ("name_full" in f or "name_most" in f) and _DOUBTS.isdisjoint(f)


def _partial_order(row: Row, item: Item) -> tuple[float, float, int, int]:
    match = row.contacts.get(item.contact)
    return (
        -row.hits.get(item.index, 0.0),
        -round(match.coverage, 1) if match else 0.0,
        abs(item.due - row.day),
        item.index,
    )


def _explain(books: Books, row: Row, indexes: list[int], limit: amounts.Limits) -> tuple[list[Hypothesis], list[Item]]:
    """Hypotheses that settle an item, and the items that the line may pay a part of."""
    found, parts = [], []
    currency, first, last = row.line.currency, row.day - _BEHIND_DAYS, row.day + _AHEAD_DAYS
    for item in [books.items[i] for i in indexes]:
        if not first <= item.day <= last:
            continue
        if item.currency != currency:
            hypothesis = _currency(books, row, item, limit)
            if hypothesis:
                found.append(hypothesis)
            continue
        family = _family(books, row, item, limit)
        if family == "partial":
            parts.append(item)
        elif family and (hypothesis := _single(books, row, item, family)):
            found.append(hypothesis)
    return found, parts


def _told_items(books: Books, row: Row) -> set[int]:
    """Open items that the text cites, and those of the line's amount whose contact it names."""
    chosen = {i for i in row.hits if books.items[i].open}
    named = books.owed_exactly(row, _TWINS + 1)
    chosen.update(named if len(named) <= _TWINS else _nearest(books, row, named, _TWINS))
    return chosen


def _owned(books: Books, row: Row, contact: int) -> list[int]:
    """A contact's open items that this amount could settle, and those due around the line that it could be a part
    of."""
    near: list[int] = []
    larger: list[int] = []
    paid = abs(row.units)
    for (currency, is_positive), shelf in books.shelves.get(contact, {}).items():
        if is_positive != (row.units > 0):
            continue
        factor = books.rates.factor(currency, row.line.currency, row.day)
        if factor:
            most = paid * _MOST_SHARE
            if currency != row.line.currency:
                most = max(most, min(paid / (1.0 - _FLAT_FEE_SHARE), paid + books.limits.short_abs))
            near += shelf.between(paid * _LEAST_SHARE / factor, most / factor)
        if currency == row.line.currency:
            larger = shelf.larger(paid * _MOST_SHARE, row.day, _PARTIALS)
    return (near if len(near) <= _PER_CONTACT else _nearest(books, row, near, _PER_CONTACT)) + larger


def _nearest(books: Books, row: Row, indexes: list[int], most: int) -> list[int]:
    return sorted(indexes, key=lambda i: (abs(books.items[i].due - row.day), i))[:most]


def _blind_currency(books: Books, row: Row) -> list[int]:
    found: list[int] = []
    items, own, day, is_in = books.items, row.line.currency, row.day, row.units > 0
    for (currency, is_positive), prices in books.priced.items():
        if currency != own and is_positive == is_in and (factor := books.rates.factor(own, currency, day)):
            near = prices.near(row.units * factor, _FX_BLIND_SHARE, _FX_READ)
            found += islice((i for i in near if -_BEHIND_DAYS <= items[i].day - day <= _AHEAD_DAYS), _FX_BLIND)
    return found


def _family(books: Books, row: Row, item: Item, limit: amounts.Limits) -> str | None:
    """How the line could pay an item in its own currency, where anything but the amount speaks for it."""
    family = amounts.relation(row.units, item.open, item.granted, limit) or _tip(books, row, item)
    if family is None or family == "exact":
        return family
    named = item.contact in row.contacts and row.contacts[item.contact].coverage >= _NAMED
    if not named and item.index not in row.hits:
        return None
    return None if family == "partial" and not _may_be_part(row, item) else family


def _single(books: Books, row: Row, item: Item, family: str) -> Hypothesis | None:
    shape = _shape(row, item, family) if family in _SHAPED else {}
    if family in GLANCED and is_hopeless(books, row, item, family, shape):
        return None
    features = single_features(books, row, item, family)
    features |= shape
    return Hypothesis((row.index,), (item.index,), family, features, row.units - item.open)


def _may_be_part(row: Row, item: Item) -> bool:
    match = row.contacts.get(item.contact)
    told = item.index in row.hits or (match is not None and match.coverage >= _PART_NAMED and match.bits >= 2.0)
    return told and item.is_due and row.day >= item.day - 1


def _shape(row: Row, item: Item, family: str) -> Features:
    features: Features = {}
    share = abs(row.units) / abs(item.open)
    if family == "partial":
        features["partial_small"] = 1.0 if share < 0.1 else 0.0
        features["partial_nearly"] = 1.0 if share > 0.85 else 0.0
        if row.units % 10_000 == 0 or abs(share * 20 - round(share * 20)) < 0.0005:
            features["partial_round"] = 1.0
    else:
        gap = abs(row.units - item.open)
        features["gap_share"] = min(gap / abs(item.open), 0.05) * 20
        if gap % 500 == 0:
            features["gap_round"] = 1.0
    return features


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
    fee = limit.short_abs / abs(expected)
    room = limit.fx_share + min(fee, _FEE_SHARE)
    is_told = _names_or_cites(row, item, _NAMED)
    if abs(off) > room and _names_or_cites(row, item, _PART_NAMED):
        room = limit.fx_share + min(fee, _FLAT_FEE_SHARE)
    low, high = (-room, limit.fx_share) if row.units > 0 else (-limit.fx_share, room)
    if not low <= off <= high or (not is_told and abs(off) > _FX_BLIND_SHARE):
        return None
    size = abs(off)
    shape = {
        "fx_close" if size < 0.002 else "fx_near" if size < 0.006 else "fx_within" if size < 0.015 else "fx_far": 1.0
    }
    if size > limit.fx_share + _FEE_SHARE:
        shape["fx_flat_fee"] = 1.0
    if is_hopeless(books, row, item, "currency", shape):
        return None
    features = single_features(books, row, item, "currency")
    features |= shape
    if original_amount_cited(row, item):
        features["fx_original"] = 1.0
    gap = row.units - round(expected)
    return Hypothesis((row.index,), (item.index,), "currency", features, gap, rate=f"{factor:.6f}")


def _names_or_cites(row: Row, item: Item, least: float) -> bool:
    match = row.contacts.get(item.contact)
    return item.index in row.hits or (match is not None and match.coverage >= least)


def original_amount_cited(row: Row, item: Item) -> bool:
    """True when the text holds the entry's amount in the entry's own currency."""
    text = f"{row.line.description} {row.line.reference}".upper().replace(",", ".")
    return item.entry.currency in text and f"{abs(item.entry.open_amount):.2f}" in text
