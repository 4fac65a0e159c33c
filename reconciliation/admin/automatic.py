"""Automatic approval: what is allowed, what it would have done, and every approval that no person made."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.templatetags.books import money
from reconciliation.admin.pages import ReconciliationPage, ring_postings
from reconciliation.forms import AutoForm
from reconciliation.models import AutoApproval, AutoMatch
from reconciliation.money import percent
from reconciliation.services.automatic import LAST_DECISIONS, MOST_UNSEEN, allow, judge, preview
from reconciliation.services.reversal import options_of, postings_of
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, may

TONES: dict[str, str] = {
    AutoMatch.Verdict.WAITING: "warning",
    AutoMatch.Verdict.RIGHT: "success",
    AutoMatch.Verdict.WRONG: "danger",
}
_SHOWN = 25


@admin.register(AutoApproval)
class AutoApprovalAdmin(ReconciliationPage):
    """One row for each account and kind; what a setting would have done is shown before anybody switches it on."""

    change_list_template = "reconciliation/automatic_list.html"
    add_action = APPROVE_MATCHES
    list_display: ClassVar = ["what", "threshold_shown", "most_shown", "state", "waiting_shown", "changed_by"]
    list_display_links: ClassVar = ["what"]
    list_filter: ClassVar = ["is_on", "kind"]
    list_select_related: ClassVar = ["bank_account", "changed_by"]
    ordering: ClassVar = ["-is_on", "id"]
    sortable_by: ClassVar[list[str]] = []

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Under its plain name."""
        return super().changelist_view(request, {"title": "Automatic approval", **(extra_context or {})})

    def get_queryset(self, request: TenantRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.annotate(unseen=Count("made", filter=Q(made__verdict=AutoMatch.Verdict.WAITING)))

    def add_view(self, request: Any, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Choose, see what it would have done, switch on."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._setting(request, None)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The same for a setting that exists, and what it has approved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return self._setting(request, row)

    def _setting(self, request: TenantRequest, row: AutoApproval | None) -> HttpResponse:
        known = _said(row) if row else None
        data = request.POST if request.method == "POST" else request.GET if request.GET else known
        form = AutoForm(data, tenant=request.tenant)
        if request.method == "POST" and form.is_valid():
            answer = self._allow(request, form)
            if answer is not None:
                return answer
        shown = preview(**form.setting(), tenant=request.tenant) if data is not None and form.is_valid() else None
        made = row.made.select_related("match", "looked_by").order_by("-id")[:_SHOWN] if row else []
        context = {
            "form": form,
            "setting": row,
            "shown": shown,
            "made": made,
            "may_allow": may(request.membership, APPROVE_MATCHES),
            "last": LAST_DECISIONS,
            "most_unseen": MOST_UNSEEN,
            "despite": request.POST.get("despite", ""),
            "tones": TONES,
        }
        status = 422 if request.method == "POST" else 200
        title = str(row) if row else "Allow automatic approval"
        return self.render(request, "reconciliation/automatic.html", context, title, status=status)

    def _allow(self, request: TenantRequest, form: AutoForm) -> HttpResponse | None:
        is_on = request.POST.get("is_on") == "1"
        try:
            with transaction.atomic():
                why = request.POST.get("despite", "")
                row = allow(**form.setting(), is_on=is_on, by=request.membership, despite=why)
        except ValidationError as refused:
            form.add_error(None, refused.messages)
            return None
        messages.success(request, "Switched on: from the next matching on." if is_on else "Switched off.")
        return HttpResponseRedirect(self.url("change", row.pk))

    @display(description="What")
    def what(self, row: AutoApproval) -> str:
        """Kind and account."""
        return str(row)

    @display(description="Confidence from")
    def threshold_shown(self, row: AutoApproval) -> str:
        """In percent."""
        return percent(row.threshold)

    @display(description="Up to")
    def most_shown(self, row: AutoApproval) -> SafeString:
        """In the account's currency."""
        return money(row.most, row.bank_account.currency)

    @display(description="State", label={"on": "success", "off": "", "stopped": "danger"})
    def state(self, row: AutoApproval) -> tuple[str, str]:
        """On, off, or switched off by the portal."""
        if row.is_on:
            return "on", "On"
        return ("stopped", "Switched off by itself") if row.off_because else ("off", "Off")

    @display(description="To look at")
    def waiting_shown(self, row: Any) -> int:
        """How many approvals nobody has looked at."""
        return int(row.unseen)


def _said(row: AutoApproval) -> dict[str, Any]:
    percents = f"{(row.threshold * 100).normalize():f}"
    return {"account": row.bank_account_id, "kind": row.kind, "confidence": percents, "most": row.most}


@admin.register(AutoMatch)
class AutoMatchAdmin(ReconciliationPage):
    """Every approval that no person made: look at each, and take back what is wrong."""

    page_template = "reconciliation/automatic_one.html"
    change_list_template = "reconciliation/automatic_made.html"
    list_display: ClassVar = ["match_shown", "kind_shown", "confidence_shown", "when", "verdict_shown", "looked_by"]
    list_display_links: ClassVar = ["match_shown"]
    list_filter: ClassVar = ["verdict"]
    list_select_related: ClassVar = ["looked_by"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions = ["found_right"]
    actions_by_post: ClassVar = {"judge": (APPROVE_MATCHES, "judge")}

    def get_queryset(self, request: TenantRequest) -> Any:
        # Seven tables in one join are a nested loop over all rows of each wherever PostgreSQL has not counted them yet.
        return super().get_queryset(request).prefetch_related("match__proposal__lead", "setting__bank_account")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """For those who may look through."""
        found = super().get_actions(request)
        return found if may(request.membership, APPROVE_MATCHES) else {}  # type: ignore[attr-defined]

    @admin.action(description="I looked at them: right")
    def found_right(self, request: TenantRequest, queryset: Any) -> None:
        """Marks the chosen ones that nobody has looked at."""
        rows = list(queryset.waiting()[:MOST_UNSEEN])
        for row in rows:
            judge(row=row, by=request.membership, is_right=True)
        messages.success(request, f"{len(rows)} marked as right.")

    def page(self, request: TenantRequest, row: AutoMatch) -> dict[str, Any]:
        """What was matched with what, why, and the way back."""
        proposal = row.match.proposal
        return {
            "row": row,
            "match": row.match,
            "lines": [each.bank_line for each in row.match.lines.select_related("bank_line__bank_account")],
            "entries": row.match.entries.select_related("record").defer("record__raw", "record__unified"),
            "reasons": proposal.reasons,
            "said": percent(row.confidence),
            "tone": TONES[row.verdict],
            "options": options_of(row.match, postings_of(row.match)),
            "may_judge": row.verdict == AutoMatch.Verdict.WAITING and may(request.membership, APPROVE_MATCHES),
        }

    def judge(self, request: TenantRequest, row: AutoMatch) -> None:
        """Right, or wrong with a reason."""
        is_right = request.POST.get("is_right") == "1"
        judged = judge(row=row, by=request.membership, is_right=is_right, note=request.POST.get("note", ""))
        ring_postings(row.tenant_id, judged.reversals)
        messages.success(request, judged.sentence)

    @display(description="Match")
    def match_shown(self, row: AutoMatch) -> str:
        """Whose money."""
        lead = row.match.proposal.lead
        return f"{lead.counterparty or lead.description or 'Bank line'}, {row.match.amount:,.2f} {row.match.currency}"[
            :80
        ]

    @display(description="By")
    def kind_shown(self, row: AutoMatch) -> str:
        """Which setting."""
        return str(row.setting)

    @display(description="Confidence")
    def confidence_shown(self, row: AutoMatch) -> str:
        """As it was."""
        return percent(row.confidence)

    @display(description="When")
    def when(self, row: AutoMatch) -> str:
        """When it was approved."""
        return f"{row.match.approved_at:%d %b %Y, %H:%M}"

    @display(description="Looked at", label=TONES)
    def verdict_shown(self, row: AutoMatch) -> tuple[str, str]:
        """What somebody says."""
        return row.verdict, row.get_verdict_display()
