"""The documentation of the map: a page to read, a CSV to work with, a PDF to keep."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import URLPattern, path
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from mappings.models import MappingSet
from mappings.services import documentation
from mappings.services.documentation import Map
from mappings.services.documentation_pdf import pdf_of
from tenants.http import TenantRequest
from tenants.resources import neutral

MOST_SHOWN = 1000
FILES: dict[str, tuple[str, Callable[[Map], bytes]]] = {}


class DocumentationPages:
    """A page and two files for each version, mixed into the admin of versions."""

    admin_site: Any
    get_object: Any
    has_view_permission: Any
    render: Any

    def documentation_urls(self) -> list[URLPattern]:
        """The routes of a version's documentation."""
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:set_id>/map/", require_GET(wrap(self.map_page)), name="mappings_map"),
            path("<uuid:set_id>/map.<str:kind>", require_GET(wrap(self.map_file)), name="mappings_map_file"),
        ]

    def map_page(self, request: TenantRequest, set_id: UUID) -> HttpResponse:
        """What is what, under which version, approved by whom."""
        found = documentation.document_map(self._version(request, set_id))
        context = {
            "version": found.version,
            "heading": documentation.heading(found),
            "fields": documentation.FIELDS,
            "entries": found.entries[:MOST_SHOWN],
            "more": len(found.entries) - MOST_SHOWN,
            "history": found.history,
        }
        return self.render(request, "mappings/map.html", context, f"Map of {found.version}")  # type: ignore[no-any-return]

    def map_file(self, request: TenantRequest, set_id: UUID, kind: str) -> HttpResponse:
        """`map.csv` or `map.pdf`."""
        if kind not in FILES:
            raise Http404("There is no such file.")
        version = self._version(request, set_id)
        content_type, make = FILES[kind]
        answer = HttpResponse(make(documentation.document_map(version)), content_type=content_type)
        name = f"map-{slugify(str(version.connection))}-{version.version}.{kind}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def _version(self, request: TenantRequest, set_id: UUID) -> MappingSet:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row: MappingSet | None = self.get_object(request, str(set_id))
        if row is None:
            raise Http404("There is no such version.")
        return row


def _csv(found: Map) -> bytes:
    return "".join(_lines(found)).encode("utf-8-sig")


def _lines(found: Map) -> Iterator[str]:
    for row in documentation.rows_of(found):
        line = StringIO()
        csv.writer(line).writerow([neutral(text) for text in row])
        yield line.getvalue()


FILES["csv"] = ("text/csv; charset=utf-8", _csv)
FILES["pdf"] = ("application/pdf", pdf_of)
