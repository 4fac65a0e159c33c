"""The readers that run most often, with nothing between the record and the value: one for each depth of path."""

from collections.abc import Callable
from typing import Any

from integrations.engine import paths
from integrations.engine.converters import Context

Read = Callable[[Any, Context], Any]


def plain_reader(path: str, convert: Callable[[Any], Any]) -> Read:
    """The converted value at a path; None where there is none, or an empty text."""
    steps = paths.split(path)
    if len(steps) == 1:
        return _one(steps[0], convert)
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
        return _two(steps[0], steps[1], convert)
    get = paths.getter(path)

    def read(remote: Any, context: Context) -> Any:
        value = get(remote)
        return None if value is None or value == "" else convert(value)

    return read


def _one(key: Any, convert: Callable[[Any], Any]) -> Read:
    def read(remote: Any, context: Context) -> Any:
        value = remote.get(key)
        return None if value is None or value == "" else convert(value)

    return read


def _two(outer: str, inner: str, convert: Callable[[Any], Any]) -> Read:
    def read(remote: Any, context: Context) -> Any:
        middle = remote.get(outer)
        if middle is None:
            return None
        value = middle.get(inner)
        return None if value is None or value == "" else convert(value)

    return read


def reference_reader(id_path: str, name_path: str, kind: str | None) -> Read | None:
    """The reader of a reference whose id and name are its own properties; None where paths lead further in."""
    if "." in id_path or "." in name_path or not name_path:
        return None

    def read(value: Any, context: Context) -> Any:
        found = value.get(id_path)
        if found is None or found == "":
            return None
        identity = found if found.__class__ is str else str(found)
        if kind is None:
            return {"id": identity, "name": value.get(name_path)}
        return {"id": identity, "name": value.get(name_path), "type": kind}

    return read
