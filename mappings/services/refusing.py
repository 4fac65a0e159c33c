"""“Not this”: suggestions that somebody said no to are not made again, until the refusal is taken back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from integrations.models import Connection, LedgerRecord
from mappings.models import RefusedSuggestion, SourceValue
from mappings.services.targets import name_of
from mappings.services.versions import VersionError
from mappings.transform.fit import RESOURCES
from tenants.models import User


@dataclass(frozen=True)
class Refusal:
    """For this word, not that record of the ledger; `name` is for people."""

    subject: str
    side: str
    value: str
    external_id: str
    name: str = ""

    @property
    def use(self) -> tuple[str, str, str]:
        """The word it is about."""
        return (self.subject, self.side, self.value)


def refuse(*, connection: Connection, refusals: Iterable[Refusal], by: User) -> None:
    """Never suggest these records for these words again; said twice is said once. Inside the tenant's scope.

    VersionError when one of them is no record of this connection's ledger.
    """
    wanted = list(refusals)
    known = _names(connection, wanted)
    if any((RESOURCES[each.subject], each.external_id) not in known for each in wanted):
        raise VersionError("That record is not in this ledger any more; reload the page.")
    rows = [
        RefusedSuggestion(
            tenant_id=connection.tenant_id,
            connection=connection,
            subject=each.subject,
            side=each.side,
            value=each.value,
            external_id=each.external_id,
            refused_by=by,
        )
        for each in wanted
    ]
    RefusedSuggestion.objects.bulk_create(rows, ignore_conflicts=True)


def take_back(*, connection: Connection, refusals: Iterable[Refusal]) -> int:
    """Let these records be suggested for these words again; returns how many had been refused."""
    wanted = {(each.use, each.external_id) for each in refusals}
    rows = RefusedSuggestion.objects.for_tenant(connection.tenant_id).filter(
        connection=connection, value__in={use[2] for use, _ in wanted}, external_id__in={each for _, each in wanted}
    )
    gone = [row.pk for row in rows if ((row.subject, row.side, row.value), row.external_id) in wanted]
    return RefusedSuggestion.objects.for_tenant(connection.tenant_id).filter(pk__in=gone).delete()[0]


def refused_of(
    connection: Connection, sources: Collection[SourceValue] | None = None
) -> Mapping[tuple[str, str, str], list[Refusal]]:
    """What was refused for some words (None: all of the connection), with names; two queries."""
    rows = RefusedSuggestion.objects.for_tenant(connection.tenant_id).filter(connection=connection).order_by("id")
    rows = rows if sources is None else rows.filter(value__in={each.value for each in sources})
    found = [Refusal(row.subject, row.side, row.value, row.external_id) for row in rows]
    names, by_use = _names(connection, found), dict[tuple[str, str, str], list[Refusal]]()
    for each in found:
        name = names.get((RESOURCES[each.subject], each.external_id), "a record that is gone")
        by_use.setdefault(each.use, []).append(Refusal(*each.use, each.external_id, name))
    return by_use


def _names(connection: Connection, refusals: Iterable[Refusal]) -> dict[tuple[str, str], str]:
    wanted = {(RESOURCES[each.subject], each.external_id) for each in refusals}
    if not wanted:
        return {}
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(
        connection=connection,
        resource__in={resource for resource, _ in wanted},
        external_id__in={external_id for _, external_id in wanted},
    )
    return {(row.resource, row.external_id): name_of(row) for row in rows.defer("raw", "search")}
