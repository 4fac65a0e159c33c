"""User-defined fields of a tenant's ledger: asked for, told in our words, and selected along with its records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from integrations.engine import paths, templates
from integrations.engine.messages import RemoteRequest

if TYPE_CHECKING:
    from integrations.engine.declarations import Entity
    from integrations.engine.ledger import Ledger

KEY = "@key"
"""Where a definition's name stands when the ledger answers with a mapping of them."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The call that tells the fields of one kind of record, and where an answer keeps what matters."""

    resources: frozenset[str]
    path: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    interface: str = ""
    action: str = ""
    many: tuple[str, ...] = ()
    id: str = KEY
    name: str = "name"
    type: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    choices: str = ""
    choice_id: str = "id"
    choice_name: str = "name"
    read_only: str = ""
    prefixes: tuple[str, ...] = ()
    column: str = ""
    """The expression that selects a field, where records are read by a query language."""
    choice_columns: Mapping[str, str] = field(default_factory=dict)
    """Of a chosen value: path inside it → expression."""
    date_column: str = ""
    """The expression of a date, where it needs another one."""
    line_many: tuple[str, ...] = ()
    """Where the fields of documents' lines stand; the first path that is there."""
    line_prefixes: tuple[str, ...] = ()

    def is_selected(self, table: str) -> bool:
        """Whether a query over a table (the place `{table}`; empty: none) selects user-defined fields."""
        texts = (self.column, *self.choice_columns.values())
        return any(texts) and (bool(table) or not any("{table}" in text for text in texts))


@dataclass(frozen=True, slots=True)
class Definition:
    """One user-defined field. type: text, number, date, bool, choice or list."""

    id: str
    name: str
    type: str
    choices: tuple[Mapping[str, str], ...]
    is_writable: bool
    is_of_line: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For whoever keeps it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "choices": [dict(choice) for choice in self.choices],
            "writable": self.is_writable,
        }


def defined(ledger: "Ledger", discovery: Discovery, entity: "Entity") -> list[Definition]:
    """The user-defined fields of one kind of record. Raises what the ledger answers."""
    places = ledger.places(entity)
    request = RemoteRequest(
        discovery.method,
        templates.filled_path(discovery.path, places),
        templates.filled_all(discovery.params, places),
        templates.filled_all(discovery.headers, places),
        body=templates.filled_structure(discovery.body, places),
        operation="read",
        interface=discovery.interface,
        action=discovery.action,
    )
    answer = ledger.client.send(request)
    ledger.needs_json(answer)
    found = _told(answer.body, discovery.many)
    of_lines = _told(answer.body, discovery.line_many)
    return [
        *(_definition(discovery, row) for row in found if _is_own(discovery, row, discovery.prefixes)),
        *(
            replace(_definition(discovery, row), is_of_line=True)
            for row in of_lines
            if _is_own(discovery, row, discovery.line_prefixes)
        ),
    ]


def _told(body: Any, places: tuple[str, ...]) -> list[Mapping[str, Any]]:
    return list(_rows(next((rows for path in places if (rows := paths.getter(path)(body))), [])))


def _rows(found: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(found, Mapping):
        for key, value in found.items():
            if isinstance(value, Mapping):
                yield {**value, KEY: key}
    elif isinstance(found, list):
        yield from (row for row in found if isinstance(row, Mapping))


def _is_own(discovery: Discovery, row: Mapping[str, Any], prefixes: tuple[str, ...]) -> bool:
    identity = str(paths.getter(discovery.id)(row) or "")
    return bool(identity) and (not prefixes or identity.startswith(prefixes))


def _definition(discovery: Discovery, row: Mapping[str, Any]) -> Definition:
    identity = str(paths.getter(discovery.id)(row))
    told = next((value for path in discovery.type if (value := paths.getter(path)(row)) is not None), None)
    get_id, get_name = paths.getter(discovery.choice_id), paths.getter(discovery.choice_name)
    listed = paths.getter(discovery.choices)(row) if discovery.choices else None
    return Definition(
        id=identity,
        name=str(paths.getter(discovery.name)(row) or identity),
        type=discovery.types.get(str(told), "text"),
        choices=tuple({"id": str(get_id(each)), "name": str(get_name(each))} for each in listed or ()),
        is_writable=not (discovery.read_only and paths.getter(discovery.read_only)(row) in (True, "true")),
    )


def columns(
    discovery: Discovery, found: list[Definition], *, table: str = "", of_lines: bool = False
) -> dict[str, str]:
    """Path in the record → expression, for all fields of one kind of record, or of its lines."""
    selected: dict[str, str] = {}
    for each in (own for own in found if own.is_of_line is of_lines):
        places = {"name": each.id, "table": table}
        if each.type in ("choice", "list") and discovery.choice_columns:
            for inner, expression in discovery.choice_columns.items():
                selected[f"{each.id}.{inner}"] = templates.filled(expression, places)
        elif discovery.column:
            expression = (discovery.date_column if each.type == "date" else "") or discovery.column
            selected[each.id] = templates.filled(expression, places)
    return selected
