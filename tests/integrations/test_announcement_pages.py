"""What people see of webhooks: whether they arrive, how they are set up, what became of each announced change."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Connection, Replay, WebhookDelivery, WebhookEvent
from integrations.services.announcements import digest_of
from integrations.services.replays import run_replay
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection, make_record

BASE = "/admin/integrations"


def make_event(connection: Connection, **fields: Any) -> WebhookEvent:
    delivery = WebhookDelivery.objects.create(
        connector=connection.connector, body=b'{"other": "OTHERS-ORG"}', digest=timezone.now().isoformat()
    )
    values: dict[str, Any] = {
        "event_key": delivery.digest,
        "resource": "invoices",
        "remote_type": "Invoice",
        "external_id": "7",
    }
    values |= {"action": "updated", "status": "applied", "delivery": delivery, **fields}
    return WebhookEvent.objects.create(tenant=connection.tenant, connection=connection, **values)


def page(actors: Actors, address: str, role: str = "owner") -> str:
    answer = actors.client(role).get(address)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_a_signing_ledgers_panel_shows_address_and_steps(acme: Actors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, connector="xero")
    shown = page(acme, f"{BASE}/connection/{connection.pk}/change/")
    assert "/webhooks/xero/" in shown
    assert "webhooks key" in shown
    assert "the operator of the portal has not set the ledger's key" in shown
    monkeypatch.setenv("PORTAL_XERO_WEBHOOK_KEY", "k")
    assert "has not set" not in page(acme, f"{BASE}/connection/{connection.pk}/change/")


def test_a_ledger_that_announces_nothing_says_so(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, connector="netsuite")
    assert "announces nothing by itself" in page(acme, f"{BASE}/connection/{connection.pk}/change/")


def test_who_made_a_secret_and_who_replaced_it_is_in_the_audit_trail(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, connector="zoho_books")
    address = f"{BASE}/connection/{connection.pk}/webhook-secret/"
    shown = [acme.client("owner").post(address).content.decode() for _ in range(2)]
    secrets = [text.partition("/webhooks/zoho_books/")[2].partition("/")[0] for text in shown]
    trail = page(acme, "/admin/tenants/trail/", role="auditor")
    assert trail.count("<b>webhook key</b>") == 2
    assert acme.owner.email in trail
    assert not any(secret in trail for secret in secrets)


def test_a_secret_address_is_shown_once_and_only_its_digest_is_kept(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, connector="zoho_books")
    address = f"{BASE}/connection/{connection.pk}/webhook-secret/"
    client = acme.client("owner")
    answer = client.post(address)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    secret = answer.content.decode().partition("/webhooks/zoho_books/")[2].partition("/")[0]
    with tenant_scope(acme.tenant.pk):
        connection.refresh_from_db()
    assert connection.webhook_key == digest_of(secret)
    again = page(acme, f"{BASE}/connection/{connection.pk}/change/")
    assert secret not in again
    assert connection.webhook_key not in again
    assert "Make a new address" in again


@pytest.mark.parametrize("role", ["editor", "approver", "auditor", "support"])
def test_only_who_manages_connections_makes_secrets(acme: Actors, role: str) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, connector="zoho_books")
    assert acme.client(role).post(f"{BASE}/connection/{connection.pk}/webhook-secret/").status_code == 403
    assert "/webhook-secret/" not in page(acme, f"{BASE}/connection/{connection.pk}/change/", role)


def test_a_ledger_that_signs_needs_no_secret(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
    answer = acme.client("owner").post(f"{BASE}/connection/{connection.pk}/webhook-secret/", follow=True)
    assert "no secret is needed" in answer.content.decode()


def test_a_channel_that_fell_silent_is_a_warning_with_what_to_do(acme: Actors) -> None:
    now = timezone.now()
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, webhook_at=now - timedelta(days=2), webhook_silent_at=now)
    assert "Announcements seem to have stopped" in page(acme, f"{BASE}/connection/{connection.pk}/change/")


def test_the_list_says_what_became_of_each_and_filters(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant, name="Our Books")
        make_event(connection, external_id="I-77")
        make_event(connection, external_id="C-88", resource="contacts", remote_type="Customer", status="echo")
    shown = page(acme, f"{BASE}/webhookevent/")
    assert all(each in shown for each in ("I-77", "C-88", "Our own write coming back", "Our Books"))
    narrowed = page(acme, f"{BASE}/webhookevent/?status__exact=echo")
    assert "I-77" not in narrowed
    assert "I-77" not in page(acme, f"{BASE}/webhookevent/?resource__exact=contacts")


def test_an_empty_list_says_how_it_is_set_up(acme: Actors) -> None:
    assert "How webhooks are set up stands on the page of each" in page(acme, f"{BASE}/webhookevent/")
    assert "Nothing fits" in page(acme, f"{BASE}/webhookevent/?status__exact=echo")


def test_an_event_leads_to_its_record_and_shows_nothing_of_others(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        record = make_record(connection, external_id="7", remote_type="Invoice")
        event = make_event(connection, occurred_at=timezone.now())
        make_event(connection, status="superseded")
    shown = page(acme, f"{BASE}/webhookevent/{event.pk}/change/")
    assert f"{BASE}/ledgerrecord/{record.pk}/change/" in shown
    assert "A newer event or reading covers it" in shown
    assert "OTHERS-ORG" not in shown


def test_a_failed_event_explains_itself_and_is_read_again(acme: Actors) -> None:
    error = {"message": "The ledger is away.", "remedy": "Wait for it.", "who_can_fix": "nobody, it passes"}
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        event = make_event(connection, status="failed", error_code="ledger_unavailable", error=error, attempts=8)
    inbox = page(acme, f"{BASE}/syncrun/failures/")
    assert "1 announced change could not be read" in inbox
    assert "Wait for it." in page(acme, f"{BASE}/webhookevent/{event.pk}/change/")
    assert acme.client("auditor").post(f"{BASE}/webhookevent/{event.pk}/replay/").status_code == 403
    acme.client("editor").post(f"{BASE}/webhookevent/{event.pk}/replay/")
    with tenant_scope(acme.tenant.pk):
        event.refresh_from_db()
        assert (event.status, event.attempts) == ("pending", 0)


def test_all_events_of_one_cause_are_read_again_and_no_others(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = make_connection(acme.tenant)
        for number in range(7):
            make_event(connection, status="failed", error_code="away", external_id=str(number))
        other = make_event(connection, status="failed", error_code="other")
    key = f"webhook_event:{connection.pk}:away"
    client = acme.client("support")
    answer = client.post(f"{BASE}/syncrun/failures/plan/", {"key": key}, follow=True)
    assert "Plan: replay 7 announced changes" in answer.content.decode()
    with tenant_scope(acme.tenant.pk):
        plan = Replay.objects.get()
    client.post(f"{BASE}/syncrun/failures/replays/{plan.pk}/start/", {"per_minute": "200"})
    run_replay(acme.tenant.pk, plan.pk)
    with tenant_scope(acme.tenant.pk):
        assert WebhookEvent.objects.pending().count() == 7
        other.refresh_from_db()
        assert other.status == "failed"


def test_another_tenants_event_is_not_reached(acme: Actors, rival: Actors) -> None:
    with tenant_scope(rival.tenant.pk):
        event = make_event(make_connection(rival.tenant), external_id="SECRET-1")
    assert "SECRET-1" not in page(acme, f"{BASE}/webhookevent/")
    answer = acme.client("owner").get(f"{BASE}/webhookevent/{event.pk}/change/", follow=True)
    assert "SECRET-1" not in answer.content.decode()
