"""What changed in a ledger record, from the audit trail's snapshots."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.apps import apps

from integrations.models import LedgerRecord
from integrations.templatetags.books import words

_QUIET = {"version", "modified_at", "raw"}
_SHOWN = 20


@dataclass(frozen=True)
class Change:
    """One change as it was seen: `fields` holds (label, before, after); empty when the earlier form was not kept."""

    at: datetime
    label: str
    fields: list[tuple[str, Any, Any]]


def changes_of(record: LedgerRecord) -> list[Change]:
    """The last changes, newest first. The trail keeps each form after a change, not the one before the first."""
    events = apps.get_model("integrations", "LedgerRecordEvent")._default_manager
    rows = list(events.filter(pgh_obj_id=record.pk, tenant_id=record.tenant_id).order_by("-pgh_id")[: _SHOWN + 1])
    return [_change(after, before) for after, before in pairwise([*rows, None])][:_SHOWN]


def _change(after: Any, before: Any) -> Change:
    if after.pgh_label == "delete":
        return Change(after.pgh_created_at, "Removed from the portal", [])
    if after.deleted_at and not (before and before.deleted_at):
        return Change(after.pgh_created_at, "Deleted in the ledger", [])
    fields = _differences(before.unified, after.unified) if before else []
    return Change(after.pgh_created_at, "Changed in the ledger", fields)


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    names = [name for name in {**before, **after} if name not in _QUIET and before.get(name) != after.get(name)]
    return [(words(name), _short(before.get(name)), _short(after.get(name))) for name in names]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or value.get("id") or "")
    if isinstance(value, list):
        return f"{len(value)} lines" if len(value) != 1 else "1 line"
    return "–" if value in (None, "") else str(value)
