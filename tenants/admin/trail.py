"""The audit trail as people read it: when, who, from where, what, and the values before and after."""

import re
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from pghistory import core
from pghistory.models import Events
from unfold.decorators import display

from tenants.admin.scoping import TenantScopedAdmin
from tenants.content import HIDDEN, watched
from tenants.http import TenantRequest

# Counters, leases and copies of content: they move with every step of a worker and tell an auditor nothing.
_QUIET = {
    "id", "tenant_id", "created_at", "progress", "calls", "attempts", "fence", "lease_until", "available_at", "records",
    "content_hash", "body_hash", "raw", "unified", "search", "synced_at", "modified_at", "throttled", "trace", "body",
}  # fmt: skip
_STANDING = {"status", "role", "expires_at", "is_active", "waits_for", "error_code", "attempt"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_LONGEST = 80
_MOST = 6


def _short(value: Any) -> str:
    text = "nothing" if value in (None, "", {}, []) else str(value)
    if _INSTANT.match(text):
        return text[:16].replace("T", " ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _told(key: str, value: Any) -> str:
    """A value in few words; somebody who may not see content learns that a field changed, and where work stands."""
    return HIDDEN if watched() and key not in _STANDING and value not in (None, "", {}, []) else _short(value)


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


class SourceFilter(admin.SimpleListFilter):
    """What people and partners did, without the steps of the workers."""

    title = "from"
    parameter_name = "from"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            ("admin", "People, in the browser"),
            ("api", "Partner applications"),
            ("command", "Operators"),
            ("task", "Workers"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(pgh_context__source=self.value()) if self.value() else queryset


class Trail(Events):
    """The events of all audited models of the tenant, newest first."""

    class Meta:
        proxy = True
        verbose_name = "change"
        verbose_name_plural = "audit trail"


@admin.register(Trail)
class TrailAdmin(TenantScopedAdmin):
    """Read-only, because nobody may change history; row-level security limits it to the tenant."""

    list_display = ("when", "who", "source", "label", "what", "change")
    list_filter = (SourceFilter, KindFilter)
    ordering = ("-pgh_created_at",)
    list_per_page = 50
    actions = None

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        # Events is a union over all event tables without a tenant column; each row's context names its tenant.
        # Its default manager is empty on purpose, so the union is asked for by name.
        rows = Trail.objects.filter(pgh_context__tenant=str(request.tenant.pk))
        return rows.order_by(*self.ordering)

    @display(description="When (UTC)", ordering="pgh_created_at")
    def when(self, event: Trail) -> str:
        return f"{event.pgh_created_at:%d %b %Y, %H:%M:%S}"

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
        data = {} if watched() else event.pgh_data or {}
        named = data.get("name") or data.get("number") or data.get("role") or data.get("status") or ""
        kind = apps.get_model(event.pgh_obj_model)._meta.verbose_name if event.pgh_obj_model else ""
        return f"{kind} {named}".strip()

    @display(description="Before → after")
    def change(self, event: Trail) -> SafeString | str:
        changes = [
            (key.removesuffix("_id").replace("_", " "), _told(key, before), _told(key, after))
            for key, (before, after) in (event.pgh_diff or {}).items()
            if key not in _QUIET
        ]
        lines = format_html_join("", "<div><b>{}</b>: {} → {}</div>", changes[:_MOST])
        return format_html("<div>{}</div>", lines)
