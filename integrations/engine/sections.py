"""Strict reading of YAML: what is unknown or of a wrong type is an error naming file, path and what was expected."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from integrations.engine.grammar import GRAMMAR


class ManifestError(ValueError):
    """A declaration that cannot be understood: `file: path: what is wrong, what was expected`."""


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice in one mapping: YAML would silently keep the last.

    libyaml reads the shipped connectors in a tenth of the time: every process begins with them.
    """

    called = ""
    """How messages call the file."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ManifestError(f"{self.called}: line {key_node.start_mark.line + 1}: {key} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


# Dates and `on`/`yes` stay what they look like: text. Only true and false are booleans.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _first in "tf":
    _Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), [_first])


def read_yaml(path: Path, *, name: str) -> Any:
    """The parsed file; `name` is how messages call it. Raises ManifestError."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        loader.called = name
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise ManifestError(f"{name}: this is not YAML: {error}") from error
    except FileNotFoundError as error:
        raise ManifestError(f"{name}: the file is missing") from error


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of a manifest, of one kind of the grammar, that knows where it stands."""

    data: Mapping[str, Any]
    where: str
    """File and path, such as `quickbooks/invoices.yaml: entities.Invoice.fields.total`."""

    @classmethod
    def of(cls, kind: str, data: Any, where: str) -> "Section":
        """The section after checking its keys against the grammar of its kind."""
        known = GRAMMAR[kind]
        if not isinstance(data, Mapping):
            raise ManifestError(f"{where}: expected a mapping with {listed(known)}, got {shown(data)}")
        unknown = [key for key in data if key not in known]
        if unknown:
            raise ManifestError(f"{where}: unknown {listed(unknown)}, expected {listed(known)}")
        return cls(data, where)

    def at(self, key: str) -> str:
        """Where a key of this section stands."""
        return f"{self.where}.{key}" if ": " in self.where else f"{self.where}: {key}"

    def has(self, key: str) -> bool:
        """Whether the key is given."""
        return key in self.data

    def _typed(self, key: str, expected: type, what: str, default: Any) -> Any:
        value = self.data.get(key, default)
        if value is _REQUIRED:
            raise ManifestError(f"{self.where}: {key} is missing, expected {what}")
        if value is default and key not in self.data:
            return default
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise ManifestError(f"{self.at(key)}: expected {what}, got {shown(value)}")
        return value

    def text(self, key: str, default: Any = ...) -> str:
        """A text; without default it must be given."""
        return str(self._typed(key, str, "a text", _REQUIRED if default is ... else default))

    def optional_text(self, key: str) -> str | None:
        """A text or None."""
        value = self._typed(key, str, "a text", None)
        return None if value is None else str(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return bool(self._typed(key, bool, "true or false", default))

    def whole(self, key: str, default: Any = ...) -> int:
        """A whole number; without default it must be given."""
        return int(self._typed(key, int, "a whole number", _REQUIRED if default is ... else default))

    def number(self, key: str, default: Any = ...) -> float:
        """A number; without default it must be given."""
        return float(self._typed(key, (int, float), "a number", _REQUIRED if default is ... else default))  # type: ignore[arg-type]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text; empty when not given."""
        value = self.data.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ManifestError(f"{self.at(key)}: expected a text or a list of texts, got {shown(value)}")
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping with free keys; empty when not given."""
        value = self.data.get(key, {})
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise ManifestError(f"{self.at(key)}: expected a mapping with text keys, got {shown(value)}")
        return value

    def section(self, key: str, kind: str) -> "Section":
        """A mapping of another kind of the grammar; empty when not given."""
        return Section.of(kind, self.data.get(key, {}), self.at(key))

    def sections(self, key: str, kind: str) -> Iterator[tuple[str, "Section"]]:
        """The named sections under a key, in the order of the file."""
        for name, data in self.mapping(key).items():
            yield name, Section.of(kind, {} if data is None else data, f"{self.at(key)}.{name}")

    def items(self, key: str, kind: str) -> Iterator["Section"]:
        """The sections of a list under a key."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise ManifestError(f"{self.at(key)}: expected a list, got {shown(value)}")
        for position, data in enumerate(value):
            yield Section.of(kind, data, f"{self.at(key)}.{position}")

    def choice(self, key: str, choices: "Mapping[str, Any] | frozenset[str]", default: Any = ...) -> str:
        """A text out of a closed set."""
        value = self.text(key, default)
        if value not in choices:
            raise ManifestError(f"{self.at(key)}: {value!r} is unknown, expected one of {listed(choices)}")
        return value


_REQUIRED = object()


def listed(keys: Any) -> str:
    """Names for people: alphabetical, comma separated."""
    return ", ".join(sorted(str(key) for key in keys))


def shown(value: Any) -> str:
    """A value and its type, for messages."""
    return f"{value!r} ({type(value).__name__})"
