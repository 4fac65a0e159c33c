"""The files of a document on its page: dropped or chosen, downloaded, taken back, and where each of them is."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from integrations.models import KeptFile
from integrations.services.filing import MOST_BYTES, MOST_FILES, TYPES, Brought
from mappings import tasks
from mappings.models import SourceDocument
from mappings.models.documents import ORIGIN
from mappings.services import files as filed
from tenants.http import TenantRequest, download
from tenants.models import User
from tenants.permissions import SEE_CONTENT, SUBMIT_DOCUMENTS, may


class ReceiptPages:
    """Mixed into the admin of source documents."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:row_id>/files/", require_POST(wrap(self.add_files)), name="mappings_document_files"),
            path("<uuid:row_id>/files/send/", require_POST(wrap(self.send_files)), name="mappings_document_files_send"),
            path("<uuid:row_id>/files/<uuid:file_id>/", wrap(self.download_file), name="mappings_document_file"),
            path(
                "<uuid:row_id>/files/<uuid:file_id>/remove/",
                require_POST(wrap(self.remove_file)),
                name="mappings_document_file_remove",
            ),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def receipts(self, request: TenantRequest, row: SourceDocument) -> dict[str, Any]:
        """What the part of the page about files needs."""
        states = filed.states_of(row)
        may_submit = may(request.membership, SUBMIT_DOCUMENTS)
        left = [each for each in states if each.code == "waiting" and row.status == SourceDocument.Status.MAPPED]
        return {
            "files": states,
            "files_kept": filed.reason_kept(row),
            "may_add_files": may_submit and len(states) < MOST_FILES,
            "may_send_files": may_submit and bool(left),
            "may_remove_files": may_submit,
            "file_endings": ",".join(f".{ending}" for ending in TYPES),
            "file_most_mb": MOST_BYTES // 1_000_000,
        }

    def add_files(self, request: TenantRequest, row_id: UUID) -> HttpResponse:
        """Keep what was dropped or chosen, all or nothing; it follows the document into the ledger."""
        row = self._document(request, row_id, SUBMIT_DOCUMENTS)
        chosen = request.FILES.getlist("files")
        try:
            if not chosen:
                raise ValidationError("Choose a file, or drop one here.")
            if large := next((each for each in chosen if (each.size or 0) > MOST_BYTES), None):
                raise ValidationError(f"{large.name} is larger than {MOST_BYTES // 1_000_000} MB: make it smaller.")
            person = request.user
            assert isinstance(person, User)  # noqa: S101 - the admin lets nobody else in
            with transaction.atomic():
                brought = [Brought(each.name or "", each.read()) for each in chosen]
                added = filed.add_files(document=row, files=brought, sent_by=person)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return self._page_of(row)
        for file, is_new in added:
            if is_new:
                messages.success(request, f"{file} is kept with the document.")
            else:
                messages.info(request, f"The same file is here already, as {file}.")
        self._ring(request, row)
        return self._page_of(row)

    def send_files(self, request: TenantRequest, row_id: UUID) -> HttpResponse:
        """Let files go that have not gone."""
        row = self._document(request, row_id, SUBMIT_DOCUMENTS)
        self._ring(request, row)
        return self._page_of(row)

    def remove_file(self, request: TenantRequest, row_id: UUID, file_id: UUID) -> HttpResponse:
        """Take a file away that has not gone."""
        row = self._document(request, row_id, SUBMIT_DOCUMENTS)
        file = _file(row, file_id)
        try:
            with transaction.atomic():
                filed.remove_file(document=row, file=file)
            messages.success(request, f"{file} is removed.")
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return self._page_of(row)

    def download_file(self, request: TenantRequest, row_id: UUID, file_id: UUID) -> HttpResponse:
        """The file, for those who may see what documents say."""
        row = self._document(request, row_id, SEE_CONTENT)
        file = _file(row, file_id)
        return download(file.name, file.content)

    def _document(self, request: TenantRequest, row_id: UUID, right: str) -> SourceDocument:
        if not may(request.membership, right):
            raise PermissionDenied
        rows = SourceDocument.objects.for_tenant(request.tenant).select_related("connection")
        row = rows.filter(pk=row_id).first()
        if row is None:
            raise Http404("There is no such document.")
        return row

    def _ring(self, request: TenantRequest, row: SourceDocument) -> None:
        if not tasks.ring_files(row):
            messages.warning(request, f"{row.connection} is not written to now: its files stay here until it is.")

    def _page_of(self: Any, row: SourceDocument) -> HttpResponseRedirect:
        return HttpResponseRedirect(self.url("change", row.pk) + "#files")


def _file(row: SourceDocument, file_id: UUID) -> KeptFile:
    files = KeptFile.objects.for_tenant(row.tenant_id).filter(origin_kind=ORIGIN, origin_id=row.pk)
    found = files.filter(pk=file_id).first()
    if found is None:
        raise Http404("There is no such file.")
    return found
