"""Mappings as a table, for search, export and import by file; changes by hand are made in the workbench."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from mappings.models import MappingSet, ValueMapping
from mappings.resources import ValueMappingResource
from tenants.admin import TenantScopedAdmin
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, VIEW, may


@admin.register(ValueMapping)
class ValueMappingAdmin(ImportExportMixin, TenantScopedAdmin):  # type: ignore[misc]
    """What holds now and what the draft says, word by word."""

    resource_classes: ClassVar = [ValueMappingResource]
    import_form_class = ImportForm
    export_form_class = ExportForm
    import_formats: ClassVar = [CSV, XLSX]
    export_formats: ClassVar = [CSV, XLSX]
    skip_admin_log = True  # the audit trail is written by database triggers
    list_display: ClassVar = ["value", "subject", "side", "target_name", "version_shown", "reason", "changed_by"]
    list_filter: ClassVar = ["subject", "side", "mapping_set__status"]
    list_select_related: ClassVar = ["mapping_set__connection", "changed_by"]
    search_fields: ClassVar = ["value", "target_name"]
    ordering: ClassVar = ["-mapping_set__version", "subject", "side", "value"]
    actions = None

    @admin.display(description="Version")
    def version_shown(self, row: ValueMapping) -> str:
        """Which version of which connection."""
        return f"{row.mapping_set} ({row.mapping_set.get_status_display().lower()})"

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.exclude(mapping_set__status__in=[MappingSet.Status.SUPERSEDED, MappingSet.Status.REJECTED])

    def get_import_resource_kwargs(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Rows go into this tenant's drafts, under this person's name."""
        return {"tenant": request.tenant, "user": request.user}

    def get_export_resource_kwargs(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Rows of this tenant."""
        return {"tenant": request.tenant}

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Editors."""
        return may(getattr(request, "membership", None), EDIT_MAPPINGS)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Everybody who may see them."""
        return may(getattr(request, "membership", None), VIEW)
