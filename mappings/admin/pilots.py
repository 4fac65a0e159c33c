"""The pilot on a version's page: started and stopped by a button, followed while it runs, read before Approve."""

from datetime import date
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

from integrations.engine.errors import ConfigurationError
from integrations.services.pilot_companies import sandbox_url
from mappings import tasks
from mappings.admin.backtests import may_try
from mappings.models import MappingSet, Pilot, SourceDocument
from mappings.services import pilot_report, pilots
from tenants.http import TenantRequest

ON_OFFER = (20, 100, 500)


class PilotPages:
    """Two POSTs and one small JSON answer, mixed into the admin of versions."""

    admin_site: Any
    url: Any
    get_object: Any

    def pilot_urls(self) -> list[URLPattern]:
        """The route that the page asks while a pilot runs; the POSTs are among the actions."""
        state = require_GET(self.admin_site.admin_view(self.pilot_state))
        return [path("<uuid:set_id>/pilot/state/", state, name="mappings_pilot_state")]

    def pilot(self, request: TenantRequest, row: MappingSet) -> HttpResponse:
        """Post the last documents with this version and with the active one into simulated companies."""
        if not may_try(request):
            raise PermissionDenied
        found = pilots.request_pilot(mapping_set=row, choice=_choice(request), by=request.user)
        _ring(found)
        messages.success(request, f"Version {row.version} is piloted in the sandbox; nothing goes to {row.connection}.")
        return HttpResponseRedirect(f"{self.url('change', row.pk)}#pilot")

    def stop_pilot(self, request: TenantRequest, row: MappingSet) -> HttpResponse:
        """Stop it, and have its companies removed."""
        if not may_try(request):
            raise PermissionDenied
        found = pilots.latest_pilot(row)
        if found is None:
            raise ValidationError("There is no pilot to stop.")
        pilots.cancel_pilot(found)
        _ring(found)
        messages.success(request, "The pilot is being stopped; its companies are removed.")
        return HttpResponseRedirect(f"{self.url('change', row.pk)}#pilot")

    def pilot_state(self, request: TenantRequest, set_id: UUID) -> JsonResponse:
        """How far it is: `{"html", "finished"}`; polled by the page."""
        row = self.get_object(request, str(set_id))
        found = pilots.latest_pilot(row) if row else None
        if found is None:
            raise Http404("There is no such pilot.")
        html = render_to_string("mappings/parts/pilot_progress.html", {"pilot": found}, request)
        return JsonResponse({"html": html, "finished": not found.is_busy})


def shown(request: TenantRequest, row: MappingSet) -> dict[str, Any]:
    """What the version's page says of its last pilot."""
    found = pilots.latest_pilot(row)
    report = found.report if found and found.status == Pilot.Status.DONE else {}
    accounts = report.get("accounts", [])
    unlike = [each for each in accounts if each["is_unlike"]]
    return {
        "pilot": found,
        "pilot_is_outdated": found is not None and pilots.is_outdated(found),
        "pilot_unlike": [(each, pilot_report.sentence(each, report["currency"])) for each in unlike],
        "pilot_alike": [each for each in accounts if not each["is_unlike"]],
        "may_pilot": may_try(request) and row.status in (MappingSet.Status.DRAFT, MappingSet.Status.SUBMITTED),
        "no_sandbox": _missing(),
        "pilot_on_offer": ON_OFFER,
        "kinds_on_offer": SourceDocument.Kind.choices,
    }


def _ring(pilot: Pilot) -> None:
    transaction.on_commit(partial(tasks.run_pilot.delay, str(pilot.tenant_id), str(pilot.pk)))


def _missing() -> str:
    try:
        sandbox_url()
    except ConfigurationError as missing:
        return f"{missing.message} {missing.remedy}"
    return ""


def _choice(request: TenantRequest) -> pilots.Choice:
    text = request.POST.get("documents", "")
    if not text.isascii() or not text.isdigit():
        raise ValidationError("Give the number of documents as a whole number.")
    return pilots.Choice(
        documents=int(text),
        kinds=tuple(request.POST.getlist("kinds")),
        dated_from=_day(request, "dated_from"),
        dated_to=_day(request, "dated_to"),
    )


def _day(request: TenantRequest, name: str) -> date | None:
    text = request.POST.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as wrong:
        raise ValidationError(f"“{text}” is no day; write it as 2027-01-31.") from wrong
