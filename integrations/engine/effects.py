"""What a ledger document does to the books: debits and credits, in the words of the chart of accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NONE = Decimal(0)
_SALES = {"invoices": 1, "credit_notes": -1}
_PURCHASES = {"bills": 1, "vendor_credits": -1, "expenses": 1}
RECEIVABLE, PAYABLE = "Accounts receivable", "Accounts payable"

Signed = list[tuple[str, Decimal]]


@dataclass(frozen=True)
class Entry:
    """One side of a double entry; exactly one of `debit` and `credit` is not zero."""

    account: str
    debit: Decimal
    credit: Decimal


def entries(resource: str, payload: Mapping[str, Any]) -> list[Entry]:
    """Debits and credits of a document in unified form, their sums equal; none for what moves no account."""
    return list(_sides(_signed(resource, payload)))


def undone(found: Sequence[Entry]) -> list[Entry]:
    """What takes these back: each side on the other side."""
    return [Entry(each.account, each.credit, each.debit) for each in found]


def line_account(line: Mapping[str, Any]) -> str:
    """The account of a line; an invoice line shows its item's account where the item stands for it."""
    return _name(line.get("account"), _name(line.get("item"), "Account"))


def _signed(resource: str, payload: Mapping[str, Any]) -> Signed:
    if resource == "journal_entries":
        lines = payload.get("lines") or []
        return [(line_account(each), _amount(each.get("debit")) - _amount(each.get("credit"))) for each in lines]
    total = _amount(payload.get("total"))
    if resource == "payments":
        return [(_name(payload.get("account"), "Undeposited funds"), total), (RECEIVABLE, -total)]
    if resource == "bill_payments":
        return [(PAYABLE, total), (_name(payload.get("account"), "Paid-from account"), -total)]
    if resource in _SALES:
        return _times(_SALES[resource], [(RECEIVABLE, total), *_times(-1, _of_lines(payload, "Tax to pay"))])
    if resource in _PURCHASES:
        paid = resource == "expenses"
        other = _name(payload.get("account"), "Paid-from account") if paid else PAYABLE
        return _times(_PURCHASES[resource], [*_of_lines(payload, "Tax to reclaim"), (other, -total)])
    return []


def _of_lines(payload: Mapping[str, Any], tax_name: str) -> Signed:
    """The accounts of the lines without tax, and the tax; what lines and total are apart has a name of its own."""
    total, tax = _amount(payload.get("total")), _amount(payload.get("tax_total"))
    lines = [each for each in payload.get("lines") or [] if each.get("amount") is not None]
    is_gross = bool(tax) and sum((_amount(each["amount"]) for each in lines), _NONE) == total
    net = [
        (line_account(each), _amount(each["amount"]) - (_amount(each.get("tax_amount")) if is_gross else _NONE))
        for each in lines
    ]
    apart = total - tax - sum((amount for _, amount in net), _NONE)
    return [*net, (tax_name, tax), ("Discounts, charges and rounding", apart)]


def _times(sign: int, found: Signed) -> Signed:
    return [(name, sign * amount) for name, amount in found]


def _amount(value: Any) -> Decimal:
    return Decimal(str(value)) if value not in (None, "") else _NONE


def _name(reference: Any, default: str) -> str:
    return str((reference or {}).get("name") or default)


def _sides(signed: Signed) -> Iterator[Entry]:
    sums: dict[str, Decimal] = {}
    for name, amount in signed:
        sums[name] = sums.get(name, _NONE) + amount
    for name, amount in sums.items():
        if amount:
            yield Entry(name, max(amount, _NONE), max(-amount, _NONE))
