"""From a document's writes to postings: in order, each once, whatever is mapped again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from integrations.models import Posting
from integrations.services.postings import request_posting
from mappings.models import SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services.earlier import ids_of
from mappings.services.references import References, complete, key_of
from mappings.transform import Document, Result

_NEVER_THERE = (Posting.Status.CANCELLED,)
_AT_HOME = (Posting.Status.PENDING, Posting.Status.REJECTED, Posting.Status.HELD, Posting.Status.RESTING)


@dataclass
class Requested:
    """Everything to ring for, in order, and why contacts and items are what they are."""

    postings: list[Posting]
    references: References


def request_writes(document: SourceDocument, source: Document, result: Result, version: int) -> Requested:
    """One posting for each write, each after the one before; what an earlier attempt posted stays as it is."""
    earlier = ids_of(document.connection, (each.key for each in source.earlier))
    made: dict[str, Posting] = {}
    stand_ins: dict[str, Any] = {}
    references = References()
    last = _latest([write for _, write in earlier.values() if write is not None])
    known = [*references.requested]
    for write in result.writes:
        body = complete(references, document, write.resource, write.body, version)
        known += [each for each in references.requested if each not in known]
        posting = _standing(document, write.name) or request_posting(
            connection=document.connection,
            resource=write.resource,
            operation=write.operation,
            body=named(body, stand_ins, {key: found for key, (found, _) in earlier.items()}),
            origin_kind=ORIGIN,
            origin_id=document.pk,
            idempotency_key=str(key_of(document, write.name)),
            depends_on=_before(references, made, last),
        )
        made[write.name] = posting
        stand_ins[write.name] = {"posting": str(posting.pk)}
        known.append(posting)
    return Requested(known, references)


def again(document: SourceDocument, *, is_new_write: bool) -> None:
    """Let a document be looked at anew; with `is_new_write` its writes get keys of their own."""
    document.status, document.waits_for = SourceDocument.Status.RECEIVED, SourceDocument.WaitsFor.NOTHING
    document.attempt += 1 if is_new_write else 0
    document.proposal, document.approved_hash = {}, ""
    document.save(update_fields=["status", "waits_for", "attempt", "proposal", "approved_hash"])


def followers_of(write: Posting) -> list[Posting]:
    """What can only go after this write: what depends on it, and what names it; nearest first."""
    found: dict[Any, Posting] = {}
    pending = [write]
    while pending:
        each = pending.pop()
        rows = Posting.objects.for_tenant(write.tenant_id).filter(
            Q(depends_on=each) | Q(touches__contains=[f"posting:{each.pk}"]),
            connection_id=write.connection_id,
            id__gt=each.pk,
            status__in=_AT_HOME,
        )
        fresh = [row for row in rows.order_by("id") if row.pk not in found]
        found |= {row.pk: row for row in fresh}
        pending += fresh
    # Contacts and items belong to everybody, and are asked for once.
    return [row for row in found.values() if row.origin_kind == ORIGIN]


def _before(references: References, made: dict[str, Posting], last: Posting | None) -> Posting | None:
    """What has to be posted first: the document's own write before, its contact and items, or an earlier document."""
    return next(reversed(made.values()), None) or references.last or last


def _standing(document: SourceDocument, name: str) -> Posting | None:
    """The write of that name from an attempt before, unless it was cancelled: then nothing of it is in the ledger."""
    keys = [str(key_of(document, name, attempt)) for attempt in range(1, document.attempt)]
    rows = Posting.objects.for_tenant(document.tenant_id).filter(connection=document.connection)
    return rows.filter(idempotency_key__in=keys).exclude(status__in=_NEVER_THERE).order_by("-id").first()


def _latest(postings: list[Posting]) -> Posting | None:
    return max(postings, key=lambda each: each.pk, default=None)


def named(value: Any, writes: Mapping[str, Any], earlier: Mapping[str, Any]) -> Any:
    """The body with `{"write": name}` and `{"document": key}` replaced by what stands for their ids."""
    if isinstance(value, list):
        return [named(each, writes, earlier) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"write"}:
        return writes[value["write"]]
    if set(value) == {"document"}:
        return earlier[value["document"]]
    return {name: named(each, writes, earlier) for name, each in value.items()}
