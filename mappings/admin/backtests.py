"""The back-test on a version's page: asked for by a button, followed while it runs, read before Approve."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from mappings import tasks
from mappings.models import MappingSet
from mappings.services import backtests
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MAPPINGS, EDIT_MAPPINGS, may

ON_OFFER = (100, 1000, 10_000)


class BackTestPages:
    """One POST and one small JSON answer, mixed into the admin of versions."""

    admin_site: Any
    url: Any
    get_object: Any

    def back_test_urls(self) -> list[URLPattern]:
        """The route that the page asks while a test runs; the POST is among the actions."""
        state = require_GET(self.admin_site.admin_view(self.back_test_state))
        return [path("<uuid:set_id>/back-test/state/", state, name="mappings_back_test_state")]

    def back_test(self, request: TenantRequest, row: MappingSet) -> HttpResponse:
        """Try this version on the last documents, in the background."""
        if not may_try(request):
            raise PermissionDenied
        text = request.POST.get("documents", "")
        if not text.isascii() or not text.isdigit():
            raise ValidationError("Give the number of documents as a whole number.")
        found = backtests.request_back_test(mapping_set=row, documents=int(text), by=request.user)
        transaction.on_commit(partial(tasks.run_back_test.delay, str(found.tenant_id), str(found.pk)))
        messages.success(request, f"Version {row.version} is being tried on up to {found.wanted:,} documents.")
        return HttpResponseRedirect(f"{self.url('change', row.pk)}#back-test")

    def back_test_state(self, request: TenantRequest, set_id: UUID) -> JsonResponse:
        """How far it is: `{"html", "finished"}`; polled by the page."""
        row = self.get_object(request, str(set_id))
        found = backtests.latest_back_test(row) if row else None
        if found is None:
            raise Http404("There is no such back-test.")
        html = render_to_string("mappings/parts/back_test_progress.html", {"back_test": found}, request)
        return JsonResponse({"html": html, "finished": not found.is_busy})


def shown(request: TenantRequest, row: MappingSet) -> dict[str, Any]:
    """What the version's page says of its last back-test."""
    found = backtests.latest_back_test(row)
    report = found.report if found else {}
    return {
        "back_test": found,
        "is_outdated": found is not None and backtests.is_outdated(found),
        "sentences": [(each, backtests.sentence(each)) for each in report.get("moves", [])],
        "may_try": may_try(request),
        "on_offer": ON_OFFER,
    }


def may_try(request: TenantRequest) -> bool:
    """Whoever edits or approves."""
    return any(may(request.membership, right) for right in (EDIT_MAPPINGS, APPROVE_MAPPINGS))
