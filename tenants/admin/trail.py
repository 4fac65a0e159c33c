"""The audit trail as people read it: when, who, from where, what, and the values before and after."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from pghistory import core
from pghistory.models import Events
from unfold.decorators import display

from tenants.admin.scoping import TenantScopedAdmin
from tenants.http import TenantRequest

_QUIET = {"id", "tenant_id", "created_at"}


class KindFilter(admin.SimpleListFilter):
    """One kind of thing at a time; without it all kinds are read together."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return sorted(
            (model._meta.label_lower, str(getattr(model, "pgh_tracked_model", model)._meta.verbose_name).capitalize())
            for model in core.event_models()
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.across(self.value()) if self.value() else queryset


class Trail(Events):
    """The events of all audited models of the tenant, newest first."""

    class Meta:
        proxy = True
        verbose_name = "change"
        verbose_name_plural = "audit trail"


@admin.register(Trail)
class TrailAdmin(TenantScopedAdmin):
    """Read-only, because nobody may change history; row-level security limits it to the tenant."""

    list_display = ("pgh_created_at", "who", "source", "label", "what", "change")
    list_filter = (KindFilter,)
    ordering = ("-pgh_created_at",)
    list_per_page = 50
    actions = None

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        # Events is a union over all event tables without a tenant column; each row's data names its tenant.
        rows = super(TenantScopedAdmin, self).get_queryset(request)
        return rows.filter(pgh_context__tenant=str(request.tenant.pk))  # type: ignore[no-any-return]

    @display(description="Who")
    def who(self, event: Trail) -> str:
        return str((event.pgh_context or {}).get("actor", "unknown"))

    @display(description="From")
    def source(self, event: Trail) -> str:
        return str((event.pgh_context or {}).get("source", ""))

    @display(description="Did", label={"insert": "success", "update": "info", "delete": "danger"})
    def label(self, event: Trail) -> str:
        return str(event.pgh_label)

    @display(description="To")
    def what(self, event: Trail) -> str:
        data = event.pgh_data or {}
        named = data.get("name") or data.get("number") or data.get("role") or data.get("status") or ""
        return f"{event.pgh_obj_model.split('.')[-1]} {named}".strip()

    @display(description="Before → after")
    def change(self, event: Trail) -> SafeString | str:
        pairs = [(key, *pair) for key, pair in (event.pgh_diff or {}).items() if key not in _QUIET]
        if not pairs:
            return ""
        return format_html_join(format_html("<br>"), "<b>{}</b>: {} → {}", pairs[:6])
