"""How the unified model is said: a schema is a mapping from a field's name to its `Spec`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spec:
    """One field. kind: text, money, number, whole, bool, date, datetime, ref, object, list, choice, currency, any.

    `fields` are those of an object, or of the objects in a list; `choices` the closed set of a choice.
    `needs` names the operations for which the field must be given. `is_ours` marks what only a ledger gives.
    """

    kind: str
    needs: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    fields: Mapping[str, "Spec"] = field(default_factory=dict)
    is_given_by_ledger: bool = False
    help: str = ""


Schema = Mapping[str, Spec]

TEXT, MONEY, NUMBER, WHOLE, BOOL = Spec("text"), Spec("money"), Spec("number"), Spec("whole"), Spec("bool")
DATE, DATETIME, REF, CURRENCY, ANY = Spec("date"), Spec("datetime"), Spec("ref"), Spec("currency"), Spec("any")

CREATE = frozenset({"create"})


def given(kind: str, help: str = "") -> Spec:
    """A field that a ledger works out; ignored when written."""
    return Spec(kind, is_given_by_ledger=True, help=help)


def needed(kind: str, fields: Schema | None = None) -> Spec:
    """A field without which nothing can be created."""
    return Spec(kind, needs=CREATE, fields=fields or {})


def choice(*choices: str, needs: frozenset[str] = frozenset()) -> Spec:
    """One word of a closed set."""
    return Spec("choice", needs=needs, choices=choices)


def listed(fields: Schema, needs: frozenset[str] = frozenset()) -> Spec:
    """A list of objects with these fields."""
    return Spec("list", needs=needs, fields=fields)


CUSTOM_FIELDS = listed({"id": TEXT, "name": TEXT, "value": ANY})

OVERRIDES = Spec(
    "list",
    fields={"field": TEXT, "version": WHOLE, "declared": ANY, "error": TEXT},
    is_given_by_ledger=True,
    help="Fields that an expression of the tenant gives, and what the ledger's own value was.",
)

RECORD: Schema = {
    "external_id": Spec("text", help="The ledger's own id."),
    "remote_type": Spec("text", help="The ledger's own name of this kind of record."),
    "version": Spec("text", help="What the ledger compares before it changes a record."),
    "created_at": given("datetime"),
    "modified_at": given("datetime"),
    "custom_fields": CUSTOM_FIELDS,
    "remote_fields": Spec("any", help="Properties in the ledger's own words, laid over what is sent."),
    "overrides": OVERRIDES,
}

DIMENSIONS = listed({"type": TEXT, "id": TEXT, "name": TEXT})
LINKS = Spec("list", fields={"type": TEXT, "id": TEXT, "amount": MONEY}, is_given_by_ledger=True)

BANK_LINE = Spec("text", help="The waiting line of the ledger's own bank feed that this settles.")

LINE: Schema = {
    "id": TEXT,
    "kind": choice("item", "account", "discount", "text", "group"),
    "description": TEXT,
    "item": REF,
    "account": REF,
    "quantity": NUMBER,
    "unit_price": NUMBER,
    "amount": MONEY,
    "tax_rate": REF,
    "tax_amount": MONEY,
    "gross_amount": MONEY,
    "contact": REF,
    "dimensions": DIMENSIONS,
    "custom_fields": CUSTOM_FIELDS,
}

DOCUMENT: Schema = {
    **RECORD,
    "number": TEXT,
    "issued_on": DATE,
    "currency": CURRENCY,
    "exchange_rate": NUMBER,
    "memo": TEXT,
    "total": MONEY,
    "dimensions": DIMENSIONS,
    "links": LINKS,
}
