"""The verbs of a ledger as a manifest says them, and where their answers keep what is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.engine import templates
from integrations.engine.converters import Shape

READS = ("read", "read_by_key")
WRITES = ("create", "update", "void", "delete", "allocate", "approve", "send")
OPERATIONS = READS + WRITES


@dataclass(frozen=True, slots=True)
class Answers:
    """Where records, counts and the ledger's clock stand in its answers."""

    one: str
    many: str
    count: str
    time: str
    deleted_path: str
    deleted_value: str
    id_header: str = ""
    """A header whose last step is the id of what was written, where the body does not say it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """How one verb is said."""

    name: str
    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: tuple[str, ...]
    """The only fields sent; empty: all that the record gives."""
    needs: tuple[str, ...]
    """Fields without which the call cannot be made; each may be a place."""
    sends: Mapping[str, Any]
    wrap: Any
    """What the body is put into: the key of a list, or a structure around `{body}`."""
    answers: Answers
    params_when: Mapping[str, Mapping[str, str]]
    """Parameters that are sent only when the record gives a field: field → parameters."""
    shape: Shape | None = None
    """The verb's own shape, where it is not the record's."""
    interface: str = ""
    action: str = ""
    each: str = ""
    """A list of the record, for each item of which a call is made."""
    is_bodiless: bool = False
    is_read_after: bool = False
    """The answer does not hold the record: it is read afterwards."""
    is_upsert: bool = False
    """The same call again changes nothing."""
    by_list: bool = False
    """Reading one record is the list's own query for its id."""
    question: Any = None
    """The body of a reading verb."""
    is_found_after: bool = False
    """The answer does not name what was made: it is looked for, as after a lost answer."""
    when: "Mapping[str, Operation]" = field(default_factory=dict)
    """Setting, or field of the record → how the verb is said where the connection or the record gives it."""

    def chosen(self, given: Mapping[str, Any]) -> "Operation":
        """The verb as this connection's settings and this record say it; the first that is given decides."""
        return next((verb for name, verb in self.when.items() if given.get(name)), self)

    def called_with(self, unified: Mapping[str, Any], places: Mapping[str, Any]) -> dict[str, str]:
        """The query parameters of a call for this record."""
        sent = dict(self.params)
        for name, more in self.params_when.items():
            if unified.get(name) is not None:
                sent |= more
        return templates.filled_all(sent, places)

    def read_body(self, places: Mapping[str, Any]) -> Any:
        """What a reading verb asks, None where the address says it all."""
        return None if self.question is None else templates.filled_structure(self.question, places)

    def wrapped(self, body: Any, places: Mapping[str, Any]) -> Any:
        """The body in what the ledger wants around it; None where nothing is sent."""
        if self.is_bodiless or self.method in {"GET", "DELETE"}:
            return None
        if isinstance(self.wrap, str):
            return {templates.filled(self.wrap, places): [body]} if self.wrap else body
        return templates.filled_structure(self.wrap, {**places, "body": body})
