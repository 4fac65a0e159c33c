"""Owned lines in a PATCH: with a key changed, without one added, ia::operation delete removed."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors
from integrations.sandbox.sage_intacct.kinds import Object, line_key
from integrations.sandbox.wire import Body

ReadLine = Callable[[Body, Body | None], Body]
"""(what REST sent, the line it had before) → the neutral line; `id` is set by `merged`."""


def merged(obj: Object, record: Record | None, given: Any, read_line: ReadLine) -> list[Body]:
    """The neutral lines after a POST (record None) or a PATCH. Raises SageError."""
    if not isinstance(given, list):
        raise errors.invalid_request(f"{obj.lines_field} must be an array.")
    before = {str(each["id"]): each for each in record.body["lines"]} if record else {}
    kept = dict(before)
    last = max((int(each) for each in before), default=0)
    for each in given:
        if not isinstance(each, dict):
            raise errors.invalid_request(f"{obj.lines_field} must hold objects.")
        place = _place(obj, record, before, each)
        if place is None:
            last += 1
            kept[str(last)] = {**read_line(each, None), "id": str(last)}
        elif each.get("ia::operation") == "delete":
            del kept[place]
        else:
            kept[place] = {**read_line(each, before[place]), "id": place}
    return list(kept.values())


def _place(obj: Object, record: Record | None, before: dict[str, Body], each: Body) -> str | None:
    """Which line is meant; None for a new one."""
    key = each.get("key")
    if record is None or key in (None, ""):
        return None
    found = next((place for place in before if line_key(record.id, place) == str(key)), None)
    if found is None:
        raise errors.not_found(obj.lines, str(key))
    return found
