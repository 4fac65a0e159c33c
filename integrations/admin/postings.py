"""Postings: every write to a ledger, its journey and its outcome."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations import tasks
from integrations.admin.calls import calls_of
from integrations.admin.inbox import replay
from integrations.admin.journey import Step, journey_of, origin_words
from integrations.admin.naming import with_names
from integrations.admin.pages import PageAdmin
from integrations.admin.record_page import REFERENCES, lay_out
from integrations.models import ApiCall, LedgerRecord, Posting
from integrations.services import postings
from integrations.services.offers import page_in_ledger
from integrations.templatetags.books import TONES, from_now, money, one_of, words
from tenants.http import TenantRequest
from tenants.permissions import REPLAY, SEE_EXCHANGES

_SHORT = {"pending": "Waiting", "sent": "Sent", "unknown": "Unknown", "cancelled": "Cancelled"}
_ORIGIN_COLUMN = {"api": "API", "source_document": "Document"}


@admin.register(Posting)
class PostingAdmin(PageAdmin):
    """Read only: postings come from source documents, matches and the API."""

    page_template = "integrations/posting.html"
    change_list_template = "integrations/postings.html"
    list_display: ClassVar = [
        "created_shown",
        "what_shown",
        "amount_shown",
        "status_shown",
        "cause_shown",
        "external_shown",
        "origin_shown",
        "connection_shown",
    ]
    list_display_links: ClassVar = ["created_shown"]
    list_filter: ClassVar = ["connection", "status", "resource", "operation"]
    list_select_related: ClassVar = ["connection"]
    search_fields: ClassVar = ["idempotency_key", "external_id"]
    search_help_text = "Search by ledger id or idempotency key"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "replay": (REPLAY, "replay"),
        "cancel": (REPLAY, "cancel"),
        "reverse": (REPLAY, "reverse"),
    }

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Exact ids only: both columns are names, not texts."""
        found = queryset.filter(external_id=search_term) | queryset.filter(idempotency_key=search_term)
        return found if search_term else queryset, False

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Newest first."""
        return super().changelist_view(request, {"title": "Postings", **(extra_context or {})})

    def page(self, request: TenantRequest, row: Posting) -> dict[str, Any]:
        calls = ApiCall.objects.for_tenant(request.tenant).filter(posting=row)
        mirror = LedgerRecord.objects.for_tenant(request.tenant).filter(connection=row.connection_id)
        rights = self.rights(request, may_replay=REPLAY, may_see_exchanges=SEE_EXCHANGES)
        shown = calls_of(calls) if rights["may_see_exchanges"] else []
        reversals = list(row.reversals.order_by("id"))
        steps: list[Step] = journey_of(row, shown, reversals)
        return {
            "posting": row,
            "steps": steps,
            "origin": origin_words(row.origin_kind),
            "calls": shown,
            "layout": lay_out(with_names(row.body, REFERENCES, mirror)),
            "ledger_url": page_in_ledger(row.record) if row.record else "",
            "reversals": reversals,
            "can_replay": rights["may_replay"] and row.status in (Posting.Status.REJECTED, Posting.Status.UNKNOWN),
            "can_cancel": rights["may_replay"] and row.status == Posting.Status.PENDING,
            "can_reverse": rights["may_replay"] and _is_reversible(row, reversals),
            **rights,
        }

    def replay(self, request: TenantRequest, row: Posting) -> None:
        """Send it again, or look it up now when its outcome is unknown."""
        replay(row, request)
        messages.success(
            request, "It is on its way again. Nothing is sent twice: an unknown outcome is looked up first."
        )

    def cancel(self, request: TenantRequest, row: Posting) -> None:
        """Never send it."""
        postings.cancel_posting(row)
        messages.success(request, "The posting is cancelled; nothing was sent.")

    def reverse(self, request: TenantRequest, row: Posting) -> HttpResponse:
        """Undo it in the ledger by the ledger's own means."""
        undo = postings.reverse_posting(posting=row, requested_by=request.user)
        transaction.on_commit(partial(tasks.send_posting.delay, str(undo.tenant_id), str(undo.pk)))
        messages.success(request, "The reversal is on its way.")
        return HttpResponseRedirect(self.url("change", undo.pk))

    @display(description="Asked for")
    def created_shown(self, row: Posting) -> SafeString:
        """When the intent was written down."""
        return format_html(
            '<span title="{}">{}</span>', f"{row.created_at:%Y-%m-%d %H:%M:%S} UTC", from_now(row.created_at)
        )

    @display(description="What")
    def what_shown(self, row: Posting) -> str:
        """Create invoice, void payment…"""
        return f"{row.get_operation_display()} {one_of(row.resource)}"

    @display(description="Amount")
    def amount_shown(self, row: Posting) -> SafeString:
        """The document's total as asked for."""
        body = row.body if isinstance(row.body, dict) else {}
        return money(body.get("total"), body.get("currency") or "")

    @display(description="Status", label=TONES)
    def status_shown(self, row: Posting) -> tuple[str, str]:
        """One of the four outcomes, or on its way."""
        return row.status, _SHORT.get(row.status, row.get_status_display())

    @display(description="Cause")
    def cause_shown(self, row: Posting) -> SafeString:
        """Why it rests."""
        text = str(row.error.get("message") or "") if row.status in ("rejected", "unknown") else ""
        return format_html('<span class="block max-w-sm truncate" title="{}">{}</span>', text, text or "–")

    @display(description="Ledger id")
    def external_shown(self, row: Posting) -> str:
        """The ledger's own id, once it has one."""
        return row.external_id or "–"

    @display(description="Origin")
    def origin_shown(self, row: Posting) -> str:
        """Source document, match, person or API."""
        return _ORIGIN_COLUMN.get(row.origin_kind, words(row.origin_kind))

    @display(description="Connection")
    def connection_shown(self, row: Posting) -> str:
        """Which organisation."""
        return str(row.connection)


def _is_reversible(row: Posting, reversals: list[Posting]) -> bool:
    undone = any(undo.status != Posting.Status.CANCELLED for undo in reversals)
    return row.status == Posting.Status.POSTED and row.operation == Posting.Operation.CREATE and not undone
