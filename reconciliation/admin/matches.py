"""Matches with their journey, and the list of decisions."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpResponse
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.services.ledgers import record_url
from integrations.templatetags.books import money
from reconciliation.admin.pages import ReconciliationPage, ring_postings
from reconciliation.models import Decision, Match
from reconciliation.services.entries import DOCUMENTS
from reconciliation.services.journey import journey
from reconciliation.services.reversal import options_of, postings_of, reverse, undo
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, may

TONES = {
    "On its way to the ledger": "info",
    "Matched, nothing to post": "success",
    "Posted in the ledger": "success",
    "Refused by the ledger": "danger",
    "Being reversed": "warning",
    "Reversed in the ledger": "",
    "Undone before posting": "",
}


@admin.register(Match)
class MatchAdmin(ReconciliationPage):
    """What was approved, what the ledger made of it, and the way back."""

    page_template = "reconciliation/match.html"
    list_display: ClassVar = ["approved_at", "amount_shown", "status_shown", "approved_by", "connection"]
    list_filter: ClassVar = ["connection", "status"]
    list_select_related: ClassVar = ["approved_by", "connection"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"undo": (APPROVE_MATCHES, "undo"), "reverse": (APPROVE_MATCHES, "reverse")}

    def page(self, request: TenantRequest, row: Match) -> dict[str, Any]:
        postings = postings_of(row)
        decisions = Decision.objects.filter(proposal=row.proposal_id).select_related("by").order_by("id")
        own = [d for d in decisions if d.match_id in (None, row.pk)]
        entries = row.entries.select_related("record__connection", "bank_line").defer("record__raw")
        return {
            "match": row,
            "steps": journey(row, postings, own),
            "options": options_of(row, postings),
            "lines": [line.bank_line for line in row.lines.select_related("bank_line__bank_account")],
            "entries": [(e, record_url(e.record), e.record.resource in DOCUMENTS) for e in entries],
            "is_moving": row.status in (Match.Status.APPROVED, Match.Status.REVERSING),
            "may_approve": may(request.membership, APPROVE_MATCHES),
        }

    def undo(self, request: TenantRequest, row: Match) -> HttpResponse | None:
        """Before anything was sent: put everything back."""
        undo(match=row, by=request.membership, reason=request.POST.get("reason", ""))
        messages.success(request, "Undone: the proposal is open again and nothing was posted.")
        return None

    def reverse(self, request: TenantRequest, row: Match) -> HttpResponse | None:
        """After posting: void the payment in the ledger."""
        reversals = reverse(match=row, by=request.membership, reason=request.POST.get("reason", ""))
        ring_postings(row.tenant_id, reversals)
        messages.success(request, "The reversal is on its way to the ledger.")
        return None

    @display(description="Amount")
    def amount_shown(self, row: Match) -> SafeString:
        return money(row.amount, row.currency)

    @display(description="Status", label=TONES)
    def status_shown(self, row: Match) -> str:
        return row.get_status_display()


@admin.register(Decision)
class DecisionAdmin(ReconciliationPage):
    """Who decided what, when and why."""

    page_template = "reconciliation/decision.html"
    list_display: ClassVar = ["decided_at", "kind_shown", "amount_shown", "by", "reason"]
    list_filter: ClassVar = ["kind"]
    list_select_related: ClassVar = ["by"]
    search_fields: ClassVar = ["reason"]
    search_help_text = "Search in the reasons"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []

    def page(self, request: TenantRequest, row: Decision) -> dict[str, Any]:
        return {"decision": row}

    @display(
        description="Decision",
        label={"Approved": "success", "First approval": "info", "Rejected": "danger", "Reversed": "warning"},
    )
    def kind_shown(self, row: Decision) -> str:
        return row.get_kind_display()

    @display(description="Amount")
    def amount_shown(self, row: Decision) -> SafeString:
        return money(row.amount, row.currency)
