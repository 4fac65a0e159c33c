"""Features: what agrees and what differs between bank lines and ledger entries, as named numbers. No word of any
bank is known here."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter
from sys import intern

from .books import Books, Evidence, Item, Row
from .names import KNOWN_BY_PAYER, NAMED, NAMED_WELL, NO_MATCH, NameMatch
from .references import document_months, is_near

Features = dict[str, float]
_OLDER = 4
_coverage = attrgetter("coverage")
_CROWD_DAYS = 120

_DUE_DAYS = (-45, -15, -4, 3, 14, 45)
_DUE_BINS = (
    {"due_very_early": 1.0},
    {"due_early": 1.0},
    {"due_bit_early": 1.0},
    {"due_on_time": 1.0},
    {"due_late": 1.0},
    {"due_very_late": 1.0},
    {"due_overdue": 1.0},
)
_DAYS = (-4, -1, 0, 2, 4, 8)
_DAY_BINS = (
    {"day_far_before": 1.0},
    {"day_before": 1.0},
    {"day_same": 1.0},
    {"day_soon": 1.0},
    {"day_few": 1.0},
    {"day_week": 1.0},
    {"day_later": 1.0},
)
"""What the last day of each span, both inclusive, and everything after them says; shared, so never changed."""
_STRENGTHS = (3.6, 4.6, 6.0)
_REF_BINS = ("ref_weak", "ref_fair", "ref_strong", "ref_sure")


def weigh(features: Features, weights: Mapping[str, float]) -> float:
    """What features are worth together, in log-odds."""
    return sum([weights.get(name, 0.0) * value for name, value in features.items()])


def text_features(books: Books, row: Row, items: Sequence[Item]) -> Features:
    """References and names, for one line against the entries of one hypothesis."""
    features: Features = {}
    if row.cites:
        _reference_features(row, items, books, features)
    contact = items[0].contact
    if len(items) > 1 and any(i.contact != contact for i in items):
        contacts = {i.contact for i in items}
        own = max([row.contacts.get(c, NO_MATCH) for c in sorted(contacts)], key=_coverage)
        rival = next((weight for weight, contact in row.named if contact not in contacts), 0.0)
        _name_features(row, own, rival, features)
        return features
    features |= (row.evidence.get(contact) or contact_evidence(books, row, contact))[0]
    return features


def contact_evidence(books: Books, row: Row, contact: int) -> Evidence:
    """What speaks for a contact's payment, whichever of its entries is meant; found once for every line."""
    features: Features = {}
    match, rival = row.contacts.get(contact, NO_MATCH), 0.0
    for weight, other in row.named:
        if other != contact:
            rival = weight
            break
    _name_features(row, match, rival, features)
    line = row.line
    price = (line.currency, row.units)
    is_named = match.coverage >= NAMED and match is not KNOWN_BY_PAYER
    features |= books.habits.features(row.index, row.payer, line.account_id, price, contact, is_named)
    found = row.evidence[contact] = (features, weigh(features, books.weights))
    return found


def _reference_features(row: Row, items: Sequence[Item], books: Books, features: Features) -> None:
    if len(items) == 1 and items[0].index not in row.hits:
        if row.loud:
            features |= (row.elsewhere or elsewhere_evidence(books, row, items[0]))[0]
        if _near_citation(row, items):
            features["ref_near"] = 1.0
        return
    cited = [row.hits.get(i.index, 0.0) for i in items]
    for strength in cited:
        if strength:
            name = _REF_BINS[bisect_right(_STRENGTHS, strength)]
            features[name] = features.get(name, 0.0) + 1.0 / len(items)
    missing = cited.count(0.0)
    if missing and missing < len(items):
        features["ref_gap"] = missing / len(items)
    if row.loud:
        _loud_features(row, items, books, any(cited), features)
    if missing and _near_citation(row, items):
        features["ref_near"] = 1.0


def elsewhere_evidence(books: Books, row: Row, item: Item) -> Evidence:
    """What a line's loud citations say about an entry that it does not cite; found once for every line."""
    features: Features = {}
    _loud_features(row, (item,), books, False, features)
    row.elsewhere = (features, weigh(features, books.weights))
    return row.elsewhere


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
    for item in items if row.long_cites else ():
        if item.index not in row.hits:
            for key in item.long_keys:
                first, last, size = key[0], key[-1], len(key)
                for cited in row.long_cites:
                    # One slip leaves at least one end of a number as it was, and its length but for one.
                    if (cited[0] == first or cited[-1] == last) and -2 < len(cited) - size < 2 and is_near(cited, key):
                        return True
    return False


def _name_features(row: Row, own: NameMatch, rival: float, features: Features) -> None:
    """How well a line names whom it is about, and how much more it names somebody else."""
    if own is KNOWN_BY_PAYER:
        features["payer_instead"] = 1.0
    elif own.coverage >= NAMED:
        name = "name_full" if own.coverage >= 0.9 else "name_most" if own.coverage >= NAMED_WELL else "name_some"
        features[name] = 1.0
        features["name_rarity"] = min(own.bits, 10.0) / 10.0
        if own.via_alias:
            features["name_alias"] = 1.0
    elif row.has_name:
        features["name_stranger"] = 1.0
    else:
        features["name_absent"] = 1.0
    lead = rival - own.coverage * min(own.bits, 8.0)
    if lead > 1.0:
        features["name_other"] = min(lead, 6.0) / 6.0


def time_features(row: Row, item: Item) -> Features:
    """Days between the line and when the entry should have shown up at the bank."""
    if item.told:
        return {"told_day" if row.day in item.told else "told_other_day": 1.0} | _lag_features(row, item)
    return _lag_features(row, item)


def _lag_features(row: Row, item: Item) -> Features:
    day = row.day
    if item.is_due:
        features = _DUE_BINS[bisect_left(_DUE_DAYS, day - item.due)]
        return features | {"before_issue": 1.0} if day < item.day - 1 else features
    if item.is_credit:
        return {"before_issue": 1.0} if day < item.day - 1 else {"credit_age": min(day - item.day, 60) / 30.0}
    return _DAY_BINS[bisect_left(_DAYS, day - item.day)]


def own_evidence(books: Books, item: Item) -> Evidence:
    """What an entry says by itself: how ordinary its amount is, whether the same contact has an older open twin of it,
    and its kind; found once for every entry."""
    twins = books.by_amount[item.currency, item.open].count(item.due - _CROWD_DAYS, item.due + _CROWD_DAYS)
    features = {"crowd": math.log(twins)} if twins > 1 else {}
    shelf = books.shelves[item.contact][item.currency, item.open > 0]
    older = shelf.before(abs(item.open), item.due, item.index, _OLDER)
    if older:
        features["older_twin"] = older / 2.0
    features[intern(f"kind_{item.entry.kind}")] = 1.0
    found = books.crowd[item.index] = (features, weigh(features, books.weights))
    return found


def _account_features(books: Books, row: Row, item: Item, features: Features) -> None:
    """Whether this kind of entry usually passes through this kind of account, and mentions of own accounts."""
    if books.is_card(row.line.account_id):
        features["card_expense" if item.entry.kind == "expense" else "card_other"] = 1.0
    if item.entry.kind == "transfer":
        if row.line.account_id in item.entry.memo:
            features["transfer_account"] = 1.0
        if mentions_self(books, row):
            features["transfer_self"] = 1.0


def mentions_self(books: Books, row: Row) -> bool:
    """True when the line names the tenant itself or another of its accounts."""
    known = row.names_self
    if known is None:
        words = set(row.text)
        text = f"{row.line.description} {row.line.reference}"
        known = row.names_self = any(own and len(own & words) >= max(2, len(own) - 1) for own in books.own) or any(
            a.id in text for a in books.context.accounts if a.id != row.line.account_id
        )
    return known


def single_features(books: Books, row: Row, item: Item, family: str) -> Features:
    """Everything for one line against one entry."""
    features: Features = {intern(f"is_{family}"): 1.0}
    if row.cites:
        _reference_features(row, (item,), books, features)
    features |= (row.evidence.get(item.contact) or contact_evidence(books, row, item.contact))[0]
    features |= time_features(row, item)
    features |= books.habits.day_features(item.entry.kind, row.day - item.due)
    if item.is_due:
        features |= books.habits.lag_features(row.index, item.contact, row.day - item.due)
        if item.currency == row.line.currency:
            features |= books.habits.settlement_features(item.contact, 1, item.open - row.units, item.open)
    if row.months and item.months:
        features["month_told" if not row.months.isdisjoint(item.months) else "month_other"] = 1.0
    elif row.months and item.is_due:
        months = document_months(item.entry.on, item.entry.due_on or item.entry.on)
        features |= books.habits.month_features(item.entry.kind, row.months, months)
    features |= (books.crowd.get(item.index) or own_evidence(books, item))[0]
    _account_features(books, row, item, features)
    if row.units % 100_000 == 0:
        features["round_amount"] = 1.0
    return features
