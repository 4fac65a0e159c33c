"""Differences between the portal and its ledgers as rows: found, found again, gone again.

A difference has a key. Finding it again updates its open row; finding it gone closes the row. What somebody ignored or
accepted stays decided for as long as it says the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from integrations.models import Connection, Discrepancy, LedgerRecord, Posting

Status = Discrepancy.Status

# A decision holds while the difference says the same; what was sent again is looked at anew.
_DECIDED = (Status.IGNORED, Status.ACCEPTED)


@dataclass(frozen=True)
class Finding:
    """One difference as it was found.

    `differences`: [{"field", "label", "ours", "theirs"}], in words of the books; `proposal`: {"action", "text"}.
    """

    kind: str
    key: str
    resource: str = ""
    record: LedgerRecord | None = None
    posting: Posting | None = None
    differences: Sequence[dict[str, Any]] = ()
    proposal: dict[str, Any] = field(default_factory=dict)


def report(
    *,
    connection: Connection,
    kind: str,
    key: str,
    resource: str,
    record: LedgerRecord | None = None,
    posting: Posting | None = None,
    differences: Sequence[dict[str, Any]],
    proposal: dict[str, Any],
) -> Discrepancy:
    """Write down a difference, in the caller's tenant transaction; the row that says so already is returned instead."""
    finding = Finding(kind, key, resource, record, posting, differences, proposal)
    return report_all(connection=connection, findings=[finding])[0]


def report_all(*, connection: Connection, findings: Iterable[Finding]) -> list[Discrepancy]:
    """The same for many, in a number of queries that does not depend on how many; in the order of the findings."""
    found = {finding.key: finding for finding in findings}
    if not found:
        return []
    rows = _rows(connection, found)
    now = timezone.now()
    again = [rows[key] for key in found if key in rows]
    for row in again:
        row.seen_at = now
        if row.status == Status.OPEN:
            _fill(row, found[row.key])
    Discrepancy.objects.bulk_update(again, ["seen_at", *_COLUMNS], batch_size=500)
    fresh = [_new(connection, finding) for key, finding in found.items() if key not in rows]
    # Somebody else may be finding the same at this moment: one of the two rows is enough.
    Discrepancy.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    rows |= _rows(connection, {row.key: found[row.key] for row in fresh})
    return [rows[key] for key in found]


def resolve_gone(*, connection: Connection, keys: Collection[str]) -> int:
    """Close the open differences of these keys: they are not there any more; returns how many there were."""
    if not keys:
        return 0
    now = timezone.now()
    rows = Discrepancy.objects.for_tenant(connection.tenant_id).filter(connection=connection, key__in=list(keys)).open()
    return rows.update(status=Status.RESOLVED, decided_at=now, seen_at=now, reason="Gone when it was next looked at.")


_COLUMNS = ("kind", "resource", "record", "posting", "differences", "proposal")


def _rows(connection: Connection, found: dict[str, Finding]) -> dict[str, Discrepancy]:
    """The row of each key that speaks of the same difference: the open one, or a decision on what is found again."""
    rows = Discrepancy.objects.for_tenant(connection.tenant_id).filter(connection=connection, key__in=list(found))
    known: dict[str, Discrepancy] = {}
    for row in rows.filter(status__in=(Status.OPEN, *_DECIDED)).select_for_update().order_by("id"):
        if row.status == Status.OPEN or _says(row.kind, row.differences) == _says(
            found[row.key].kind, found[row.key].differences
        ):
            known[row.key] = row
        else:
            known.pop(row.key, None)
    return known


def _new(connection: Connection, finding: Finding) -> Discrepancy:
    row = Discrepancy(tenant_id=connection.tenant_id, connection=connection, key=finding.key)
    _fill(row, finding)
    return row


def _fill(row: Discrepancy, finding: Finding) -> None:
    for name in _COLUMNS:
        value = getattr(finding, name)
        setattr(row, name, list(value) if name == "differences" else value)


def _says(kind: str, differences: Sequence[dict[str, Any]]) -> bytes:
    as_stored = DjangoJSONEncoder().encode([kind, list(differences)])
    return orjson.dumps(orjson.loads(as_stored), option=orjson.OPT_SORT_KEYS)
