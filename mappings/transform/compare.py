"""What a document becomes under two versions, held against each other: amounts that move, and what stands in the way.

Plain values in, plain values out; amounts are in the document's currency.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from integrations.engine.effects import Entry
from mappings.transform.model import Document, Result, Trace

_NONE = Decimal(0)
_Place = tuple[str, str]


@dataclass(frozen=True)
class Move:
    """One field that means another record: `field` is account, tax rate, paid from …; `amount` is what it carries."""

    field: str
    before: str
    after: str
    amount: Decimal


@dataclass(frozen=True)
class Outcome:
    """`what`: same, moved, released (now complete), stopped (complete until now), stuck (incomplete under both)."""

    what: str
    moves: tuple[Move, ...]
    problem: str = ""


def compare(document: Document, before: Result, after: Result) -> Outcome:
    """One document under the version that holds and under the draft."""
    problem = after.problems[0].text if after.problems else ""
    if after.payload is None:
        return Outcome("stuck" if before.payload is None else "stopped", (), problem)
    if before.payload is None:
        return Outcome("released", ())
    moves = tuple(_moves(document, before, after))
    return Outcome("moved" if moves or _figures(before) != _figures(after) else "same", moves)


def _moves(document: Document, before: Result, after: Result) -> Iterator[Move]:
    old, new = _by_place(before.trace), _by_place(after.trace)
    for place in dict.fromkeys((*old, *new)):
        was, now = old.get(place), new.get(place)
        if (was.target_id if was else "") != (now.target_id if now else ""):
            names = was.target if was else "nothing", now.target if now else "nothing"
            yield Move(place[1], *names, amount_at(document, after, place[0]))


def _by_place(traces: Iterable[Trace]) -> dict[_Place, Trace]:
    return {(each.where, each.field): each for each in traces}


def amount_at(document: Document, result: Result, where: str) -> Decimal:
    """What a place of the document carries: the net of its line, or the whole."""
    word, _, number = where.partition(" ")
    if word != "line" or not number.isdigit():
        return document.total
    place = int(number) - 1
    built = (result.payload or {}).get("lines") or []
    lines = built if len(built) == len(document.lines) else []
    if place < len(lines):
        return Decimal(str(lines[place]["amount"]))
    return document.lines[place].amount if place < len(document.lines) else document.total


def _figures(result: Result) -> Mapping[str, Decimal | None]:
    payload = result.payload or {}
    return {name: payload.get(name) for name in ("subtotal", "tax_total", "total")}


def balances(entries: Iterable[Entry]) -> dict[str, Decimal]:
    """Account → debits less credits."""
    sums: dict[str, Decimal] = {}
    for each in entries:
        sums[each.account] = sums.get(each.account, _NONE) + each.debit - each.credit
    return sums


def taxable(document: Document, result: Result) -> dict[str, Decimal]:
    """Tax rate → the sum of the amounts it is computed on."""
    sums: dict[str, Decimal] = {}
    for each in result.trace if result.payload is not None else ():
        if each.field == "tax rate":
            sums[each.target] = sums.get(each.target, _NONE) + amount_at(document, result, each.where)
    return sums
