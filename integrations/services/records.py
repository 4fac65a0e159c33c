"""The mirror of a ledger: pages of records go in as sets, unchanged rows are neither sent nor rewritten."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from integrations.engine.overlay import Rule
from integrations.engine.results import Record
from integrations.models import Connection, LedgerRecord, SeenRecord, SyncRun
from integrations.services import arrivals
from integrations.services.content import without_nul
from integrations.services.custom_fields import Noticed
from integrations.services.meanwhile import execute
from integrations.services.overlays import Overlay, laid_over_page, masked
from integrations.services.prepared import Prepared, prepared
from tenants.models import new_id


@dataclass(frozen=True)
class Counts:
    """Rows met, and rows that were new or had changed."""

    records: int = 0
    changed: int = 0
    deleted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.records + other.records, self.changed + other.changed, self.deleted + other.deleted)


@dataclass(frozen=True)
class State:
    """What tells whether the mirror's copy of a record is still the same."""

    content_hash: str
    modified_at: datetime | None
    deleted_at: datetime | None


SETTLED = timedelta(seconds=2)
"""Stamps of ledgers are whole seconds: what was read sooner after its own may have changed again under the same one."""

_RULE, _LAID = -1, -2
# What a page has to know beside its records: the overrides in force, and whether the way in (`arrivals`) is laid.
# Both come along with what is asked anyway: a page costs no statement more for them.
_BESIDE = f"""
SELECT {_RULE}, o.target, o.expression, o.version FROM integrations_fieldoverride o
WHERE o.tenant_id = %(tenant)s AND o.connection_id = %(connection)s AND o.resource = %(resource)s
  AND o.direction = 'read' AND o.status = 'active'
UNION ALL
SELECT {_LAID}, '', '', 0 WHERE {arrivals.IS_THERE}
"""  # noqa: S608 - constants

# Which rows of a page the mirror holds as they are: nothing more is made or sent of those.
# Those that were read in the moment of their own stamp (see SETTLED) are noted as read again.
_SAME = f"""
WITH same AS (
  SELECT p.place, r.id, r.modified_at, r.synced_at
  FROM jsonb_to_recordset(%(keys)s::jsonb) AS p(place int, remote_type text, external_id text, content_hash text)
  JOIN integrations_ledgerrecord r ON r.remote_type = p.remote_type AND r.external_id = p.external_id
  WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = %(resource)s
    AND r.deleted_at IS NULL AND r.content_hash = p.content_hash),
noted AS (
  UPDATE integrations_ledgerrecord r SET synced_at = %(at)s FROM same
  WHERE r.id = same.id AND same.synced_at <= same.modified_at + %(settled)s)
SELECT place, '', '', 0 FROM same
UNION ALL
{_BESIDE}
"""  # noqa: S608 - constants

# A record that the mirror holds in a newer state than the page stays as it is: pages, change feeds and read-backs
# arrive in any order (the ledger's own time decides, not the arrival).
_UPSERT = """
INSERT INTO integrations_ledgerrecord AS r (
  id, tenant_id, connection_id, resource, remote_type, external_id, unified, raw, content_hash, version, modified_at,
  deleted_at, synced_at, name, number, contact_id_external, contact_name, issued_on, due_on, amount, open_amount,
  currency, status, kind, is_active, search, overlay)
SELECT p.id::uuid, %(tenant)s, %(connection)s, %(resource)s, p.remote_type, p.external_id, p.unified::jsonb,
  p.raw::json, p.content_hash, p.version, p.modified_at::timestamptz, NULL, %(at)s, p.name, p.number,
  p.contact_id_external, p.contact_name, p.issued_on::date, p.due_on::date, p.amount::numeric, p.open_amount::numeric,
  p.currency, p.status, p.kind, p.is_active::boolean, p.search, %(overlay)s
FROM pg_temp.arriving_records p WHERE p.batch = %(batch)s
ON CONFLICT (connection_id, resource, remote_type, external_id) DO UPDATE SET
  unified = excluded.unified, raw = excluded.raw, content_hash = excluded.content_hash, version = excluded.version,
  modified_at = excluded.modified_at, deleted_at = NULL, synced_at = excluded.synced_at, name = excluded.name,
  overlay = excluded.overlay,
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

_UNSEEN = """
r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.resource = %(resource)s
  AND r.deleted_at IS NULL AND r.synced_at < %(since)s AND NOT EXISTS (
    SELECT FROM integrations_seenrecord s WHERE s.sync_run_id = %(run)s AND s.resource = r.resource
      AND s.remote_type = r.remote_type AND s.external_id = r.external_id)
"""
_HAS_UNSEEN = f"SELECT FROM integrations_ledgerrecord r WHERE {_UNSEEN} LIMIT 1"  # noqa: S608 - constants
_DELETE_UNSEEN = f"""
UPDATE integrations_ledgerrecord AS r SET deleted_at = %(at)s, synced_at = %(at)s WHERE {_UNSEEN}
"""  # noqa: S608 - constants


def upsert_page(*, connection: Connection, resource: str, records: Sequence[Record], are_new: bool = False) -> Counts:
    """Store what was read beside a run, inside the caller's transaction; counts rows met, and new or different ones.

    User-defined fields that nobody knew are noticed; a run does so itself, once for all of its pages.
    """
    noticed = Noticed()
    for record in records:
        noticed.see(resource, record.unified)
    noticed.write(connection)
    found = [prepared(resource, record) for record in records]
    return upsert_prepared(connection=connection, resource=resource, page=found, are_new=are_new)


def upsert_prepared(
    *,
    connection: Connection,
    resource: str,
    page: Sequence[Prepared],
    are_new: bool = False,
    meanwhile: Callable[[], object] | None = None,
) -> Counts:
    """Like `upsert_page`, of records that are ready to be stored.

    `are_new`: the mirror holds hardly any of them, so it is not asked first which; what it holds stays as it is.
    `meanwhile` is done while the database stores (see `meanwhile.execute`), if it has to.
    """
    rows = {(each.remote_type, each.external_id): each for each in page}
    if not rows:
        return Counts()
    found = list(rows.values())
    known = _known(connection, resource, () if are_new else found)
    print_ = known.overlay.print if known.overlay else ""
    if known.overlay:
        # Under overrides a row is known by another digest: now it can be told.
        found = [
            each._replace(content=each.content._replace(digest=masked(each.content.digest, print_))) for each in found
        ]
        known = known if are_new else _known(connection, resource, found)
    arriving = [each for place, each in enumerate(found) if place not in known.same]
    if not arriving:
        return Counts(records=len(rows))
    if known.overlay:
        arriving = laid_over_page(known.overlay, arriving)
    batch = arrivals.copy_in(map(_row, arriving), is_there=known.is_way_laid)
    named = {"resource": resource, "batch": batch, "at": timezone.now(), "overlay": print_}
    changed = _execute(_UPSERT, connection, meanwhile, **named)
    return Counts(records=len(rows), changed=changed)


def mark_deleted(*, connection: Connection, gone: Iterable[tuple[str, str, str, datetime | None]]) -> int:
    """Mark records as deleted in the ledger: (resource, remote_type, external_id, when); returns how many were new."""
    now = timezone.now()
    names = ("resource", "remote_type", "external_id", "at")
    rows = [dict(zip(names, (*each[:3], each[3] or now), strict=True)) for each in gone]
    return _execute(_DELETE, connection, gone=_as_json(rows), at=now) if rows else 0


def states(connection: Connection, names: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], State]:
    """What the mirror holds of records named (resource, remote_type, external_id), those that it knows; one query."""
    wanted = set(names)
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, resource__in={name[0] for name in wanted}, external_id__in={name[2] for name in wanted}
    )
    columns = ("resource", "remote_type", "external_id", "content_hash", "modified_at", "deleted_at")
    found = {tuple(row[:3]): State(*row[3:]) for row in rows.values_list(*columns)}
    return {name: found[name] for name in wanted & found.keys()}


def note_seen(*, run: SyncRun, resource: str, keys: Sequence[tuple[str, str]]) -> None:
    """Remember which records, as (kind, id), a full re-read has met, to find afterwards what is gone."""
    names = ("id", "remote_type", "external_id")
    rows = [dict(zip(names, (new_id(), *key), strict=True)) for key in keys]
    if rows:
        _execute(_SEE, run.connection, run=run.pk, resource=resource, page=_as_json(rows))


def has_unseen(*, run: SyncRun, resource: str, since: datetime) -> bool:
    """Whether there is anything that `delete_unseen` would mark."""
    with _joining_as_sets():
        return bool(_execute(_HAS_UNSEEN, run.connection, run=run.pk, resource=resource, since=since))


def delete_unseen(*, run: SyncRun, resource: str, since: datetime) -> int:
    """Mark what a full re-read begun at `since` has not met; rows stored later than that are left alone."""
    with _joining_as_sets():
        return _execute(_DELETE_UNSEEN, run.connection, run=run.pk, resource=resource, since=since, at=timezone.now())


def forget_seen(*, run: SyncRun, resource: str) -> None:
    """What a full re-read has met is of no use after its end."""
    SeenRecord.objects.for_tenant(run.tenant_id).filter(sync_run=run, resource=resource).delete()


def is_settled(modified_at: datetime | None, read_at: datetime) -> bool:
    """Whether a record read then cannot have changed again under the same stamp."""
    return modified_at is not None and read_at > modified_at + SETTLED


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


@dataclass(frozen=True)
class _Known:
    """What the database says before a page is stored."""

    same: frozenset[int]
    """The places of records that the mirror holds just so."""
    overlay: Overlay | None
    is_way_laid: bool


def _known(connection: Connection, resource: str, found: Sequence[Prepared]) -> _Known:
    """One statement; without records it tells only what stands beside them."""
    named: dict[str, Any] = {"tenant": connection.tenant_id, "connection": connection.pk, "resource": resource}
    if found:
        named |= {"keys": _as_json(_keys(found)), "at": timezone.now(), "settled": SETTLED}
    with database.cursor() as cursor:
        cursor.execute(_SAME if found else _BESIDE, named)
        rows = cursor.fetchall()
    rules = sorted((Rule(*rule) for place, *rule in rows if place == _RULE), key=lambda rule: rule.target)
    return _Known(
        frozenset(place for place, *_ in rows if place >= 0),
        Overlay(connection, resource, tuple(rules)) if rules else None,
        any(place == _LAID for place, *_ in rows),
    )


def _keys(found: Sequence[Prepared]) -> list[dict[str, Any]]:
    return [
        {
            "place": place,
            "remote_type": each.remote_type,
            "external_id": each.external_id,
            "content_hash": each.content.digest,
        }
        for place, each in enumerate(found)
    ]


def _row(record: Prepared) -> tuple[str | bytes | None, ...]:
    """The columns of `arrivals`, after the batch."""
    return (arrivals.new_text_id(), *record.content, *record.listed)


def _as_json(value: Any) -> str:
    return without_nul(orjson.dumps(value, default=str)).decode()


@contextmanager
def _joining_as_sets() -> Iterator[None]:
    """Without a loop over all rows for each row: a run's own rows are too new for the planner to know their number."""
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")


def _execute(
    statement: str, connection: Connection, meanwhile: Callable[[], object] | None = None, **values: Any
) -> int:
    named = {"tenant": connection.tenant_id, "connection": connection.pk, **values}
    if meanwhile is not None:
        return execute(statement, named, meanwhile)
    with database.cursor() as cursor:
        cursor.execute(statement, named)
        return int(cursor.rowcount)
