"""Money for earlier documents: payments in part, split, over; credits applied; money given back."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mappings.transform.kinds import ALLOCATED_AS, SALES
from mappings.transform.model import FIRST, Document, Reference, Target, Write
from mappings.transform.practice import Linked, Practice
from mappings.transform.reasons import meaning
from mappings.transform.rules import Book
from mappings.transform.trade import header

_NONE = Decimal(0)
_PAYMENTS = {"credit_notes": "payments", "vendor_credits": "bill_payments"}


def payload(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """A payment without what it settles: one account, one total."""
    account = meaning(book, ("payment_method", document.side, document.payment_method), document)
    found = header(document) | _from(account, document.side) | {"total": document.total}
    # Only a payment to a vendor has a number; every payment has a reference that a search finds again.
    return found | ({"number": document.number, "reference": document.number} if document.number else {})


def _from(account: Target, side: str) -> dict[str, Any]:
    found: dict[str, Any] = {"account": account.reference}
    if side != SALES:
        found["payment_type"] = "credit_card" if account.kind == "credit_card" else "check"
    return found


def payments(
    document: Document, practice: Practice, earlier: Mapping[str, Linked], whole: dict[str, Any]
) -> Iterator[Write]:
    """The payment with its allocations; one for each where the ledger's payments settle one document only."""
    shares = [_allocation(each, earlier[each.key], document.total) for each in document.applies_to]
    if not practice.settles_one:
        yield Write(FIRST, document.resource, "create", whole | {"allocations": shares})
        return
    for number, share in enumerate(shares, start=1):
        body = whole | {"total": share["amount"], "allocations": [share]}
        if document.number and len(shares) > 1:
            # Each is searched for by its reference, so each has its own.
            body["reference"] = f"{document.number}/{number}"
        yield Write(FIRST if number == 1 else f"create {number}", document.resource, "create", body)


def applied(document: Document, practice: Practice, earlier: Mapping[str, Linked]) -> Iterator[Write]:
    """What applies a credit to what it corrects: a call of its own, or a payment of nothing that names both."""
    shares = [_allocation(each, earlier[each.key], document.total) for each in document.applies_to]
    if document.resource in practice.allocates:
        dated = [share | {"applied_on": document.issued_on} for share in shares]
        body = {"external_id": {"write": FIRST}, "allocations": dated}
        yield Write("allocate", document.resource, "allocate", body)
    elif practice.credits_by_payment:
        total = sum((share["amount"] for share in shares), _NONE)
        own = {"type": ALLOCATED_AS[document.resource], "id": {"write": FIRST}, "amount": total}
        yield Write("allocate", _PAYMENTS[document.resource], "create", _of_nothing(document, practice, [*shares, own]))


def money_back(book: Book, document: Document, practice: Practice) -> Iterator[Write]:
    """The money of a credit goes back: a payment of the credit note, or a journal that is then set against it."""
    paid_from = meaning(book, ("payment_method", document.side, document.payment_method), document)
    own = {"type": "credit_note", "id": {"write": FIRST}, "amount": document.total}
    if practice.refunds_by == "payment":
        body = header(document) | _from(paid_from, document.side) | {"total": document.total}
        body |= {"allocations": [own], "is_refund": True}
        yield Write("money", "payments", "create", body | {"reference": document.number or "refund"})
        return
    assert practice.receivable is not None  # noqa: S101 - `checks.earlier` refused what has none
    receivable = practice.receivable.reference
    lines = [
        {"account": receivable, "debit": document.total, "contact": {"of": "document"}},
        {"account": paid_from.reference, "credit": document.total},
    ]
    memo = f"Refund {document.number or 'of a customer'}: money back from {paid_from.name}"
    body = header(document) | {"memo": memo, "lines": [line | {"description": memo} for line in lines]}
    if document.number:
        body["number"] = f"{document.number}-M"
    yield Write("money", "journal_entries", "create", body)
    if practice.credits_by_payment:
        out = {"type": "journal_entry", "id": {"write": "money"}, "amount": document.total}
        yield Write("settle", "payments", "create", _of_nothing(document, practice, [out, own]))


def _of_nothing(document: Document, practice: Practice, shares: list[dict[str, Any]]) -> dict[str, Any]:
    body = header(document) | {"total": _NONE, "allocations": shares}
    body["memo"] = f"Applies {ALLOCATED_AS[document.resource].replace('_', ' ')} {document.number}".strip()
    if document.side != SALES and practice.bank is not None:
        body |= _from(practice.bank, document.side)
    return body


def _allocation(each: Reference, linked: Linked, otherwise: Decimal) -> dict[str, Any]:
    amount = otherwise if each.amount is None else each.amount
    return {"type": ALLOCATED_AS[linked.resource], "id": {"document": each.key}, "amount": amount}
