"""Mappings taken over from another connection of the tenant, or from a chart supplied as data, into a draft.

Records are found anew in this ledger by code and name; what is mapped already stays; what is not found is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, ValueMapping
from mappings.services.assigning import Assignment, assign
from mappings.services.differences import values_of
from mappings.services.drafts import Evidence
from mappings.services.targets import target_of
from mappings.services.versions import VersionError, Word, active_set, open_set, word_of
from mappings.transform.fit import RESOURCES, misfit
from tenants.models import User

CHARTS = Path(__file__).resolve().parent.parent / "charts"


@dataclass(frozen=True)
class Wanted:
    """A word, the names or codes its record may have (the first that is found wins), and the percentage of a tax."""

    word: Word
    names: tuple[str, ...]
    percent: Decimal | None = None


@dataclass
class Copied:
    """What came of it: words taken, words that had a meaning already, and words whose record this ledger lacks."""

    taken: int = 0
    kept: int = 0
    missing: list[str] = field(default_factory=list)


def charts() -> dict[str, str]:
    """The supplied charts: name → title."""
    return {path.stem: _read(path)["title"] for path in sorted(CHARTS.glob("*.yaml"))}


def copy_from_chart(*, draft: MappingSet, chart: str, by: User) -> Copied:
    """Take over a supplied chart; VersionError when there is none of that name."""
    if chart not in charts():
        raise VersionError(f"There is no chart “{chart}”. There are: {', '.join(charts())}.")
    read = _read(CHARTS / f"{chart}.yaml")
    return _copy(draft, _wanted(read["words"]), f"From the chart “{read['title']}”", by)


def copy_from_connection(*, draft: MappingSet, source: Connection, by: User) -> Copied:
    """Take over what another connection's active version (else its open one) says of plain words."""
    version = active_set(source) or open_set(source)
    if version is None or source.pk == draft.connection_id:
        raise VersionError(f"{source} has no mappings that could be copied.")
    rows = [row for row in values_of(version).values() if not row.conditions and row.effective_from is None]
    named = _names_there(source, rows)
    wanted = [Wanted(word_of(row), named.get(row.target_key, (row.target_name,))) for row in rows]
    return _copy(draft, wanted, f"As in {source}", by)


def _copy(draft: MappingSet, wanted: Iterable[Wanted], why: str, by: User) -> Copied:
    known, found, assignments = values_of(draft), Copied(), []
    ledger = _Ledger(draft.connection)
    for each in wanted:
        if each.word in known:
            found.kept += 1
        elif record := ledger.find(each):
            assignments.append(Assignment(each.word, record.external_id, Evidence(None, why)))
        else:
            found.missing.append(each.word.value or "default")
    if assignments:
        found.taken = assign(draft=draft, assignments=assignments, by=by)
    return found


class _Ledger:
    """This connection's records that may be chosen, by code and by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._records: dict[str, list[LedgerRecord]] = {}
        self._by_name: dict[str, dict[str, list[LedgerRecord]]] = {}

    def find(self, wanted: Wanted) -> LedgerRecord | None:
        resource = RESOURCES[wanted.word.subject]
        if resource not in self._records:
            self._read(resource)
        for name in wanted.names:
            fitting = self._fitting(wanted.word, self._by_name[resource].get(name.casefold(), []))
            if len(fitting) == 1:
                return fitting[0]
        return self._by_percent(wanted, resource)

    def _by_percent(self, wanted: Wanted, resource: str) -> LedgerRecord | None:
        if wanted.percent is None:
            return None
        same = [each for each in self._records[resource] if _percent(each) == wanted.percent]
        fitting = self._fitting(wanted.word, same)
        return fitting[0] if len(fitting) == 1 else None

    def _fitting(self, word: Word, records: list[LedgerRecord]) -> list[LedgerRecord]:
        use = (word.subject, word.side, word.value)
        return [each for each in records if not misfit(use, target_of(each))]

    def _read(self, resource: str) -> None:
        rows = LedgerRecord.objects.for_tenant(self._connection.tenant_id).of(self._connection, resource)
        self._records[resource] = list(rows.filter(is_active=True).defer("raw", "search"))
        names: dict[str, list[LedgerRecord]] = {}
        for record in self._records[resource]:
            for name in _names(record):
                names.setdefault(name.casefold(), []).append(record)
        self._by_name[resource] = names


def _names_there(source: Connection, rows: list[ValueMapping]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    records = LedgerRecord.objects.for_tenant(source.tenant_id).filter(
        connection=source,
        resource__in={row.target_resource for row in rows},
        external_id__in={row.target_external_id for row in rows},
    )
    return {
        (each.resource, each.remote_type, each.external_id): _names(each) for each in records.defer("raw", "search")
    }


def _names(record: LedgerRecord) -> tuple[str, ...]:
    unified = record.unified
    texts = (unified.get("code"), unified.get("full_name"), record.name, unified.get("name"))
    return tuple(dict.fromkeys(str(text) for text in texts if text))


def _percent(record: LedgerRecord) -> Decimal | None:
    rate = record.unified.get("rate")
    return None if rate is None else Decimal(str(rate))


def _wanted(rows: list[dict[str, Any]]) -> list[Wanted]:
    return [
        Wanted(
            Word(row["subject"], row["side"], str(word)),
            tuple(str(name) for name in row.get("names", ())),
            Decimal(str(row["percent"])) if "percent" in row else None,
        )
        for row in rows
        for word in row["values"]
    ]


@cache
def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    return read
