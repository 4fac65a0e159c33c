"""Do a document's own figures agree? What does not add up here is refused by the ledger, or worse, accepted."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.engine.errors import RejectedError

# Ledgers round each line's tax or the document's: what a cent a line may come to is theirs.
_CENT = Decimal("0.01")
# What stands beside the lines in some ledgers' documents: then their sum is not the total, and nothing can be said.
_BESIDE = ("discount", "discount_total", "shipping", "rounding", "adjustment", "remote_fields")
_DOCUMENTS = frozenset({"invoices", "credit_notes", "bills", "vendor_credits", "purchase_orders", "expenses"})
_EDITOR = "finance editor"
_REMEDY = "Correct the mapping or the document so that its figures agree, then replay."


def check(resource: str, body: Mapping[str, Any]) -> None:
    """Raise RejectedError for an entry that does not balance, and for lines that do not come to their total."""
    if resource == "journal_entries":
        _entry_balances(body)
    elif resource in _DOCUMENTS:
        _lines_come_to_total(body)


def _entry_balances(body: Mapping[str, Any]) -> None:
    lines = body.get("lines") or []
    debit = sum((_amount(line.get("debit") or 0, "debit") for line in lines), Decimal(0))
    credit = sum((_amount(line.get("credit") or 0, "credit") for line in lines), Decimal(0))
    if debit != credit:
        raise RejectedError(
            f"Debits ({debit}) and credits ({credit}) differ by {abs(debit - credit)}.",
            code="unbalanced",
            remedy="Correct the mapping or the document so that the entry balances, then replay.",
            who_can_fix=_EDITOR,
        )


def _lines_come_to_total(body: Mapping[str, Any]) -> None:
    lines = [line for line in body.get("lines") or [] if line.get("kind") != "text"]
    if any(body.get(name) for name in _BESIDE) or not lines or any(line.get("amount") is None for line in lines):
        return
    of_lines = sum((_amount(line["amount"], "amount") for line in lines), Decimal(0))
    tax = Decimal(0) if body.get("tax_mode") == "none" else tax_of(body)
    if body.get("total") is None or tax is None:
        return
    total = _amount(body["total"], "total")
    # Where prices include the tax, some ledgers' lines are net all the same: both sums may be meant.
    sums = {of_lines, of_lines + tax} if body.get("tax_mode") == "inclusive" else {of_lines + tax}
    apart = min(abs(each - total) for each in sums)
    if apart > _CENT * len(lines):
        with_tax = f" and {tax} of tax" if tax else ""
        raise RejectedError(
            f"The lines come to {of_lines}{with_tax}, the document's total is {total}: {apart} apart.",
            code="lines_differ_from_total",
            remedy=_REMEDY,
            who_can_fix=_EDITOR,
        )


def tax_of(body: Mapping[str, Any]) -> Decimal | None:
    """The tax that a document states itself, or that all its lines state; None where it is left to the ledger."""
    if body.get("tax_total") is not None:
        return _amount(body["tax_total"], "tax_total")
    lines: Sequence[Mapping[str, Any]] = body.get("lines") or []
    stated = [line.get("tax_amount") for line in lines]
    if not stated or any(amount is None for amount in stated):
        return None
    return sum((_amount(amount, "tax_amount") for amount in stated), Decimal(0))


def _amount(value: Any, name: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        words = name.replace("_", " ")
        raise RejectedError(f"A {words} is not a number: {value}.", code="invalid_amount", remedy=_REMEDY) from error
