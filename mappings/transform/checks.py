"""A document must add up by its own figures before anything is mapped; every difference is shown."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from mappings.transform.kinds import PARTS, SETTLED_BY
from mappings.transform.model import Document, Line, Problem
from mappings.transform.money import quantum_of, rounded, text_of
from mappings.transform.practice import REFUSE, Linked, Practice

RESEND = "Correct it where it comes from and send it again under a new external_id."
_NONE = Decimal(0)


def lines_total(document: Document) -> Decimal:
    """The sum of the lines as sent."""
    return sum((line.amount for line in document.lines), _NONE)


def own_sums(document: Document) -> Iterator[Problem]:
    """What is wrong with the document's own arithmetic; tolerance: one smallest unit of its currency."""
    if document.total < 0 and document.rule.builds != "payout":
        yield _refused("negative_total", f"The total is {text_of(document.total, document.currency)}.")
    yield from _OWN[document.rule.builds](document)


def _lined(document: Document) -> Iterator[Problem]:
    for number, line in enumerate(document.lines, start=1):
        yield from _line_sum(document, number, line)
    if document.tax_mode in ("none", "reverse_charge") and document.tax_total:
        tax = text_of(document.tax_total, document.currency)
        yield _refused("tax_without_mode", f"Tax of {tax} is given, but tax_mode is {document.tax_mode}.")
    yield from _balance(document)


def _line_sum(document: Document, number: int, line: Line) -> Iterator[Problem]:
    if line.product is None:
        return
    expected = rounded(line.product, document.currency)
    if abs(expected - line.amount) > quantum_of(document.currency):
        yield _refused(
            "line_does_not_multiply",
            f"Line {number}: {line.quantity} × {line.unit_price} is {text_of(expected, document.currency)}, "
            f"but its amount is {text_of(line.amount, document.currency)}.",
        )


def _balance(document: Document) -> Iterator[Problem]:
    if document.tax_mode == "exclusive" and document.tax_total is None:
        return  # compared once the tax rates are known
    tax = document.tax_total or _NONE if document.tax_mode == "exclusive" else _NONE
    # A ledger adds up untaxed lines itself: there a difference is no matter of rounding.
    tolerance = 0 if document.tax_mode in ("none", "reverse_charge") else 1
    yield from difference(document, lines_total(document) + tax, "lines and tax" if tax else "lines", tolerance)


def _settlement(document: Document) -> Iterator[Problem]:
    applied = sum((each.amount or _NONE for each in document.applies_to), _NONE)
    if applied > document.total:
        money = document.currency
        yield _refused(
            "over_applied",
            f"It settles {text_of(applied, money)}, but it is a payment of {text_of(document.total, money)} only: "
            f"a difference of {text_of(applied - document.total, money)}.",
        )
    if not document.total:
        yield _refused("nothing_to_book", "A payment of nothing changes nothing in the books.")


def _payout(document: Document) -> Iterator[Problem]:
    for number, part in enumerate(document.parts, start=1):
        sign = PARTS[part.type]
        if sign and part.amount * sign < 0:
            way = "adds to" if sign > 0 else "lessens"
            amount = text_of(part.amount, document.currency)
            yield _refused("wrong_sign", f"Part {number}: a {part.type} {way} a payout, but its amount is {amount}.")
    yield from difference(document, sum((part.amount for part in document.parts), _NONE), "parts", 0)
    if not document.total and not any(part.category and part.amount for part in document.parts):
        yield _refused("nothing_to_book", "A payout of nothing whose parts are all booked changes nothing.")


def _entry(document: Document) -> Iterator[Problem]:
    off = lines_total(document)
    if off:
        yield _refused(
            "does_not_balance",
            f"Debits (above zero) and credits (below) differ by {text_of(off, document.currency)}.",
        )
    debits = sum((line.amount for line in document.lines if line.amount > 0), _NONE)
    yield from difference(document, debits, "debits", 0)
    if not debits:
        yield _refused("nothing_to_book", "An adjustment without amounts changes nothing in the books.")


_OWN: Mapping[str, Callable[[Document], Iterator[Problem]]] = {
    "trade": _lined,
    "spending": _lined,
    "settlement": _settlement,
    "payout": _payout,
    "entry": _entry,
}


def difference(document: Document, sum_found: Decimal, what: str, tolerance: int = 1) -> Iterator[Problem]:
    """Refuses a total that differs from the sum of its parts by more than so many of the smallest unit."""
    off = document.total - sum_found
    if abs(off) > tolerance * quantum_of(document.currency):
        yield _refused(
            "does_not_add_up",
            f"The {what} add up to {text_of(sum_found, document.currency)}, but the total is "
            f"{text_of(document.total, document.currency)}: a difference of {text_of(off, document.currency)}.",
        )


def earlier(document: Document, practice: Practice, links: Mapping[str, Linked]) -> Iterator[Problem]:
    """Whether what it is applied to is there, and of its currency and party; and whether this ledger can book it."""
    for each in document.earlier:
        found = links.get(each.key)
        if found is None:
            yield Problem(
                code="missing_document",
                text=f"It refers to {each.external_id}, which has not reached the ledger's queue yet.",
                remedy="Send that document too, or see what it waits for; this one then goes by itself.",
                cause="earlier",
            )
            continue
        if found.kind not in SETTLED_BY.get((document.kind, document.side), frozenset()):
            yield _refused(
                "wrong_reference", f"A {document.kind} cannot name {each.external_id}: it is a {found.kind}."
            )
        if each in document.applies_to:
            yield from _misfits(document, each.external_id, found)
    yield from _ledger_can(document, practice)


def _misfits(document: Document, name: str, found: Linked) -> Iterator[Problem]:
    if found.currency != document.currency:
        yield _refused("other_currency", f"It is in {document.currency}, but {name} is in {found.currency}.")
    mine, theirs = (" ".join(party.split()).casefold() for party in (document.counterparty, found.counterparty))
    if theirs and mine != theirs:
        yield _refused(
            "other_counterparty", f"It is of {document.counterparty}, but {name} is of {found.counterparty}."
        )


def _ledger_can(document: Document, practice: Practice) -> Iterator[Problem]:
    if document.rule.builds == "settlement":
        yield from _rest(document, practice)
    if document.rule.pays_out and practice.refunds_by == "journal" and practice.receivable is None:
        yield Problem(
            code="no_receivable",
            text="The ledger's account that customers owe on is not known.",
            remedy="Sync the accounts; the document then goes by itself.",
            cause="ledger",
        )
    booked = sum((part.amount for part in document.parts if part.category), _NONE)
    if document.rule.builds == "payout" and practice.payouts_by == "transfer" and booked > 0:
        yield Problem(
            code="cannot_receive",
            text=f"More comes back than is taken ({text_of(booked, document.currency)}), and this ledger has no "
            "document for money received that the portal writes.",
            remedy="Book the release in the ledger and send the payout with that part's category left out.",
            cause="ledger",
        )


def _rest(document: Document, practice: Practice) -> Iterator[Problem]:
    """What a payment does not settle: kept as credit, or refused by the tenant's rule or for want of a way."""
    applied = sum((each.amount or document.total for each in document.applies_to), _NONE)
    rest = document.total - applied
    if rest <= 0 or (practice.keeps_rest and practice.overpayment != REFUSE):
        return
    why = "the posting rules refuse payments that are larger than what they settle"
    if not practice.keeps_rest:
        why = "payments in this ledger settle documents and nothing else"
    yield Problem(
        code="overpaid",
        text=f"{text_of(rest, document.currency)} of it settles nothing, and {why}.",
        remedy="Say at the source what the rest is for, or allow the rest in the posting rules."
        if practice.keeps_rest
        else "Say at the source what the rest is for, or book the rest in the ledger itself.",
        cause="document",
    )


def _refused(code: str, text: str) -> Problem:
    return Problem(code=code, text=text, remedy=RESEND, cause="document")
