"""Likely records for the words of a connection, from its own ledger and from what this tenant chose before.

The ledger is prepared once while it stays as it is; what was learned is read anew each time and never kept beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q

from integrations.models import Connection, LedgerRecord
from mappings.models import SourceValue
from mappings.services.learning import knowledge_of, refusals_of
from mappings.services.targets import target_of
from mappings.suggest import Candidate, Knowledge, Suggester, Suggestion
from mappings.suggesting.learned import Memory
from mappings.transform.fit import RESOURCES, kinds_for, misfit


@dataclass(frozen=True)
class _Chart:
    # Records change only together with their `synced_at`, and leave by `deleted_at`: this names the state of a chart.
    tenant_id: UUID
    connection_id: UUID
    country: str
    records: int
    active: int
    synced_at: datetime | None


class Suggesters:
    """The suggesters of one connection, one for each subject and side; made when first asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._charts: dict[str, _Chart] = {}
        self._taught: dict[tuple[str, str], Suggester] = {}

    def exact(self, source: SourceValue) -> Suggestion | None:
        """The record with the very same code or name, unless somebody said no to it."""
        found, refused = self._of(source).exact(source.value), self._refused.get((source.subject, source.side))
        is_refused = found and refused and found.candidate.external_id in refused.refused(source.value)
        return None if is_refused else found

    def best(self, source: SourceValue) -> Suggestion | None:
        """The likeliest record, or None when nothing is near enough."""
        use = (source.subject, source.side)
        if use not in self._taught:
            self._taught[use] = self._of(source).taught(knowledge_of(self._connection, *use))
        return self._taught[use].suggest(source.value)

    def _of(self, source: SourceValue) -> Suggester:
        return _prepared(self._chart(RESOURCES[source.subject]), source.subject, source.side)

    @cached_property
    def _refused(self) -> dict[tuple[str, str], Memory]:
        return {use: Memory((), pairs) for use, pairs in refusals_of(self._connection).items()}

    def _chart(self, resource: str) -> _Chart:
        if resource not in self._charts:
            rows = LedgerRecord.objects.for_tenant(self._connection.tenant_id).of(self._connection, resource)
            state = rows.aggregate(
                records=Count("id"), active=Count("id", filter=Q(is_active=True)), synced_at=Max("synced_at")
            )
            self._charts[resource] = _Chart(
                self._connection.tenant_id, self._connection.pk, self._connection.country, **state
            )
        return self._charts[resource]


def suggest_for(connection: Connection, sources: Iterable[SourceValue]) -> dict[UUID, Suggestion | None]:
    """The likeliest record for each word."""
    suggesters = Suggesters(connection)
    return {source.pk: suggesters.best(source) for source in sources}


@lru_cache(maxsize=32)
def _prepared(chart: _Chart, subject: str, side: str) -> Suggester:
    rows = LedgerRecord.objects.for_tenant(chart.tenant_id).filter(
        connection_id=chart.connection_id, resource=RESOURCES[subject], deleted_at=None, is_active=True
    )
    kinds = kinds_for(subject, side)
    fitting = (rows.filter(kind__in=kinds) if kinds else rows).defer("raw", "search").order_by("id")
    candidates = [_candidate(row) for row in fitting if not misfit((subject, side, ""), target_of(row))]
    return Suggester(candidates, Knowledge(subject, side, chart.country))


def _candidate(record: LedgerRecord) -> Candidate:
    unified: dict[str, Any] = record.unified
    rate = unified.get("rate")
    return Candidate(
        external_id=record.external_id,
        name=record.name or str(unified.get("name") or ""),
        code=str(unified.get("code") or ""),
        full_name=str(unified.get("full_name") or ""),
        percent=None if rate is None else Decimal(str(rate)),
        kind=record.kind,
        currency=record.currency,
    )
