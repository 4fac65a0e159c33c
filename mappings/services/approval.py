"""A second person looks at the exact entry before it is sent; what they agreed to is what goes, or nothing does."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.utils import timezone

from mappings.models import MappingSet, SourceDocument
from mappings.services.practice import needs_approval
from mappings.transform import Result
from mappings.transform.effect import Entry, entries_of
from mappings.transform.model import Write
from tenants.models import PartnerGrant, User

Decider = User | PartnerGrant
"""A person, or an application of the tenant that people decide in."""

_Status = SourceDocument.Status


class ApprovalError(ValidationError):
    """A decision that this person may not take, or not on this document; the message says why and what to do."""


def asks_somebody(document: SourceDocument, version: MappingSet, result: Result) -> bool:
    """Whether the document has to wait for a second person; then it does, with what it would write."""
    why = needs_approval(document.connection, document.body)
    if not why:
        return False
    writes = shown(result.writes)
    digest = hash_of(writes)
    if document.approved_hash == digest:
        return False
    if document.approved_hash:
        why = "What it would write has changed since somebody agreed to it. Please look again."
    document.proposal = {"why": why, "version": version.version, "hash": digest, "writes": writes}
    document.status, document.waits_for, document.problems = _Status.APPROVAL, "", []
    document.approved_hash, document.checked_at = "", timezone.now()
    document.decided_by = document.decided_through = document.decided_at = None
    document.save()
    return True


def shown(writes: Sequence[Write]) -> list[dict[str, Any]]:
    """The writes as plain JSON: what a person is shown, and what the hash is made of."""
    rows = [
        {"name": each.name, "resource": each.resource, "operation": each.operation, "body": each.body}
        for each in writes
    ]
    return orjson.loads(orjson.dumps(rows, default=str))  # type: ignore[no-any-return]


def hash_of(writes: list[dict[str, Any]]) -> str:
    """The same for the same writes, whatever the order of keys."""
    return sha256(orjson.dumps(writes, option=orjson.OPT_SORT_KEYS)).hexdigest()


def effect_of_proposal(document: SourceDocument) -> tuple[Entry, ...]:
    """The double entry of what is proposed."""
    rows = document.proposal.get("writes") or []
    writes = [Write(each["name"], each["resource"], each["operation"], each["body"]) for each in rows]
    return tuple(entries_of(writes))


def approve(*, document: SourceDocument, by: Decider, comment: str = "", seen: str = "") -> None:
    """Agree to what is proposed; it then goes. `seen`: the hash of what the person looked at.

    ApprovalError for the one who sent it, when it does not wait any more, or when it is not what was seen. Inside the
    tenant's scope; ring `map_documents` after commit.
    """
    row = _taken(document, by)
    if seen and seen != row.proposal.get("hash"):
        raise ApprovalError("What it would write has changed since you opened the page. Look at it again.")
    row.approved_hash = row.proposal["hash"]
    _decide(row, by, comment, _Status.RECEIVED)
    document.refresh_from_db()


def refuse(*, document: SourceDocument, by: Decider, comment: str) -> None:
    """Say no: nothing is sent, and the reason stands on the document. ApprovalError as `approve`, and without words."""
    if not comment.strip():
        raise ApprovalError("Say why it is refused: its sender reads it.")
    row = _taken(document, by)
    text = f"{by.name if isinstance(by, PartnerGrant) else by} refused it before posting: {comment.strip()}"
    remedy = "Send a corrected document under a new external_id."
    problem = {"code": "refused_by_person", "text": text, "remedy": remedy, "cause": "document"}
    row.problems = [problem | {"subject": "", "side": "", "value": ""}]
    _decide(row, by, comment.strip(), _Status.REFUSED)
    document.refresh_from_db()


def approve_many(*, documents: Sequence[SourceDocument], by: User) -> tuple[int, list[str]]:
    """Agree to several as they are now; returns how many, and why each of the others was left."""
    done, left = 0, []
    for document in documents:
        try:
            approve(document=document, by=by, seen=str(document.proposal.get("hash") or ""))
            done += 1
        except ApprovalError as refused:
            left.append(f"{document}: {' '.join(refused.messages)}")
    return done, left


def _taken(document: SourceDocument, by: Decider) -> SourceDocument:
    rows = SourceDocument.objects.for_tenant(document.tenant_id).select_for_update(of=("self",))
    row = rows.get(pk=document.pk)
    if row.status != _Status.APPROVAL:
        raise ApprovalError(f"It does not wait for approval: it is {row.get_status_display().lower()}.")
    if isinstance(by, PartnerGrant):
        if row.grant_id == by.pk:
            raise ApprovalError("Another application or person must decide on what this one sent.")
    elif row.sent_by_id == by.pk:
        raise ApprovalError("Another person must decide on a document that you imported.")
    return row


def _decide(row: SourceDocument, by: Decider, comment: str, status: str) -> None:
    row.status, row.decided_at, row.decision = status, timezone.now(), comment
    if isinstance(by, PartnerGrant):
        row.decided_through = by
    else:
        row.decided_by = by
    row.checked_at = timezone.now()
    row.save()
