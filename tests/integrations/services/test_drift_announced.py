"""Drift that a webhook tells of: found when the announcement is read, without waiting for a sync."""

import pytest

from integrations.models import Discrepancy, SyncRun, WebhookEvent
from integrations.services import announcements
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.announcing import Post, bring, work_off
from tests.integrations.conftest import Sandbox
from tests.integrations.services.shop import DUE, Shop, open_shop
from tests.integrations.services.test_announcements import mail
from tests.integrations.services.test_drift import told

__all__ = ["mail"]
pytestmark = pytest.mark.integration
Kind, Status = Discrepancy.Kind, Discrepancy.Status

LEDGERS = ["quickbooks", "xero", "zoho_books", "sage_intacct"]
"""Those that announce changes; NetSuite is polled."""


@pytest.fixture(params=LEDGERS)
def shop(acme: Actors, sandbox: Sandbox, mail: Post, request: pytest.FixtureRequest) -> Shop:
    made = open_shop(acme, sandbox, request.param)
    with tenant_scope(acme.tenant.pk):
        signs = request.param != "zoho_books"
        secret = "" if signs else announcements.make_secret(made.connection, made_by=acme.owner)
    path = f"/webhooks/{request.param}/{secret}/" if secret else ""
    mail.aim(request.param, path=path)
    return made


def heard(mail: Post, seen: int = 0) -> int:
    """What was announced is brought and read; how many deliveries there were."""
    deliveries = mail.wait(seen + 1)
    bring(deliveries[seen:])
    work_off()
    return len(deliveries)


def test_an_edit_right_after_our_own_write_is_drift_before_any_sync(acme: Actors, shop: Shop, mail: Post) -> None:
    mine = shop.post()
    if shop.connection.connector == "zoho_books":
        # Zoho's announcements carry the record, and not what was done: two that say the same are taken for one
        # delivered twice. Then only polling finds the edit.
        mail.wait()
    shop.company.change(
        action="edit",
        resource="invoices",
        id=mine.external_id,
        data={DUE[shop.connection.connector]: "2026-12-24"},
    )
    with tenant_scope(acme.tenant.pk):
        before = SyncRun.objects.count()
    seen = heard(mail)
    while not told(shop):
        # Our write and the edit may be announced apart, the second a while later.
        seen = heard(mail, seen)
    assert told(shop) == [(Kind.DRIFT, Status.OPEN, [("Due date", "2026-12-02", "2026-12-24")])]
    with tenant_scope(acme.tenant.pk):
        assert SyncRun.objects.count() == before
        assert not WebhookEvent.objects.filter(status__in=["pending", "failed"]).exists()


def test_a_void_is_drift_before_any_sync_and_our_own_write_alone_is_none(shop: Shop, mail: Post) -> None:
    mine = shop.post()
    seen = heard(mail)
    assert told(shop) == []
    shop.undo("void", mine)
    heard(mail, seen)
    assert [(kind, status) for kind, status, _ in told(shop)] == [(Kind.VOIDED, Status.OPEN)]


def test_a_deletion_is_drift_before_any_sync(shop: Shop, mail: Post) -> None:
    if shop.connection.connector == "xero":
        pytest.skip("nothing is deleted there")
    mine = shop.post()
    shop.undo("delete", mine)
    heard(mail)
    assert [(kind, status) for kind, status, _ in told(shop)] == [(Kind.DELETED, Status.OPEN)]
