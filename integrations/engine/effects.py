"""What a ledger document does to the books: debits and credits, in the words of the chart of accounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def summed(found: Iterable[Entry]) -> list[Entry]:
    """One entry for each account, of several documents together; what cancels out is left away."""
    return list(_sides([(each.account, each.debit - each.credit) for each in found]))


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
    total = _amount(payload.get("total")) * (-1 if payload.get("is_refund") else 1)
    if resource == "bank_transactions" and payload.get("other_account"):
        return [(_name(payload["other_account"], "Bank"), total), (_name(payload.get("account"), "Bank"), -total)]
    if resource == "payments":
        return [(_name(payload.get("account"), "Undeposited funds"), total), (RECEIVABLE, -total)]
    if resource == "bill_payments":
        return [(PAYABLE, total), (_name(payload.get("account"), "Paid-from account"), -total)]
    if resource in _SALES:
        return _times(_SALES[resource], [(RECEIVABLE, total), *_times(-1, _of_lines(payload, "Tax to pay"))])
    if resource in _PURCHASES:
        paid = resource == "expenses"
        other = _name(payload.get("account"), "Paid-from account") if paid else PAYABLE
        sign = -_PURCHASES[resource] if payload.get("is_refund") else _PURCHASES[resource]
        return _times(sign, [*_of_lines(payload, "Tax to reclaim"), (other, -abs(total))])
    return []


def _of_lines(payload: Mapping[str, Any], tax_name: str) -> Signed:
    """The accounts of the lines without tax, and the tax; what lines and total are apart has a name of its own."""
    total, tax = _amount(payload.get("total")), _amount(payload.get("tax_total"))
    lines = [each for each in payload.get("lines") or [] if each.get("amount") is not None]
    is_gross = bool(tax and total) and sum((_amount(each["amount"]) for each in lines), _NONE) == total
    within = _tax_within(lines, tax) if is_gross else [_NONE] * len(lines)
    net = [(line_account(each), _amount(each["amount"]) - part) for each, part in zip(lines, within, strict=True)]
    apart = total - tax - sum((amount for _, amount in net), _NONE)
    return [*net, (tax_name, tax), ("Discounts, charges and rounding", apart)]


def _tax_within(lines: Sequence[Mapping[str, Any]], tax: Decimal) -> list[Decimal]:
    """The tax in each line's amount: as the lines say, else by their shares, where the largest takes the rounding."""
    if any(each.get("tax_amount") for each in lines):
        return [_amount(each.get("tax_amount")) for each in lines]
    amounts = [_amount(each["amount"]) for each in lines]
    places = Decimal(1).scaleb(min(int(tax.as_tuple().exponent), 0))
    parts = [(tax * amount / sum(amounts, _NONE)).quantize(places) for amount in amounts]
    parts[max(range(len(parts)), key=lambda index: abs(amounts[index]))] += tax - sum(parts, _NONE)
    return parts


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
