"""Period closes: the checklist, the two signatures, and the reconciliation as a file."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify
from unfold.decorators import display

from integrations.tasks import perform_fetch
from reconciliation.admin.pages import ReconciliationPage
from reconciliation.forms import CloseForm
from reconciliation.models import PeriodClose
from reconciliation.money import money
from reconciliation.services.close_report import csv_of, pdf_of
from reconciliation.services.closing import certify, ground_of, prepare, reopen, send_back, start_close
from reconciliation.services.ledger_balance import ask
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, may

_Status = PeriodClose.Status
TONES: dict[str, str] = {
    _Status.OPEN: "info",
    _Status.PREPARED: "warning",
    _Status.CERTIFIED: "success",
    _Status.CHANGED: "danger",
}
_FILES = {"csv": ("text/csv; charset=utf-8", csv_of), "pdf": ("application/pdf", pdf_of)}
_MOST = 100


@admin.register(PeriodClose)
class PeriodCloseAdmin(ReconciliationPage):
    """One page a period: what is done, what is missing, who signed, and what happened since."""

    page_template = "reconciliation/close.html"
    change_list_template = "reconciliation/closes.html"
    add_action = PROPOSE_MATCHES
    list_display: ClassVar = ["period_shown", "bank_account", "status_shown", "open_shown", "signed_shown"]
    list_display_links: ClassVar = ["period_shown"]
    list_filter: ClassVar = ["bank_account", "status"]
    list_select_related: ClassVar = ["bank_account", "prepared_by", "approved_by"]
    ordering: ClassVar = ["-last_on", "-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "prepare": (PROPOSE_MATCHES, "prepare"),
        "certify": (APPROVE_MATCHES, "certify"),
        "send-back": (APPROVE_MATCHES, "send_back"),
        "reopen": (APPROVE_MATCHES, "reopen"),
        "ask": (PROPOSE_MATCHES, "ask"),
    }

    def get_urls(self) -> list[URLPattern]:
        file = path("<uuid:row_id>/close.<str:kind>", self.admin_site.admin_view(self.file), name=self.url_name("file"))
        return [file, *super().get_urls()]

    def add_view(self, request: Any, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Choose the account and the days; last month is offered."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = CloseForm(request.POST or None, tenant=request.tenant, initial=_last_month())
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            try:
                with transaction.atomic():
                    row = start_close(
                        bank_account=said["account"],
                        first_on=said["first_on"],
                        last_on=said["last_on"],
                        by=request.membership,
                    )
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                return HttpResponseRedirect(self.url("change", row.pk))
        status = 422 if form.errors else 200
        return self.render(request, "reconciliation/close_new.html", {"form": form}, "Close a period", status=status)

    def page(self, request: TenantRequest, row: PeriodClose) -> dict[str, Any]:
        """What stands behind it now, and what this person may do."""
        ground = ground_of(row)
        is_current = not row.print or ground.print == row.print
        signs = may(request.membership, APPROVE_MATCHES)
        waits = row.status == _Status.PREPARED
        return {
            "close": row,
            "ground": ground,
            "tone": TONES[row.status],
            "is_current": is_current,
            "open_items": ground.open_items[:_MOST],
            "more_open": max(0, len(ground.open_items) - _MOST),
            "steps": row.steps.select_related("by"),
            "proofs": [proof for proof in ground.proofs if proof.difference] or ground.proofs[-_MOST:],
            "proved": sum(proof.is_proved for proof in ground.proofs),
            "gaps": sum(bool(proof.difference) for proof in ground.proofs),
            "may_ask": may(request.membership, PROPOSE_MATCHES),
            "may_prepare": row.status in (_Status.OPEN, _Status.CHANGED) and may(request.membership, PROPOSE_MATCHES),
            "may_certify": waits and signs and row.prepared_by_id != request.membership.user_id and is_current,
            "may_send_back": waits and signs,
            "may_reopen": row.status == _Status.CERTIFIED and signs,
        }

    def prepare(self, request: TenantRequest, row: PeriodClose) -> None:
        """Sign as preparer."""
        prepare(close=row, by=request.membership, note=request.POST.get("note", ""))
        messages.success(request, "Prepared. Somebody else has to certify it.")

    def certify(self, request: TenantRequest, row: PeriodClose) -> None:
        """Sign as the second person."""
        certify(close=row, by=request.membership)
        messages.success(request, "Certified. If something behind it changes, it says so here.")

    def send_back(self, request: TenantRequest, row: PeriodClose) -> None:
        """Ask the preparer to do it again."""
        send_back(close=row, by=request.membership, reason=request.POST.get("reason", ""))

    def reopen(self, request: TenantRequest, row: PeriodClose) -> None:
        """Take the certificate back."""
        reopen(close=row, by=request.membership, reason=request.POST.get("reason", ""))

    def ask(self, request: TenantRequest, row: PeriodClose) -> None:
        """Let a worker ask the ledger for its balance of the last day, and of the day before where nobody signed it."""
        for fetch in ask(close=row, by=request.user):
            transaction.on_commit(partial(perform_fetch.delay, str(fetch.tenant_id), str(fetch.pk)))
        messages.success(request, "The ledger is being asked for its balance; reload the page in a moment.")

    def file(self, request: TenantRequest, row_id: Any, kind: str) -> HttpResponse:
        """`close.csv` or `close.pdf`."""
        row = self.get_object(request, str(row_id)) if self.has_view_permission(request) else None
        if row is None or kind not in _FILES:
            raise Http404("There is no such file.")
        content_type, make = _FILES[kind]
        answer = HttpResponse(make(row, ground_of(row)), content_type=content_type)
        name = f"reconciliation-{slugify(str(row.bank_account))}-{row.last_on}.{kind}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    @display(description="Period")
    def period_shown(self, row: PeriodClose) -> str:
        """From when to when."""
        return f"{row.first_on:%d %b %Y} to {row.last_on:%d %b %Y}"

    @display(description="State", label=TONES)
    def status_shown(self, row: PeriodClose) -> tuple[str, str]:
        """Where it is."""
        return row.status, row.get_status_display()

    @display(description="Open when signed")
    def open_shown(self, row: PeriodClose) -> str:
        """How many lines, and how much money."""
        if not row.figures:
            return "–"
        return f"{row.figures['open']}, {money(Decimal(row.figures['open_money']), row.bank_account.currency)}"

    @display(description="Signed")
    def signed_shown(self, row: PeriodClose) -> str:
        """By whom."""
        return ", ".join(str(who) for who in (row.prepared_by, row.approved_by) if who) or "–"


def _last_month() -> dict[str, Any]:
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    return {"first_on": last.replace(day=1), "last_on": last}
