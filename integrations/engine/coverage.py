"""What a connector covers, read off its declarations: page, API and documentation of the coverage are made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.engine.declarations import Connector, Entity, Resource
from integrations.engine.operations import READS
from integrations.unified import SCHEMAS

_LISTED = ("create", "update", "delete")
_DOCUMENT = ("create", "update", "void", "delete", "attach")
_SETTLING = (*_DOCUMENT[:4], "allocate", "attach")
WRITES: Mapping[str, tuple[str, ...]] = {
    "accounts": _LISTED,
    "contacts": _LISTED,
    "items": _LISTED,
    "tax_rates": _LISTED,
    "tracking_categories": _LISTED,
    "payment_methods": _LISTED,
    "terms": _LISTED,
    "currencies": _LISTED,
    "invoices": _DOCUMENT,
    "credit_notes": _SETTLING,
    "payments": _SETTLING,
    "bills": _DOCUMENT,
    "vendor_credits": _SETTLING,
    "bill_payments": _SETTLING,
    "purchase_orders": _DOCUMENT,
    "expenses": _DOCUMENT,
    "journal_entries": _DOCUMENT,
    "attachments": ("create",),
}
"""What one may want to do with each resource; the others are only read, in every ledger."""

REPORTS = (
    "profit_and_loss", "balance_sheet", "trial_balance", "aged_receivables", "aged_payables", "cash_flow",
)  # fmt: skip
_FEED, _SINCE, _ALL = "change feed", "modified time", "everything, once a day"


@dataclass(frozen=True, slots=True)
class FieldCover:
    """One field of the unified model in one ledger."""

    name: str
    type: str
    is_read: bool
    is_written: bool
    needed_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """One resource (or report) in one ledger; `reason` says why where it is not there."""

    name: str
    label: str
    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    """Read, and what can be written."""
    missing: Mapping[str, str]
    """What else one may want to do → why the ledger has it not; an empty text where the manifest owes the reason."""
    changes_by: str
    """How changes are found."""
    filters: tuple[str, ...]
    """What the ledger itself can be asked by."""
    fields: tuple[FieldCover, ...]
    gotchas: tuple[str, ...]
    reason: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the ledger has it at all."""
        return bool(self.operations)


def coverage(connector: Connector) -> list[Cover]:
    """A row for every resource of the unified model and for every report, in the model's order."""
    named = [name for name in SCHEMAS if name != "reports"]
    return [
        *(_resource(connector, name) for name in named),
        *(_report(connector, name) for name in _reports(connector)),
    ]


def _reports(connector: Connector) -> Iterable[str]:
    return [*REPORTS, *(name for name in connector.reports if name not in REPORTS)]


def _resource(connector: Connector, name: str) -> Cover:
    declared = connector.resources.get(name)
    if declared is None:
        return Cover(name, _words(name), (), (), {}, "", (), (), (), connector.missing.get(name, ""))
    entities = list(declared.entities.values())
    operations = {verb: None for entity in entities for verb in entity.operations if verb not in READS}
    if connector.files is not None and name in connector.files.kinds:
        operations["attach"] = None
    wanted = [verb for verb in WRITES.get(name, ()) if verb not in operations]
    return Cover(
        name=name,
        label=declared.label,
        kinds=tuple(declared.entities),
        operations=tuple({"read": None, **operations}),
        missing={verb: _why(connector, name, verb) for verb in wanted},
        changes_by=_changes_by(connector, entities),
        filters=tuple(dict.fromkeys(key for entity in entities for find in entity.find for key in find.values())),
        fields=tuple(_fields(declared)),
        gotchas=declared.gotchas,
    )


def _why(connector: Connector, resource: str, operation: str) -> str:
    """The manifest's reason: of the resource's operation, or of the operation everywhere (`*.void`)."""
    return connector.missing.get(f"{resource}.{operation}") or connector.missing.get(f"*.{operation}", "")


def _report(connector: Connector, name: str) -> Cover:
    call = connector.reports.get(name)
    key = f"reports.{name}"
    if call is None:
        return Cover(key, _words(name), (), (), {}, "", (), (), (), connector.missing.get(key, ""))
    return Cover(key, _words(name), (), ("read",), {}, "asked on demand", tuple(call.params), (), ())


def _changes_by(connector: Connector, entities: Iterable[Entity]) -> str:
    if connector.changes is not None and all(entity.in_changes for entity in entities):
        return _FEED
    return _SINCE if all(_tells_changes(entity.paging) for entity in entities) else _ALL


def _tells_changes(paging: Any) -> bool:
    """Whether a list can be asked for what was modified since a moment."""
    return any(value for name in dir(paging) if name.startswith("since") for value in [getattr(paging, name)])


def _fields(declared: Resource) -> Iterable[FieldCover]:
    schema = SCHEMAS[declared.name]
    for name, spec in schema.items():
        found = [field for entity in declared.entities.values() for field in entity.shape.fields if field.name == name]
        if found:
            yield FieldCover(
                name=name,
                type=spec.kind,
                is_read=any(field.read is not None for field in found),
                is_written=any(field.put is not None for field in found),
                needed_on=tuple(sorted({verb for field in found if not field.fallback for verb in field.required_on})),
            )


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
