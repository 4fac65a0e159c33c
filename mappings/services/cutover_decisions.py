"""What a person decides about a document of the cut-over: this record, post it after all, leave it out, or undo."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import CrossReference, LedgerRecord
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services.cutover_reading import RESOURCES, free_records
from mappings.services.cutover_writing import accept
from mappings.services.earlier import mark_linked
from mappings.services.mapping import document_postings
from tenants.models import User

_State = CutOverLink.State
_Status = SourceDocument.Status
_AT_ONCE = 500
_TAKEN = "Another document is linked to this record, or it was posted from here. Choose another one."


def choose(*, link: CutOverLink, record_id: UUID | str, by: User | None) -> None:
    """Link a document to the ledger record that a person chose."""
    link = _open(link)
    record = free_records(link.cut_over).filter(pk=record_id).first()
    if record is None:
        raise ValidationError(_TAKEN)
    if record.resource != RESOURCES[link.document.kind]:
        ours, theirs = link.document.get_kind_display().lower(), record.get_resource_display().lower()
        raise ValidationError(f"A {ours} cannot be one of the ledger's {theirs}.")
    reasons: list[str] = next((each["reasons"] for each in link.candidates if each["record"] == str(record.pk)), [])
    try:
        with transaction.atomic():
            _link(link, record, by=by, reasons=[*reasons, "A person chose it." if by else "An application chose it."])
    except IntegrityError as error:
        raise ValidationError(_TAKEN) from error


def accept_above(*, cut_over: CutOver, confidence: int, by: User | None) -> tuple[int, int]:
    """Link every clear proposal of at least this confidence; returns how many were linked and how many were not free.

    Ambiguous ones, and those that a person undid, stay for a person.
    """
    rows = cut_over.links.acceptable().filter(confidence__gte=confidence).order_by("-confidence", "id")
    ids = list(rows.values_list("pk", flat=True))
    linked = 0
    for start in range(0, len(ids), _AT_ONCE):
        with transaction.atomic():
            linked += accept(cut_over, ids[start : start + _AT_ONCE], by=by)
    return linked, len(ids) - linked


def post_after_all(*, link: CutOverLink, by: User | None) -> None:
    """It is not in the ledger: let the document go the ordinary way; ring `map_document` after commit."""
    link = _open(link)
    attempts = 1 if document_postings(link.document).exists() else 0
    _decide(link, _State.POST, by=by)
    document = link.document
    document.status, document.attempt = _Status.RECEIVED, document.attempt + attempts
    document.save(update_fields=["status", "attempt"])


def leave_out(*, link: CutOverLink, by: User | None, reason: str) -> None:
    """Neither linked nor posted, for a reason in the person's words."""
    if not reason.strip():
        raise ValidationError("Say why it is left out; it stays in the history.")
    link = _open(link)
    _decide(link, _State.LEFT_OUT, by=by, reason=reason.strip()[:500])
    SourceDocument.objects.filter(pk=link.document_id).update(status=_Status.LEFT_OUT)


def undo(*, link: CutOverLink, by: User | None) -> None:
    """Take a link or a decision back; no run links that document by itself any more."""
    link = _locked(link)
    document = link.document
    if link.state == _State.POST and document.status not in (_Status.RECEIVED, _Status.WAITING):
        raise ValidationError("It is on its way to the ledger already. Reverse its posting instead.")
    if link.state in (_State.OPEN, _State.ALONE):
        raise ValidationError("There is nothing to undo: nobody has decided on it yet.")
    CrossReference.objects.for_tenant(link.tenant_id).filter(
        connection_id=link.cut_over.connection_id, local_kind=ORIGIN, local_id=str(document.pk), posting=None
    ).delete()
    if link.record_id and not link.candidates:
        again = {"record": str(link.record_id), "confidence": link.confidence, "reasons": link.reasons}
        link.candidates, link.proposal_id = [again], link.record_id
    link.record, link.resource, link.remote_type, link.external_id = None, "", "", ""
    link.is_kept_open = True
    _decide(link, _State.OPEN if link.candidates else _State.ALONE, by=by)
    SourceDocument.objects.filter(pk=document.pk).update(status=_Status.MATCHING, waits_for="", problems=[])


@dataclass
class Decided:
    """What became of several: those that are as wished, and those that are not, with the reason in words."""

    done: list[CutOverLink] = field(default_factory=list)
    refused: list[tuple[CutOverLink, str]] = field(default_factory=list)


def decide(*, link: CutOverLink, act: str, by: User | None, record_id: Any = None, reason: str = "") -> None:
    """One of `ACTS`: `choose` a record (none: the proposal), `post`, `leave_out` or `undo`; repeated, it does nothing.

    ValidationError says in words why it cannot be.
    """
    if act not in ACTS:
        raise ValidationError(f"Choose what shall become of it: {', '.join(ACTS)}.")
    link.refresh_from_db(fields=["state", "record", "proposal", "is_kept_open"])
    if _is_so_already(link, act, record_id):
        return
    if act == "choose" and record_id is None and link.proposal_id is None:
        raise ValidationError("It has no proposal. Open it and choose a record.")
    if act == "choose":
        choose(link=link, record_id=record_id or link.proposal_id, by=by)  # type: ignore[arg-type]
    elif act == "leave_out":
        leave_out(link=link, by=by, reason=reason)
    else:
        {"post": post_after_all, "undo": undo}[act](link=link, by=by)
    link.refresh_from_db()


ACTS = ("choose", "post", "leave_out", "undo")
_AFTERWARDS = {"choose": _State.LINKED, "post": _State.POST, "leave_out": _State.LEFT_OUT}


def _is_so_already(link: CutOverLink, act: str, record_id: Any) -> bool:
    if act == "undo":
        return link.is_kept_open and link.state in (_State.OPEN, _State.ALONE)
    is_other = record_id is not None and str(record_id) != str(link.record_id)
    return link.state == _AFTERWARDS[act] and not is_other


def decide_many(*, links: Iterable[CutOverLink], act: str, by: User | None, reason: str = "") -> Decided:
    """The same for several, each by itself: what cannot be is told and stops nobody else."""
    decided = Decided()
    for link in links:
        try:
            with transaction.atomic():
                decide(link=link, act=act, by=by, reason=reason)
        except ValidationError as refused:
            decided.refused.append((link, " ".join(refused.messages)))
        else:
            decided.done.append(link)
    return decided


def search_records(*, link: CutOverLink, text: str, limit: int = 20) -> list[LedgerRecord]:
    """Free records of the right kind in which every word occurs, the nearest date first."""
    rows: Any = free_records(link.cut_over).filter(resource=RESOURCES[link.document.kind])
    for word in text.lower().split()[:8]:
        rows = rows.filter(Q(search__contains=word) | Q(number__icontains=word) | Q(external_id=word))
    return list(rows.defer("raw", "unified").order_by("-issued_on", "id")[:limit])


def _locked(link: CutOverLink) -> CutOverLink:
    SourceDocument.objects.for_tenant(link.tenant_id).select_for_update().get(pk=link.document_id)
    rows = CutOverLink.objects.for_tenant(link.tenant_id).select_for_update(of=("self",))
    return rows.select_related("document", "cut_over", "cut_over__connection").get(pk=link.pk)


def _open(link: CutOverLink) -> CutOverLink:
    found = _locked(link)
    if found.state not in (_State.OPEN, _State.ALONE) or found.document.status != _Status.MATCHING:
        raise ValidationError(f"Somebody has decided on it already: {found.get_state_display().lower()}.")
    return found


def _link(link: CutOverLink, record: LedgerRecord, *, by: User | None, reasons: list[str]) -> None:
    CrossReference.objects.create(
        tenant_id=link.tenant_id,
        connection_id=link.cut_over.connection_id,
        local_kind=ORIGIN,
        local_id=str(link.document_id),
        resource=record.resource,
        remote_type=record.remote_type,
        external_id=record.external_id,
    )
    link.record, link.resource = record, record.resource
    link.remote_type, link.external_id = record.remote_type, record.external_id
    link.reasons = reasons
    _decide(link, _State.LINKED, by=by)
    mark_linked([link.document_id])


def _decide(link: CutOverLink, state: str, *, by: User | None, reason: str = "") -> None:
    link.state, link.decided_by, link.decided_at, link.reason = state, by, timezone.now(), reason
    link.save()
