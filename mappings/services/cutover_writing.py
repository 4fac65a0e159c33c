"""What a cut-over writes: links with their cross-references, and what is laid before a person; a batch at a time."""

from uuid import UUID

from django.utils import timezone

from integrations.models import CrossReference, LedgerRecord
from mappings.linking import Found, Pair
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services.cutover_reading import free_records
from mappings.services.earlier import mark_linked
from tenants.models import User

_State = CutOverLink.State
_Status = SourceDocument.Status


def write(cut_over: CutOver, ids: list[str], found: Found) -> None:
    """One batch: what is sure is linked both ways, the rest is laid before a person; what moved meanwhile is left."""
    held = SourceDocument.objects.filter(pk__in=ids, status=_Status.MATCHING).select_for_update(of=("self",))
    rows = list(held.order_by("id").values_list("pk", flat=True))
    still = set(map(str, rows))
    undone = CutOverLink.objects.filter(cut_over=cut_over, document__in=rows, is_kept_open=True)
    for document in {str(pk) for pk in undone.values_list("document_id", flat=True)} & set(found.sure):
        found.doubt(document)
    pairs = {document: found.sure[document] for document in still if document in found.sure}
    linked = _link_all(cut_over, pairs)
    links = [_laid_out(cut_over, document, found) for document in sorted(still - set(linked))]
    _save([*linked.values(), *links], "proposal", "confidence", "candidates", "is_ambiguous")
    mark_linked(list(linked))


def accept(cut_over: CutOver, ids: list[UUID], *, by: User | None) -> int:
    """One batch of proposals that a person accepts; returns how many were still open, and free, and are linked now."""
    held = SourceDocument.objects.filter(cut_over_link__in=ids, status=_Status.MATCHING).select_for_update(of=("self",))
    still = list(held.order_by("id").values_list("pk", flat=True))
    links = (
        CutOverLink.objects.filter(cut_over=cut_over, document__in=still).acceptable().select_for_update(of=("self",))
    )
    free = set(free_records(cut_over).filter(pk__in=links.values("proposal_id")).values_list("pk", flat=True))
    pairs = {
        str(link.document_id): Pair(
            str(link.document_id),
            str(link.proposal_id),
            link.confidence,
            (*link.reasons, "A person accepted it."),
            False,
        )
        for link in links
        if link.proposal_id in free
    }
    linked = _link_all(cut_over, pairs)
    for link in linked.values():
        link.decided_by, link.decided_at = by, timezone.now()
    _save(list(linked.values()), "decided_by", "decided_at")
    mark_linked(list(linked))
    return len(linked)


def _save(links: list[CutOverLink], *fields: str) -> None:
    CutOverLink.objects.bulk_create(
        links, update_conflicts=True, unique_fields=["document"], update_fields=[*_LINK_FIELDS, *fields]
    )


_LINK_FIELDS = ("state", "record", "resource", "remote_type", "external_id", "reasons")


def _link_all(cut_over: CutOver, pairs: dict[str, Pair]) -> dict[str, CutOverLink]:
    """Cross-references for the pairs; a record that got one from elsewhere meanwhile is not linked."""
    rows = LedgerRecord.objects.for_tenant(cut_over.tenant_id).filter(
        pk__in=[pair.record for pair in pairs.values()], deleted_at=None
    )
    records = {str(row.pk): row for row in rows.defer("raw", "unified")}
    wanted = {document: records[pair.record] for document, pair in pairs.items() if pair.record in records}
    CrossReference.objects.bulk_create(
        [_reference(cut_over, document, record) for document, record in wanted.items()], ignore_conflicts=True
    )
    mine = CrossReference.objects.for_tenant(cut_over.tenant_id).filter(
        connection_id=cut_over.connection_id, local_kind=ORIGIN, local_id__in=list(wanted)
    )
    made = set(mine.values_list("local_id", "external_id"))
    return {
        document: _linked(cut_over, document, record, pairs[document])
        for document, record in wanted.items()
        if (document, record.external_id) in made
    }


def _reference(cut_over: CutOver, document: str, record: LedgerRecord) -> CrossReference:
    return CrossReference(
        tenant_id=cut_over.tenant_id,
        connection_id=cut_over.connection_id,
        local_kind=ORIGIN,
        local_id=document,
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
    )


def _linked(cut_over: CutOver, document: str, record: LedgerRecord, pair: Pair) -> CutOverLink:
    return CutOverLink(
        tenant_id=cut_over.tenant_id,
        cut_over=cut_over,
        document_id=UUID(document),
        state=_State.LINKED,
        record=record,
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
        confidence=pair.confidence,
        reasons=list(pair.reasons),
    )


def _laid_out(cut_over: CutOver, document: str, found: Found) -> CutOverLink:
    candidates = found.candidates.get(document, [])
    proposed = found.proposed.get(document)
    best = proposed or (candidates[0] if candidates else None)
    return CutOverLink(
        tenant_id=cut_over.tenant_id,
        cut_over=cut_over,
        document_id=UUID(document),
        state=_State.OPEN if candidates else _State.ALONE,
        proposal_id=UUID(proposed.record) if proposed else None,
        confidence=best.confidence if best else 0,
        reasons=list(best.reasons) if best else [],
        candidates=[
            {"record": pair.record, "confidence": pair.confidence, "reasons": list(pair.reasons)} for pair in candidates
        ],
        is_ambiguous=document in found.ambiguous,
    )
