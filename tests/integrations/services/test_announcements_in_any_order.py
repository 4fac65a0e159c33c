"""Whatever order deliveries come in and however often: the same mirror, equal to the books, and no needless call."""

import random
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import Connection, LedgerRecord, Posting, WebhookDelivery, WebhookEvent
from integrations.services import postings
from integrations.services.announcements_applying import apply_announcements, forget_old_events
from integrations.services.announcements_sorting import forget_old
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.announcing import Caught, Post, bring, work_off
from tests.integrations.conftest import Company, Sandbox
from tests.integrations.services.factories import make_connection
from tests.integrations.services.test_announcements import connect, events, fill, mail

__all__ = ["mail"]
pytestmark = pytest.mark.integration
Status = WebhookEvent.Status


def changed(company: Company, dice: random.Random) -> None:
    """Some busy minutes of a bookkeeper."""
    customers = [each["Id"] for each in company.documents("customers")]
    payments = [each["Id"] for each in company.documents("payments")]
    for number in range(3):
        company.change(action="rename", resource="Customer", id=dice.choice(customers), name=f"Name {number}")
        made = company.change(action="create", resource="invoices", amount=10 + number)
        if number % 2:
            company.change(action="void", resource="invoices", id=made.get("id") or made["changes"][0]["id"])
    company.change(action="delete", resource="Payment", id=payments[0])


def truth(company: Company) -> dict[str, set[str]]:
    return {
        "invoices": {each["Id"] for each in company.documents("invoices")},
        "payments": {each["Id"] for each in company.documents("payments")},
    }


def seen(connection: Connection) -> tuple[dict[str, set[str]], dict[str, str]]:
    """What is there, and every record's content."""
    with tenant_scope(connection.tenant_id):
        rows = list(LedgerRecord.objects.filter(connection=connection))
    there = {
        name: {row.external_id for row in rows if row.resource == name and row.deleted_at is None}
        for name in ("invoices", "payments")
    }
    return there, {f"{row.resource}/{row.external_id}": row.content_hash for row in rows if row.deleted_at is None}


@pytest.fixture
def told(acme: Actors, sandbox: Sandbox, mail: Post) -> tuple[Connection, Company, list[Caught]]:
    """A mirror, then changes in the books, and what was announced of them, one event a delivery."""
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "invoices", "payments", "contacts", "bank_transactions")
    sandbox.post("/_control/faults", {"action": "reorder_webhooks"})
    mail.aim("quickbooks", style="cloudevents")
    changed(company, random.Random(7))
    return connection, company, mail.wait(5)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_order_and_repetition_ends_in_the_same_mirror(
    told: tuple[Connection, Company, list[Caught]], data: st.DataObject
) -> None:
    connection, company, deliveries = told
    order = data.draw(st.permutations(deliveries))
    more = data.draw(st.lists(st.sampled_from(deliveries), max_size=6))
    cuts = data.draw(st.lists(st.integers(0, len(order) + len(more)), max_size=3))
    with transaction.atomic():
        # Every example begins with the mirror of before the changes.
        assert seen(connection)[0] != truth(company)
        for position, delivery in enumerate([*order, *more]):
            bring([delivery])
            if position in cuts:
                work_off()
        work_off()
        there, contents = seen(connection)
        ended = events(connection)
        transaction.set_rollback(True)
    # The portal has forgotten its calls along with the example, the ledger's limits have not: it is some seconds later.
    company.sandbox.post("/_control/clock", {"seconds": 2})
    assert there == truth(company)
    assert contents == _FIRST.setdefault(str(connection.pk), contents)
    assert ended[Status.PENDING] == ended[Status.FAILED] == 0
    assert sum(ended.values()) == len(deliveries), "each event is taken once"


_FIRST: dict[str, dict[str, str]] = {}


def test_forgeries_among_genuine_deliveries_change_nothing(
    told: tuple[Connection, Company, list[Caught]],
) -> None:
    connection, company, deliveries = told
    client = Client()
    forged = [each.bring(client, headers={"Intuit-Signature": "Zm9yZ2Vk"}) for each in deliveries]
    altered = [each.bring(client, body=each.body.replace(b"qbo.", b"qbo..")) for each in deliveries]
    assert Counter(forged + altered) == Counter({401: 2 * len(deliveries)})
    assert not WebhookDelivery.objects.exists()
    bring(deliveries)
    work_off()
    assert seen(connection)[0] == truth(company)


def test_our_own_write_coming_back_costs_no_call(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "contacts")
    mail.aim("quickbooks", style="cloudevents")
    with tenant_scope(acme.tenant.pk):
        posting = postings.request_posting(
            connection=connection,
            resource="contacts",
            operation="create",
            body={"contact_type": "customer", "name": "Made here"},
            idempotency_key="made-here",
            origin_kind="person",
        )
    postings.send_and_follow(acme.tenant.pk, posting.pk)
    with tenant_scope(acme.tenant.pk):
        assert Posting.objects.get(pk=posting.pk).status == "posted"
    bring(mail.wait())
    before = len(sandbox.calls())
    work_off()
    assert len(sandbox.calls()) == before
    assert events(connection) == Counter({Status.ECHO: 1})


def written(connection: Connection, operation: str, body: dict[str, Any], key: str) -> Posting:
    with tenant_scope(connection.tenant_id):
        posting = postings.request_posting(
            connection=connection, resource="contacts", operation=operation, body=body, idempotency_key=key,
            origin_kind="person",
        )  # fmt: skip
    postings.send_and_follow(connection.tenant_id, posting.pk)
    with tenant_scope(connection.tenant_id):
        posting.refresh_from_db()
    assert posting.status == "posted", posting.error
    return posting


@pytest.mark.parametrize("style", ["classic", "cloudevents"])
@pytest.mark.parametrize("ours", ["create", "update"])
def test_a_change_of_somebody_else_in_the_second_of_our_own_is_read(
    acme: Actors, sandbox: Sandbox, mail: Post, ours: str, style: str
) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "contacts")
    # A delivery for each event, the later one first.
    sandbox.post("/_control/faults", {"action": "reorder_webhooks"})
    for attempt in range(5):
        sandbox.post("/_control/webhooks", {"ledger": "quickbooks"})
        body: dict[str, Any] = {"contact_type": "customer", "name": f"Made here {attempt}"}
        if ours == "update":
            made = written(connection, "create", body, f"made-{attempt}")
            time.sleep(1.1)
            body = {"external_id": made.external_id, "remote_type": made.remote_type, "name": f"Ours {attempt}"}
        time.sleep(-time.time() % 1)
        mail.caught.clear()
        mail.aim("quickbooks", style=style)
        posting = written(connection, ours, body, f"ours-{attempt}")
        company.change(action="rename", resource="Customer", id=posting.external_id, name=f"Theirs {attempt}")
        (there,) = [each for each in company.documents("customers") if each["Id"] == posting.external_id]
        with tenant_scope(acme.tenant.pk):
            here = LedgerRecord.objects.get(remote_type="Customer", external_id=posting.external_id)
        deliveries = mail.wait(2)
        if here.modified_at == datetime.fromisoformat(there["MetaData"]["LastUpdatedTime"]):
            break
    else:
        pytest.fail("never within one second")
    assert here.name != f"Theirs {attempt}"
    for delivery in deliveries:
        bring([delivery])
        work_off()
    with tenant_scope(acme.tenant.pk):
        assert LedgerRecord.objects.get(pk=here.pk).name == f"Theirs {attempt}"


def test_somebody_elses_change_of_what_we_wrote_is_read(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    with tenant_scope(acme.tenant.pk):
        posting = postings.request_posting(
            connection=connection,
            resource="contacts",
            operation="create",
            body={"contact_type": "customer", "name": "Made here"},
            idempotency_key="made-here",
            origin_kind="person",
        )
    postings.send_and_follow(acme.tenant.pk, posting.pk)
    with tenant_scope(acme.tenant.pk):
        posting.refresh_from_db()
        # It was written a while ago.
        earlier = timezone.now() - timedelta(minutes=30)
        Posting.objects.update(sent_at=earlier, finished_at=earlier)
    mail.aim("quickbooks")
    company.change(action="rename", resource="Customer", id=posting.external_id, name="Changed there")
    bring(mail.wait())
    work_off()
    with tenant_scope(acme.tenant.pk):
        assert LedgerRecord.objects.get(external_id=posting.external_id).name == "Changed there"
    assert events(connection) == Counter({Status.APPLIED: 1})


def test_events_of_one_record_are_one_reading(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    mail.aim("quickbooks", style="cloudevents")
    key = company.documents("customers")[0]["Id"]
    for number in range(4):
        company.change(action="rename", resource="Customer", id=key, name=f"Name {number}")
    bring(mail.wait())
    before = len(sandbox.calls())
    work_off()
    assert len(sandbox.calls()) - before == 1
    assert events(connection) == Counter({Status.APPLIED: 1, Status.SUPERSEDED: 3})


def test_what_nobody_announced_is_left_for_polling_to_find(acme: Actors, sandbox: Sandbox, mail: Post) -> None:
    company = sandbox.company()
    connection = connect(acme, "quickbooks", company)
    fill(connection, "invoices", "contacts")
    mail.aim("quickbooks", style="cloudevents")
    company.change(action="create", resource="invoices", amount=70)
    company.change(action="create", resource="contacts", name="Announced")
    deliveries = mail.wait()
    sandbox.post("/_control/webhooks", {"ledger": "quickbooks"})
    silent = company.change(action="create", resource="invoices", amount=71)
    bring(deliveries)
    work_off()
    feeds = [call for call in sandbox.calls() if "/cdc" in call["path"]]
    assert len(feeds) == 1, "the feed told of all three"
    assert len(truth(company)["invoices"] - seen(connection)[0]["invoices"]) == 1, silent


def test_one_worker_at_a_time_reads_what_was_announced_of_a_connection(acme: Actors) -> None:
    connection = make_connection(acme.tenant)
    with tenant_scope(acme.tenant.pk):
        values: dict[str, Any] = {"tenant": acme.tenant, "connection": connection, "remote_type": "Invoice"}
        held = timezone.now() + timedelta(minutes=1)
        WebhookEvent.objects.create(**values, event_key="1", external_id="1", action="updated", lease_until=held)
        WebhookEvent.objects.create(**values, event_key="2", external_id="2", action="updated")
    assert apply_announcements(acme.tenant.pk, connection.pk) == 0
    with tenant_scope(acme.tenant.pk):
        assert set(WebhookEvent.objects.values_list("fence", flat=True)) == {0}


def test_old_deliveries_and_events_are_forgotten_and_what_needs_somebody_is_not(acme: Actors) -> None:
    connection = make_connection(acme.tenant)
    long_ago = timezone.now() - timedelta(days=31)
    rows = {
        status: WebhookDelivery.objects.create(
            connector="quickbooks", body=b"", digest=status, status=status, received_at=long_ago
        )
        for status in ("distributed", "aside", "unreadable")
    }
    with tenant_scope(acme.tenant.pk):
        for status in ("applied", "failed"):
            WebhookEvent.objects.create(
                tenant=acme.tenant, connection=connection, delivery=rows["distributed"], event_key=status,
                remote_type="Invoice", external_id="1", action="updated", status=status, created_at=long_ago,
            )  # fmt: skip
    assert forget_old() == 1
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"aside", "unreadable"}
    with tenant_scope(acme.tenant.pk):
        assert WebhookEvent.objects.filter(delivery=None).count() == 2
        assert forget_old_events(connection) == 1
        assert WebhookEvent.objects.get().status == "failed"
