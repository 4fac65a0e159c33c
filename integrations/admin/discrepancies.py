"""The workbench of differences: the list with bulk decisions, and the page of one with both sides side by side."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.models import Baseline, Discrepancy
from integrations.services import decisions
from integrations.services.offers import page_in_ledger
from integrations.templatetags.books import TONES, from_now, resource_label
from tenants.http import TenantRequest
from tenants.permissions import RESOLVE, SUBMIT_DOCUMENTS, SYNC, may

AT_ONCE = 500
_TONES = {**TONES, "open": "warning", "accepted": "success", "repushed": "info", "resolved": "success"}
_SHORT = {"accepted": "Accepted", "repushed": "Sent again", "resolved": "Gone", "ignored": "Ignored", "open": "Open"}
_SHOWN = 80
"""Characters of what differs that a list shows."""
_KINDS = {"drift": "Changed in the ledger", "voided": "Voided in the ledger", "deleted": "Deleted in the ledger",
          "tax": "Another tax", "total": "Another total", "count": "Number of records", "amount": "Sum of amounts",
          "trial_balance": "Trial balance", "bank_balance": "Bank balance"}  # fmt: skip


def accept(request: TenantRequest, row: Discrepancy, reason: str) -> None:
    """The ledger is right."""
    decisions.accept(discrepancy=row, by=request.user, reason=reason)


def ignore(request: TenantRequest, row: Discrepancy, reason: str) -> None:
    """Nothing is to be done."""
    decisions.ignore(discrepancy=row, by=request.user, reason=reason)


def repush(request: TenantRequest, row: Discrepancy, reason: str) -> None:
    """Ours is right."""
    posting = decisions.repush(discrepancy=row, by=request.user)
    transaction.on_commit(partial(tasks.send_posting.delay, str(posting.tenant_id), str(posting.pk)))


def reread(request: TenantRequest, row: Discrepancy, reason: str) -> None:
    """Read it again in full."""
    run = decisions.reread(discrepancy=row, by=request.user)
    transaction.on_commit(partial(tasks.run_sync.delay, str(run.tenant_id), str(run.pk)))


def reopen(request: TenantRequest, row: Discrepancy, reason: str) -> None:
    """Take the decision back."""
    decisions.reopen(discrepancy=row, by=request.user)


Decide = Callable[[TenantRequest, Discrepancy, str], None]
DECISIONS: dict[str, tuple[str, Decide, str]] = {
    "accept": (RESOLVE, accept, "The ledger's version is accepted."),
    "repush": (SUBMIT_DOCUMENTS, repush, "Ours is on its way to the ledger again."),
    "reread": (SYNC, reread, "It is being read again; the proof that follows closes the difference."),
    "ignore": (RESOLVE, ignore, "The difference is ignored."),
    "reopen": (RESOLVE, reopen, "The decision is taken back."),
}
"""Word in the address → (right, what is done, what is said afterwards)."""


@admin.register(Discrepancy)
class DiscrepancyAdmin(PageAdmin):
    """Differences wait here for a person; each decision is in the audit trail."""

    page_template = "integrations/discrepancy.html"
    change_list_template = "integrations/discrepancies.html"
    list_display: ClassVar = [
        "what_shown",
        "document_shown",
        "differs_shown",
        "status_shown",
        "found_shown",
        "connection_shown",
    ]
    list_display_links: ClassVar = ["what_shown"]
    list_filter: ClassVar = ["connection", "kind", "status", "resource"]
    list_select_related: ClassVar = ["connection", "record"]
    search_fields: ClassVar = ["record__number"]
    search_help_text = "Search by the document's number or the ledger's id"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions = ["choose_accept", "choose_repush", "choose_reread", "choose_ignore", "choose_reopen"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Exact numbers and ids."""
        found = queryset.filter(record__number=search_term) | queryset.filter(record__external_id=search_term)
        return found if search_term else queryset, False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [path("decide/<str:word>/", view(self.decide), name=self.url_name("decide")), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> Any:
        """Only what the role may decide."""
        member = getattr(request, "membership", None)
        allowed = {f"choose_{word}" for word, (right, _, _) in DECISIONS.items() if may(member, right)}
        return {name: given for name, given in super().get_actions(request).items() if name in allowed}

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Open ones first of all: without a filter the list shows what waits."""
        if request.method == "GET" and not request.GET:
            return HttpResponseRedirect(f"{request.path}?status__exact=open")
        return super().changelist_view(request, {"title": "Discrepancies", **(extra_context or {})})

    def name_of(self, row: Discrepancy) -> str:
        """What differs."""
        return row.get_kind_display()

    def page(self, request: TenantRequest, row: Discrepancy) -> dict[str, Any]:
        sent = decisions.repushes(row)
        baseline = Baseline.objects.for_tenant(request.tenant).filter(record_id=row.record_id).first()
        is_open = row.status == Discrepancy.Status.OPEN
        rights = self.rights(request, may_resolve=RESOLVE, may_send=SUBMIT_DOCUMENTS, may_sync=SYNC)
        is_document = row.kind in decisions.DRIFTED
        return {
            "row": row,
            "sent": sent,
            "agreed_at": baseline.agreed_at if baseline else None,
            "is_open": is_open,
            "is_document": is_document,
            "ledger_url": page_in_ledger(row.record) if row.record and row.record.deleted_at is None else "",
            "can_accept": is_open and rights["may_resolve"] and row.kind != Discrepancy.Kind.TRIAL_BALANCE,
            "can_repush": is_open and rights["may_send"] and is_document,
            "can_reread": is_open and rights["may_sync"] and bool(row.proposal.get("resources")),
            "can_ignore": is_open and rights["may_resolve"],
            "can_reopen": rights["may_resolve"] and decisions.may_be_taken_back(row),
        }

    # Decisions

    def _chosen(self, request: TenantRequest, word: str, queryset: Any) -> HttpResponse:
        rows = list(queryset.select_related("connection", "record")[:AT_ONCE])
        context = {
            "rows": rows,
            "word": word,
            "title_words": _WORDS[word],
            "needs_reason": word in ("accept", "ignore"),
        }
        return self.render(request, "integrations/decide.html", context, _WORDS[word])

    @admin.action(description="Accept the ledger's version")
    def choose_accept(self, request: TenantRequest, queryset: Any) -> HttpResponse:
        """A page that says what is about to be decided, and asks for the reason."""
        return self._chosen(request, "accept", queryset)

    @admin.action(description="Send ours again")
    def choose_repush(self, request: TenantRequest, queryset: Any) -> HttpResponse:
        """The same for sending again."""
        return self._chosen(request, "repush", queryset)

    @admin.action(description="Read again in full")
    def choose_reread(self, request: TenantRequest, queryset: Any) -> HttpResponse:
        """The same for reading again."""
        return self._chosen(request, "reread", queryset)

    @admin.action(description="Ignore with a reason")
    def choose_ignore(self, request: TenantRequest, queryset: Any) -> HttpResponse:
        """The same for ignoring."""
        return self._chosen(request, "ignore", queryset)

    @admin.action(description="Take the decision back")
    def choose_reopen(self, request: TenantRequest, queryset: Any) -> HttpResponse:
        """The same for taking back."""
        return self._chosen(request, "reopen", queryset)

    def decide(self, request: TenantRequest, word: str) -> HttpResponse:
        """Decide on the named rows; each by itself, so that one that is refused holds up no other."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if word not in DECISIONS or not may(request.membership, DECISIONS[word][0]):
            raise PermissionDenied
        _, act, said = DECISIONS[word]
        chosen = self.get_queryset(request).filter(pk__in=_ids(request)).order_by("id")[:AT_ONCE]
        done, refusals = 0, set()
        for row in list(chosen):
            try:
                with transaction.atomic():
                    act(request, row, request.POST.get("reason", ""))
                done += 1
            except ValidationError as refused:
                refusals |= set(refused.messages)
        if done:
            messages.success(request, said if done == 1 else f"{said} {done} differences together.")
        for sentence in sorted(refusals)[:3]:
            messages.error(request, sentence)
        one = request.POST.get("back") == "page" and len(_ids(request)) == 1
        return HttpResponseRedirect(self.url("change", _ids(request)[0]) if one else self.url("changelist"))

    # Columns

    @display(description="Difference")
    def what_shown(self, row: Discrepancy) -> SafeString:
        """In a few words, so that the columns fit a page."""
        return format_html('<span class="whitespace-nowrap">{}</span>', _KINDS[row.kind])

    @display(description="Document")
    def document_shown(self, row: Discrepancy) -> str:
        """Which document, or which resource."""
        name = str(row.record) if row.record else ""
        return f"{resource_label(row.resource)} {name}".strip() if row.resource else "–"

    @display(description="What differs")
    def differs_shown(self, row: Discrepancy) -> SafeString:
        """The first fields, ours → theirs."""
        words = [
            f"{each['label']}: {each['ours'] or 'nothing'} → {each['theirs'] or 'nothing'}" for each in row.differences
        ]
        text = "; ".join(words[:2]) + (f" and {len(words) - 2} more" if len(words) > 2 else "")
        return format_html('<span title="{}">{}</span>', text, Truncator(text).chars(_SHOWN) or "–")

    @display(description="State", label=_TONES)
    def status_shown(self, row: Discrepancy) -> tuple[str, str]:
        """Open, or what became of it."""
        return row.status, _SHORT[row.status]

    @display(description="Found")
    def found_shown(self, row: Discrepancy) -> SafeString:
        """How long it has been there."""
        return format_html('<span title="{}">{}</span>', f"{row.found_at:%Y-%m-%d %H:%M} UTC", from_now(row.found_at))

    @display(description="Connection")
    def connection_shown(self, row: Discrepancy) -> str:
        """Which organisation."""
        return str(row.connection)


_WORDS = {
    "accept": "Accept the ledger's version",
    "repush": "Send ours to the ledger again",
    "reread": "Read again in full",
    "ignore": "Ignore with a reason",
    "reopen": "Take the decision back",
}


def _ids(request: HttpRequest) -> list[str]:
    return [value for value in request.POST.getlist("row") if len(value) == 36]
