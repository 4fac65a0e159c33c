"""Spread the money of bank lines over ledger records, in order, without losing or inventing a cent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

Line = TypeVar("Line")
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Share(Generic[Line, Entry]):
    """This much of the entry (sign of the bank line that settles it) is settled by this line."""

    line: Line
    entry: Entry
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Allocation(Generic[Line, Entry]):
    """The shares, and what was left of the lines' money: positive where more came (or went) than was owed."""

    shares: tuple[Share[Line, Entry], ...]
    left_over: Decimal


def allocate(
    lines: Sequence[tuple[Line, Decimal]], entries: Sequence[tuple[Entry, Decimal]]
) -> Allocation[Line, Entry]:
    """Spread signed line amounts over signed open amounts, in the given order.

    Entries of the opposite sign (a credit note among invoices) add to the money that can be spread, at most up to
    what is owed. The sum of all shares plus `left_over` (times the lines' sign) is the sum of the lines.
    """
    total = sum((amount for _, amount in lines), Decimal(0))
    sign = -1 if total < 0 else 1
    purse = [max(amount * sign, Decimal(0)) for _, amount in lines]
    owed = [amount * sign for _, amount in entries]
    shares: list[Share[Line, Entry]] = []
    credit = sum((amount for amount in owed if amount > 0), Decimal(0))
    for (entry, _), amount in zip(entries, owed, strict=True):
        part = min(-amount, credit)
        if part > 0 and lines:
            shares.append(Share(lines[0][0], entry, -part * sign))
            purse[0] += part
            credit -= part
    for (entry, _), amount in zip(entries, owed, strict=True):
        rest = amount
        for at, (line, _) in enumerate(lines):
            part = min(rest, purse[at])
            if part > 0:
                shares.append(Share(line, entry, part * sign))
                purse[at] -= part
                rest -= part
    return Allocation(tuple(shares), sum(purse, Decimal(0)))
