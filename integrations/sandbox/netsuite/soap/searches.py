"""Searches: basic filters, and pages that are asked for by the search's id."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite.soap import faults
from integrations.sandbox.netsuite.soap.xml import child, leaf, local, node, text

_KEPT = 200
_SIZES = range(5, 1001)


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, as XML records, and how many stand on a page."""

    id: str
    found: list[str]
    size: int
    inside: str = "recordList"


class Searches:
    """The newest searches of all accounts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Search] = OrderedDict()
        self._count = 0

    def begin(self, account: str, day: str, found: list[str], size: int, inside: str = "recordList") -> Search:
        """Keep what was found under a new id. Raises SoapFault for an impossible page size."""
        if size not in _SIZES:
            raise faults.SoapFault(
                "exceededRequestSizeFault", "INVALID_SEARCH_PAGE_SIZE", "The page size must be 5 to 1000."
            )
        with self._lock:
            self._count += 1
            search = Search(f"WEBSERVICES_{account}_{day}{self._count:017d}", found, size, inside)
            self._kept[search.id] = search
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return search

    def find(self, key: str) -> Search | None:
        """A search that is still kept."""
        return self._kept.get(key)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._kept.clear()


def page(search: Search, number: int) -> str:
    """One page as a searchResult."""
    pages = max(1, -(-len(search.found) // search.size))
    if not 1 <= number <= pages:
        status = faults.failure("INVALID_SEARCH_PAGE_INDEX", f"The page index {number} is invalid.")
        return node("platformCore:searchResult", status)
    rows = search.found[(number - 1) * search.size : number * search.size]
    return node(
        "platformCore:searchResult",
        faults.success(),
        leaf("platformCore:totalRecords", len(search.found)),
        leaf("platformCore:pageSize", search.size),
        leaf("platformCore:totalPages", pages),
        leaf("platformCore:pageIndex", number),
        leaf("platformCore:searchId", search.id),
        node(f"platformCore:{search.inside}", *rows),
    )


def basic(record: Element | None) -> Callable[[Record], bool]:
    """The test of a basic search: isInactive, internalId, externalId, lastModifiedDate and texts of the body."""
    fields = child(record, "basic")
    tests = [_test(each) for each in (fields if fields is not None else ())]
    return lambda found: all(test(found) for test in tests)


def _test(element: Element) -> Callable[[Record], bool]:
    name, operator, wanted = local(element), element.get("operator", "is"), text(element, "searchValue")
    if name == "isInactive":
        return lambda record: (record.body.get("is_active") is False) is (wanted == "true")
    if name in ("internalId", "externalId"):
        keys = {each.get(name) for each in element if local(each) == "searchValue"}
        return lambda record: (
            (record.id if name == "internalId" else (record.body.get("own") or {}).get("externalId")) in keys
        )
    if name == "lastModifiedDate":
        since = datetime.fromisoformat(wanted).timestamp()
        return lambda record: record.updated >= since if operator in ("onOrAfter", "after") else record.updated < since

    def holds(record: Record) -> bool:
        own = record.body.get("own") or {}
        value = str(record.body.get({"itemId": "code"}.get(name, name)) or own.get(name) or "").casefold()
        test = {"contains": wanted.casefold() in value, "startsWith": value.startswith(wanted.casefold())}
        return test.get(operator, value == wanted.casefold())

    return holds
