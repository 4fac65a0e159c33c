"""Mappings as a table, for search, export and import by file; changes by hand are made in the workbench."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from integrations.admin.pages import PageAdmin
from mappings.admin.rules import RulePages
from mappings.models import MappingSet, ValueMapping
from mappings.resources import ValueMappingResource
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, VIEW, may


@admin.register(ValueMapping)
class ValueMappingAdmin(ImportExportMixin, RulePages, PageAdmin):  # type: ignore[misc]
    """What holds now and what the draft says, rule by rule."""

    resource_classes: ClassVar = [ValueMappingResource]
    import_form_class = ImportForm
    export_form_class = ExportForm
    import_formats: ClassVar = [CSV, XLSX]
    export_formats: ClassVar = [CSV, XLSX]
    skip_admin_log = True  # the audit trail is written by database triggers
    list_display: ClassVar = ["rule_shown", "subject", "side", "target_name", "version_shown", "reason", "changed_by"]
    list_filter: ClassVar = ["subject", "side", "mapping_set__status"]
    list_select_related: ClassVar = ["mapping_set__connection", "changed_by"]
    search_fields: ClassVar = ["value", "target_name"]
    ordering: ClassVar = ["-mapping_set__version", "subject", "side", "value"]
    actions = None

    @admin.display(description="Rule", ordering="value")
    def rule_shown(self, row: ValueMapping) -> str:
        """The word and what else it asks for."""
        return row.words

    @admin.display(description="Version")
    def version_shown(self, row: ValueMapping) -> str:
        """Which version of which connection."""
        return f"{row.mapping_set} ({row.mapping_set.get_status_display().lower()})"

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.exclude(mapping_set__status__in=[MappingSet.Status.SUPERSEDED, MappingSet.Status.REJECTED])

    def get_urls(self) -> list[URLPattern]:
        return [*self.rule_urls(), *super().get_urls()]

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A rule is looked at among the others of its version."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        asked = {"subject": row.subject, "version": row.mapping_set.version, "q": row.value}
        address = reverse("admin:mappings_rules", args=[row.mapping_set.connection_id])
        return HttpResponseRedirect(f"{address}?{urlencode(asked)}")

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
