"""Map received documents with the active version: oldest first, one by one, each in its own transaction."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
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
from integrations.services.postings import cancel_posting
from mappings.models import DocumentValue, MappingSet, SourceDocument, SourceValue, ValueMapping
from mappings.models.documents import ORIGIN
from mappings.services.approval import asks_somebody
from mappings.services.cutover import holds
from mappings.services.earlier import links_of, set_free
from mappings.services.files import request_files
from mappings.services.orders import match_order
from mappings.services.practice import practice_of
from mappings.services.requesting import again, followers_of, request_writes
from mappings.services.targets import find_targets
from mappings.services.versions import rule_of, set_for
from mappings.transform import Book, Document, Key, Problem, Result, apply
from mappings.transform.conditions import in_words
from mappings.transform.naming import used
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
_WAITS, _MAPPED = SourceDocument.WaitsFor, SourceDocument.Status.MAPPED
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
    writes = list(document_postings(document).exclude(status=Posting.Status.CANCELLED))
    stopped = [write for write in writes if write.status in _STOPPED]
    is_moving = any(write.status in (Posting.Status.SENT, Posting.Status.UNKNOWN) for write in writes)
    if is_moving or (writes and not stopped and writes[-1].status != Posting.Status.POSTED):
        raise ValueError("This document is on its way or already in the ledger; it cannot be mapped again.")
    if writes and not stopped and _is_whole(document, writes):
        raise ValueError("This document is on its way or already in the ledger; it cannot be mapped again.")
    if document.status in _BEFORE_CUT_OVER:
        raise ValueError("This document belongs to the cut-over: decide there what becomes of it.")
    if document.status == SourceDocument.Status.REFUSED:
        raise ValueError("This document's own sums are wrong; its sender must send it again under a new id.")
    for write in stopped:
        _cancel(write)
    again(document, is_new_write=document_postings(document).exists())


def _is_whole(document: SourceDocument, writes: list[Posting]) -> bool:
    """Whether nothing of the document was cancelled after its first write had gone."""
    return not document_postings(document).filter(status=Posting.Status.CANCELLED, id__gt=writes[0].pk).exists()


def _cancel(write: Posting) -> None:
    """Cancel a refused write, and what was to follow it; documents that lose theirs by it are mapped again too."""
    orphans = followers_of(write)
    try:
        for each in (*orphans, write):
            each.refresh_from_db()
            if each.status != Posting.Status.CANCELLED:
                cancel_posting(each)
    except ValidationError as error:
        raise ValueError("Somebody is sending this document's refused write again; wait for the answer.") from error
    lost = {each.origin_id for each in orphans if each.origin_id is not None} - {write.origin_id}
    for row in SourceDocument.objects.for_tenant(write.tenant_id).filter(pk__in=lost, status=_MAPPED):
        again(row, is_new_write=True)


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
    source, connection = Document.from_body(document.body), document.connection
    version = set_for(connection, document.issued_on)
    book, links = book_for(connection, version, list(source.uses())), links_of(connection, source)
    practice = practice_of(connection, source.kind)
    result = apply(book, source, practice, links)
    _mark_missing(_record_uses(document, source, used(book, source, practice)), result)
    order = match_order(connection, source, document.pk, result)
    if order.link and result.payload is not None:
        result.payload["links"] = [order.link]
    document.trace = [each.as_dict() for each in (*result.trace, *order.trace)]
    document.mapping_set = version
    problems = (*result.problems, *order.problems)
    if problems or version is None:
        _wait(document, problems, _waits_for(problems))
        return []
    return _post(document, source, version, result)


def _post(document: SourceDocument, source: Document, version: MappingSet, result: Result) -> list[Posting]:
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
    if asks_somebody(document, version, result):
        return []
    try:
        # All or nothing: no contact is created for a document that may not be written.
        with transaction.atomic():
            requested = request_writes(document, source, result, version.version)
    except DirectionError as closed:
        remedy = f"{closed.remedy} The document then goes after the next sync."
        _wait(document, [Problem(code="direction", text=closed.what, remedy=remedy, cause="ledger")], _WAITS.LEDGER)
        return []
    except ValidationError as cannot:
        remedy = "Book it in the ledger itself, or send it as another kind of document."
        problem = Problem(code="unsupported", text=" ".join(cannot.messages), remedy=remedy, cause="ledger")
        _wait(document, [problem], _WAITS.LEDGER)
        return []
    document.trace += [each.as_dict() for each in requested.references.trace]
    document.status, document.waits_for, document.problems = _MAPPED, _WAITS.NOTHING, []
    document.proposal = {}
    document.checked_at = document.mapped_at = timezone.now()
    document.save()
    set_free(document)
    return [*requested.postings, *request_files(document)]


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
    order = (("mapping", _WAITS.MAPPING), ("earlier", _WAITS.EARLIER), ("ledger", _WAITS.LEDGER))
    return next((waits for cause, waits in order if cause in causes), _WAITS.MAPPING)


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


def _record_uses(document: SourceDocument, source: Document, wanted: set[Key]) -> dict[Key, DocumentValue]:
    rows = DocumentValue.objects.for_tenant(document.tenant_id).filter(document=document)
    known = {
        (row.source_value.subject, row.source_value.side, row.source_value.value): row
        for row in rows.select_related("source_value")
    }
    return known | _first_uses(document, source, wanted - known.keys())


def _first_uses(document: SourceDocument, source: Document, wanted: set[Key]) -> dict[Key, DocumentValue]:
    now, made = timezone.now(), {}
    for key, (lines, amount) in source.uses().items():
        if key not in wanted:
            continue
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
