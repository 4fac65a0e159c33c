"""What earlier approvals, and unmistakable matches of this very statement, teach about how payers write their
names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from .books import SURE, Books, Item, Row
from .habits import CLIENTS, Lesson, Settlement, Words
from .model import DUE_KINDS, Approved, BankLine, LedgerEntry
from .names import NAMED
from .normalise import words
from .reading import cited_by, keys_of, long_citations, months_of, read
from .references import NEAR_LEAST, document_months
from .units import to_units

_DOMINANCE = 0.8
_TRUST = 5
_NEARLY = 0.06
_SEVERAL = 3
"""A word in lines of so many contacts is the bank's."""


Certain = tuple[Row, Item]
"""A line and the document that it cites and pays to the cent."""


def prepare(books: Books) -> None:
    """Learn aliases from citations and from history, read all lines with them, and learn habits."""
    certain = [(row, items[0]) for row in books.asked if (items := _certain_items(books, row))]
    learn(books, certain)
    books.read_texts()
    learn_habits(books, certain)


def learn(books: Books, certain: Sequence[Certain]) -> None:
    """Add payer names as aliases of contacts: from approved matches, and from lines that cite one document and pay
    it exactly, given with it.

    Words that pay for several contacts (a payment platform) and names that mostly stay unexplained teach nothing.
    """
    lessons: list[tuple[tuple[str, ...], int]] = []
    position = {name: at for at, name in enumerate(books.contacts.names)}
    for approved in books.context.history:
        contacts = {e.contact_name for e in approved.entries}
        if len(contacts) == 1 and (name := contacts.pop()) in position:
            lessons += [(words(x.counterparty) or words(x.description), position[name]) for x in approved.lines]
    lessons += [(row.party or row.text, item.contact) for row, item in certain]
    shared = _shared_words(books, lessons)
    seen: dict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
    for text, contact in lessons:
        payer = _payer(books, text, shared)
        if payer and books.contacts.score(text, contact).coverage < NAMED:
            seen[payer][contact] += 1
    # Who pays by none of the words that begin a payer in question is none of them.
    first = {payer[0] for payer in seen}
    told = [text for row in books.asked if not first.isdisjoint(text := row.party or row.text)]
    payers = Counter(_payer(books, text, shared) for text in told)
    for payer, counts in sorted(seen.items()):
        contact, most = max(sorted(counts.items()), key=lambda c: c[1])
        if most >= _DOMINANCE * sum(counts.values()) and most * _TRUST >= payers[payer]:
            books.contacts.add_name(contact, " ".join(payer), is_alias=True)


def learn_habits(books: Books, certain: Sequence[Certain]) -> None:
    """Teach the books how contacts usually pay: from approved matches of one contact, and from this statement's certain
    lines, given with what they pay."""
    position = {name: at for at, name in enumerate(books.contacts.names)}
    _learn_payers(books, certain)
    for approved in books.context.history:
        _learn_month(books, approved)
        _learn_day(books, approved)
        names = {e.contact_name for e in approved.entries}
        if len(names) == 1 and (name := names.pop()) in position:
            due = [e.due_on for e in approved.entries if e.due_on]
            for line in approved.lines:
                payer = books.payer_of(words(line.counterparty), words(line.description))
                lag = (line.on - max(due)).days if due else None
                price = (line.currency, to_units(line.amount))
                codes = _codes(books, line, approved.entries)
                is_named = books.contacts.score(read(line), position[name]).coverage >= NAMED
                books.habits.learn(Lesson(payer, position[name], line.account_id, price, lag, codes, is_named))
            _learn_settlement(books, position[name], approved)
        elif _is_collective(approved, names):
            payer = books.payer_of(words(approved.lines[0].counterparty), words(approved.lines[0].description))
            for name in sorted(names & position.keys()):
                books.habits.learn_client(payer, position[name])
    for row, item in certain:
        row.payer = books.payer_of(row.party, row.text)
        lag = row.day - item.due if item.entry.due_on else None
        price = (row.line.currency, row.units)
        lesson = Lesson(row.payer, item.contact, row.line.account_id, price, lag, books.codes_of(row.cites))
        books.habits.learn(lesson, row.index)
    for row in books.asked:
        books.recognise(row)


def _codes(books: Books, line: BankLine, entries: Iterable[LedgerEntry]) -> frozenset[str]:
    """Numbers of an approved line that are no document's, neither an open one's nor one's that it paid."""
    own = {key for entry in entries for key in keys_of(entry)}
    cited = long_citations(cited_by(line), months_of(line))
    return books.codes_of([c for c in cited if c not in own], NEAR_LEAST)


def _learn_month(books: Books, approved: Approved) -> None:
    """Which month a payment of one document told."""
    told = {month for line in approved.lines for month in months_of(line)}
    if len(approved.entries) == 1 and len(told) == 1 and approved.entries[0].kind in DUE_KINDS:
        entry = approved.entries[0]
        books.habits.learn_month(entry.kind, told.pop(), document_months(entry.on, entry.due_on or entry.on))


def _learn_day(books: Books, approved: Approved) -> None:
    """When one line paid one entry; customers pay invoices each in their own way."""
    if len(approved.lines) == len(approved.entries) == 1 and approved.entries[0].kind != "invoice":
        line, entry = approved.lines[0], approved.entries[0]
        books.habits.learn_day(entry.kind, (line.on - (entry.due_on or entry.on)).days)


def _is_collective(approved: Approved, names: Collection[str]) -> bool:
    """Whether one line paid documents of several contacts to the cent, as somebody does who pays for others."""
    paid = approved.lines[0].amount if len(approved.lines) == 1 else None
    return (
        1 < len(names) <= CLIENTS
        and all(e.kind in DUE_KINDS and e.currency == approved.lines[0].currency for e in approved.entries)
        and sum(e.amount for e in approved.entries) == paid
    )


def _learn_payers(books: Books, certain: Sequence[Certain]) -> None:
    """How banks write the payers of approved and of certain lines: in a column for them, else in the words that are
    not of several contacts' lines."""
    told: list[tuple[Words, Words, str]] = []
    for approved in books.context.history:
        names = {e.contact_name for e in approved.entries}
        if len(names) == 1 or _is_collective(approved, names):
            told += [(words(x.counterparty), words(x.description), min(names)) for x in approved.lines]
    told += [(row.party, row.text, item.entry.contact_name) for row, item in certain]
    books.banks_words = _banks_words(told)
    for party, text, _ in told:
        books.know_payer(party or text, is_party=bool(party))


def _banks_words(told: Sequence[tuple[Words, Words, str]]) -> frozenset[str]:
    """Words of lines of several contacts that never stand in a column for payers."""
    owners: dict[str, set[str]] = defaultdict(set)
    for _, text, name in told:
        for word in text:
            owners[word].add(name)
    parties = {word for party, _, _ in told for word in party}
    return frozenset(word for word, names in owners.items() if len(names) >= _SEVERAL and word not in parties)


def _learn_settlement(books: Books, contact: int, approved: Approved) -> None:
    """How one line settled its documents; their open amounts before it are only known where it paid about all."""
    documents = [e for e in approved.entries if e.kind in DUE_KINDS]
    owed = sum(to_units(e.amount) for e in documents)
    if len(approved.lines) == 1 and documents and all(e.currency == approved.lines[0].currency for e in documents):
        gap = owed - to_units(approved.lines[0].amount)
        is_whole = owed and abs(gap) <= abs(owed) * _NEARLY
        books.habits.learn_settlement(Settlement(contact, len(documents), gap * bool(is_whole), gap / (owed or 1)))


def _shared_words(books: Books, lessons: Sequence[tuple[tuple[str, ...], int]]) -> set[str]:
    """Words that were seen with more than one contact whose name they are not: they identify nobody."""
    owners: dict[str, set[int]] = defaultdict(set)
    for text, contact in lessons:
        for word in text:
            owners[word].add(contact)
    return {word for word, contacts in owners.items() if len(contacts) > 1}


def _certain_items(books: Books, row: Row) -> list[Item]:
    """What a line cites and pays to the cent, where that is of one contact only."""
    exact = [
        item
        for item in (books.items[i] for i, strength in row.hits.items() if strength >= SURE)
        if item.open == row.units and item.entry.currency == row.line.currency
    ]
    return exact if len({i.contact for i in exact}) == 1 else []


def _payer(books: Books, text: Sequence[str], shared: set[str]) -> tuple[str, ...]:
    """The words of a text that make a name of their own; empty when too little is left to recognise anybody by."""
    rare = tuple(w for w in text if books.contacts.is_rare(w))
    own = [w for w in rare if w not in shared]
    return rare if own and sum(map(len, own)) >= max(4, sum(map(len, rare)) / 3) else ()


def settle(entries: Iterable[LedgerEntry], approved: Iterable[Approved]) -> list[LedgerEntry]:
    """The entries as they stand after approved matches: each match uses up its lines' money, oldest document first.

    For files whose open amounts were taken before any line; a ledger that was synchronised since needs none of this.
    """
    left = {e.id: e.open_amount for e in entries}
    entries = list(entries)
    for match in approved:
        _use(left, match.lines, match.entries)
    return [replace(e, open_amount=left[e.id]) for e in entries]


def _use(left: dict[str, Decimal], lines: Sequence[BankLine], matched: Sequence[LedgerEntry]) -> None:
    single = len(matched) == 1 and all(x.currency == matched[0].currency for x in lines)
    for entry in matched:
        if entry.id not in left:
            continue
        paid = sum((x.amount for x in lines), Decimal(0))
        is_part = single and 0 < paid / left[entry.id] < Decimal("0.9") if left[entry.id] else False
        left[entry.id] = left[entry.id] - paid if is_part else Decimal(0)
