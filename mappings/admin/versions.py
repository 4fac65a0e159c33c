"""Versions of the mappings: who made each, what it changed, who decided, and the way back."""

from datetime import date
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.formats import date_format
from unfold.decorators import display

from integrations.admin.pages import Act, PageAdmin
from mappings import tasks
from mappings.admin import backtests, pilots
from mappings.admin.configuration import ConfigurationPages
from mappings.admin.documentation import DocumentationPages
from mappings.admin.files import FilePages
from mappings.admin.workbench import WorkbenchPages
from mappings.models import MappingSet
from mappings.services import decisions
from mappings.services.differences import differences, unfit_values
from mappings.services.impact import impact_of
from mappings.services.versions import VersionError
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MAPPINGS, EDIT_MAPPINGS, VIEW

_TONES = {
    MappingSet.Status.DRAFT: "info",
    MappingSet.Status.SUBMITTED: "warning",
    MappingSet.Status.ACTIVE: "success",
    MappingSet.Status.REJECTED: "danger",
    MappingSet.Status.SUPERSEDED: "default",
}


@admin.register(MappingSet)
class MappingSetAdmin(
    ConfigurationPages,
    WorkbenchPages,
    FilePages,
    DocumentationPages,
    backtests.BackTestPages,
    pilots.PilotPages,
    PageAdmin,
):
    """The history; work happens in the workbench."""

    page_template = "mappings/version.html"
    change_list_template = "mappings/versions.html"
    list_display: ClassVar = [
        "version_shown",
        "connection",
        "status_shown",
        "submitted_by",
        "submitted_at",
        "why_shown",
        "approved_by",
        "approved_at",
    ]
    list_display_links: ClassVar = ["version_shown"]
    list_filter: ClassVar = ["connection", "status"]
    list_select_related: ClassVar = ["connection", "submitted_by", "approved_by"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "submit": (EDIT_MAPPINGS, "submit"),
        "withdraw": (EDIT_MAPPINGS, "withdraw"),
        "approve": (APPROVE_MAPPINGS, "approve"),
        "send_back": (APPROVE_MAPPINGS, "send_back"),
        "roll_back": (APPROVE_MAPPINGS, "roll_back"),
        "back_test": (VIEW, "back_test"),
        "pilot": (VIEW, "pilot"),
        "stop_pilot": (VIEW, "stop_pilot"),
    }

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "mappings/mappings.css"]}
        js: ClassVar = ["integrations/integrations.js"]

    @display(description="Version", ordering=None)
    def version_shown(self, row: MappingSet) -> str:
        """Version 4."""
        return f"Version {row.version}"

    @display(description="State", label=_TONES)
    def status_shown(self, row: MappingSet) -> tuple[str, str]:
        """Coloured state."""
        return row.status, row.get_status_display()

    @display(description="Why")
    def why_shown(self, row: MappingSet) -> str:
        """What the submitter wrote, and the answer when it was sent back."""
        answer = f" – {row.decision_comment}" if row.decision_comment else ""
        return f"{row.submitted_comment}{answer}"[:160] or "–"

    def get_urls(self) -> list[URLPattern]:
        own = [*self.workbench_urls(), *self.file_urls(), *self.documentation_urls()]
        return [*own, *self.back_test_urls(), *self.pilot_urls(), *super().get_urls()]

    def name_of(self, row: MappingSet) -> str:
        return f"Version {row.version} of {row.connection}"

    def page(self, request: TenantRequest, row: MappingSet) -> dict[str, Any]:
        """What this version changed against the one it came from, and what may be done with it."""
        before = row.based_on
        changes = differences(row, against=before) if before else differences(row, against=row)
        return {
            "changes": [each for each in changes if each.is_change],
            "values": [each for each in changes if each.after],
            "unfit": unfit_values(row) if row.status in (MappingSet.Status.SUBMITTED, MappingSet.Status.ACTIVE) else [],
            "impact": impact_of(row) if row.status == MappingSet.Status.SUBMITTED else None,
            "is_own": request.user.pk in row.editors,
            "is_open": row.status in (MappingSet.Status.DRAFT, MappingSet.Status.SUBMITTED),
            "workbench_url": self.workbench_url(row),
            **backtests.shown(request, row),
            **pilots.shown(request, row),
            **self.rights(request, may_edit=EDIT_MAPPINGS, may_approve=APPROVE_MAPPINGS),
        }

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"workbench_url": reverse("admin:mappings_workbench"), **(extra_context or {})}
        return super().changelist_view(request, extra)

    def workbench_url(self, row: MappingSet) -> str:
        """The screen where this version is worked on."""
        return reverse("admin:mappings_workbench_connection", args=[row.connection_id])

    def _done(self, request: TenantRequest, row: Any, act: Act) -> HttpResponse:
        answer = super()._done(request, row, act)
        is_elsewhere = answer.headers.get("Location", "") != self.url("change", row.pk)
        return answer if is_elsewhere else HttpResponseRedirect(self.workbench_url(row))

    def submit(self, request: TenantRequest, row: MappingSet) -> None:
        """Editor: hand it over."""
        decisions.submit(mapping_set=row, by=request.user, comment=request.POST.get("comment", ""))
        messages.success(request, f"Version {row.version} waits for approval by another person.")

    def withdraw(self, request: TenantRequest, row: MappingSet) -> None:
        """Editor: take it back."""
        decisions.withdraw(mapping_set=row, by=request.user)
        messages.success(request, f"Version {row.version} is a draft again.")

    def approve(self, request: TenantRequest, row: MappingSet) -> None:
        """Approver: make it active and let the waiting documents go."""
        goes, since = impact_of(row).goes, _day(request)
        comment = request.POST.get("comment", "")
        decisions.activate(mapping_set=row, by=request.user, comment=comment, holds_from=since)
        self._released(request, row, f"Version {row.version} is active{_since(since)}.", goes)

    def send_back(self, request: TenantRequest, row: MappingSet) -> None:
        """Approver: not yet."""
        draft = decisions.reject(mapping_set=row, by=request.user, comment=request.POST.get("comment", ""))
        messages.success(request, f"Version {row.version} was sent back; the work goes on as draft {draft.version}.")

    def roll_back(self, request: TenantRequest, row: MappingSet) -> None:
        """Approver: what held before holds again, as a new version."""
        comment = request.POST.get("comment", "")
        goes, since = impact_of(row).goes, _day(request)
        again, _ = decisions.roll_back(mapping_set=row, by=request.user, comment=comment, holds_from=since)
        said = f"Version {again.version} is active{_since(since)}: it says what version {row.version} said."
        self._released(request, row, said, goes)

    def _released(self, request: TenantRequest, row: MappingSet, said: str, goes: int) -> None:
        if goes:
            said += f" {goes} waiting document{'s go' if goes != 1 else ' goes'} to the ledger now."
        messages.success(request, said)
        ring = partial(tasks.map_documents.delay, str(row.tenant_id), str(row.connection_id))
        transaction.on_commit(ring)


def _day(request: TenantRequest) -> date | None:
    text = request.POST.get("holds_from", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as wrong:
        raise VersionError(f"“{text}” is no day to hold from; write it as 2027-01-31.") from wrong


def _since(day: date | None) -> str:
    return f" for documents dated from {date_format(day, 'j M Y')}" if day else ""
