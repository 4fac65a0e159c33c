"""The mirror of a ledger: pages of records go in by one set-based statement, unchanged rows are not rewritten."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, SeenRecord, SyncRun
from integrations.unified.summary import summarise
from tenants.models import new_id

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True)
class Counts:
    """Rows met, and rows that were new or had changed."""

    records: int = 0
    changed: int = 0
    deleted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.records + other.records, self.changed + other.changed, self.deleted + other.deleted)


# A record that the mirror holds in a newer state than the page stays as it is: pages, change feeds and read-backs
# arrive in any order (the ledger's own time decides, not the arrival).
_UPSERT = """
INSERT INTO integrations_ledgerrecord AS r (
  id, tenant_id, connection_id, resource, remote_type, external_id, unified, raw, content_hash, version, modified_at,
  deleted_at, synced_at, name, number, contact_id_external, contact_name, issued_on, due_on, amount, open_amount,
  currency, status, kind, is_active, search)
SELECT p.id, %(tenant)s, %(connection)s, %(resource)s, p.remote_type, p.external_id, p.unified, p.raw, p.content_hash,
  p.version, p.modified_at, NULL, %(at)s, p.name, p.number, p.contact_id_external, p.contact_name, p.issued_on,
  p.due_on, p.amount, p.open_amount, p.currency, p.status, p.kind, p.is_active, p.search
FROM jsonb_to_recordset(%(page)s::jsonb) AS p(
  id uuid, remote_type text, external_id text, unified jsonb, raw jsonb, content_hash text, version text,
  modified_at timestamptz, name text, number text, contact_id_external text, contact_name text, issued_on date,
  due_on date, amount numeric, open_amount numeric, currency text, status text, kind text, is_active boolean,
  search text)
ON CONFLICT (connection_id, resource, remote_type, external_id) DO UPDATE SET
  unified = excluded.unified, raw = excluded.raw, content_hash = excluded.content_hash, version = excluded.version,
  modified_at = excluded.modified_at, deleted_at = NULL, synced_at = excluded.synced_at, name = excluded.name,
  number = excluded.number, contact_id_external = excluded.contact_id_external,
  contact_name = excluded.contact_name, issued_on = excluded.issued_on, due_on = excluded.due_on,
  amount = excluded.amount, open_amount = excluded.open_amount, currency = excluded.currency,
  status = excluded.status, kind = excluded.kind, is_active = excluded.is_active, search = excluded.search
WHERE (r.content_hash <> excluded.content_hash OR r.deleted_at IS NOT NULL)
  AND (r.modified_at IS NULL OR excluded.modified_at IS NULL OR excluded.modified_at >= r.modified_at)
  AND (r.deleted_at IS NULL OR excluded.modified_at IS NULL OR excluded.modified_at >= r.deleted_at)
"""

_DELETE = """
UPDATE integrations_ledgerrecord AS r SET deleted_at = p.at, synced_at = %(at)s
FROM jsonb_to_recordset(%(gone)s::jsonb) AS p(resource text, remote_type text, external_id text, at timestamptz)
WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = p.resource
  AND r.remote_type = p.remote_type AND r.external_id = p.external_id AND r.deleted_at IS NULL
  AND (r.modified_at IS NULL OR p.at >= r.modified_at)
"""

_SEE = """
INSERT INTO integrations_seenrecord (id, tenant_id, sync_run_id, resource, remote_type, external_id)
SELECT p.id, %(tenant)s, %(run)s, %(resource)s, p.remote_type, p.external_id
FROM jsonb_to_recordset(%(page)s::jsonb) AS p(id uuid, remote_type text, external_id text)
ON CONFLICT DO NOTHING
"""

_DELETE_UNSEEN = """
UPDATE integrations_ledgerrecord AS r SET deleted_at = %(at)s, synced_at = %(at)s
WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = %(resource)s
  AND r.deleted_at IS NULL AND r.synced_at < %(since)s AND NOT EXISTS (
    SELECT FROM integrations_seenrecord s WHERE s.sync_run_id = %(run)s AND s.resource = r.resource
      AND s.remote_type = r.remote_type AND s.external_id = r.external_id)
"""


def upsert_page(*, connection: Connection, resource: str, records: Sequence[Record]) -> Counts:
    """Store one page inside the caller's transaction; counts rows met and rows that were new or differed."""
    rows = {(record.remote_type, record.external_id): record for record in records}
    if not rows:
        return Counts()
    page = _as_json([_row(resource, record) for record in rows.values()])
    changed = _execute(_UPSERT, connection, resource=resource, page=page, at=timezone.now())
    return Counts(records=len(rows), changed=changed)


def mark_deleted(*, connection: Connection, gone: Iterable[tuple[str, str, str, datetime | None]]) -> int:
    """Mark records as deleted in the ledger: (resource, remote_type, external_id, when); returns how many were new."""
    now = timezone.now()
    names = ("resource", "remote_type", "external_id", "at")
    rows = [dict(zip(names, (*each[:3], each[3] or now), strict=True)) for each in gone]
    return _execute(_DELETE, connection, gone=_as_json(rows), at=now) if rows else 0


def note_seen(*, run: SyncRun, resource: str, keys: Sequence[tuple[str, str]]) -> None:
    """Remember which records, as (kind, id), a full re-read has met, to find afterwards what is gone."""
    names = ("id", "remote_type", "external_id")
    rows = [dict(zip(names, (new_id(), *key), strict=True)) for key in keys]
    if rows:
        _execute(_SEE, run.connection, run=run.pk, resource=resource, page=_as_json(rows))


def delete_unseen(*, run: SyncRun, resource: str, since: datetime) -> int:
    """Mark what a full re-read begun at `since` has not met; rows stored later than that are left alone."""
    gone = _execute(_DELETE_UNSEEN, run.connection, run=run.pk, resource=resource, since=since, at=timezone.now())
    SeenRecord.objects.for_tenant(run.tenant_id).filter(sync_run=run, resource=resource).delete()
    return gone


def search_records(
    *, connection: Connection, resource: str, text: str = "", kinds: Sequence[str] = (), limit: int = 20
) -> list[LedgerRecord]:
    """Active records of a resource in which every word of `text` occurs, by name; for pickers and search boxes."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource).filter(is_active=True)
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    for word in text.lower().split()[:8]:
        rows = rows.filter(Q(search__contains=word) | Q(external_id=word))
    return list(rows.order_by("name", "number", "id")[:limit])


def content_hash(record: Record) -> str:
    """SHA-256 over unified and raw form, independent of the order of keys and of how decimals are written."""
    data = orjson.dumps([record.unified, record.raw], default=_hashable, option=orjson.OPT_SORT_KEYS)
    return sha256(data).hexdigest()


def _row(resource: str, record: Record) -> dict[str, Any]:
    unified = record.unified
    summary = summarise(resource, unified)
    words = (summary.number, summary.name, summary.contact_name, unified.get("email"), unified.get("memo"))
    return {
        "id": new_id(),
        "remote_type": record.remote_type,
        "external_id": record.external_id,
        "unified": unified,
        "raw": _Raw(record.raw),
        "content_hash": content_hash(record),
        "version": str(unified.get("version") or ""),
        "modified_at": unified.get("modified_at"),
        "name": summary.name[:300],
        "number": summary.number[:100],
        "contact_id_external": summary.contact_id[:100],
        "contact_name": summary.contact_name[:300],
        "issued_on": summary.issued_on,
        "due_on": summary.due_on,
        "amount": summary.amount,
        "open_amount": summary.open_amount,
        "currency": summary.currency[:3],
        "status": summary.status[:30],
        "kind": summary.kind[:40],
        "is_active": summary.is_active,
        "search": " ".join(str(word) for word in words if word).lower(),
    }


class _Raw:
    """A ledger's own form: its decimals are written as JSON numbers, as the ledger wrote them."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value


def _as_json(value: Any) -> str:
    # PostgreSQL's jsonb cannot hold the NUL character; no ledger means anything by it.
    return _NUL.sub(r"\1", orjson.dumps(value, default=_unified_value).decode())


def _unified_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, _Raw):
        return orjson.Fragment(orjson.dumps(value.value, default=_raw_value))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _raw_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode()) if value.is_finite() else None
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _hashable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _execute(statement: str, connection: Connection, **values: Any) -> int:
    with database.cursor() as cursor:
        cursor.execute(statement, {"tenant": connection.tenant_id, "connection": connection.pk, **values})
        return int(cursor.rowcount)
