"""Sync runs: what was pulled when, how far a running one is, and what stopped a failed one."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations import tasks
from integrations.admin.calls import call_body, calls_of, failing_call
from integrations.admin.inbox import InboxPages
from integrations.admin.pages import PageAdmin
from integrations.admin.progress import progress_of
from integrations.models import ApiCall, SyncRun
from integrations.services import sync
from integrations.templatetags.books import TONES, duration, from_now
from tenants.http import TenantRequest
from tenants.permissions import REPLAY, SEE_EXCHANGES, SYNC


@admin.register(SyncRun)
class SyncRunAdmin(InboxPages, PageAdmin):
    """The run list is the first place support looks; the failure inbox is one of its pages."""

    page_template = "integrations/run.html"
    change_list_template = "integrations/runs.html"
    list_display: ClassVar = [
        "started_shown",
        "connection_shown",
        "status_shown",
        "cause_shown",
        "trigger_shown",
        "counted",
        "calls_shown",
        "seconds_shown",
    ]
    list_display_links: ClassVar = ["started_shown"]
    list_filter: ClassVar = ["connection", "status", "trigger"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "replay": (REPLAY, "replay"),
        "cancel": (SYNC, "cancel"),
        "pause": (SYNC, "pause"),
        "resume": (SYNC, "resume"),
    }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<uuid:row_id>/progress/", view(self.progress), name=self.url_name("progress")),
            path("calls/<uuid:call_id>/", view(call_body), name="integrations_apicall_body"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Newest first."""
        return super().changelist_view(request, {"title": "Sync runs", **(extra_context or {})})

    def page(self, request: TenantRequest, row: SyncRun) -> dict[str, Any]:
        calls = ApiCall.objects.for_tenant(request.tenant).filter(sync_run=row)
        rights = self.rights(request, may_replay=REPLAY, may_sync=SYNC, may_see_exchanges=SEE_EXCHANGES)
        is_failed = row.status == SyncRun.Status.FAILED
        return {
            "run": row,
            "progress": progress_of(row),
            "calls": calls_of(calls) if rights["may_see_exchanges"] else [],
            "failing": failing_call(calls) if is_failed and rights["may_see_exchanges"] else None,
            "replays": SyncRun.objects.for_tenant(request.tenant).filter(replay_of=row).order_by("-id")[:5],
            "is_failed": is_failed,
            **rights,
        }

    def progress(self, request: TenantRequest, row_id: UUID) -> JsonResponse:
        """How far a run is: `{"html", "finished", "status", "records", …}`; polled by the pages that show it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = self.get_queryset(request).filter(pk=row_id).first()
        if run is None:
            raise Http404("There is no such run.")
        progress = progress_of(run)
        html = render_to_string("integrations/parts/progress.html", {"run": run, "progress": progress}, request)
        return JsonResponse(
            {
                "html": html,
                "finished": run.finished_at is not None,
                "status": run.status,
                "records": run.records,
                "calls": run.calls,
                "percent": progress.percent,
                "seconds_left": progress.seconds_left,
            }
        )

    def replay(self, request: TenantRequest, row: SyncRun) -> HttpResponse:
        """Ask for the same pull again."""
        run = sync.replay_sync(run=row, requested_by=request.user)
        transaction.on_commit(partial(tasks.run_sync.delay, str(row.tenant_id), str(run.pk)))
        messages.success(request, "The run is being replayed. This page follows it.")
        return HttpResponseRedirect(self.url("change", run.pk))

    def cancel(self, request: TenantRequest, row: SyncRun) -> None:
        """Stop after the page that is being read; what was stored stays."""
        sync.cancel_sync(row)
        messages.success(request, "The run is cancelled. What it has read stays.")

    def pause(self, request: TenantRequest, row: SyncRun) -> None:
        """Hold it after the page that is being read."""
        sync.pause_sync(row)
        messages.success(request, "The run is paused. It goes on from here when you resume it.")

    def resume(self, request: TenantRequest, row: SyncRun) -> None:
        """Go on where it was paused."""
        sync.resume_sync(row)
        transaction.on_commit(partial(tasks.run_sync.delay, str(row.tenant_id), str(row.pk)))
        messages.success(request, "The run goes on from the last page that was stored.")

    @display(description="Started", ordering="id")
    def started_shown(self, row: SyncRun) -> SafeString:
        """When it began, or was asked for."""
        at = row.started_at or row.created_at
        return format_html('<span title="{}">{}</span>', f"{at:%Y-%m-%d %H:%M:%S} UTC", from_now(at))

    @display(description="Connection")
    def connection_shown(self, row: SyncRun) -> str:
        """Which organisation."""
        return str(row.connection)

    @display(description="Status", label=TONES)
    def status_shown(self, row: SyncRun) -> tuple[str, str]:
        """Queued, running, succeeded, failed, cancelled."""
        return row.status, row.get_status_display()

    @display(description="Cause")
    def cause_shown(self, row: SyncRun) -> SafeString:
        """Why it failed, in one line."""
        text = str(row.error.get("message") or row.error_code or "") if row.status == SyncRun.Status.FAILED else ""
        return format_html('<span class="block max-w-xl truncate" title="{}">{}</span>', text, text or "–")

    @display(description="Trigger")
    def trigger_shown(self, row: SyncRun) -> str:
        """Who or what asked for it."""
        return f"{row.get_trigger_display()}{' (full)' if row.is_full else ''}"

    @display(description="Records (changed)")
    def counted(self, row: SyncRun) -> SafeString:
        """How many records were met, and how many of them were new or different."""
        return format_html('<span class="money">{} ({})</span>', f"{row.records:,}", f"{row.changed:,}")

    @display(description="Calls")
    def calls_shown(self, row: SyncRun) -> str:
        """Calls to the ledger, and how many of them had to wait for its limits."""
        return f"{row.calls:,}" + (f" ({row.throttled} throttled)" if row.throttled else "")

    @display(description="Took")
    def seconds_shown(self, row: SyncRun) -> SafeString:
        """Duration, so far or in all."""
        return format_html('<span class="money">{}</span>', duration(row.seconds))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
