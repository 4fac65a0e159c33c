"""The tenant's own ledger records that a word may mean: found by text, judged for fitness."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Q, When

from integrations.models import Connection, LedgerRecord
from mappings.models import ValueMapping
from mappings.transform import Target
from mappings.transform.fit import PAID_FROM, RESOURCES, kinds_for, misfit

GONE = Target("", "a record that is gone", is_present=False)


@dataclass(frozen=True)
class Choice:
    """One record offered for a word; `why_not` is empty when it may be chosen."""

    record: LedgerRecord
    target: Target
    why_not: str


def target_of(record: LedgerRecord) -> Target:
    """The record as the transformation sees it."""
    return Target(
        external_id=record.external_id,
        name=name_of(record),
        remote_type=record.remote_type,
        kind=record.kind or str(record.unified.get("type") or record.unified.get("applies_to") or ""),
        currency=_currency(record),
        is_active=record.is_active,
        is_present=record.deleted_at is None,
        rates=_rates(record.unified) if record.resource == "tax_rates" else (),
        dimension=_dimension(record) if record.resource == "tracking_categories" else "",
        accounts=_accounts(record.unified) if record.resource == "items" else ("", ""),
        behind=_behind(record) if record.kind in PAID_FROM else ("", ""),
    )


def _behind(record: LedgerRecord) -> tuple[str, str]:
    parent = record.unified.get("parent") or {}
    return str(parent.get("id") or ""), str(parent.get("name") or "")


def _dimension(record: LedgerRecord) -> str:
    """Its dimension on lines: its kind, or of an option the category that it belongs to."""
    return str((record.unified.get("parent") or {}).get("id") or "") if record.kind == "option" else record.kind


def _accounts(unified: Mapping[str, Any]) -> tuple[str, str]:
    sold, bought = (str((unified.get(name) or {}).get("id") or "") for name in ("income_account", "expense_account"))
    return sold, bought


def _currency(record: LedgerRecord) -> str:
    said = record.unified.get("code" if record.resource == "currencies" else "currency")
    return record.currency or str(said or "")


def name_of(record: LedgerRecord) -> str:
    """Code and name, such as "4000 Sales"; an option of a category with the category's name before it."""
    if record.kind == "option":
        return f"{(record.unified.get('parent') or {}).get('name') or ''}: {record.name}"
    code = str(record.unified.get("code") or "") if record.resource == "accounts" else ""
    name = str(record.unified.get("full_name") or record.name or record.unified.get("name") or record.external_id)
    return f"{code} {name}".strip()


def _rates(unified: Mapping[str, Any]) -> tuple[tuple[str, Decimal], ...] | None:
    whole = unified.get("rate")
    parts = [(str(each.get("id")), each.get("rate")) for each in unified.get("components") or []]
    if parts and all(rate is not None for _, rate in parts):
        found = tuple((name, Decimal(str(rate))) for name, rate in parts)
        if whole is None or sum((rate for _, rate in found), Decimal(0)) == Decimal(str(whole)):
            return found
    return None if whole is None else ((str(unified.get("external_id") or "rate"), Decimal(str(whole))),)


Reference = tuple[str, str, str]
"""(resource, remote type, external id) of a ledger's record."""


def find_targets(connection: Connection, mappings: Iterable[ValueMapping]) -> dict[Reference, Target]:
    """The present state of each rule's record by `target_key`; one query. A record that is gone is not present."""
    wanted = list(mappings)
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).filter(
        connection=connection,
        resource__in={each.target_resource for each in wanted},
        external_id__in={each.target_external_id for each in wanted},
    )
    found = {(row.resource, row.remote_type, row.external_id): target_of(row) for row in rows.defer("raw")}
    return {
        each.target_key: found.get(each.target_key, Target(each.target_external_id, each.target_name, is_present=False))
        for each in wanted
    }


def search_targets(*, connection: Connection, subject: str, side: str, text: str = "", limit: int = 30) -> list[Choice]:
    """Records in which every word of `text` occurs: those that fit first, the others with the reason they do not."""
    # A choice shows none of the ledger's own form, and every keystroke would fetch it for each.
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, RESOURCES[subject]).defer("raw")
    for word in text.lower().split()[:8]:
        # `search` holds number and name in lower case: nothing else of a record need be unpacked or folded.
        rows = rows.filter(search__contains=word)
    kinds = kinds_for(subject, side)
    fits = Q(is_active=True, kind__in=kinds) if kinds else Q(is_active=True)
    rows = rows.order_by(Case(When(fits, then=0), default=1), "-is_active", "number", "name", "id")
    found = [_choice(row, subject, side) for row in rows[:limit]]
    return sorted(found, key=lambda choice: bool(choice.why_not))


def _choice(record: LedgerRecord, subject: str, side: str) -> Choice:
    target = target_of(record)
    return Choice(record, target, misfit((subject, side, ""), target))


def choice_shape(choice: Choice) -> dict[str, str]:
    """A choice as the search fields of pages read it."""
    record, unified = choice.record, choice.record.unified
    rate = unified.get("rate")
    return {
        "id": record.external_id,
        "code": str(unified.get("code") or ""),
        "name": str(unified.get("full_name") or record.name),
        "label": choice.target.name,
        "type": f"{rate} %" if rate is not None else (record.kind or "").replace("_", " "),
        "currency": choice.target.currency,
        "why_not": choice.why_not,
    }


def get_target(*, connection: Connection, subject: str, external_id: str) -> LedgerRecord | None:
    """A record of the tenant's own ledger by the ledger's id."""
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, RESOURCES[subject])
    return rows.filter(external_id=external_id).first()
