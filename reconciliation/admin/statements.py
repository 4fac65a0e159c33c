"""Statement files: upload, preview, import; unreadable rows can be fetched, repaired and uploaded again."""

import csv
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from reconciliation.admin.pages import ReconciliationPage, ring_run, workbench_url
from reconciliation.forms import StatementForm
from reconciliation.models import StatementImport
from reconciliation.services.runs import request_match_run
from reconciliation.services.statements import confirm_import, preview_statement, reread
from tenants.http import TenantRequest
from tenants.permissions import PROPOSE_MATCHES, may
from tenants.resources import neutral

_SAMPLE = 12


@admin.register(StatementImport)
class StatementImportAdmin(ReconciliationPage):
    """The page of a file is its preview until somebody imports it, and its record afterwards."""

    page_template = "reconciliation/statement.html"
    change_list_template = "reconciliation/statements.html"
    add_action = PROPOSE_MATCHES
    list_display: ClassVar = ["file_name", "bank_account", "days", "imported", "duplicates", "failed", "status_shown"]
    list_filter: ClassVar = ["bank_account", "status"]
    list_select_related: ClassVar = ["bank_account"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"confirm": (PROPOSE_MATCHES, "confirm"), "discard": (PROPOSE_MATCHES, "discard")}

    def get_queryset(self, request: TenantRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def get_urls(self) -> list[URLPattern]:
        errors = path("<uuid:row_id>/errors.csv", self.admin_site.admin_view(self.errors), name=self.url_name("errors"))
        return [errors, *super().get_urls()]

    def add_view(self, request: Any, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The upload form; a POST leads to the preview."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StatementForm(request.POST or None, request.FILES or None, tenant=request.tenant)
        if request.method == "POST" and form.is_valid():
            try:
                return self._preview(request, form)
            except ValidationError as refused:
                form.add_error("file", refused)
        status = 422 if form.errors else 200
        return self.render(request, "reconciliation/upload.html", {"form": form}, "Upload a statement", status=status)

    def _preview(self, request: TenantRequest, form: StatementForm) -> HttpResponse:
        file = form.cleaned_data["file"]
        with transaction.atomic():
            preview = preview_statement(
                bank_account=form.bank_account(),
                file_name=file.name,
                content=file.read(),
                uploaded_by=request.user,
            )
        return HttpResponseRedirect(self.url("change", preview.statement.pk))

    def page(self, request: TenantRequest, row: StatementImport) -> dict[str, Any]:
        is_preview = row.status == StatementImport.Status.PREVIEWED
        preview = reread(row) if is_preview else None
        earlier = StatementImport.objects.for_tenant(request.tenant).filter(
            file_hash=row.file_hash, bank_account=row.bank_account, status=StatementImport.Status.IMPORTED
        )
        return {
            "statement": row,
            "is_preview": is_preview,
            "new_count": len(preview.new) if preview else 0,
            "sample": preview.new[:_SAMPLE] if preview else row.lines.order_by("booked_on", "id")[:_SAMPLE],
            "earlier": earlier.exclude(pk=row.pk).first(),
            "row_errors": row.row_errors[:50],
            "may_import": may(request.membership, PROPOSE_MATCHES),
        }

    def confirm(self, request: TenantRequest, row: StatementImport) -> HttpResponse | None:
        """Import the stored file and start matching."""
        done = confirm_import(statement=row)
        ring_run(request_match_run(connection=done.bank_account.connection, requested_by=request.user))
        known = f", {done.duplicates} were known already" if done.duplicates else ""
        messages.success(request, f"{done.imported} lines imported{known}. Matching has started.")
        if done.failed:
            messages.warning(request, f"{done.failed} rows could not be read; they are kept on the statement's page.")
            return None
        return HttpResponseRedirect(workbench_url())

    def discard(self, request: TenantRequest, row: StatementImport) -> HttpResponse | None:
        """Forget a preview; an imported file stays."""
        if row.status == StatementImport.Status.IMPORTED:
            raise ValidationError("This file is imported already; its lines stay.")
        row.delete()
        return HttpResponseRedirect(reverse("admin:reconciliation_statementimport_add"))

    def errors(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """The rows that could not be read, with their reasons, safe to open in a spreadsheet."""
        row = self.get_object(request, str(row_id)) if self.has_view_permission(request) else None
        if row is None:
            raise Http404
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="unread-rows.csv"'
        columns = list(dict.fromkeys(name for error in row.row_errors for name in error["values"]))
        writer = csv.writer(response)
        writer.writerow([neutral(name) for name in (*columns, "problem")])
        for error in row.row_errors:
            values = [str(error["values"].get(name, "")) for name in columns]
            writer.writerow([neutral(value) for value in (*values, f"Row {error['row']}: {error['message']}")])
        return response

    @display(description="Days")
    def days(self, row: StatementImport) -> str:
        return f"{row.first_on:%d %b %Y} to {row.last_on:%d %b %Y}" if row.first_on and row.last_on else "–"

    @display(description="Status", label={"Imported": "success", "Previewed, nothing imported yet": "warning"})
    def status_shown(self, row: StatementImport) -> str:
        return row.get_status_display()
