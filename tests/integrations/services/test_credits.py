"""Credit notes and vendor credits: made before they are applied, applied after what they are applied to exists."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.models import Connection, LedgerRecord, Posting
from integrations.services.ordering import predecessor
from integrations.services.postings import request_posting
from integrations.services.sending import send_and_follow
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Sandbox
from tests.integrations.services.factories import make_connection
from tests.integrations.services.shop import Shop, open_shop
from tests.integrations.services.writes import fresh

Status = Posting.Status
SALE = ("invoices", "invoice", "credit_notes")
PURCHASE = ("bills", "bill", "vendor_credits")


def ask(connection: Connection, resource: str, body: dict[str, Any], operation: str = "create") -> Posting:
    with tenant_scope(connection.tenant_id):
        return request_posting(
            connection=connection, resource=resource, operation=operation, body=body, origin_kind="person"
        )


def applied(note: Posting, document: Posting, kind: str) -> dict[str, Any]:
    """What applies a credit that has no id yet to a document that has none."""
    row = {"type": kind, "id": {"posting": str(document.pk)}, "amount": "10.00"}
    return {"external_id": {"posting": str(note.pk)}, "allocations": [row]}


def turn(posting: Posting) -> Posting:
    """What a worker does: it sends, and what waited for that goes too."""
    for follower in send_and_follow(posting.tenant_id, posting.pk):
        send_and_follow(posting.tenant_id, follower)
    return fresh(posting)


def open_amount(shop: Shop, posting: Posting) -> Decimal:
    with tenant_scope(posting.tenant_id):
        row = LedgerRecord.objects.of(shop.connection, posting.resource).get(external_id=posting.external_id)
    assert row.open_amount is not None
    return row.open_amount


def test_an_allocation_comes_after_the_approval_of_what_it_names(acme: Actors) -> None:
    connection = make_connection(acme.tenant, connector="xero")
    note, invoice = ask(connection, "credit_notes", {"number": "C"}), ask(connection, "invoices", {"number": "I"})
    allocation = ask(connection, "credit_notes", applied(note, invoice, "invoice"), "allocate")
    assert allocation.touches == sorted([f"posting:{note.pk}", f"posting:{invoice.pk}"])
    with tenant_scope(acme.tenant.pk):
        Posting.objects.filter(pk__in=[note.pk, invoice.pk]).update(status=Status.POSTED, external_id="7")
        assert predecessor(allocation) is None
        approval = Posting.objects.create(
            tenant=acme.tenant, connection=connection, resource="invoices", operation="approve", body={},
            body_hash="0" * 64, idempotency_key="a", origin_kind="approval", origin_id=invoice.pk,
        )  # fmt: skip
        assert predecessor(allocation) == approval


@pytest.mark.integration
@pytest.mark.parametrize("ledger", ["xero", "zoho_books", "netsuite"])
def test_a_credit_is_made_then_applied_in_whatever_order_they_are_taken(
    acme: Actors, sandbox: Sandbox, ledger: str
) -> None:
    shop = open_shop(acme, sandbox, ledger)
    for resource, kind, credits in (SALE, PURCHASE):
        body = shop.body(resource)
        note = {name: value for name, value in body.items() if name != "due_on"} | {"number": f"{body['number']}-C"}
        document = ask(shop.connection, resource, body)
        credit = ask(shop.connection, credits, note)
        allocation = ask(shop.connection, credits, applied(credit, document, kind), "allocate")
        shop.rest()
        assert turn(allocation).error_code == "waiting"
        assert turn(credit).status == Status.POSTED, fresh(credit).error
        assert fresh(allocation).status == Status.PENDING
        posted = turn(document)
        assert posted.status == Status.POSTED, posted.error
        assert posted.record is not None
        whole = Decimal(str(posted.record.unified["total"]))
        done = turn(allocation)
        assert done.status == Status.POSTED, done.error
        assert open_amount(shop, posted) == whole - 10
