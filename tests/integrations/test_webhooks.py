"""The door for webhooks: what is believed is one row, what is not leaves nothing behind; no cookie in either case."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import WebhookDelivery
from integrations.services.announcements import address_of
from integrations.services.announcements_sorting import distribute
from integrations.tasks import distribute_announcements
from integrations.webhooks import received

ROOT = Path(__file__).resolve().parents[2]
KEY = "verifier-token"
ENTITY = {"name": "Invoice", "id": "7", "operation": "Update", "lastUpdated": "2026-11-20T10:00:00.123Z"}
TOLD = {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [ENTITY]}}]}
BODY = json.dumps(TOLD).encode()


@pytest.fixture(autouse=True)
def keys(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator has set the verifier token."""
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)
    monkeypatch.setenv("PORTAL_QUICKBOOKS_WEBHOOK_KEY", KEY)


def mark(body: bytes, key: str = KEY) -> str:
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def send(body: bytes = BODY, *, path: str = "/webhooks/quickbooks/", signature: str | None = None, **more: Any) -> Any:
    headers = {"intuit-signature": mark(body) if signature is None else signature}
    return Client(enforce_csrf_checks=True).post(path, body, content_type="application/json", headers=headers, **more)


def count(outcome: str, ledger: str = "quickbooks") -> float:
    return float(received.labels(ledger, outcome)._value.get())


def test_a_genuine_delivery_is_one_row_and_an_empty_answer_without_cookies() -> None:
    before = count("stored")
    with CaptureQueriesContext(connection) as queries:
        answer = send()
    assert (answer.status_code, answer.content, dict(answer.cookies)) == (200, b"", {})
    assert "Vary" not in answer.headers
    assert len(queries) == 1, "one statement: whatever else is done, is done by workers"
    row = WebhookDelivery.objects.get()
    assert (row.connector, bytes(row.body), row.status, row.source) == ("quickbooks", BODY, "received", "127.0.0.1")
    assert "signature" not in json.dumps(row.headers).lower()
    assert count("stored") == before + 1


def test_no_message_is_sent_while_a_ledger_waits_whoever_would_send_it(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """A message cost up to twice the time of the whole answer; workers find the row."""
    sent: list[str] = []
    for place in (
        "celery.app.base.Celery.send_task",
        "celery.app.task.Task.apply_async",
        "kombu.messaging.Producer.publish",
    ):
        monkeypatch.setattr(place, lambda *_, place=place, **__: sent.append(place))
    with django_capture_on_commit_callbacks(execute=True):
        assert send().status_code == 200
    assert sent == []


def test_a_repetition_is_answered_the_same_and_stored_once() -> None:
    assert [send().status_code for _ in range(3)] == [200, 200, 200]
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"signature": "x"}, 401, "forged"),
        ({"signature": ""}, 401, "forged"),
        ({"signature": mark(BODY + b" ")}, 401, "forged"),
        ({"signature": mark(BODY, "other")}, 401, "forged"),
        ({"body": b"x" * 1_000_001}, 413, "too_large"),
        ({"CONTENT_LENGTH": ""}, 411, "no_length"),
        ({"CONTENT_LENGTH": "-1"}, 411, "no_length"),
    ],
)
def test_what_is_not_believed_is_refused_counted_and_not_stored(
    change: dict[str, Any], status: int, reason: str
) -> None:
    before = count(reason)
    with structlog.testing.capture_logs() as logged:
        answer = send(**change)
    assert (answer.status_code, answer.content, dict(answer.cookies)) == (status, b"", {})
    assert not WebhookDelivery.objects.exists()
    assert count(reason) == before + 1
    (line,) = [each for each in logged if each["event"] == "webhook_refused"]
    assert line["reason"] == reason
    assert "lastUpdated" not in str(line)


@pytest.mark.parametrize("path", ["/webhooks/nosuch/", "/webhooks/netsuite/", "/webhooks/../quickbooks/", "/webhooks/"])
def test_where_no_ledger_announces_there_is_nothing(path: str) -> None:
    answer = send(path=path)
    assert (answer.status_code, answer.content, dict(answer.cookies)) == (404, b"", {})


def test_only_post_is_a_delivery() -> None:
    answer = Client().get("/webhooks/quickbooks/")
    assert (answer.status_code, answer["Allow"], dict(answer.cookies)) == (405, "POST", {})


def test_without_a_key_nothing_is_believed_and_the_ledger_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PORTAL_QUICKBOOKS_WEBHOOK_KEY")
    assert send().status_code == 503


def test_a_signed_in_browser_is_nobody_special(acme: Any) -> None:
    client = acme.client("owner")
    headers = {"intuit-signature": mark(BODY)}
    with CaptureQueriesContext(connection) as queries:
        answer = client.post("/webhooks/quickbooks/", BODY, content_type="application/json", headers=headers)
    assert (answer.status_code, dict(answer.cookies), len(queries)) == (200, {}, 1)


def test_where_the_portal_has_tls_a_delivery_without_is_refused(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert send().status_code == 403
    assert send(secure=True).status_code == 200


def test_behind_a_proxy_the_caller_is_whom_the_proxy_saw(settings: Any) -> None:
    settings.BEHIND_PROXY = True
    send(HTTP_X_FORWARDED_FOR="6.6.6.6, 10.1.2.3")
    assert WebhookDelivery.objects.get().source == "10.1.2.3"


def test_a_delivery_that_cannot_be_read_is_kept_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    send(b'{"eventNotifications": 3}')
    assert distribute() == set()
    row = WebhookDelivery.objects.get()
    assert (row.status, row.problem) == ("unreadable", "eventNotifications is no list.")
    call_command("webhooks")
    assert row.problem in capsys.readouterr().out


def test_deliveries_that_are_nobodys_hold_up_nobody() -> None:
    for number in range(5):
        send(BODY.replace(b'"7"', f'"{number}"'.encode()))
    assert distribute(most=2) == set(), "they waited, and are about nobody"
    distribute_announcements()
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"aside"}
    assert distribute() is None


def test_the_operator_sees_what_is_kept_aside_and_may_have_it_distributed_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("webhooks")
    assert "No webhook has been delivered" in capsys.readouterr().out
    send()
    distribute()
    call_command("webhooks", "--aside")
    assert "quickbooks     1: 1" in capsys.readouterr().out
    call_command("webhooks", "quickbooks", "--redistribute")
    assert "1 kept aside: distributed again" in capsys.readouterr().out
    assert WebhookDelivery.objects.get().status == "received"


def test_the_address_is_the_portals_own() -> None:
    assert address_of("quickbooks") == f"{configured.PORTAL_URL}/webhooks/quickbooks/"
    assert address_of("zoho_books", "s3cret") == f"{configured.PORTAL_URL}/webhooks/zoho_books/s3cret/"


def test_the_web_command_serves_wsgi_because_sync_views_under_asgi_cost_six_times_as_much() -> None:
    command = (ROOT / "portal" / "supervisor.py").read_text()
    assert '"--interface", "wsgi", "portal.wsgi:application"' in command
    assert "granian --interface wsgi portal.wsgi:application" in (ROOT / "docs" / "operations.md").read_text()
    assert configured.MIDDLEWARE[0] == "integrations.webhooks.WebhookDoor"
