"""The mirror of the ledgers: one list per resource, and a page per record."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.admin.filters import (
    RESOURCE_PARAMETER,
    BookDateFilter,
    KindFilter,
    PresenceFilter,
    ResourceFilter,
    StatusFilter,
)
from integrations.admin.history import changes_of
from integrations.admin.naming import with_names
from integrations.admin.pages import PageAdmin
from integrations.admin.record_lists import TABS, resource_of, shape_of
from integrations.admin.record_page import REFERENCES, lay_out
from integrations.models import LedgerRecord, Posting
from integrations.services.crossing import origin_of
from integrations.services.offers import page_in_ledger
from integrations.templatetags.books import TONES, money, resource_label, words
from tenants.admin import CalmChangeList
from tenants.http import TenantRequest

_PAYABLE = ("open", "partially_paid")
_HEAVY = ("unified", "raw", "search")


class _Light(CalmChangeList):
    """Rows without their JSON: a page of invoices with lines would weigh megabytes."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.search_help_text = shape_of(_chosen(request)).search_hint
        # The tabs choose the resource; that is no filter a person would want to take off.
        self.clear_all_filters_qs = f"?{RESOURCE_PARAMETER}={_chosen(request)}"
        self.has_active_filters = bool(set(self.get_filters_params()) - {RESOURCE_PARAMETER})

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not set(self.get_filters_params()) - {RESOURCE_PARAMETER}:
            self.full_result_count = self.result_count

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).defer(*_HEAVY)


@admin.register(LedgerRecord)
class LedgerRecordAdmin(PageAdmin):
    """Read only: the ledger is the owner of its records."""

    page_template = "integrations/record.html"
    change_list_template = "integrations/records.html"
    list_select_related: ClassVar = ["connection"]
    search_fields: ClassVar = ["search"]
    sortable_by: ClassVar = ["number_shown", "name_shown", "issued_shown", "due_shown", "amount_shown", "contact_shown"]

    def get_urls(self) -> list[URLPattern]:
        by_external = path(
            "of/<uuid:connection_id>/<str:resource>/<path:external_id>/",
            self.admin_site.admin_view(self.by_external_id),
            name=self.url_name("by_external"),
        )
        return [by_external, *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _Light

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return list(shape_of(_chosen(request)).columns)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> list[str]:
        return [list_display[0]]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return list(shape_of(_chosen(request)).order)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        shape = shape_of(_chosen(request))
        dates = [("issued_on", BookDateFilter)] if shape.is_dated else []
        states = [StatusFilter] if shape.states else []
        kinds = [KindFilter] if shape.kinds else []
        return [ResourceFilter, self._scoped_filter("connection"), *dates, *states, *kinds, PresenceFilter]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Every word must occur in the record's words, or be its id in the ledger."""
        for word in search_term.lower().split()[:8]:
            queryset = queryset.filter(Q(search__contains=word) | Q(external_id=word))
        return queryset, False

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list of one resource, under the tabs of all."""
        chosen = _chosen(request)
        connection = request.GET.get("connection__id__exact")
        kept = f"&connection__id__exact={connection}" if connection and _is_uuid(connection) else ""
        tabs = [(name, label, f"?{RESOURCE_PARAMETER}={name}{kept}") for name, label in _tabs()]
        extra = {"title": resource_label(chosen), "resource_tabs": tabs, "chosen_resource": chosen}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def page(self, request: TenantRequest, row: LedgerRecord) -> dict[str, Any]:
        mirror = LedgerRecord.objects.for_tenant(request.tenant).filter(connection=row.connection_id)
        touched = Q(record=row) | Q(connection=row.connection_id, resource=row.resource, external_id=row.external_id)
        return {
            "layout": lay_out(with_names(row.unified, REFERENCES, mirror)),
            "changes": changes_of(row),
            "postings": Posting.objects.for_tenant(request.tenant).filter(touched).order_by("-id")[:20],
            "origin": origin_of(row),
            "ledger_url": page_in_ledger(row),
            "list_url": self.url("changelist", **{RESOURCE_PARAMETER: row.resource}),
        }

    def by_external_id(
        self, request: TenantRequest, connection_id: UUID, resource: str, external_id: str
    ) -> HttpResponse:
        """The page of a record named by the ledger's own id, where references lead."""
        rows = self.get_queryset(request).filter(connection=connection_id, resource=resource_of(resource))
        found = rows.filter(external_id=external_id).values_list("pk", flat=True).first()
        if found is None:
            messages.warning(
                request, f"{resource_label(resource)} {external_id} has not been read from the ledger yet."
            )
            return HttpResponseRedirect(self.url("changelist", **{RESOURCE_PARAMETER: resource_of(resource)}))
        return HttpResponseRedirect(self.url("change", found))

    @display(description="Number", ordering="number")
    def number_shown(self, row: LedgerRecord) -> str:
        """The document's number, or its id in the ledger when it has none."""
        return row.number or f"#{row.external_id}"

    @display(description="Code", ordering="number")
    def code_shown(self, row: LedgerRecord) -> str:
        """Account code or stock-keeping unit."""
        return row.number or "–"

    @display(description="Name", ordering="name")
    def name_shown(self, row: LedgerRecord) -> str:
        """The record's name."""
        return row.name or row.number or f"#{row.external_id}"

    @display(description="Date", ordering="issued_on")
    def issued_shown(self, row: LedgerRecord) -> str:
        """The day in the books."""
        return f"{row.issued_on:%-d %b %Y}" if row.issued_on else "–"

    @display(description="Due", ordering="due_on")
    def due_shown(self, row: LedgerRecord) -> SafeString | str:
        """The day it is due; marked when that is over and something is still open."""
        if row.due_on is None:
            return "–"
        is_late = bool(row.open_amount) and row.status in _PAYABLE and row.due_on < timezone.now().date()
        return format_html('<span class="{}">{}</span>', "money-negative" if is_late else "", f"{row.due_on:%-d %b %Y}")

    @display(description="Contact", ordering="contact_name")
    def contact_shown(self, row: LedgerRecord) -> str:
        """Customer or vendor."""
        return row.contact_name or "–"

    @display(description="Amount", ordering="amount")
    def amount_shown(self, row: LedgerRecord) -> SafeString:
        """Total, balance or price, whichever the resource has."""
        return money(row.amount, row.currency) if row.amount is not None else _nothing()

    @display(description="Open", ordering="open_amount")
    def open_shown(self, row: LedgerRecord) -> SafeString:
        """What is left to pay."""
        return money(row.open_amount, row.currency) if row.open_amount else _nothing()

    @display(description="Kind")
    def kind_shown(self, row: LedgerRecord) -> str:
        """Account type, contact type, kind of transaction."""
        return words(row.kind) or words(row.remote_type)

    @display(description="Status", label=TONES)
    def status_shown(self, row: LedgerRecord) -> Any:
        """Draft, open, paid…"""
        return _state(row, row.status)

    @display(description="State", label={"inactive": "warning", "deleted": "danger"})
    def state_shown(self, row: LedgerRecord) -> Any:
        """Active, inactive or deleted."""
        return _state(row, "active" if row.is_active else "inactive")

    @display(description="Connection")
    def connection_shown(self, row: LedgerRecord) -> str:
        """Which organisation it belongs to."""
        return str(row.connection)


def _chosen(request: HttpRequest) -> str:
    return resource_of(request.GET.get(RESOURCE_PARAMETER))


def _tabs() -> list[tuple[str, str]]:
    return [(str(name), resource_label(name)) for name in TABS]


def _state(row: LedgerRecord, state: str) -> Any:
    if row.deleted_at:
        return "deleted", "Deleted"
    return (state, words(state)) if state else None


def _nothing() -> SafeString:
    return format_html('<span class="money">{}</span>', "–")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
