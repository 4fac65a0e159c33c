"""User-defined fields: noticed in what was read, named by the tenant, filled from what documents bring along."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Connection, CustomField
from tenants.models import new_id


@dataclass
class Noticed:
    """The fields that the records of one run hold: each is written down with the page on which it was first met.

    So the end of a run asks nothing of all the records of its connection, which may be a million.
    """

    _met: set[tuple[str, str]] = field(default_factory=set)
    _waiting: dict[tuple[str, str], str] = field(default_factory=dict)

    def see(self, resource: str, unified: Mapping[str, Any]) -> None:
        """Look at a record that was read."""
        for each in unified.get("custom_fields") or ():
            key = (resource, _text(each.get("id"))[:100])
            if key[1] and key not in self._met:
                self._met.add(key)
                self._waiting[key] = _text(each.get("name"))[:200]

    def write(self, connection: Connection) -> None:
        """Keep those that are new; those that are known stay as they are. Inside the page's own transaction."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        rows = [
            CustomField(
                tenant_id=connection.tenant_id, connection=connection, resource=resource, external_id=id_, name=name
            )
            for (resource, id_), name in waiting.items()
        ]
        CustomField.objects.bulk_create(rows, ignore_conflicts=True)


def _text(value: Any) -> str:
    return "" if value is None else str(value).replace("\x00", "")


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
