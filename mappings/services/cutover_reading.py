"""What a cut-over compares: documents that nobody has decided on, and ledger records that nothing is linked to."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from integrations.models import CrossReference, LedgerRecord
from mappings.linking import Entry, plain_name
from mappings.models import CutOver, CutOverLink, SourceDocument

RESOURCES = {"sale": "invoices", "purchase": "bills", "expense": "expenses"}
_GONE = ("void", "voided", "deleted")
_CHUNK = 5000
_REMEMBERED = 20_000
_NOBODY: frozenset[str] = frozenset()
_HELD = [SourceDocument.Status.MATCHING, SourceDocument.Status.RECEIVED, SourceDocument.Status.WAITING]


def documents_of(cut_over: CutOver) -> list[Entry]:
    """Documents dated before the start that are neither linked nor decided on, in the order of arrival."""
    rows = SourceDocument.objects.for_tenant(cut_over.tenant_id).filter(cut_over.covered, status__in=_HELD)
    rows = rows.exclude(cut_over_link__state=CutOverLink.State.POST).order_by("id")
    known = {name: frozenset(ids) for name, ids in _contacts(cut_over).items()}
    columns = ("pk", "kind", "number", "external_id", "counterparty", "total", "currency", "issued_on")
    return [
        Entry(
            id=str(pk),
            resource=RESOURCES[kind],
            numbers=_texts(number, external_id),
            contact=(name := _name(counterparty)),
            contacts=known.get(name, _NOBODY),
            amount=_plain(total),
            currency=intern(currency),
            day=day,
        )
        for pk, kind, number, external_id, counterparty, total, currency, day in rows.values_list(*columns).iterator(
            chunk_size=_CHUNK
        )
    ]


def records_of(cut_over: CutOver) -> list[Entry]:
    """Documents of the ledger that no source document has, dated up to a little after the start."""
    return [_entry(row, cut_over) for row in free_records(cut_over).values(*_COLUMNS).iterator(chunk_size=_CHUNK)]


def free_records(cut_over: CutOver) -> Any:
    """Ledger documents of the cut-over's kinds which nothing is linked to."""
    taken = CrossReference.objects.filter(
        connection=OuterRef("connection"),
        resource=OuterRef("resource"),
        remote_type=OuterRef("remote_type"),
        external_id=OuterRef("external_id"),
    )
    rows = LedgerRecord.objects.for_tenant(cut_over.tenant_id).filter(
        connection_id=cut_over.connection_id, resource__in=_resources(cut_over), deleted_at=None
    )
    latest = cut_over.starts_on + timedelta(days=cut_over.days_apart)
    dated = rows.filter(issued_on__lt=latest).exclude(amount=None).exclude(status__in=_GONE)
    return dated.filter(~Exists(taken)).order_by("id")


def _resources(cut_over: CutOver) -> list[str]:
    return [resource for kind, resource in RESOURCES.items() if not cut_over.kinds or kind in cut_over.kinds]


_COLUMNS = (
    "pk",
    "resource",
    "number",
    "contact_id_external",
    "contact_name",
    "amount",
    "currency",
    "issued_on",
    "unified__reference",
)


def _entry(row: dict[str, Any], cut_over: CutOver) -> Entry:
    contact = row["contact_id_external"]
    return Entry(
        id=str(row["pk"]),
        resource=intern(row["resource"]),
        numbers=_texts(row["number"], row["unified__reference"]),
        contact=_name(row["contact_name"]),
        contacts=_alone(contact) if contact else _NOBODY,
        amount=_plain(row["amount"]),
        currency=intern(row["currency"] or cut_over.connection.currency),
        day=row["issued_on"],
    )


def _contacts(cut_over: CutOver) -> dict[str, set[str]]:
    """Which contacts of the ledger a name stands for: by the ledger's own names, and by what people linked before."""
    found: dict[str, set[str]] = defaultdict(set)
    contacts = LedgerRecord.objects.for_tenant(cut_over.tenant_id).filter(
        connection_id=cut_over.connection_id, resource="contacts", deleted_at=None
    )
    named = contacts.values_list("external_id", "name", "unified__company_name").iterator(chunk_size=_CHUNK)
    for external_id, *names in named:
        _add(found, external_id, names)
    links = CutOverLink.objects.for_tenant(cut_over.tenant_id).filter(cut_over=cut_over, state=CutOverLink.State.LINKED)
    aliases = links.exclude(record__contact_id_external="").exclude(record=None)
    for external_id, name in aliases.values_list("record__contact_id_external", "document__counterparty").distinct():
        _add(found, external_id, [name])
    return found


def _add(found: dict[str, set[str]], external_id: str, names: Iterable[str | None]) -> None:
    for name in names:
        if name and (plain := plain_name(name)):
            found[plain].add(external_id)


def _texts(*texts: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


# Of a hundred thousand documents few name another contact or amount than all others: what is equal is kept once.


@lru_cache(maxsize=_REMEMBERED)
def _plain(amount: Decimal) -> Decimal:
    return amount.normalize()


@lru_cache(maxsize=_REMEMBERED)
def _name(text: str) -> str:
    return plain_name(text)


@lru_cache(maxsize=_REMEMBERED)
def _alone(contact: str) -> frozenset[str]:
    return frozenset({contact})


def candidates_of(links: Collection[CutOverLink]) -> dict[UUID, list[tuple[LedgerRecord, dict[str, Any]]]]:
    """By link: the ledger's records that it may be, best first, each with `confidence` and `reasons`; one query."""
    wanted = {each["record"] for link in links for each in link.candidates}
    rows = LedgerRecord.objects.filter(pk__in=wanted, deleted_at=None).defer("raw", "unified") if wanted else ()
    found = {str(row.pk): row for row in rows}
    return {
        link.pk: [(found[each["record"]], each) for each in link.candidates if each["record"] in found]
        for link in links
    }
