"""Running queries and change data capture over the records."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import errors
from integrations.sandbox.quickbooks.archive import Archive
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import ENTITIES, Entity, render
from integrations.sandbox.quickbooks.query import Condition, Query, parse
from integrations.sandbox.quickbooks.schema import properties
from integrations.sandbox.wire import Body

_BY_NAME = {name.casefold(): entity for name, entity in ENTITIES.items()}
_CAPTURED = 1000
_CAPTURE_SECONDS = 30 * 86400


def run(company: Company, text: str) -> Body:
    """The `QueryResponse` of a query. Raises 4000, 4001."""
    query = parse(text)
    entity = _BY_NAME.get(query.entity.casefold())
    if entity is None:
        raise errors.query_validation(f"Entity {query.entity} is not found")
    if entity.name == "CompanyInfo" and not company.store.get("CompanyInfo", "1"):
        return {}
    if query.is_count:
        archive = None if query.conditions else _archive(company, entity)
        return {"totalCount": (archive.count if archive else 0) + len(_selected(company, entity, query))}
    page = _page(company, entity, query)
    if not page:
        return {}
    found: Body = {entity.name: [render(company, record) for record in page]}
    found |= {"startPosition": query.start, "maxResults": len(page)}
    if not entity.is_list:
        found["totalCount"] = len(page)
    return found


def _archive(company: Company, entity: Entity) -> Archive | None:
    return company.archive if entity.name == "Invoice" else None


def named(company: Company, entity: Entity, key: str) -> Record | None:
    """The record with an id, archived ones too."""
    found = company.store.get(entity.name, key)
    archive = _archive(company, entity)
    return archive.find(key) if found is None and archive is not None else found


def _page(company: Company, entity: Entity, query: Query) -> list[Record]:
    """The records of a page. Archived invoices come after the others in the order of ids, and are made for it."""
    start, end = query.start - 1, query.start - 1 + query.size
    archive = _archive(company, entity)
    if archive is None or query.conditions:
        return _found(company, entity, query)[start:end]
    if query.order != [("Id", False)]:
        raise errors.query_validation("This company's archived invoices are listed in the order of their ids only")
    kept = _found(company, entity, query)
    page = kept[start:end]
    return page + list(archive.records(start + len(page) - len(kept), query.size - len(page)))


def _found(company: Company, entity: Entity, query: Query) -> list[Record]:
    """The records of a query in its order; whole tables are sorted once for all their pages."""

    def found() -> list[Record]:
        return _ordered(company, entity, query, _selected(company, entity, query))

    if query.conditions:
        return found()
    return company.store.remembered(("ordered", entity.name, tuple(query.order)), found)


def _selected(company: Company, entity: Entity, query: Query) -> list[Record]:
    tests = [_test(company, entity, condition) for condition in query.conditions]
    named = {condition.property.casefold() for condition in query.conditions}
    records: Iterable[Record] = _by_id(company, entity, query.conditions)
    archive = _archive(company, entity)
    if query.conditions and archive is not None:
        named_ids = any(each.property.casefold() == "id" and each.operator in ("=", "in") for each in query.conditions)
        records = records if named_ids else chain(records, archive.records())
    if entity.is_list and "active" not in named:
        records = [record for record in records if record.body.get("Active", True)]
    return [record for record in records if all(test(record) for test in tests)]


def _by_id(company: Company, entity: Entity, conditions: list[Condition]) -> list[Record]:
    """Candidates: the named ids when the query names them, else all."""
    for condition in conditions:
        if condition.property.casefold() == "id" and condition.operator in ("=", "in"):
            found = (named(company, entity, key) for key in dict.fromkeys(condition.values))
            return [record for record in found if record is not None]
    return company.store.live(entity.name)


def _property(entity: Entity, name: str) -> str:
    """The canonical spelling of a filterable property. Raises 4001."""
    folded = name.casefold().removesuffix(".value") if name.count(".") == 1 else name.casefold()
    for known in entity.queryable:
        if known.casefold() in (folded, name.casefold()):
            return known
    if any(known.casefold() == name.casefold() for known in properties(entity.name)):
        raise errors.query_validation(f"property '{name}' is not queryable")
    raise errors.query_validation(f"Property {name} not found for Entity {entity.name}")


def _reader(company: Company, entity: Entity, name: str) -> Callable[[Record], Any]:
    if name == "Id":
        return lambda record: _rank(record.id)
    if name == "MetaData.LastUpdatedTime":
        return lambda record: record.updated
    if name == "MetaData.CreateTime":
        return lambda record: record.created
    if name.startswith("AttachableRef."):
        return lambda record: _attached(record, name.rpartition(".")[2])
    if entity.shown is not None and name in ("Balance", "CurrentBalance"):
        return lambda record: render(company, record).get(name)
    return lambda record: _plain(record.body.get(name))


def _attached(record: Record, field: str) -> list[str]:
    references = record.body.get("AttachableRef") or []
    key = "type" if field.casefold() == "type" else "value"
    return [str((each.get("EntityRef") or {}).get(key, "")).casefold() for each in references]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("value", value.get("Address", value.get("FreeFormNumber")))
    return value


def _test(company: Company, entity: Entity, condition: Condition) -> Callable[[Record], bool]:
    name = _property(entity, condition.property)
    read = _reader(company, entity, name)
    wanted = [_literal(name, value) for value in condition.values]
    if condition.operator == "like":
        pattern = re.compile(
            ".*".join(re.escape(part) for part in condition.values[0].split("%")), re.IGNORECASE | re.DOTALL
        )
        return lambda record: pattern.fullmatch(str(read(record) or "")) is not None
    if condition.operator in ("=", "in"):
        return lambda record: any(_equal(read(record), value) for value in wanted)
    return lambda record: _compare(read(record), condition.operator, wanted[0])


def _literal(name: str, value: str) -> Any:
    """Ids and times as numbers, the rest as text. Raises 4001."""
    if name.startswith("MetaData."):
        return moment(value)
    if name == "Id":
        return int(value) if value.isdigit() else 0
    return value


def moment(value: str) -> float:
    """An ISO 8601 time as epoch seconds. Raises 4001."""
    try:
        found = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError as error:
        raise errors.query_validation(f"Invalid date format: {value}") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, list):
        return str(wanted).casefold() in found
    if isinstance(found, bool):
        return str(found).lower() == str(wanted).lower()
    if isinstance(found, int | Decimal) and not isinstance(wanted, int | float):
        return _number(found) == _number(wanted)
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return bool(found == wanted)


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _compare(found: Any, operator: str, wanted: Any) -> bool:
    if found is None:
        return False
    left, right = found, wanted
    if isinstance(found, int | Decimal) and isinstance(wanted, str):
        left, right = _number(found), _number(wanted)
        if left is None or right is None:
            return False
    elif isinstance(found, str):
        left, right = found.casefold(), str(wanted).casefold()
    order: int = (left > right) - (left < right)
    return bool({"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[operator])


def _ordered(company: Company, entity: Entity, query: Query, records: list[Record]) -> list[Record]:
    """As asked; otherwise lists by name and transactions newest id first, as QuickBooks tends to."""
    if not query.order:
        if not entity.is_list:
            return sorted(records, key=lambda record: _rank(record.id), reverse=True)
        return sorted(records, key=lambda record: str(record.body.get("DisplayName") or record.body.get("Name") or ""))
    for name, descending in reversed(query.order):
        records = _sorted(records, _reader(company, entity, _property(entity, name)), descending)
    return records


def _sorted(records: list[Record], read: Callable[[Record], Any], descending: bool) -> list[Record]:
    return sorted(records, key=lambda record: _sortable(read(record)), reverse=descending)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, int | float | Decimal):
        return (1, value)
    return (2, str(value).casefold())


def capture(company: Company, names: str, since: str) -> Body:
    """The answer of /cdc: one QueryResponse per entity, deleted ones as stubs, at most 1000 in all."""
    start = moment(since)
    if start < company.now - _CAPTURE_SECONDS:
        detail = "changedSince cannot be more than 30 days ago"
        raise errors.FaultError("4000", "Invalid query", detail, element=None)
    room = _CAPTURED
    responses: list[Body] = []
    for name in filter(None, (part.strip() for part in names.split(","))):
        entity = _BY_NAME.get(name.casefold())
        if entity is None or not entity.is_captured:
            raise errors.query_validation(f"Entity {name} is not supported for change data capture")
        found = [record for record in company.store.tables[entity.name].values() if record.updated >= int(start)]
        found = sorted(found, key=lambda record: (record.updated, _rank(record.id)))[:room]
        room -= len(found)
        rows = [record.body if record.deleted else render(company, record) for record in found]
        size = len(rows)
        responses.append(
            {entity.name: rows, "startPosition": 1, "maxResults": size, "totalCount": size} if rows else {}
        )
    return {"CDCResponse": [{"QueryResponse": responses}]}


def _rank(key: str) -> int:
    """Ids as numbers; the US pseudo tax codes TAX and NON come first."""
    return int(key) if key.isdigit() else 0
