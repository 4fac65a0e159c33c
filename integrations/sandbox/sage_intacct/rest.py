"""REST objects: read by key or keys, list, create, change and delete one or many, and their lines likewise."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import answers, errors, forms, querying, saving
from integrations.sandbox.sage_intacct.answers import Answer, Ask
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.errors import SageError
from integrations.sandbox.sage_intacct.kinds import BY_LINES, BY_PATH, Object, owner_key
from integrations.sandbox.wire import Body

MOST = 500
"""Keys or bodies in one request."""


def serve(books: Books, ask: Ask) -> Answer:
    """What /objects/{app}/{object}[/{keys}] answers. Raises SageError."""
    if len(ask.parts) not in (3, 4):
        raise errors.unknown_object("/".join(ask.parts[1:]))
    path = "/".join(ask.parts[1:3])
    keys = [each for each in ask.parts[3].split(",") if each] if len(ask.parts) == 4 else []
    if len(keys) > MOST:
        raise errors.invalid_request(f"A request may name at most {MOST} keys.")
    if path in BY_LINES:
        return _lines(books, ask, BY_LINES[path], keys)
    if path not in BY_PATH:
        raise errors.unknown_object(path)
    obj = BY_PATH[path]
    if ask.method not in obj.methods.split(","):
        raise errors.method_not_allowed(ask.method, ask.path)
    match ask.method:
        case "GET":
            return _read(books, ask, obj, keys) if keys else _list(books, ask, obj)
        case "POST":
            return _written(books, ask, 201, lambda given: saving.save(books, obj, given), obj)
        case "PATCH":
            return _patch(books, ask, obj, keys)
        case "DELETE" if keys:
            return _delete(books, ask, keys, lambda key: saving.delete(books, obj, books.get(obj, key)))
    raise errors.method_not_allowed(ask.method, ask.path)


def address(obj: Object, record: Record, books: Books) -> Body:
    """{key, id, href}: what a write answers."""
    return {"key": record.id, "id": books.natural(obj, record), "href": answers.href(f"{obj.href}/{record.id}")}


def _read(books: Books, ask: Ask, obj: Object, keys: list[str]) -> Answer:
    return _each(ask, keys, lambda key: forms.show(books, obj, books.get(obj, key)))


def _each(ask: Ask, keys: list[str], read: Callable[[str], Body]) -> Answer:
    if len(keys) == 1:
        return answers.one(read(keys[0]))
    return answers.many([_tried(ask, read, key) for key in keys], 200)


def _tried(ask: Ask, run: Callable[[Any], Body], given: Any) -> Body:
    """A result, or {"ia::error", "ia::status"} in its place."""
    try:
        return run(given)
    except SageError as error:
        return {"ia::error": answers.worded(ask, error), "ia::status": error.status}


def _list(books: Books, ask: Ask, obj: Object) -> Answer:
    """{key, id, href} of all records, a page of them."""
    start, size = querying.paged(ask.query)
    found = books.live(obj)
    rows = [address(obj, each, books) for each in found[start - 1 : start - 1 + size]]
    return querying.page(rows, len(found), start, size)


def _bodies(ask: Ask) -> tuple[list[Body], bool]:
    """The bodies of a POST or PATCH, and whether they came as an array. Raises 400."""
    is_many = isinstance(ask.body, list)
    bodies = ask.body if is_many else [ask.body]
    if not bodies or not all(isinstance(each, dict) for each in bodies):
        raise errors.invalid_request("The body must be an object or an array of objects.")
    if len(bodies) > MOST:
        raise errors.invalid_request(f"A request may hold at most {MOST} objects.")
    return bodies, is_many


def _written(books: Books, ask: Ask, status: int, save: Callable[[Body], Record], obj: Object) -> Answer:
    """One or many bodies saved; with X-IA-API-Param-Transaction all or none of them."""
    bodies, is_many = _bodies(ask)
    if not is_many or ask.is_atomic:
        with books.store.transaction():
            results = [address(obj, save(each), books) for each in bodies]
        return answers.many(results, status) if is_many else answers.one(results[0], status)
    return answers.many([_tried(ask, lambda given: address(obj, save(given), books), each) for each in bodies], status)


def _patch(books: Books, ask: Ask, obj: Object, keys: list[str]) -> Answer:
    bodies, is_many = _bodies(ask)
    if bool(keys) == is_many:
        raise errors.invalid_request(
            "PATCH takes one object with its key in the path, or an array of objects with key."
        )

    def save(given: Body) -> Record:
        key = keys[0] if keys else str(given.get("key") or "")
        return saving.save(books, obj, given, books.get(obj, key))

    return _written(books, ask, 200, save, obj)


def _delete(books: Books, ask: Ask, keys: list[str], delete: Callable[[str], None]) -> Answer:
    """204 when all are gone; 207 with the reasons when some are not."""

    def gone(key: str) -> Body:
        delete(key)
        return {"ia::status": 204}

    if len(keys) == 1 or ask.is_atomic:
        with books.store.transaction():
            for key in keys:
                delete(key)
        return Answer(204, None, len(keys))
    results = [_tried(ask, gone, key) for key in keys]
    if any("ia::error" in each for each in results):
        return answers.many(results, 204)
    return Answer(204, None, len(results))


# Lines have addresses of their own; to write one is to change its owner


def _lines(books: Books, ask: Ask, owner: Object, keys: list[str]) -> Answer:
    match ask.method:
        case "GET" if keys:
            return _each(ask, keys, lambda key: _line(books, owner, key))
        case "GET":
            start, size = querying.paged(ask.query)
            rows = [_line_address(owner, row.shown) for row in querying.rows_of(books, owner.lines)]
            return querying.page(rows[start - 1 : start - 1 + size], len(rows), start, size)
        case "POST":
            return _add_line(books, ask, owner)
        case "PATCH" if len(keys) == 1 and isinstance(ask.body, dict):
            record = _owner(books, owner, keys[0])
            saving.save(books, owner, {owner.lines_field: [{**ask.body, "key": keys[0]}]}, record)
            return answers.one({"key": keys[0], "id": keys[0], "href": f"/objects/{owner.lines}/{keys[0]}"})
        case "DELETE" if keys:
            return _delete(books, ask, keys, lambda key: _remove_line(books, owner, key))
    raise errors.method_not_allowed(ask.method, ask.path)


def _line_address(owner: Object, line: Body) -> Body:
    key = str(line["key"])
    return {"key": key, "id": str(line.get("id") or key), "href": answers.href(f"/objects/{owner.lines}/{key}")}


def _owner(books: Books, owner: Object, key: str) -> Record:
    record = books.store.get(owner.kind, owner_key(key)[0])
    if record is None or not owner.holds(record) or not books.sees(record):
        raise errors.not_found(owner.lines, key)
    return record


def _line(books: Books, owner: Object, key: str) -> Body:
    record = _owner(books, owner, key)
    for line in forms.show(books, owner, record).get(owner.lines_field) or ():
        if str(line["key"]) == key:
            found: Body = {owner.owner: books.reference(owner.path, record.id, named=False), **line}
            return found
    raise errors.not_found(owner.lines, key)


def _add_line(books: Books, ask: Ask, owner: Object) -> Answer:
    given: Any = ask.body
    if not isinstance(given, dict) or not isinstance(given.get(owner.owner), dict):
        raise errors.invalid_request(f"The line must name its {owner.owner}.")
    line = {name: value for name, value in given.items() if name != owner.owner}
    record = books.find(owner.path, given[owner.owner])
    saved = saving.save(books, owner, {owner.lines_field: [line]}, record)
    shown = forms.show(books, owner, saved)[owner.lines_field]
    return answers.one(_line_address(owner, shown[-1]), 201)


def _remove_line(books: Books, owner: Object, key: str) -> None:
    _line(books, owner, key)
    removal = {"key": key, "ia::operation": "delete"}
    saving.save(books, owner, {owner.lines_field: [removal]}, _owner(books, owner, key))
