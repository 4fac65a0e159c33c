"""Bank lines: the workbench, the searchable list, and the page of one line."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.templatetags.books import money
from reconciliation.admin.cases import give, uploaded
from reconciliation.admin.pages import ReconciliationPage
from reconciliation.admin.workbench import WorkbenchPages
from reconciliation.forms.parts import EMPTY_ROWS, named_records, part_rows, read_parts, rows_of
from reconciliation.models import BankLine, Decision
from reconciliation.services.board import Entry, cards_of
from reconciliation.services.cases import case_of, comment, require_worker, workers
from reconciliation.services.finding import entries_of, find_records, proposed_entries
from reconciliation.services.line_search import MOST, find_lines
from reconciliation.services.rejection import bring_back, propose_by_hand, set_aside
from reconciliation.services.splitting import in_full, join, live_parts, rules_for, split
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, VIEW, may

STATUS_TONES = {"No proposal": "", "To decide": "info", "Matched": "success", "Set aside": "", "Split into parts": ""}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _first(chosen: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """Each record once, the chosen ones first: what a row names stays in its list whatever is searched for."""
    return list({entry.record.pk: entry for entry in (*chosen, *others)}.values())


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
    actions_by_post: ClassVar = {
        "set-aside": (VIEW, "put_aside"),
        "bring-back": (VIEW, "take_back"),
        "comment": (VIEW, "say"),
        "assign": (VIEW, "give"),
        "join": (PROPOSE_MATCHES, "join"),
    }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Every word has to occur; the newest lines that fit the status and account chosen beside it."""
        if not search_term.strip():
            return queryset, False
        account, status = request.GET.get("bank_account__id__exact", ""), request.GET.get("status__exact", "")
        hits = find_lines(
            search_term,
            statuses=[status] if status in BankLine.Status.values else None,
            account=UUID(account) if _is_uuid(account) else None,
        )
        if hits.is_cut:
            messages.info(request, f"These are the newest {MOST:,} lines with these words; say more of them.")
        return queryset.filter(pk__in=hits.among), False

    def get_urls(self) -> list[URLPattern]:
        find = path("<uuid:row_id>/find/", self.admin_site.admin_view(self.find), name=self.url_name("find"))
        split = path("<uuid:row_id>/split/", self.admin_site.admin_view(self.split), name=self.url_name("split"))
        return [*self.workbench_urls(), find, split, *super().get_urls()]

    def find(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """Ledger records to choose from by hand; a POST proposes them, and somebody else approves."""
        row = self.get_object(request, str(row_id)) if may(request.membership, PROPOSE_MATCHES) else None
        if row is None:
            raise PermissionDenied
        if request.method == "POST" and "search" not in request.POST:
            return self._done(request, row, self._propose)
        text = (request.POST or request.GET).get("q", "")[:100]
        # What is chosen stays chosen, whatever is searched for next.
        chosen = entries_of(row, [UUID(pk) for pk in request.POST.getlist("record") if _is_uuid(pk)])
        context = {
            "line": row,
            "found": _first(chosen, find_records(row, text=text)),
            "chosen": {entry.record.pk for entry in chosen},
            "text": text,
            "note": request.POST.get("reason", ""),
        }
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

    def split(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """A line in parts: each to a document, booked by a rule, or left open; together they are the line."""
        row = self.get_object(request, str(row_id)) if may(request.membership, PROPOSE_MATCHES) else None
        if row is None:
            raise PermissionDenied
        text = (request.POST or request.GET).get("q", "")[:100]
        rows = part_rows(request.POST)
        refused: list[str] = []
        rules, proposed = rules_for(row), proposed_entries(row)
        if request.GET.get("settle") == "1":
            rows = rows_of(in_full(row, proposed, rules))
        if request.method == "POST" and "search" not in request.POST:
            try:
                with transaction.atomic():
                    made = split(line=row, parts=read_parts(rows), by=request.membership)
                messages.success(request, f"Split into {len(made)} parts. Somebody else approves what you proposed.")
                return HttpResponseRedirect(self.url("change", row.pk))
            except ValidationError as wrong:
                refused = wrong.messages
        context = {
            "line": row,
            "found": _first([*proposed, *entries_of(row, named_records(rows))], find_records(row, text=text)),
            "rules": rules,
            "text": text,
            "rows": rows or EMPTY_ROWS,
            "refused": refused,
            "lacks_write_off": request.GET.get("settle") == "1" and any(not target for _, target in rows),
        }
        status = 422 if refused else 200
        return self.render(request, "reconciliation/split.html", context, "Split a line", status=status)  # type: ignore[no-any-return]

    def join(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        """Put a split line together again."""
        join(line=row, by=request.membership)
        messages.success(request, "The line is whole again.")
        return None

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
            "people": workers(request.tenant),
            "parts": live_parts(row) if row.status == BankLine.Status.SPLIT else [],
            "may_propose": may(request.membership, PROPOSE_MATCHES),
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

    def say(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        """A comment on the line, from the workbench."""
        require_worker(request.membership)
        comment(case=case_of(row), by=request.membership, text=request.POST.get("text", ""), file=uploaded(request))
        return None

    def give(self, request: TenantRequest, row: BankLine) -> HttpResponse | None:
        """Give the line to somebody, from the workbench."""
        require_worker(request.membership)
        give(request, [case_of(row)])
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
