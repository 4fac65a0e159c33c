"""Custom fields: what people added to their ledger, and which attribute of documents fills each."""

from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.models import Connection, CustomField, Fetch
from integrations.services import custom_fields
from integrations.services.connectors import connector_of
from integrations.services.fetching import request_fetch
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, may


@admin.register(CustomField)
class CustomFieldAdmin(PageAdmin):
    """One table of all fields; the attribute's name is typed in place, all are saved at once."""

    ordering: ClassVar = ["connection__name", "resource", "name"]

    def get_queryset(self, request: TenantRequest) -> "QuerySet[CustomField]":
        rows = super().get_queryset(request).select_related("connection")
        return rows.order_by(*self.ordering)

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The table; a POST saves what changed, all or nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = list(self.get_queryset(request))
        if request.method == "POST":
            if not may(request.membership, EDIT_MAPPINGS):
                raise PermissionDenied
            if "look" in request.POST:
                self._look(request)
                return HttpResponseRedirect(self.url("changelist"))
            if self._save(request, rows):
                return HttpResponseRedirect(self.url("changelist"))
        context = {"rows": rows, "original": None, **self.rights(request, may_edit=EDIT_MAPPINGS)}
        return self.render(request, "integrations/custom_fields.html", context, "Custom fields")

    def _look(self, request: TenantRequest) -> None:
        """Ask every ledger that tells its fields for them again."""
        asked = 0
        for row in Connection.objects.for_tenant(request.tenant).filter(status=Connection.Status.ACTIVE):
            if connector_of(row).discovery is not None:
                kind, fresh = Fetch.Kind.CUSTOM_FIELDS, timedelta(0)
                fetch = request_fetch(connection=row, kind=kind, params={}, requested_by=request.user, fresh=fresh)
                transaction.on_commit(partial(tasks.perform_fetch.delay, str(fetch.tenant_id), str(fetch.pk)))
                asked += 1
        if asked:
            messages.success(request, "The ledgers are being asked; new fields appear here in a moment.")
        else:
            messages.info(request, "These ledgers tell their fields with their records: new ones appear after a sync.")

    def _save(self, request: TenantRequest, rows: list[CustomField]) -> bool:
        wanted = {row: request.POST.get(f"key-{row.pk}", row.key).strip() for row in rows}
        changed = {row: key for row, key in wanted.items() if key != row.key}
        try:
            with transaction.atomic():
                # Emptied first, so that two fields can swap their attributes.
                for row in changed:
                    custom_fields.set_key(row, "")
                for row, key in changed.items():
                    custom_fields.set_key(row, key)
        except ValidationError as refused:
            for row, key in wanted.items():
                row.key = key
            for sentence in refused.messages:
                messages.error(request, sentence)
            return False
        count = len(changed)
        messages.success(request, f"{count} field{'' if count == 1 else 's'} changed." if count else "Nothing changed.")
        return True

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is no page for one of them."""
        return HttpResponseRedirect(self.url("changelist"))
