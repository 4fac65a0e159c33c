"""Every ledger's webhooks from its books to the mirror: nothing lost, nothing doubled, nothing of anybody else's."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from integrations.models import (
    Connection,
    LedgerRecord,
    ResourcePolicy,
    SyncCursor,
    SyncRun,
    WebhookDelivery,
    WebhookEvent,
)
from integrations.sandbox.xero.face import intents
from integrations.services import announcements, sync
from integrations.services.announcements_applying import MOST_ATTEMPTS, apply_announcements
from integrations.services.autoconsent import connect_by_itself
from integrations.services.connections import pause, resume
from integrations.services.sweeping import due_work
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.announcing import KEY, Post, bring, post, work_off
from tests.integrations.conftest import Company, Sandbox

pytestmark = pytest.mark.integration
Status = WebhookEvent.Status


@pytest.fixture
def mail(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """The sandbox's webhooks; the portal knows the keys they are signed with."""
    for name in [name for name in os.environ if name.startswith(("PORTAL_XERO_", "PORTAL_ZOHO_", "PORTAL_SAGE_"))]:
        monkeypatch.delenv(name)
    for ledger in ("QUICKBOOKS", "XERO", "SAGE_INTACCT"):
        monkeypatch.setenv(f"PORTAL_{ledger}_WEBHOOK_KEY", KEY)
    with post(sandbox) as found:
        yield found


def connect(actors: Actors, ledger: str, company: Company) -> Connection:
    """A connection without its first sync, which is not what is tested."""
    done = connect_by_itself(
        tenant=actors.tenant, connector=ledger, redirect_uri="https://portal.test/callback", org=company.realm
    )
    assert done.connection is not None, done.error
    with tenant_scope(actors.tenant.pk):
        SyncRun.objects.all().delete()
    return done.connection


def fill(connection: Connection, *resources: str) -> None:
    """A first sync of some resources."""
    with tenant_scope(connection.tenant_id):
        run = sync.request_sync(connection=connection, trigger="manual", resources=resources, is_full=True)
    sync.run_sync(run.tenant_id, run.pk)
    with tenant_scope(connection.tenant_id):
        run.refresh_from_db()
        assert run.status == "succeeded", run.error


def mirror(connection: Connection) -> dict[tuple[str, str], tuple[str, bool]]:
    """(resource, id) → (content, whether it is there)."""
    with tenant_scope(connection.tenant_id):
        rows = LedgerRecord.objects.filter(connection=connection)
        return {(row.resource, row.external_id): (row.content_hash, row.deleted_at is None) for row in rows}


def present(connection: Connection, resource: str) -> set[str]:
    return {key for (name, key), (_, is_there) in mirror(connection).items() if name == resource and is_there}


def events(connection: Connection) -> Counter[str]:
    """How many events ended how."""
    with tenant_scope(connection.tenant_id):
        return Counter(WebhookEvent.objects.filter(connection=connection).values_list("status", flat=True))


@pytest.mark.parametrize("style", ["classic", "cloudevents"])
def test_quickbooks_tells_and_the_mirror_follows(acme: Actors, sandbox: Sandbox, mail: Post, style: str) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "invoices", "payments", "contacts")
    mail.aim("quickbooks", style=style)
    gone = company.documents("payments")[0]["Id"]
    renamed = company.documents("customers")[0]["Id"]
    company.change(action="delete", resource="Payment", id=gone)
    company.change(action="rename", resource="Customer", id=renamed, name="Renamed Ltd")
    made = company.change(action="create", resource="invoices", amount=70)
    bring(mail.wait())
    before = len(sandbox.calls())
    assert work_off() > 2
    assert gone not in present(connection, "payments")
    with tenant_scope(acme.tenant.pk):
        row = LedgerRecord.objects.get(resource="contacts", remote_type="Customer", external_id=renamed)
        assert row.name == "Renamed Ltd"
    assert present(connection, "invoices") == {each["Id"] for each in company.documents("invoices")}, made
    # Four kinds of record, one question: the feed.
    assert len(sandbox.calls()) - before == 1
    assert set(events(connection)) <= {Status.APPLIED, Status.SUPERSEDED}


def test_the_cursors_of_the_syncs_stay_where_they_are(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "invoices")
    with tenant_scope(acme.tenant.pk):
        before = list(SyncCursor.objects.values_list("resource", "changed_through"))
    mail.aim("quickbooks")
    company.change(action="create", resource="invoices", amount=70)
    bring(mail.wait())
    work_off()
    with tenant_scope(acme.tenant.pk):
        assert list(SyncCursor.objects.values_list("resource", "changed_through")) == before
        connection.refresh_from_db()
        assert connection.webhook_at is not None


def test_xero_says_invoice_for_invoices_and_bills(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company(ledger="xero", currency="GBP", country="GB")
    connection = connect(acme, "xero", company)
    fill(connection, "invoices", "bills", "contacts", "credit_notes")
    mail.aim("xero")
    company.change(action="create", resource="invoices", amount=70)
    company.change(action="create", resource="bills", amount=30)
    voided = next(each for each in company.documents("invoices") if each["Status"] == "AUTHORISED")
    company.change(action="void", resource="invoices", id=voided["InvoiceID"])
    bring(mail.wait())
    before = len(sandbox.calls())
    work_off()
    assert len(sandbox.calls()) - before <= 2, "one call for all invoices and bills, one for contacts"
    for resource, kind in (("invoices", "ACCREC"), ("bills", "ACCPAY")):
        wanted = {each["InvoiceID"] for each in company.documents(resource) if each["Type"] == kind}
        assert present(connection, resource) == wanted
    with tenant_scope(acme.tenant.pk):
        assert LedgerRecord.objects.get(external_id=voided["InvoiceID"]).status == "void"


def test_xeros_intent_to_receive_is_answered_as_it_must_be(db: None, mail: Post) -> None:
    right, wrong = intents(KEY)
    answers = [
        Client().post("/webhooks/xero/", each.body, content_type="application/json", headers=each.headers)
        for each in (right, wrong)
    ]
    assert [(each.status_code, each.content, dict(each.cookies)) for each in answers] == [
        (200, b"", {}),
        (401, b"", {}),
    ]
    work_off()
    assert [row.status for row in WebhookDelivery.objects.all()] == ["distributed"]


def test_zoho_is_known_by_the_secret_in_the_address_or_in_a_header(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company(ledger="zoho_books", currency="GBP", country="GB")
    connection = connect(acme, "zoho_books", company)
    with tenant_scope(acme.tenant.pk):
        secret = announcements.make_secret(connection, made_by=acme.owner)
        assert secret not in str(connection.__dict__)
    fill(connection, "invoices", "contacts")
    mail.aim("zoho_books", path=f"/webhooks/zoho_books/{secret}/")
    company.change(action="create", resource="invoices", amount=70)
    deliveries = mail.wait()
    first = deliveries[0]
    assert first.bring(Client(), path="/webhooks/zoho_books/") == 404
    assert first.bring(Client(), path="/webhooks/zoho_books/guessed/") == 404
    assert not WebhookDelivery.objects.exists()
    bring(deliveries)
    assert first.bring(Client(), path="/webhooks/zoho_books/", headers={"X-Portal-Secret": secret}) == 200
    assert WebhookDelivery.objects.count() == len(deliveries)
    work_off()
    assert present(connection, "invoices") == {each["invoice_id"] for each in company.documents("invoices")}
    mail.aim("zoho_books", headers={"X-Portal-Secret": secret})
    company.change(action="create", resource="invoices", amount=80)
    bring(mail.wait(len(deliveries) + 1)[len(deliveries) :])
    work_off()
    assert present(connection, "invoices") == {each["invoice_id"] for each in company.documents("invoices")}
    with tenant_scope(acme.tenant.pk):
        announcements.make_secret(connection, made_by=acme.owner)
    assert first.bring(Client()) == 404, "the old address is worth nothing at once"


def test_zohos_same_words_again_are_read_again(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company(ledger="zoho_books", currency="GBP", country="GB")
    connection = connect(acme, "zoho_books", company)
    with tenant_scope(acme.tenant.pk):
        secret = announcements.make_secret(connection, made_by=acme.owner)
    key = company.documents("invoices")[0]["invoice_id"]
    body = {"invoice": {"invoice_id": key}}
    for wanted in ("read", "read again"):
        before = len(sandbox.calls())
        for _ in range(2):
            answer = Client().post(f"/webhooks/zoho_books/{secret}/", body, content_type="application/json")
            assert answer.status_code == 200
        assert work_off() == 1, wanted
        assert len(sandbox.calls()) > before, wanted


def test_intacct_is_believed_by_its_signed_statement(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company(ledger="sage_intacct", currency="USD", country="US")
    connection = connect(acme, "sage_intacct", company)
    fill(connection, "invoices", "contacts")
    mail.aim("sage_intacct")
    company.change(action="create", resource="invoices", amount=70)
    deliveries = mail.wait()
    invoice = next(each for each in deliveries if b"invoiceNumber" in each.body)
    assert invoice.bring(Client(), body=invoice.body + b" ") == 401
    bring(deliveries)
    bring(deliveries[:1])
    assert WebhookDelivery.objects.count() == len(deliveries)
    work_off()
    assert present(connection, "invoices") == {each["key"] for each in company.documents("invoices")}


def test_a_delivery_reaches_every_tenant_that_connected_the_organisation_and_no_other(
    acme: Actors, rival: Actors, sandbox: Sandbox, mail: Post
) -> None:
    shared, alone = sandbox.company(), sandbox.company(name="Alone", seed=8)
    ours, theirs = connect(acme, "quickbooks", shared), connect(rival, "quickbooks", shared)
    other = connect(rival, "quickbooks", alone)
    mail.aim("quickbooks")
    shared.change(action="create", resource="invoices", amount=70)
    bring(mail.wait())
    work_off()
    assert events(ours) == events(theirs) != Counter()
    assert events(other) == Counter()
    assert present(ours, "invoices") == present(theirs, "invoices") != set()
    assert mirror(other) == {}
    with tenant_scope(acme.tenant.pk):
        assert not WebhookEvent.objects.exclude(tenant=acme.tenant).exists()


def test_an_organisation_that_nobody_has_connected_is_kept_until_somebody_does(
    acme: Actors, sandbox: Sandbox, mail: Post
) -> None:
    company = sandbox.company()
    mail.aim("quickbooks")
    company.change(action="create", resource="invoices", amount=70)
    bring(mail.wait())
    assert work_off() == 0
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.unclaimed) == ("aside", [company.realm])
    connection = connect(acme, "quickbooks", company)
    assert work_off() > 0
    assert WebhookDelivery.objects.get().status == "distributed"
    assert present(connection, "invoices")


def test_what_a_later_sync_has_read_costs_no_call(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    mail.aim("quickbooks")
    company.change(action="create", resource="contacts", name="Early")
    bring(mail.wait())
    fill(connection, "contacts")
    with tenant_scope(acme.tenant.pk):
        SyncCursor.objects.update(changed_through=F("changed_through") + timedelta(minutes=10))
    before = len(sandbox.calls())
    work_off()
    assert len(sandbox.calls()) == before
    assert set(events(connection)) == {Status.SUPERSEDED}


def test_while_the_connection_is_paused_announcements_wait(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    with tenant_scope(acme.tenant.pk):
        pause(connection)
    mail.aim("quickbooks")
    company.change(action="create", resource="invoices", amount=70)
    bring(mail.wait())
    before = len(sandbox.calls())
    assert work_off() == 0
    assert len(sandbox.calls()) == before
    assert set(events(connection)) == {Status.PENDING}
    with tenant_scope(acme.tenant.pk):
        resume(connection)
    assert ("announcements", str(acme.tenant.pk), str(connection.pk)) in due_work()
    assert apply_announcements(acme.tenant.pk, connection.pk) > 0
    assert present(connection, "invoices")


def test_a_ledger_that_stays_away_is_asked_eight_times_then_a_person_is_told(
    acme: Actors, sandbox: Sandbox, mail: Post, settings: Any
) -> None:
    settings.RETRY_BASE_SECONDS = 0
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    mail.aim("quickbooks")
    made = company.change(action="create", resource="contacts", name="Unlucky")
    bring(mail.wait())
    sandbox.fault("status", status=503, path="/company/")
    work_off()
    for _ in range(MOST_ATTEMPTS - 1):
        with tenant_scope(acme.tenant.pk):
            assert set(events(connection)) == {Status.PENDING}
            WebhookEvent.objects.update(available_at="2026-01-01T00:00:00Z")
        apply_announcements(acme.tenant.pk, connection.pk)
    with tenant_scope(acme.tenant.pk):
        event = WebhookEvent.objects.get()
        assert (event.status, event.error_code) == (Status.FAILED, "ledger_unavailable"), made
        assert event.error["remedy"]
    sandbox.lift_faults()
    company.change(action="rename", resource="contacts", id=event.external_id, name="Lucky")
    bring(mail.wait(2)[1:])
    work_off()
    assert events(connection) == Counter({Status.APPLIED: 1, Status.SUPERSEDED: 1})


def test_what_is_not_read_here_is_ignored(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    with tenant_scope(acme.tenant.pk):
        ResourcePolicy.objects.create(tenant=acme.tenant, connection=connection, resource="contacts", direction="off")
    mail.aim("quickbooks")
    company.change(action="create", resource="contacts", name="Not for us")
    bring(mail.wait())
    before = len(sandbox.calls())
    work_off()
    assert len(sandbox.calls()) == before
    assert set(events(connection)) == {Status.IGNORED}
