"""Rotation of the encryption keys: every secret is written anew under the first of FERNET_KEYS."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models, transaction

from integrations.fields import EncryptedJSONField
from tenants.models import Tenant, TenantOwned
from tenants.rls import tenant_scope

_ROWS_PER_TRANSACTION = 200


def rotate_keys() -> dict[str, int]:
    """Rewrite all secrets of all tenants under the newest key; rows by model. Safe to run twice, and while others work.

    Reads the list of tenants as the owner role (only it sees all), and writes inside each tenant as the application.
    """
    tenants = list(Tenant.objects.using("owner").values_list("pk", flat=True))
    return {
        model._meta.label: sum(_rotate(model, names, tenant_id) for tenant_id in tenants)
        for model, names in _secrets().items()
    }


def _secrets() -> dict[type[TenantOwned], list[str]]:
    found = {
        model: [field.name for field in model._meta.get_fields() if isinstance(field, EncryptedJSONField)]
        for model in apps.get_models()
        if issubclass(model, TenantOwned)
    }
    return {model: names for model, names in found.items() if names}


def _rotate(model: type[TenantOwned], names: list[str], tenant_id: UUID) -> int:
    done, after = 0, UUID(int=0)
    while True:
        with tenant_scope(tenant_id, source="command"), transaction.atomic():
            rows = model._default_manager.filter(tenant_id=tenant_id, pk__gt=after).order_by("pk")
            # Locked, so that a refresh at this moment is not overwritten with what it replaces.
            page: list[Any] = list(rows.select_for_update()[:_ROWS_PER_TRANSACTION])
            for row in page:
                _rewrite(model, row, names)
        if not page:
            return done
        done, after = done + len(page), page[-1].pk


def _rewrite(model: type[TenantOwned], row: models.Model, names: list[str]) -> None:
    model._default_manager.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
