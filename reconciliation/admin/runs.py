"""Matching runs: start one, see what came of each."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from unfold.decorators import display

from integrations.models import Connection
from integrations.templatetags.books import duration
from reconciliation.admin.pages import ReconciliationPage, back, ring_run, workbench_url
from reconciliation.calibration import FEW, Outcome, above, bands_of
from reconciliation.models import MatchRun, Proposal
from reconciliation.services.runs import request_match_run
from reconciliation.services.taught import taught_by
from reconciliation.services.track_record import LAST, outcomes_of
from tenants.http import TenantRequest
from tenants.permissions import SYNC, may


@admin.register(MatchRun)
class MatchRunAdmin(ReconciliationPage):
    """The log of the engine."""

    page_template = "reconciliation/run.html"
    list_display: ClassVar = [
        "created_at", "connection", "status_shown", "lines", "proposals", "kept", "unexplained", "seconds_shown",
    ]  # fmt: skip
    list_filter: ClassVar = ["connection", "status"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []

    def get_urls(self) -> list[URLPattern]:
        start = path("start/", self.admin_site.admin_view(self.start), name="reconciliation_matchrun_start")
        record = path(
            "track-record/", self.admin_site.admin_view(self.track_record), name="reconciliation_track_record"
        )
        taught = path("learned/", self.admin_site.admin_view(self.learned), name="reconciliation_learned")
        return [start, record, taught, *super().get_urls()]

    def page(self, request: TenantRequest, row: MatchRun) -> dict[str, Any]:
        return {"run": row}

    def track_record(self, request: TenantRequest) -> HttpResponse:
        """Of proposals at each confidence, how many people approved unchanged."""
        known = outcomes_of(request.tenant)
        kinds = {str(value): label for value, label in Proposal.Kind.choices}
        by_kind = [(kinds[kind], above([x for x in known if x.kind == kind], Decimal(0))) for kind in _kinds(known)]
        context = {
            "bands": bands_of(known),
            "whole": above(known, Decimal(0)),
            "by_kind": by_kind,
            "last": LAST,
            "few": FEW,
            "is_cut": len(known) == LAST,
        }
        return self.render(request, "reconciliation/track_record.html", context, "Track record")

    def learned(self, request: TenantRequest) -> HttpResponse:
        """What the approvals of each connection have changed about how its lines are matched."""
        rows = Connection.objects.for_tenant(request.tenant).exclude(status=Connection.Status.DISCONNECTED)
        context = {"taught": [taught_by(row) for row in rows.order_by("name", "pk")]}
        return self.render(request, "reconciliation/learned.html", context, "What matching has learned")

    def start(self, request: TenantRequest) -> HttpResponse:
        """Match the connection that the form names, or all of them."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may(request.membership, SYNC):
            raise PermissionDenied
        rows = Connection.objects.for_tenant(request.tenant).exclude(status=Connection.Status.DISCONNECTED)
        wanted = request.POST.get("connection")
        for connection in rows.filter(pk=UUID(wanted)) if wanted else rows:
            ring_run(request_match_run(connection=connection, requested_by=request.user))
        messages.info(request, "Matching is under way.")
        return HttpResponseRedirect(back(request, workbench_url()))

    @display(description="Status", label={"Queued": "info", "Running": "info", "Done": "success", "Failed": "danger"})
    def status_shown(self, row: MatchRun) -> str:
        return row.get_status_display()

    @display(description="Took")
    def seconds_shown(self, row: MatchRun) -> str:
        return duration(row.seconds)


def _kinds(known: Iterable[Outcome]) -> list[str]:
    return sorted({each.kind for each in known})
