"""Aged lists made of the portal's copy: by contact and age, credits taken off, each currency by itself."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from integrations.services import aged
from integrations.services.coverage import covers
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection

TODAY = date(2026, 11, 21)


@pytest.fixture
def xero(acme: Actors) -> Iterator[Connection]:
    """A ledger that has no aged list of all contacts."""
    with tenant_scope(acme.tenant.pk):
        yield make_connection(acme.tenant, connector="xero", external_org_id="x-1", currency="GBP")


def owed(connection: Connection, resource: str, amount: str, *, late: int, **fields: Any) -> None:
    number = LedgerRecord.objects.count() + 1
    LedgerRecord.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        resource=resource,
        remote_type="Invoice",
        external_id=str(number),
        unified={},
        raw={},
        content_hash="0",
        synced_at=timezone.now(),
        **{
            "contact_id_external": "c1", "contact_name": "Harbour Books", "currency": "GBP", "status": "open",
            "open_amount": Decimal(amount), "due_on": TODAY - timedelta(days=late), **fields,
        },
    )  # fmt: skip


def test_each_contact_owes_by_age_and_credits_are_taken_off(xero: Connection) -> None:
    owed(xero, "invoices", "100", late=-3)
    owed(xero, "invoices", "20.50", late=30)
    owed(xero, "invoices", "7", late=31)
    owed(xero, "invoices", "5", late=400)
    owed(xero, "credit_notes", "10", late=0)
    owed(xero, "invoices", "1", late=5, contact_id_external="c2", contact_name="Amber Ltd")
    report = aged.made(xero, "aged_receivables", TODAY)
    amber, harbour, total = report["rows"]
    assert [amber["label"], harbour["label"], total["label"]] == ["Amber Ltd", "Harbour Books", "Total GBP"]
    assert harbour["values"] == {
        "current": Decimal("90"), "1_30": Decimal("20.50"), "31_60": Decimal("7"), "61_90": Decimal(0),
        "91": Decimal("5"), "total": Decimal("122.50"),
    }  # fmt: skip
    assert total["values"]["total"] == Decimal("123.50")
    assert report["checks"]["differences"] == []
    assert (report["currency"], report["end_on"]) == ("GBP", TODAY)
    assert report["note"] == "made of the portal's copy, as of the last sync"


def test_drafts_voids_settled_and_deleted_documents_are_not_owed(xero: Connection) -> None:
    for status in ("draft", "void"):
        owed(xero, "bills", "9", late=1, status=status)
    owed(xero, "bills", "0", late=1, status="paid")
    owed(xero, "bills", "9", late=1, deleted_at=timezone.now())
    assert aged.made(xero, "aged_payables", TODAY)["rows"] == []


def test_currencies_are_not_added_up(xero: Connection) -> None:
    owed(xero, "invoices", "100", late=1)
    owed(xero, "invoices", "40", late=1, currency="EUR")
    report = aged.made(xero, "aged_receivables", TODAY)
    assert [(row["label"], row["total"]["values"]["total"]) for row in report["rows"]] == [
        ("EUR", Decimal("40")),
        ("GBP", Decimal("100")),
    ]
    assert report["currency"] is None


def test_a_report_of_the_ledgers_own_is_not_made_again_and_the_coverage_says_which_is_which() -> None:
    own, made = (covers(name)["reports.aged_receivables"] for name in ("quickbooks", "xero"))
    assert own.is_there
    assert own.gotchas == ()
    assert made.is_there
    assert "the portal's copy" in made.gotchas[0]
