"""Documents that refer to earlier ones: what those became, and who is set free when they arrive."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from integrations.models import Connection, LedgerRecord, Posting
from mappings.models import CutOverLink, SourceDocument
from mappings.models.documents import ORIGIN
from mappings.transform import Document
from mappings.transform.kinds import KINDS
from mappings.transform.practice import Linked

_Status = SourceDocument.Status
_IN_PLACE = (_Status.MAPPED, _Status.LINKED)
_GONE = (Posting.Status.CANCELLED,)


def links_of(connection: Connection, source: Document) -> dict[str, Linked]:
    """The documents that this one names, as far as they are on their way or in the ledger."""
    return links_of_all(connection, [source])


def links_of_all(connection: Connection, sources: Iterable[Document]) -> dict[str, Linked]:
    """The same for several documents at once, in one query."""
    keys = {each.key for source in sources for each in source.earlier}
    rows = named(connection, keys).filter(status__in=_IN_PLACE) if keys else ()
    return {row.key: _linked(row) for row in rows}


def rates_of(connection: Connection, source: Document) -> dict[str, Decimal | None]:
    """Home units for one unit at which the named documents stand in the ledger, where it has told."""
    return {key: found.rate for key, found in links_of(connection, source).items()}


def ids_of(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[Any, Posting | None]]:
    """For each named document the id to write (its posting's placeholder, or the ledger's), and its last write."""
    found: dict[str, tuple[Any, Posting | None]] = {}
    wanted = list(keys)
    for row in named(connection, wanted) if wanted else ():
        if row.status == _Status.LINKED:
            link = CutOverLink.objects.for_tenant(row.tenant_id).get(document=row)
            found[row.key] = (link.external_id, None)
            continue
        writes = list(
            Posting.objects.for_tenant(row.tenant_id)
            .of_origin(ORIGIN, row.pk)
            .filter(reverses=None)
            .exclude(status__in=_GONE)
        )
        resource = _resource(row)
        first = next(each for each in writes if each.operation == "create" and each.resource == resource)
        # Always the posting and never its id: so it is told apart who changes this document, and in which order.
        # A draft is approved by a posting that follows by itself: only then it can be settled.
        approval = Posting.objects.for_tenant(row.tenant_id).of_origin("approval", first.pk).last()
        found[row.key] = ({"posting": str(first.pk)}, approval or writes[-1])
    return found


def mark_linked(ids: Sequence[UUID | str]) -> None:
    """Documents that a cut-over has found in the ledger; what waits for them is set free."""
    rows = SourceDocument.objects.filter(pk__in=ids)
    rows.update(status=_Status.LINKED)
    keys: dict[UUID, list[str]] = {}
    for row in rows.only("connection_id", "source", "external_id"):
        keys.setdefault(row.connection_id, []).append(row.key)
    for connection_id, found in keys.items():
        _set_free(connection_id, found)


def set_free(document: SourceDocument) -> int:
    """Let those look again that wait for this document; returns how many."""
    return _set_free(document.connection_id, [document.key])


def _set_free(connection_id: UUID, keys: list[str]) -> int:
    waiting = SourceDocument.objects.waiting().filter(connection_id=connection_id, names__overlap=keys)
    waiting = waiting.exclude(names=[]).filter(waits_for=SourceDocument.WaitsFor.EARLIER)
    return waiting.update(status=_Status.RECEIVED, waits_for=SourceDocument.WaitsFor.NOTHING)


def named(connection: Connection, keys: Iterable[str]) -> QuerySet[SourceDocument]:
    """The documents of those keys, in the order they came."""
    wanted = Q(pk=None)
    for key in keys:
        source, _, external_id = key.partition(":")
        wanted |= Q(source=source, external_id=external_id)
    return (
        SourceDocument.objects.for_tenant(connection.tenant_id)
        .filter(wanted, connection=connection)
        .select_related("connection")
    )


def _linked(row: SourceDocument) -> Linked:
    resource = _resource(row)
    return Linked(
        kind=row.kind,
        resource=resource,
        currency=row.currency,
        total=row.total,
        counterparty=row.counterparty,
        rate=_rate(row, resource),
        what=str(row),
    )


def _resource(row: SourceDocument) -> str:
    return KINDS[row.kind].becomes[row.side]


def _rate(row: SourceDocument, resource: str) -> Decimal | None:
    if row.currency == row.connection.currency:
        return Decimal(1)
    # Some ledgers take no rate with a payment, or round it: what they tell is what their books have.
    said = row.body.get("exchange_rate")
    return rate_in_ledger(row, resource) or (Decimal(said) if said else None)


def rate_in_ledger(row: SourceDocument, resource: str) -> Decimal | None:
    """Home units for one unit at which a document's record stands in the ledger, as it was read back."""
    posted = Posting.objects.for_tenant(row.tenant_id).of_origin(ORIGIN, row.pk).filter(resource=resource)
    record = LedgerRecord.objects.filter(postings__in=posted, resource=resource).first()
    rate = record.unified.get("exchange_rate") if record else None
    return Decimal(str(rate)) if rate else None
