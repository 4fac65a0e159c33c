"""Duplicate contacts: groups with their evidence, one form each, by keyboard; exact ones together."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from integrations.admin.pages import PageAdmin
from integrations.models import Connection
from mappings import tasks
from mappings.admin.connections import connection_or_404, connections_and_chosen
from mappings.models import DuplicateGroup, HealthWatch
from mappings.services import cleansing_decisions as decisions
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, may

_PER_PAGE = 25
_Status = DuplicateGroup.Status
TABS = {_Status.OPEN.value: "To decide", _Status.MERGED.value: "Merged", _Status.APART.value: "Kept apart"}


@admin.register(DuplicateGroup)
class DuplicateGroupAdmin(PageAdmin):
    """The list is the place of work; a group has no page of its own."""

    change_list_template = "mappings/duplicates.html"
    search_fields: ClassVar = ["members"]
    actions_by_post: ClassVar = {
        "merge": (EDIT_MAPPINGS, "merge"),
        "apart": (EDIT_MAPPINGS, "apart"),
        "undo": (EDIT_MAPPINGS, "undo"),
    }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("exact/<uuid:connection_id>/", require_POST(view(self.exact)), name=self.url_name("exact")),
            path("search/<uuid:connection_id>/", require_POST(view(self.search)), name=self.url_name("search")),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Groups of one connection (`?connection=`, the first one's without) and one state (`?tab=`)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections, chosen = connections_and_chosen(request, request.GET.get("connection"))
        context: dict[str, Any] = {"connections": connections, "connection": chosen}
        if chosen is not None:
            context |= self._shown(request, chosen)
        context |= self.rights(request, may_decide=EDIT_MAPPINGS)
        return self.render(request, "mappings/duplicates.html", context, "Duplicate contacts")

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where a group is shown: in the list, at itself."""
        row = self.get_object(request, object_id) if self.has_view_permission(request) else None
        return HttpResponseRedirect(self._place(row) if row else self.url("changelist"))

    def exact(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Merge all that are the same beyond doubt."""
        connection = self._connection(request, connection_id)
        done = decisions.merge_exact(connection=connection, by=request.user)
        messages.success(request, f"{done} group{'' if done == 1 else 's'} merged. Each can be undone under “Merged”.")
        return HttpResponseRedirect(self.url("changelist", connection=connection.pk))

    def search(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Look again now."""
        connection = self._connection(request, connection_id)
        ring = partial(tasks.search_duplicates.delay, str(connection.tenant_id), str(connection.pk))
        transaction.on_commit(ring)
        messages.success(request, "The contacts are being compared; reload in a moment.")
        return HttpResponseRedirect(self.url("changelist", connection=connection.pk))

    def merge(self, request: TenantRequest, row: DuplicateGroup) -> HttpResponse:
        """The ticked ones become aliases of the chosen one."""
        keys = request.POST.getlist("key")
        return self._tried(
            request,
            row,
            lambda: decisions.merge(group=row, chosen=request.POST.get("chosen", ""), by=request.user, keys=keys),
        )

    def apart(self, request: TenantRequest, row: DuplicateGroup) -> HttpResponse:
        """They are different, for ever."""
        return self._tried(request, row, lambda: decisions.keep_apart(group=row, by=request.user))

    def undo(self, request: TenantRequest, row: DuplicateGroup) -> HttpResponse:
        """Take the decision back."""
        return self._tried(request, row, lambda: decisions.undo(group=row, by=request.user))

    def _tried(self, request: TenantRequest, row: DuplicateGroup, act: Callable[[], Any]) -> HttpResponse:
        tab = row.status
        try:
            act()
        except ValidationError as refused:
            for sentence in refused.messages:
                messages.error(request, sentence)
        return HttpResponseRedirect(self.url("changelist", connection=row.connection_id, tab=tab))

    def _place(self, row: DuplicateGroup) -> str:
        return f"{self.url('changelist', connection=row.connection_id, tab=row.status)}#g-{row.pk}"

    def _connection(self, request: TenantRequest, connection_id: UUID) -> Connection:
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        return connection_or_404(request, connection_id)

    def _shown(self, request: TenantRequest, connection: Connection) -> dict[str, Any]:
        rows = DuplicateGroup.objects.for_tenant(request.tenant).filter(connection=connection)
        counts = dict(rows.order_by().values_list("status").annotate(count=Count("id")))
        tab = request.GET.get("tab", _Status.OPEN.value)
        tab = tab if tab in TABS else _Status.OPEN.value
        page = Paginator(
            rows.filter(status=tab).select_related("decided_by").order_by("-is_exact", "-documents", "id"), _PER_PAGE
        ).get_page(request.GET.get("page"))
        watch = HealthWatch.objects.for_tenant(request.tenant).filter(connection=connection).first()
        return {
            "tabs": [(name, label, counts.get(name, 0)) for name, label in TABS.items()],
            "tab": tab,
            "page": page,
            "groups": [(row, row.chosen or decisions.first_choice(row)) for row in page.object_list],
            "exact": rows.open().filter(is_exact=True).count(),
            "looked_at": watch.contacts_checked_at if watch else None,
        }
