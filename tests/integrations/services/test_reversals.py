"""Undoing a document in a ledger whose reversals have a date of their own."""

from datetime import date
from pathlib import Path

import pytest

from integrations.models import Connection, Posting
from integrations.services import postings, reversing
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

LEDGERS = Path(__file__).parents[1] / "engine" / "ledgers"


@pytest.fixture
def connection(acme: Actors, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("PORTAL_CONNECTORS_DIR", str(LEDGERS))
    return make_connection(acme.tenant, connector="quarry")


def reversal(connection: Connection, issued_on: str) -> Posting:
    posted = {"status": Posting.Status.POSTED, "external_id": "55", "remote_type": "Credit"}
    with tenant_scope(connection.tenant_id):
        body = {"contact": {"id": "7"}, "issued_on": issued_on, "lines": []}
        posting = postings.request_posting(
            connection=connection, resource="credit_notes", body=body, origin_kind="person", idempotency_key=issued_on
        )
        Posting.objects.filter(pk=posting.pk).update(**posted)
        posting.refresh_from_db()
        return reversing.reverse_posting(posting=posting)


def test_a_reversal_has_the_day_of_its_document(connection: Connection) -> None:
    undo = reversal(connection, "2026-11-04")
    assert (undo.operation, undo.body["issued_on"]) == ("void", "2026-11-04")


def test_a_reversal_of_a_closed_period_is_of_the_first_open_day(connection: Connection) -> None:
    connection.closed_through = date(2026, 10, 31)
    with tenant_scope(connection.tenant_id):
        connection.save(update_fields=["closed_through"])
    assert reversal(connection, "2026-10-04").body["issued_on"] == "2026-11-01"
