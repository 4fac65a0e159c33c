"""Odd payments: what is odd, the payments it is about, and what somebody says of it."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.templatetags.books import money
from reconciliation.admin.pages import ReconciliationPage
from reconciliation.models import Anomaly, BankLine
from reconciliation.services.anomalies import decide
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, VIEW, may

TONES: dict[str, str] = {
    Anomaly.Status.OPEN: "warning",
    Anomaly.Status.EXPLAINED: "success",
    Anomaly.Status.CONFIRMED: "danger",
}


@admin.register(Anomaly)
class AnomalyAdmin(ReconciliationPage):
    """The open ones first; the strong ones are left out of bulk approval until somebody has looked."""

    page_template = "reconciliation/anomaly.html"
    change_list_template = "reconciliation/anomalies.html"
    list_display: ClassVar = ["kind_shown", "payee_shown", "amount_shown", "booked_shown", "reason", "status_shown"]
    list_display_links: ClassVar = ["kind_shown"]
    list_filter: ClassVar = ["status", "kind", "is_strong"]
    list_select_related: ClassVar = ["bank_line__bank_account"]
    ordering: ClassVar = ["-status", "-is_strong", "-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"decide": (VIEW, "decide")}

    def page(self, request: TenantRequest, row: Anomaly) -> dict[str, Any]:
        """The payment, and the others that make it odd."""
        others = BankLine.objects.for_tenant(request.tenant).filter(pk__in=[UUID(pk) for pk in row.others])
        rights = (APPROVE_MATCHES, PROPOSE_MATCHES)
        return {
            "anomaly": row,
            "tone": TONES[row.status],
            "lines": [row.bank_line, *others.select_related("bank_account").order_by("booked_on", "pk")],
            "may_decide": row.status == Anomaly.Status.OPEN and any(may(request.membership, each) for each in rights),
        }

    def name_of(self, row: Anomaly) -> str:
        """What is odd about whom."""
        return f"{row}: {row.bank_line.counterparty or row.bank_line.description}"[:120]

    def decide(self, request: TenantRequest, row: Anomaly) -> None:
        """In order, or not."""
        is_in_order = request.POST.get("is_in_order") == "1"
        decide(anomaly=row, by=request.membership, is_in_order=is_in_order, note=request.POST.get("note", ""))
        messages.success(request, "Noted.")

    @display(description="What", label=True)
    def kind_shown(self, row: Anomaly) -> str:
        """In a word."""
        return row.get_kind_display()

    @display(description="Payee")
    def payee_shown(self, row: Anomaly) -> str:
        """As the bank names it."""
        return (row.bank_line.counterparty or row.bank_line.description)[:60] or "–"

    @display(description="Amount")
    def amount_shown(self, row: Anomaly) -> SafeString:
        """Of the line."""
        return money(row.bank_line.amount, row.bank_line.currency)

    @display(description="Booked")
    def booked_shown(self, row: Anomaly) -> str:
        """On which day."""
        return f"{row.bank_line.booked_on:%d %b %Y}"

    @display(description="State", label=TONES)
    def status_shown(self, row: Anomaly) -> tuple[str, str]:
        """Whether somebody has looked."""
        return row.status, row.get_status_display()
