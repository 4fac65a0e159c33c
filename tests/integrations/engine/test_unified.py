"""The unified model: what a record must be before it is written, and the columns that lists show."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.unified import SCHEMAS, InvalidUnified, problems, typed
from integrations.unified.schema import Spec
from integrations.unified.summary import Summary, summarise

INVOICE: dict[str, Any] = {
    "contact": {"id": "1"},
    "issued_on": "2026-01-15",
    "currency": "EUR",
    "lines": [{"amount": "12.30", "quantity": 3, "item": {"id": "7"}}],
}


def test_texts_of_amounts_and_days_become_exact_values() -> None:
    found = typed("invoices", INVOICE)
    assert found["issued_on"] == date(2026, 1, 15)
    assert found["lines"] == [{"amount": Decimal("12.30"), "quantity": Decimal(3), "item": {"id": "7"}}]


@pytest.mark.parametrize(
    ("changes", "path", "text"),
    [
        ({"contact": None}, "contact", "is missing; it is needed to create"),
        ({"lines": []}, "lines", "is missing; it is needed to create"),
        ({"contact": "1"}, "contact", 'must be a reference such as {"id": "12"}'),
        ({"contact": {"id": 1}}, "contact.id", "must be a text, not 1"),
        ({"contact": {"id": "1", "code": "x"}}, "contact", "is a reference: id, name and type only, not code"),
        ({"lines": [{"amount": 0.1}]}, "lines.0.amount", "must be an amount as decimal text, not 0.1"),
        ({"lines": [{"amount": "NaN"}]}, "lines.0.amount", "must be an amount as decimal text"),
        ({"lines": [{"amount": "1"}, {"ammount": "1"}]}, "lines.1.ammount", "is unknown; this record has account"),
        ({"lines": ["x"]}, "lines.0", "must be an object"),
        ({"issued_on": "15.01.2026"}, "issued_on", "must be a day such as 2026-01-31"),
        ({"currency": "eur"}, "currency", "must be a currency code such as EUR"),
        ({"tax_mode": "net"}, "tax_mode", "must be one of exclusive, inclusive, none, not 'net'"),
        ({"totl": "1"}, "totl", "is unknown"),
    ],
)
def test_what_is_wrong_is_said_by_its_path(changes: dict[str, Any], path: str, text: str) -> None:
    found = {problem.path: problem.text for problem in problems("invoices", {**INVOICE, **changes})}
    assert path in found
    assert text in found[path]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidUnified) as caught:
        typed("invoices", {"lines": [{"amount": "x"}], "currency": 1})
    assert [problem.path for problem in caught.value.problems] == ["lines.0.amount", "currency", "contact"]


def test_a_change_needs_only_what_it_changes() -> None:
    assert problems("invoices", {"external_id": "1", "version": "0", "memo": "x"}, "update") == []


def test_an_id_that_another_write_will_bring_is_accepted_only_where_it_may_wait() -> None:
    waiting = {**INVOICE, "contact": {"id": {"posting": "7f"}}}
    assert problems("invoices", waiting, allows_pending=True) == []
    assert [problem.path for problem in problems("invoices", waiting)] == ["contact.id"]
    payment = {"contact": {"id": "1"}, "total": "5", "allocations": [{"type": "invoice", "id": {"posting": "7f"}}]}
    assert problems("payments", payment, allows_pending=True) == []
    assert [problem.path for problem in problems("payments", payment)] == ["allocations.0.id"]


def test_moments_are_utc() -> None:
    found = typed("reports", {"made_at": "2026-05-05T07:31:12-07:00"})
    assert found["made_at"] == datetime(2026, 5, 5, 14, 31, 12, tzinfo=UTC)


def walk(spec: Spec) -> list[Spec]:
    return [spec, *(inner for field in spec.fields.values() for inner in walk(field))]


def test_every_resource_of_the_model_has_a_schema_whose_kinds_can_be_checked() -> None:
    assert set(SCHEMAS) == {
        "company_info", "accounts", "journal_entries", "invoices", "payments", "credit_notes", "expenses", "bills",
        "bill_payments", "purchase_orders", "vendor_credits", "contacts", "items", "tax_rates", "tracking_categories",
        "bank_transactions", "currencies", "budgets", "reports", "attachments", "payment_methods", "terms",
        "bank_lines",
    }  # fmt: skip
    kinds = {spec.kind for schema in SCHEMAS.values() for field in schema.values() for spec in walk(field)}
    assert kinds <= {
        "text", "money", "number", "whole", "bool", "date", "datetime", "currency", "any", "choice", "ref", "object",
        "list",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "unified", "expected"),
    [
        (
            "invoices",
            {"number": "1", "contact": {"id": "7", "name": "Amy"}, "issued_on": date(2026, 1, 1), "currency": "USD",
             "due_on": date(2026, 2, 1), "total": Decimal(9), "balance": Decimal(4), "status": "partially_paid"},
            Summary(number="1", contact_name="Amy", contact_id="7", issued_on=date(2026, 1, 1), due_on=date(2026, 2, 1),
                    amount=Decimal(9), open_amount=Decimal(4), currency="USD", status="partially_paid"),
        ),
        ("payments", {"total": Decimal(9), "unapplied": Decimal(2)},
         Summary(amount=Decimal(9), open_amount=Decimal(2))),
        ("accounts", {"name": "Bank", "code": "4000", "type": "bank", "balance": Decimal(5), "is_active": False},
         Summary(name="Bank", number="4000", amount=Decimal(5), kind="bank", is_active=False)),
        ("bank_transactions", {"type": "expense", "amount": Decimal(-7), "total": Decimal(7)},
         Summary(amount=Decimal(-7), kind="expense")),
        ("attachments", {"file_name": "r.pdf"}, Summary(name="r.pdf")),
    ],
)  # fmt: skip
def test_lists_show_the_same_columns_for_every_kind_of_record(
    resource: str, unified: dict[str, Any], expected: Summary
) -> None:
    assert summarise(resource, unified) == expected
