"""Rows of any tenant-owned model, built from the model itself, so that tests cover models written later."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, cast
from uuid import uuid4

from allauth.idp.oidc.models import Client
from django.apps import apps
from django.db import models

from integrations.models import Connection
from mappings.models import MappingSet
from tenants.models import Tenant, TenantOwned, User

_counter: Iterator[int] = count(1)

WANTED = object()
"""A row of whatever the field points to, although the field could stay empty."""

# What a model's own rules ask for beyond its field types.
RULES: dict[str, dict[str, Any]] = {
    "tenants.membership": {"role": "auditor"},
    "integrations.connection": {"connector": "quickbooks", "status": "active"},
    "integrations.posting": {"status": "pending"},
    "integrations.keptfile": {"content": b"%PDF"},
    "integrations.syncrun": {"status": "succeeded"},
    "integrations.proof": {"status": "even"},
    "mappings.cutoverlink": {"state": "alone", "external_id": ""},
    "mappings.documentimport": {"status": "imported", "content": b""},
    "mappings.mappingset": {"version": lambda: next(_counter)},
    "mappings.valuemapping": {"value": lambda: uuid4().hex},
    "reconciliation.autoapproval": {"threshold": Decimal("0.99")},
    "reconciliation.automatch": {"confidence": Decimal("0.995")},
    "reconciliation.bankrule": {"text": "fee"},
    "reconciliation.case": {"bank_line": WANTED},
    "reconciliation.casefile": {"content": b"a receipt"},
    "reconciliation.matchrun": {"status": "done"},
    "reconciliation.proposal": {"confidence": Decimal("0.95")},
    "reconciliation.statementimport": {"content": b"date,amount\n2026-01-31,12.50\n"},
}


# What a thousand rows of one connection need beside that.
MANY: dict[str, dict[str, Any]] = {
    "mappings.mappingset": {"status": "rejected"},
    # One for each kind: a thousand rows need a thousand kinds.
    "mappings.postingrule": {"kind": lambda: uuid4().hex[:20]},
}
SHARED = {Connection, MappingSet}


def owned_models() -> list[type[TenantOwned]]:
    """Every concrete tenant-owned model of the project."""
    return [model for model in apps.get_models() if issubclass(model, TenantOwned)]


def _text(field: models.Field[Any, Any]) -> str:
    if field.choices:
        return str(field.flatchoices[0][0])
    return uuid4().hex[: min(field.max_length or 32, 32)]


_MAKERS: list[tuple[type[models.Field[Any, Any]], Any]] = [
    (models.UUIDField, lambda field: uuid4()),
    (models.DateTimeField, lambda field: datetime(2026, 1, 31, 12, tzinfo=UTC)),
    (models.DateField, lambda field: date(2026, 1, 31)),
    (models.DecimalField, lambda field: Decimal("12.50")),
    (models.FloatField, lambda field: 0.5),
    (models.IntegerField, lambda field: 1),
    (models.BooleanField, lambda field: False),
    (models.JSONField, lambda field: {}),
    (models.URLField, lambda field: "http://127.0.0.1/x"),
    (models.TextField, _text),
    (models.CharField, _text),
]


def _value(field: models.Field[Any, Any], tenant: Tenant, made: dict[type[models.Model], Any]) -> Any:
    if isinstance(field, models.ForeignKey):
        related = field.related_model
        if related not in made:
            made[related] = _related(related, tenant, made)
        return made[related]
    return next(make(field) for kind, make in _MAKERS if isinstance(field, kind))


def _related(model: Any, tenant: Tenant, made: dict[type[models.Model], Any]) -> Any:
    if issubclass(model, TenantOwned):
        return build(model, tenant, made)
    if model is Client:
        return Client.objects.create(name="partner", secret="!")
    return User.objects.create_user(f"{uuid4().hex}@built.test")


def build(
    model: type[TenantOwned], tenant: Tenant, made: dict[type[models.Model], Any] | None = None, **asked: Any
) -> Any:
    """A saved row of `model` in `tenant`, with whatever it needs; call it inside the tenant's scope."""
    made = {} if made is None else made
    values: dict[str, Any] = {}
    rules = {**RULES.get(model._meta.label_lower, {}), **asked}
    rules = {name: value() if callable(value) else value for name, value in rules.items()}
    for name in [name for name, value in rules.items() if value is WANTED]:
        rules[name] = _value(cast("models.Field[Any, Any]", model._meta.get_field(name)), tenant, made)
    for field in model._meta.concrete_fields:
        needless = field.null or field.has_default() or field.blank or field.primary_key
        if field.name in {"tenant", *rules} or needless:
            continue
        values[field.name] = _value(field, tenant, made)
    row = model(tenant=tenant, **values, **rules)
    row.save(force_insert=True)
    made[model] = row
    return row


def build_many(model: type[TenantOwned], tenant: Tenant, rows: int, **asked: Any) -> None:
    """`rows` rows of `model` that share one connection."""
    shared: dict[type[models.Model], Any] = {}
    for _ in range(rows):
        made = dict(shared)
        build(model, tenant, made, **{**MANY.get(model._meta.label_lower, {}), **asked})
        shared = {kind: row for kind, row in made.items() if kind is not model and kind in SHARED}
