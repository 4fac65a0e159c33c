"""Writes: each lands exactly once, whatever happens between here and there, and says what to do when it cannot."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from integrations.models import ApiCall, Connection, CrossReference, LedgerRecord, LimitLease, Posting
from integrations.services import ledgers, policies, postings, reversing
from integrations.services.autoconsent import connect_by_itself
from integrations.services.calls import Recorder
from integrations.services.work import LeaseLostError, claim, keep
from tenants.models import Tenant, new_id
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.writes import WRITES, ask, contact, entry, fresh, in_books, invoice, payment, send

pytestmark = pytest.mark.integration
Status = Posting.Status


@pytest.fixture(autouse=True)
def no_waiting(settings: Any) -> None:
    """Retries are due at once."""
    settings.RETRY_BASE_SECONDS = 0


def test_a_posted_invoice_is_in_the_books_once_and_is_known_by_both_sides(
    connected: Connection, company: Company
) -> None:
    origin = new_id()
    posting = send(ask(connected, "invoices", invoice(company, "P-1"), origin_id=origin))
    assert (posting.status, in_books(company, "P-1"), company.is_balanced()) == (Status.POSTED, 1, True)
    with tenant_scope(connected.tenant_id):
        reference = CrossReference.objects.get(local_id=str(origin))
        assert (reference.external_id, reference.remote_type) == (posting.external_id, "Invoice")
        assert posting.record is not None
        assert posting.record.number == "P-1"
        assert ApiCall.objects.filter(posting=posting, status_code=200).exists()


def test_the_same_key_with_the_same_content_is_the_same_posting(connected: Connection, company: Company) -> None:
    body = invoice(company, "P-2")
    first, second = (ask(connected, "invoices", body, idempotency_key="k") for _ in range(2))
    assert first.pk == second.pk
    with pytest.raises(ValidationError, match="other content"):
        ask(connected, "invoices", invoice(company, "P-3"), idempotency_key="k")


@pytest.mark.parametrize("action", ["drop_before", "drop_after_commit", "truncate", {"status": 500}, {"status": 503}])
def test_a_write_without_a_trustworthy_answer_is_looked_up_and_lands_once(
    connected: Connection, company: Company, sandbox: Sandbox, action: Any
) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-4"))
    sandbox.fault(action, **WRITES)
    posting = send(posting)
    assert posting.status in {Status.UNKNOWN, Status.PENDING}
    assert posting.error["remedy"]
    assert (send(posting).status, in_books(company, "P-4")) == (Status.POSTED, 1)


@pytest.mark.parametrize("switch", ["read only", "direction"])
def test_a_write_without_an_answer_is_never_repeated_once_writing_is_turned_off(
    connected: Connection, company: Company, sandbox: Sandbox, switch: str
) -> None:
    """Asked by repeating it under its key, a ledger that never got it would write it now."""
    unknown = []
    for number, day, action in (("P-41", "2026-11-02", "drop_after_commit"), ("P-42", "2026-11-05", "drop_before")):
        unknown.append(ask(connected, "invoices", invoice(company, number, issued_on=day)))
        sandbox.fault(action, **WRITES)
        assert send(unknown[-1]).status == Status.UNKNOWN
    arrived, lost = unknown
    with tenant_scope(connected.tenant_id):
        if switch == "read only":
            Connection.objects.filter(pk=connected.pk).update(is_read_only=True)
        else:
            connected.refresh_from_db()
            policies.set_policy(connection=connected, resource="invoices", direction="read")
        # So long ago that the ledger would show it.
        Posting.objects.all().update(sent_at=timezone.now() - timedelta(minutes=10))
    assert (send(arrived).status, in_books(company, "P-41")) == (Status.POSTED, 1)
    lost = send(lost)
    assert (lost.status, lost.error_code) == (Status.REJECTED, switch.replace(" ", "_"))
    assert in_books(company, "P-42") == 0


def test_a_ledger_that_asks_to_slow_down_is_left_alone_as_long_as_it_says(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-5"))
    sandbox.fault({"status": 429, "retry_after": 30}, **WRITES)
    posting = send(posting)
    assert (posting.status, posting.error_code) == (Status.PENDING, "rate_limited")
    assert posting.available_at > timezone.now() + timedelta(seconds=25)
    before = len(sandbox.calls())
    assert send(posting).status == Status.PENDING
    assert len(sandbox.calls()) == before


def test_a_worker_killed_after_sending_leaves_a_row_that_another_one_resolves(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-6"))
    sandbox.fault("drop_after_commit", **WRITES)
    send(posting)
    with tenant_scope(connected.tenant_id):
        # What a killed worker leaves behind: sent, with a lease that runs out.
        long_ago = timezone.now() - timedelta(seconds=1)
        Posting.objects.filter(pk=posting.pk).update(status=Status.SENT, lease_until=long_ago)
    assert (send(posting).status, in_books(company, "P-6")) == (Status.POSTED, 1)


def test_a_worker_that_lost_its_row_while_it_waited_for_its_turn_sends_nothing(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-21"))
    with tenant_scope(connected.tenant_id):
        claimed = claim(Posting, tenant_id=connected.tenant_id, row_id=posting.pk, statuses=[Status.PENDING])
        assert claimed is not None
        Posting.objects.update(fence=F("fence") + 1)

    def prove() -> None:
        with tenant_scope(connected.tenant_id):
            keep(claimed)

    before = len(sandbox.calls())
    with (
        pytest.raises(LeaseLostError),
        ledgers.open_ledger(connected, recorder=Recorder(connected), lane="interactive", before_call=prove) as session,
    ):
        session.ledger.post("invoices", "create", posting.body, key="k")
    assert len(sandbox.calls()) == before
    with tenant_scope(connected.tenant_id):
        assert not LimitLease.objects.filter(released_at=None).exists()


def test_a_row_that_another_worker_holds_is_left_alone(connected: Connection, company: Company) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-7"))
    with tenant_scope(connected.tenant_id):
        Posting.objects.filter(pk=posting.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    assert postings.send_posting(connected.tenant_id, posting.pk) is None
    assert in_books(company, "P-7") == 0


def test_a_mistake_of_ours_rests_the_posting_instead_of_repeating_for_ever(
    connected: Connection, company: Company
) -> None:
    body = invoice(company, "P-16", contact={"id": {"posting": "no id"}, "type": "customer"})
    posting = ask(connected, "invoices", body)
    with pytest.raises(ValueError, match="UUID"):
        send(posting)
    assert (fresh(posting).status, fresh(posting).error_code) == (Status.REJECTED, "portal_bug")


def test_a_refusal_says_why_and_a_replay_after_the_correction_succeeds(connected: Connection, company: Company) -> None:
    taken = company.documents("vendors")[0]
    posting = send(ask(connected, "contacts", contact(taken["DisplayName"])))
    assert posting.status == Status.REJECTED
    assert posting.error["ledger_code"] == "6240"
    assert posting.error["remedy"]
    company.change(action="rename", resource="Vendor", id=taken["Id"], name="Another name")
    with tenant_scope(connected.tenant_id):
        postings.replay_posting(posting=posting)
    assert send(posting).status == Status.POSTED


def test_what_depends_on_another_posting_waits_for_it_and_uses_its_id(connected: Connection, company: Company) -> None:
    first = ask(connected, "contacts", contact("New Customer"))
    reference = {"id": {"posting": str(first.pk)}, "type": "customer"}
    second = ask(connected, "invoices", invoice(company, "P-8", contact=reference), depends_on=first)
    # The one it waits for goes along, because nothing holds it up; this one is rung for afterwards.
    assert postings.send_and_follow(connected.tenant_id, second.pk) == [second.pk]
    assert (fresh(first).status, fresh(second).status) == (Status.POSTED, Status.PENDING)
    assert send(second).status == Status.POSTED
    found = next(row for row in company.documents("invoices") if row.get("DocNumber") == "P-8")
    assert found["CustomerRef"]["value"] == fresh(first).external_id


def test_a_posted_payment_is_read_back_with_the_invoice_it_paid(connected: Connection, company: Company) -> None:
    billed = send(ask(connected, "invoices", invoice(company, "P-9")))
    paid = send(ask(connected, "payments", payment(billed), depends_on=billed))
    assert paid.status == Status.POSTED, paid.error
    with tenant_scope(connected.tenant_id):
        row = LedgerRecord.objects.get(resource="invoices", external_id=billed.external_id)
        assert (row.status, row.open_amount) == ("paid", Decimal(0))


def test_undoing_a_payment_voids_it_once_and_opens_the_invoice_again(connected: Connection, company: Company) -> None:
    billed = send(ask(connected, "invoices", invoice(company, "P-10")))
    paid = send(ask(connected, "payments", payment(billed), depends_on=billed))
    with tenant_scope(connected.tenant_id):
        undo, again = (reversing.reverse_posting(posting=paid) for _ in range(2))
    assert undo.pk == again.pk
    undone = send(undo)
    assert (undone.status, undone.operation) == (Status.POSTED, "void"), undone.error
    with tenant_scope(connected.tenant_id):
        row = LedgerRecord.objects.get(resource="invoices", external_id=billed.external_id)
        assert row.open_amount == row.amount
        assert not CrossReference.objects.filter(posting=paid).exists()
    assert company.is_balanced()


def test_a_strange_answer_before_the_sending_leaves_it_to_be_sent(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = send(ask(connected, "invoices", invoice(company, "P-20")))
    with tenant_scope(connected.tenant_id):
        undo = reversing.reverse_posting(posting=posting)
    sandbox.fault({"status": 200}, method="GET", path="/v3/company/", times=1)
    undo = send(undo)
    assert (undo.status, undo.sent_at, undo.error_code) == (Status.PENDING, None, "unexpected_shape")
    assert send(undo).status == Status.POSTED


def test_what_the_ledger_would_certainly_refuse_never_leaves(
    connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    with tenant_scope(connected.tenant_id):
        Connection.objects.filter(pk=connected.pk).update(
            closed_through=date(2026, 10, 31), closed_read_at=timezone.now()
        )
    late = ask(connected, "invoices", invoice(company, "P-11", issued_on="2026-10-31"))
    crooked = ask(connected, "journal_entries", entry(company, credit="9.99"))
    before = len(sandbox.calls())
    assert [send(late).error_code, send(crooked).error_code] == ["period_closed", "unbalanced"]
    with tenant_scope(connected.tenant_id):
        Connection.objects.filter(pk=connected.pk).update(is_read_only=True)
    assert send(ask(connected, "invoices", invoice(company, "P-12"))).error_code == "read_only"
    assert len(sandbox.calls()) == before


def test_an_inactive_reference_is_refused_by_its_name(connected: Connection, company: Company) -> None:
    body = invoice(company, "P-13")
    with tenant_scope(connected.tenant_id):
        LedgerRecord.objects.create(
            tenant_id=connected.tenant_id, connection=connected, resource="contacts", remote_type="Customer",
            external_id=body["contact"]["id"], name="Old Friend", unified={}, raw={}, content_hash="", is_active=False,
            synced_at=timezone.now(),
        )  # fmt: skip
    posting = send(ask(connected, "invoices", body))
    assert (posting.status, posting.error_code) == (Status.REJECTED, "invalid_reference")
    assert "Old Friend" in posting.error["message"]


def test_a_waiting_posting_can_be_cancelled_with_what_follows_it_and_a_posted_one_cannot(
    connected: Connection, company: Company
) -> None:
    first = ask(connected, "contacts", contact("Nobody"))
    second = ask(connected, "invoices", invoice(company, "P-14"), depends_on=first)
    with tenant_scope(connected.tenant_id):
        postings.cancel_posting(first)
    assert [fresh(first).status, fresh(second).status] == [Status.CANCELLED, Status.CANCELLED]
    posted = send(ask(connected, "contacts", contact("Somebody")))
    with tenant_scope(connected.tenant_id), pytest.raises(ValidationError, match="posted"):
        postings.cancel_posting(posted)


def test_a_revoked_grant_makes_postings_wait_until_somebody_reconnects(
    acme: Actors, connected: Connection, company: Company, sandbox: Sandbox
) -> None:
    posting = ask(connected, "invoices", invoice(company, "P-15"))
    sandbox.fault("revoke_token", org=company.realm, times=1)
    posting = send(posting)
    assert (posting.status, posting.connection.status) == (Status.PENDING, Connection.Status.NEEDS_REAUTHORISATION)
    assert "Reconnect" in posting.connection.error["remedy"]
    again = reconnect(acme.tenant, company)
    assert again.pk == connected.pk
    assert (send(posting).status, in_books(company, "P-15")) == (Status.POSTED, 1)


def reconnect(tenant: Tenant, company: Company) -> Connection:
    done = connect_by_itself(
        tenant=tenant, connector="quickbooks", redirect_uri="https://portal.test/callback", org=company.realm
    )
    assert done.connection is not None, done.error
    return done.connection


def test_an_operation_that_the_ledger_does_not_know_is_refused_at_once(connected: Connection) -> None:
    with pytest.raises(ValidationError, match="cannot delete accounts"):
        ask(connected, "accounts", {"external_id": "1"}, operation="delete")
