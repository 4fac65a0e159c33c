"""Lines and entries prepared for searching: whole minor units, day numbers, words, citations and the indexes over
them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .model import BankLine, Context, LedgerEntry
from .names import ContactIndex, NameMatch, trading_names
from .normalise import words
from .rates import RateTable
from .references import citations, number_keys

UNITS = 1000
"""Internal whole units per one of any currency: every currency in use has at most three decimals."""

DUE_KINDS = frozenset(("invoice", "bill"))
_KEY_BUCKET = 24


def to_units(amount: Decimal) -> int:
    """Exact whole units of an amount."""
    return int((amount * UNITS).to_integral_value())


@dataclass(slots=True, eq=False)
class Row:
    """A bank line, prepared."""

    index: int
    line: BankLine
    day: int
    units: int
    text: tuple[str, ...]
    party: tuple[str, ...]
    cites: frozenset[str]
    contacts: dict[int, NameMatch] = field(default_factory=dict)
    hits: dict[int, float] = field(default_factory=dict)
    has_name: bool = False


@dataclass(slots=True, eq=False)
class Item:
    """A ledger entry, prepared; `due` falls back to the entry's own day."""

    index: int
    entry: LedgerEntry
    day: int
    due: int
    open: int
    contact: int
    keys: tuple[str, ...]


class Books:
    """Everything that the searches look things up in."""

    def __init__(self, lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> None:
        self.context = context
        self.rates = RateTable(context.fx_rates)
        self.rows = [_row(i, line) for i, line in enumerate(sorted(lines, key=lambda x: (x.on, x.id)))]
        names = sorted({e.contact_name for e in entries})
        position = {name: at for at, name in enumerate(names)}
        self.items = [_item(i, e, position) for i, e in enumerate(sorted(entries, key=lambda x: (x.on, x.id)))]
        self.contacts = ContactIndex(names, (r.text for r in self.rows), len(self.rows))
        self.own = own_contacts(context)
        self.crowd: dict[int, dict[str, float]] = {}
        self._index_items()
        self._index_aliases()
        for row in self.rows:
            row.hits = self._hits(row)

    def _index_items(self) -> None:
        self.by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.by_contact: dict[int, list[int]] = defaultdict(list)
        self.by_key: dict[str, list[int]] = defaultdict(list)
        priced: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        for item in self.items:
            for key in item.keys:
                self.by_key[key].append(item.index)
            if not item.open:
                continue
            self.by_amount[item.entry.currency, item.open].append(item.index)
            self.by_contact[item.contact].append(item.index)
            priced[item.entry.currency, item.open > 0].append((item.open, item.index))
        self.priced = {key: sorted(found) for key, found in priced.items()}

    def _index_aliases(self) -> None:
        for item in self.items:
            for name in trading_names(item.entry.memo):
                self.contacts.add_name(item.contact, name, is_alias=True)

    def read_texts(self) -> None:
        """Find the contacts that every line names; again after aliases were learned."""
        self.contacts.forget_outdated()
        for row in self.rows:
            row.contacts = self.contacts.find(row.text)
            rare = row.party or row.text
            row.has_name = any(self.contacts.is_rare(w) for w in rare)

    def _hits(self, row: Row) -> dict[int, float]:
        hits: dict[int, float] = {}
        for key in sorted(row.cites):
            found = self.by_key.get(key)
            if not found or len(found) > _KEY_BUCKET:
                continue
            strength = min(len(key), 8) + (1.0 if not key.isdigit() else 0.0) - math.log10(len(found))
            for index in found:
                if strength > hits.get(index, 0.0):
                    hits[index] = strength
        return hits

    def priced_between(self, currency: str, low: int, high: int) -> list[int]:
        """Open items of a currency whose open amount lies between two amounts of one sign, inclusive."""
        found = self.priced.get((currency, high > 0), [])
        return [i for _, i in found[bisect_left(found, (low, -1)) : bisect_right(found, (high, len(self.items)))]]

    def is_card(self, account_id: str) -> bool:
        """True when the account is a card."""
        return any(a.id == account_id and a.type == "card" for a in self.context.accounts)


def own_contacts(context: Context) -> tuple[frozenset[str], ...]:
    """The words of each of the tenant's own names."""
    return tuple(frozenset(words(name)) for name in context.own_names if name)


def _row(index: int, line: BankLine) -> Row:
    party = words(line.counterparty)
    text = tuple(dict.fromkeys((*party, *words(line.description), *words(line.reference))))
    cites = citations(line.description) | citations(line.reference) | citations(line.counterparty)
    return Row(index, line, line.on.toordinal(), to_units(line.amount), text, party, cites)


def _item(index: int, entry: LedgerEntry, position: dict[str, int]) -> Item:
    day = entry.on.toordinal()
    due = entry.due_on.toordinal() if entry.due_on else day
    keys = dict.fromkeys(k for text in (entry.number, entry.reference, *_codes(entry.memo)) for k in number_keys(text))
    return Item(index, entry, day, due, to_units(entry.open_amount), position[entry.contact_name], tuple(keys))


def _codes(memo: str) -> list[str]:
    """Words of a memo that can be an identifier: they hold a digit and are longer than a year."""
    return [w for w in memo.split() if len(w) > 4 and any(c.isdigit() for c in w) and w.count("-") < 2]
