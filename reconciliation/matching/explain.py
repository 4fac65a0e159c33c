"""Reasons in words and figures: what agrees, what differs, and which explanation came second by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from reconciliation.money import figure, money

from .amounts import to_decimal
from .books import Books
from .hypothesis import Hypothesis
from .model import Reason
from .weights import WEIGHTS

KINDS = {
    "exact": "match",
    "rounding": "rounding",
    "short": "fee",
    "discount": "discount",
    "usual_discount": "discount",
    "over": "overpaid",
    "transposed": "typing",
    "tip": "overpaid",
    "partial": "partial",
    "currency": "currency",
    "combined": "combined",
    "collective": "combined",
    "instalments": "instalments",
    "many_to_many": "combined",
    "run": "run",
    "deposit": "run",
    "payout_booked": "payout",
    "payout_net": "payout",
    "payout_extra": "payout",
    "chargeback": "chargeback",
    "transfer": "transfer",
    "return": "return",
    "duplicate": "duplicate",
}

_DATED = frozenset(name for name in WEIGHTS if name.startswith(("due_", "day_", "before_")))

_WORDS = {
    "is_collective": "one payment for documents of several contacts",
    "ref_sure": "the text cites the document number",
    "ref_strong": "the text cites the document number",
    "ref_fair": "the text holds the document's number, or its end",
    "ref_weak": "the text holds a short number of the document",
    "ref_gap": "not every document is cited",
    "ref_near": "a cited number differs from the document's by one slip",
    "ref_elsewhere": "the text also holds another document's number",
    "ref_elsewhere_sure": "the text also cites another document",
    "ref_only_elsewhere": "the only number cited belongs to another document",
    "name_full": "the payer's name agrees",
    "name_most": "most of the payer's name agrees",
    "name_some": "part of the payer's name agrees",
    "name_alias": "the name is a known alias",
    "name_stranger": "the text names somebody else",
    "name_other": "another contact's name fits better",
    "older_twin": "the same contact has an older open item of this amount",
    "crowd": "other open items have the same amount",
    "before_issue": "the line is older than the document",
    "fx_flat_fee": "the difference is a large share for a bank's fee",
    "fx_original": "the text holds the amount in the document's currency",
    "set_from_oldest": "starts with the oldest open document",
    "set_everything": "is everything that was open",
    "duplicate_identical": "the same text, amount and account",
    "duplicate_similar": "almost the same text, amount and account",
    "return_wording": "other lines with these words undo an earlier one",
    "return_name": "both lines name the same party",
    "transfer_pair_self": "the text names the tenant's own account",
    "transfer_pair_cited": "both lines hold the same number",
    "in_turn": "the turn of this document among equal ones",
    "out_of_turn": "another document of this amount comes first",
    "month_told": "both name the same month",
    "month_other": "the text names another month",
    "month_usual": "the text names the month that approved payments of such documents name",
    "month_unusual": "the text names another month than approved payments of such documents do",
    "usual_day": "how usual that day is for approved payments of this kind",
    "set_offset": "documents of both directions are set off",
    "payer_known": "this payer has paid for this contact before",
    "payer_instead": "this payer has paid for this contact before, without naming it",
    "payer_strange": "this payer has paid for others before, never for this contact",
    "habit_together": "this contact has settled several documents at once before",
    "habit_gap": "this contact has fallen short by as much before",
    "habit_unnamed": "this contact's approved payments did not name it either",
    "habit_always_named": "this contact's approved payments have always named it",
    "habit_account_new": "this contact has never paid into this account",
    "habit_lag": "paid as long after the due day as this contact usually pays",
    "habit_lag_off": "not when this contact usually pays",
    "told_day": "the entry's memo names the line's day",
    "told_other_day": "the entry's memo names another day",
    "payout_usual": "how usual the delay is for this processor",
    "payout_fee_off": "the fee was booked on another day",
    "payout_held": "one taking was held back or carried over",
    "run_reference": "the payments share one run reference",
    "run_whole_day": "all payments booked on that day",
}


def reasons(books: Books, h: Hypothesis, second: Hypothesis | None, weights: Mapping[str, float]) -> tuple[Reason, ...]:
    """At most eight reasons, the amount first, then the weightiest evidence, then the runner-up."""
    found = [Reason("amount", amount_words(books, h), round(weights.get(f"is_{h.family}", 0.0), 3))]
    for index in h.rows[:1] if h.items else ():
        found.append(_days(books, index, h, weights))
    told = [(weights.get(n, 0.0) * v, n) for n, v in h.features.items() if n in _WORDS and v]
    told.sort(key=lambda t: (-abs(t[0]), t[1]))
    found += [Reason(name, _WORDS[name], round(weight, 3)) for weight, name in told[:5]]
    if second is not None:
        gap = h.probability - second.probability
        found.append(
            Reason(
                "second", f"next best: {_ids(books, second)}, {gap * 100:.1f} points behind", round(-second.score, 3)
            )
        )
    return tuple(found)


def _days(books: Books, index: int, h: Hypothesis, weights: Mapping[str, float]) -> Reason:
    item = books.items[h.items[-1]]
    lag = books.rows[index].day - item.due
    what = "due day" if item.entry.due_on else "booking day"
    side = (
        "on the" if not lag else f"{abs(lag)} day{'s' if abs(lag) != 1 else ''} {'after' if lag > 0 else 'before'} the"
    )
    weight = sum(weights.get(n, 0.0) * v for n, v in h.features.items() if n in _DATED)
    return Reason("date", f"{side} {what}", round(weight, 3))


def _ids(books: Books, h: Hypothesis) -> str:
    names = [books.items[i].entry.number or books.items[i].entry.id for i in h.items[:3]]
    more = f" and {len(h.items) - 3} more" if len(h.items) > 3 else ""
    return ", ".join(names) + more if names else KINDS[h.family]


def difference(books: Books, h: Hypothesis) -> Decimal:
    """What match, fee, rounding or rate has to explain, in the first line's currency, to the cent."""
    return to_decimal(h.difference).quantize(Decimal("0.01")) if h.family == "currency" else to_decimal(h.difference)


@lru_cache(maxsize=1024)
def _money(units: int, currency: str) -> str:
    """Most amounts are told twice: as paid and as owed."""
    return money(to_decimal(units), currency)


def amount_words(books: Books, h: Hypothesis) -> str:
    """One sentence about the sums."""
    currency = books.rows[h.rows[0]].line.currency
    paid = _money(sum([books.rows[r].units for r in h.rows]), currency)
    if not h.items:
        return _internal_words(books, h)
    gap = difference(books, h)
    if h.family == "currency":
        item = books.items[h.items[0]].entry
        worth = f"{money(item.open_amount, item.currency)} at {h.rate}"
        return f"{paid} is {worth}, difference {money(gap, currency)}"
    owed = _money(sum([books.items[i].open for i in h.items]), currency)
    count = f"{len(h.items)} entries of together " if len(h.items) > 1 else ""
    lines = f"{len(h.rows)} lines of together " if len(h.rows) > 1 else ""
    return f"{lines}{paid} against {count}{owed}" + (
        f", difference {figure(gap, currency)}: {KINDS[h.family]}" if gap else ", to the cent"
    )


def _internal_words(books: Books, h: Hypothesis) -> str:
    lines: Sequence[str] = [
        f"{money(books.rows[r].line.amount, books.rows[r].line.currency)} on {books.rows[r].line.on}" for r in h.rows
    ]
    if h.family == "duplicate":
        return f"the same line twice: {lines[0]} and {lines[1]}"
    return f"{lines[0]} against {lines[1]}"
