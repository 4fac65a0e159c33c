"""The health watch: what the active version points at, held against what was agreed on, before the next posting fails.

Run after a sync, after an approval and every quarter of an hour; a handful of queries a connection, however many rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import DocumentValue, HealthFinding, HealthWatch, SourceDocument, ValueMapping, WatchedTarget
from mappings.services.health_impact import impact_by_target
from mappings.services.targets import name_of
from mappings.services.versions import active_set
from tenants.models import User
from tenants.rls import tenant_scope

Kind = HealthFinding.Kind
Status = HealthFinding.Status
Target = tuple[str, str, str]
"""(resource, remote type, external id)."""

_SHOWN_WORDS = 8
_COMPARED = {"kind": Kind.RETYPED, "currency": Kind.CURRENCY, "rate": Kind.RATE, "name": Kind.RENAMED}
_COLUMNS = ("name", "was", "now", "words", "word_count", "documents", "waiting", "seen_at")


@dataclass
class _Found:
    kind: str
    key: str
    subject: str
    name: str
    was: str = ""
    now: str = ""
    side: str = ""
    target: Target = ("", "", "")
    words: list[dict[str, str]] = field(default_factory=list)
    documents: int = 0
    waiting: int = 0


def watch(tenant_id: UUID | str, connection_id: UUID | str) -> int:
    """Look at one connection's mappings now; returns how many findings are open."""
    with tenant_scope(tenant_id):
        rows = Connection.objects.for_tenant(UUID(str(tenant_id)))
        connection = rows.select_for_update(of=("self",), no_key=True).filter(pk=connection_id).first()
        return look(connection) if connection else 0


def look(connection: Connection) -> int:
    """The same inside the tenant's transaction."""
    now = timezone.now()
    version = active_set(connection)
    mappings = (
        list(ValueMapping.objects.for_tenant(connection.tenant_id).filter(mapping_set=version)) if version else []
    )
    changed = list(_changed(connection, mappings))
    found = [*changed, *_unmapped(connection, _told(changed))]
    _store(connection, found, now)
    HealthWatch.objects.update_or_create(
        tenant_id=connection.tenant_id, connection=connection, defaults={"checked_at": now}
    )
    return len(found)


def agree(*, finding: HealthFinding, by: User) -> None:
    """Go on with the record as it is now: later changes are held against it. ValidationError when impossible."""
    with transaction.atomic():
        rows = HealthFinding.objects.for_tenant(finding.tenant_id).select_for_update()
        row = rows.get(pk=finding.pk)
        if not row.may_be_agreed_to:
            raise ValidationError("This cannot be agreed to: map its values to another record, or restore it.")
        watched = WatchedTarget.objects.for_tenant(row.tenant_id).select_for_update()
        target = watched.filter(
            connection_id=row.connection_id,
            resource=row.resource,
            remote_type=row.remote_type,
            external_id=row.external_id,
        ).first()
        if target is not None:
            field_name = next(name for name, kind in _COMPARED.items() if kind == row.kind)
            target.known = {**target.known, field_name: row.now}
            target.agreed_at = timezone.now()
            target.save(update_fields=["known", "agreed_at"])
        row.status, row.decided_by, row.decided_at = Status.ACCEPTED, by, timezone.now()
        row.save(update_fields=["status", "decided_by", "decided_at"])


def _changed(connection: Connection, mappings: list[ValueMapping]) -> list[_Found]:
    uses: dict[Target, list[ValueMapping]] = defaultdict(list)
    for row in mappings:
        uses[(row.target_resource, row.target_remote_type, row.target_external_id)].append(row)
    present = _present(connection, uses)
    known = _known(connection, uses, present)
    found = [each for target, rows in uses.items() for each in _differences(target, rows, present, known[target])]
    impact = impact_by_target(connection, {each.target for each in found}) if found else {}
    for each in found:
        each.documents, each.waiting = impact.get(each.target, (0, 0))
    return found


def _present(connection: Connection, wanted: Collection[Target]) -> dict[Target, LedgerRecord]:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(
        connection=connection,
        resource__in={target[0] for target in wanted},
        external_id__in={target[2] for target in wanted},
    )
    found = {(row.resource, row.remote_type, row.external_id): row for row in rows.defer("raw", "search")}
    return {target: found[target] for target in wanted if target in found}


def _known(
    connection: Connection, uses: Mapping[Target, list[ValueMapping]], present: Mapping[Target, LedgerRecord]
) -> dict[Target, dict[str, str]]:
    """What each target was when last agreed on; those mapped since the last look are taken as they are now."""
    rows = WatchedTarget.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    stored = {(row.resource, row.remote_type, row.external_id): row for row in rows}
    # Chosen again since: whoever did saw the record as it was then.
    old = {target for target, row in stored.items() if target in uses and _chosen_at(uses[target]) > row.agreed_at}
    rows.filter(pk__in=[row.pk for target, row in stored.items() if target not in uses or target in old]).delete()
    fresh = [_watched(connection, target, uses[target], present) for target in (uses.keys() - stored.keys()) | old]
    WatchedTarget.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    known = {target: row.known for target, row in stored.items()}
    known |= {(row.resource, row.remote_type, row.external_id): row.known for row in fresh}
    return {target: known[target] for target in uses}


def _chosen_at(rows: list[ValueMapping]) -> datetime:
    return max(row.changed_at for row in rows)


def _watched(
    connection: Connection, target: Target, rows: list[ValueMapping], present: Mapping[Target, LedgerRecord]
) -> WatchedTarget:
    resource, remote_type, external_id = target
    # The name that was chosen from: a record renamed before the first look is renamed all the same.
    name = max(rows, key=lambda row: row.changed_at).target_name
    return WatchedTarget(
        tenant_id=connection.tenant_id,
        connection=connection,
        resource=resource,
        remote_type=remote_type,
        external_id=external_id,
        known={**(_facts(present[target]) if target in present else {}), "name": name},
    )


def _facts(record: LedgerRecord) -> dict[str, str]:
    unified: dict[str, Any] = record.unified
    rate = unified.get("rate")
    return {
        "name": name_of(record)[:300],
        "kind": record.kind or str(unified.get("type") or unified.get("applies_to") or ""),
        "currency": record.currency or str(unified.get("currency") or ""),
        "rate": "" if rate is None else f"{Decimal(str(rate)).normalize():f}",
    }


def _differences(
    target: Target, rows: list[ValueMapping], present: Mapping[Target, LedgerRecord], known: Mapping[str, str]
) -> Iterable[_Found]:
    record = present.get(target)
    name = str(known.get("name", ""))
    if record is None or record.deleted_at is not None:
        yield _finding(Kind.GONE, target, rows, name, "in the ledger", "deleted")
        return
    if not record.is_active:
        yield _finding(Kind.ARCHIVED, target, rows, name, "active", "archived")
    for fact, value in _facts(record).items():
        # A fact that was not known when it was agreed on cannot have changed.
        if fact in known and known[fact] != value:
            yield _finding(_COMPARED[fact], target, rows, name, known[fact], value)


def _finding(kind: str, target: Target, rows: list[ValueMapping], name: str, was: str, now: str) -> _Found:
    words = [{"subject": row.subject, "side": row.side, "value": row.value} for row in rows]
    key = f"{kind}:{':'.join(target)}"
    return _Found(kind, key[:200], rows[0].subject, name, was, now, rows[0].side, target, words)


def _told(found: list[_Found]) -> set[tuple[str, str, str]]:
    """Values whose record is said to be unusable already: they have a mapping, and are not told of twice."""
    broken = [each for each in found if each.kind in (Kind.GONE, Kind.ARCHIVED)]
    return {(word["subject"], word["side"], word["value"]) for each in broken for word in each.words}


def _unmapped(connection: Connection, told: set[tuple[str, str, str]]) -> list[_Found]:
    """Values that keep documents waiting, by subject and side, but for those that were told of."""
    uses = DocumentValue.objects.for_tenant(connection.tenant_id).filter(
        is_missing=True,
        document__connection=connection,
        document__status=SourceDocument.Status.WAITING,
    )
    rows = uses.values_list("source_value__subject", "source_value__side", "source_value__value", "document_id")
    words: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    documents: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for subject, side, value, document in rows.iterator():
        if (subject, side, value) in told:
            continue
        words[(subject, side)][value] += 1
        documents[(subject, side)].add(document)
    found = []
    for (subject, side), counts in words.items():
        values = sorted(counts, key=lambda value: (-counts[value], value))
        name = f"{len(values)} {'value' if len(values) == 1 else 'values'}"
        named = [{"subject": subject, "side": side, "value": value} for value in values]
        count = len(documents[(subject, side)])
        shown = ", ".join(values[:3])[:300]
        key = f"{Kind.UNMAPPED}:{subject}:{side}"
        found.append(
            _Found(Kind.UNMAPPED, key, subject, name, "", shown, side, words=named, documents=count, waiting=count)
        )
    return found


def _store(connection: Connection, found: list[_Found], now: datetime) -> None:
    """Open rows are updated, new ones made, those not found any more closed; three queries and one for each 500."""
    rows = HealthFinding.objects.for_tenant(connection.tenant_id).filter(connection=connection).open()
    stored = {row.key: row for row in rows.select_for_update()}
    again: list[HealthFinding] = []
    fresh: list[HealthFinding] = []
    for each in found:
        row = stored.pop(each.key, None)
        is_new = row is None
        row = row or _new(connection, each)
        row.name, row.was, row.now = each.name[:300], each.was[:300], each.now[:300]
        row.words, row.word_count = each.words[:_SHOWN_WORDS], len(each.words)
        row.documents, row.waiting, row.seen_at = each.documents, each.waiting, now
        (fresh if is_new else again).append(row)
    HealthFinding.objects.bulk_update(again, _COLUMNS, batch_size=500)
    HealthFinding.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    gone = [row.pk for row in stored.values()]
    if gone:
        rows.filter(pk__in=gone).update(status=Status.RESOLVED, decided_at=now, seen_at=now)


def _new(connection: Connection, each: _Found) -> HealthFinding:
    resource, remote_type, external_id = each.target
    return HealthFinding(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=each.kind,
        key=each.key,
        subject=each.subject,
        side=each.side,
        resource=resource,
        remote_type=remote_type,
        external_id=external_id,
    )
