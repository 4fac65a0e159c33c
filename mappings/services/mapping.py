"""Map received documents with the active version: oldest first, one by one, each in its own transaction."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from integrations.models import Connection, Posting
from integrations.models.posting import PostingQuerySet
from integrations.services.custom_fields import filled
from integrations.services.policies import DirectionError
from integrations.services.postings import cancel_posting, request_posting
from mappings.models import DocumentValue, MappingSet, SourceDocument, SourceValue, ValueMapping
from mappings.models.documents import ORIGIN
from mappings.services.cutover import holds
from mappings.services.references import References, complete, key_of
from mappings.services.targets import find_targets
from mappings.services.versions import rule_of, set_for
from mappings.transform import Book, Document, Key, Problem, Result, apply
from mappings.transform.conditions import in_words
from mappings.transform.rules import Lost
from tenants.rls import tenant_scope

_BUG = Problem(
    code="bug",
    text="The portal failed on this document.",
    remedy="Nothing was sent. Support has the details in the log; map the document again after the repair.",
    cause="support",
)
# Older ones are in the history; a document's page tells what was meant lately.
_VERSIONS_TOLD = 4
_WAITS = SourceDocument.WaitsFor
_BEFORE_CUT_OVER = (
    SourceDocument.Status.MATCHING,
    SourceDocument.Status.LINKED,
    SourceDocument.Status.LEFT_OUT,
)


@dataclass
class Mapped:
    """Postings to ring for, and whether every received document has been looked at."""

    postings: list[UUID] = field(default_factory=list)
    looked_at: int = 0
    is_done: bool = False


def map_documents(tenant_id: UUID | str, connection_id: UUID | str, *, most: int = 200) -> Mapped:
    """Map up to `most` received documents of a connection; another worker busy with it makes this return at once."""
    found = Mapped()
    with tenant_scope(tenant_id):
        _requeue_after_sync(connection_id)
    while found.looked_at < most and not found.is_done:
        _map_next(tenant_id, connection_id, found)
    return found


def map_document(tenant_id: UUID | str, document_id: UUID | str) -> list[UUID]:
    """Map one received document now; returns the postings to ring for. Others are left alone."""
    with tenant_scope(tenant_id):
        rows = SourceDocument.objects.for_tenant(UUID(str(tenant_id))).select_for_update(of=("self",))
        document = rows.select_related("connection").filter(pk=document_id).first()
        if document is None or document.status != SourceDocument.Status.RECEIVED:
            return []
        return [posting.pk for posting in _map(document)]


# Nothing of these is in the ledger, and nothing of them is on its way.
_STOPPED = (Posting.Status.REJECTED, Posting.Status.RESTING, Posting.Status.HELD)


def map_again(document: SourceDocument) -> None:
    """Let a waiting document, or one whose write the ledger refused or a person cancelled, be mapped anew.

    A refused write is cancelled: replayed later, it would be the document's second. Raises ValueError while its write
    is under way or done. Inside the tenant's scope; two who press at once wait for each other.
    """
    SourceDocument.objects.for_tenant(document.tenant_id).select_for_update(of=("self",)).get(pk=document.pk)
    document.refresh_from_db(fields=["status", "attempt"])
    write = document_postings(document).last()
    if write is not None and write.status not in (*_STOPPED, Posting.Status.CANCELLED):
        raise ValueError("This document is on its way or already in the ledger; it cannot be mapped again.")
    if document.status in _BEFORE_CUT_OVER:
        raise ValueError("This document belongs to the cut-over: decide there what becomes of it.")
    if document.status == SourceDocument.Status.REFUSED:
        raise ValueError("This document's own sums are wrong; its sender must send it again under a new id.")
    if write is not None and write.status in _STOPPED:
        _cancel(write)
    document.status, document.waits_for = SourceDocument.Status.RECEIVED, _WAITS.NOTHING
    document.attempt += 1 if write is not None else 0
    document.save(update_fields=["status", "waits_for", "attempt"])


def _cancel(write: Posting) -> None:
    try:
        cancel_posting(write)
    except ValidationError as error:
        raise ValueError("Somebody is sending this document's refused write again; wait for the answer.") from error


def document_postings(document: SourceDocument) -> PostingQuerySet:
    """Writes made for the document itself, oldest first (contacts and items are shared and not among them)."""
    return Posting.objects.for_tenant(document.tenant_id).of_origin(ORIGIN, document.pk).filter(reverses=None)


def _requeue_after_sync(connection_id: UUID | str) -> None:
    rows = SourceDocument.objects.waiting().filter(connection_id=connection_id, waits_for=_WAITS.LEDGER)
    rows.filter(connection__last_success_at__gt=F("checked_at")).update(
        status=SourceDocument.Status.RECEIVED, waits_for=_WAITS.NOTHING
    )


def _map_next(tenant_id: UUID | str, connection_id: UUID | str, found: Mapped) -> None:
    document: SourceDocument | None = None
    try:
        with tenant_scope(tenant_id):
            document = _take(connection_id)
            if document is None:
                found.is_done = True
                return
            found.looked_at += 1
            found.postings += [posting.pk for posting in _map(document)]
    except Exception:
        # One document that the portal cannot handle must not hold up those behind it.
        if document is not None:
            with tenant_scope(tenant_id):
                _wait(document, [_BUG], _WAITS.SUPPORT)
        raise


def _take(connection_id: UUID | str) -> SourceDocument | None:
    with database.cursor() as cursor:
        # One mapper a connection: documents keep their order, and no two of them create the same contact.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 12))", [str(connection_id)])
        if not cursor.fetchone()[0]:
            return None
    rows = SourceDocument.objects.filter(connection_id=connection_id, status=SourceDocument.Status.RECEIVED)
    return rows.select_related("connection").select_for_update(of=("self",)).order_by("id").first()


def _map(document: SourceDocument) -> list[Posting]:
    if holds(document):
        return []
    source = Document.from_body(document.body)
    uses = _record_uses(document, source)
    version = set_for(document.connection, document.issued_on)
    result = apply(book_for(document.connection, version, list(source.uses())), source)
    _mark_missing(uses, result)
    document.trace = [each.as_dict() for each in result.trace]
    document.mapping_set = version
    if result.payload is None or version is None:
        _wait(document, result.problems, _waits_for(result.problems))
        return []
    return _post(document, version, result)


def _post(document: SourceDocument, version: MappingSet, result: Result) -> list[Posting]:
    assert result.payload is not None  # noqa: S101 - narrows the type; the caller checked
    if document.connection.is_read_only:
        problem = Problem(
            code="read_only",
            text=f"{document.connection} is read-only: nothing is posted to it.",
            remedy="An owner can allow posting on the connection's page; the document then goes after the next sync.",
            cause="ledger",
        )
        _wait(document, [problem], _WAITS.LEDGER)
        return []
    if unfit := _fill_custom_fields(document, result):
        _wait(document, [unfit], _WAITS.MAPPING)
        return []
    try:
        # All or nothing: no contact is created for a document that may not be written.
        with transaction.atomic():
            references, posting = _requested(document, version, result.resource, result.payload)
    except DirectionError as closed:
        remedy = f"{closed.remedy} The document then goes after the next sync."
        _wait(document, [Problem(code="direction", text=closed.what, remedy=remedy, cause="ledger")], _WAITS.LEDGER)
        return []
    document.trace += [each.as_dict() for each in references.trace]
    document.status, document.waits_for, document.problems = SourceDocument.Status.MAPPED, _WAITS.NOTHING, []
    document.checked_at = document.mapped_at = timezone.now()
    document.save()
    return [*references.requested, posting]


def _requested(
    document: SourceDocument, version: MappingSet, resource: str, payload: dict[str, Any]
) -> tuple[References, Posting]:
    references = complete(document, resource, payload, version.version)
    posting = request_posting(
        connection=document.connection,
        resource=resource,
        operation="create",
        body=payload,
        origin_kind=ORIGIN,
        origin_id=document.pk,
        idempotency_key=str(key_of(document, "create")),
        depends_on=references.last,
    )
    return references, posting


def _fill_custom_fields(document: SourceDocument, result: Result) -> Problem | None:
    """Put the document's attributes into the payload; what stands in the way, if anything does."""
    assert result.payload is not None  # noqa: S101 - narrows the type; the caller checked
    try:
        custom = filled(document.connection, result.resource, document.body.get("attributes") or {})
    except ValidationError as unfit:
        remedy = "Correct it at its source, or fill the ledger's field from another attribute."
        return Problem(code="custom_field", text=" ".join(unfit.messages), remedy=remedy)
    if custom:
        result.payload["custom_fields"] = custom
    return None


def _wait(document: SourceDocument, problems: Iterable[Problem], waits_for: str) -> None:
    document.problems = [each.as_dict() for each in problems]
    document.waits_for = waits_for
    document.status = SourceDocument.Status.WAITING if waits_for else SourceDocument.Status.REFUSED
    document.checked_at = timezone.now()
    document.save()


def _waits_for(problems: Iterable[Problem]) -> str:
    causes = {problem.cause for problem in problems}
    if "document" in causes:
        return _WAITS.NOTHING
    return _WAITS.MAPPING if "mapping" in causes else _WAITS.LEDGER


def book_for(connection: Connection, version: MappingSet | None, keys: Collection[Key]) -> Book:
    """This version's rules for some words, and what these mean on the other side or in other versions: two queries."""
    lately = MappingSet.objects.for_tenant(connection.tenant_id).filter(connection=connection).approved()
    rows = ValueMapping.objects.for_tenant(connection.tenant_id).filter(
        Q(mapping_set=version) | Q(mapping_set__in=lately.order_by("-version").values("pk")[:_VERSIONS_TOLD]),
        value__in={value for _, _, value in keys} | {""},
        subject__in={subject for subject, _, _ in keys},
    )
    found = list(rows.select_related("mapping_set").order_by("-mapping_set__version", "id"))
    mine = [row for row in found if version and row.mapping_set_id == version.pk]
    targets = find_targets(connection, mine)
    rules = [rule_of(row, targets[row.target_key]) for row in mine]
    number = version.version if version else 0
    return Book(number, rules, {key: tuple(_elsewhere(key, found, number)) for key in keys})


def _elsewhere(key: Key, found: list[ValueMapping], version: int) -> Iterator[Lost]:
    subject, side, value = key
    for row in found:
        if (row.subject, row.value) != (subject, value):
            continue
        said, why = row.mapping_set.version, ""
        if said == version and row.side != side:
            why = f"holds for {row.side}, this document is of {side}"
        elif row.side == side and said < version:
            why = f"was meant until version {said} was replaced"
        elif row.side == side and said > version:
            why = f"is meant from version {said} on, for later documents"
        if why:
            asked = f" (with {in_words(row.conditions)})" if row.conditions else ""
            yield row.target_external_id, row.target_name, why + asked


def _record_uses(document: SourceDocument, source: Document) -> dict[Key, DocumentValue]:
    rows = DocumentValue.objects.for_tenant(document.tenant_id).filter(document=document)
    known = {
        (row.source_value.subject, row.source_value.side, row.source_value.value): row
        for row in rows.select_related("source_value")
    }
    return known or _first_uses(document, source)


def _first_uses(document: SourceDocument, source: Document) -> dict[Key, DocumentValue]:
    now, made = timezone.now(), {}
    for key, (lines, amount) in source.uses().items():
        subject, side, value = key
        word, _ = SourceValue.objects.get_or_create(
            tenant_id=document.tenant_id, connection=document.connection, subject=subject, side=side, value=value
        )
        SourceValue.objects.filter(pk=word.pk).update(occurrences=F("occurrences") + 1, last_seen_at=now)
        made[key] = DocumentValue(
            tenant_id=document.tenant_id, document=document, source_value=word, lines=lines, amount=amount
        )
    DocumentValue.objects.bulk_create(made.values())
    return made


def _mark_missing(uses: dict[Key, DocumentValue], result: Result) -> None:
    missing = {(each.subject, each.side, each.value) for each in result.problems if each.subject}
    changed = [use for key, use in uses.items() if use.is_missing != (key in missing)]
    for use in changed:
        use.is_missing = not use.is_missing
    DocumentValue.objects.bulk_update(changed, ["is_missing"])
