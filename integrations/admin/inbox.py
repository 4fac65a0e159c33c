"""The failure inbox's page and its one action: replay everything of one cause."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from integrations import tasks
from integrations.models import Posting, SyncRun, WebhookEvent
from integrations.services import postings, sync
from integrations.services.announcements_rows import replay_events
from integrations.services.inbox import failure_groups, rows_of
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS, REPLAY, may

AT_ONCE = 500


class InboxPages:
    """Adds the failure inbox to the run list's addresses."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("failures/", view(self.failures), name="integrations_failures"),
            path("failures/replay/", view(self.replay_group), name="integrations_failures_replay"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def failures(self: Any, request: TenantRequest) -> HttpResponse:
        """What needs somebody, grouped by root cause."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "groups": failure_groups(request.tenant),
            **self.rights(request, may_replay=REPLAY, may_manage=MANAGE_CONNECTIONS),
        }
        response: HttpResponse = self.render(request, "integrations/failures.html", context, "Failures")
        return response

    def replay_group(self, request: TenantRequest) -> HttpResponse:
        """Replay up to 500 rows of one cause."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not may(request.membership, REPLAY):
            raise PermissionDenied
        kind, rows = rows_of(request.tenant, request.POST.get("key", ""))
        again = {"sync": _replay_runs, "webhook_event": _replay_events}.get(kind, _replay_postings)
        count, refusals = again(request, rows[:AT_ONCE])
        if count:
            messages.success(request, f"{count} {'is' if count == 1 else 'are'} being replayed.")
        for sentence in sorted(refusals)[:3]:
            messages.warning(request, sentence)
        if not count and not refusals:
            messages.info(request, "There is nothing left to replay for this cause.")
        return HttpResponseRedirect(reverse("admin:integrations_failures"))


def _replay_runs(request: TenantRequest, rows: Any) -> tuple[int, set[str]]:
    # One pull repairs all failed runs of a connection: only the newest is worth repeating.
    newest: SyncRun | None = max(rows.select_related("connection"), key=lambda row: row.pk, default=None)
    if newest is None:
        return 0, set()
    try:
        with transaction.atomic():
            run = sync.replay_sync(run=newest, requested_by=request.user)
    except ValidationError as refused:
        return 0, set(refused.messages)
    transaction.on_commit(partial(tasks.run_sync.delay, str(run.tenant_id), str(run.pk)))
    return 1, set()


def _replay_events(request: TenantRequest, rows: Any) -> tuple[int, set[str]]:
    of_these = WebhookEvent.objects.for_tenant(request.tenant).filter(pk__in=[row.pk for row in rows])
    return replay_events(of_these, requested_by=request.user), set()


def _replay_postings(request: TenantRequest, rows: Any) -> tuple[int, set[str]]:
    count, refusals = 0, set()
    for row in rows:
        try:
            with transaction.atomic():
                replay(row, request)
        except ValidationError as refused:
            refusals |= set(refused.messages)
        else:
            count += 1
    return count, refusals


def replay(posting: Posting, request: TenantRequest) -> None:
    """Send a refused posting again, or look up an unknown one now."""
    postings.replay_posting(posting=posting, requested_by=request.user)
    transaction.on_commit(partial(tasks.send_posting.delay, str(posting.tenant_id), str(posting.pk)))
