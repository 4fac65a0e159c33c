"""The page of what waits: one card for each missing meaning, resolved in place in the draft."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from mappings.admin.connections import connection_or_404, connections_and_chosen
from mappings.models import SourceValue
from mappings.services.drafts import ensure_draft, set_value
from mappings.services.targets import get_target
from mappings.services.versions import Word, open_set
from mappings.services.waiting import cards_of, piles_of
from tenants.http import TenantRequest
from tenants.models import User
from tenants.permissions import EDIT_MAPPINGS, may


class WaitingPages:
    """Mixed into the admin of source documents."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("waiting/", wrap(self.waiting), name="mappings_waiting"),
            path("waiting/<uuid:connection_id>/", wrap(self.waiting), name="mappings_waiting_connection"),
            path("waiting/<uuid:connection_id>/resolve/", require_POST(wrap(self.resolve)), name="mappings_resolve"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def waiting(self: Any, request: TenantRequest, connection_id: UUID | None = None) -> HttpResponse:
        """What waits in one connection; in the first one where none is named."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections, chosen = connections_and_chosen(request, connection_id)
        draft = open_set(chosen) if chosen else None
        context: dict[str, Any] = {
            "connections": connections,
            "connection": chosen,
            "cards": cards_of(chosen) if chosen else [],
            "piles": piles_of(chosen) if chosen else [],
            "draft": draft,
            "may_edit": may(request.membership, EDIT_MAPPINGS) and (draft is None or draft.is_draft),
        }
        response: HttpResponse = self.render(request, "mappings/waiting.html", context, "Waiting documents")
        return response

    def resolve(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Say in the draft what a word means; the documents go when the draft is approved."""
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        connection = connection_or_404(request, connection_id)
        words = SourceValue.objects.for_tenant(request.tenant).filter(connection_id=connection_id)
        try:
            source = words.filter(pk=request.POST.get("word", "")).first()
        except ValidationError:
            source = None
        if source is None:
            raise Http404("There is no such word.")
        person = request.user
        assert isinstance(person, User)  # noqa: S101 - the admin lets nobody else in
        try:
            record = get_target(
                connection=connection, subject=source.subject, external_id=request.POST.get("record", "")
            )
            if record is None:
                raise ValidationError("Choose a record of the ledger.")
            draft = ensure_draft(connection=connection, by=person)
            set_value(draft=draft, word=Word(source.subject, source.side, source.value), record=record, by=person)
            messages.success(request, f"“{source.value}” means {record.name} in the draft, version {draft.version}.")
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return HttpResponseRedirect(reverse("admin:mappings_waiting_connection", args=[connection_id]))
