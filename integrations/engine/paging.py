"""How a ledger's lists are walked: each strategy is two small methods over a cursor that survives a restart.

A cursor is a JSON object; None means the beginning before the first page and the end after the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol

from integrations.engine import paths, templates
from integrations.engine.messages import Answer, RemoteRequest

Cursor = dict[str, Any]

_LANDMARKS = 8


class Paging(Protocol):
    """One list of one kind of record."""

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The call for the page at the cursor; `places` are org, path and key."""

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The cursor of the next page, None after the last."""


def moments(since: datetime | None) -> dict[str, str]:
    """The two spellings of a moment that ledgers ask for."""
    if since is None:
        return {"since": "", "since_http": ""}
    utc = since.astimezone(UTC)
    return {"since": utc.isoformat(timespec="seconds"), "since_http": format_datetime(utc, usegmt=True)}


@dataclass(frozen=True, slots=True)
class Single:
    """One record, one call."""

    path: str
    params: Mapping[str, str]

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The only call."""
        return RemoteRequest("GET", templates.filled_path(self.path, places), templates.filled_all(self.params, places))

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """There is no second page."""
        return None


@dataclass(frozen=True, slots=True)
class QueryOffset:
    """A query language with a start position.

    Rows deleted before the position pull later rows over it unseen. So each page begins `overlap` rows early and must
    meet a row already seen; where it does not, the walk steps back, page by page, until it does or is at the beginning.
    (Records are stored by their id: reading one twice is safe, missing one is not.)
    """

    path: str
    params: Mapping[str, str]
    statement: str
    count_statement: str
    size: int
    overlap: int
    filters: tuple[str, ...]
    since_filter: str
    id_property: str

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The query for rows from the cursor's position on."""
        return self.query(places, self._where(since, ()), start=int((cursor or {}).get("start", 1)))

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The position after this page, less the overlap; back a page while no row of the page before is met."""
        start, seen = int((cursor or {}).get("start", 1)), (cursor or {}).get("seen") or []
        if seen and start > 1 and not set(seen).intersection(ids):
            return {"start": max(1, start - self.size), "seen": seen}
        if len(ids) < self.size:
            return None
        return {"start": start + len(ids) - self.overlap, "seen": self._landmarks(ids) if self.overlap else []}

    @staticmethod
    def _landmarks(ids: Sequence[str]) -> list[str]:
        """A few ids all over a page, its last among them: enough that some survive, few enough to be kept."""
        return [*ids[:: max(1, len(ids) // _LANDMARKS)], ids[-1]]

    def query(self, places: Mapping[str, str], where: str, *, start: int = 1, counting: bool = False) -> RemoteRequest:
        """A query with a ready where clause."""
        filled = {**places, "where": where, "start": str(start), "size": str(self.size)}
        statement = templates.filled(self.count_statement if counting else self.statement, filled)
        params = templates.filled_all(self.params, {**filled, "statement": statement})
        return RemoteRequest("GET", templates.filled_path(self.path, places), params)

    def count(self, places: Mapping[str, str], since: datetime | None = None) -> RemoteRequest:
        """The query for the number of rows that a whole walk meets."""
        return self.query(places, self._where(since, ()), counting=True)

    def matching(self, places: Mapping[str, str], equal: Mapping[str, str]) -> RemoteRequest:
        """The query for rows whose properties equal these values."""
        return self.query(places, self._where(None, [f"{name} = {quoted(value)}" for name, value in equal.items()]))

    def among(self, places: Mapping[str, str], ids: Sequence[str]) -> RemoteRequest:
        """The query for rows with these ids."""
        return self.query(
            places, self._where(None, [f"{self.id_property} IN ({', '.join(quoted(item) for item in ids)})"])
        )

    def _where(self, since: datetime | None, more: Sequence[str]) -> str:
        clauses = [*self.filters, *more]
        if since is not None:
            clauses.append(templates.filled(self.since_filter, moments(since)))
        return f" WHERE {' AND '.join(clauses)}" if clauses else ""


def quoted(value: str) -> str:
    """A literal of the query language: single quotes, the apostrophe and the backslash escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class PageNumber:
    """`page` and a page size; ends with a short page, or where the ledger says there is no more."""

    path: str
    params: Mapping[str, str]
    page_param: str
    size_param: str
    size: int
    since_param: str
    since_header: str
    more_path: str

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The call for the cursor's page."""
        request = _listed(self, places, since, self.since_param, self.since_header)
        size = {self.size_param: str(self.size)} if self.size_param else {}
        return request.with_params(**{self.page_param: str((cursor or {}).get("page", 1)), **size})

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The next number, until a short page or the ledger's word."""
        following = {"page": int((cursor or {}).get("page", 1)) + 1}
        if self.more_path:
            return following if paths.getter(self.more_path)(answer.body) in (True, "true") else None
        return following if len(ids) >= self.size else None


@dataclass(frozen=True, slots=True)
class NextCursor:
    """An opaque token in the answer, handed back in the next call."""

    path: str
    params: Mapping[str, str]
    cursor_param: str
    cursor_path: str
    since_param: str
    since_header: str

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The first call, or the one with the token."""
        request = _listed(self, places, since, self.since_param, self.since_header)
        return request.with_params(**{self.cursor_param: str(cursor["cursor"])}) if cursor else request

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The token of the answer."""
        token = paths.getter(self.cursor_path)(answer.body)
        return {"cursor": str(token)} if token else None


@dataclass(frozen=True, slots=True)
class NextLink:
    """A whole URL in the answer; the client follows it only to hosts it may speak to."""

    path: str
    params: Mapping[str, str]
    link_path: str
    since_param: str
    since_header: str

    def request(self, cursor: Cursor | None, places: Mapping[str, str], since: datetime | None) -> RemoteRequest:
        """The first call, or the link."""
        if cursor:
            return RemoteRequest("GET", str(cursor["link"]))
        return _listed(self, places, since, self.since_param, self.since_header)

    def advance(self, cursor: Cursor | None, ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The link of the answer; in a list of links, the one with `rel: next`."""
        found = paths.getter(self.link_path)(answer.body)
        if isinstance(found, list):
            found = next((item.get("href") for item in found if item.get("rel") == "next"), None)
        return {"link": str(found)} if found else None


def _listed(
    paging: PageNumber | NextCursor | NextLink,
    places: Mapping[str, str],
    since: datetime | None,
    since_param: str,
    since_header: str,
) -> RemoteRequest:
    times = moments(since)
    params = templates.filled_all(paging.params, {**places, **times})
    headers = {since_header: times["since_http"]} if since is not None and since_header else {}
    if since is not None and since_param:
        params[since_param] = times["since"]
    return RemoteRequest("GET", templates.filled_path(paging.path, places), params, headers)
