"""Lists: filters, changed since, order, pages."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import documents, lists, where
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.endpoints import Endpoint
from integrations.sandbox.xero.errors import query_error

_LISTS = {"IDs": None, "InvoiceNumbers": "InvoiceNumber", "Statuses": "Status", "Status": "Status",
          "ContactIDs": "Contact.ContactID", "QuoteNumber": "QuoteNumber"}  # fmt: skip
_DAYS = {"DateFrom": ">=", "DateTo": "<="}
_MOST = 1000


def show(books: Books, endpoint: Endpoint, record: Record, *, whole: bool = True, places: int = 2) -> Body:
    """One record of an endpoint."""
    if endpoint.name in documents.SHOWS:
        return documents.SHOWS[endpoint.name](books, record, whole, places)
    if endpoint.name == "Budgets":
        return lists.budget(books, record, whole)
    return lists.SHOWS[endpoint.name](books, record)


def records(books: Books, endpoint: Endpoint, *, archived: bool = True) -> list[Record]:
    """What an endpoint holds: deleted documents stay with their status, deleted list records are gone."""
    kept = endpoint.name in documents.SHOWS or endpoint.name == "TaxRates"
    found = [each for kind in endpoint.kinds for each in books.store.tables[kind].values()
             if (kept or not each.deleted) and endpoint.holds(each)]  # fmt: skip
    if archived or endpoint.name not in ("Contacts", "TrackingCategories"):
        return found
    return [each for each in found if each.body.get("is_active", True) and each.body.get("status") != "ARCHIVED"]


def listed(books: Books, endpoint: Endpoint, query: Mapping[str, str], since: str | None) -> Body:
    """{endpoint: rows} and, where page was asked for, the pagination."""
    paging = endpoint.paged and "page" in query
    whole = (paging or not endpoint.lean) and query.get("summaryOnly") != "true" and endpoint.name != "Budgets"
    places = 4 if query.get("unitdp") == "4" else 2
    # Walking a long list page by page, its rows are found once.
    asked = frozenset(pair for pair in query.items() if pair[0] not in ("page", "pageSize"))
    found = books.store.remembered(
        (endpoint.name, asked, since), lambda: _matching(books, endpoint, query, since, places)
    )
    if not paging:
        return {endpoint.name: [show(books, endpoint, record, whole=whole, places=places) for record in found]}
    page, size = max(1, _whole(query, "page", 1)), min(_MOST, max(1, _whole(query, "pageSize", 100)))
    part = found[(page - 1) * size : page * size]
    rows = [_written(books, endpoint, record, whole=whole, places=places) for record in part]
    told = {"page": page, "pageSize": size, "pageCount": -(-len(found) // size), "itemCount": len(found)}
    return {"pagination": told, endpoint.name: rows}


def _written(books: Books, endpoint: Endpoint, record: Record, *, whole: bool, places: int) -> orjson.Fragment:
    """One record as its JSON, written once: a real ledger has processors of its own for it."""
    return books.store.remembered(
        (endpoint.name, record.key, whole, places),
        lambda: orjson.Fragment(wire.dump(show(books, endpoint, record, whole=whole, places=places))),
    )


def _matching(
    books: Books, endpoint: Endpoint, query: Mapping[str, str], since: str | None, places: int
) -> list[Record]:
    """All that the query selects, in its order."""
    archived = query.get("includeArchived") == "true" or "IDs" in query
    found = records(books, endpoint, archived=archived)
    if endpoint.name == "BankTransfers" and query.get("includeDeleted") != "true":
        found = [each for each in found if not each.deleted]
    if since and endpoint.since:
        start = _moment(since)
        found = [each for each in found if each.updated >= start]
    pairs = [(each, show(books, endpoint, each, whole=False, places=places)) for each in found]
    for test in _tests(endpoint, query):
        pairs = [(record, row) for record, row in pairs if test(row)]
    if query.get("order"):
        pairs = _ordered(pairs, query["order"])
    return [record for record, _ in pairs]


def _moment(text: str) -> float:
    """ISO in UTC or RFC 1123, to the second; the moment itself counts (not verified)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except ValueError:
            return 0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise query_error(f"{name} must be a number")
    return int(text)


def _tests(endpoint: Endpoint, query: Mapping[str, str]) -> list[where.Test]:
    tests: list[where.Test] = []
    for name, path in _LISTS.items():
        if name in query:
            # An empty parameter matches nothing, as at Xero.
            wanted = {each.strip().lower() for each in query[name].split(",")}
            tests.append(_among((path or endpoint.id).split("."), wanted))
    if query.get("searchTerm"):
        term = query["searchTerm"].casefold()
        tests.append(lambda row: term in str([row.get("Name"), row.get("EmailAddress"), row.get("InvoiceNumber"),
                                              row.get("Reference")]).casefold())  # fmt: skip
    if endpoint.name == "PurchaseOrders":
        # They know days of their own, but no `where`: a parameter that is not known is ignored.
        return tests + [_dated(sign, query[name]) for name, sign in _DAYS.items() if query.get(name)]
    if query.get("where"):
        tests.append(where.parse(query["where"]))
    return tests


def _dated(sign: str, text: str) -> where.Test:
    """On or after, or on or before a day. Raises QueryParseException."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError as error:
        raise query_error(f"'{text}' is not a date") from error
    return where.parse(f"Date{sign}DateTime({day.year},{day.month},{day.day})")


def _among(path: list[str], wanted: set[str]) -> where.Test:
    return lambda row: str(where.reach(row, path) or "").lower() in wanted


def _ordered(pairs: list[tuple[Record, Body]], text: str) -> list[tuple[Record, Body]]:
    for part in reversed(text.split(",")):
        name, _, direction = part.strip().partition(" ")
        key = _key(name.split("."))
        pairs = sorted(pairs, key=key, reverse=direction.strip().upper() == "DESC")
    return pairs


def _key(path: list[str]) -> Callable[[tuple[Record, Body]], Any]:
    def key(pair: tuple[Record, Body]) -> Any:
        if path == ["UpdatedDateUTC"]:
            return (True, pair[0].updated)
        value = where.reach(pair[1], path)
        return (value is not None, value if value is not None else 0)

    return key
