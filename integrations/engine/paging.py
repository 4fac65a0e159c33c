"""A list of one kind of record: how a page of it is asked for, narrowed, counted, and searched.

What differs between ledgers is data in a `Listing`; how a walk goes on is its `Step`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from integrations.engine import paths, templates
from integrations.engine.columns import NO_COLUMNS, Columns
from integrations.engine.messages import Answer, RemoteRequest
from integrations.engine.steps import Cursor, Once, Seen, Step

_QUOTES: dict[str, tuple[str, dict[str, str | int | None]]] = {
    "backslash": ("'", {"\\": "\\\\", "'": "\\'"}),
    "doubled": ("'", {"'": "''"}),
    "double": ('"', {"\\": "\\\\", '"': '\\"'}),
    "escaped": ("", {"'": "\\'"}),
    "none": ("", {}),
}
QUOTES = frozenset(_QUOTES)


def quoted(value: Any, style: str = "backslash") -> str:
    """A literal of a query language: in its quotes, what would end it escaped."""
    mark, escapes = _QUOTES[style]
    escaped = str(value).translate(str.maketrans(escapes)) if escapes else str(value)
    return f"{mark}{escaped}{mark}"


class Ids(list[str]):
    """Ids as a list in structures, and as literals with commas in texts."""

    def __init__(self, ids: Sequence[str], style: str) -> None:
        super().__init__(ids)
        self._style = style

    def __str__(self) -> str:
        return ", ".join(quoted(each, self._style) for each in self)


@dataclass(frozen=True, slots=True)
class Since:
    """How a list is asked for what was modified since a moment: by parameter, header, clause, or in the body."""

    param: str = ""
    header: str = ""
    clause: str = ""
    body: Any = None
    format: str = ""
    """strftime of the moment in UTC; empty: ISO 8601."""

    @property
    def is_known(self) -> bool:
        """Whether the list can be asked so at all."""
        return bool(self.param or self.header or self.clause or self.body)

    def places(self, moment: datetime | None) -> dict[str, str]:
        """`since` and `since_http`."""
        if moment is None:
            return {"since": "", "since_http": ""}
        utc = moment.astimezone(UTC)
        told = utc.strftime(self.format) if self.format else utc.isoformat(timespec="seconds")
        return {"since": told, "since_http": format_datetime(utc, usegmt=True)}


@dataclass(frozen=True, slots=True)
class Match:
    """How records are searched by properties: clauses of the statement, parameters, or filters in the body."""

    clause: str = ""
    as_params: bool = False
    body: Any = None
    at: str = ""
    """Where in the body the list of filters stands."""
    most: int = 100
    among: str = ""
    """The clause for many ids at once."""
    among_param: str = ""
    among_joined: str = ","
    among_body: Any = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of one kind of record."""

    step: Step = field(default_factory=Once)
    method: str = "GET"
    path: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    statement: str = ""
    count_statement: str = ""
    survey_statement: str = ""
    """How many there are and how many changed, as one of several joined questions."""
    survey_body: Any = None
    """What stands in the body instead where only the newest record is asked for."""
    survey_path: str = ""
    """Where such a record tells when it was modified."""
    count_path: str = ""
    total_path: str = ""
    """Where every page tells how many rows the whole walk meets."""
    size: int = 100
    filters: tuple[str, ...] = ()
    joined: str = " AND "
    quote: str = "backslash"
    since: Since = field(default_factory=Since)
    match: Match = field(default_factory=Match)
    many: tuple[str, ...] = ()
    """Where the records stand, where the connector's answers do not say it; the first path that is there."""
    own: Mapping[str, str] = field(default_factory=dict)
    """Places that an entity fills in itself."""
    columns: Columns = NO_COLUMNS
    is_flat: bool = False
    """Rows whose dotted keys are paths."""
    inner: str = ""
    """The list within each row whose members are the records; each knows its row as `outer`."""
    interface: str = ""
    action: str = ""
    kind: str = "call"

    @property
    def tells_changes(self) -> bool:
        """Whether it can be asked for what was modified since a moment."""
        return self.since.is_known

    def request(self, cursor: Cursor | None, places: Mapping[str, Any], since: datetime | None) -> RemoteRequest:
        """The call for the page at the cursor; `places` are the connection's, and path and key of the entity."""
        clauses, body = list(self.filters), self.body
        if since is not None:
            clauses += [self.since.clause] if self.since.clause else []
            body = _merged(body, self.since.body)
        request = self._called(cursor, {**places, **self.since.places(since)}, clauses, body)
        if since is not None and self.since.param:
            request = request.with_params(**{self.since.param: self.since.places(since)["since"]})
        if since is not None and self.since.header:
            # HTTP's own spelling, unless the ledger has one.
            told = self.since.places(since)["since" if self.since.format else "since_http"]
            request = request.with_headers(**{self.since.header: told})
        return request

    def advance(self, cursor: Cursor | None, rows: Sequence[Any], ids: Sequence[str], answer: Answer) -> Cursor | None:
        """The cursor of the next page, None after the last."""
        return self.step.advance(cursor, Seen(rows, ids, answer), self.size)

    def ahead(
        self, cursor: Cursor | None, rows: Sequence[Any], ids: Sequence[str], answer: Answer, total: int | None
    ) -> list[Cursor]:
        """The cursors of all later pages, where they are known already."""
        return self.step.ahead(cursor, Seen(rows, ids, answer), self.size, total)

    def total(self, answer: Answer) -> int | None:
        """How many rows the whole walk meets, where every page tells it."""
        told = paths.getter(self.total_path)(answer.body) if self.total_path else None
        return int(told) if isinstance(told, int | str) and str(told).isdecimal() else None

    def matching(self, places: Mapping[str, Any], equal: Mapping[str, Any]) -> RemoteRequest | None:
        """The call for records whose properties equal these values; None where the list cannot be searched."""
        if self.match.as_params:
            return self._called(None, places, self.filters, self.body).with_params(
                **{name: str(value) for name, value in equal.items()}
            )
        if self.match.body is not None:
            # In JSON a value stands in quotes already: only a style without quotes of its own has a say.
            style = "none" if _QUOTES[self.quote][0] else self.quote
            filters = [
                templates.filled_structure(self.match.body, {"name": name, "value": quoted(value, style)})
                for name, value in equal.items()
            ]
            return self._called(None, places, self.filters, _with_filters(self.body, self.match.at, filters))
        if not self.match.clause:
            return None
        clauses = [
            templates.filled(self.match.clause, {"name": name, "value": quoted(value, self.quote)})
            for name, value in equal.items()
        ]
        return self._called(None, places, [*self.filters, *clauses], self.body)

    def among(self, places: Mapping[str, Any], ids: Sequence[str]) -> RemoteRequest | None:
        """The call for records with these ids, at most `match.most`; None where they are read one by one."""
        told = {**places, "ids": Ids(ids, self.quote)}
        if self.match.among_param:
            joined = self.match.among_joined.join(ids)
            return self._called(None, told, self.filters, self.body).with_params(**{self.match.among_param: joined})
        if self.match.among_body is not None:
            filters = [templates.filled_structure(self.match.among_body, told)]
            return self._called(None, told, self.filters, _with_filters(self.body, self.match.at, filters))
        if not self.match.among:
            return None
        return self._called(None, told, [*self.filters, self.match.among], self.body)

    def count(self, places: Mapping[str, Any]) -> RemoteRequest | None:
        """The call that tells how many records a whole walk meets; None where there is none."""
        if self.count_statement:
            return self._called(None, places, self.filters, self.body, statement=self.count_statement)
        return self._called(None, places, self.filters, self.body, size=1) if self.count_path else None

    def survey(self, places: Mapping[str, Any], since: datetime, *, which: str) -> RemoteRequest | None:
        """The part of a joined question that is about these records; None where there is none."""
        if not self.survey_statement or not self.since.clause:
            return None
        told = {**self.own, **places, **self.since.places(since)}
        changed = templates.filled(self.since.clause, told)
        places = {**places, "which": which, "changed_since": changed}
        return self._called(None, places, self.filters, self.body, statement=self.survey_statement)

    @property
    def can_count(self) -> bool:
        """Whether there is a call that only counts."""
        return bool(self.count_statement or self.count_path)

    @property
    def tells_newest(self) -> bool:
        """Whether one call tells how many there are and when the newest of them was modified."""
        return bool(self.survey_body and self.survey_path and self.total_path)

    def newest(self, places: Mapping[str, Any]) -> RemoteRequest | None:
        """The call for the record that was modified last, whose answer tells the total, too; None without such."""
        if not self.tells_newest:
            return None
        return self._called(None, places, self.filters, {**self.body, **self.survey_body}, size=1)

    @property
    def is_plain(self) -> bool:
        """Whether the rows of its pages are the records as they come."""
        return not (self.inner or self.is_flat or self.columns.declared)

    def rows(self, found: Sequence[Any], places: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of a page as records: columns and dotted keys unfolded."""
        if self.is_plain:
            return found
        if self.inner:
            found = [{**each, "outer": row} for row in found for each in row.get(self.inner) or ()]
        unfolded = [self.columns.unfolded(row, places.get("custom") or {}) for row in found]
        return [_nested(row) for row in unfolded] if self.is_flat else unfolded

    def _called(
        self,
        cursor: Cursor | None,
        places: Mapping[str, Any],
        clauses: Sequence[str],
        body: Any,
        *,
        statement: str = "",
        size: int = 0,
    ) -> RemoteRequest:
        told: dict[str, Any] = {**self.own, **places, "size": size or self.size, **self.step.places(cursor)}
        told["columns"] = self.columns.selected(places.get("custom") or {})
        told = {name: templates.filled(value, told) if name in self.own else value for name, value in told.items()}
        joined = self.joined.join(templates.filled(clause, told) for clause in clauses)
        told |= {
            "clauses": joined,
            "where": f" WHERE {joined}" if joined else "",
            "and_where": f"{self.joined}{joined}" if joined else "",
        }
        told["statement"] = templates.filled(statement or self.statement, told)
        params = {name: templates.filled(text, told) for name, text in self.params.items()}
        next_body, next_action = getattr(self.step, "next_body", None), getattr(self.step, "next_action", "")
        request = RemoteRequest(
            method=self.method,
            path=templates.filled_path(self.path, told),
            # A parameter that nothing fills is not sent.
            params={name: value for name, value in params.items() if value},
            headers=templates.filled_all(self.headers, told),
            body=templates.filled_structure(next_body if cursor and next_body is not None else body, told),
            interface=self.interface,
            action=next_action if cursor and next_action else self.action,
            kind=self.kind,
        )
        return self.step.sent(request, cursor, size or self.size)


def _merged(body: Any, more: Any) -> Any:
    """A copy of a body with more laid over it; lists are joined."""
    if isinstance(body, Mapping) and isinstance(more, Mapping):
        return {**body, **{key: _merged(body.get(key), inner) for key, inner in more.items()}}
    if isinstance(body, list) and isinstance(more, list):
        return [*body, *more]
    return body if more is None else more


def _with_filters(body: Any, at: str, filters: list[Any]) -> Any:
    changed: dict[str, Any] = dict(body or {})
    present = paths.getter(at)(changed) or []
    paths.putter(at)(changed, [*present, *filters])
    return changed


def _nested(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    found: dict[str, Any] = {}
    for key, value in row.items():
        paths.putter(key)(found, value)
    return found
