"""Pilots in every ledger: all kinds of documents reach both companies, and the books are as the preview says."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Connection, LedgerRecord
from integrations.services.autoconsent import connect_by_itself
from integrations.services.sync import request_sync, run_sync
from mappings.services import pilots
from mappings.services.decisions import activate, submit
from mappings.services.drafts import ensure_draft, set_value
from mappings.services.intake import receive_document
from mappings.services.versions import Word
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox, sandbox, sandbox_process  # noqa: F401

pytestmark = pytest.mark.integration

_WORDS = {
    ("category", "sales", "Goods"): "income",
    ("category", "purchases", "Cost"): "expense",
    ("category", "purchases", "Fees"): "fees",
    ("category", "books", "Rent"): "expense",
    ("category", "books", "Income"): "income",
    ("tax_code", "sales", "VAT20"): "sales tax",
    ("tax_code", "purchases", "VAT20"): "purchase tax",
    ("payment_method", "sales", "stripe"): "clearing",
    ("payment_method", "purchases", "stripe"): "clearing",
    ("payment_method", "sales", "hsbc"): "bank",
    ("payment_method", "purchases", "hsbc"): "bank",
}


@pytest.fixture(params=["quickbooks", "xero", "zoho_books", "netsuite", "sage_intacct"])
def connection(request: Any, sandbox: Sandbox, acme: Actors) -> Connection:  # noqa: F811
    """A British company in each ledger, read once."""
    made = sandbox.company(ledger=request.param, country="GB", currency="GBP", accounts=40)
    done = connect_by_itself(
        tenant=acme.tenant, connector=request.param, redirect_uri="https://portal.test/callback", org=made.realm
    )
    assert done.connection is not None, done.error
    with tenant_scope(done.tenant_id):
        run = request_sync(connection=done.connection, trigger="manual", resources=())
    run_sync(done.tenant_id, run.pk)
    with tenant_scope(done.tenant_id):
        done.connection.refresh_from_db()
    return done.connection


def _records(connection: Connection) -> dict[str, LedgerRecord]:
    accounts = LedgerRecord.objects.of(connection, "accounts").filter(is_active=True).order_by("id")
    money = [row for row in accounts.filter(kind="bank") if row.currency in ("", "GBP")]
    income, costs = list(accounts.filter(kind="income")), list(accounts.filter(kind="expense"))
    rates = LedgerRecord.objects.of(connection, "tax_rates").filter(is_active=True)
    twenty = [row for row in rates if Decimal(str(row.unified["rate"] or 0)) == 20]
    return {
        "income": income[0],
        "other income": income[1],
        "expense": costs[0],
        "fees": costs[1],
        "bank": money[0],
        "clearing": money[1],
        "sales tax": next(row for row in twenty if row.kind in ("", "both", "sales")),
        "purchase tax": next(row for row in twenty if row.kind in ("", "both", "purchases")),
    }


def _body(connection: Connection, kind: str, external_id: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"connection": connection, "source": "shop", "external_id": external_id, "kind": kind}
    found |= {"number": external_id.upper(), "issued_on": "2026-11-02", "currency": "GBP", "total": Decimal("120.00")}
    return found | changes


def _lined(connection: Connection, kind: str, external_id: str, category: str, **changes: Any) -> dict[str, Any]:
    lines = [{"category": category, "tax_code": "VAT20", "amount": Decimal("100.00")}]
    found = {"tax_mode": "exclusive", "counterparty": {"name": "Blue Bottle Ltd"}, "lines": lines}
    return _body(connection, kind, external_id, **(found | {"tax_total": Decimal("20.00")} | changes))


def _documents(connection: Connection) -> list[dict[str, Any]]:
    """One of each kind, on both sides of the books, that name each other."""
    paid: dict[str, Any] = {"counterparty": {"name": "Blue Bottle Ltd"}, "payment_method": "stripe"}
    half: dict[str, Any] = {"tax_total": Decimal("5.00"), "total": Decimal("30.00")}
    less = [{"category": "Goods", "tax_code": "VAT20", "amount": Decimal("25.00")}]
    parts = [
        {"type": "charge", "amount": Decimal("123.00")},
        {"type": "fee", "amount": Decimal("-3.00"), "category": "Fees"},
    ]
    books = [{"category": "Rent", "amount": Decimal("80.00")}, {"category": "Income", "amount": Decimal("-80.00")}]
    out = {"side": "purchases", "payment_method": "hsbc", "total": Decimal("96.00")}
    payout = {"payment_method": "stripe", "paid_into": "hsbc", "parts": parts, "counterparty": {"name": "Stripe"}}
    return [
        _lined(connection, "sale", "s-1", "Goods"),
        _lined(connection, "sale", "s-2", "Goods"),
        _body(connection, "payment", "p-1", applies_to=[{"external_id": "s-1", "amount": Decimal("120.00")}], **paid),
        _lined(connection, "credit", "c-1", "Goods", applies_to=[{"external_id": "s-2"}], lines=less, **half),
        _lined(connection, "refund", "r-1", "Goods", refers_to=[{"external_id": "s-1"}], payment_method="stripe"),
        _lined(connection, "purchase", "b-1", "Cost"),
        _body(connection, "payment", "p-2", applies_to=[{"external_id": "b-1"}], **(paid | out)),
        _lined(connection, "expense", "e-1", "Cost", payment_method="hsbc"),
        _lined(connection, "fee", "f-1", "Fees", payment_method="stripe"),
        _body(connection, "payout", "po-1", **payout),
        _body(connection, "adjustment", "a-1", lines=books, total=Decimal("80.00")),
    ]


def test_all_kinds_are_booked_as_predicted_and_only_what_the_draft_moves_differs(
    connection: Connection, acme: Actors
) -> None:
    tenant = connection.tenant_id
    with tenant_scope(tenant):
        known = _records(connection)
        draft = ensure_draft(connection=connection, by=acme.editor)
        for word, record in _WORDS.items():
            set_value(draft=draft, word=Word(*word), record=known[record], by=acme.editor)
        submit(mapping_set=draft, by=acme.editor, comment="The shop's words")
        activate(mapping_set=draft, by=acme.approver)
        for body in _documents(connection):
            receive_document(connection=connection, body=body)
        draft = ensure_draft(connection=connection, by=acme.editor)
        set_value(draft=draft, word=Word("category", "sales", "Goods"), record=known["other income"], by=acme.editor)
        found = pilots.request_pilot(mapping_set=draft, choice=pilots.Choice(50), by=acme.editor)
    pilots.run_pilot(tenant, found.pk)
    with tenant_scope(tenant):
        found.refresh_from_db()
    report = found.report
    assert found.status == "done", found.error
    assert (report["refusals"], report["apart"], report["is_balanced"]) == ([], [], True)
    assert report["companies"]["draft"] == {"posted": 11, "waits": 0, "refused": 0, "unknown": 0}
    unlike = [row for row in report["accounts"] if row["is_unlike"]]
    # Two sales of 100 less a credit of 25 and a refund of 100.
    assert sorted(Decimal(row["change"]) for row in unlike) == [Decimal("-75.00"), Decimal("75.00")]
    assert all(row["predicted"] == row["change"] for row in unlike)
