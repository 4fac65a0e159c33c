"""Features: what agrees and what differs between bank lines and ledger entries, as named numbers. No word of any
bank is known here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .books import Books, Item, Row
from .model import DUE_KINDS
from .names import NO_MATCH
from .references import is_near

Features = dict[str, float]
_TWINS_READ = 200
_CROWD_DAYS = 120

_DUE_BINS = (
    (-45, "due_very_early"),
    (-15, "due_early"),
    (-4, "due_bit_early"),
    (3, "due_on_time"),
    (14, "due_late"),
    (45, "due_very_late"),
)
_DAY_BINS = (
    (-4, "day_far_before"),
    (-1, "day_before"),
    (0, "day_same"),
    (2, "day_soon"),
    (4, "day_few"),
    (8, "day_week"),
)


def _binned(value: int, bins: Sequence[tuple[int, str]], last: str) -> str:
    for limit, name in bins:
        if value <= limit:
            return name
    return last


def text_features(books: Books, row: Row, items: Sequence[Item]) -> Features:
    """References and names, for one line against the entries of one hypothesis."""
    features: Features = {}
    if row.cites:
        _reference_features(row, items, books, features)
    _name_features(row, items, features)
    contact = items[0].contact
    if all(i.contact == contact for i in items):
        line = row.line
        price = (line.currency, row.units)
        features |= books.habits.features(row.index, row.payer, line.account_id, price, contact)
    return features


def _reference_features(row: Row, items: Sequence[Item], books: Books, features: Features) -> None:
    cited = [row.hits.get(i.index, 0.0) for i in items]
    for strength in cited:
        if strength:
            name = (
                "ref_weak"
                if strength < 3.6
                else "ref_fair"
                if strength < 4.6
                else "ref_strong"
                if strength < 6
                else "ref_sure"
            )
            features[name] = features.get(name, 0.0) + 1.0 / len(items)
    missing = sum(1 for s in cited if not s)
    if missing and missing < len(items):
        features["ref_gap"] = missing / len(items)
    if row.loud:
        _loud_features(row, items, books, any(cited), features)
    if missing and _near_citation(row, items):
        features["ref_near"] = 1.0


def _loud_features(row: Row, items: Sequence[Item], books: Books, is_cited: bool, features: Features) -> None:
    """What it means that the line cites other entries than these."""
    chosen = {i.index for i in items}
    others = [(s, books.items[j]) for s, j in row.loud if j not in chosen]
    same_way = [s for s, other in others if (other.entry.amount > 0) == (row.units > 0)]
    if same_way:
        features["ref_elsewhere_sure" if max(same_way) >= 4.6 else "ref_elsewhere"] = 1.0
        if not is_cited:
            features["ref_only_elsewhere"] = 1.0
    mine = {i.contact for i in items}
    uncovered = sum(1 for _, other in others if other.open and other.contact in mine)
    if uncovered and is_cited:
        features["ref_uncovered"] = min(uncovered, 3) / 2.0


def _near_citation(row: Row, items: Sequence[Item]) -> bool:
    for item in items:
        if item.index in row.hits:
            continue
        for key in item.long_keys:
            for cited in row.long_cites:
                if is_near(cited, key):
                    return True
    return False


def _name_features(row: Row, items: Sequence[Item], features: Features) -> None:
    contacts = {i.contact for i in items}
    if len(contacts) == 1:
        own = row.contacts.get(items[0].contact, NO_MATCH)
    else:
        own = max((row.contacts.get(c, NO_MATCH) for c in sorted(contacts)), key=lambda m: m.coverage)
    if own.coverage >= 0.35:
        name = "name_full" if own.coverage >= 0.9 else "name_most" if own.coverage >= 0.65 else "name_some"
        features[name] = 1.0
        features["name_rarity"] = min(own.bits, 10.0) / 10.0
        if own.via_alias:
            features["name_alias"] = 1.0
    elif row.has_name:
        features["name_stranger"] = 1.0
    else:
        features["name_absent"] = 1.0
    rival = next((weight for weight, contact in row.named if contact not in contacts), 0.0)
    lead = rival - own.coverage * min(own.bits, 8.0)
    if lead > 1.0:
        features["name_other"] = min(lead, 6.0) / 6.0


def time_features(row: Row, item: Item) -> Features:
    """Days between the line and when the entry should have shown up at the bank."""
    if item.told:
        return {"told_day" if row.day in item.told else "told_other_day": 1.0} | _lag_features(row, item)
    return _lag_features(row, item)


def _lag_features(row: Row, item: Item) -> Features:
    kind = item.entry.kind
    if kind in DUE_KINDS:
        features = {_binned(row.day - item.due, _DUE_BINS, "due_overdue"): 1.0}
        if row.day < item.day - 1:
            features["before_issue"] = 1.0
        return features
    if kind == "credit_note":
        return {"before_issue": 1.0} if row.day < item.day - 1 else {"credit_age": min(row.day - item.day, 60) / 30.0}
    return {_binned(row.day - item.day, _DAY_BINS, "day_later"): 1.0}


def crowd_features(books: Books, item: Item) -> Features:
    """How ordinary this amount is, and whether the same contact has an older open twin of it."""
    known = books.crowd.get(item.index)
    if known is None:
        known = books.crowd[item.index] = _crowd(books, item)
    return known


def _crowd(books: Books, item: Item) -> Features:
    twins = books.by_amount[item.entry.currency, item.open].count(item.due - _CROWD_DAYS, item.due + _CROWD_DAYS)
    features = {"crowd": math.log(twins)} if twins > 1 else {}
    shelf = books.shelves[item.contact][item.entry.currency, item.open > 0]
    others = (books.items[j] for j in shelf.between(abs(item.open), abs(item.open))[:_TWINS_READ])
    older = sum(1 for o in others if (o.due, o.index) < (item.due, item.index))
    if older:
        features["older_twin"] = min(older, 4) / 2.0
    return features


def account_features(books: Books, row: Row, item: Item) -> Features:
    """Whether this kind of entry usually passes through this kind of account, and mentions of own accounts."""
    features: Features = {f"kind_{item.entry.kind}": 1.0}
    if books.is_card(row.line.account_id):
        features["card_expense" if item.entry.kind == "expense" else "card_other"] = 1.0
    if item.entry.kind == "transfer":
        if row.line.account_id in item.entry.memo:
            features["transfer_account"] = 1.0
        if mentions_self(books, row):
            features["transfer_self"] = 1.0
    return features


def mentions_self(books: Books, row: Row) -> bool:
    """True when the line names the tenant itself or another of its accounts."""
    words = set(row.text)
    if any(own and len(own & words) >= max(2, len(own) - 1) for own in books.own):
        return True
    text = f"{row.line.description} {row.line.reference}"
    return any(a.id in text for a in books.context.accounts if a.id != row.line.account_id)


def single_features(books: Books, row: Row, item: Item, family: str) -> Features:
    """Everything for one line against one entry."""
    features: Features = {f"is_{family}": 1.0}
    features |= text_features(books, row, (item,))
    features |= time_features(row, item)
    if item.entry.kind in DUE_KINDS:
        features |= books.habits.lag_features(row.index, item.contact, row.day - item.due)
    features |= crowd_features(books, item)
    features |= account_features(books, row, item)
    if row.units % 100_000 == 0:
        features["round_amount"] = 1.0
    return features
