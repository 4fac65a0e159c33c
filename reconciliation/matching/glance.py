"""A first look at one line and one entry that no citation brings together.

Most of them are hopeless, and what is known of each alone, weighed once, tells so before everything between them is
looked at: names, days, how ordinary the amount is.
"""

from __future__ import annotations

from collections.abc import Mapping

from .books import Books, Item, Row
from .evidence import Features, contact_evidence, elsewhere_evidence, own_evidence, time_features
from .turns import NAMED_FEATURES

_MARGIN = 1e-6
"""Sums of the same weights in another order differ by less."""
GLANCED = frozenset(("exact", "partial", "currency"))
_IS = {family: f"is_{family}" for family in GLANCED}
_OF_FAMILY = {"exact": ("habit_single",), "partial": ("habit_gap", "habit_single"), "currency": ("fx_original",)}
_OF_DOCUMENTS = ("habit_lag", "habit_lag_off", "habit_lag_off")
_OF_BOOKINGS = ("card_expense", "card_other", "transfer_account", "transfer_self")
_ALWAYS = ("month_told", "month_other", "month_usual", "month_unusual", "round_amount")
_EITHER_WAY = "usual_day"
"""Lies between −1 and 1; everything else that is not weighed at once lies between 0 and 1, or 2 where it stands
twice."""


def is_hopeless(books: Books, row: Row, item: Item, family: str, shape: Features) -> bool:
    """True when a payment of this family and shape would not compete, whatever else were found between the line and the
    entry.

    Nothing is said of what the line cites, nor of an exact payment by somebody known: other stages ask for those.
    """
    if item.index in row.hits:
        return False
    features, worth = row.evidence.get(item.contact) or contact_evidence(books, row, item.contact)
    if family == "exact" and not NAMED_FEATURES.isdisjoint(features):
        return False
    weights = books.weights
    worth += (books.crowd.get(item.index) or own_evidence(books, item))[1]
    if row.loud:
        worth += (row.elsewhere or elsewhere_evidence(books, row, item))[1]
    for name, value in time_features(row, item).items():
        worth += weights.get(name, 0.0) * value
    for name, value in shape.items():
        worth += weights.get(name, 0.0) * value
    is_near = bool(row.long_cites and item.long_keys)
    room = books.room.get((family, item.is_due, is_near))
    if room is None:
        room = books.room[family, item.is_due, is_near] = _room(weights, family, item.is_due, is_near)
    return worth + room < books.hopeless - _MARGIN


def _room(weights: Mapping[str, float], family: str, is_due: bool, is_near: bool) -> float:
    """What a family is worth, and how much everything else can speak for it at best."""
    others = [*_ALWAYS, *_OF_FAMILY[family], *(_OF_DOCUMENTS if is_due else _OF_BOOKINGS), *(("ref_near",) * is_near)]
    swing = abs(weights.get(_EITHER_WAY, 0.0))
    return weights.get(_IS[family], 0.0) + swing + sum([max(0.0, weights.get(name, 0.0)) for name in others])
