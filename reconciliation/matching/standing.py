"""A statement that stays matched while lines and entries come and go: each change re-matches only what it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .books import Books, Item, Row
from .engine import decide, explain_alone, explain_together
from .history import prepare
from .hypothesis import Hypothesis
from .model import BankLine, Context, LedgerEntry, Proposal
from .payouts import Desks
from .probability import score
from .rehearsal import weights_of
from .runs import Runs

_DAYS = 28
_MOST_TOUCHED = 60
_SETTLED = 0.9
_SERIOUS = -1.0


@dataclass(frozen=True, slots=True)
class Change:
    """What a change did: proposals that are new, and the lines whose former proposals no longer hold."""

    proposals: tuple[Proposal, ...]
    withdrawn: frozenset[str]


class Standing:
    """Lines, entries and their proposals, kept up to date.

    `Standing(lines, entries, context).proposals` is what `match` gives. A later line competes with the lines that have
    explanations in common with it, with lines of its amount and with its payer's doubtful lines of four weeks, of very
    many only with the nearest 60; farther effects wait for the next whole match. One thread at a time.
    """

    def __init__(self, lines: Sequence[BankLine], entries: Sequence[LedgerEntry], context: Context) -> None:
        self._books = Books(lines, entries, context)
        self._books.weights = weights_of(context)
        prepare(self._books)
        self._desks, self._runs = Desks(self._books), Runs(self._books)
        self._rows: dict[str, Row] = {}
        self._items = {item.entry.id: item for item in self._books.items}
        self._by_amount: dict[tuple[str, int], dict[int, None]] = defaultdict(dict)
        self._by_contact: dict[int, dict[int, None]] = defaultdict(dict)
        self._by_cite: dict[str, dict[int, None]] = defaultdict(dict)
        self._by_item: dict[int, dict[int, None]] = defaultdict(dict)
        self._alone: dict[int, list[Hypothesis]] = {}
        self._supposed: dict[int, list[Hypothesis]] = defaultdict(list)
        self._proposed: dict[str, Proposal] = {}
        for row in self._books.asked:
            self._index(row)
            self._suppose(row)
        self._desks.apply_habits()
        self._settle(self._books.asked, explain_together(self._books, self._books.asked, self._alone), frozenset())

    @property
    def proposals(self) -> list[Proposal]:
        """All proposals as they stand, most probable first."""
        unique = {id(p): p for p in self._proposed.values()}
        return sorted(unique.values(), key=lambda p: (-p.confidence, p.bank_ids))

    def add_lines(self, lines: Iterable[BankLine]) -> Change:
        """Match new lines. ValueError when an id is known already."""
        fresh = []
        for line in sorted(lines, key=lambda x: (x.on, x.id)):
            if line.id in self._rows:
                raise ValueError(f"line {line.id} is known already")
            fresh.append(self._books.add_row(line))
            self._index(fresh[-1])
            self._suppose(fresh[-1])
        found = [h for row in fresh for h in self._alone[row.index]]
        score(found, self._books.weights)
        return self._rematch({**dict.fromkeys(r.index for r in fresh), **self._near(fresh, found)})

    def add_entries(self, entries: Iterable[LedgerEntry]) -> Change:
        """Take in new documents and bookings, or what is open now of known ones; lines they may explain are matched
        again."""
        touched: dict[int, None] = {}
        for entry in sorted(entries, key=lambda x: (x.on, x.id)):
            known = self._items.get(entry.id)
            if known is not None:
                touched |= self._close(known)
            item = self._items[entry.id] = self._books.add_item(entry)
            self._desks.add(item)
            self._runs.add(item)
            touched |= self._meant_by(item)
        return self._rematch(touched)

    def remove(self, line_ids: Collection[str] = (), entry_ids: Collection[str] = ()) -> Change:
        """Forget lines that are dealt with and entries that are settled or gone; unknown ids are passed over."""
        touched: dict[int, None] = {}
        for item in [self._items[i] for i in entry_ids if i in self._items]:
            touched |= self._close(item)
        for row in [self._rows.pop(i) for i in line_ids if i in self._rows]:
            touched |= self._near([row], self._supposed.get(row.index, ()))
            self._drop(row)
            self._alone.pop(row.index, None)
            self._proposed.pop(row.line.id, None)
        return self._rematch({r: None for r in touched if self._books.rows[r].line.id in self._rows})

    def _close(self, item: Item) -> dict[int, None]:
        self._books.close_item(item)
        self._runs.forget()
        touched = dict(self._by_item[item.index])
        for index in touched:
            self._suppose(self._books.rows[index])
        return touched

    def _suppose(self, row: Row) -> None:
        self._alone[row.index] = explain_alone(self._books, row, self._desks, self._runs)

    def _index(self, row: Row) -> None:
        self._rows[row.line.id] = row
        for place in self._places(row):
            place[row.index] = None

    def _places(self, row: Row) -> list[dict[int, None]]:
        places = [self._by_amount[row.line.currency, abs(row.units)]]
        places += [self._by_contact[c] for c, match in row.contacts.items() if match.coverage >= 0.35]
        return places + [self._by_cite[key] for key in row.cites]

    def _drop(self, row: Row) -> None:
        for place in self._places(row):
            place.pop(row.index, None)
        for h in self._supposed.pop(row.index, ()):
            for index in h.items:
                self._by_item[index].pop(row.index, None)

    def _near(self, rows: Sequence[Row], found: Iterable[Hypothesis]) -> dict[int, None]:
        """Lines that compete with these: for the same entries, by the same amount, of the same payer."""
        near: dict[int, int] = {}
        for row in rows:
            same = self._by_amount[row.line.currency, abs(row.units)]
            payers = [r for _, contact in row.named for r in self._by_contact[contact] if self._is_doubtful(r)]
            for r in (*same, *payers):
                away = abs(self._books.rows[r].day - row.day)
                if away <= _DAYS:
                    near[r] = min(away, near.get(r, away))
        rivals = {r for h in found if h.score > _SERIOUS for i in h.items for r in self._by_item[i]}
        ranked = sorted(near.keys() | rivals, key=lambda r: (r not in rivals, near.get(r, 0), r))
        return dict.fromkeys(ranked[:_MOST_TOUCHED])

    def _is_doubtful(self, row: int) -> bool:
        held = self._proposed.get(self._books.rows[row].line.id)
        return held is None or held.confidence < _SETTLED

    def _meant_by(self, item: Item) -> dict[int, None]:
        """Lines that may mean a new entry: by its number, its amount or its contact."""
        meant: dict[int, None] = {r: None for key in item.keys for r in self._by_cite.get(key, ())}
        meant |= self._by_amount[item.entry.currency, abs(item.open)]
        meant |= self._by_contact[item.contact]
        ranked = sorted(meant, key=lambda r: (abs(self._books.rows[r].day - item.due), r))[:_MOST_TOUCHED]
        for index in ranked:
            row = self._books.rows[index]
            self._drop(row)
            self._books.read_again(row)
            self._index(row)
            self._suppose(row)
        return dict.fromkeys(ranked)

    def _rematch(self, touched: dict[int, None]) -> Change:
        held = [p for r in touched if (p := self._proposed.get(self._books.rows[r].line.id)) is not None]
        touched = touched | {self._rows[i].index: None for p in held for i in p.bank_ids if i in self._rows}
        rows = [self._books.rows[r] for r in sorted(touched)]
        self._desks.apply_habits()
        found = explain_together(self._books, rows, self._alone)
        return self._settle(rows, found, frozenset(row.line.id for row in rows))

    def _settle(self, rows: Sequence[Row], found: Sequence[Hypothesis], asked: frozenset[str]) -> Change:
        """Let what is supposed about these lines compete, against what other lines hold."""
        for row in rows:
            for h in self._supposed.pop(row.index, ()):
                for index in h.items:
                    self._by_item[index].pop(row.index, None)
        for h in found:
            for r in h.rows:
                self._supposed[r].append(h)
                for index in h.items:
                    self._by_item[index][r] = None
        before = {id(p): p for i in asked if (p := self._proposed.get(i)) is not None}
        freed = {i for p in before.values() for i in p.bank_ids}
        for line_id in freed:
            self._proposed.pop(line_id, None)
        taken = self._taken(found) - {r.index for r in rows}
        made = decide(self._books, found, taken)
        for proposal in made:
            for line_id in proposal.bank_ids[:1] if proposal.kind == "duplicate" else proposal.bank_ids:
                self._proposed[line_id] = proposal
        same = {(p.bank_ids, p.ledger_ids, p.kind) for p in before.values()}
        fresh = tuple(p for p in made if (p.bank_ids, p.ledger_ids, p.kind) not in same)
        return Change(fresh, frozenset(i for i in freed if i not in self._proposed))

    def _taken(self, found: Iterable[Hypothesis]) -> set[int]:
        """Rows and items that proposals about other lines hold."""
        wanted = {-1 - c for h in found for c in h.claims if c < 0}
        holders = {r for index in wanted for r in self._by_item[index]}
        taken: set[int] = set()
        for r in holders:
            held = self._proposed.get(self._books.rows[r].line.id)
            if held is not None:
                taken |= {-1 - self._items[i].index for i in held.ledger_ids}
                taken |= {self._rows[i].index for i in held.bank_ids if i in self._rows}
        return taken
