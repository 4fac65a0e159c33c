"""One organisation's records in memory: transactions with rollback, indexes, journal, durable commits."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from integrations.sandbox import wire
from integrations.sandbox.books.journal import Journal, Line
from integrations.sandbox.storage import Item, Storage
from integrations.sandbox.wire import Body

_Made = TypeVar("_Made")

Key = tuple[str, str]
"""(index name, value) under which a record can be found."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the ledger keeps it. Never changed in place: a change is a new Record.

    `body` is the ledger's own form; `created` and `updated` are epoch seconds; `lines` what it posted;
    `applied` who settles how much of it ("Payment:12" → amount); `extra` what the ledger knows but does not show.
    """

    table: str
    id: str
    body: Body
    created: int
    updated: int
    deleted: bool = False
    lines: tuple[Line, ...] = ()
    applied: Mapping[str, Decimal] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Entity and id in one text, e.g. Invoice:12."""
        return f"{self.table}:{self.id}"


def _pack(record: Record) -> bytes:
    lines = [[line.account, line.amount, line.contact, line.foreign, line.memo] for line in record.lines]
    parts = [record.body, record.created, record.updated, record.deleted, lines, record.applied, record.extra]
    return wire.dump(parts)


def _amount(value: Any) -> Decimal:
    return Decimal(value)


def _unpack(table: str, key: str, data: bytes) -> Record:
    body, created, updated, deleted, raw, applied, extra = wire.parse(data)
    lines = tuple(
        Line(account, _amount(amount), contact, None if foreign is None else _amount(foreign), memo)
        for account, amount, contact, foreign, memo in raw
    )
    settled = {source: _amount(amount) for source, amount in applied.items()}
    return Record(table, key, body, created, updated, deleted, lines, settled, extra)


class Store:
    """Tables of records with a lock, undo on failure and one durable save per commit."""

    def __init__(
        self,
        scope: str,
        storage: Storage,
        keys_of: Callable[[Record], Iterable[Key]],
        revive: Callable[[Body], Body] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.tables: dict[str, dict[str, Record]] = defaultdict(dict)
        self.journal = Journal()
        self.publish: Callable[[list[Any]], None] = lambda events: None
        self._scope = scope
        self._storage = storage
        self._keys_of = keys_of
        self._revive = revive
        self._index: dict[Key, dict[str, None]] = defaultdict(dict)
        self._remembered: dict[Hashable, Any] = {}
        self._counters: dict[str, int] = {}
        self._taken: set[str] = set()
        self._undo: list[tuple[str, str, Record | None]] = []
        self._events: list[Any] = []
        self._depth = 0

    def load(self) -> None:
        """Read back what earlier processes committed."""
        for kind, key, data in self._storage.load(self._scope):
            if kind == "_counter":
                self._counters[key] = int(data)
            else:
                record = _unpack(kind, key, data)
                self._swap(None, replace(record, body=self._revive(record.body)) if self._revive else record)

    def get(self, table: str, key: str) -> Record | None:
        """The live record, or None when it is unknown or deleted."""
        record = self.tables[table].get(key)
        return None if record is None or record.deleted else record

    def live(self, table: str) -> list[Record]:
        """All records of a table that are not deleted."""
        return [record for record in self.tables[table].values() if not record.deleted]

    def find(self, index: str, value: str) -> list[str]:
        """Keys ("Table:id") of the live records indexed under this value."""
        return list(self._index.get((index, value), ()))

    def remembered(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What was made of the records, made again when one of them has changed."""
        # A change begins a new dict: what another thread is just making of the old state stays in the old one.
        kept = self._remembered
        if key not in kept:
            kept[key] = make()
        found: _Made = kept[key]
        return found

    def take(self, counter: str, start: int = 1) -> int:
        """The next number of a sequence; numbers are never given twice."""
        value = self._counters.get(counter, start - 1) + 1
        self._counters[counter] = value
        self._taken.add(counter)
        return value

    def put(self, record: Record) -> None:
        """Add or replace a record inside a transaction."""
        if not self._depth:
            raise RuntimeError("records change only inside a transaction")
        previous = self.tables[record.table].get(record.id)
        self._swap(previous, record)
        self._undo.append((record.table, record.id, previous))

    def announce(self, event: Any) -> None:
        """Hand an event to `publish` once the transaction commits."""
        self._events.append(event)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested ones roll back on their own and commit with the outermost."""
        with self.lock:
            mark, heard = len(self._undo), len(self._events)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._rollback(mark)
                del self._events[heard:]
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._commit()

    def _commit(self) -> None:
        changed = {(table, key) for table, key, _ in self._undo}
        events, self._events = self._events, []
        self._undo.clear()
        if changed:
            self._storage.save(self._scope, self._items(changed))
            self._taken.clear()
        if events:
            self.publish(events)

    def _items(self, changed: set[tuple[str, str]]) -> Iterator[Item]:
        """What to save, packed one by one: a storage that keeps nothing need not pack anything."""
        for table, key in changed:
            yield table, key, _pack(self.tables[table][key])
        for name in self._taken:
            yield "_counter", name, str(self._counters[name]).encode()

    def _rollback(self, mark: int) -> None:
        while len(self._undo) > mark:
            table, key, previous = self._undo.pop()
            self._swap(self.tables[table][key], previous)
            if previous is None:
                del self.tables[table][key]

    def _swap(self, old: Record | None, new: Record | None) -> None:
        self.journal.swap(old.lines if old else (), new.lines if new else ())
        if old is not None:
            self._unindex(old)
        if new is not None:
            self.tables[new.table][new.id] = new
            if not new.deleted:
                for key in self._keys_of(new):
                    self._index[key][new.key] = None
        self._remembered = {}

    def _unindex(self, record: Record) -> None:
        if record.deleted:
            return
        for key in self._keys_of(record):
            holders = self._index.get(key)
            if holders is not None:
                holders.pop(record.key, None)
                if not holders:
                    del self._index[key]
