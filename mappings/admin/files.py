"""Mappings by file and by copy: a template of open values, another connection's mappings, a supplied chart."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from integrations.models import Connection
from mappings.admin.connections import connection_or_404
from mappings.resources import template_of
from mappings.services import copying, drafts
from mappings.services.copying import Copied
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, may

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NAMED = 10


class FilePages:
    """Two small routes, mixed into the admin of versions."""

    admin_site: Any

    def file_urls(self) -> list[URLPattern]:
        """The routes, under the workbench's own."""
        wrap, base = self.admin_site.admin_view, "workbench/<uuid:connection_id>/"
        return [
            path(f"{base}template/", require_GET(wrap(self.template)), name="mappings_template"),
            path(f"{base}copy/", require_POST(wrap(self.copy)), name="mappings_copy"),
        ]

    def template(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """`?format=csv` or xlsx: the heads, and a row for each value without a meaning."""
        connection = connection_or_404(request, connection_id)
        name = request.GET.get("format", "csv")
        if name not in FORMATS:
            raise Http404("There is no such format.")
        content = template_of(connection).export(name)
        answer = HttpResponse(content, content_type=FORMATS[name])
        answer["Content-Disposition"] = f'attachment; filename="mappings-{slugify(connection.name)}.{name}"'
        return answer

    def copy(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """`source` is "chart:NAME" or a connection's id; what is mapped already stays."""
        connection = connection_or_404(request, connection_id)
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        try:
            with transaction.atomic():
                found = _copy(request, connection, request.POST.get("source", ""))
        except ValidationError as refused:
            for sentence in refused.messages:
                messages.error(request, sentence)
        else:
            messages.success(request, in_words(found))
        return HttpResponseRedirect(reverse("admin:mappings_workbench_connection", args=[connection.pk]))


def sources(connection: Connection) -> list[tuple[str, str]]:
    """What can be copied from: (value of the form, name)."""
    others = Connection.objects.for_tenant(connection.tenant_id).exclude(pk=connection.pk)
    mapped = others.filter(mapping_sets__isnull=False).distinct().order_by("name")
    return [
        *[(str(each.pk), str(each)) for each in mapped],
        *[(f"chart:{name}", f"Chart: {title}") for name, title in copying.charts().items()],
    ]


def in_words(found: Copied) -> str:
    """Such as "12 values taken into the draft, 3 had a meaning already, 2 have no such record here: rent, rates."."""
    told = f"{found.taken} value{'' if found.taken == 1 else 's'} taken into the draft"
    told += f", {found.kept} had a meaning already" if found.kept else ""
    if found.missing:
        more = f" and {len(found.missing) - _NAMED} more" if len(found.missing) > _NAMED else ""
        told += f", {len(found.missing)} have no such record here: {', '.join(found.missing[:_NAMED])}{more}"
    return f"{told}."


def _copy(request: TenantRequest, connection: Connection, source: str) -> Copied:
    draft = drafts.ensure_draft(connection=connection, by=request.user)
    kind, _, chart = source.partition(":")
    if kind == "chart":
        return copying.copy_from_chart(draft=draft, chart=chart, by=request.user)
    rows = Connection.objects.for_tenant(request.tenant)
    try:
        other = rows.filter(pk=source).first()
    except ValidationError:
        other = None
    if other is None:
        raise ValidationError("Choose what to copy from.")
    return copying.copy_from_connection(draft=draft, source=other, by=request.user)
