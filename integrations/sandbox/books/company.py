"""A neutral company: every change goes through here, and leaves the books balanced or untouched."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import documents, lists, posting, settling
from integrations.sandbox.books.errors import BooksError as BooksError
from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.kinds import DOCUMENTS, KINDS, LISTS, PLAIN, SETTLES, SILENT_STATUSES
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.settling import Settlement
from integrations.sandbox.books.store import Record, Store
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import AccountBalance
from integrations.sandbox.wire import Body

_FALLBACK = {"receivable": "receivable", "payable": "payable"}
_SETTINGS = ("_books", "settings")


@dataclass(frozen=True, slots=True)
class Event:
    """A change to announce: operation is create, update, void or delete; `at` epoch seconds; `org` whose books."""

    kind: str
    id: str
    operation: str
    at: float
    org: str = ""


class Company:
    """The books of one organisation. `now`, when set, is the moment of the changes; else the wall clock is."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        currency: str,
        country: str,
        ids: Callable[[str, int], str],
        org: str = "",
        unique_numbers: Container[str] = ("invoice", "credit_note"),
    ) -> None:
        self.store = store
        self.clock = clock
        self.home = currency
        self.country = country
        self.org = org
        self.unique_numbers = unique_numbers
        self.now: float | None = None
        self._ids = ids

    @property
    def moment(self) -> float:
        """When the current change happens, epoch seconds."""
        return self.clock.wall() if self.now is None else self.now

    @property
    def today(self) -> date:
        """The book date of the current change."""
        return datetime.fromtimestamp(self.moment, UTC).date()

    def save(self, kind: str, body: Body, id: str | None = None, *, override: bool = False) -> Record:  # noqa: A002
        """Create a record, or replace the whole body of one; `override` passes closed periods and archived things."""
        if kind not in KINDS:
            raise BooksError("not_found", f"there is no kind {kind!r}", kind=kind)
        with self.store.transaction():
            before = None if id is None else self.store.tables[kind].get(id)
            if before is not None and before.deleted:
                raise not_found(kind, before.id)
            return self._saved(kind, body, before, id, override)

    def _saved(self, kind: str, body: Body, before: Record | None, key: str | None, override: bool) -> Record:
        lines: list[Line] = []
        if kind in LISTS:
            final = lists.checked(self, kind, body, before)
        elif kind in PLAIN:
            final = dict(body)
        else:
            final = documents.computed(self, kind, body, trusted=override)
            settling.check(self, kind, final, before, override=override)
            lines = posting.lines_of(self, kind, final)
        record = self._written(kind, final, before, key, lines)
        settling.spread(self, before, record)
        self._announce(record, "create" if before is None else "update")
        return record

    def _written(self, kind: str, body: Body, before: Record | None, key: str | None, lines: list[Line]) -> Record:
        now = int(self.moment)
        if before is not None:
            extra = {**before.extra, "version": before.extra["version"] + 1}
            record = replace(before, body=body, updated=now, lines=tuple(lines), extra=extra)
        else:
            fresh = key or self._ids(kind, self.store.take(f"id.{kind}"))
            record = Record(kind, fresh, body, now, now, lines=tuple(lines), extra={"version": 1})
        self.store.put(record)
        return record

    def touch(self, record: Record, **changes: Any) -> Record:
        """The record with something changed beside its body; counts as an update."""
        extra = {**record.extra, "version": record.extra["version"] + 1}
        changed = replace(record, **{"updated": int(self.moment), "extra": extra, **changes})
        self.store.put(changed)
        return changed

    def _announce(self, record: Record, operation: str) -> None:
        self.store.announce(Event(record.table, record.id, operation, self.moment, self.org))

    def announce_update(self, record: Record) -> None:
        """Tell the webhooks that a record changed because of another one."""
        self._announce(record, "update")

    def get(self, kind: str, id: str) -> Record:  # noqa: A002
        """The live record. Raises not_found."""
        record = self.store.get(kind, id)
        if record is None:
            raise not_found(kind, id)
        return record

    def live(self, kind: str) -> list[Record]:
        """All records of a kind that are not deleted, oldest first."""
        return self.store.live(kind)

    def deleted(self, kind: str) -> list[Record]:
        """The tombstones of a kind; `updated` is when each was deleted."""
        return [record for record in self.store.tables[kind].values() if record.deleted]

    def void(self, kind: str, id: str, *, override: bool = False) -> Record:  # noqa: A002
        """Keep a document without its effect; its own allocations are undone."""
        if kind not in DOCUMENTS:
            raise BooksError("status", f"a {kind} cannot be voided")
        return self._undone(kind, id, "void", override)

    def delete(self, kind: str, id: str, *, override: bool = False) -> Record:  # noqa: A002
        """Take a record out of the books; a tombstone stays. Raises settled, in_use, period_closed."""
        return self._undone(kind, id, "delete", override)

    def _undone(self, kind: str, key: str, operation: str, override: bool) -> Record:
        with self.store.transaction():
            before = self.get(kind, key)
            body = before.body
            if kind in DOCUMENTS:
                if operation == "void" and body.get("status") == "voided":
                    raise BooksError("status", f"{before.key} is void already", "status", status="voided")
                settling.check_free(self, before, override=override)
                body = {**body, "allocations": []}
            elif kind in LISTS:
                lists.check_unused(self, before)
            if operation == "void":
                body = {**body, "status": "voided"}
            record = self.touch(before, body=body, lines=(), deleted=operation == "delete")
            settling.spread(self, before, record)
            self._announce(record, operation)
            return record

    def allocate(
        self,
        kind: str,
        id: str,  # noqa: A002
        allocations: list[Body],
        *,
        replace: bool = False,
        override: bool = False,
    ) -> Record:
        """Settle documents with a payment or credit; `replace` first takes back what it settled so far."""
        if kind not in SETTLES:
            raise BooksError("status", f"a {kind} settles nothing")
        with self.store.transaction():
            before = self.get(kind, id)
            if not is_posted(before):
                raise BooksError("status", f"{before.key} is not in force", "status", status=before.body["status"])
            kept = [] if replace else before.body["allocations"]
            body = {**before.body, "allocations": documents.allocations(self, [*kept, *allocations])}
            settling.check_allocations(self, kind, body, before, override=override)
            record = self._written(kind, body, before, None, posting.lines_of(self, kind, body))
            settling.spread(self, before, record)
            self._announce(record, "update")
            return record

    def open_amount(self, record: Record) -> Decimal:
        """What of a document is still to be settled, of a payment or credit still to be applied; its own currency."""
        return settling.open_amount(record)

    def settlements(self, record: Record) -> list[Settlement]:
        """Who settled a document, by date."""
        return settling.settlements(self, record)

    @property
    def settings(self) -> Body:
        """What the company itself remembers, beside records."""
        record = self.store.get(*_SETTINGS)
        return {} if record is None else record.body

    def set_settings(self, **changes: Any) -> None:
        """Remember something for the company as a whole."""
        with self.store.transaction():
            now = int(self.moment)
            self.store.put(Record(*_SETTINGS, {**self.settings, **changes}, now, now))

    @property
    def closed_through(self) -> date | None:
        """The last day of the closed period."""
        value = self.settings.get("closed_through")
        return date.fromisoformat(value) if value else None

    def close_through(self, day: date | None) -> None:
        """Close the books up to and including a day, or open them."""
        self.set_settings(closed_through=day.isoformat() if day else None)

    def trial_balance(self) -> list[AccountBalance]:
        """Every account that moved, by code."""
        accounts = self.store.tables["account"]
        rows = []
        for key, amount in self.store.journal.trial_balance().items():
            body = accounts[key].body
            rows.append(AccountBalance(key, body.get("code"), str(body["name"]), amount))
        return sorted(rows, key=lambda row: (row.code or "", row.name))

    def balance(self, account_id: str, on: date | None = None) -> Decimal:
        """Debits minus credits of an account in home currency, at the end of a day or of all days."""
        if on is None:
            return self.store.journal.balance(account_id)
        last = on.isoformat()
        entries = (line for record in self.posted() if record.body["on"] <= last for line in record.lines)
        return sum((line.amount for line in entries if line.account == account_id), ZERO)

    def posted(self) -> Iterable[Record]:
        """Every document that has an effect."""
        for kind in sorted(DOCUMENTS):
            for record in self.store.tables[kind].values():
                if record.lines:
                    yield record

    def rate(self, currency: str, on: date | str) -> Decimal:
        """Home units for one foreign unit: the newest rate known by that day, 1 when none is."""
        if currency == self.home:
            return Decimal(1)
        day = on if isinstance(on, str) else on.isoformat()
        known = [
            rate for key in self.store.find("currency.code", currency.casefold())
            for rate in self.store.tables["currency"][key.partition(":")[2]].body.get("rates", ())
            if str(rate["on"]) <= day
        ]  # fmt: skip
        return Decimal(max(known, key=lambda rate: str(rate["on"]))["rate"]) if known else Decimal(1)

    def role(self, role: str) -> str:
        """Id of the account that plays a part: receivable, payable, tax, exchange, retained, undeposited …"""
        found = self.store.find("account.role", role)
        if not found and role in _FALLBACK:
            found = self.store.find("account.type", _FALLBACK[role])
        if not found:
            raise BooksError("missing", f"no account plays the part of {role}", "account", role=role)
        return found[0].partition(":")[2]


def not_found(kind: str, key: str) -> BooksError:
    """There is no such record, or it is deleted."""
    return BooksError("not_found", f"there is no {kind} {key!r}", kind=kind, id=key)


def is_posted(record: Record) -> bool:
    """Whether a document is in force."""
    return not record.deleted and record.body.get("status") not in SILENT_STATUSES
