"""How payers usually behave: under which words they pay, into which account, how long after the due day, which amounts.

Learned from earlier approvals and from the certain lines of this very statement; what a line itself taught is taken off
before it is judged, so that nothing is its own evidence.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

Features = dict[str, float]
Words = tuple[str, ...]
_FEW = 2


@dataclass(frozen=True, slots=True)
class Lesson:
    """Somebody paid for a contact: with these words, into this account, this amount; `lag` in days after the due day
    where there was one."""

    payer: Words
    contact: int
    account: str
    price: tuple[str, int]
    lag: int | None


@dataclass(slots=True)
class _Known:
    payments: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    prices: Counter[tuple[str, int]] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)


class Habits:
    """What is known about every contact's payments, and for whom every payer paid."""

    def __init__(self) -> None:
        self._payers: dict[Words, Counter[int]] = defaultdict(Counter)
        self._known: dict[int, _Known] = defaultdict(_Known)
        self._own: dict[int, Lesson] = {}

    def learn(self, lesson: Lesson, row: int | None = None) -> None:
        """Take a payment in; `row` when it is one of this statement's lines."""
        if row is not None:
            self._own[row] = lesson
        if lesson.payer:
            self._payers[lesson.payer][lesson.contact] += 1
        known = self._known[lesson.contact]
        known.payments += 1
        known.accounts[lesson.account] += 1
        known.prices[lesson.price] += 1
        if lesson.lag is not None:
            known.lags.append(lesson.lag)

    def features(self, row: int, payer: Words, account: str, price: tuple[str, int], contact: int) -> Features:
        """Whether a line fits what is known about a contact's payments."""
        own = self._own.get(row)
        features = self._payer_features(payer, contact, own)
        known = self._known.get(contact)
        if known is None:
            return features
        mine = own is not None and own.contact == contact
        payments = known.payments - mine
        if known.prices[price] - (mine and own is not None and own.price == price) > 0:
            features["habit_amount"] = 1.0
        if payments >= _FEW:
            there = known.accounts[account] - (mine and own is not None and own.account == account)
            features[
                "habit_account" if there * 2 > payments else "habit_account_rare" if there else "habit_account_new"
            ] = 1.0
        return features

    def _payer_features(self, payer: Words, contact: int, own: Lesson | None) -> Features:
        paid = self._payers.get(payer) if payer else None
        if paid is None:
            return {}
        is_own = own is not None and own.payer == payer
        times = sum(paid.values()) - is_own
        here = paid.get(contact, 0) - (is_own and own is not None and own.contact == contact)
        if times <= 0:
            return {}
        if here <= 0:
            return {"payer_strange": times / (times + 1.0)}
        return {"payer_known": (here + 0.5) / (times + 1.0), "payer_often": min(here, 6) / 3.0}

    def lag_features(self, row: int, contact: int, lag: int) -> Features:
        """Whether a document is paid as late as this contact usually pays."""
        known = self._known.get(contact)
        if known is None:
            return {}
        own = self._own.get(row)
        lags = known.lags
        if own is not None and own.contact == contact and own.lag is not None:
            lags = [*lags]
            lags.remove(own.lag)
        if len(lags) < _FEW:
            return {}
        middle = sorted(lags)[len(lags) // 2]
        off = abs(lag - middle)
        spread = sorted(abs(x - middle) for x in lags)[len(lags) // 2]
        if off <= max(2, spread):
            return {"habit_lag": 1.0}
        return {"habit_lag_off": min((off - spread) / 15.0, 2.0)} if off > spread + 4 else {}
