"""How a list goes on: each step knows what the next page is asked by, and when there is none.

A cursor is a JSON object that survives a restart; None means the beginning before the first page and the end after the
last.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from integrations.engine import paths
from integrations.engine.errors import UnexpectedShape
from integrations.engine.messages import Answer, RemoteRequest

Cursor = dict[str, Any]

_LANDMARKS = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """A page that has been read: its rows as the ledger sent them, their ids, and the whole answer."""

    rows: Sequence[Any]
    ids: Sequence[str]
    answer: Answer


class Step(Protocol):
    """How one list is walked."""

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """What fills the places of the page's templates: start, page, after, cursor."""

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """The call with what this step adds to it."""

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The cursor of the next page, None after the last."""

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """The cursors of all pages after this one, where they are known: they may be asked for at once.

        `total`: how many rows the whole list has. Only what a call for the page is made of stands in these cursors.
        """


@dataclass(frozen=True, slots=True)
class Once:
    """One call is all."""

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """None."""
        return {}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """As it is."""
        return request

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """There is no second page."""
        return None

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class Offset:
    """A start position, from `first` on.

    Rows deleted before the position pull later rows over it unseen. So each page begins `overlap` rows early and must
    meet a row already seen; where it does not, the walk steps back, page by page, until it does or is at the beginning.
    (Records are stored by their id: reading one twice is safe, missing one is not.)
    """

    first: int = 1
    overlap: int = 0
    start_param: str = ""
    size_param: str = ""
    more_path: str = ""

    def _start(self, cursor: Cursor | None) -> int:
        return int((cursor or {}).get("start", self.first))

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """`start`."""
        return {"start": self._start(cursor)}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """Start and size as parameters, where the ledger has such."""
        own = {self.start_param: str(self._start(cursor)), self.size_param: str(size)}
        return request.with_params(**{name: value for name, value in own.items() if name})

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The position after this page, less the overlap; back a page while no row of the page before is met."""
        start, seen = self._start(cursor), (cursor or {}).get("seen") or []
        if seen and start > self.first and set(seen).isdisjoint(page.ids):
            return {"start": max(self.first, start - size), "seen": seen}
        if self.more_path:
            is_last = not _says_more(paths.getter(self.more_path)(page.answer.body))
        else:
            is_last = len(page.rows) < size
        if is_last or not page.rows:
            return None
        following = start + len(page.rows) - self.overlap
        return {"start": following, "seen": _landmarks(page.ids)} if self.overlap else {"start": following}

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """A position after every full page, as far as the total reaches."""
        if total is None or len(page.rows) < size or size <= self.overlap:
            return []
        start, step = self._start(cursor), size - self.overlap
        # As `advance` goes: a page that the total fills to its end is followed by one more, unless the ledger tells.
        end = self.first + total - (size if self.more_path else size - 1)
        return [{"start": each + step} for each in range(start, end, step)]


def _says_more(told: Any) -> bool:
    """What a ledger says of more: true, or where the next page begins."""
    return told not in (None, False, "", "false", 0)


def _landmarks(ids: Sequence[str]) -> list[str]:
    """A few ids all over a page, its last among them: enough that some survive, few enough to be kept."""
    return [*ids[:: max(1, len(ids) // _LANDMARKS)], ids[-1]]


@dataclass(frozen=True, slots=True)
class PageNumber:
    """`page` and a page size; ends with a short page, or where the ledger says there is no more.

    With an `overlap` rows deleted under the walk are noticed as by `Offset`: page numbers cannot begin a few rows
    early, but a page that is a little smaller has its borders elsewhere. So each page after the first gets the size
    with which its beginning lies that many rows or more before what was read, and it must meet a row already seen.
    """

    page_param: str = "page"
    size_param: str = ""
    more_path: str = ""
    pages_path: str = ""
    overlap: int = 0

    def _page(self, cursor: Cursor | None) -> int:
        return int((cursor or {}).get("page", 1))

    def _size(self, cursor: Cursor | None, size: int) -> int:
        return int((cursor or {}).get("size", size))

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """`page`."""
        return {"page": self._page(cursor)}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """Page and size as parameters."""
        own = {self.page_param: str(self._page(cursor)), self.size_param: str(self._size(cursor, size))}
        return request.with_params(**{name: value for name, value in own.items() if name})

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The next number, until a short page or the ledger's word; back while no row of the page before is met."""
        number, own, seen = self._page(cursor), self._size(cursor, size), (cursor or {}).get("seen") or []
        start = (number - 1) * own
        if seen and start > 0 and set(seen).isdisjoint(page.ids):
            return {**_window(max(0, start - size), size), "seen": seen}
        if not self._says_more(number, own, page):
            return None
        if not self.overlap:
            return {"page": number + 1}
        if len(page.rows) < own:
            # Short and not the last: what a page holds is the ledger's own business, and its numbers alone are told.
            return {"page": number + 1, "size": own}
        return {**_window(start + own - self.overlap, size), "seen": _landmarks(page.ids)}

    def _says_more(self, number: int, own: int, page: Seen) -> bool:
        if self.more_path:
            return _says_more(paths.getter(self.more_path)(page.answer.body))
        if self.pages_path:
            return number < int(paths.getter(self.pages_path)(page.answer.body) or 0)
        return len(page.rows) >= own

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """The numbers up to the last, where the ledger tells how many there are."""
        if not self.pages_path:
            return []
        last = int(paths.getter(self.pages_path)(page.answer.body) or 0)
        return [{"page": number} for number in range(self._page(cursor) + 1, last + 1)]


def _window(position: int, most: int) -> Cursor:
    """The page, by number and size, that begins at a position (from 0 on) or little before it and reaches farthest.

    At most so many rows. Of the sizes above half of that one has a border close by: a page costs its rows but a few.
    """
    size = max(range(most, most // 2, -1), key=lambda each: each - position % each)
    return {"page": position // size + 1, "size": size}


@dataclass(frozen=True, slots=True)
class NextCursor:
    """An opaque token in the answer, handed back in the next call; the later calls may be said in another way."""

    cursor_path: str
    cursor_param: str = ""
    pages_path: str = ""
    next_action: str = ""
    next_body: Any = field(default=None)

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """`cursor` and `page`."""
        return {"cursor": (cursor or {}).get("cursor", ""), "page": (cursor or {}).get("page", 1)}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """The token as a parameter, where the ledger wants it so."""
        if cursor and self.cursor_param:
            return request.with_params(**{self.cursor_param: str(cursor["cursor"])})
        return request

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The token of the answer; with a number of pages, the first token until they are read."""
        token = paths.getter(self.cursor_path)(page.answer.body) or (cursor or {}).get("cursor")
        if not self.pages_path:
            token = paths.getter(self.cursor_path)(page.answer.body)
            return {"cursor": str(token)} if token else None
        number = int((cursor or {}).get("page", 1))
        pages = int(paths.getter(self.pages_path)(page.answer.body) or 0)
        return {"cursor": str(token), "page": number + 1} if token and number < pages else None

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """None: the next token is in the answer."""
        return []


@dataclass(frozen=True, slots=True)
class NextLink:
    """A whole URL in the answer; the client follows it only to hosts it may speak to."""

    link_path: str

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """None."""
        return {}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """The first call, or the link."""
        return request if cursor is None else RemoteRequest("GET", str(cursor["link"]))

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The link of the answer; in a list of links, the one with `rel: next`."""
        found = paths.getter(self.link_path)(page.answer.body)
        if isinstance(found, list):
            found = next((item.get("href") for item in found if item.get("rel") == "next"), None)
        return {"link": str(found)} if found else None

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """None: the next link is in the answer."""
        return []


@dataclass(frozen=True, slots=True)
class Keyset:
    """Everything after the last row seen, in the order of a property that never changes: nothing can be skipped."""

    first: str = "0"
    after_path: str = ""
    pattern: str = r"[A-Za-z0-9-]+"
    """What a value may look like before it stands in a statement."""

    def places(self, cursor: Cursor | None) -> Mapping[str, Any]:
        """`after`."""
        return {"after": (cursor or {}).get("after", self.first)}

    def sent(self, request: RemoteRequest, cursor: Cursor | None, size: int) -> RemoteRequest:
        """As it is: the place stands in the statement."""
        return request

    def advance(self, cursor: Cursor | None, page: Seen, size: int) -> Cursor | None:
        """The last row's value, until a short page."""
        if len(page.rows) < size or not page.rows:
            return None
        last = page.ids[-1] if not self.after_path else paths.getter(self.after_path)(page.rows[-1])
        if not re.fullmatch(self.pattern, str(last)):
            raise UnexpectedShape(f"The list cannot go on after {last!r}: it is no {self.pattern}.")
        return {"after": str(last)}

    def ahead(self, cursor: Cursor | None, page: Seen, size: int, total: int | None) -> list[Cursor]:
        """None: the next page begins after the last row of this one."""
        return []
