"""Money for earlier documents: payments in part, split, over; credits applied; money given back."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mappings.transform import naming
from mappings.transform.journals import in_journal
from mappings.transform.kinds import ALLOCATED_AS, SALES
from mappings.transform.model import FIRST, Document, Reference, Target, Trace, Write
from mappings.transform.practice import Linked, Practice
from mappings.transform.reasons import meaning
from mappings.transform.rules import Book
from mappings.transform.trade import header

_NONE = Decimal(0)
_PAYMENTS = {"credit_notes": "payments", "vendor_credits": "bill_payments"}


def payload(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """A payment without what it settles: one account, one total."""
    account = meaning(book, ("payment_method", document.side, document.payment_method), document)
    found = _headed(book, document, document.resource) | _from(account, document.side) | {"total": document.total}
    # Only a payment to a vendor has a number; every payment has a reference that a search finds again.
    return found | ({"number": document.number, "reference": document.number} if document.number else {})


def _headed(book: Book, document: Document, resource: str) -> dict[str, Any]:
    return header(book, document) | naming.party(book, document, resource)


def paid_at_once(book: Book, document: Document, practice: Practice, whole: dict[str, Any]) -> Iterator[Write]:
    """An expense that a bank account pays, where only cards have documents of that kind: a bill, and its payment."""
    paid_from = meaning(book, ("payment_method", document.side, document.payment_method), document)
    bill = {name: value for name, value in whole.items() if name not in ("account", "payment_type", "reference")}
    if document.number:
        bill["number"] = document.number
    yield Write(FIRST, "bills", "create", bill | {"due_on": document.issued_on})
    share = {"type": "bill", "id": {"write": FIRST}, "amount": document.total}
    body = _headed(book, document, "bill_payments") | _from(paid_from, document.side)
    body |= {"total": document.total, "allocations": [share]}
    if document.number:
        body |= {"number": document.number, "reference": document.number}
    yield Write("pay", "bill_payments", "create", body)


def left_to_do(document: Document, practice: Practice, version: int) -> Iterator[Trace]:
    """What nothing here can set against each other, for whoever does it in the ledger."""
    why = practice.unapplied.get(document.resource)
    if why is not None and document.applies_to:
        named = ", ".join(each.external_id for each in document.applies_to)
        yield Trace("document", "applied to", named, "nothing", "", f"not applied: do it in the ledger. {why}", version)
    if document.rule.pays_out and practice.refunds_by == "journal" and not practice.credits_by_payment:
        rule = "the credit and the journal that paid it back stay open against each other: set them off in the ledger"
        yield Trace("document", "applied to", "the money that went back", "nothing", "", rule, version)


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


def applied(book: Book, document: Document, practice: Practice, earlier: Mapping[str, Linked]) -> Iterator[Write]:
    """What applies a credit to what it corrects: a call of its own, or a payment of nothing that names both."""
    shares = [_allocation(each, earlier[each.key], document.total) for each in document.applies_to]
    if document.resource in practice.allocates:
        dated = [share | {"applied_on": document.issued_on} for share in shares]
        body = {"external_id": {"write": FIRST}, "allocations": dated}
        yield Write("allocate", document.resource, "allocate", body)
    elif practice.credits_by_payment:
        total = sum((share["amount"] for share in shares), _NONE)
        own = {"type": ALLOCATED_AS[document.resource], "id": {"write": FIRST}, "amount": total}
        yield Write(
            "allocate", _PAYMENTS[document.resource], "create", _of_nothing(book, document, practice, [*shares, own])
        )


def money_back(book: Book, document: Document, practice: Practice) -> Iterator[Write]:
    """The money of a credit goes back: a payment of the credit note, or a journal that is then set against it."""
    paid_from = meaning(book, ("payment_method", document.side, document.payment_method), document)
    own = {"type": "credit_note", "id": {"write": FIRST}, "amount": document.total}
    if practice.refunds_by == "payment":
        body = _headed(book, document, "payments") | _from(paid_from, document.side) | {"total": document.total}
        body |= {"allocations": [own], "is_refund": True}
        yield Write("money", "payments", "create", body | {"reference": document.number or "refund"})
        return
    assert practice.receivable is not None  # noqa: S101 - `checks.earlier` refused what has none
    receivable = practice.receivable.reference
    lines = [
        {"account": receivable, "debit": document.total, **_owner(book, document)},
        {"account": in_journal(paid_from, practice), "credit": document.total},
    ]
    memo = f"Refund {document.number or 'of a customer'}: money back from {paid_from.name}"
    body = header(book, document) | {"memo": memo, "lines": [line | {"description": memo} for line in lines]}
    if document.number:
        body["number"] = f"{document.number}-M"
    yield Write("money", "journal_entries", "create", body)
    if practice.credits_by_payment:
        out = {"type": "journal_entry", "id": {"write": "money"}, "amount": document.total}
        yield Write("settle", "payments", "create", _of_nothing(book, document, practice, [out, own]))


def _owner(book: Book, document: Document) -> dict[str, Any]:
    """Whose account a journal's line is: a mapped contact, else the document's, who is looked up by name."""
    return naming.party(book, document, document.resource) or {"contact": {"of": "document"}}


def _of_nothing(book: Book, document: Document, practice: Practice, shares: list[dict[str, Any]]) -> dict[str, Any]:
    body = _headed(book, document, _PAYMENTS[document.resource]) | {"total": _NONE, "allocations": shares}
    body["memo"] = f"Applies {ALLOCATED_AS[document.resource].replace('_', ' ')} {document.number}".strip()
    if document.side != SALES and practice.bank is not None:
        body |= _from(practice.bank, document.side)
    return body


def _allocation(each: Reference, linked: Linked, otherwise: Decimal) -> dict[str, Any]:
    amount = otherwise if each.amount is None else each.amount
    return {"type": ALLOCATED_AS[linked.resource], "id": {"document": each.key}, "amount": amount}
