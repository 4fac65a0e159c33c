"""The page of what documents bring along besides: each attribute, and the ledger's fields that it fills."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from integrations.models import CustomField
from mappings.admin.connections import connection_or_404, connections_and_chosen
from mappings.services.attributes import LATEST, attributes_of, fill
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, SEE_CONTENT, may


class AttributePages:
    """Mixed into the admin of source documents."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        base = "attributes/"
        one = f"{base}<uuid:connection_id>/"
        own = [
            path(base, wrap(self.attributes), name="mappings_attributes"),
            path(one, wrap(self.attributes), name="mappings_attributes_connection"),
            path(f"{one}fill/", require_POST(wrap(self.fill_field)), name="mappings_attributes_fill"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def attributes(self: Any, request: TenantRequest, connection_id: UUID | None = None) -> HttpResponse:
        """The attributes of one connection's documents; of the first one where none is named."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections, chosen = connections_and_chosen(request, connection_id)
        rows = attributes_of(chosen) if chosen else []
        fields = CustomField.objects.for_tenant(request.tenant).filter(connection=chosen, key="", is_writable=True)
        context: dict[str, Any] = {
            "connections": connections,
            "connection": chosen,
            "rows": rows,
            "nowhere": sum(not row.fields for row in rows),
            "free": list(fields.order_by("resource", "name")) if chosen else [],
            "latest": LATEST,
            **self.rights(request, may_edit=EDIT_MAPPINGS, may_see=SEE_CONTENT),
        }
        response: HttpResponse = self.render(request, "mappings/attributes.html", context, "Attributes of documents")
        return response

    def fill_field(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Let an attribute fill a field, or, without a name, nothing."""
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        connection = connection_or_404(request, connection_id)
        name = request.POST.get("name", "").strip()
        try:
            field = fill(connection=connection, field_id=request.POST.get("field", ""), name=name)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        else:
            place = f"{field} of {field.get_resource_display().lower()}"
            told = f"{name} is written into {place} from now on." if name else f"Nothing fills {place} any more."
            messages.success(request, told)
        return HttpResponseRedirect(reverse("admin:mappings_attributes_connection", args=[connection_id]))
