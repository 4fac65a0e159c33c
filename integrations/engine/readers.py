"""Readers of what stands at a path, and of references."""

from collections.abc import Callable
from typing import Any

from integrations.engine import paths
from integrations.engine.converters import Context

Read = Callable[[Any, Context], Any]


def plain_reader(path: str, convert: Callable[[Any], Any]) -> Read:
    """The converted value at a path; None where there is none, or an empty text."""
    get = paths.getter(path)

    def read(remote: Any, context: Context) -> Any:
        value = get(remote)
        return None if value is None or value == "" else convert(value)

    return read


def inner_reader(path: str, convert: Callable[[Any, Context], Any], *, is_list: bool) -> Read:
    """The converted object or list at a path; where there is none, None or an empty list."""
    get = paths.getter(path)

    def read(remote: Any, context: Context) -> Any:
        value = get(remote)
        if value is None or value == "":
            return [] if is_list else None
        return convert(value, context)

    return read


def is_flat_reference(id_path: str, name_path: str) -> bool:
    """Whether id and name of a reference are its own properties."""
    return bool(name_path) and "." not in id_path and "." not in name_path


def reference_reader(id_path: str, name_path: str, kind: str | None) -> Read:
    """The reader of a reference whose id and name are its own properties."""

    def read(value: Any, context: Context) -> Any:
        found = value.get(id_path)
        if found is None or found == "":
            return None
        identity = found if found.__class__ is str else str(found)
        if kind is None:
            return {"id": identity, "name": value.get(name_path)}
        return {"id": identity, "name": value.get(name_path), "type": kind}

    return read
