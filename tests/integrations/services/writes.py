"""Writes to a company of the sandbox, and a worker's turns: what tests of postings are made of."""

from typing import Any

from integrations.models import Connection, Posting
from integrations.services import postings
from tenants.rls import tenant_scope
from tests.integrations.conftest import Company

WRITES = {"method": "POST", "path": "/v3/company/", "times": 1}


def ask(connection: Connection, resource: str, body: dict[str, Any], **options: Any) -> Posting:
    """Write down a write."""
    with tenant_scope(connection.tenant_id):
        return postings.request_posting(
            connection=connection, resource=resource, body=body, origin_kind="api", **options
        )


def send(posting: Posting) -> Posting:
    """One turn of a worker, and the row afterwards."""
    postings.send_posting(posting.tenant_id, posting.pk)
    return fresh(posting)


def fresh(posting: Posting) -> Posting:
    with tenant_scope(posting.tenant_id):
        return Posting.objects.select_related("record", "connection").get(pk=posting.pk)


def contact(name: str) -> dict[str, Any]:
    return {"contact_type": "customer", "name": name}


def invoice(company: Company, number: str, **changes: Any) -> dict[str, Any]:
    item = company.documents("items")[0]["Id"]
    customer = company.documents("customers")[0]["Id"]
    line = {"item": {"id": item}, "quantity": "1", "unit_price": "80.00", "amount": "80.00"}
    return {
        "number": number,
        "contact": {"id": customer, "type": "customer"},
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "lines": [line],
        **changes,
    }


def payment(invoice: Posting) -> dict[str, Any]:
    """All that is open on a posted invoice, which the ledger has added sales tax to."""
    assert invoice.record is not None
    amount = str(invoice.record.open_amount)
    return {
        "contact": invoice.body["contact"],
        "issued_on": "2026-11-03",
        "total": amount,
        "reference": "PAY-1",
        "allocations": [{"type": "invoice", "id": {"posting": str(invoice.pk)}, "amount": amount}],
    }


def in_books(company: Company, number: str) -> int:
    return sum(row.get("DocNumber") == number for row in company.documents("invoices"))


def entry(company: Company, credit: str = "10.00") -> dict[str, Any]:
    kinds = ("Expense", "Income")
    first, second = (
        next(row["Id"] for row in company.documents("accounts") if row["AccountType"] == kind) for kind in kinds
    )
    lines = [{"account": {"id": first}, "debit": "10.00"}, {"account": {"id": second}, "credit": credit}]
    return {"issued_on": "2026-11-04", "lines": lines}
