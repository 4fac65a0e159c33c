"""Lines and entries prepared for searching: whole minor units, day numbers, words, citations and the indexes over
them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from .amounts import agreed_discounts
from .habits import Habits
from .model import BankLine, Context, LedgerEntry
from .names import ContactIndex, NameMatch, trading_names
from .normalise import words
from .rates import RateTable
from .references import NEAR_LEAST, citations, number_keys, told_days
from .shelves import Dated, Shelf
from .units import to_units

LOUD = 3.6
"""A citation of at least this strength is no coincidence."""
SURE = 4.6
"""A citation of at least this strength is enough to learn from."""
AGAIN_DAYS = 4
"""A feed delivers a line again within so many days."""
_KEY_BUCKET = 24


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
    payer: tuple[str, ...] = ()
    has_name: bool = False


@dataclass(slots=True, eq=False)
class Item:
    """A ledger entry, prepared; `due` falls back to the entry's own day, `granted` are agreed discounts in percent,
    `told` the days that its memo names."""

    index: int
    entry: LedgerEntry
    day: int
    due: int
    open: int
    contact: int
    keys: tuple[str, ...]
    long_keys: tuple[str, ...]
    granted: tuple[float, ...]
    told: frozenset[int] = frozenset()


class Books:
    """Everything that the searches look things up in: `asked` are the lines to explain, `past` approved lines of the
    same days, which only say that a line was delivered again; `rows` holds both."""

    def __init__(self, lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> None:
        self.context = context
        self.rates = RateTable(context.fx_rates)
        self.asked = [_row(i, line) for i, line in enumerate(sorted(lines, key=lambda x: (x.on, x.id)))]
        self.past = [_row(len(self.asked) + i, line) for i, line in enumerate(_recent(context, self.asked))]
        self.rows = [*self.asked, *self.past]
        names = sorted({e.contact_name for e in entries})
        self._position = {name: at for at, name in enumerate(names)}
        self.items = [_item(i, e, self._position) for i, e in enumerate(sorted(entries, key=lambda x: (x.on, x.id)))]
        self.contacts = ContactIndex(names, (r.text for r in self.asked), len(self.asked))
        self.own = own_contacts(context)
        self.cards = frozenset(a.id for a in context.accounts if a.type == "card")
        self.crowd: dict[int, dict[str, float]] = {}
        self._are_read = False
        self.habits = Habits()
        self._index_items()
        self._index_aliases()
        for row in self.rows:
            self._cite(row)

    def _index_items(self) -> None:
        self.by_amount: dict[tuple[str, int], Dated] = defaultdict(Dated)
        self.by_contact: dict[int, Dated] = defaultdict(Dated)
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.shelves: dict[int, dict[tuple[str, bool], Shelf]] = defaultdict(dict)
        priced: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        for item in self.items:
            for key in item.keys:
                self.by_key[key].append(item.index)
            if not item.open:
                continue
            way = (item.entry.currency, item.open > 0)
            self.by_amount[item.entry.currency, item.open].insert(item.due, item.index)
            self.by_contact[item.contact].insert(item.day, item.index)
            self.shelves[item.contact].setdefault(way, Shelf()).add(item)
            priced[way].append((item.open, item.index))
        self.priced = {key: sorted(found) for key, found in sorted(priced.items())}
        for shelves in self.shelves.values():
            for shelf in shelves.values():
                shelf.sort()

    def add_item(self, entry: LedgerEntry) -> Item:
        """Take one more entry in; it is found from now on."""
        contact = self._position.get(entry.contact_name)
        if contact is None:
            contact = self._position[entry.contact_name] = self.contacts.add_contact(entry.contact_name)
        item = _item(len(self.items), entry, self._position)
        self.items.append(item)
        for key in item.keys:
            self.by_key[key].append(item.index)
        self.crowd.clear()
        if item.open:
            way = (item.entry.currency, item.open > 0)
            self.by_amount[item.entry.currency, item.open].insert(item.due, item.index)
            self.by_contact[contact].insert(item.day, item.index)
            self.shelves[contact].setdefault(way, Shelf()).insert(item)
            insort(self.priced.setdefault(way, []), (item.open, item.index))
        for name in trading_names(entry.memo):
            self.contacts.add_name(contact, name, is_alias=True)
        return item

    def close_item(self, item: Item) -> None:
        """Nothing of the entry is open any more; it may still be cited."""
        if item.open:
            way = (item.entry.currency, item.open > 0)
            self.by_amount[item.entry.currency, item.open].remove(item.due, item.index)
            self.by_contact[item.contact].remove(item.day, item.index)
            self.shelves[item.contact][way].remove(item)
            self.priced[way].remove((item.open, item.index))
            self.crowd.clear()
            item.open = 0

    def add_row(self, line: BankLine) -> Row:
        """Take one more line in and read it."""
        row = _row(len(self.rows), line)
        self.rows.append(row)
        self.asked.append(row)
        self.contacts.hear(row.text)
        self._cite(row)
        self._read(row)
        return row

    def _cite(self, row: Row) -> None:
        row.hits = self._hits(row)
        row.loud = tuple((s, i) for i, s in row.hits.items() if s >= LOUD)

    def _index_aliases(self) -> None:
        for item in self.items:
            for name in trading_names(item.entry.memo):
                self.contacts.add_name(item.contact, name, is_alias=True)

    def read_texts(self) -> None:
        """Find the contacts that every line names; again after aliases were learned."""
        outdated = self.contacts.forget_outdated()
        for row in self.asked if not self._are_read else [r for r in self.asked if r.text in outdated]:
            self._read(row)
        self._are_read = True

    def _read(self, row: Row) -> None:
        row.contacts = self._plainly_named(row) or self.contacts.find(row.text)
        named = [(m.coverage * min(m.bits, 8.0), c) for c, m in row.contacts.items() if m.coverage >= 0.5]
        row.named = tuple(sorted(named, key=lambda n: (-n[0], n[1])))
        row.payer = tuple(filter(self.contacts.is_rare, row.party or row.text))
        row.has_name = bool(row.payer)

    def read_again(self, row: Row) -> None:
        """Read a line again, after entries or names were added that it may mean."""
        self._cite(row)
        self._read(row)

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

    def documents(self, contact: int, first_day: int, last_day: int) -> list[Item]:
        """Open items of a contact booked on these days, both inclusive."""
        found = self.by_contact.get(contact)
        return [self.items[i] for i in found.between(first_day, last_day)] if found else []

    def same_amount(self, row: Row, most: int) -> list[int]:
        """Open items of exactly the line's amount, of very many those due nearest to it."""
        found = self.by_amount.get((row.line.currency, row.units))
        return found.nearest(row.day, most) if found else []

    def own_same_amount(self, row: Row, contact: int) -> list[int]:
        """A contact's open items of exactly the line's amount."""
        shelf = self.shelves.get(contact, {}).get((row.line.currency, row.units > 0))
        return shelf.between(abs(row.units), abs(row.units)) if shelf else []

    def priced_near(self, currency: str, value: float, share: float, most: int) -> list[int]:
        """Open items of a currency within a share of an amount, the nearest amounts first, at most so many."""
        found = self.priced.get((currency, value > 0), [])
        ends = sorted((int(value * (1 - share)), int(value * (1 + share))))
        at = bisect_left(found, (int(value), -1))
        low = max(at - most, bisect_left(found, (ends[0], -1)))
        high = min(at + most, bisect_right(found, (ends[1], len(self.items))))
        return [i for _, i in sorted(found[low:high], key=lambda f: (abs(f[0] - value), f[1]))[:most]]

    def is_card(self, account_id: str) -> bool:
        """True when the account is a card."""
        return account_id in self.cards


def _recent(context: Context, asked: Sequence[Row]) -> list[BankLine]:
    """Lines approved earlier that are near enough to the asked ones for a second delivery."""
    if not asked:
        return []
    first, last = asked[0].day - AGAIN_DAYS, asked[-1].day + AGAIN_DAYS
    known = {row.line.id for row in asked}
    past = {
        x.id: x for a in context.history for x in a.lines if first <= x.on.toordinal() <= last and x.id not in known
    }
    return sorted(past.values(), key=lambda x: (x.on, x.id))


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
    told = told_days(entry.memo) if entry.memo else frozenset()
    return Item(index, entry, day, due, to_units(entry.open_amount), contact, keys, long, granted, told)


def _codes(memo: str) -> list[str]:
    """Words of a memo that can be an identifier: they hold a digit and are longer than a year."""
    return [w for w in memo.split() if len(w) > 4 and any(map(str.isdigit, w)) and w.count("-") < 2]
