"""What a ledger document does to the books: debits and credits, in the words of the chart of accounts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NONE = Decimal(0)


@dataclass(frozen=True)
class Entry:
    """One side of a double entry; exactly one of `debit` and `credit` is not zero."""

    account: str
    debit: Decimal
    credit: Decimal


def entries(resource: str, payload: Mapping[str, Any]) -> list[Entry]:
    """Debits and credits of an invoice, bill or expense in unified form; their sums are equal."""
    total, tax = Decimal(str(payload["total"])), Decimal(str(payload.get("tax_total") or 0))
    lines = [(line_account(line), Decimal(str(line["amount"]))) for line in payload["lines"]]
    if resource == "invoices":
        found = [("Accounts receivable", total), *[(name, -net) for name, net in lines], ("Tax to pay", -tax)]
    else:
        other = "Accounts payable" if resource == "bills" else _name(payload.get("account"), "Paid-from account")
        found = [*lines, ("Tax to reclaim", tax), (other, -total)]
    return list(_sides(found))


def line_account(line: Mapping[str, Any]) -> str:
    """The account of a line; an invoice line shows its item's account where the item stands for it."""
    return _name(line.get("account"), _name(line.get("item"), "Account"))


def _name(reference: Any, default: str) -> str:
    return str((reference or {}).get("name") or default)


def _sides(signed: list[tuple[str, Decimal]]) -> Iterator[Entry]:
    sums: dict[str, Decimal] = {}
    for name, amount in signed:
        sums[name] = sums.get(name, _NONE) + amount
    for name, amount in sums.items():
        if amount:
            yield Entry(name, max(amount, _NONE), max(-amount, _NONE))
