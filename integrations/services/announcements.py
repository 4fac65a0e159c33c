"""Webhooks coming in: checked, stored in one statement, answered. Who they belong to is found out by workers.

The engine says whether a delivery is genuine and what it holds; this module knows the rows, the operator's keys and the
secrets of connections whose ledger does not sign.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from integrations.engine import manifest
from integrations.engine.announcements import Announcements
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import webhook_keys
from integrations.engine.seals import Header, NotGenuineError, comes_from, opened
from integrations.models import Connection, WebhookDelivery, WebhookEvent
from tenants.models import User, new_id

log = structlog.get_logger(__name__)

# One statement and one round trip. A repetition of what is stored already changes nothing.
_STORE = """
INSERT INTO integrations_webhookdelivery
  (id, connector, body, digest, headers, source, received_at, status, unclaimed, problem)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, now(), 'received', '[]'::jsonb, '')
ON CONFLICT (digest) DO NOTHING
"""
_STORE_IF_KNOWN = """
WITH known AS (SELECT 1 FROM integrations_connection_of_webhook_key(%s, %s) LIMIT 1),
stored AS (
  INSERT INTO integrations_webhookdelivery
    (id, connector, body, digest, headers, source, received_at, status, unclaimed, problem)
  SELECT %s, %s, %s, %s, %s::jsonb, %s::inet, now(), 'received', '[]'::jsonb, '' FROM known
  ON CONFLICT (digest) DO NOTHING)
SELECT count(*) FROM known
"""


@dataclass(frozen=True)
class Door:
    """One ledger's webhooks: what is declared, and the keys of today."""

    connector: Connector
    declared: Announcements


def door_of(ledger: str) -> Door | None:
    """The ledger's door; None where there is no such ledger, or it tells nothing by itself."""
    try:
        connector = manifest.load(ledger)
    except manifest.ManifestError:
        return None
    return Door(connector, connector.announcements) if connector.announcements else None


def accept(door: Door, *, body: bytes, header: Header, source: str, secret: str) -> None:
    """Check a delivery and store it. Raises NotGenuineError: forged, too_old, elsewhere, no_key, unknown_secret."""
    declared = door.declared
    if not comes_from(source, declared.sources):
        raise NotGenuineError("elsewhere")
    kept = {name.lower(): header(name)[:4000] for name in declared.kept_headers if header(name)}
    if declared.seal is None:
        _store_by_secret(door, body, kept, source, secret or header(declared.secret_header))
        return
    keys = webhook_keys(door.connector, os.environ)
    if not keys:
        raise NotGenuineError("no_key")
    claims = opened(declared.seal, body, header, keys, datetime.now(UTC))
    told: dict[str, Any] = {**kept, "claims": dict(claims)} if claims else dict(kept)
    digest = _digest(door, "", kept, body)
    row: list[Any] = [new_id(), door.connector.name, body, digest, _json(told), source or None]
    with database.cursor() as cursor:
        cursor.execute(_STORE, row)


def _store_by_secret(door: Door, body: bytes, kept: Mapping[str, str], source: str, secret: str) -> None:
    # The secret is long and random: its digest is looked up, and no time that this takes says anything of it.
    key = digest_of(secret) if secret else ""
    name = door.connector.name
    row: list[Any] = [new_id(), name, body, _digest(door, key, kept, body), _json({**kept, "key": key}), source or None]
    with database.cursor() as cursor:
        cursor.execute(_STORE_IF_KNOWN, [name, key, *row])
        found = cursor.fetchone()
    if not found or not found[0]:
        raise NotGenuineError("unknown_secret")


def _digest(door: Door, key: str, kept: Mapping[str, str], body: bytes) -> str:
    """What makes two deliveries the same: ledger, whose secret, the ledger's id of it where it has one, the bytes."""
    told = kept.get(door.declared.id_header.lower(), "") if door.declared.id_header else ""
    return sha256(b"\0".join([door.connector.name.encode(), key.encode(), told.encode(), body])).hexdigest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=str).replace("\\u0000", "")


# The connection's side ------------------------------------------------------------------------------------------------


def digest_of(secret: str) -> str:
    """What is kept of a connection's secret."""
    return sha256(secret.encode()).hexdigest()


def make_secret(connection: Connection, *, made_by: User) -> str:
    """A new secret for the address of a connection's webhooks, shown once; the one before is worth nothing at once."""
    door = door_of(connection.connector)
    if door is None or door.declared.seal is not None:
        raise ValidationError("This ledger signs what it announces, or announces nothing: no secret is needed.")
    secret = secrets.token_urlsafe(32)
    Connection.objects.for_tenant(connection.tenant_id).filter(pk=connection.pk).update(webhook_key=digest_of(secret))
    connection.refresh_from_db()
    log.info("webhook_secret_made", connection=str(connection.pk), by=made_by.pk)
    return secret


def address_of(ledger: str, secret: str = "") -> str:
    """Where the ledger sends its webhooks."""
    args = [ledger, secret] if secret else [ledger]
    return settings.PORTAL_URL.rstrip("/") + reverse("webhook-with-secret" if secret else "webhook", args=args)


def has_keys(connector: Connector) -> bool:
    """Whether the operator has set what the ledger's signature is held against."""
    return bool(webhook_keys(connector, os.environ))


def wake_events(connection: Connection) -> None:
    """What was announced while the connection could not be called is read now."""
    rows = WebhookEvent.objects.for_tenant(connection.tenant_id).filter(connection=connection).pending()
    rows.update(available_at=timezone.now())


def wake_aside(connection: Connection) -> int:
    """Deliveries that named this organisation before anybody had connected it are distributed now."""
    named = {"unclaimed__contains": [connection.external_org_id]}
    rows = WebhookDelivery.objects.filter(connector=connection.connector, status=WebhookDelivery.Status.ASIDE, **named)
    return rows.update(status=WebhookDelivery.Status.RECEIVED, lease_until=None)
