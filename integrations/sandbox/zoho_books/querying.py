"""Lists: pages, order and filters. What Zoho does not know as a filter it ignores without a word."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import documents, lists
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value
from integrations.sandbox.zoho_books.kinds import Collection

_MOST = 200
_PLAIN_SORTS = {"created_time": "created", "last_modified_time": "updated"}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "_start": lambda value, wanted: value >= wanted, "_end": lambda value, wanted: value <= wanted,
    "_before": lambda value, wanted: value < wanted, "_after": lambda value, wanted: value > wanted,
    "_less_than": lambda value, wanted: value < wanted, "_less_equals": lambda value, wanted: value <= wanted,
    "_greater_than": lambda value, wanted: value > wanted, "_greater_equals": lambda value, wanted: value >= wanted,
    "_startswith": lambda value, wanted: str(value).casefold().startswith(str(wanted).casefold()),
    "_contains": lambda value, wanted: str(wanted).casefold() in str(value).casefold(),
}  # fmt: skip


def listed(books: Books, collection: Collection, query: Mapping[str, str]) -> Body:
    """The rows of a page with their page_context."""
    records = books.company.live(collection.kind)
    if collection.since and query.get("last_modified_time"):
        moment = _moment(query["last_modified_time"])
        records = [record for record in records if record.updated >= moment]
    keep = _tests(books, collection, query)
    if keep:
        records = [record for record in records if _passes(documents.whole(books, record), keep)]
    column, order = query.get("sort_column") or collection.sort[0], (query.get("sort_order") or collection.sort[1])
    records = _sorted(books, records, column, is_down=order.upper().startswith("D"))
    part, context = paged(records, query)
    rows = [documents.row(books, record) for record in part]
    if collection.kind == "contact":
        open_now = lists.owed(books)
        rows = [row | open_now.get(row["contact_id"], lists.NOTHING_OWED) for row in rows]
    context |= {"report_name": collection.report, "applied_filter": query.get("filter_by") or "Status.All",
                "custom_fields": [], "sort_column": column, "sort_order": order}  # fmt: skip
    return {collection.many: rows, "page_context": context}


def paged(rows: list[Any], query: Mapping[str, str], most: int = _MOST) -> tuple[list[Any], Body]:
    """The page asked for, and what page_context says of it."""
    page, size = _whole(query, "page", 1), min(_whole(query, "per_page", _MOST), most)
    start = (page - 1) * size
    more = len(rows) > start + size
    return rows[start : start + size], {"page": page, "per_page": size, "has_more_page": more}


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise invalid_value(name)
    return int(text)


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text.replace(" ", "+"), "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError as error:
        raise invalid_value("last_modified_time") from error


def _sorted(books: Books, records: list[Record], column: str, *, is_down: bool) -> list[Record]:
    """By the column, then by id, so that pages neither repeat nor skip."""
    plain = _PLAIN_SORTS.get(column)
    if plain:
        return sorted(records, key=lambda record: (getattr(record, plain), record.id), reverse=is_down)

    def key(record: Record) -> tuple[bool, str, Decimal, str]:
        value = documents.whole(books, record).get(column, "")
        is_number = isinstance(value, int | Decimal)
        return (is_number, "" if is_number else str(value).casefold(), Decimal(value) if is_number else Decimal(0),
                record.id)  # fmt: skip

    return sorted(records, key=key, reverse=is_down)


Test = tuple[str, Callable[[Any, Any], bool], Any]


def _tests(books: Books, collection: Collection, query: Mapping[str, str]) -> list[Test]:
    found: list[Test] = []
    for name, value in query.items():
        if name == "filter_by":
            found += _state(collection, value)
        elif name == "search_text":
            found.append(("*", lambda row, wanted: _found_in(row, wanted), value.casefold()))
        elif name in ("status", *collection.searches):
            found.append((name, lambda shown, wanted: str(shown) == wanted, value))
        else:
            found += _compared(collection, name, value)
    return found


def _compared(collection: Collection, name: str, value: str) -> list[Test]:
    for ending, test in _COMPARISONS.items():
        column = name.removesuffix(ending)
        if column != name and column in collection.searches:
            return [(column, test, value)]
    return []


def _state(collection: Collection, value: str) -> list[Test]:
    """Status.Open, AccountType.Inactive, PaymentMode.Check …; All and the unknown let everything through."""
    family, _, wanted = value.partition(".")
    if wanted in ("", "All"):
        return []
    snake = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in wanted).lstrip("_")
    if family in ("Status", "AccountType") and wanted in ("Active", "Inactive"):
        return [("status", lambda shown, state: shown == state, snake)]
    if family == "Status" and wanted in ("Customers", "Vendors"):
        return [("contact_type", lambda shown, state: shown == state, snake.rstrip("s"))]
    if family == "Status":
        return [("status", lambda shown, state: shown == state, snake.replace("over_due", "overdue"))]
    if family == "PaymentMode":
        return [("payment_mode", lambda shown, state: str(shown).replace("_", "") == state, snake.replace("_", ""))]
    return []


def _found_in(row: Body, wanted: str) -> bool:
    return any(wanted in value.casefold() for value in row.values() if isinstance(value, str))


def _passes(row: Body, tests: list[Test]) -> bool:
    for name, test, wanted in tests:
        value = row if name == "*" else row.get(name)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            try:
                wanted = Decimal(wanted)
            except InvalidOperation:
                return False
            if test(value, wanted) or str(value) == str(wanted) or (name in row and _equal(test, value, wanted)):
                continue
            return False
        if not test(value, wanted):
            return False
    return True


def _equal(test: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    """An exact filter on an amount compares numbers, not spellings."""
    return test not in _COMPARISONS.values() and value == wanted
