"""Fields and segments that an account's administrator defined beside NetSuite's own."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite.properties import Property
from integrations.sandbox.wire import Body

_KINDS = {"text": "text", "number": "number", "date": "date", "bool": "bool", "choice": "ref"}
_FIELD_TYPES = {
    "text": "Free-Form Text",
    "number": "Decimal Number",
    "date": "Date",
    "bool": "Check Box",
    "choice": "List/Record",
}
_PREFIXES = {"body": "custbody_", "line": "custcol_", "entity": "custentity_", "item": "custitem_", "segment": "cseg_"}


@dataclass(frozen=True, slots=True)
class CustomField:
    """One field: where it stands (body, line, entity, item, or segment: both body and line) and its choices."""

    script_id: str
    label: str
    place: str
    kind: str = "text"
    choices: Mapping[str, str] = field(default_factory=dict)
    records: tuple[str, ...] = ()

    def fits(self, record_type: str, place: str) -> bool:
        """Whether a record type has the field there."""
        is_there = self.place == place or (self.place == "segment" and place in ("body", "line"))
        return is_there and (not self.records or record_type in self.records)

    @property
    def as_property(self) -> Property:
        """The field as a property of REST bodies."""
        return Property(self.script_id, _KINDS[self.kind], f"custom:{self.script_id}" if self.kind == "choice" else "")

    @property
    def shown_type(self) -> str:
        """The type's name on the screen."""
        return _FIELD_TYPES[self.kind]


_BUILT_IN = (
    CustomField("custbody_po_ref", "Supplier Reference", "body"),
    CustomField("custbody_approved_on", "Approved On", "body", "date"),
    CustomField("custbody_is_urgent", "Urgent", "body", "bool"),
    CustomField("custbody_budget_left", "Budget Left", "body", "number"),
    CustomField("custcol_project", "Project", "line", "choice", {"1": "Head Office", "2": "Warehouse", "3": "Shop"}),
    CustomField("custcol_asset_tag", "Asset Tag", "line"),
    CustomField("custentity_risk_class", "Risk Class", "entity", "choice", {"1": "Low", "2": "Medium", "3": "High"}),
    CustomField("custentity_partner_code", "Partner Code", "entity"),
    CustomField("cseg_region", "Region", "segment", "choice", {"1": "North", "2": "South", "3": "Overseas"}),
)  # fmt: skip


def place_of(record_type_kind: str) -> str:
    """Where a kind of record has custom fields."""
    return {"contact": "entity", "employee": "entity", "item": "item"}.get(record_type_kind, "body")


def all_fields(added: Iterable[Record]) -> tuple[CustomField, ...]:
    """Those every simulated account begins with, and those its administrator added."""
    own = (CustomField(**{**record.body, "records": tuple(record.body["records"])}) for record in added)
    return (*_BUILT_IN, *own)


def defined(order: Body) -> CustomField:
    """A field as the control API asks for it. Raises ValueError."""
    place, kind = str(order.get("place", "body")), str(order.get("kind", "text"))
    if place not in _PREFIXES or kind not in _KINDS:
        raise ValueError(f"place must be one of {', '.join(_PREFIXES)}, kind one of {', '.join(_KINDS)}")
    name = str(order.get("name") or "")
    if not name.isidentifier() or name != name.lower():
        raise ValueError("name must be lower-case letters, digits and underscores")
    prefix = _PREFIXES[place]
    choices = {str(number): str(each) for number, each in enumerate(order.get("choices") or [], 1)}
    if place == "segment":
        kind = "choice"
    return CustomField(prefix + name.removeprefix(prefix), str(order.get("label") or name), place, kind, choices)


def stored(found: CustomField) -> Body:
    """The body under which a field is kept."""
    return {**asdict(found), "records": list(found.records)}
