"""Texts with `{places}` in manifests: the places of each are a closed set, checked when the manifest is loaded.

A place is a name, or a path into a field of the record (`{contact.id}`). Structures are filled all the way down; a text
in one that is exactly a place becomes the value itself, with its type.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from integrations.engine import paths
from integrations.engine.sections import ManifestError, listed

PLACES = frozenset(
    [
        "org",
        "path",
        "key",
        "id",
        "ids",
        "idempotency",
        "action",
        "size",
        "page",
        "start",
        "after",
        "cursor",
        "entities",
        "currency",
        "on",
        "start_on",
        "end_on",
        "report",
        "statement",
        "columns",
        "clauses",
        "where",
        "and_where",
        "since",
        "since_http",
    ]
)


_PLACE = re.compile(r"\{([a-z_][a-zA-Z0-9_.]*)\}")


def places_in(value: Any) -> Iterator[str]:
    """The places of a text, or of every text in a structure."""
    if isinstance(value, str):
        yield from _PLACE.findall(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _PLACE.findall(key)
            yield from places_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from places_in(inner)


def checked(text: str, where: str, own: Collection[str] = ()) -> str:
    """The text itself when all its places are known: to everybody, or `own` ones. Raises ManifestError."""
    checked_structure(text, where, own)
    return text


def checked_structure(value: Any, where: str, own: Collection[str] = ()) -> Any:
    """The structure itself when all its places are known; of a path its first step. Raises ManifestError."""
    known = PLACES | frozenset(own)
    if unknown := {name for name in places_in(value) if name.partition(".")[0] not in known}:
        raise ManifestError(f"{where}: unknown places {listed(unknown)}, expected some of {listed(known)}")
    return value


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its places filled in as they are."""
    if "{" not in text:
        return text
    found = list(_split(text))
    for at in range(1, len(found), 2):
        found[at] = str(_value(found[at], values))
    return "".join(found)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    """What stands at a place: a value, or what lies inside one. Raises KeyError."""
    if name in values:
        return values[name]
    first, _, path = name.partition(".")
    return paths.getter(path)(values[first])


def filled_structure(value: Any, values: Mapping[str, Any]) -> Any:
    """The structure with its places filled in; a text that is exactly one place yields the value itself."""
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        return _value(whole[1], values) if whole else filled(value, values)
    if isinstance(value, Mapping):
        return {filled(key, values): filled_structure(inner, values) for key, inner in value.items()}
    return [filled_structure(inner, values) for inner in value] if isinstance(value, list) else value


def filled_path(text: str, values: Mapping[str, Any]) -> str:
    """A URL path with its places percent-encoded, so that no id can climb out of it."""
    found = [text] if "{" not in text else list(_split(text))
    for at in range(1, len(found), 2):
        found[at] = _quoted(str(_value(found[at], values)), "/" if found[at] == "path" else "")
    return "".join(found)


# Literal, place, literal, place … literal. Templates are few, and filled for every call.
_split = lru_cache(maxsize=1024)(_PLACE.split)


# Ids and names come again and again.
_quoted = lru_cache(maxsize=4096)(quote)


def filled_all(texts: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """A mapping of parameters or headers with its values filled in."""
    return {name: filled(text, values) for name, text in texts.items()}
