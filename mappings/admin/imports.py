"""Files of documents: uploaded, checked as a whole, looked at, and then taken in as a whole."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from integrations.admin.pages import PageAdmin
from integrations.models import Connection
from integrations.templatetags.books import from_now
from mappings import tasks
from mappings.models import DocumentImport
from mappings.services.importing import MOST_BYTES, accept, upload
from mappings.tabular import COLUMNS, FAMILIES, REQUIRED, template
from tenants.http import TenantRequest
from tenants.models import User
from tenants.permissions import SUBMIT_DOCUMENTS, may

_Status = DocumentImport.Status
TONES: dict[str, str] = {
    _Status.QUEUED: "info",
    _Status.CHECKING: "info",
    _Status.CHECKED: "warning",
    _Status.ACCEPTED: "info",
    _Status.IMPORTING: "info",
    _Status.IMPORTED: "success",
    _Status.FAILED: "danger",
}
_BUSY = (_Status.QUEUED, _Status.CHECKING, _Status.ACCEPTED, _Status.IMPORTING)


@admin.register(DocumentImport)
class DocumentImportAdmin(PageAdmin):
    """Who may submit documents may bring them in as a file; what is wrong is said row by row."""

    page_template = "mappings/import.html"
    change_list_template = "mappings/imports.html"
    list_display: ClassVar = ["file_shown", "status_shown", "documents_shown", "errors_shown", "uploaded_shown"]
    list_display_links: ClassVar = ["file_shown"]
    list_filter: ClassVar = ["status", "connection"]
    list_select_related: ClassVar = ["connection", "requested_by"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"accept": (SUBMIT_DOCUMENTS, "accept")}

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "mappings/mappings.css"]}
        js: ClassVar = ["integrations/integrations.js"]

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        # The file itself is never needed on a page.
        return super().get_queryset(request).defer("content")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("upload/", require_POST(wrap(self.upload)), name=self.url_name("upload")),
            path("template/", wrap(self.template), name=self.url_name("template")),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the form above it."""
        context = {
            "title": "Imported files",
            "connections": Connection.objects.for_tenant(request.tenant).order_by("name"),
            "may_import": may(request.membership, SUBMIT_DOCUMENTS),
            "upload_url": self.url("upload"),
            "template_url": self.url("template"),
            "most_mb": MOST_BYTES // 1_000_000,
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def upload(self, request: TenantRequest) -> HttpResponse:
        """Keep the file and let it be checked."""
        if not may(request.membership, SUBMIT_DOCUMENTS):
            raise PermissionDenied
        file, chosen = request.FILES.get("file"), request.POST.get("connection", "")
        try:
            connection = Connection.objects.for_tenant(request.tenant).filter(pk=chosen).first()
            if connection is None or file is None:
                raise ValidationError("Choose a connection and a file.")
            if (file.size or 0) > MOST_BYTES:
                raise ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB: send it in parts.")
            person = request.user
            assert isinstance(person, User)  # noqa: S101 - the admin lets nobody else in
            row = upload(connection=connection, name=file.name or "", content=file.read(), by=person)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(self.url("changelist"))
        _ring(row)
        return HttpResponseRedirect(self.url("change", row.pk))

    def template(self, request: HttpRequest) -> HttpResponse:
        """Every column, and two documents as examples."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        headers = {"Content-Disposition": 'attachment; filename="documents.csv"'}
        return HttpResponse(template(), content_type="text/csv; charset=utf-8", headers=headers)

    def page(self, request: TenantRequest, row: DocumentImport) -> dict[str, Any]:
        """What was found, and whether it can be taken in."""
        is_ready = row.status == _Status.CHECKED and not row.counts.get("errors") and row.counts.get("new", 0) > 0
        documents = reverse("admin:mappings_sourcedocument_changelist")
        return {
            "tone": TONES[row.status],
            "is_busy": row.status in _BUSY,
            "may_accept": is_ready and may(request.membership, SUBMIT_DOCUMENTS),
            "accept_url": self.url("accept", row.pk),
            "documents_url": f"{documents}?connection__id__exact={row.connection_id}",
            "more": max(0, row.counts.get("errors", 0) - len(row.problems)),
            "columns": [(name, column.help, name in REQUIRED) for name, column in COLUMNS.items()]
            + [(f"{family}:NAME", column.help, False) for family, column in FAMILIES.items()],
        }

    def accept(self, request: TenantRequest, row: DocumentImport) -> None:
        """Take the whole file in."""
        accept(document_import=row)
        messages.success(request, "The documents are being imported; each is mapped afterwards.")
        _ring(row)

    @display(description="File", header=True)
    def file_shown(self, row: DocumentImport) -> tuple[str, str]:
        """Its name, and the ledger it is for."""
        return row.name, str(row.connection)

    @display(description="State", label=TONES)
    def status_shown(self, row: DocumentImport) -> tuple[str, str]:
        """Where it is."""
        return row.status, row.get_status_display()

    @display(description="Documents")
    def documents_shown(self, row: DocumentImport) -> str:
        """In the file, and how many of them are new."""
        if not row.counts:
            return "–"
        return f"{row.counts.get('documents', 0):,}, {row.counts.get('new', 0):,} new"

    @display(description="Errors")
    def errors_shown(self, row: DocumentImport) -> str:
        """How many."""
        return f"{row.counts.get('errors', 0):,}" if row.counts else "–"

    @display(description="Uploaded")
    def uploaded_shown(self, row: DocumentImport) -> str:
        """How long ago, and by whom."""
        return f"{from_now(row.created_at)} by {row.requested_by}"


def _ring(row: DocumentImport) -> None:
    transaction.on_commit(partial(tasks.run_import.delay, str(row.tenant_id), str(row.pk)))
