"""QuickBooks: recorded exchanges, both ways, and every declared field there and back."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.engine import documents, jsontext, manifest
from integrations.engine.compare import differences
from integrations.engine.converters import Context
from integrations.engine.errors import InvalidRecord, RejectedError
from integrations.unified import SCHEMAS
from integrations.unified.schema import Schema, Spec

CONNECTOR = manifest.load("quickbooks")
CASSETTES = sorted((Path(__file__).parent / "cassettes" / "quickbooks").glob("*.json"))
WRITTEN = [path for path in CASSETTES if "request" in json.loads(path.read_text())]
each_write = pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
each_cassette = pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)


def plain(value: Any) -> Any:
    """A unified value as cassettes spell it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def read(cassette: dict[str, Any]) -> dict[str, Any]:
    resource = CONNECTOR.resources[cassette["resource"]]
    context = Context(lookups=documents.lookups(resource, cassette["response"]))
    ((entity, raw),) = documents.records(CONNECTOR, resource, cassette["response"])
    return resource.read(raw, entity.remote_type, context)


@each_cassette
def test_a_recorded_answer_reads_as_expected(path: Path) -> None:
    cassette = jsontext.loads(path.read_bytes())
    found = plain(read(cassette))
    assert {name: found[name] for name in cassette["reads"]} == plain(cassette["reads"])
    if "lines" in cassette:
        assert len(found["lines"]) == cassette["lines"]


@each_write
def test_a_unified_record_becomes_the_recorded_request(path: Path) -> None:
    cassette = jsontext.loads(path.read_bytes())
    resource, operation = CONNECTOR.resources[cassette["resource"]], cassette["operation"]
    context = Context(values={"org": "R", "country": cassette.get("country", "US")})
    request = resource.write(resource.typed(cassette["unified"], operation), operation, context)
    assert jsontext.loads(request.encoded() or b"") == cassette["request"]
    assert request.method == "POST"


@each_write
def test_what_was_written_is_found_in_what_was_answered(path: Path) -> None:
    cassette = jsontext.loads(path.read_bytes())
    resource = CONNECTOR.resources[cassette["resource"]]
    assert differences(resource.typed(cassette["unified"], "create"), read(cassette)) == []


# Values for any field of the unified model, small enough for every limit of length.
_IDS = st.from_regex(r"\A[1-9][0-9]{0,8}\Z")
_WORDS = st.text(st.characters(codec="latin-1", categories=("L", "N")), min_size=1, max_size=12)
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": _WORDS,
    "money": st.decimals(min_value="0.01", max_value="999999", places=2),
    "number": st.decimals(min_value="0.01", max_value="9999", places=2),
    "whole": st.integers(1, 31),
    "bool": st.booleans(),
    "date": st.dates(min_value=date(2000, 1, 1), max_value=date(2030, 1, 1)),
    "currency": st.sampled_from(["USD", "EUR", "GBP"]),
}


def values(spec: Spec, allowed: set[str] | None = None) -> st.SearchStrategy[Any]:
    if spec.kind == "choice":
        return st.sampled_from(spec.choices)
    if spec.kind == "ref":
        return st.builds(lambda identity: {"id": identity}, _IDS)
    if spec.kind == "list":
        return st.lists(record(spec.fields, allowed), min_size=1, max_size=3)
    if spec.kind == "object":
        return record(spec.fields, None)
    return _KINDS[spec.kind]


def record(schema: Schema, names: set[str] | None) -> st.SearchStrategy[dict[str, Any]]:
    usable = {
        name: values(spec)
        for name, spec in schema.items()
        if (names is None or name in names) and not spec.is_given_by_ledger and spec.kind != "any"
    }
    return st.fixed_dictionaries({}, optional=usable)


# What is drawn for the lists of a resource: fields that stand together in one kind of line.
_LINES = {
    "sales": {"id", "description", "item", "amount", "quantity", "unit_price", "tax_rate"},
    "purchase": {"id", "description", "account", "amount", "tax_rate", "tax_amount"},
    "journal": {"id", "description", "account", "debit", "tax_rate"},
}
_RESOURCES = [
    ("accounts", None, {}),
    ("items", None, {}),
    ("contacts", None, {"contact_type": "customer"}),
    ("contacts", None, {"contact_type": "vendor"}),
    ("tracking_categories", None, {"type": "class"}),
    ("terms", None, {}),
    ("payment_methods", None, {}),
    ("invoices", "sales", {}),
    ("credit_notes", "sales", {}),
    ("bills", "purchase", {}),
    ("vendor_credits", "purchase", {}),
    ("purchase_orders", "purchase", {}),
    ("expenses", "purchase", {}),
    ("journal_entries", "journal", {}),
    ("payments", None, {}),
    ("bill_payments", None, {"account": {"id": "41"}}),
]


def _complete(resource: str, drawn: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
    """A drawn record with what creating one cannot do without."""
    reference = {"id": "7"}
    needed: dict[str, Any] = {}
    for name, spec in SCHEMAS[resource].items():
        if "create" in spec.needs and name not in drawn:
            fallback = {"ref": reference, "text": "N", "money": Decimal(1), "choice": (spec.choices or ("",))[0]}
            needed[name] = fallback.get(spec.kind)
    if needed.get("lines", "") is None:
        needed["lines"] = [{"account": reference, "amount": Decimal(1), "debit": Decimal(1)}]
        if resource == "journal_entries":
            del needed["lines"][0]["amount"]
        else:
            del needed["lines"][0]["debit"]
    return {**drawn, **needed, **fixed}


@pytest.mark.parametrize(("resource", "lines", "fixed"), _RESOURCES, ids=lambda value: str(value))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_reads_back_as_it_was_given(
    resource: str, lines: str | None, fixed: dict[str, Any], data: st.DataObject
) -> None:
    declared = CONNECTOR.resources[resource]
    schema = {name: spec for name, spec in SCHEMAS[resource].items() if name not in _NOT_DRAWN}
    drawn = data.draw(record(schema, None))
    if lines:
        made = data.draw(st.lists(record(SCHEMAS[resource]["lines"].fields, _LINES[lines]), min_size=1, max_size=3))
        drawn["lines"] = [_line(lines, line) for line in made]
    if resource in {"payments", "bill_payments"}:
        drawn["allocations"] = [{"type": "invoice", "id": "69", "amount": Decimal("1.10")}]
    if resource == "expenses" and "contact" in drawn:
        drawn["contact"] = {**drawn["contact"], "type": "vendor"}
    entity = declared.entity_for({**drawn, **fixed})
    writable = {field.name for field in entity.shape.fields if field.put and field.read and not field.operations}
    unified = _complete(resource, {name: value for name, value in drawn.items() if name in writable}, fixed)
    context = Context(values={"org": "R", "country": "GB"})
    request = declared.write(declared.typed(unified, "create"), "create", context)
    sent = jsontext.loads(request.encoded() or b"")
    found = declared.read(sent, entity.remote_type, context)
    assert differences(unified, found) == []


_NOT_DRAWN = {
    "external_id", "version", "remote_type", "created_at", "modified_at", "remote_fields", "lines", "allocations",
    "custom_fields", "dimensions", "links",
}  # fmt: skip


def _line(kind: str, line: dict[str, Any]) -> dict[str, Any]:
    if kind == "journal":
        return {"account": {"id": "1"}, "debit": Decimal("1.10"), **line}
    return {"amount": Decimal("1.10"), **({"account": {"id": "1"}} if kind == "purchase" else {}), **line}


@pytest.mark.parametrize(
    ("resource", "operation", "message"),
    [
        ("accounts", "delete", "cannot delete accounts"),
        ("journal_entries", "void", "cannot void journal entries"),
        ("bills", "void", "cannot void bills"),
        ("bank_transactions", "create", "cannot create bank transactions"),
        ("tax_rates", "create", "cannot create tax codes"),
    ],
)
def test_what_quickbooks_cannot_do_is_refused_before_it_is_asked(resource: str, operation: str, message: str) -> None:
    declared = CONNECTOR.resources[resource]
    with pytest.raises((RejectedError, InvalidRecord), match=message):
        declared.write({"external_id": "1", "version": "0", "name": "X"}, operation, Context())


def test_an_update_sends_only_what_is_given_and_says_so() -> None:
    declared = CONNECTOR.resources["invoices"]
    change = declared.typed({"external_id": "9", "version": "3", "memo": "", "due_on": "2026-02-01"}, "update")
    request = declared.write(change, "update", Context(values={"org": "R"}))
    assert request.body == {"Id": "9", "SyncToken": "3", "PrivateNote": "", "DueDate": "2026-02-01", "sparse": True}


def test_a_void_of_a_payment_is_an_update_that_includes_void() -> None:
    request = CONNECTOR.resources["payments"].write(
        {"external_id": "9", "version": "3", "memo": "x"}, "void", Context()
    )
    assert (request.params, request.body) == (
        {"operation": "update", "include": "void"},
        {"Id": "9", "SyncToken": "3", "sparse": True},
    )


def test_properties_in_the_ledgers_own_words_are_laid_over_the_rest() -> None:
    declared = CONNECTOR.resources["contacts"]
    body = {"contact_type": "vendor", "name": "V", "remote_fields": {"Vendor1099": True}}
    assert declared.write(declared.typed(body, "create"), "create").body == {"DisplayName": "V", "Vendor1099": True}


def test_every_kind_of_line_of_an_invoice_is_read_and_adds_up() -> None:
    invoice = {
        "Id": "1",
        "TotalAmt": Decimal("95.00"),
        "TxnTaxDetail": {"TotalTax": 5},
        "Line": [
            {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}},
            {"DetailType": "DescriptionOnly", "Description": "Thank you"},
            {"Amount": 10, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}},
            {"Amount": 90, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ],
    }
    found = CONNECTOR.resources["invoices"].read(invoice)
    assert [line.get("kind") for line in found["lines"]] == [None, "text", "discount"]
    assert sum(line.get("amount") or 0 for line in found["lines"]) == found["subtotal"] == Decimal(90)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Balance": 100}, "open"),
        ({"Balance": Decimal("0.01")}, "partially_paid"),
        ({"Balance": 0}, "paid"),
        ({"Balance": 0, "TotalAmt": 0, "PrivateNote": "Voided - wrong"}, "void"),
    ],
)
def test_the_status_of_an_invoice_is_told_by_its_amounts(changes: dict[str, Any], status: str) -> None:
    assert CONNECTOR.resources["invoices"].read({"Id": "1", "TotalAmt": 100, **changes})["status"] == status


@pytest.mark.parametrize(
    ("kind", "body", "amount"),
    [
        ("Purchase", {"TotalAmt": 7, "PaymentType": "Cash"}, "-7"),
        ("Purchase", {"TotalAmt": 7, "PaymentType": "CreditCard", "Credit": True}, "7"),
        ("Deposit", {"TotalAmt": 7, "DepositToAccountRef": {"value": "1"}}, "7"),
        ("Transfer", {"Amount": 7, "FromAccountRef": {"value": "1"}}, "-7"),
        ("Payment", {"TotalAmt": 7, "CustomerRef": {"value": "1"}}, "7"),
        ("BillPayment", {"TotalAmt": 7, "PayType": "Check"}, "-7"),
    ],
)
def test_a_bank_transaction_has_the_sign_of_its_account(kind: str, body: dict[str, Any], amount: str) -> None:
    found = CONNECTOR.resources["bank_transactions"].read({"Id": "1", **body}, kind)
    assert str(found["amount"]) == amount
    assert CONNECTOR.resources["bank_transactions"].entity_of(body).remote_type == kind
