"""Webhooks that stopped coming: a poll that finds what no webhook announced says so, and polling becomes itself again.

A channel is silent from the poll that found something missing until webhooks come again and a later poll finds that
nothing was missed meanwhile. A connection that never heard a webhook has none set up: it is polled, and never silent.
"""

from datetime import timedelta

import structlog
from django.db.models import Exists, Min, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Resource, SyncRun, WebhookEvent
from integrations.services.planning import CHANGES, SINCE

log = structlog.get_logger(__name__)

UNDER_WAY = timedelta(minutes=5)
"""Changes younger than that, by the ledger's clock, may still be announced."""

HEARD_WITHIN = timedelta(days=7)
"""A channel that said nothing for longer is not relied on: polling goes on as if there were none."""

_KNOWN_FOR = timedelta(days=30)
# Their balances and quantities move with every document, which ledgers do not announce as a change of them.
_MOVED_ALONG = frozenset({Resource.ACCOUNTS.value, Resource.CONTACTS.value, Resource.ITEMS.value})


def announced(connection: Connection) -> frozenset[str]:
    """The resources whose changes webhooks tell of, as far as they can be relied on now."""
    heard = connection.webhook_at
    if heard is None or heard < timezone.now() - HEARD_WITHIN or connection.webhook_silent_at is not None:
        return frozenset()
    return _told_of(connection)


def judge(run: SyncRun) -> int:
    """After a poll: how many changed records nobody announced; the connection says so, or is well again.

    Inside the tenant's scope, after the run's rows are stored.
    """
    connection = run.connection
    connection.refresh_from_db(fields=["webhook_at", "webhook_silent_at"])
    polled = [name for name, state in run.progress.items() if state["mode"] in {CHANGES, SINCE} and state["is_done"]]
    if connection.webhook_at is None or not polled or run.started_at is None:
        return 0
    missed = _missed(run, sorted(_told_of(connection).intersection(polled) - _MOVED_ALONG))
    rows = Connection.objects.for_tenant(run.tenant_id).filter(pk=connection.pk)
    if missed:
        rows.update(webhook_silent_at=timezone.now())
        log.warning("webhooks_silent", connection=str(connection.pk), missed=missed)
    elif connection.webhook_silent_at is not None and connection.webhook_at > connection.webhook_silent_at:
        rows.update(webhook_silent_at=None)
    return missed


def _missed(run: SyncRun, resources: list[str]) -> int:
    changed = [name for name in resources if run.progress[name].get("changed")]
    events = WebhookEvent.objects.for_tenant(run.tenant_id).filter(connection=run.connection_id)
    begun_at = events.aggregate(at=Min("created_at"))["at"] if changed else None
    if begun_at is None:
        return 0
    told = events.annotate(at=Coalesce("occurred_at", "created_at")).filter(
        external_id=OuterRef("external_id"), at__gte=OuterRef("modified_at") - UNDER_WAY
    )
    rows = LedgerRecord.objects.for_tenant(run.tenant_id).filter(
        connection=run.connection_id, resource__in=changed, synced_at__gte=run.started_at
    )
    # What changed before the first webhook ever came was nobody's to announce.
    judged = rows.filter(modified_at__gte=begun_at, modified_at__lt=timezone.now() - UNDER_WAY)
    return judged.exclude(Exists(told)).count()


def _told_of(connection: Connection) -> frozenset[str]:
    events = WebhookEvent.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    recent = events.filter(created_at__gte=timezone.now() - _KNOWN_FOR).exclude(resource="")
    return frozenset(recent.order_by().values_list("resource", flat=True).distinct())
