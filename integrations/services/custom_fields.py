"""User-defined fields: noticed in what was read, named by the tenant, filled from what documents bring along."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.utils import timezone

from integrations.models import Connection, CustomField
from tenants.models import new_id

_LEARN = """
INSERT INTO integrations_customfield
  (id, tenant_id, connection_id, resource, external_id, name, type, choices, is_writable, key, seen_at)
SELECT DISTINCT ON (r.resource, f->>'id') gen_random_uuid(), r.tenant_id, r.connection_id, r.resource, f->>'id',
  left(coalesce(f->>'name', ''), 200), 'text', '[]'::jsonb, true, '', now()
FROM integrations_ledgerrecord r, jsonb_array_elements(r.unified->'custom_fields') f
WHERE r.tenant_id = %(tenant)s AND r.connection_id = %(connection)s AND r.deleted_at IS NULL
  AND jsonb_typeof(r.unified->'custom_fields') = 'array' AND coalesce(f->>'id', '') <> ''
  AND f->>'id' NOT LIKE 'portal:%%'
ON CONFLICT (connection_id, resource, external_id) DO NOTHING
"""


def learn(connection: Connection) -> int:
    """Notice the fields that mirrored records hold; returns how many are new. Inside the tenant's scope."""
    with database.cursor() as cursor:
        cursor.execute(_LEARN, {"tenant": connection.tenant_id, "connection": connection.pk})
        return int(cursor.rowcount)


def remember(connection: Connection, resource: str, found: Iterable[Mapping[str, Any]]) -> None:
    """Keep the definitions a ledger gives ({id, name, type, choices, writable}); keys that people gave stay."""
    now = timezone.now()
    rows = [
        CustomField(
            id=new_id(),
            tenant_id=connection.tenant_id,
            connection=connection,
            resource=resource,
            external_id=str(each["id"])[:100],
            name=str(each.get("name") or "")[:200],
            type=each.get("type") or CustomField.Type.TEXT,
            choices=list(each.get("choices") or []),
            is_writable=each.get("writable", True),
            seen_at=now,
        )
        for each in found
    ]
    CustomField.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "resource", "external_id"],
        update_fields=["name", "type", "choices", "is_writable", "seen_at"],
    )


def set_key(field: CustomField, key: str) -> None:
    """Say which attribute of documents fills a field; an empty key means none. ValidationError in words."""
    if key and not field.is_writable:
        raise ValidationError(f"{field} cannot be written in this ledger.")
    field.key = key
    field.full_clean(exclude=["tenant"])
    CustomField.objects.for_tenant(field.tenant_id).filter(pk=field.pk).update(key=key)


def filled(connection: Connection, resource: str, attributes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The `custom_fields` that a document's attributes become; attributes nobody mapped are left alone.

    ValidationError names the attribute whose value the field cannot hold.
    """
    if not attributes:
        return []
    rows = CustomField.objects.for_tenant(connection.tenant_id).filter(connection=connection, resource=resource)
    chosen = rows.filter(key__in=list(attributes)).order_by("external_id")
    return [
        {"id": row.external_id, "name": row.name or None, "value": _typed(row, attributes[row.key])} for row in chosen
    ]


def _typed(field: CustomField, text: str) -> Any:
    try:
        return _READ[CustomField.Type(field.type)](field, text)
    except (ValueError, InvalidOperation) as error:
        kind = field.get_type_display().lower()
        raise ValidationError(f"The attribute {field.key} is {text!r}; {field} in the ledger is a {kind}.") from error


def _choice(field: CustomField, text: str) -> str:
    known = {str(each["name"]).casefold(): str(each["id"]) for each in field.choices}
    if text in known.values():
        return text
    if text.casefold() not in known:
        raise ValueError(text)
    return known[text.casefold()]


def _bool(field: CustomField, text: str) -> bool:
    known = {"true": True, "yes": True, "false": False, "no": False}
    if text.casefold() not in known:
        raise ValueError(text)
    return known[text.casefold()]


_READ: Mapping[CustomField.Type, Any] = {
    CustomField.Type.TEXT: lambda field, text: text,
    CustomField.Type.NUMBER: lambda field, text: Decimal(text),
    CustomField.Type.DATE: lambda field, text: date.fromisoformat(text),
    CustomField.Type.BOOL: _bool,
    CustomField.Type.CHOICE: _choice,
    CustomField.Type.LIST: lambda field, text: [_choice(field, part.strip()) for part in text.split(",")],
}
