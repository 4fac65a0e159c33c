"""A connection's configuration as text: YAML in a stable order, read back with the line of whatever is wrong.

Three files. `connection.yaml`: which ledger, and the wishes for it. `mappings.yaml`: what each word of the sources
means, as rules, by the code and name of the ledger's record. `overrides.yaml`: the tenant's expressions. All values are
texts; only true and false are booleans.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

FORMAT = "1"
FILES = ("connection.yaml", "mappings.yaml", "overrides.yaml")
LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in a file, where, and what is expected."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class Entry(dict[str, Any]):
    """A mapping of a file that knows the line of each of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Key:
    """One key that an entry may have."""

    choices: tuple[str, ...] = ()
    is_needed: bool = True
    fields: "Mapping[str, Key] | None" = None
    """An entry within: its keys; `*` stands for any name."""
    is_list: bool = False


_TEXT, _OPTIONAL = Key(), Key(is_needed=False)
_YES_NO = Key(("true", "false"), is_needed=False)
_TARGET = {"code": _OPTIONAL, "name": _OPTIONAL, "id": _OPTIONAL}
_WISH = {
    "direction": Key(("both", "read", "write", "off"), is_needed=False),
    "source_of_truth": Key(("ledger", "source"), is_needed=False),
    "sync_minutes": _OPTIONAL,
}
SCHEMAS: Mapping[str, Mapping[str, Key]] = {
    "connection.yaml": {
        "format": Key((FORMAT,)),
        "ledger": _TEXT,
        "organisation": _TEXT,
        "name": _OPTIONAL,
        "policies": Key(
            is_needed=False,
            fields={
                "read_only": _YES_NO,
                "closed_period": Key(("block", "ask", "first_open_day"), is_needed=False),
                "tax_tolerance": _OPTIONAL,
                "sync_minutes": _OPTIONAL,
            },
        ),
        "resources": Key(is_needed=False, fields={"*": Key(fields=_WISH)}),
    },
    "mappings.yaml": {
        "format": Key((FORMAT,)),
        "mappings": Key(
            is_list=True,
            fields={
                "subject": _TEXT,
                "side": Key(("sales", "purchases")),
                "value": _OPTIONAL,
                "conditions": Key(is_needed=False, fields={"*": _TEXT}),
                "from": _OPTIONAL,
                "target": Key(fields=_TARGET),
            },
        ),
    },
    "overrides.yaml": {
        "format": Key((FORMAT,)),
        "overrides": Key(
            is_list=True,
            fields={
                "resource": _TEXT,
                "direction": Key(("read", "write")),
                "field": _TEXT,
                "expression": _TEXT,
                "reason": _OPTIONAL,
            },
        ),
    },
}


# Writing --------------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(value: str) -> str | None:
    """Blocks for several lines; quoted and escaped where a reader of YAML would take a character for a line's end."""
    lines = value.split("\n")
    if not all(line.isprintable() for line in lines):
        return '"'
    return "|" if len(lines) > 1 and value == value.strip() and all(line == line.rstrip() for line in lines) else None


_Dumper.add_representer(str, _text)


def written(data: Mapping[str, Any]) -> str:
    """The text of a file; keys in the order given."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


# Reading --------------------------------------------------------------------------------------------------------------


@dataclass
class Reading:
    """A file's content as far as it can be understood, and everything that is wrong with it."""

    content: Entry
    faults: list[Fault] = field(default_factory=list)


def read(file: str, text: str) -> Reading:
    """A file's entries with their lines; all faults at once, none raised."""
    if len(text) > LARGEST:
        return Reading(Entry(0), [Fault(file, 0, f"it has {len(text):,} characters; {LARGEST:,} is the most.")])
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        told = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML"
        return Reading(Entry(0), [Fault(file, mark.line + 1 if mark else 0, f"{told}.")])
    except RecursionError:
        return Reading(Entry(0), [Fault(file, 0, "it is nested too deeply.")])
    reader = _Reader(file)
    found = reader.entry(node, SCHEMAS[file], 1) if node is not None else Entry(1)
    if node is None:
        reader.say(1, f"it is empty, expected {_listed(SCHEMAS[file])}.")
    return Reading(found, sorted(reader.faults))


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self.faults: list[Fault] = []

    def say(self, line: int, text: str) -> None:
        self.faults.append(Fault(self._file, line, text))

    def entry(self, node: yaml.Node, keys: Mapping[str, Key], line: int) -> Entry:
        """A mapping with the keys it may have."""
        found = Entry(node.start_mark.line + 1)
        if not isinstance(node, yaml.MappingNode):
            self.say(found.line, f"expected {_listed(keys)}.")
            return found
        for key_node, value in node.value:
            at = key_node.start_mark.line + 1
            name = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            key = keys.get(name) or keys.get("*")
            if not name or key is None:
                self.say(at, f"{name or 'this key'} is unknown, expected {_listed(keys)}.")
            elif name in found:
                self.say(at, f"{name} stands twice.")
            else:
                found.lines[name] = at
                found[name] = self._value(name, value, key)
        for name, key in keys.items():
            if key.is_needed and name != "*" and name not in found:
                self.say(found.line, f"{name} is missing.")
        return found

    def _value(self, name: str, node: yaml.Node, key: Key) -> Any:
        line = node.start_mark.line + 1
        if key.is_list:
            return list(self._items(name, node, key.fields or {}))
        if key.fields is not None:
            return self.entry(node, key.fields, line)
        if not isinstance(node, yaml.ScalarNode):
            self.say(line, f"{name}: expected a text.")
            return ""
        value = str(node.value)
        if key.is_needed and value == "":
            self.say(line, f"{name} is empty.")
        elif key.choices and value not in key.choices:
            self.say(line, f"{name}: {value!r} is unknown, expected {_listed(key.choices)}.")
        return value

    def _items(self, name: str, node: yaml.Node, keys: Mapping[str, Key]) -> Iterator[Entry]:
        if isinstance(node, yaml.ScalarNode) and node.value == "":
            return
        if not isinstance(node, yaml.SequenceNode):
            self.say(node.start_mark.line + 1, f"{name}: expected a list, each item with {_listed(keys)}.")
            return
        for item in node.value:
            yield self.entry(item, keys, item.start_mark.line + 1)


def _listed(names: Any) -> str:
    found = [str(name) for name in names if name != "*"]
    return ", ".join(found) if found else "a name"


# Natural keys ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A record of the ledger by what people call it."""

    id: str
    code: str
    name: str
    row: str = ""
    """Which row of the portal it is."""


class Targets:
    """The records of one resource, found by code and name."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._by_id = {each.id: each for each in known}
        self._by_key: dict[tuple[str, str], list[Known]] = {}
        for each in known:
            self._by_key.setdefault((each.code, each.name), []).append(each)

    def key_of(self, identity: str, name: str) -> dict[str, str]:
        """How a record is named in a file: by code and name, and by its id where those name several or none."""
        found = self._by_id.get(identity)
        if found is None:
            return {"id": identity, "name": name}
        key = {label: value for label, value in (("code", found.code), ("name", found.name)) if value}
        is_alone = len(self._by_key[(found.code, found.name)]) == 1 and key
        return key if is_alone else {"id": identity, **key}

    def find(self, target: Mapping[str, str]) -> Known | str:
        """The record that a file names, or why there is none, in words."""
        wanted, code, name = (target.get(label, "") for label in ("id", "code", "name"))
        if not wanted and not code and not name:
            return "target: expected code and name, or id."
        if wanted:
            found = self._by_id.get(wanted)
            return found or f"the ledger has no record with the id {wanted} ({name or code or 'no name given'})."
        matching = self._by_key.get((code, name)) or [
            each
            for each in self._by_id.values()
            if (not code or each.code == code) and (not name or each.name.casefold() == name.casefold())
        ]
        told = " ".join(part for part in (code, name) if part)
        if not matching:
            return f"the ledger has no record “{told}”. {self._near(code, name)}".strip()
        if len(matching) > 1:
            ids = ", ".join(sorted(each.id for each in matching)[:5])
            return f"“{told}” names {len(matching)} records of the ledger: say which by id ({ids})."
        return matching[0]

    def _near(self, code: str, name: str) -> str:
        for each in self._by_id.values():
            if code and each.code == code:
                return f"{code} is called “{each.name}” there."
            if name and each.name == name and each.code:
                return f"“{name}” has the code {each.code} there."
        return "Export once to see how its records are called."
