"""What is unwell about the mappings, before a posting fails: the list, and each with the way to set it right."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.admin.pages import PageAdmin
from integrations.models import LedgerRecord
from integrations.templatetags.books import from_now
from mappings.models import HealthFinding
from mappings.services.health import agree
from mappings.templatetags.mapping_health import fix_url, word_url
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS

_Kind = HealthFinding.Kind
_TONES = {
    _Kind.GONE: "danger",
    _Kind.ARCHIVED: "danger",
    _Kind.RETYPED: "danger",
    _Kind.RATE: "danger",
    _Kind.CURRENCY: "warning",
    _Kind.UNMAPPED: "warning",
    _Kind.RENAMED: "info",
}
_MEANS = {
    _Kind.GONE: "Documents with these values will wait. Map the values to another record.",
    _Kind.ARCHIVED: "The ledger refuses to book to it. Map the values to another record, or restore it in the ledger.",
    _Kind.RETYPED: "It may not fit these values any more. Look whether it still means the same, or map them elsewhere.",
    _Kind.CURRENCY: "Documents in another currency will wait. Look whether it is still the right account.",
    _Kind.RATE: "Taxes will be computed with the new rate. Agree when that is meant, or map the values to another one.",
    _Kind.RENAMED: "It still works. Look whether it still means the same.",
    _Kind.UNMAPPED: "Their documents wait and go by themselves once the values are mapped and approved.",
}


@admin.register(HealthFinding)
class HealthFindingAdmin(PageAdmin):
    """Open ones first; those that are not found any more close by themselves."""

    page_template = "mappings/health.html"
    change_list_template = "mappings/health_list.html"
    list_display: ClassVar = [
        "what_shown",
        "kind_shown",
        "change_shown",
        "documents",
        "waiting",
        "found_shown",
        "fix_shown",
    ]
    list_display_links: ClassVar = ["what_shown"]
    list_filter: ClassVar = ["connection", "kind", "status"]
    list_select_related: ClassVar = ["connection"]
    search_fields: ClassVar = ["name", "now"]
    search_help_text = "Search by name"
    ordering: ClassVar = ["-waiting", "-documents", "-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"agree": (EDIT_MAPPINGS, "agree")}

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Without a filter the list shows what is open."""
        if request.method == "GET" and not request.GET:
            return HttpResponseRedirect(f"{request.path}?status__exact=open")
        return super().changelist_view(request, {"title": "Mapping health", **(extra_context or {})})

    def page(self, request: TenantRequest, row: HealthFinding) -> dict[str, Any]:
        records = LedgerRecord.objects.for_tenant(request.tenant).filter(
            connection=row.connection_id,
            resource=row.resource,
            remote_type=row.remote_type,
            external_id=row.external_id,
        )
        return {
            "row": row,
            "means": _MEANS[_Kind(row.kind)],
            "record": records.defer("raw", "unified").first() if row.external_id else None,
            "words": [{**word, "url": word_url(row, word)} for word in row.words],
            "others": row.word_count - len(row.words),
            "fix_url": fix_url(row),
            **self.rights(request, may_edit=EDIT_MAPPINGS),
        }

    def agree(self, request: TenantRequest, row: HealthFinding) -> None:
        """Go on with the record as it is now."""
        agree(finding=row, by=request.user)
        messages.success(request, f"{row.name} is used as it is now; it is watched from here on.")

    @display(description="Record or values")
    def what_shown(self, row: HealthFinding) -> str:
        """Name, or how many values."""
        return f"{row.name} of {row.subject.replace('_', ' ')}" if row.kind == _Kind.UNMAPPED else row.name

    @display(description="What", label=_TONES)
    def kind_shown(self, row: HealthFinding) -> tuple[str, str]:
        """In words."""
        return row.kind, row.get_kind_display()

    @display(description="Change")
    def change_shown(self, row: HealthFinding) -> SafeString:
        """What it was and is."""
        text = f"{row.was or 'nothing'} → {row.now or 'nothing'}" if row.kind != _Kind.UNMAPPED else row.now
        return format_html('<span class="block max-w-xs truncate" title="{}">{}</span>', text, text)

    @display(description="Found")
    def found_shown(self, row: HealthFinding) -> SafeString:
        """How long it has been so."""
        return format_html('<span title="{}">{}</span>', f"{row.found_at:%Y-%m-%d %H:%M} UTC", from_now(row.found_at))

    @display(description="Set right")
    def fix_shown(self, row: HealthFinding) -> SafeString | str:
        """One click to the affected screen."""
        if row.status != HealthFinding.Status.OPEN:
            return row.get_status_display()
        return format_html('<a class="link" href="{}">Open the mappings</a>', fix_url(row))
