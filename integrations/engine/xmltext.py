"""XML as plain data and back: elements are mappings, repeated ones lists, "@name" attributes, "#text" text beside.

Namespace prefixes are written as given and dropped when read. A document type is refused: with it come entities, and
with those a small answer that unfolds into a large one.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr


class BrokenXmlError(ValueError):
    """A text that is no XML, or one that nobody should read."""


def loads(text: str, lists: Collection[str] = ()) -> Any:
    """`{root: …}` of a document; elements named in `lists` are always lists. Raises BrokenXmlError."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BrokenXmlError("a document type is not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ElementTree.ParseError as error:
        raise BrokenXmlError(str(error)) from error
    return {_local(root.tag): _value(root, frozenset(lists))}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _value(element: ElementTree.Element, lists: frozenset[str]) -> Any:
    found: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _value(child, lists)
        if name in found:
            present = found[name]
            found[name] = [*present, value] if isinstance(present, list) else [present, value]
        else:
            found[name] = [value] if name in lists else value
    # Only what XML calls white space: other blanks are text.
    text = (element.text or "").strip(" \t\r\n")
    if not found:
        return text or None
    return {**found, "#text": text} if text else found


def dumps(data: Mapping[str, Any]) -> bytes:
    """The document of `{root: …}`; None is left out. Raises ValueError for more than one root."""
    if len(data) != 1:
        raise ValueError(f"a document has one root element, not {len(data)}")
    ((name, value),) = data.items()
    return f'<?xml version="1.0" encoding="UTF-8"?>{"".join(_written(name, value))}'.encode()


def _written(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _written(name, each)
    elif isinstance(value, Mapping):
        attributes = "".join(f" {key[1:]}={quoteattr(_text(inner))}" for key, inner in value.items() if key[:1] == "@")
        yield f"<{name}{attributes}>"
        for key, inner in value.items():
            if key == "#text":
                yield escape(_text(inner))
            elif key[:1] != "@":
                yield from _written(key, inner)
        yield f"</{name}>"
    elif value is not None:
        yield f"<{name}>{escape(_text(value))}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
