"""Reports: asked of a ledger on demand, shown as one nested table with every total worked out again."""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.engine.declarations import Connector
from integrations.models import Connection, Fetch
from integrations.services import aged, fetching
from integrations.services.connectors import connector_of
from integrations.services.report_rows import flattened
from tenants.http import TenantRequest
from tenants.resources import neutral

_LATEST = 12
_NAMES = {
    "profit_and_loss": "Profit and loss",
    "balance_sheet": "Balance sheet",
    "trial_balance": "Trial balance",
    "aged_receivables": "Aged receivables",
    "aged_payables": "Aged payables",
    "cash_flow": "Cash flow",
    "general_ledger": "General ledger",
    "account_balances": "Balances of accounts",
    "bank_balances": "Balances of bank accounts",
}


def title_of(name: str) -> str:
    """What people call a report."""
    return _NAMES.get(name, name.replace("_", " ").capitalize())


def _reports_of(connector: Connector) -> list[str]:
    """The ledger's own, and those that the portal makes of its copy."""
    return [*connector.reports, *(name for name in aged.MADE if aged.is_made(connector, name))]


class ReportForm(forms.Form):
    """Which report of which ledger, for which days; without days the ledger chooses."""

    connection = forms.ModelChoiceField(Connection.objects.none(), label="Ledger", empty_label=None)
    name = forms.ChoiceField(label="Report")
    start_on = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    end_on = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, *, connections: "QuerySet[Connection]") -> None:
        super().__init__(data)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        known = {name for row in connections for name in _reports_of(connector_of(row))}
        ordered = [*[name for name in _NAMES if name in known], *sorted(known - set(_NAMES))]
        self.fields["name"].choices = [(name, title_of(name)) for name in ordered]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "text-field"

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        start, end = found.get("start_on"), found.get("end_on")
        if start and end and end < start:
            self.add_error("end_on", "The last day lies before the first.")
        if found.get("connection") and found.get("name"):
            connector, name = connector_of(found["connection"]), found["name"]
            self._check_known(connector, name)
            if aged.is_made(connector, name) and (start or end):
                self.add_error("end_on", f"Leave the days empty: this is made of {aged.BASIS}.")
        return found

    def _check_known(self, connector: Connector, name: str) -> None:
        """The list of reports is that of all connected ledgers."""
        if name not in _reports_of(connector):
            why = connector.missing.get(f"reports.{name}", f"{connector.label} has no such report.")
            has = ", ".join(title_of(each).lower() for each in _reports_of(connector)) or "no reports"
            self.add_error("name", f"{why} It has: {has}.")

    def params(self) -> dict[str, str]:
        """The question: the report's name and those of the days that it takes (an aged list takes one)."""
        asked = {"name": self.cleaned_data["name"]}
        call = connector_of(self.cleaned_data["connection"]).reports.get(asked["name"])
        takes = call.params if call else {}
        days = {"start_on": "start_on", "end_on": "end_on", "on": "end_on"}
        for name, field in days.items():
            if name in takes and self.cleaned_data.get(field):
                asked[name] = self.cleaned_data[field].isoformat()
        return asked


@admin.register(Fetch)
class ReportAdmin(PageAdmin):
    """The list is a form and the latest reports; the page of one is the report."""

    page_template = "integrations/report.html"
    ordering: ClassVar = ["-id"]

    def get_queryset(self, request: TenantRequest) -> "QuerySet[Fetch]":
        rows = super().get_queryset(request).filter(kind=Fetch.Kind.REPORT)
        return rows.select_related("connection").defer("content")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:row_id>/state/", view(self.state), name=self.url_name("state")),
            path("<uuid:row_id>/table.csv", view(self.table), name=self.url_name("csv")),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What can be asked for, and what was."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Connection.objects.for_tenant(request.tenant).filter(status=Connection.Status.ACTIVE)
        form = ReportForm(request.POST or None, connections=rows.order_by("name"))
        if request.method == "POST" and form.is_valid():
            fetch = self._ask(request, form)
            if fetch is not None:
                return HttpResponseRedirect(self.url("change", fetch.pk))
        context = {
            "form": form,
            "connections": rows,
            "latest": [(self.name_of(row), _days(row.params), row) for row in self.get_queryset(request)[:_LATEST]],
            "periods": _periods(timezone.localdate()),
            "original": None,
        }
        status = 422 if form.errors else 200
        return self.render(request, "integrations/reports.html", context, "Reports", status=status)

    def _ask(self, request: TenantRequest, form: ReportForm) -> Fetch | None:
        try:
            with transaction.atomic():
                fetch = fetching.request_fetch(
                    connection=form.cleaned_data["connection"],
                    kind=Fetch.Kind.REPORT,
                    params=form.params(),
                    requested_by=request.user,
                )
        except ValidationError as refused:
            form.add_error(None, refused)
            return None
        if fetch.status == Fetch.Status.QUEUED:
            transaction.on_commit(partial(tasks.perform_fetch.delay, str(fetch.tenant_id), str(fetch.pk)))
        return fetch

    def name_of(self, row: Fetch) -> str:
        return title_of(row.params.get("name", ""))

    def page(self, request: TenantRequest, row: Fetch) -> dict[str, Any]:
        report = row.answer
        return {
            "fetch": row,
            "report": report,
            "columns": [column for column in report.get("columns", []) if column["type"] == "money"],
            "rows": flattened(report),
        }

    def state(self, request: TenantRequest, row_id: UUID) -> JsonResponse:
        """Whether the answer is there; polled by the page."""
        return JsonResponse({"finished": self._row(request, row_id).finished_at is not None})

    def table(self, request: TenantRequest, row_id: UUID) -> HttpResponse:
        """The report as CSV."""
        row = self._row(request, row_id)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        name = slugify(f"{self.name_of(row)} {row.connection} {row.created_at:%Y-%m-%d}")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        columns = [column for column in row.answer.get("columns", []) if column["type"] == "money"]
        writer = csv.writer(response)
        writer.writerow(["level", "account", *[column["title"] for column in columns]])
        for line in flattened(row.answer):
            writer.writerow([line["level"], neutral(line["label"]), *[line["values"].get(c["key"]) for c in columns]])
        return response

    def _row(self, request: TenantRequest, row_id: UUID) -> Fetch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=row_id).first()
        if row is None:
            raise Http404("There is no such report; reports are kept for a day.")
        return row


def _days(params: Mapping[str, str]) -> str:
    """The days that were asked for, in words."""
    start, end = params.get("start_on"), params.get("end_on") or params.get("on")
    return f"{start} to {end}" if start and end else end or start or "the ledger's own"


def _periods(today: date) -> list[dict[str, Any]]:
    """The days people ask for most."""
    month = today.replace(day=1)
    last_month_end = month - timedelta(days=1)
    year = today.replace(month=1, day=1)
    last_year_end = year - timedelta(days=1)
    named = [
        ("This month", month, today),
        ("Last month", last_month_end.replace(day=1), last_month_end),
        ("This year", year, today),
        ("Last year", last_year_end.replace(month=1, day=1), last_year_end),
    ]
    return [{"label": label, "start": start.isoformat(), "end": end.isoformat()} for label, start, end in named]
