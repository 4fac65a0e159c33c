"""Lines and entries prepared for searching: whole minor units, day numbers, words, citations and the indexes over
them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .amounts import agreed_discounts
from .model import BankLine, Context, LedgerEntry
from .names import ContactIndex, NameMatch, trading_names
from .normalise import words
from .rates import RateTable
from .references import NEAR_LEAST, citations, number_keys
from .units import to_units

DUE_KINDS = frozenset(("invoice", "bill"))
LOUD = 3.6
"""A citation of at least this strength is no coincidence."""
SURE = 4.6
"""A citation of at least this strength is enough to learn from."""
_KEY_BUCKET = 24
_STEPS = 160


@dataclass(slots=True, eq=False)
class Row:
    """A bank line, prepared. `loud` are the entries that it cites strongly, `named` the contacts it names with their
    weight, the heaviest first."""

    index: int
    line: BankLine
    day: int
    units: int
    text: tuple[str, ...]
    party: tuple[str, ...]
    cites: frozenset[str]
    long_cites: tuple[str, ...]
    contacts: dict[int, NameMatch] = field(default_factory=dict)
    named: tuple[tuple[float, int], ...] = ()
    hits: dict[int, float] = field(default_factory=dict)
    loud: tuple[tuple[float, int], ...] = ()
    has_name: bool = False


@dataclass(slots=True, eq=False)
class Item:
    """A ledger entry, prepared; `due` falls back to the entry's own day, `granted` are agreed discounts in percent."""

    index: int
    entry: LedgerEntry
    day: int
    due: int
    open: int
    contact: int
    keys: tuple[str, ...]
    long_keys: tuple[str, ...]
    granted: tuple[float, ...]


class Shelf:
    """The open items of one contact, currency and direction, by amount and by due day."""

    def __init__(self) -> None:
        self._priced: list[tuple[int, int]] = []
        self._due: list[tuple[int, int, int, int]] = []

    def add(self, item: Item) -> None:
        """Put an item up; `sort` follows when all are there."""
        self._priced.append((abs(item.open), item.index))
        if item.entry.kind in DUE_KINDS:
            self._due.append((item.due, item.index, abs(item.open), item.day))

    def sort(self) -> None:
        """Order what was added."""
        self._priced.sort()
        self._due.sort()

    def between(self, low: float, high: float) -> list[int]:
        """Items whose open amount lies between two, both inclusive."""
        start, end = bisect_left(self._priced, (math.ceil(low), -1)), bisect_right(self._priced, (high, math.inf))
        return [index for _, index in self._priced[start:end]]

    def larger(self, than: float, day: int, most: int) -> list[int]:
        """Documents of more than an amount that existed by the day, the nearest to their due day first; of very many
        only those around the day are looked at."""
        found: list[tuple[int, int]] = []
        for due, index, value, issued in self._outward(day):
            if len(found) >= most and abs(due - day) > found[-1][0]:
                break
            if value > than and issued <= day + 1:
                found.append((abs(due - day), index))
        return [index for _, index in sorted(found)[:most]]

    def _outward(self, day: int) -> Iterator[tuple[int, int, int, int]]:
        right = bisect_left(self._due, (day,))
        left, due = right - 1, self._due
        for _ in range(_STEPS):
            if left < 0 and right >= len(due):
                return
            if right >= len(due) or (left >= 0 and day - due[left][0] < due[right][0] - day):
                yield due[left]
                left -= 1
            else:
                yield due[right]
                right += 1


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
        self.cards = frozenset(a.id for a in context.accounts if a.type == "card")
        self.crowd: dict[int, dict[str, float]] = {}
        self._are_read = False
        self._index_items()
        self._index_aliases()
        for row in self.rows:
            row.hits = self._hits(row)
            row.loud = tuple((s, i) for i, s in row.hits.items() if s >= LOUD)

    def _index_items(self) -> None:
        self.by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.by_contact: dict[int, list[int]] = defaultdict(list)
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.shelves: dict[int, dict[tuple[str, bool], Shelf]] = defaultdict(dict)
        priced: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        for item in self.items:
            for key in item.keys:
                self.by_key[key].append(item.index)
            if not item.open:
                continue
            way = (item.entry.currency, item.open > 0)
            self.by_amount[item.entry.currency, item.open].append(item.index)
            self.by_contact[item.contact].append(item.index)
            self.shelves[item.contact].setdefault(way, Shelf()).add(item)
            priced[way].append((item.open, item.index))
        self.priced = {key: sorted(found) for key, found in sorted(priced.items())}
        for shelves in self.shelves.values():
            for shelf in shelves.values():
                shelf.sort()

    def _index_aliases(self) -> None:
        for item in self.items:
            for name in trading_names(item.entry.memo):
                self.contacts.add_name(item.contact, name, is_alias=True)

    def read_texts(self) -> None:
        """Find the contacts that every line names; again after aliases were learned."""
        outdated = self.contacts.forget_outdated()
        for row in self.rows if not self._are_read else [r for r in self.rows if r.text in outdated]:
            row.contacts = self._plainly_named(row) or self.contacts.find(row.text)
            named = [(m.coverage * min(m.bits, 8.0), c) for c, m in row.contacts.items() if m.coverage >= 0.5]
            row.named = tuple(sorted(named, key=lambda n: (-n[0], n[1])))
            rare = row.party or row.text
            row.has_name = any(map(self.contacts.is_rare, rare))
        self._are_read = True

    def _plainly_named(self, row: Row) -> dict[int, NameMatch]:
        """The one contact of a line that cites its open entry to the cent and names it whole: no search is needed."""
        if len(row.loud) != 1 or row.loud[0][0] < SURE:
            return {}
        item = self.items[row.loud[0][1]]
        if item.open != row.units or item.entry.currency != row.line.currency:
            return {}
        match = self.contacts.score(row.text, item.contact)
        return {item.contact: match} if match.coverage >= 0.9 and not match.via_alias else {}

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
        return account_id in self.cards


def own_contacts(context: Context) -> tuple[frozenset[str], ...]:
    """The words of each of the tenant's own names."""
    return tuple(frozenset(words(name)) for name in context.own_names if name)


def _row(index: int, line: BankLine) -> Row:
    party = words(line.counterparty)
    text = tuple(dict.fromkeys((*party, *words(line.description), *words(line.reference))))
    cites = citations(line.description) | citations(line.reference) | citations(line.counterparty)
    long = tuple(sorted(c for c in cites if len(c) >= NEAR_LEAST))
    return Row(index, line, line.on.toordinal(), to_units(line.amount), text, party, cites, long)


def _item(index: int, entry: LedgerEntry, position: dict[str, int]) -> Item:
    day = entry.on.toordinal()
    due = entry.due_on.toordinal() if entry.due_on else day
    texts = (entry.number, entry.reference, *_codes(entry.memo))
    keys = tuple(dict.fromkeys(k for text in texts if text for k in number_keys(text)))
    long = tuple(k for k in keys if len(k) >= NEAR_LEAST)
    granted = agreed_discounts(entry.memo)
    contact = position[entry.contact_name]
    return Item(index, entry, day, due, to_units(entry.open_amount), contact, keys, long, granted)


def _codes(memo: str) -> list[str]:
    """Words of a memo that can be an identifier: they hold a digit and are longer than a year."""
    return [w for w in memo.split() if len(w) > 4 and any(map(str.isdigit, w)) and w.count("-") < 2]
