"""Lines and entries prepared for searching: whole minor units, day numbers, words, citations and the indexes over
them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .amounts import agreed_discounts, limits
from .census import Census
from .habits import Habits
from .model import DUE_KINDS, BankLine, Context, LedgerEntry
from .names import KNOWN_BY_NUMBER, KNOWN_BY_PAYER, NAMED, ContactIndex, NameMatch, trading_names
from .normalise import words
from .rates import RateTable
from .reading import cited_by, keys_of, long_citations, months_of, read
from .references import MAX_RUNS, NEAR_LEAST, told_days, told_months
from .shelves import Dated, Prices, Shelf
from .units import to_units
from .weights import HOPELESS, WEIGHTS

LOUD = 3.6
"""A citation of at least this strength is no coincidence."""
SURE = 4.6
"""A citation of at least this strength is enough to learn from."""
AGAIN_DAYS = 4
"""A feed delivers a line again within so many days."""
KEY_BUCKET = 24
"""A number that more entries share than this cites none of them."""
_EQUALS_READ = 60
_CODE_LEAST = 6
_IS_YEAR = re.compile(r"(?:19|20)\d\d")
_FAINT = 2.0
_PAYER_LEAST = 6
"""Fewer letters outside a column for payers are nobody's name."""

Evidence = tuple[dict[str, float], float]
"""Features, and what they are worth in log-odds."""


@dataclass(slots=True, eq=False)
class Row:
    """A bank line, prepared. `loud` are the entries that it cites strongly, `named` the contacts it names with their
    weight, the heaviest first; `evidence` keeps what was found to speak for each contact, `elsewhere` for entries that
    are not cited; `parts` are the documents that it cites or whose contact it names, and may pay a part of."""

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
    evidence: dict[int, Evidence] = field(default_factory=dict)
    elsewhere: Evidence | None = None
    parts: tuple[int, ...] = ()
    names_self: bool | None = None
    months: frozenset[int] = frozenset()


@dataclass(slots=True, eq=False)
class Item:
    """A ledger entry, prepared; `due` falls back to the entry's own day, `granted` are agreed discounts in percent,
    `told` the days that its memo names, `months` the months, `aliases` other names. The last three repeat the entry's,
    because they are asked most."""

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
    months: frozenset[int] = frozenset()
    aliases: tuple[str, ...] = ()
    _said: tuple[str, ...] | None = None
    currency: str = ""
    is_due: bool = False
    is_credit: bool = False

    def __post_init__(self) -> None:
        self.currency = self.entry.currency
        self.is_due, self.is_credit = self.entry.kind in DUE_KINDS, self.entry.kind == "credit_note"

    @property
    def said(self) -> tuple[str, ...]:
        """The words of the entry's memo, read when they are first asked for."""
        if self._said is None:
            self._said = words(self.entry.memo)
        return self._said


class Carried:
    """What the windows of one statement hand on: the rates of the day, and the entries that the window before had read.
    Those become the next window's own, with its numbers: an earlier `Books` is of no use any more."""

    def __init__(self, context: Context) -> None:
        self.rates = RateTable(context.fx_rates)
        self._items: dict[str, Item] = {}

    def items(self, entries: Sequence[LedgerEntry], position: Mapping[str, int]) -> list[Item]:
        """The entries, read once and numbered in this order; `position` numbers the names of contacts."""
        known = self._items
        found = [known.get(e.id) or _item(at, e, position) for at, e in enumerate(entries)]
        for at, item in enumerate(found):
            item.index, item.contact = at, position[item.entry.contact_name]
        self._items = {item.entry.id: item for item in found}
        return found


class Books:
    """Everything that the searches look things up in: `asked` are the lines to explain, `past` approved lines of the
    same days, which only say that a line was delivered again; `rows` holds both. `whole`: these are a few lines and
    entries out of many, and words and numbers are counted over those. What would be worth less than `hopeless` by
    `weights`, in log-odds, need not be supposed."""

    def __init__(
        self,
        lines: Sequence[BankLine],
        entries: Sequence[LedgerEntry],
        context: Context,
        carried: Carried | None = None,
        whole: Census | None = None,
    ) -> None:
        self.context = context
        self._cited = whole.cited if whole else {}
        carried = carried or Carried(context)
        self.rates = carried.rates
        self.limits = limits(context.tolerances)
        self.asked = [_row(i, line) for i, line in enumerate(sorted(lines, key=lambda x: (x.on, x.id)))]
        self.past = [_row(len(self.asked) + i, line) for i, line in enumerate(_recent(context, self.asked))]
        self.rows = [*self.asked, *self.past]
        names = sorted({e.contact_name for e in entries})
        self._position = {name: at for at, name in enumerate(names)}
        self.items = carried.items(sorted(entries, key=lambda x: (x.on, x.id)), self._position)
        self.contacts = ContactIndex(names, (r.text for r in self.asked), len(self.asked), whole)
        self.own = own_contacts(context)
        self.cards = frozenset(a.id for a in context.accounts if a.type == "card")
        self.crowd: dict[int, Evidence] = {}
        self.room: dict[tuple[str, bool, bool], float] = {}
        self.weights: Mapping[str, float] = WEIGHTS
        self.hopeless = HOPELESS
        self.habits = Habits()
        self.banks_words: frozenset[str] = frozenset()
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
        self.priced = {key: Prices(found) for key, found in sorted(priced.items())}
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
            self.priced.setdefault(way, Prices()).insert(item.open, item.index)
        for name in item.aliases:
            self.contacts.add_name(contact, name, is_alias=True)
        return item

    def close_item(self, item: Item) -> None:
        """Nothing of the entry is open any more; it may still be cited."""
        if item.open:
            way = (item.entry.currency, item.open > 0)
            self.by_amount[item.entry.currency, item.open].remove(item.due, item.index)
            self.by_contact[item.contact].remove(item.day, item.index)
            self.shelves[item.contact][way].remove(item)
            self.priced[way].remove(item.open, item.index)
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
        self.recognise(row)
        return row

    def _cite(self, row: Row) -> None:
        row.hits, row.elsewhere = self._hits(row), None
        loud = [(s, i) for i, s in row.hits.items() if s >= LOUD] if row.hits else []
        row.loud = tuple(loud if len(loud) <= MAX_RUNS else sorted(loud, key=lambda h: (-h[0], h[1]))[:MAX_RUNS])

    def _index_aliases(self) -> None:
        for item in self.items:
            for name in item.aliases:
                self.contacts.add_name(item.contact, name, is_alias=True)

    def read_texts(self) -> None:
        """Find the contacts that every line names, once aliases were learned."""
        for row in self.asked:
            self._read(row)

    def _read(self, row: Row) -> None:
        row.contacts = self._plainly_named(row) or self.contacts.find(row.text)
        named = [(m.coverage * min(m.bits, 8.0), c) for c, m in row.contacts.items() if m.coverage >= 0.5]
        row.named = tuple(sorted(named, key=lambda n: (-n[0], n[1])))
        row.has_name = any(map(self.contacts.is_rare, row.party or row.text))
        row.evidence = {}

    def read_again(self, row: Row) -> None:
        """Read a line again, after entries or names were added that it may mean."""
        self._cite(row)
        self._read(row)
        self.recognise(row)

    def know_payer(self, text: tuple[str, ...], *, is_party: bool) -> None:
        """Remember how a bank writes a payer, in a column for payers or elsewhere, so that lines that hold more words
        are recognised too."""
        payer = self._party_words(text) if is_party else self._own_words(text)
        if payer and (is_party or sum(map(len, payer)) >= _PAYER_LEAST):
            self.habits.know_payer(payer)

    def payer_of(self, party: tuple[str, ...], text: tuple[str, ...]) -> tuple[str, ...]:
        """The words of a line that say who pays: of its party, else a known payer's among its words, else all that are
        not the bank's."""
        return self._party_words(party) if party else self.habits.payer_among(text) or self._own_words(text)

    def _party_words(self, party: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filter(self.contacts.is_telling, dict.fromkeys(party)))

    def _own_words(self, text: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(w for w in dict.fromkeys(text) if w not in self.banks_words and self.contacts.is_rare(w))

    def _plainly_named(self, row: Row) -> dict[int, NameMatch]:
        """The one contact of a line that cites its open entry to the cent and names it whole: no search is needed."""
        if len(row.loud) != 1 or row.loud[0][0] < SURE:
            return {}
        item = self.items[row.loud[0][1]]
        if item.open != row.units or item.entry.currency != row.line.currency:
            return {}
        match = self.contacts.score(row.text, item.contact)
        return {item.contact: match} if match.coverage >= 0.9 and not match.via_alias else {}

    def codes_of(self, cites: Collection[str], least: int = _CODE_LEAST) -> frozenset[str]:
        """Numbers of so many characters that are no document's and no year: they may stand for a mandate, a customer,
        an account."""
        own = (c for c in cites if len(c) >= least and not _IS_YEAR.fullmatch(c))
        return frozenset(c for c in own if c not in self.by_key and c not in self._cited)

    def recognise(self, row: Row) -> None:
        """Let a line be known by whom its payer paid for before, and one that names nobody by a number that earlier
        payments of one contact held."""
        row.payer = self.payer_of(row.party, row.text)
        for client, share in self.habits.clients(row.index, row.payer).items():
            self._recognise(row, client, KNOWN_BY_PAYER, share * _FAINT)
        if row.long_cites and (not row.named or row.named[0][0] < _FAINT):
            contact = self.habits.known_by(row.index, self.codes_of(row.long_cites, NEAR_LEAST))
            if contact is not None:
                self._recognise(row, contact, KNOWN_BY_NUMBER, _FAINT)

    def _recognise(self, row: Row, contact: int, match: NameMatch, weight: float) -> None:
        """Add a contact to those that a line may mean, unless its words name it already."""
        known = row.contacts.get(contact)
        if known is None or known.coverage < NAMED:
            row.contacts = row.contacts | {contact: match}
            row.named = tuple(sorted((*row.named, (weight, contact)), key=lambda n: (-n[0], n[1])))
            row.evidence = {}

    def _hits(self, row: Row) -> dict[int, float]:
        hits: dict[int, float] = {}
        for key in sorted(row.cites & self.by_key.keys()):
            found = self.by_key[key]
            sharing = max(len(found), self._cited.get(key, 0))
            if sharing > KEY_BUCKET:
                continue
            strength = min(len(key), 8) + (1.0 if not key.isdigit() else 0.0) - math.log10(sharing)
            for index in found:
                if strength > hits.get(index, 0.0):
                    hits[index] = strength
        return hits

    def documents(self, contact: int, first_day: int, last_day: int) -> list[Item]:
        """Open items of a contact booked on these days, both inclusive."""
        found = self.by_contact.get(contact)
        return [self.items[i] for i in found.between(first_day, last_day)] if found else []

    def owed(self, contact: int, currency: str, units: int, day: int) -> int:
        """How much the open documents of a contact that were booked by a day owe together, in an amount's currency and
        direction."""
        shelf = self.shelves[contact].get((currency, units > 0)) if contact in self.shelves else None
        return shelf.owed_by(day) if shelf else 0

    def same_amount(self, row: Row, most: int) -> list[int]:
        """Open items of exactly the line's amount, of very many those due nearest to it."""
        found = self.by_amount.get((row.line.currency, row.units))
        return found.nearest(row.day, most) if found else []

    def owed_exactly(self, row: Row, most: int) -> list[int]:
        """Open items of exactly the line's amount whose contact the line names; of very many, of each contact only
        those due nearest to the line."""
        found = self.by_amount.get((row.line.currency, row.units))
        if not found or not row.contacts:
            return []
        if len(found) <= _EQUALS_READ:
            return [i for i in found if self.items[i].contact in row.contacts]
        way, paid = (row.line.currency, row.units > 0), abs(row.units)
        shelves = (self.shelves[contact].get(way) for contact in row.contacts if contact in self.shelves)
        return [i for shelf in shelves if shelf for i in shelf.equal(paid, row.day, most)]

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
    party, text = words(line.counterparty), read(line)
    cites, months = cited_by(line), months_of(line)
    long = long_citations(cites, months)
    return Row(index, line, line.on.toordinal(), to_units(line.amount), text, party, cites, long, months=months)


def _item(index: int, entry: LedgerEntry, position: Mapping[str, int]) -> Item:
    day = entry.on.toordinal()
    due = entry.due_on.toordinal() if entry.due_on else day
    keys = keys_of(entry)
    long = tuple(k for k in keys if len(k) >= NEAR_LEAST)
    granted = agreed_discounts(entry.memo)
    contact = position[entry.contact_name]
    told = told_days(entry.memo) if entry.memo else frozenset()
    months = told_months(entry.memo) if entry.memo else frozenset()
    aliases = trading_names(entry.memo)
    return Item(
        index, entry, day, due, to_units(entry.open_amount), contact, keys, long, granted, told, months, aliases
    )
