"""Distribution: what a delivery holds is copied into events of the connections that it is about, over all tenants.

Deliveries belong to nobody; the database's functions tell which connections an organisation has, and nothing else of
them. Doing a delivery twice changes nothing: an event is taken once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations.engine.announcements import Announced, Announcements, UnreadableDeliveryError, taken_apart
from integrations.models import WebhookDelivery
from integrations.services.announcements import door_of
from integrations.services.work import lease
from tenants.models import new_id
from tenants.rls import tenant_scope

log = structlog.get_logger(__name__)

AT_ONCE = 200
Place = tuple[UUID, UUID]
"""A tenant and a connection."""
Status = WebhookDelivery.Status

_TAKE = """
UPDATE integrations_webhookdelivery SET lease_until = %s WHERE id IN (
  SELECT id FROM integrations_webhookdelivery
  WHERE status = 'received' AND (lease_until IS NULL OR lease_until <= %s)
  ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_PUT = """
INSERT INTO integrations_webhookevent (
  id, tenant_id, connection_id, delivery_id, event_key, resource, remote_type, external_id, action, occurred_at,
  version, status, available_at, created_at, finished_at, fence, attempts, error_code, error)
SELECT p.id, %(tenant)s, p.connection_id, p.delivery_id, p.event_key, p.resource, p.remote_type, p.external_id,
  p.action, p.occurred_at, p.version, p.status, %(at)s, %(at)s,
  CASE WHEN p.status = 'ignored' THEN %(at)s::timestamptz END, 0, 0, '', '{}'::jsonb
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(
  id uuid, connection_id uuid, delivery_id uuid, event_key text, resource text, remote_type text, external_id text,
  action text, occurred_at timestamptz, version text, status text)
ON CONFLICT (connection_id, event_key) DO NOTHING
"""
_HEAR = """
UPDATE integrations_connection c SET webhook_at = greatest(c.webhook_at, p.at)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(id uuid, at timestamptz)
WHERE c.id = p.id AND c.tenant_id = %(tenant)s
"""
_FINISH = """
UPDATE integrations_webhookdelivery d SET status = p.status, unclaimed = p.unclaimed, problem = p.problem,
  digest = p.digest, lease_until = NULL, distributed_at = %(at)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(id uuid, status text, unclaimed jsonb, problem text, digest text)
WHERE d.id = p.id
"""


@dataclass
class _Sorted:
    """One delivery taken apart."""

    row: WebhookDelivery
    declared: Announcements | None
    events: list[Announced] = field(default_factory=list)
    problem: str = ""
    unclaimed: set[str] = field(default_factory=set)

    def ending(self) -> dict[str, Any]:
        """The delivery's last columns. Where its words may come again, its digest makes room for them."""
        status = Status.ASIDE if self.unclaimed else Status.UNREADABLE if self.problem else Status.DISTRIBUTED
        digest = self.row.digest
        if self.declared is not None and self.declared.repeats and status == Status.DISTRIBUTED:
            digest = sha256(f"{digest}:{self.row.pk}".encode()).hexdigest()
        unclaimed = sorted(self.unclaimed)
        return {"id": self.row.pk, "status": status, "unclaimed": unclaimed, "problem": self.problem, "digest": digest}


def has_waiting() -> bool:
    """Whether any delivery waits to be distributed."""
    return WebhookDelivery.objects.due().exists()


def distribute(*, most: int = AT_ONCE) -> set[Place] | None:
    """Distribute what waits, at most so many deliveries; the connections that have something to read now.

    None when nothing waited.
    """
    deliveries = _take(most)
    if not deliveries:
        return None
    found = [_apart(row) for row in deliveries]
    places = _places(found)
    rows: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    heard: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for each in found:
        for event in each.events:
            for tenant_id, connection_id in _homes(each, event, places):
                rows[tenant_id].append(_row(each, event, connection_id))
                told = heard[tenant_id].get(connection_id, each.row.received_at)
                heard[tenant_id][connection_id] = max(told, each.row.received_at)
    for tenant_id, own in rows.items():
        _store(tenant_id, own, heard[tenant_id])
    _finish(found)
    return {(tenant_id, connection_id) for tenant_id, own in heard.items() for connection_id in own}


def _take(most: int) -> list[WebhookDelivery]:
    now = timezone.now()
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_TAKE, [now + lease(), now, most])
        ids = [found[0] for found in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=ids).order_by("received_at", "id")) if ids else []


def _apart(row: WebhookDelivery) -> _Sorted:
    """What the delivery holds; one that cannot be read is kept with the reason."""
    door = door_of(row.connector)
    if door is None:
        return _Sorted(row, None, problem="This portal no longer knows this ledger's webhooks.")
    declared = door.declared
    try:
        taken = taken_apart(declared, bytes(row.body), row.headers)
    except UnreadableDeliveryError as error:
        log.warning("webhook_unreadable", delivery=str(row.pk), ledger=row.connector, problem=str(error))
        return _Sorted(row, declared, problem=_short(str(error)))
    return _Sorted(row, declared, taken.events, _short(taken.problem))


def _short(text: str) -> str:
    return text.replace("\x00", "")[:300]


def _places(found: Sequence[_Sorted]) -> dict[tuple[str, str], list[Place]]:
    """(ledger, organisation), or (ledger, digest of a secret), → where it is connected."""
    places: dict[tuple[str, str], list[Place]] = {}
    wanted: dict[str, set[str]] = defaultdict(set)
    with database.cursor() as cursor:
        for each in found:
            ledger, key = each.row.connector, str(each.row.headers.get("key", ""))
            if key and (ledger, key) not in places:
                cursor.execute("SELECT * FROM integrations_connection_of_webhook_key(%s, %s)", [ledger, key])
                places[ledger, key] = [(tenant_id, connection_id) for tenant_id, connection_id in cursor.fetchall()]
            elif not key:
                wanted[ledger] |= {org for event in each.events for org in event.orgs}
        for ledger, orgs in wanted.items():
            cursor.execute("SELECT * FROM integrations_connections_of(%s, %s)", [ledger, sorted(orgs)])
            for org, tenant_id, connection_id in cursor.fetchall():
                places.setdefault((ledger, org), []).append((tenant_id, connection_id))
    return places


def _homes(each: _Sorted, event: Announced, places: dict[tuple[str, str], list[Place]]) -> list[Place]:
    """Whose the event is; an organisation that nobody has connected is noted. A secret speaks for its own only."""
    ledger, key = each.row.connector, str(each.row.headers.get("key", ""))
    if key:
        return places.get((ledger, key), [])
    homes = [home for org in event.orgs for home in places.get((ledger, org), [])]
    if not homes:
        each.unclaimed |= set(event.orgs)
    return homes


def _row(each: _Sorted, event: Announced, connection_id: UUID) -> dict[str, Any]:
    targets = each.declared.targets(event.kind) if each.declared else ()
    is_own = each.declared is not None and each.declared.repeats
    return {
        "id": new_id(),
        "connection_id": connection_id,
        "delivery_id": each.row.pk,
        "event_key": f"{event.key[:110]}:{each.row.pk}" if is_own else event.key[:150],
        "resource": targets[0].resource if targets else "",
        "remote_type": event.kind,
        "external_id": event.record,
        "action": event.action,
        "occurred_at": event.at,
        "version": event.version,
        "status": "pending" if targets else "ignored",
    }


def _store(tenant_id: UUID, rows: Sequence[dict[str, Any]], heard: dict[UUID, datetime]) -> None:
    told = [{"id": connection_id, "at": at} for connection_id, at in heard.items()]
    with tenant_scope(tenant_id, source="task"), database.cursor() as cursor:
        cursor.execute(_PUT, {"tenant": tenant_id, "rows": _json(rows), "at": timezone.now()})
        cursor.execute(_HEAR, {"tenant": tenant_id, "rows": _json(told)})


def _finish(found: Sequence[_Sorted]) -> None:
    with database.cursor() as cursor:
        cursor.execute(_FINISH, {"rows": _json([each.ending() for each in found]), "at": timezone.now()})


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def redistribute(*, ledger: str = "", only_claimed: bool = False) -> int:
    """Let deliveries that are kept aside be distributed again; `only_claimed`: those of connected organisations."""
    rows = WebhookDelivery.objects.filter(status=Status.ASIDE)
    rows = rows.filter(connector=ledger) if ledger else rows
    if only_claimed:
        rows = rows.filter(
            pk__in=[pk for pk, *named in rows.values_list("pk", "connector", "unclaimed") if _is_known(*named)]
        )
    return rows.update(status=Status.RECEIVED, lease_until=None)


def _is_known(ledger: str, organisations: list[str]) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM integrations_connections_of(%s, %s)", [ledger, organisations])
        found = cursor.fetchone()
    return bool(found and found[0])


def forget_old(*, days: int | None = None) -> int:
    """Delete distributed deliveries older than the days they are kept; their events stay with their own."""
    before = timezone.now() - timedelta(days=days or settings.WEBHOOK_DAYS)
    rows = WebhookDelivery.objects.filter(status=Status.DISTRIBUTED, received_at__lt=before)
    # One statement: the database itself takes the reference out of the events, which no tenant is set to see here.
    return int(rows._raw_delete(rows.db))
