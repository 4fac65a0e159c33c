"""Old invoices that are made when they are asked for: a company of a million fits into memory.

Each is one of the company's founding invoices again, with an id, a number and days of its own, long before the others.
The journal holds the postings of all of them, so that the books are true and balance; what is never stored is only the
documents. They belong to closed years: they are read and counted, by queries and by id, and nobody changes them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks.company import Company

_FIRST_ID = 1_000_000_001
_YEARS = 10
_NOON = 12 * 3600
_DUE = timedelta(days=30)


class Archive:
    """So many invoices, oldest first, by the pattern of some."""

    def __init__(self, patterns: Sequence[Record], count: int, before: date) -> None:
        self.count = count
        self._patterns = tuple(_unsettled(pattern) for pattern in patterns)
        self._begin = before - timedelta(days=_YEARS * 365)
        self._days = _YEARS * 365 - 60

    def post(self, company: Company) -> None:
        """Put what all of them post into the journal, at once."""
        rounds, rest = divmod(self.count, len(self._patterns))
        for position, pattern in enumerate(self._patterns):
            times = rounds + (position < rest)
            lines = [_times(line, times) for line in pattern.lines]
            company.store.journal.swap((), lines)

    def find(self, key: str) -> Record | None:
        """The invoice with an id."""
        place = int(key) - _FIRST_ID if key.isdecimal() else -1
        return self._record(place) if 0 <= place < self.count else None

    def records(self, start: int = 0, size: int | None = None) -> Iterator[Record]:
        """Invoices from a place on, in the order of their ids."""
        end = self.count if size is None else min(self.count, start + size)
        return (self._record(place) for place in range(max(start, 0), end))

    def _record(self, place: int) -> Record:
        pattern = self._patterns[place % len(self._patterns)]
        key = str(_FIRST_ID + place)
        on = self._begin + timedelta(days=place * self._days // self.count)
        moment = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()) + _NOON
        told = pacific(moment)
        own = {
            "Id": key,
            "DocNumber": f"A{place + 1}",
            "TxnDate": on.isoformat(),
            "DueDate": (on + _DUE).isoformat(),
            "MetaData": {"CreateTime": told, "LastUpdatedTime": told},
        }
        return replace(pattern, id=key, body={**pattern.body, **own}, created=moment, updated=moment)


def _unsettled(pattern: Record) -> Record:
    """What settles a pattern does not settle its copies."""
    body = {name: value for name, value in pattern.body.items() if name != "LinkedTxn"}
    return replace(pattern, body={**body, "Balance": body["TotalAmt"]}, applied={})


def _times(line: Line, times: int) -> Line:
    foreign = None if line.foreign is None else line.foreign * times
    return replace(line, amount=line.amount * times, foreign=foreign)
