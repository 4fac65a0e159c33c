"""Statement files: upload, preview, import; unreadable rows can be fetched, repaired and uploaded again."""

import csv
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.decorators import display

from integrations.models import Connection, Resource, SyncRun
from integrations.services.sync import request_sync
from integrations.tasks import run_sync
from reconciliation.admin.pages import ReconciliationPage, ring_run, workbench_url
from reconciliation.forms import LayoutForm, StatementForm
from reconciliation.models import StatementImport
from reconciliation.services.feeds import feeds_of
from reconciliation.services.refused_rows import refused_rows
from reconciliation.services.runs import request_match_run
from reconciliation.services.statements import (
    Preview,
    confirm_import,
    explain_columns,
    keep_alike,
    preview_statement,
    reread,
)
from reconciliation.statements import PROBLEM, DayProof
from tenants.http import TenantRequest
from tenants.permissions import PROPOSE_MATCHES, SYNC, may
from tenants.resources import neutral

_SAMPLE = 12
_MOST_DAYS = 40
_MOST_ERRORS = 50
_FORMATS = {"table": "table (CSV or XLSX)", "ofx": "OFX", "camt": "CAMT.053", "mt940": "MT940"}


def _from_tomorrow(preview: Preview) -> list[str]:
    """A word about days that have not come yet: most often the day and the month are read the wrong way round."""
    today = timezone.localdate()
    late = [row.booked_on for row in preview.new if row.booked_on > today + timedelta(days=1)]
    if not late:
        return []
    told = f"{len(late)} rows have" if len(late) > 1 else "One row has"
    last = max(late)
    return [
        f"{told} a date after today, the last one {last.day} {last:%B %Y}. Look whether the dates are read rightly."
    ]


def _interesting(proofs: list[DayProof]) -> list[DayProof]:
    """Days with a difference, else the last ones: a year of proved days is a number, not a table."""
    gaps = [proof for proof in proofs if proof.difference]
    return gaps[:_MOST_DAYS] or proofs[-_MOST_DAYS:]


@admin.register(StatementImport)
class StatementImportAdmin(ReconciliationPage):
    """The page of a file is its preview until somebody imports it, and its record afterwards."""

    page_template = "reconciliation/statement.html"
    change_list_template = "reconciliation/statements.html"
    add_action = PROPOSE_MATCHES
    list_display: ClassVar = [
        "file_name",
        "source",
        "bank_account",
        "days",
        "imported",
        "duplicates",
        "failed",
        "status_shown",
    ]
    list_filter: ClassVar = ["bank_account", "source", "status"]
    list_select_related: ClassVar = ["bank_account"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "confirm": (PROPOSE_MATCHES, "confirm"),
        "discard": (PROPOSE_MATCHES, "discard"),
        "columns": (PROPOSE_MATCHES, "explain"),
        "alike": (PROPOSE_MATCHES, "keep_alike"),
    }

    def get_queryset(self, request: TenantRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def get_urls(self) -> list[URLPattern]:
        errors = path("<uuid:row_id>/errors.csv", self.admin_site.admin_view(self.errors), name=self.url_name("errors"))
        feed = path(
            "feed/<uuid:connection_id>/",
            require_POST(self.admin_site.admin_view(self.fetch)),
            name=self.url_name("feed"),
        )
        return [errors, feed, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under where lines come from: which ledger gives a feed, and which wants files."""
        extra = {"feeds": feeds_of(request.tenant), "may_fetch": may(request.membership, SYNC)}
        return super().changelist_view(request, extra | (extra_context or {}))

    def fetch(self, request: TenantRequest, connection_id: Any) -> HttpResponse:
        """Read the bank feed of a connection now; its lines are taken in and matched afterwards."""
        rows = Connection.objects.for_tenant(request.tenant)
        connection = rows.filter(pk=connection_id).first() if may(request.membership, SYNC) else None
        if connection is None:
            raise PermissionDenied
        try:
            with transaction.atomic():
                run = request_sync(
                    connection=connection,
                    trigger=SyncRun.Trigger.MANUAL,
                    resources=[Resource.BANK_LINES, Resource.ACCOUNTS],
                    requested_by=request.user,
                )
                transaction.on_commit(partial(run_sync.delay, str(run.tenant_id), str(run.pk)))
            messages.success(
                request, "The bank feed is being read; new lines appear here and are matched by themselves."
            )
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return HttpResponseRedirect(self.url("changelist"))

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
        """The preview as it would be imported now, or what was imported."""
        earlier = StatementImport.objects.for_tenant(request.tenant).filter(
            file_hash=row.file_hash, bank_account=row.bank_account, status=StatementImport.Status.IMPORTED
        )
        if row.source == StatementImport.Source.FEED:
            return self._fed(request, row)
        preview = reread(row)
        is_preview = row.status == StatementImport.Status.PREVIEWED
        if not is_preview:
            row.refresh_from_db()  # what was counted at the import stands, not what the file would bring today
        return {
            "statement": row,
            "is_preview": is_preview,
            "earlier": earlier.exclude(pk=row.pk).first(),
            "row_errors": row.row_errors[:_MOST_ERRORS],
            "more_errors": max(0, len(row.row_errors) - _MOST_ERRORS),
            "may_import": may(request.membership, PROPOSE_MATCHES),
            **self._told(preview, row, is_preview=is_preview),
        }

    def _fed(self, request: TenantRequest, row: StatementImport) -> dict[str, Any]:
        """What a ledger's feed brought at once; there is no file behind it. The first asks to look at its direction."""
        earlier = StatementImport.objects.filter(
            bank_account=row.bank_account, source=StatementImport.Source.FEED, pk__lt=row.pk
        )
        by_size = row.lines.order_by("-cents", "id")
        return {
            "largest": [] if earlier.exists() else [by_size.filter(**way).first() for way in _WAYS],
            "statement": row,
            "is_preview": False,
            "is_feed": True,
            "format": row.get_source_display(),
            "row_errors": row.row_errors[:_MOST_ERRORS],
            "more_errors": max(0, len(row.row_errors) - _MOST_ERRORS),
            "sample": row.lines.order_by("booked_on", "id")[:_SAMPLE],
        }

    def _told(self, preview: Preview, row: StatementImport, *, is_preview: bool) -> dict[str, Any]:
        found, proofs = preview.found, preview.proofs
        first = preview.new[:_SAMPLE] if is_preview else row.lines.order_by("booked_on", "id")[:_SAMPLE]
        return {
            "format": _FORMATS[found.scheme.split()[0]],
            "new_count": len(preview.new) if is_preview else 0,
            "sample": first,
            "alike": preview.rows.alike[:_SAMPLE] if is_preview else [],
            "asks_columns": found.asks_columns,
            "doubts": [*found.doubts, *_from_tomorrow(preview)] if is_preview else [],
            "unread": found.unread,
            "layout_form": LayoutForm(heads=found.heads, layout=found.layout) if found.heads and is_preview else None,
            "samples": [(head, ", ".join(values)) for head, values in found.samples.items()],
            "proofs": _interesting(proofs),
            "proved": sum(proof.is_proved for proof in proofs),
            "gaps": sum(bool(proof.difference) for proof in proofs),
        }

    def explain(self, request: TenantRequest, row: StatementImport) -> None:
        """Say which column is what; the preview is read anew."""
        found = reread(row).found
        form = LayoutForm(request.POST, heads=found.heads, layout=found.layout)
        if not form.is_valid():
            raise ValidationError("Choose each column from the list.")
        explain_columns(statement=row, layout=form.layout(), by=request.user)
        messages.success(request, "The columns are remembered for every file with these heads.")

    def keep_alike(self, request: TenantRequest, row: StatementImport) -> None:
        """Take rows that another kind of file brought as lines of their own, or as the same again."""
        keep_alike(statement=row, keeps=request.POST.get("keeps") == "1")

    def confirm(self, request: TenantRequest, row: StatementImport) -> HttpResponse | None:
        """Import the stored file and start matching."""
        done = confirm_import(statement=row)
        ring_run(request_match_run(connection=done.bank_account.connection, requested_by=request.user, is_whole=False))
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
        columns, rows = refused_rows(row)
        writer = csv.writer(response)
        writer.writerow([neutral(name) for name in (*columns, PROBLEM)])
        for error, cells in zip(row.row_errors, rows, strict=True):
            values = [str(cells.get(name, "")) for name in columns]
            writer.writerow([neutral(value) for value in (*values, _in_words(error))])
        return response

    @display(description="Days")
    def days(self, row: StatementImport) -> str:
        return f"{row.first_on:%d %b %Y} to {row.last_on:%d %b %Y}" if row.first_on and row.last_on else "–"

    @display(description="Status", label={"Imported": "success", "Previewed, nothing imported yet": "warning"})
    def status_shown(self, row: StatementImport) -> str:
        return row.get_status_display()


# Ids grow with time, so an earlier statement has a smaller one.
_WAYS: tuple[dict[str, int], ...] = ({"amount__gt": 0}, {"amount__lt": 0})


def _in_words(error: dict[str, Any]) -> str:
    place = error.get("place") or f"row {error['row']}"
    return " ".join(filter(None, (f"{place.capitalize()}: {error['message']}", error.get("remedy"))))
