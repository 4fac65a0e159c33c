"""How payers usually behave: under which words they pay, into which account, how long after the due day, which amounts.

Learned from earlier approvals and from the certain lines of this very statement; what a line itself taught is taken off
before it is judged, so that nothing is its own evidence.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Features = dict[str, float]
Words = tuple[str, ...]
_FEW = 2
_NEW = 0.5
"""Of every client that a payer has, half a payment is set aside for those it may pay for next."""
_SOME = 8
"""Fewer approvals of a kind of entry say nothing about how those are paid."""
_AT_LARGE = 5.0
_ANY_DAY = 1 / 30
"""What is known of a day before any approval, and how many approvals that is worth."""
_CROWD = 24
"""A word that more payers share than this tells none of them."""
CLIENTS = 6
"""Of a payer with more clients than this nobody is a likely one."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Somebody paid for a contact: with these words, into this account, this amount; `lag` in days after the due day
    where there was one; `is_named` tells of approved payments whether the line held the contact's name (lines that
    this statement proves by a citation would tell of named payments too often)."""

    payer: Words
    contact: int
    account: str
    price: tuple[str, int]
    lag: int | None
    codes: frozenset[str] = frozenset()
    is_named: bool | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """An approved match of one line: how many documents it settled, and by how many units, and which share, it fell
    short of them."""

    contact: int
    documents: int
    gap: int
    share: float


@dataclass(slots=True)
class _Known:
    payments: int = 0
    named: int = 0
    unnamed: int = 0
    settled: int = 0
    together: int = 0
    gaps: Counter[int] = field(default_factory=Counter)
    shares: Counter[float] = field(default_factory=Counter)
    accounts: Counter[str] = field(default_factory=Counter)
    prices: Counter[tuple[str, int]] = field(default_factory=Counter)
    lags: list[int] = field(default_factory=list)
    usual: dict[int | None, tuple[int, int]] = field(default_factory=dict)
    """The middle lag and the middle distance from it, without the one lag that is the key."""


class Habits:
    """What is known about every contact's payments, and for whom every payer paid."""

    def __init__(self) -> None:
        self._payers: dict[Words, Counter[int]] = defaultdict(Counter)
        self._known: dict[int, _Known] = defaultdict(_Known)
        self._own: dict[int, Lesson] = {}
        self._coded: dict[str, Counter[int]] = defaultdict(Counter)
        self._holders: dict[str, dict[Words, None]] = defaultdict(dict)
        self._months: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._days: dict[str, Counter[int]] = defaultdict(Counter)

    def learn_day(self, kind: str, lag: int) -> None:
        """Take in how many days after its day, the due one where there is one, an approved line paid an entry of a
        kind."""
        self._days[kind][lag] += 1

    def day_features(self, kind: str, lag: int) -> Features:
        """Whether entries of a kind are usually paid on such a day; of all but invoices the tenant and its bank decide
        that, whoever the contact is."""
        seen = self._days.get(kind)
        times = sum(seen.values()) if seen else 0
        if seen is None or times < _SOME:
            return {}
        odds = (seen[lag] + _AT_LARGE * _ANY_DAY) / (times + _AT_LARGE) / _ANY_DAY
        return {"usual_day": max(-1.0, min(1.0, math.log(odds) / 2.0))}

    def learn_month(self, kind: str, told: int, months: Mapping[str, int]) -> None:
        """Take in that an approved payment of a document of this kind told a month; `months` are the document's own,
        as `document_months` has them."""
        for name, month in months.items():
            self._months[kind, name][told - month] += 1

    def month_features(self, kind: str, told: Collection[int], months: Mapping[str, int]) -> Features:
        """Whether a line tells the month that approved payments of such documents told: of the two months of a document
        the one that fits approvals better counts."""
        name = max(months, key=lambda n: max(self._months[kind, n].values(), default=0))
        seen = self._months[kind, name]
        times = sum(seen.values())
        if times < _FEW:
            return {}
        usual = max(seen[month - months[name]] for month in told)
        return {"month_usual": usual / (times + 1.0)} if usual else {"month_unusual": times / (times + 2.0)}

    def know_payer(self, payer: Words) -> None:
        """Take in the words by which a bank names a payer: other lines may hold them among others."""
        self._holders[max(payer, key=len)][payer] = None

    def payer_among(self, text: Words) -> Words:
        """The longest known payer all of whose words are in a text; empty when there is none, and of a word that very
        many payers share."""
        held = set(text)
        found = [
            payer
            for word in text
            if len(known := self._holders.get(word, ())) <= _CROWD
            for payer in known
            if held.issuperset(payer)
        ]
        return max(found, key=lambda payer: (sum(map(len, payer)), payer), default=())

    def clients(self, row: int, payer: Words) -> dict[int, float]:
        """For which contacts this payer paid other lines, and how probably it pays for each of them again; empty when
        they are too many to choose from."""
        paid = self._payers.get(payer) if payer else None
        if paid is None:
            return {}
        own = self._own.get(row)
        mine = own.contact if own is not None and own.payer == payer else None
        others = {contact: n - (contact == mine) for contact, n in paid.items() if n > (contact == mine)}
        rest = sum(others.values()) + _NEW
        return {c: (n - _NEW) / rest for c, n in others.items()} if len(others) <= CLIENTS else {}

    def learn(self, lesson: Lesson, row: int | None = None) -> None:
        """Take a payment in; `row` when it is one of this statement's lines."""
        if row is not None:
            self._own[row] = lesson
        if lesson.payer:
            self._payers[lesson.payer][lesson.contact] += 1
        for code in lesson.codes:
            self._coded[code][lesson.contact] += 1
        known = self._known[lesson.contact]
        known.payments += 1
        known.named += lesson.is_named is True
        known.unnamed += lesson.is_named is False
        known.accounts[lesson.account] += 1
        known.prices[lesson.price] += 1
        if lesson.lag is not None:
            known.lags.append(lesson.lag)
            known.usual.clear()

    def learn_client(self, payer: Words, contact: int) -> None:
        """Take in that a payer paid for a contact together with others."""
        if payer:
            self._payers[payer][contact] += 1

    def learn_settlement(self, told: Settlement) -> None:
        """Take in how an approved match settled its documents."""
        known = self._known[told.contact]
        known.settled += 1
        known.together += told.documents > 1
        if told.gap:
            known.gaps[told.gap] += 1
            known.shares[round(told.share, 3)] += 1

    def known_by(self, row: int, codes: frozenset[str]) -> int | None:
        """The one contact whose payments held one of these numbers: a mandate, a customer's number, an account."""
        own = self._own.get(row)
        found: set[int] = set()
        for code in codes & self._coded.keys():
            for contact, times in self._coded[code].items():
                if times > (own is not None and code in own.codes and own.contact == contact):
                    found.add(contact)
        return found.pop() if len(found) == 1 else None

    def settlement_features(self, contact: int, documents: int, gap: int, total: int) -> Features:
        """Whether this contact settled several documents at once before, and fell short by as much."""
        known = self._known.get(contact)
        if known is None or not known.settled:
            return {}
        features: Features = {}
        if known.settled >= _FEW:
            name = "habit_together" if documents > 1 else "habit_single"
            usual = known.together / known.settled
            features[name] = usual if documents > 1 else 1.0 - usual
        if gap and (known.gaps[gap] or known.shares[round(gap / total, 3)]):
            features["habit_gap"] = 1.0
        return features

    def features(
        self, row: int, payer: Words, account: str, price: tuple[str, int], contact: int, is_named: bool
    ) -> Features:
        """Whether a line, that names the contact or does not, fits what is known about the contact's payments."""
        own = self._own.get(row)
        features = self._payer_features(payer, contact, own)
        known = self._known.get(contact)
        if known is None:
            return features
        mine = own is not None and own.contact == contact
        payments = known.payments - mine
        if known.prices.get(price, 0) - (mine and own is not None and own.price == price) > 0:
            features["habit_amount"] = 1.0
        if not is_named and known.unnamed:
            features["habit_unnamed"] = (known.unnamed + 0.5) / (known.unnamed + known.named + 1.0)
        elif not is_named and known.named:
            features["habit_always_named"] = known.named / (known.named + 1.0)
        if payments >= _FEW:
            there = known.accounts.get(account, 0) - (mine and own is not None and own.account == account)
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
            clients = len(paid) - (is_own and own is not None and paid[own.contact] == 1)
            return {"payer_strange": -math.log(_NEW * (1.0 + clients) / (times + _NEW))}
        return {"payer_known": (here + 0.5) / (times + 1.0), "payer_often": min(here, 6) / 3.0}

    def lag_features(self, row: int, contact: int, lag: int) -> Features:
        """Whether a document is paid as late as this contact usually pays."""
        known = self._known.get(contact)
        if known is None:
            return {}
        own = self._own.get(row)
        taught = own.lag if own is not None and own.contact == contact else None
        if len(known.lags) - (taught is not None) < _FEW:
            return {}
        if taught not in known.usual:
            known.usual[taught] = _usual(known.lags, taught)
        middle, spread = known.usual[taught]
        off = abs(lag - middle)
        if off <= max(2, spread):
            return {"habit_lag": 1.0}
        return {"habit_lag_off": min((off - spread) / 15.0, 2.0)} if off > spread + 4 else {}


def _usual(lags: list[int], without: int | None) -> tuple[int, int]:
    left = sorted(lags)
    if without is not None:
        left.remove(without)
    middle = left[len(left) // 2]
    return middle, sorted([abs(x - middle) for x in left])[len(left) // 2]
