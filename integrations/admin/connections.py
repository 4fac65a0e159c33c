"""Connections: their health, the page that connects a ledger, and the page of one connection."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from integrations import tasks
from integrations.admin.announcements import panel_of
from integrations.admin.connecting import ConnectingPages
from integrations.admin.coverage import CoveragePages
from integrations.admin.policies import ResourceTable, summary_of
from integrations.admin.progress import progress_of
from integrations.engine.ways import CodeGrant
from integrations.forms import ConnectionSettingsForm
from integrations.models import Connection, Credential, Posting, SyncRun
from integrations.services import announcements, connections, following, sync
from integrations.services.endings import WARN_DAYS, end_of
from integrations.services.health import states_of
from integrations.services.limits import headroom
from integrations.services.offers import offers
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS, SEE_EXCHANGES, SYNC, may


@admin.register(Connection)
class ConnectionAdmin(CoveragePages, ResourceTable, ConnectingPages):
    """Cards with health in words; everything that can be done to a connection is one click from its page."""

    add_action = MANAGE_CONNECTIONS
    page_template = "integrations/connection.html"
    change_list_template = "integrations/connections.html"
    list_per_page = 24
    ordering: ClassVar = ["name", "id"]
    list_display: ClassVar = ["name"]
    search_fields: ClassVar = ["name", "external_org_id"]
    search_help_text = "Search by name"
    list_filter_sheet = False
    actions_by_post: ClassVar = {
        "sync": (SYNC, "start_sync"),
        "full-sync": (SYNC, "start_full_sync"),
        "pause": (MANAGE_CONNECTIONS, "pause"),
        "resume": (MANAGE_CONNECTIONS, "resume"),
        "settings": (MANAGE_CONNECTIONS, "save_settings"),
        "webhook-secret": (MANAGE_CONNECTIONS, "make_webhook_secret"),
        "resources": (MANAGE_CONNECTIONS, "save_resources"),
        "reconnect": (MANAGE_CONNECTIONS, "reconnect"),
        "disconnect": (MANAGE_CONNECTIONS, "disconnect"),
    }

    def get_urls(self) -> list[URLPattern]:
        confirm = path(
            "<uuid:row_id>/confirm-disconnect/",
            self.admin_site.admin_view(self.confirm_disconnect),
            name=self.url_name("confirm_disconnect"),
        )
        return [confirm, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The cards; the states of the page's connections come from four more queries, choices to make from one."""
        response: Any = super().changelist_view(request, {"title": "Connections", **(extra_context or {})})
        if getattr(response, "context_data", None) and "cl" in response.context_data:
            rows = list(response.context_data["cl"].result_list)
            response.context_data["states"] = states_of(rows)
            response.context_data |= self._rights(request)
            if response.context_data["may_manage"]:
                response.context_data["choices_to_make"] = self.choices_to_make(request)
        return response  # type: ignore[no-any-return]

    def page(self, request: TenantRequest, row: Connection) -> dict[str, Any]:
        state = states_of([row])[0]
        credential = Credential.objects.filter(connection=row).defer("secret").first()
        return {
            "state": state,
            "run": state.unfinished_run,
            "next_run": SyncRun.objects.filter(connection=row, status=SyncRun.Status.WAITING).first(),
            "may_ask_more": _may_ask_more(state.unfinished_run),
            "progress": progress_of(state.unfinished_run) if state.unfinished_run else None,
            "credential": credential,
            "ends_at": end_of(credential) if credential else None,
            "headroom": headroom(row) if row.connector in offers() else [],
            "offer": offers().get(row.connector),
            **_access_of(row),
            "runs": SyncRun.objects.filter(connection=row).order_by("-id")[:6],
            "postings": Posting.objects.filter(connection=row).order_by("-id")[:6],
            "webhooks": panel_of(row),
            "flows": summary_of(self.resource_rows(row)),
            "form": ConnectionSettingsForm(instance=row),
            **self._rights(request),
        }

    def _rights(self, request: TenantRequest) -> dict[str, bool]:
        return self.rights(request, may_manage=MANAGE_CONNECTIONS, may_sync=SYNC, may_see_exchanges=SEE_EXCHANGES)

    # Actions: each is called inside a transaction with a row of the caller's tenant and the right to do it.

    def start_sync(self, request: TenantRequest, row: Connection) -> None:
        """Look for changes now."""
        self._sync(request, row, is_full=False)

    def start_full_sync(self, request: TenantRequest, row: Connection) -> None:
        """Read everything again."""
        self._sync(request, row, is_full=True)

    def _sync(self, request: TenantRequest, row: Connection, *, is_full: bool) -> None:
        run = sync.request_sync(
            connection=row, trigger=SyncRun.Trigger.MANUAL, is_full=is_full, requested_by=request.user
        )
        transaction.on_commit(partial(tasks.run_sync.delay, str(row.tenant_id), str(run.pk)))
        messages.success(request, _asked(run))

    def pause(self, request: TenantRequest, row: Connection) -> None:
        """Stop reading and posting until somebody resumes."""
        connections.pause(row)
        messages.success(request, f"{row} is paused. Nothing is read or posted until it is resumed.")

    def resume(self, request: TenantRequest, row: Connection) -> None:
        """Go on after a pause."""
        connections.resume(row)
        messages.success(request, f"{row} goes on.")

    def save_settings(self, request: TenantRequest, row: Connection) -> HttpResponse | None:
        """The name, the rhythm, and whether anything may be posted."""
        form = ConnectionSettingsForm(request.POST, instance=row)
        if not form.is_valid():
            context = {"original": row, **self.page(request, row), "form": form}
            return self.render(request, self.page_template, context, str(row), status=422)
        Connection.objects.filter(pk=row.pk).update(name=form.cleaned_data["name"])
        connections.set_read_only(row, is_read_only=form.cleaned_data["is_read_only"])
        connections.set_posting_rules(
            row, closed_period=form.cleaned_data["closed_period"], tax_tolerance=form.cleaned_data["tax_tolerance"]
        )
        connections.set_schedule(row, minutes=form.cleaned_data["sync_minutes"])
        messages.success(request, "The settings are saved.")
        return None

    def make_webhook_secret(self, request: TenantRequest, row: Connection) -> HttpResponse:
        """A new address for a ledger that does not sign: shown in this answer and never again."""
        secret = announcements.make_secret(row, made_by=request.user)
        context = {"original": row, **self.page(request, row), "webhooks": panel_of(row, secret=secret)}
        return self.render(request, self.page_template, context, str(row))

    def disconnect(self, request: TenantRequest, row: Connection) -> None:
        """Give the access back to the ledger; what was read stays."""
        connections.disconnect(row)
        credential = Credential.objects.filter(connection=row).values_list("pk", flat=True).first()
        if credential:
            transaction.on_commit(partial(tasks.revoke_credential.delay, str(row.tenant_id), str(credential)))
        messages.success(request, f"{row} is disconnected. What was read stays; nothing new is read or posted.")

    def confirm_disconnect(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """Say what disconnecting means before it is done."""
        if not may(request.membership, MANAGE_CONNECTIONS):
            raise PermissionDenied
        row = self.get_object(request, str(row_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(row_id))  # type: ignore[no-any-return]
        waiting = Posting.objects.filter(connection=row).unfinished().count()
        ending = _access_of(row)["way"]
        context = {"original": row, "waiting": waiting, "ending": ending.disconnect if ending else None}
        return self.render(request, "integrations/disconnect.html", context, f"Disconnect {row}")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _may_ask_more(run: SyncRun | None) -> bool:
    """Whether there is anything that the sync under way would not read anyway."""
    return run is None or (run.status != SyncRun.Status.PAUSED and not following.covers(run, [], is_full=True))


def _asked(run: SyncRun) -> str:
    if run.status == SyncRun.Status.WAITING:
        return "Another sync is under way. Yours comes after it, by itself; it is shown here."
    if run.status == SyncRun.Status.RUNNING:
        return "A sync that reads this is under way already; its progress is shown here."
    return "The sync is queued; its progress is shown here."


def _access_of(row: Connection) -> dict[str, Any]:
    """How the ledger lets the connection in, in words; nothing for a connector that is not installed any more."""
    offer = offers().get(row.connector)
    way = offer.way(row.way) if offer else None
    if offer is None or way is None:
        return {"way": None}
    days = way.refresh_hard_days if isinstance(way, CodeGrant) and way.refresh_hard_days <= max(WARN_DAYS) else 0
    others = [other for other in offer.ways if other.name != way.name]
    return {"way": way, "chosen": offer.chosen(row.settings), "short_days": days, "others": others}
