"""Bank lines: the workbench, the searchable list, and the page of one line."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.templatetags.books import money
from reconciliation.admin.pages import ReconciliationPage
from reconciliation.admin.workbench import WorkbenchPages
from reconciliation.models import BankLine, Decision
from reconciliation.services.board import cards_of
from reconciliation.services.finding import find_records
from reconciliation.services.rejection import bring_back, propose_by_hand, set_aside
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, VIEW, may

STATUS_TONES = {"No proposal": "", "To decide": "info", "Matched": "success", "Set aside": ""}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@admin.register(BankLine)
class BankLineAdmin(WorkbenchPages, ReconciliationPage):
    """Every line of every statement."""

    page_template = "reconciliation/line.html"
    change_list_template = "reconciliation/lines.html"
    list_display: ClassVar = ["booked_on", "who", "description_shown", "amount_shown", "bank_account", "status_shown"]
    list_filter: ClassVar = ["bank_account", "status"]
    list_select_related: ClassVar = ["bank_account"]
    search_fields: ClassVar = ["counterparty", "description", "reference", "external_id"]
    search_help_text = "Search by name, text or reference"
    ordering: ClassVar = ["-booked_on", "-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"set-aside": (VIEW, "put_aside"), "bring-back": (VIEW, "take_back")}

    def get_urls(self) -> list[URLPattern]:
        find = path("<uuid:row_id>/find/", self.admin_site.admin_view(self.find), name=self.url_name("find"))
        return [*self.workbench_urls(), find, *super().get_urls()]

    def find(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """Ledger records to choose from by hand; a POST proposes them, and somebody else approves."""
        row = self.get_object(request, str(row_id)) if may(request.membership, PROPOSE_MATCHES) else None
        if row is None:
            raise PermissionDenied
        if request.method == "POST":
            return self._done(request, row, self._propose)
        text = request.GET.get("q", "")[:100]
        context = {"line": row, "found": find_records(row, text=text), "text": text}
        return self.render(request, "reconciliation/find.html", context, "Match by hand")  # type: ignore[no-any-return]

    def _propose(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        chosen = [pk for pk in request.POST.getlist("record") if _is_uuid(pk)]
        connection = row.bank_account.connection
        records = list(connection.records.filter(pk__in=chosen, deleted_at=None).order_by("issued_on", "pk"))
        reason = request.POST.get("reason", "")
        proposal = propose_by_hand(
            connection=connection, lines=[row], records=records, by=request.membership, reason=reason
        )
        messages.success(request, "Proposed. Somebody else has to approve it.")
        return HttpResponseRedirect(reverse("admin:reconciliation_proposal_change", args=[proposal.pk]))

    def page(self, request: TenantRequest, row: BankLine) -> dict[str, Any]:
        decisions = Decision.objects.for_tenant(request.tenant).filter(bank_line=row) | (
            Decision.objects.for_tenant(request.tenant).filter(proposal__lines__bank_line=row)
        )
        (card,) = cards_of([row], by=request.membership)
        return {
            "line": row,
            "card": card,
            "decisions": decisions.distinct().select_related("by", "match").order_by("-id")[:50],
            "address": request.get_full_path(),
            "may_decide": may(request.membership, APPROVE_MATCHES) or may(request.membership, PROPOSE_MATCHES),
        }

    def put_aside(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        """Take the line out of matching, with a reason."""
        set_aside(line=row, by=request.membership, reason=request.POST.get("reason", ""))
        return None

    def take_back(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        """Put the line back into matching."""
        bring_back(line=row, by=request.membership)
        return None

    @display(description="Counterparty")
    def who(self, row: BankLine) -> str:
        return row.counterparty or "–"

    @display(description="Description")
    def description_shown(self, row: BankLine) -> str:
        return row.description[:80]

    @display(description="Amount")
    def amount_shown(self, row: BankLine) -> SafeString:
        return money(row.amount, row.currency)

    @display(description="Status", label=STATUS_TONES)
    def status_shown(self, row: BankLine) -> str:
        return row.get_status_display()
