"""What ledgers announced: the panel on a connection's page, the list of events, and the page of one."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.admin.pages import PageAdmin
from integrations.models import Connection, LedgerRecord, WebhookEvent
from integrations.services.announcements import address_of, door_of, has_keys
from integrations.services.announcements_rows import replay_events
from integrations.templatetags.books import TONES, from_now, one_of, words
from tenants.http import TenantRequest
from tenants.permissions import REPLAY

_NEWEST = 5


@dataclass(frozen=True)
class Panel:
    """What a connection's page says of its webhooks."""

    announces: bool
    """Whether the ledger tells anything by itself."""
    is_signed: bool = False
    is_ready: bool = False
    """The operator's key, or the connection's secret, is there."""
    address: str = ""
    is_secret_shown: bool = False
    is_silent: bool = False
    setup: tuple[str, ...] = ()
    events: tuple[WebhookEvent, ...] = ()


def panel_of(row: Connection, *, secret: str = "") -> Panel:
    """The panel; a secret that was just made is shown in the address, this once."""
    door = door_of(row.connector)
    if door is None:
        return Panel(announces=False)
    newest = WebhookEvent.objects.for_tenant(row.tenant_id).filter(connection=row).order_by("-id")[:_NEWEST]
    is_signed = door.declared.seal is not None
    return Panel(
        announces=True,
        is_signed=is_signed,
        is_ready=has_keys(door.connector) if is_signed else bool(row.webhook_key),
        address=address_of(row.connector, secret),
        is_secret_shown=bool(secret),
        is_silent=row.webhook_silent_at is not None,
        setup=door.declared.setup,
        events=tuple(newest),
    )


@admin.register(WebhookEvent)
class WebhookEventAdmin(PageAdmin):
    """Read only: each announced change, when it came, and what became of it."""

    page_template = "integrations/event.html"
    change_list_template = "integrations/events.html"
    list_display: ClassVar = [
        "created_shown",
        "what_shown",
        "action_shown",
        "status_shown",
        "cause_shown",
        "record_shown",
        "connection_shown",
    ]
    list_display_links: ClassVar = ["created_shown"]
    list_filter: ClassVar = ["connection", "status", "resource"]
    list_select_related: ClassVar = ["connection", "delivery"]
    search_fields: ClassVar = ["external_id"]
    search_help_text = "Search by the ledger's id of a record"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"replay": (REPLAY, "replay")}

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Exact ids only."""
        return (queryset.filter(external_id=search_term) if search_term else queryset), False

    def get_queryset(self, request: TenantRequest) -> Any:
        # The bytes of a delivery may be about others as well: only its time is read here.
        return super().get_queryset(request).defer("delivery__body", "delivery__headers", "delivery__unclaimed")

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Newest first."""
        return super().changelist_view(request, {"title": "Webhook events", **(extra_context or {})})

    def name_of(self, row: WebhookEvent) -> str:
        """The record and what was said of it."""
        return _what(row)

    def page(self, request: TenantRequest, row: WebhookEvent) -> dict[str, Any]:
        records = LedgerRecord.objects.for_tenant(request.tenant).filter(connection_id=row.connection_id)
        events = WebhookEvent.objects.for_tenant(request.tenant).filter(connection_id=row.connection_id)
        rights = self.rights(request, may_replay=REPLAY)
        same = events.filter(remote_type=row.remote_type, external_id=row.external_id).exclude(pk=row.pk)
        return {
            "event": row,
            "what": _what(row),
            "record": records.filter(resource=row.resource, external_id=row.external_id).first(),
            "others": same.order_by("-id")[:_NEWEST],
            "is_failed": row.status == WebhookEvent.Status.FAILED,
            **rights,
        }

    def replay(self, request: TenantRequest, row: WebhookEvent) -> None:
        """Read the record again."""
        mine = WebhookEvent.objects.for_tenant(request.tenant).filter(pk=row.pk)
        if replay_events(mine, requested_by=request.user):
            messages.success(request, "The record is read again within seconds.")
        else:
            messages.info(request, "This change has been dealt with already.")

    @display(description="Came")
    def created_shown(self, row: WebhookEvent) -> SafeString:
        """When the ledger delivered it."""
        at = row.delivery.received_at if row.delivery else row.created_at
        return format_html('<span title="{}">{}</span>', f"{at:%Y-%m-%d %H:%M:%S} UTC", from_now(at))

    @display(description="What")
    def what_shown(self, row: WebhookEvent) -> str:
        """The kind of record, in our words where we read it."""
        return one_of(row.resource).capitalize() if row.resource else words(row.remote_type)

    @display(description="Announced as")
    def action_shown(self, row: WebhookEvent) -> str:
        """Created, updated, deleted…"""
        return words(row.action)

    @display(description="What became of it", label=TONES)
    def status_shown(self, row: WebhookEvent) -> tuple[str, str]:
        """Waiting, read, known already, our own write, failed…"""
        return row.status, row.get_status_display()

    @display(description="Cause")
    def cause_shown(self, row: WebhookEvent) -> SafeString:
        """Why it failed, or why it still waits, in one line."""
        text = str(row.error.get("message") or row.error_code or "")
        return format_html('<span class="block max-w-xl truncate" title="{}">{}</span>', text, text or "–")

    @display(description="Ledger id")
    def record_shown(self, row: WebhookEvent) -> str:
        """The ledger's id of the record."""
        return row.external_id

    @display(description="Connection")
    def connection_shown(self, row: WebhookEvent) -> str:
        """Which organisation."""
        return str(row.connection)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _what(row: WebhookEvent) -> str:
    kind = one_of(row.resource).capitalize() if row.resource else words(row.remote_type)
    return f"{kind} {row.external_id}: {words(row.action).lower()}"
