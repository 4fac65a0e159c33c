"""Functions of the gateway that find records: query, readByQuery, readMore."""

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element

from integrations.sandbox.sage_intacct import filters, xmlfilters
from integrations.sandbox.sage_intacct.books import money
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import child, every, leaf, node, text
from integrations.sandbox.sage_intacct.xmlnames import Field
from integrations.sandbox.sage_intacct.xmlrows import Table, failed

LARGEST, USUAL = 2000, 100
BY_QUERY_LARGEST = 1000
_PLACE = {"object", "fields", "query", "docparid", "size", "start"}
"""What a result id holds."""
AGGREGATES = ("count", "avg", "min", "max", "sum")


def query(desk: Desk, body: Element) -> Result:
    """Rows of one object: select, filter, orderby, options, pagesize, offset."""
    table = Table(desk.books, text(body, "object"))
    size, offset = _number(body, "pagesize", USUAL, 1, LARGEST), _number(body, "offset", 0, 0, 10**9)
    select = child(body, "select")
    names = [(each.text or "").strip() for each in every(select, "field")]
    summed = [(each.tag, (each.text or "").strip()) for each in (select if select is not None else ())
              if each.tag in AGGREGATES]  # fmt: skip
    if not names and not summed:
        raise failed("A query needs at least one field in select.")
    fold = text(body, "options", "caseinsensitive").casefold() == "true"
    test = xmlfilters.of_elements(table, child(body, "filter"), fold=fold)
    chosen = table.chosen(names)
    owners = xmlfilters.owners(table, child(body, "filter"))
    found = _ordered(table, [row for row in table.rows(owners) if test(row) and _of_type(table, row, body)], body)
    if summed:
        shown = _summed(table, found, chosen, summed)
    else:
        shown = [_flat(table, row, chosen) for row in found[offset : offset + size]]
    total = len(shown) if summed else len(found)
    page = shown[offset : offset + size] if summed else shown
    name = text(body, "object")
    inside = "".join(node(name, each) for each in page)
    left = max(0, total - offset - len(page))
    return Result(node("data", inside, listtype=name, totalcount=total, offset=offset, count=len(page),
                       numremaining=left))  # fmt: skip


def _of_type(table: Table, row: Any, body: Element) -> bool:
    """Purchasing documents of the type that `docparid` names."""
    wanted = text(body, "docparid") or text(body, "options", "docparid")
    field = table.fields.get("DOCPARID")
    return not wanted or field is None or table.text(row, field) == wanted


def _number(body: Element, name: str, usual: int, least: int, most: int) -> int:
    told = text(body, name)
    if not told:
        return usual
    if not told.isdigit() or not least <= int(told) <= most:
        raise failed(f"The value '{told}' of {name} is not valid: it must be between {least} and {most}.")
    return int(told)


def _ordered(table: Table, rows: list[Any], body: Element) -> list[Any]:
    for each in reversed(list(every(child(body, "orderby"), "order"))):
        name = text(each, "field")
        field = table.chosen([name])[0][1]
        is_falling = child(each, "descending") is not None
        rows = sorted(rows, key=lambda row, field=field: rank(table.value(row, field)), reverse=is_falling)  # type: ignore[misc]
    return rows


def rank(value: Any) -> tuple[int, Any]:
    """Where a value stands among others: nothing first, then numbers, then texts."""
    kind, plain = filters.comparable(value)
    return (0, 0) if value in (None, "") else (1 if kind == "number" else 2, plain)


def _flat(table: Table, row: Any, chosen: list[tuple[str, Field | None]]) -> str:
    return "".join(leaf(name, table.text(row, field)) for name, field in chosen)


def _summed(table: Table, rows: list[Any], chosen: list[tuple[str, Field | None]], summed: list[tuple[str, str]]
            ) -> list[str]:  # fmt: skip
    """A row for each combination of the plain fields; COUNT.RECORDNO and so on beside them."""
    fields = [(way, name, table.chosen([name])[0][1]) for way, name in summed]
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[_flat(table, row, chosen)].append(row)
    if not chosen and not groups:
        groups[""] = []
    return [plain + "".join(leaf(f"{way.upper()}.{name}", _aggregate(table, way, field, members))
                            for way, name, field in fields) for plain, members in groups.items()]  # fmt: skip


def _aggregate(table: Table, way: str, field: Field | None, rows: list[Any]) -> str:
    held = [each for each in (table.value(row, field) for row in rows) if each not in (None, "")]
    if way == "count":
        return str(len(held))
    if not held:
        return ""
    if way in ("min", "max"):
        best = (min if way == "min" else max)(rows, key=lambda row: rank(table.value(row, field)))
        return table.text(best, field)
    try:
        total = sum((Decimal(str(each)) for each in held), Decimal(0))
    except InvalidOperation as error:
        raise failed(f"The field {field.name if field else ''} has no numbers to {way}.") from error
    return money(total if way == "sum" else total / len(held))


# readByQuery and its further pages


def read_by_query(desk: Desk, body: Element) -> Result:
    """Rows by an SQL-like condition, at most 1000 a page; the result id leads to the next."""
    size = _number(body, "pagesize", USUAL, 1, BY_QUERY_LARGEST)
    asked = {"object": text(body, "object"), "fields": text(body, "fields") or "*", "query": text(body, "query"),
             "docparid": text(body, "docparid"), "size": size, "start": 0}  # fmt: skip
    return _page(desk, asked)


def read_more(desk: Desk, body: Element) -> Result:
    """The page after that which had this result id."""
    told = text(body, "resultId")
    try:
        asked = json.loads(base64.urlsafe_b64decode(told.encode()))
    except (binascii.Error, UnicodeError, json.JSONDecodeError) as error:
        raise failed(f"The resultId '{told}' is not valid.") from error
    if not isinstance(asked, dict) or asked.keys() != _PLACE:
        raise failed(f"The resultId '{told}' is not valid.")
    return _page(desk, asked)


def _page(desk: Desk, asked: dict[str, Any]) -> Result:
    table = Table(desk.books, asked["object"])
    test = xmlfilters.of_text(table, asked["query"])
    wanted = every_field(table) if asked["fields"].strip() == "*" else _listed(asked["fields"])
    chosen = table.chosen(wanted)
    kind = table.fields.get("DOCPARID") if asked["docparid"] else None
    rows = [row for row in table.rows() if test(row) and (kind is None or table.text(row, kind) == asked["docparid"])]
    start, size = int(asked["start"]), int(asked["size"])
    page = rows[start : start + size]
    left = max(0, len(rows) - start - len(page))
    # The place is in the id itself, so that nothing need be remembered; Intacct's own ids say nothing.
    following = json.dumps({**asked, "start": start + size}, separators=(",", ":")).encode()
    result = base64.urlsafe_b64encode(following).decode() if left else ""
    name = table.shape.name.lower()
    inside = "".join(node(name, _flat(table, row, chosen)) for row in page)
    return Result(node("data", inside, listtype=name, count=len(page), totalcount=len(rows), numremaining=left,
                       resultId=result))  # fmt: skip


def _listed(fields: str) -> list[str]:
    return [each.strip() for each in fields.split(",") if each.strip()]


def every_field(table: Table) -> list[str]:
    """What * stands for: every field with a name of its own."""
    return [name for name in table.fields if name.isupper() or "::" in name]


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    "query": query, "readByQuery": read_by_query, "readMore": read_more,
}  # fmt: skip
"""Name → function."""
