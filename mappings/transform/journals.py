"""Plain entries: a processor's payout through its clearing account, and adjustments."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mappings.transform import naming
from mappings.transform.model import FIRST, Document, Target, Write
from mappings.transform.practice import Practice
from mappings.transform.reasons import meaning
from mappings.transform.rules import Book
from mappings.transform.trade import header

_NONE = Decimal(0)


def adjustment(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """One entry; a line's amount is a debit above zero and a credit below."""
    lines = [
        _side(
            meaning(book, ("category", document.side, line.category), document, line).reference,
            line.amount,
            line.description or line.category,
        )
        | naming.named(book, document, line, practice)
        for line in document.lines
        if line.amount
    ]
    return _entry(book, document, lines, f"Adjustment {document.number}".strip())


def payout(book: Book, document: Document, practice: Practice) -> dict[str, Any]:
    """The net on the bank account; what is booked here to its accounts; the rest leaves the clearing account.

    Charges, refunds and fees without a category were booked on the clearing account by documents of their own. The
    parts' sum is the payout: it was proved before.
    """
    clearing, bank = _accounts(book, document)
    booked = [part for part in document.parts if part.category]
    rest = document.total - sum((part.amount for part in booked), _NONE)
    lines = [_side(in_journal(bank, practice), document.total, "Payout")]
    for part in booked:
        account = meaning(book, ("category", "purchases", part.category), document, part.as_line)
        lines.append(_side(account.reference, -part.amount, part.description or part.type.capitalize()))
    lines.append(_side(in_journal(clearing, practice), -rest, "Clearing"))
    return _entry(book, document, [line for line in lines if line], f"Payout {document.number}".strip())


def transfers(book: Book, document: Document) -> Iterator[Write]:
    """The same for ledgers whose journals may not touch bank accounts: money spent from clearing, and a transfer."""
    clearing, bank = _accounts(book, document)
    booked = [part for part in document.parts if part.category]
    spent = -sum((part.amount for part in booked), _NONE)
    moved = header(book, document) | {
        "type": "transfer",
        "account": clearing.reference,
        "other_account": bank.reference,
        "total": document.total,
        "reference": document.number or "Payout",
    }
    if document.total < 0:
        moved |= {"account": bank.reference, "other_account": clearing.reference, "total": -document.total}
    names = [FIRST, "move"]
    if booked:
        yield Write(names.pop(0), "expenses", "create", _spent(book, document, clearing, spent))
    if document.total:
        yield Write(names.pop(0), "bank_transactions", "create", moved)


def _spent(book: Book, document: Document, clearing: Target, total: Decimal) -> dict[str, Any]:
    lines = [
        {
            "account": meaning(book, ("category", "purchases", part.category), document, part.as_line).reference,
            "amount": -part.amount,
            "description": part.description or part.type.capitalize(),
        }
        for part in document.parts
        if part.category
    ]
    return (
        header(book, document)
        | naming.party(book, document, "expenses")
        | {
            "account": clearing.reference,
            "payment_type": "cash",
            "reference": document.number or "Payout",
            "tax_mode": "none",
            "lines": lines,
            "subtotal": total,
            "tax_total": _NONE,
            "total": total,
        }
    )


def _accounts(book: Book, document: Document) -> tuple[Target, Target]:
    words = (document.payment_method, document.paid_into)
    clearing, bank = (meaning(book, ("payment_method", document.side, word), document) for word in words)
    return clearing, bank


def _entry(book: Book, document: Document, lines: list[dict[str, Any]], memo: str) -> dict[str, Any]:
    total = sum((line.get("debit", _NONE) for line in lines), _NONE)
    found = header(book, document) | {"lines": lines, "total": total, "memo": document.memo or memo}
    return found | ({"number": document.number} if document.number else {})


def in_journal(account: Target, practice: Practice) -> dict[str, str]:
    """How a journal's line names a bank account."""
    if practice.journals_name == "bank" or not account.behind[0]:
        return account.reference
    return {"id": account.behind[0], "name": account.behind[1]}


def _side(account: dict[str, str], amount: Decimal, description: str) -> dict[str, Any]:
    if not amount:
        return {}
    sides = {"debit": amount} if amount > 0 else {"credit": -amount}
    return {"account": account, **sides, "description": description}
