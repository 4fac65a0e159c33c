"""What names a record comes after what changes it; everything else goes in any order."""

from typing import Any

import pytest

from integrations.models import Connection, Posting
from integrations.services import ordering, postings
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.services.factories import make_connection

Status = Posting.Status


@pytest.fixture
def connection(acme: Actors) -> Connection:
    return make_connection(acme.tenant)


def ask(connection: Connection, resource: str, operation: str = "create", **body: Any) -> Posting:
    return postings.request_posting(
        connection=connection, resource=resource, operation=operation, body=body, origin_kind="api"
    )


def test_documents_wait_for_earlier_changes_of_what_they_name(connection: Connection) -> None:
    with tenant_scope(connection.tenant_id):
        changed = ask(connection, "contacts", "update", external_id="7", name="New name")
        other = ask(connection, "contacts", "update", external_id="8", name="Other")
        billed = ask(connection, "invoices", contact={"id": "7"}, lines=[])
        free = ask(connection, "invoices", contact={"id": "9"}, lines=[])
        assert ordering.predecessor(billed) == changed
        assert ordering.predecessor(free) is None
        assert ordering.predecessor(other) is None


def test_a_payment_comes_after_changes_of_its_invoice_and_before_the_invoice_is_voided(connection: Connection) -> None:
    applied = [{"type": "invoice", "id": "5", "amount": "10.00"}]
    with tenant_scope(connection.tenant_id):
        approved = ask(connection, "invoices", "update", external_id="5", memo="Approved")
        paid = ask(connection, "payments", contact={"id": "7"}, total="10.00", allocations=applied)
        voided = ask(connection, "invoices", "void", external_id="5")
        assert ordering.predecessor(paid) == approved
        Posting.objects.filter(pk=approved.pk).update(status=Status.CANCELLED)
        assert ordering.predecessor(voided) == paid


def test_two_writes_to_one_record_keep_their_order_whatever_state_the_first_rests_in(connection: Connection) -> None:
    with tenant_scope(connection.tenant_id):
        first = ask(connection, "contacts", "update", external_id="7", name="A")
        second = ask(connection, "contacts", "update", external_id="7", name="B")
        for status in (Status.UNKNOWN, Status.HELD, Status.RESTING, Status.SENT):
            Posting.objects.filter(pk=first.pk).update(status=status)
            assert ordering.predecessor(second) == first
        for status in (Status.REJECTED, Status.CANCELLED):
            Posting.objects.filter(pk=first.pk).update(status=status)
            assert ordering.predecessor(second) is None


def test_a_stuck_predecessor_is_named_with_what_to_do_and_cancelling_it_frees_the_follower(
    connection: Connection,
) -> None:
    with tenant_scope(connection.tenant_id):
        first = ask(connection, "contacts", "update", external_id="7", name="A")
        second = ask(connection, "contacts", "update", external_id="7", name="B")
        Posting.objects.filter(pk=first.pk).update(status=Status.RESTING)
    assert postings.send_posting(connection.tenant_id, second.pk) is not None
    with tenant_scope(connection.tenant_id):
        second.refresh_from_db()
        assert (second.status, second.error["waits_for"]) == (Status.PENDING, str(first.pk))
        assert "tries are used up" in second.error["remedy"]
        waits_until = second.available_at
        first.refresh_from_db()
        postings.cancel_posting(first)
        second.refresh_from_db()
        assert second.available_at < waits_until


def test_what_was_told_to_wait_for_a_later_posting_does_not_hold_that_one_up(connection: Connection) -> None:
    with tenant_scope(connection.tenant_id):
        applied = [{"type": "invoice", "id": "5", "amount": "10.00"}]
        paid = ask(connection, "payments", contact={"id": "7"}, total="10.00", allocations=applied)
        approval = ask(connection, "invoices", "update", external_id="5", memo="Approved")
        Posting.objects.filter(pk=paid.pk).update(depends_on=approval)
        assert ordering.predecessor(approval) is None
