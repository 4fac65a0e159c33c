"""Payments that somebody should look at before they are approved: which, and why in words. Pure.

Every finding names figures of the tenant's own history; the strong ones are those that cost money when they are true.
"""

import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from reconciliation.money import money
from reconciliation.rules import folded

DUPLICATE, AMOUNT, VENDOR, SPLIT, ROUND, WEEKEND = "duplicate", "amount", "vendor", "split", "round", "weekend"
_DUPLICATE_DAYS = 14
_RHYTHM = 3
_ENOUGH_OF_ONE, _ENOUGH_OF_ALL = 6, 30
_TIMES, _SPREADS = 3, 6
_NORMAL_SPREAD = Decimal("1.4826")
"""Median absolute deviation to standard deviation, of a normal distribution."""
_SPLIT_DAYS, _LEAST_OF_LIMIT, _JUST_UNDER = 5, Decimal("0.5"), Decimal("0.95")
_ROUND = Decimal(1000)
_SELDOM = Decimal("0.05")
_REMEMBERED = 200
"""Payments of one payee that a new one is compared with: years of a usual payee, and a bound for one of thousands."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A line of a statement; money out is negative."""

    id: str
    account_id: str
    on: date
    amount: Decimal
    currency: str
    counterparty: str = ""
    description: str = ""
    reference: str = ""

    @property
    def size(self) -> Decimal:
        """How much money moved."""
        return abs(self.amount)

    @property
    def who(self) -> str:
        """Who got it, as two lines of the same vendor say it; without a name the text without its numbers."""
        return folded(self.counterparty) or re.sub(r"[\d\W]+", " ", folded(self.description)).strip()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line, what is odd about it, and the other lines that make it so."""

    id: str
    kind: str
    reason: str
    is_strong: bool
    others: tuple[str, ...] = ()


def find(lines: Iterable[Paid], *, limit: Decimal | None = None, among: Collection[str] | None = None) -> list[Finding]:
    """All findings about money out, in the lines' order of time; `limit` is the amount above which two people approve.

    `among`: ids of the only lines to judge; the others are what they are compared with. Each line is judged by what was
    before it only, so that an old finding never appears because of a new line.
    """
    ordered = sorted(lines, key=lambda line: (line.on, line.id))
    paid = [line for line in ordered if line.amount < 0]
    by_vendor: dict[tuple[str, str], deque[Paid]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
    sizes: dict[str, list[Decimal]] = defaultdict(list)
    found: list[Finding] = []
    for line in paid:
        remembered = by_vendor[line.who, line.currency]
        if among is None or line.id in among:
            before = tuple(remembered)
            found += _duplicate(line, before)
            found += _amount(line, before) or _vendor(line, before, sizes[line.currency])
            found += _split(line, before, limit) if limit else ()
            found += _round(line, before)
        remembered.append(line)
        own = sizes[line.currency]
        own.insert(bisect_left(own, line.size), line.size)
    return found + [each for each in _weekends(ordered) if among is None or each.id in among]


def _duplicate(line: Paid, before: Sequence[Paid]) -> Iterator[Finding]:
    same = [each for each in before if each.amount == line.amount]
    if not same or (line.on - same[-1].on).days > _DUPLICATE_DAYS or _has_rhythm([*same, line]):
        return
    last = same[-1]
    days = (line.on - last.on).days
    when = "on the same day" if days == 0 else f"{days} day{'' if days == 1 else 's'} before"
    is_other = bool(line.reference and last.reference and line.reference != last.reference)
    text = f"{money(line.size, line.currency)} went to the same payee {when}"
    text += ", under another reference" if is_other else ""
    yield Finding(line.id, DUPLICATE, f"{text}.", not is_other, (last.id,))


def _has_rhythm(same: Sequence[Paid]) -> bool:
    """Whether equal amounts come at equal distances, as rents and subscriptions do; several on one day are none."""
    gaps = [(later.on - earlier.on).days for earlier, later in zip(same, same[1:], strict=False)][-_RHYTHM:]
    return len(gaps) == _RHYTHM and min(gaps) >= 1 and max(gaps) - min(gaps) <= 2


def _amount(line: Paid, before: Sequence[Paid]) -> list[Finding]:
    if len(before) < _ENOUGH_OF_ONE:
        return []
    usual = Decimal(median(each.size for each in before))
    spread = _NORMAL_SPREAD * Decimal(median(abs(each.size - usual) for each in before))
    if line.size <= _TIMES * usual or line.size <= usual + _SPREADS * spread:
        return []
    times = line.size / usual
    text = (
        f"{money(line.size, line.currency)} is {times:.0f} times what this payee usually gets "
        f"({money(round(usual, 2), line.currency)}, the median of {len(before)} payments)."
    )
    return [Finding(line.id, AMOUNT, text, is_strong=True)]


def _vendor(line: Paid, before: Sequence[Paid], sizes: Sequence[Decimal]) -> list[Finding]:
    if before or len(sizes) < _ENOUGH_OF_ALL:
        return []
    smaller = bisect_left(sizes, line.size)
    if smaller < len(sizes) * (1 - _SELDOM) or line.size < _TIMES * sizes[len(sizes) // 2]:
        return []
    text = f"The first payment to this payee, and larger than {smaller} of the {len(sizes)} payments before."
    return [Finding(line.id, VENDOR, text, is_strong=True)]


def _split(line: Paid, before: Sequence[Paid], limit: Decimal) -> Iterator[Finding]:
    near = [
        each
        for each in before
        if (line.on - each.on).days <= _SPLIT_DAYS and _LEAST_OF_LIMIT * limit <= each.size <= limit
    ]
    if line.size > limit or line.size < _LEAST_OF_LIMIT * limit:
        return
    if near:
        whole = sum((each.size for each in near), line.size)
        text = (
            f"{len(near) + 1} payments to one payee within {_SPLIT_DAYS} days, each within the limit of "
            f"{money(limit, line.currency)} and {money(whole, line.currency)} together."
        )
        yield Finding(line.id, SPLIT, text, is_strong=True, others=tuple(each.id for each in near))
    elif line.size >= _JUST_UNDER * limit:
        text = f"{money(line.size, line.currency)} is just under the limit of {money(limit, line.currency)}."
        yield Finding(line.id, SPLIT, text, is_strong=False)


def _round(line: Paid, before: Sequence[Paid]) -> Iterator[Finding]:
    if line.size % _ROUND == 0 and not any(each.size % _ROUND == 0 for each in before):
        text = f"A round {money(line.size, line.currency)}"
        text += (
            f", which none of the {len(before)} payments to this payee before was." if before else " to a new payee."
        )
        yield Finding(line.id, ROUND, text, is_strong=False)


def _weekends(ordered: Sequence[Paid]) -> Iterator[Finding]:
    """Postings on days without banking, of accounts that seldom have any."""
    accounts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in ordered:
        all_before, weekend_before = accounts[line.account_id]
        is_weekend = line.on.weekday() >= 5
        if is_weekend and line.amount < 0 and all_before >= _ENOUGH_OF_ALL and weekend_before < all_before * _SELDOM:
            text = f"Booked on a {line.on:%A}, as {weekend_before} of the account's {all_before} lines before."
            yield Finding(line.id, WEEKEND, text, is_strong=False)
        accounts[line.account_id][0] += 1
        accounts[line.account_id][1] += is_weekend
