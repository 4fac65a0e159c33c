"""The workbench: bank on the left, the best explanation on the right, decided by keyboard or thumb."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.cache import patch_vary_headers

from integrations.models import Connection
from reconciliation.forms import SHOWS, SORTS
from reconciliation.models import BankAccount, Decision, MatchRun, Proposal
from reconciliation.services.board import cards_of, progress_of
from reconciliation.services.cases import workers
from reconciliation.services.filters import Filters, hits_of, lines_of, read_filters
from reconciliation.services.line_search import MOST
from reconciliation.services.periods import MONTHS, Month, months_of
from tenants.admin import CappedPaginator
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, SYNC, may

# The script asks so for the board without the page around it, after a decision.
BOARD_ALONE = "Portal-Board"
_PER_PAGE = 25
_UNDO_LIST = 5
_TAKEABLE = (Decision.Kind.APPROVE, Decision.Kind.REJECT, Decision.Kind.IGNORE, Decision.Kind.SPLIT)


class WorkbenchPages:
    """The workbench and its progress, mixed into the admin of bank lines."""

    admin_site: Any
    render: Any

    def workbench_urls(self) -> list[URLPattern]:
        """The routes, under the lines' own."""
        wrap = self.admin_site.admin_view
        return [
            path("workbench/", wrap(self.workbench), name="reconciliation_workbench"),
            path("workbench/periods/", wrap(self.periods), name="reconciliation_periods"),
            path("workbench/progress/", wrap(self.run_progress), name="reconciliation_workbench_progress"),
        ]

    def workbench(self, request: TenantRequest) -> HttpResponse:
        """One page of questions that fit the filters."""
        filters = read_filters(request.GET)
        hits = hits_of(filters)
        lines = lines_of(request.tenant, filters, hits).select_related("bank_account", "feed_record")
        page = CappedPaginator(lines, _PER_PAGE).get_page(request.GET.get("page"))
        cards = cards_of(list(page.object_list), by=request.membership)
        run = _last_run(request)
        progress = progress_of(request.tenant, filters)
        context = {
            "cards": cards,
            "page": page,
            "filters": filters,
            "most_found": MOST if hits and hits.is_cut else 0,
            "progress": progress,
            "tabs": _tabs(request, filters, progress.counts, progress.waiting_for_second),
            "sorts": SORTS,
            "kinds": Proposal.Kind.choices,
            "accounts": BankAccount.objects.for_tenant(request.tenant).order_by("name"),
            "address": request.get_full_path(),
            "query_without_page": _query(request, page=None, at=None),
            "focus": _number(request.GET.get("at", "")),
            "undo_list": _undo_list(request),
            "run": run,
            "is_matching": run is not None and run.is_awaited,
            "connections": Connection.objects.for_tenant(request.tenant).exclude(status="disconnected"),
            "periods": _periods(request, filters),
            "people": workers(request.tenant),
            **_rights(request),
        }
        if request.headers.get(BOARD_ALONE):
            return _varying(TemplateResponse(request, "reconciliation/board_alone.html", context))
        return _varying(self.render(request, "reconciliation/workbench.html", context, "Reconcile"))

    def periods(self, request: TenantRequest) -> HttpResponse:
        """Every account by month: how much is decided, what is open, whether it is proved and closed."""
        months = months_of(request.tenant)
        context = {"months": months, "open": sum(month.open for month in months), "most": MONTHS}
        return self.render(request, "reconciliation/periods.html", context, "Progress by month")  # type: ignore[no-any-return]

    def run_progress(self, request: TenantRequest) -> JsonResponse:
        """The running match run in words, for the page that waits for it."""
        run = _last_run(request)
        finished = run is None or run.status in (MatchRun.Status.DONE, MatchRun.Status.FAILED)
        html = render_to_string("reconciliation/parts/run.html", {"run": run}, request=request)
        return JsonResponse({"html": html, "finished": finished})


def _periods(request: TenantRequest, filters: Filters) -> list[Month]:
    """Of the chosen month: each account in it, or the chosen one."""
    if filters.month is None:
        return []
    return months_of(request.tenant, account=filters.account, month=filters.month)


def _varying(answer: HttpResponse) -> HttpResponse:
    """One address, two answers: nobody may keep the one for the other."""
    patch_vary_headers(answer, [BOARD_ALONE])
    return answer


def _rights(request: TenantRequest) -> dict[str, bool]:
    may_approve = may(request.membership, APPROVE_MATCHES)
    may_propose = may(request.membership, PROPOSE_MATCHES)
    return {
        "may_approve": may_approve,
        "may_propose": may_propose,
        "may_decide": may_approve or may_propose,
        "may_match": may(request.membership, SYNC),
    }


def _tabs(request: TenantRequest, filters: Filters, counts: dict[str, int], second: int) -> list[dict[str, Any]]:
    known = {**counts, "second": second}
    return [
        {
            "label": label,
            "count": known.get(show, 0),
            "url": "?" + _query(request, page=None, at=None, show=show),
            "is_current": filters.show == show,
        }
        for show, label in SHOWS
        if show != "second" or second or filters.show == "second"
    ]


def _query(request: TenantRequest, **changes: Any) -> str:
    kept = {name: value for name, value in request.GET.items() if name not in changes and value}
    return urlencode({**kept, **{name: value for name, value in changes.items() if value}})


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def _undo_list(request: TenantRequest) -> QuerySet[Decision]:
    rows = Decision.objects.for_tenant(request.tenant).filter(by=request.user, kind__in=_TAKEABLE)
    return rows.select_related("match", "proposal", "bank_line").order_by("-id")[:_UNDO_LIST]


def _last_run(request: TenantRequest) -> MatchRun | None:
    return MatchRun.objects.for_tenant(request.tenant).select_related("connection").order_by("-id").first()
