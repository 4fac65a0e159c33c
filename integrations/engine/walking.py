"""A walk over one list, which lets the pages that are known already leave before they are asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.paging import Listing
from integrations.engine.steps import Cursor

COUNT_PAYS_AFTER_PAGES = 20
"""A call that only counts is worth it when it is one of many: it lets the pages after it leave at once."""


class Leading(Protocol):
    """The part of a client that a walk needs."""

    def send(self, request: RemoteRequest) -> Answer:
        """Send and translate errors."""

    def expect(self, requests: Iterable[RemoteRequest], *, first: bool = False) -> None:
        """Reads that are sent next."""

    def is_here(self, request: RemoteRequest) -> bool:
        """Whether the answer to an expected read has come and waits to be used."""

    def forget(self) -> None:
        """What was expected is not sent after all."""


class Walk:
    """One list from wherever it stands; its caller asks page by page and is told where the next one begins."""

    def __init__(
        self,
        client: Leading,
        listing: Listing,
        places: Mapping[str, Any],
        since: datetime | None,
        count: Callable[[], int | None],
        rows_at: tuple[str, ...] = (),
    ) -> None:
        self._client, self._listing, self._places, self._since, self._count = client, listing, places, since, count
        self._rows_at = rows_at
        self._planned: list[Cursor] = []
        self._pages = 0
        self._left: int | None = None
        self.total: int | None = None
        """How many rows the ledger says that the whole walk meets."""

    @property
    def left(self) -> int | None:
        """How many pages are still to come, where that is known."""
        return self._left

    def page(self, at: Cursor | None) -> Answer:
        """The page at a cursor."""
        self._pages += 1
        return self._client.send(self._request(at))

    def is_here(self, at: Cursor | None) -> bool:
        """Whether the answer with the page at a cursor has come already."""
        return at is not None and self._client.is_here(self._request(at))

    def advance(self, at: Cursor | None, rows: Sequence[Any], ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The cursor of the next page; what was planned and is not so any more is forgotten."""
        following = self._listing.advance(at, rows, ids, answer)
        self.total = self._listing.total(answer) or self.total
        if following is None:
            if self._planned:
                self._drop()
            self._left = 0
            return None
        if not self._planned:
            is_expected = self._plan(at, rows, ids, answer, following)
        elif not (is_expected := _is_same(self._planned.pop(0), following)):
            # The list has changed under the walk: it goes on step by step until it can plan anew.
            self._drop()
        if not is_expected:
            # Where a page tells only of the next one, that one is on its way while this one is stored.
            self._client.expect([self._request(following)], first=True)
        self._left = len(self._planned) + 1 if self._planned or self._left == 2 else None
        return following

    def _plan(
        self, at: Cursor | None, rows: Sequence[Any], ids: Sequence[str], answer: Answer, following: Cursor
    ) -> bool:
        """Whether the following page, and all after it, are expected now."""
        if self.total is None and self._since is None and self._pages == COUNT_PAYS_AFTER_PAGES:
            self.total = self._count()
        planned = self._listing.ahead(at, rows, ids, answer, self.total)
        if not planned or not _is_same(planned[0], following):
            return False
        self._planned = planned
        self._client.expect([self._request(each) for each in planned], first=True)
        self._planned.pop(0)
        return True

    def _drop(self) -> None:
        self._planned = []
        self._client.forget()

    def _request(self, at: Cursor | None) -> RemoteRequest:
        return replace(self._listing.request(at, self._places, self._since), rows_at=self._rows_at)


def _is_same(planned: Cursor, found: Cursor) -> bool:
    """Whether both ask for the same page; what a cursor remembers beside that does not matter."""
    return all(found.get(name) == value for name, value in planned.items())
