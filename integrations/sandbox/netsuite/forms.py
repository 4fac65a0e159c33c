"""REST bodies and neutral bodies, turned into each other by the properties' table."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import computed, custom, errors, properties, values
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import RecordType
from integrations.sandbox.netsuite.properties import Properties, Property
from integrations.sandbox.wire import Body

LINES = ("item", "expense", "line", "other")
"""Sublists that hold a document's lines."""


def body_properties(books: Books, record_type: RecordType) -> Properties:
    """All body properties, custom ones among them."""
    place = custom.place_of(record_type.kind)
    own = {each.script_id: each.as_property for each in books.custom_fields if each.fits(record_type.name, place)}
    return {**properties.properties_of(record_type.name), **own}


def line_properties(books: Books, record_type: RecordType, sublist: str) -> Properties:
    """All properties of a sublist's lines, custom ones among them."""
    own = {}
    if sublist in LINES:
        own = {each.script_id: each.as_property for each in books.custom_fields if each.fits(record_type.name, "line")}
    return {**properties.line_properties(sublist), **own}


# Reading a request


def parsed(books: Books, record_type: RecordType, given: Body, before: Body, *, replaced: Iterable[str] = ()) -> Body:
    """The neutral body after a request: what is given over what was there. Raises NetSuiteError."""
    body: Body = {**before, "own": dict(before.get("own") or {})}
    known = body_properties(books, record_type)
    sublists = {name.lower(): name for name in properties.sublists_of(record_type.name)}
    for name, value in given.items():
        prop = known.get(name.lower())
        if prop is not None and not prop.is_read_only:
            target = body if prop.neutral else body["own"]
            values.put(target, prop.neutral or prop.name, values.read(prop, value, books))
    for name, value in given.items():
        sublist = sublists.get(name.lower())
        if sublist in LINES:
            lines = _merged(books, record_type, sublist, value, body, is_replaced=sublist in replaced)
            others = [line for line in body.get("lines") or [] if sublist_of(line) != sublist]
            body["lines"] = [*others, *lines] if sublist != "item" else [*lines, *others]
        elif sublist and sublist != "apply":
            body["own"][sublist] = value
    return body


def unknown_names(books: Books, record_type: RecordType, given: Body) -> list[str]:
    """Names that the record type does not have, lines' among them."""
    known, sublists = (
        body_properties(books, record_type),
        {each.lower() for each in properties.sublists_of(record_type.name)},
    )
    found = [name for name in given if name.lower() not in known and name.lower() not in sublists]
    for name, value in given.items():
        if name.lower() in sublists and isinstance(value, dict):
            of_line = line_properties(books, record_type, name)
            items = [item for item in value.get("items") or [] if isinstance(item, dict)]
            found += [f"{name}.{each}" for item in items for each in item if of_line and each.lower() not in of_line]
    return found


def sublist_of(line: Body) -> str:
    """Where a neutral line stands."""
    return str((line.get("own") or {}).get("sublist") or ("item" if line.get("item") else "expense"))


def items_of(value: Any, name: str) -> list[Body]:
    """The items of a sublist in a request. Raises INVALID_CONTENT."""
    items = value.get("items") if isinstance(value, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.content(
            f"Invalid value for the resource or sub-resource field '{name}'. Provide a valid value.", name
        )
    return items


def _merged(
    books: Books, record_type: RecordType, sublist: str, value: Any, body: Body, *, is_replaced: bool
) -> list[Body]:
    """A sublist's lines: those named by their key are changed, others are added; all are new where it is replaced."""
    before = [] if is_replaced else [line for line in body.get("lines") or [] if sublist_of(line) == sublist]
    known = line_properties(books, record_type, sublist)
    lines = {str(line.get("id")): dict(line) for line in before}
    found = list(lines.values())
    for item in items_of(value, sublist):
        line = lines.get(str(item.get("line", "")))
        if line is None:
            line = {"own": {"sublist": sublist}}
            found.append(line)
        _fill(books, known, item, line)
    return found


def _fill(books: Books, known: Properties, item: Body, line: Body) -> None:
    line["own"] = dict(line.get("own") or {})
    given = {name.lower() for name in item}
    if given & {"quantity", "rate", "item"} and "amount" not in given:
        line.pop("amount", None)
    if given & {"amount", "quantity", "rate", "taxcode"} and "tax1amt" not in given:
        line.pop("tax_amount", None)
    for name, value in item.items():
        prop = known.get(name.lower())
        if prop is not None and not prop.is_read_only and prop.name != "line":
            target = line if prop.neutral else line["own"]
            values.put(target, prop.neutral or prop.name, values.read(prop, value, books))


# Showing a record


def shown(books: Books, record: Record, record_type: RecordType, *, with_sublists: bool = True) -> Body:
    """The whole REST body of a record."""
    url = f"{books.base}/services/rest/record/v1/{record_type.name}/{record.id}"
    facts = computed.facts(books, record, record_type)
    found: Body = {"links": [{"rel": "self", "href": url}], "id": record.id}
    for prop in body_properties(books, record_type).values():
        value = facts.get(prop.name, _kept(record.body, prop))
        shown_value = value if prop.name in facts else values.shown(prop, value, books)
        if shown_value is not None:
            found[prop.name] = shown_value
    for sublist in properties.sublists_of(record_type.name):
        items = sublist_items(books, record, record_type, sublist)
        found[sublist] = (
            _sublist(url, sublist, items) if with_sublists else {"links": [{"rel": "self", "href": f"{url}/{sublist}"}]}
        )
    return found


def _kept(body: Body, prop: Property) -> Any:
    if prop.neutral:
        return values.at(body, prop.neutral)
    own: Any = body.get("own") if isinstance(body.get("own"), dict) else body
    return own.get(prop.name)


def _sublist(url: str, sublist: str, items: list[Body]) -> Body:
    links = [{"rel": "self", "href": f"{url}/{sublist}"}]
    return {
        "links": links,
        "count": len(items),
        "hasMore": False,
        "items": items,
        "offset": 0,
        "totalResults": len(items),
    }


def sublist_items(books: Books, record: Record, record_type: RecordType, sublist: str) -> list[Body]:
    """The items of a sublist."""
    if sublist == "apply":
        return computed.applications(books, record)
    if sublist in LINES:
        known = line_properties(books, record_type, sublist)
        return [_line(books, known, line) for line in record.body.get("lines") or [] if sublist_of(line) == sublist]
    kept = (record.body.get("own") or {}).get(sublist)
    if sublist == "subsidiary":
        return list(_subsidiaries(books, kept))
    return list(kept.get("items") or []) if isinstance(kept, dict) else []


def _subsidiaries(books: Books, kept: Any) -> Iterator[Body]:
    given = kept.get("items") if isinstance(kept, dict) else None
    for each in given or [{"id": "1"}]:
        reference = books.reference("subsidiary", str(each.get("id") if isinstance(each, dict) else each))
        if reference:
            yield reference


def _line(books: Books, known: Properties, line: Body) -> Body:
    found: Body = {"links": [], "line": int(line["id"])}
    for prop in known.values():
        value = values.at(line, prop.neutral) if prop.neutral else (line.get("own") or {}).get(prop.name)
        shown_value = values.shown(prop, value, books)
        if shown_value is not None and prop.name != "line":
            found[prop.name] = shown_value
    return found | computed.line_facts(books, line)


def total_of(lines: Iterable[Body], name: str) -> Decimal:
    """The sum of one amount over lines."""
    return sum((decimal(line.get(name) or 0) for line in lines), ZERO)
