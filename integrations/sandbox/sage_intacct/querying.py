"""The query service: rows of any object or line object, filtered, sorted, paged, summed up."""

from collections import defaultdict
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, filters, forms
from integrations.sandbox.sage_intacct.answers import Answer
from integrations.sandbox.sage_intacct.books import Books, is_inactive, money, stamp
from integrations.sandbox.sage_intacct.kinds import BY_LINES, BY_PATH, DOCUMENTS, Object, owner_key
from integrations.sandbox.wire import Body

LARGEST, USUAL = 4000, 100
_LAST = 2**31
TAX_ENTRY = "-tax-entry"
BY_TAXES = {path.replace("-line", TAX_ENTRY): owner for path, owner in BY_LINES.items() if path.endswith("-line")}
"""The objects of taxes on lines."""
AGGREGATES = ("sum", "avg", "min", "max", "count")


class Row:
    """One record, shown only when a field asks for more than its key and times."""

    def __init__(self, books: Books, obj: Object, record: Record) -> None:
        self._books = books
        self._obj = obj
        self._record = record
        self._shown: Body | None = None

    @property
    def shown(self) -> Body:
        """The full object."""
        if self._shown is None:
            self._shown = forms.show(self._books, self._obj, self._record)
        return self._shown

    def value(self, path: str) -> Any:
        """What stands at a dotted path. Raises 400 for a field the object has not."""
        match path:
            case "key":
                return self._record.id
            case "id":
                return self._books.natural(self._obj, self._record)
            case "audit.modifiedDateTime":
                return stamp(self._record.updated)
            case "audit.createdDateTime":
                return stamp(self._record.created)
            case "status" if self._obj not in DOCUMENTS:
                return "inactive" if is_inactive(self._record) else "active"
        return value_at(self.shown, path, self._obj.path)


class LineRow:
    """One owned line; it names its owner, whose fields stand beside its own."""

    def __init__(self, obj: Object, owner: "Row | LineRow", line: Body) -> None:
        self._path = obj.lines
        self._named = obj.owner
        self._owner = owner
        self.shown = line

    def value(self, path: str) -> Any:
        """What stands at a dotted path of the line, or of its owner: bill.id, bill.billNumber."""
        first, _, rest = path.partition(".")
        if first == self._named and rest:
            return self._owner.value(rest)
        if first in ("audit", "entity") and first not in self.shown:
            return self._owner.value(path)
        return value_at(self.shown, path, self._path)


class TaxRow(LineRow):
    """One tax entry; its owner is a line."""

    def __init__(self, obj: Object, line: LineRow, entry: Body) -> None:
        super().__init__(obj, line, entry)
        self._path = obj.lines.replace("-line", TAX_ENTRY)
        self._named = f"{obj.owner}Line"


def value_at(shown: Body, path: str, name: str) -> Any:
    """A dotted path in a shown object; a dimension that a line has not is null. Raises 400."""
    held: Any = shown
    steps = path.split(".")
    for place, step in enumerate(steps):
        if held is None:
            return None
        if not isinstance(held, dict) or (step not in held and not _may_lack(steps, place)):
            raise errors.unknown_field(path, name)
        held = held.get(step)
    if isinstance(held, dict | list):
        raise errors.invalid_request(f"The field {path} of {name} is an object: name one of its fields.")
    return held


def _may_lack(steps: list[str], place: int) -> bool:
    return place > 0 and (steps[0] == "dimensions" or steps[place] in ("id", "key", "name"))


def rows_of(books: Books, path: str, keys: frozenset[str] | None = None) -> list[Any]:
    """The rows of an object or a line object that one sees from here; `keys` are the owners asked for. Raises 404."""
    obj = BY_PATH.get(path)
    if obj is not None:
        return [Row(books, obj, record) for record in books.live(obj)]
    if path in BY_LINES:
        return _line_rows(books, BY_LINES[path], keys)
    if path in BY_TAXES:
        return [TaxRow(BY_TAXES[path], row, entry) for row in _line_rows(books, BY_TAXES[path], keys)
                for entry in row.shown.get("taxEntries") or ()]  # fmt: skip
    raise errors.unknown_object(path)


def _owners(given: Body) -> frozenset[str] | None:
    """The keys of the only owners whose lines a query can want; None where it does not say."""
    path, filters_given = str(given["object"]), given.get("filters") or []
    obj = BY_LINES.get(path) or BY_TAXES.get(path)
    if obj is None or str(given.get("filterExpression") or "and").strip().lower() != "and":
        return None
    name = f"{obj.owner}.key" if path in BY_LINES else f"{obj.owner}Line.key"
    for each in filters_given:
        for operator in ("$eq", "$in"):
            wanted = (each.get(operator) or {}).get(name)
            keys = wanted if isinstance(wanted, list) else [wanted] if isinstance(wanted, str) else []
            if keys:
                return frozenset(str(key) if path in BY_LINES else owner_key(str(key))[0] for key in keys)
    return None


def _line_rows(books: Books, owner: Object, keys: frozenset[str] | None) -> list[LineRow]:
    records = books.live(owner) if keys is None else (each for each in books.live(owner) if each.id in keys)
    rows = (Row(books, owner, record) for record in records)
    return [LineRow(owner, row, line)
            for row in rows for line in row.shown.get(owner.lines_field) or ()]  # fmt: skip


def run(books: Books, given: Any) -> Answer:
    """POST /services/core/query."""
    if not isinstance(given, dict) or not given.get("object"):
        raise errors.invalid_request("The query names no object.")
    fields = given.get("fields")
    if not isinstance(fields, list) or not fields or not all(isinstance(each, str) for each in fields):
        raise errors.invalid_request("The query names no fields.")
    start, size = paged(given)
    found = selected(books, given)
    if any(field.partition(":")[0] in AGGREGATES and ":" in field for field in fields):
        results = _summed(found, fields)
    else:
        found = _sorted(found, given.get("orderBy") or [])
        results = [{field: row.value(field) for field in fields} for row in found[start - 1 : start - 1 + size]]
        return page(results, len(found), start, size)
    return page(results[start - 1 : start - 1 + size], len(results), start, size)


def selected(books: Books, given: Body) -> list[Any]:
    """The rows that pass the filters, by key."""
    test = filters.test_of(given, books.today)
    return [row for row in rows_of(books, str(given["object"]), _owners(given)) if test(row.value)]


def paged(given: Any) -> tuple[int, int]:
    """start and size of a query or a list. Raises 400."""
    try:
        start, size = (int(given.get(name, usual)) for name, usual in (("start", 1), ("size", USUAL)))
    except (OverflowError, TypeError, ValueError) as error:
        raise errors.invalid_request("start and size must be whole numbers.") from error
    if not 1 <= start <= _LAST or not 1 <= size <= LARGEST:
        raise errors.invalid_request(f"start begins at 1 and size is at most {LARGEST}.")
    return start, size


def page(results: list[Body], total: int, start: int, size: int) -> Answer:
    """A page and where the next begins."""
    following = start + size if start + size <= total else None
    previous = max(1, start - size) if start > 1 else None
    meta = {"totalCount": total, "start": start, "pageSize": size, "next": following, "previous": previous}
    return Answer(200, {"ia::result": results, "ia::meta": meta})


def _sorted(rows: list[Any], order: Any) -> list[Any]:
    for each in reversed(order if isinstance(order, list) else [order]):
        if not isinstance(each, dict) or len(each) != 1 or next(iter(each.values())) not in ("asc", "desc"):
            raise errors.invalid_request("orderBy is an array of {field: asc or desc}.")
        field, way = next(iter(each.items()))
        rows = sorted(rows, key=lambda row: _rank(row.value(field)), reverse=way == "desc")
    return rows


def _rank(value: Any) -> tuple[int, Any]:
    kind, plain = filters.comparable(value)
    return (0, 0) if value in (None, "") else (1 if kind == "number" else 2, plain)


def _summed(rows: list[Any], fields: list[str]) -> list[Body]:
    """One row for each combination of the fields that are no aggregates."""
    plain = [each for each in fields if ":" not in each or each.partition(":")[0] not in AGGREGATES]
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(str(row.value(field)) for field in plain)].append(row)
    if not plain and not groups:
        groups[()] = []
    found = []
    for members in groups.values():
        result: Body = {field: members[0].value(field) for field in plain} if members else {}
        for field in fields:
            if field not in plain:
                result[field] = _aggregate(field, members)
        found.append(result)
    return found


def _aggregate(field: str, rows: list[Any]) -> Any:
    name, _, path = field.partition(":")
    held = [each for each in (row.value(path) for row in rows) if each not in (None, "")]
    if name == "count":
        return len(held)
    if not held:
        return None
    if name in ("min", "max"):
        return (min if name == "min" else max)(held, key=_rank)
    try:
        total = sum((Decimal(str(each)) for each in held), Decimal(0))
    except InvalidOperation as error:
        raise errors.invalid_request(f"The field {path} has no numbers for {name}.") from error
    return money(total if name == "sum" else total / len(held))
