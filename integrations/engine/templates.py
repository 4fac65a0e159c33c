"""Texts with `{places}` in manifests: the places of each are a closed set, checked when the manifest is loaded."""

from collections.abc import Mapping
from string import Formatter
from typing import Any
from urllib.parse import quote

from integrations.engine.sections import ManifestError, listed

PLACES = frozenset(
    {
        "org",
        "path",
        "key",
        "id",
        "statement",
        "entities",
        "since",
        "since_http",
        "where",
        "start",
        "size",
        "page",
        "cursor",
        "currency",
        "on",
        "report",
    }
)


def checked(text: str, where: str) -> str:
    """The text itself when all its places are known. Raises ManifestError."""
    places = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    if unknown := places - PLACES:
        raise ManifestError(f"{where}: unknown places {listed(unknown)}, expected some of {listed(PLACES)}")
    return text


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its places filled in as they are."""
    return text.format_map(values) if "{" in text else text


def filled_path(text: str, values: Mapping[str, Any]) -> str:
    """A URL path with its places percent-encoded, so that no id can climb out of it."""
    return filled(text, {name: quote(str(value), safe="/" if name == "path" else "") for name, value in values.items()})


def filled_all(texts: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """A mapping of parameters or headers with its values filled in."""
    return {name: filled(text, values) for name, text in texts.items()}
