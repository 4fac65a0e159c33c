"""Import and export that cannot reach another tenant's rows: scoped lookups, natural keys, scoped relations."""

from typing import Any

from django.db.models import Model, QuerySet
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget

from tenants.models import Tenant

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def neutral(text: str) -> str:
    """Text that a spreadsheet will not run as a formula; numbers such as -12.50 stay numbers (OWASP ASVS 1.2.10)."""
    if text.startswith(_FORMULA_STARTS) and not text.removeprefix("-").replace(".", "", 1).isdigit():
        return f"'{text}"
    return text


class TenantForeignKeyWidget(ForeignKeyWidget):  # type: ignore[misc]
    """Finds related rows in the importing tenant only; `field` should be a natural key, not an id."""

    tenant: Tenant | None = None

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        rows = super().get_queryset(value, row, *args, **kwargs)
        return rows.for_tenant(self.tenant) if self.tenant else rows.none()  # type: ignore[no-any-return]


class TenantResource(ModelResource):  # type: ignore[misc]
    """Rows of one tenant, given as `TenantResource(tenant=…)`; new rows belong to it whatever the file says."""

    def __init__(self, *, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tenant = tenant
        for field in self.fields.values():
            if isinstance(field.widget, TenantForeignKeyWidget):
                field.widget.tenant = tenant

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().for_tenant(self.tenant)  # type: ignore[no-any-return]

    def before_save_instance(self, instance: Model, row: Any, **kwargs: Any) -> None:
        instance.tenant_id = self.tenant.pk  # type: ignore[attr-defined]

    def export_field(self, field: Any, instance: Model, **kwargs: Any) -> Any:
        value = super().export_field(field, instance, **kwargs)
        return neutral(value) if isinstance(value, str) else value
