"""Reading the mirror for the partner API: keyset pages over one resource, the stored JSON handed on as it is."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from integrations.models import Connection, LedgerRecord

_TEXT = Cast("unified", TextField())
_COLUMNS = ("remote_type", "external_id", "deleted_at", "text")
Row = tuple[str, str, Any, str]


@dataclass(frozen=True)
class RecordPage:
    """`records` are JSON texts of unified records; `cursor` is where the next page begins, None at the end."""

    records: list[orjson.Fragment]
    cursor: str | None


def matching(*, connection: Connection, resource: str, query: dict[str, Any]) -> "QuerySet[LedgerRecord]":
    """The records that fit the validated question."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(connection=connection, resource=resource)
    columns = {
        "modified_since": "modified_at__gte",
        "status": "status",
        "issued_from": "issued_on__gte",
        "issued_to": "issued_on__lte",
        "contact": "contact_id_external",
    }
    rows = rows.filter(**{column: query[name] for name, column in columns.items() if query.get(name) is not None})
    return rows if query.get("include_deleted") else rows.filter(deleted_at=None)


def page_of(rows: "QuerySet[LedgerRecord]", *, size: int, cursor: str | None) -> RecordPage:
    """One page in the order of the unique index, so that page 1,000 costs what page 1 costs.

    ValidationError for a cursor that this function did not give.
    """
    found = _after(rows, _position(cursor), size + 1)
    more = found[size - 1] if len(found) > size else None
    return RecordPage(
        records=[as_json(row) for row in found[:size]],
        cursor=_cursor(more[0], more[1]) if more else None,
    )


def one(rows: "QuerySet[LedgerRecord]", external_id: str) -> orjson.Fragment | None:
    """The record of that id in the ledger; where kinds of records share ids, the first kind by name."""
    found = _after(rows.filter(external_id=external_id), None, 1)
    return as_json(found[0]) if found else None


def as_json(row: Row) -> orjson.Fragment:
    """The stored text; a deleted record says when it was seen to be gone."""
    if row[2] is None:
        return orjson.Fragment(row[3])
    return orjson.Fragment(orjson.dumps({**json.loads(row[3], parse_float=str), "deleted_at": row[2]}))


def _after(rows: "QuerySet[LedgerRecord]", position: tuple[str, str] | None, most: int) -> list[Row]:
    ordered = rows.annotate(text=_TEXT).order_by("remote_type", "external_id").values_list(*_COLUMNS)
    if position is None:
        return list(ordered[:most])
    # Two plain ranges instead of one OR: each walks the unique index.
    kind, external_id = position
    found = list(ordered.filter(remote_type=kind, external_id__gt=external_id)[:most])
    if len(found) < most:
        found += ordered.filter(remote_type__gt=kind)[: most - len(found)]
    return found


def _cursor(kind: str, external_id: str) -> str:
    return urlsafe_b64encode(orjson.dumps([kind, external_id])).decode().rstrip("=")


def _position(cursor: str | None) -> tuple[str, str] | None:
    if not cursor:
        return None
    try:
        kind, external_id = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (NotBase64, orjson.JSONDecodeError, ValueError, TypeError) as error:
        raise ValidationError("This cursor is not one of ours. Begin again without it.") from error
    if not (isinstance(kind, str) and isinstance(external_id, str)):
        raise ValidationError("This cursor is not one of ours. Begin again without it.")
    return kind, external_id
