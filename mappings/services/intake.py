"""Take a document in: one insert, whatever the sender repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Q

from integrations.models import Connection
from mappings.models import SourceDocument
from tenants.models import PartnerGrant, User


class DocumentConflictError(Exception):
    """The same id or Idempotency-Key came with other content; `document` is the one that was accepted before."""

    def __init__(self, message: str, *, code: str, document: SourceDocument) -> None:
        super().__init__(message)
        self.code, self.document = code, document


@dataclass(frozen=True)
class Receipt:
    """The document, and whether this call made it."""

    document: SourceDocument
    is_new: bool


def receive_document(
    *, connection: Connection, body: Mapping[str, Any], grant: PartnerGrant | None = None, idempotency_key: str = ""
) -> Receipt:
    """Store a checked body (see `IntakeSerializer`) as it was sent; a repeat returns the document of the first call.

    Raises DocumentConflictError when source and external_id, or the key, were used for another content.
    """
    sent = plain(body)
    digest = digest_of(connection, sent)
    try:
        with transaction.atomic():
            row = row_of(connection, sent, digest, grant=grant, key=idempotency_key)
            row.save(force_insert=True)
            return Receipt(row, is_new=True)
    except IntegrityError:
        return Receipt(_known(connection, sent, digest, grant, idempotency_key), is_new=False)


def plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it is stored: decimals and days as text, empty fields left out."""
    found: dict[str, Any] = _plain({name: value for name, value in body.items() if name != "connection"})
    return found


def digest_of(connection: Connection, sent: Mapping[str, Any]) -> str:
    """What tells whether the same was sent again."""
    return sha256(orjson.dumps([str(connection.pk), sent], option=orjson.OPT_SORT_KEYS)).hexdigest()


def row_of(
    connection: Connection,
    body: dict[str, Any],
    digest: str,
    *,
    grant: PartnerGrant | None = None,
    key: str = "",
    sent_by: User | None = None,
) -> SourceDocument:
    """The document's row, not stored yet."""
    return SourceDocument(
        tenant_id=connection.tenant_id,
        connection=connection,
        grant=grant,
        sent_by=sent_by,
        source=body["source"],
        external_id=body["external_id"],
        kind=body["kind"],
        number=body.get("number") or "",
        issued_on=date.fromisoformat(body["issued_on"]),
        due_on=date.fromisoformat(body["due_on"]) if body.get("due_on") else None,
        currency=body["currency"],
        total=Decimal(body["total"]),
        counterparty=(body.get("counterparty") or {}).get("name") or "",
        names=names_in(body),
        body=body,
        body_hash=digest,
        idempotency_key=key,
    )


def names_in(body: Mapping[str, Any]) -> list[str]:
    """The earlier documents that a body names, as other documents are known by."""
    rows = [*(body.get("applies_to") or ()), *(body.get("refers_to") or ())]
    return [f"{each.get('source') or body['source']}:{each['external_id']}" for each in rows]


def _known(
    connection: Connection, body: dict[str, Any], digest: str, grant: PartnerGrant | None, key: str
) -> SourceDocument:
    same_key = Q(grant=grant, idempotency_key=key) if key else Q(pk=None)
    same_id = Q(source=body["source"], external_id=body["external_id"])
    rows = SourceDocument.objects.for_tenant(connection.tenant_id)
    by_id, by_key = rows.filter(same_id).first(), rows.filter(same_key).first()
    found = by_key or by_id
    assert found is not None  # noqa: S101 - the unique constraint has just said so
    if found.body_hash == digest:
        return found
    if by_key is not None and by_key != by_id:
        message = (
            f"This Idempotency-Key was used for document {by_key.external_id}; use a new key for another document."
        )
        raise DocumentConflictError(message, code="idempotency_key_reused", document=by_key)
    message = (
        f"{found.source} has sent {found.external_id} before with other content (document {found.pk}). "
        "Accepted documents do not change: send a correction under a new external_id."
    )
    raise DocumentConflictError(message, code="document_differs", document=found)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if each not in (None, "")}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
