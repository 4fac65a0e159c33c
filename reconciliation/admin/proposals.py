"""Proposals: decide one from the workbench or from its own page, and approve many at once with the risk shown first."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.templatetags.books import money
from reconciliation.admin.pages import ReconciliationPage, back, ring_postings, workbench_url
from reconciliation.models import Decision, Proposal
from reconciliation.money import percent
from reconciliation.services.approval import Approval, approve, weigh_bulk
from reconciliation.services.board import cards_of
from reconciliation.services.cases import workers
from reconciliation.services.decisions import RefusedError
from reconciliation.services.filters import lines_of, read_filters
from reconciliation.services.rejection import choose_alternative, reject, undo_rejection
from reconciliation.services.runs import request_match_run
from reconciliation.services.track_record import sentence_at
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, VIEW, may

_AT_ONCE = 500
# Several rejections in a row are matched anew together.
_GATHER = timedelta(seconds=20)
_THRESHOLDS = ("99.5", "99", "98", "95", "90")


@admin.register(Proposal)
class ProposalAdmin(ReconciliationPage):
    """The page of a proposal shows the evidence with its weights; who may decide is asked by the services."""

    page_template = "reconciliation/proposal.html"
    list_display: ClassVar = ["lead", "kind_shown", "confidence_shown", "amount_shown", "status_shown", "created_at"]
    list_filter: ClassVar = ["status", "kind"]
    list_select_related: ClassVar = ["lead"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "approve": (VIEW, "approve_one"),
        "reject": (VIEW, "reject_one"),
        "choose": (VIEW, "choose"),
        "reopen": (VIEW, "reopen"),
    }

    def get_urls(self) -> list[URLPattern]:
        bulk = path("bulk/", self.admin_site.admin_view(self.bulk), name="reconciliation_bulk")
        return [bulk, *super().get_urls()]

    def page(self, request: TenantRequest, row: Proposal) -> dict[str, Any]:
        lead = row.lead
        (card,) = cards_of([lead], by=request.membership) if lead.proposal_id == row.pk else (None,)
        decisions = Decision.objects.filter(proposal=row).select_related("by", "match").order_by("id")
        lines = row.lines.select_related("bank_line__bank_account", "bank_line__feed_record")
        return {
            "proposal": row,
            "card": card,
            "lines": [line.bank_line for line in lines],
            "entries": row.entries.select_related("record").defer("record__raw", "record__unified"),
            "decisions": decisions,
            "matches": row.matches.order_by("-id"),
            "percent": percent(row.confidence),
            "address": request.get_full_path(),
            "people": workers(request.tenant),
            "may_approve": may(request.membership, APPROVE_MATCHES),
            "may_decide": may(request.membership, APPROVE_MATCHES) or may(request.membership, PROPOSE_MATCHES),
        }

    def approve_one(self, request: TenantRequest, row: Proposal) -> HttpResponse | None:
        """Approve what was on the screen: the proposal, or the alternative that the form names."""
        if not may(request.membership, APPROVE_MATCHES):
            raise PermissionDenied
        shown = _shown(request)
        if shown is not None and shown != set(row.entries.values_list("record_id", flat=True)):
            choose_alternative(proposal=row, records=shown, by=request.membership)
        (approval,) = approve(proposals=[row], by=request.membership)
        if approval.refused:
            raise RefusedError(approval.refused)
        self._told(request, [approval])
        return None

    def reject_one(self, request: TenantRequest, row: Proposal) -> HttpResponse | None:
        """Refuse for good; the engine looks again a little later."""
        reject(proposal=row, by=request.membership, reason=request.POST.get("reason", ""))
        request_match_run(connection=row.connection, requested_by=request.user, wait=_GATHER, is_whole=False)
        messages.success(request, "Rejected: this combination is not proposed again.")
        return None

    def choose(self, request: TenantRequest, row: Proposal) -> HttpResponse | None:
        """Put an alternative in the proposal's place without approving it."""
        choose_alternative(proposal=row, records=_shown(request) or set(), by=request.membership)
        return None

    def reopen(self, request: TenantRequest, row: Proposal) -> HttpResponse | None:
        """Take a rejection back."""
        undo_rejection(proposal=row, by=request.membership)
        messages.success(request, "The rejection is taken back; the proposal is open again.")
        return None

    def bulk(self, request: TenantRequest) -> HttpResponse:
        """Everything above a confidence: the money and the mistakes to expect first, approval second."""
        if not may(request.membership, APPROVE_MATCHES):
            raise PermissionDenied
        if request.method == "POST":
            return self._approve_many(request)
        asked = read_filters(request.GET)
        threshold = asked.confidence if asked.confidence is not None else Decimal("99")
        filters = replace(asked, show="proposed", confidence=threshold, sort="surest")
        lines = lines_of(request.tenant, filters).select_related("bank_account", "feed_record")
        leads = list(lines.window(0, _AT_ONCE + 1))  # type: ignore[attr-defined]
        cards = cards_of(leads[:_AT_ONCE], by=request.membership)
        plans = {c.proposal: c.variants[0].plan for c in cards if c.proposal and c.variants[0].plan.is_possible}
        possible = list(plans)
        weighed = weigh_bulk(possible, by=request.membership)
        context = {
            "bulk": weighed,
            "payments": sum(len(plans[proposal].payments) for proposal in weighed.proposals),
            "blocked": len(cards) - len(possible),
            "threshold": threshold,
            "record_sentence": sentence_at(request.tenant, threshold / 100) if weighed.proposals else "",
            "thresholds": _THRESHOLDS,
            "is_cut": len(leads) > _AT_ONCE,
            "most": _AT_ONCE,
            "filters": filters,
            "query": request.GET,
        }
        return self.render(request, "reconciliation/bulk.html", context, "Approve in bulk")

    def _approve_many(self, request: TenantRequest) -> HttpResponse:
        try:
            wanted = [UUID(text) for text in request.POST.getlist("proposal")][:_AT_ONCE]
        except ValueError:
            wanted = []
        rows = list(Proposal.objects.for_tenant(request.tenant).filter(pk__in=wanted).order_by("pk"))
        try:
            self._told(request, approve(proposals=rows, by=request.membership))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return HttpResponseRedirect(back(request, workbench_url()))

    def _told(self, request: TenantRequest, approvals: list[Approval]) -> None:
        made = [a for a in approvals if a.match]
        postings = [posting for a in made for posting in a.postings]
        ring_postings(request.tenant.pk, postings)
        if made:
            what = f"{len(made)} match{'es' if len(made) > 1 else ''} approved"
            sent = f", {len(postings)} payment{'s' if len(postings) != 1 else ''} on the way to the ledger"
            messages.success(request, what + (sent if postings else ", nothing to post") + ".")
        waiting = sum(a.waits_for_second for a in approvals)
        if waiting:
            messages.info(
                request, f"{waiting} first approval{'s' if waiting > 1 else ''} noted; a second person decides."
            )
        for refused in [a.refused for a in approvals if a.refused][:5]:
            messages.warning(request, refused)

    @display(description="Kind")
    def kind_shown(self, row: Proposal) -> str:
        return row.get_kind_display()

    @display(description="Confidence")
    def confidence_shown(self, row: Proposal) -> str:
        return percent(row.confidence)

    @display(description="Amount")
    def amount_shown(self, row: Proposal) -> SafeString:
        return money(row.amount, row.currency)

    @display(description="Status", label={"To decide": "info", "Approved": "success", "Rejected": "danger"})
    def status_shown(self, row: Proposal) -> str:
        return row.get_status_display()


def _shown(request: TenantRequest) -> set[UUID] | None:
    """The ledger records that stood on the screen; None when the form names none (pairs of bank lines have none)."""
    text = request.POST.get("records", "")
    try:
        return {UUID(part) for part in text.split(",")} if text else None
    except ValueError as error:
        raise RefusedError("The page sent something unreadable. Reload it and decide again.") from error
