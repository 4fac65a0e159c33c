"""A bill's lines against its purchase order's: what was ordered, at which price, and what is left to bill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NONE = Decimal(0)
Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Difference:
    """Where a bill departs from its order: `code` missing, price or quantity; `name` of what was ordered or billed."""

    code: str
    name: str
    asked: Decimal = _NONE
    """Price or quantity of the bill; a quantity with what was billed before."""
    agreed: Decimal = _NONE
    """Price or quantity of the order."""


@dataclass
class _Sum:
    name: str = ""
    quantity: Decimal = _NONE
    counts: bool = True
    """Whether every line says a quantity."""
    price: Decimal | None = None
    """The highest."""


def differences(bill: Lines, order: Lines, earlier: Iterable[Mapping[str, Any]], percent: Decimal) -> list[Difference]:
    """What a bill asks beyond its order, `percent` of each price and quantity allowed on top.

    Lines are unified ones; those of one item, or else of one account, count together. `earlier`: lines of the other
    bills of this order. Lines of an order that names neither are not compared, and say so by an empty list.
    """
    by_item = any(_id(line, "item") for line in order) and any(_id(line, "item") for line in bill)
    field = "item" if by_item else "account"
    ordered, asked, before = _sums(order, field), _sums(bill, field), _sums(earlier, field)
    if not ordered or not asked:
        return []
    return list(_found(ordered, asked, before, 1 + percent / 100))


def are_compared(bill: Lines, order: Lines) -> bool:
    """Whether both name items, or both name accounts."""
    return any(all(any(_id(line, field) for line in lines) for lines in (bill, order)) for field in ("item", "account"))


def _found(
    ordered: Mapping[str, _Sum], asked: Mapping[str, _Sum], before: Mapping[str, _Sum], factor: Decimal
) -> Iterator[Difference]:
    for key, mine in asked.items():
        agreed = ordered.get(key)
        if agreed is None:
            yield Difference("missing", mine.name)
            continue
        if mine.price is not None and agreed.price is not None and mine.price > agreed.price * factor:
            yield Difference("price", agreed.name, mine.price, agreed.price)
        earlier = before.get(key, _Sum())
        billed = mine.quantity + earlier.quantity
        if mine.counts and agreed.counts and earlier.counts and billed > agreed.quantity * factor:
            yield Difference("quantity", agreed.name, billed, agreed.quantity)


def _sums(lines: Iterable[Mapping[str, Any]], field: str) -> dict[str, _Sum]:
    found: dict[str, _Sum] = defaultdict(_Sum)
    for line in lines:
        key = _id(line, field)
        if not key:
            continue
        row = found[key]
        row.name = row.name or str((line.get(field) or {}).get("name") or line.get("description") or key)
        quantity, price = line.get("quantity"), line.get("unit_price")
        row.counts = row.counts and quantity is not None
        row.quantity += Decimal(str(quantity or 0))
        if price is not None:
            row.price = max(row.price or _NONE, Decimal(str(price)))
    return dict(found)


def _id(line: Mapping[str, Any], field: str) -> str:
    value = (line.get(field) or {}).get("id")
    return value if isinstance(value, str) else ""
