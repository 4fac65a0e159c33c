"""Postings: every write to a ledger, its journey and its outcome."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from integrations import tasks
from integrations.admin.calls import calls_of
from integrations.admin.filters import BatchFilter
from integrations.admin.inbox import replay
from integrations.admin.journey import Step, journey_of, origin_words
from integrations.admin.naming import with_names
from integrations.admin.pages import PageAdmin
from integrations.admin.posting_page import asked, calls_about, company_of
from integrations.admin.record_page import REFERENCES, lay_out
from integrations.forms import CorrectionForm
from integrations.models import LedgerRecord, Posting
from integrations.services import correcting, deciding, postings
from integrations.services.offers import page_in_ledger
from integrations.templatetags.books import TONES, from_now, money, one_of, words
from tenants.http import TenantRequest
from tenants.permissions import REPLAY, SEE_EXCHANGES, may

_SHORT = {
    "pending": "Waiting",
    "sent": "Sent",
    "unknown": "Unknown",
    "cancelled": "Cancelled",
    "held": "Your decision",
    "resting": "Resting",
}
_TOLD = ("rejected", "unknown", "resting", "held")
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
    list_filter: ClassVar = ["connection", "status", "resource", "operation", BatchFilter]
    actions = ["replay_chosen", "cancel_chosen", "redate_chosen", "leave_chosen"]
    list_select_related: ClassVar = ["connection"]
    search_fields: ClassVar = ["idempotency_key", "external_id"]
    search_help_text = "Search by ledger id or idempotency key"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "replay": (REPLAY, "replay"),
        "cancel": (REPLAY, "cancel"),
        "reverse": (REPLAY, "reverse"),
        "answer": (REPLAY, "answer"),
        "settle": (REPLAY, "settle"),
        "send-again": (REPLAY, "send_again"),
    }

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Exact ids only: both columns are names, not texts."""
        found = queryset.filter(external_id=search_term) | queryset.filter(idempotency_key=search_term)
        return found if search_term else queryset, False

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Newest first."""
        return super().changelist_view(request, {"title": "Postings", **(extra_context or {})})

    def page(self, request: TenantRequest, row: Posting) -> dict[str, Any]:
        calls = calls_about(request.tenant, row)
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
            "can_replay": rights["may_replay"] and row.status in _REPLAYABLE,
            "can_cancel": rights["may_replay"] and row.status in _AT_HOME,
            "can_reverse": rights["may_replay"] and _is_reversible(row, reversals),
            **company_of(row),
            **asked(row),
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

    def answer(self, request: TenantRequest, row: Posting) -> None:
        """Say what becomes of a document of a closed period."""
        deciding.answer_posting(posting=row, choice=request.POST.get("choice", ""), answered_by=request.user)
        _ring(row)
        messages.success(request, "Your answer is kept with the posting.")

    def settle(self, request: TenantRequest, row: Posting) -> None:
        """An unknown posting is this record of the ledger."""
        mirror = LedgerRecord.objects.for_tenant(request.tenant).of(row.connection, row.resource)
        record = mirror.filter(pk__in=request.POST.getlist("record")[:1]).first()
        if record is None:
            raise ValidationError("Choose the record that it became.")
        deciding.settle_as(posting=row, record=record, settled_by=request.user)
        messages.success(request, f"It is linked to {record}. Nothing was sent.")

    def send_again(self, request: TenantRequest, row: Posting) -> None:
        """An unknown posting is not in the ledger."""
        deciding.send_again(posting=row, reason=request.POST.get("reason", ""), decided_by=request.user)
        _ring(row)
        messages.success(request, "It is sent again, and your reason is kept with it.")

    def has_replay_permission(self, request: Any) -> bool:
        """Whether the bulk actions are offered."""
        return may(request.membership, REPLAY)

    @action(description="Replay the chosen", permissions=["replay"])
    def replay_chosen(self, request: TenantRequest, queryset: Any) -> None:
        """Send refused and resting ones again, look unknown ones up."""
        _each(request, queryset, "on the way again", partial(replay, request=request))

    @action(description="Cancel the chosen", permissions=["replay"])
    def cancel_chosen(self, request: TenantRequest, queryset: Any) -> None:
        """Never send them, nor what waits for them."""
        _each(request, queryset, "cancelled", postings.cancel_posting)

    @action(description="Closed period: date the chosen on the first open day", permissions=["replay"])
    def redate_chosen(self, request: TenantRequest, queryset: Any) -> None:
        """Answer what is asked about documents of a closed period."""
        _each(request, queryset, "dated on the first open day", partial(_answer, request, "first_open_day"))

    @action(description="Closed period: leave the chosen until it is opened", permissions=["replay"])
    def leave_chosen(self, request: TenantRequest, queryset: Any) -> None:
        """Answer what is asked about documents of a closed period."""
        _each(request, queryset, "left until the period is opened", partial(_answer, request, "wait"))

    def get_urls(self) -> list[URLPattern]:
        correct = self.admin_site.admin_view(self.correct)
        return [path("<uuid:row_id>/correct/", correct, name=self.url_name("correct")), *super().get_urls()]

    def correct(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """What a reversal would do to the books, and the form that asks for it; nothing is written yet."""
        if not may(request.membership, REPLAY):
            raise PermissionDenied
        row = self.get_object(request, str(row_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(row_id))  # type: ignore[no-any-return]
        try:
            return self._correction(request, row)
        except ValidationError as refused:
            for sentence in refused.messages:
                messages.error(request, sentence)
            return HttpResponseRedirect(self.url("change", row.pk))

    def _correction(self, request: TenantRequest, row: Posting, form: CorrectionForm | None = None) -> HttpResponse:
        plan = correcting.plan(row)
        context = {
            "original": row,
            "plan": plan,
            "form": form or CorrectionForm(plan=plan),
            "currency": row.body.get("currency") or row.connection.currency,
            "totals": (sum(each.debit for each in plan.effect), sum(each.credit for each in plan.effect)),
        }
        title = f"Correct {one_of(row.resource)} {row.external_id}"
        return self.render(
            request, "integrations/correct.html", context, title, status=422 if form is not None else 200
        )

    def reverse(self, request: TenantRequest, row: Posting) -> HttpResponse:
        """Undo it in the ledger by the ledger's own means; above the limit a second person is asked first."""
        form = CorrectionForm(request.POST, plan=correcting.plan(row))
        if not form.is_valid():
            return self._correction(request, row, form)
        try:
            with transaction.atomic():
                undo = correcting.reverse(posting=row, requested_by=request.user, **form.cleaned_data)
        except ValidationError as refused:
            form.add_error(None, refused)
            return self._correction(request, row, form)
        if undo.status == Posting.Status.HELD:
            messages.success(request, "The reversal is written down. It goes when a second person has approved it.")
        else:
            _ring(undo)
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
        text = str(row.error.get("message") or "") if row.status in _TOLD or row.error_code == "waiting" else ""
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


_REPLAYABLE = (Posting.Status.REJECTED, Posting.Status.UNKNOWN, Posting.Status.RESTING)
_AT_HOME = (Posting.Status.PENDING, Posting.Status.HELD, Posting.Status.RESTING)


def _answer(request: TenantRequest, choice: str, row: Posting) -> None:
    deciding.answer_posting(posting=row, choice=choice, answered_by=request.user)
    _ring(row)


def _ring(row: Posting) -> None:
    transaction.on_commit(partial(tasks.send_posting.delay, str(row.tenant_id), str(row.pk)))


def _each(request: TenantRequest, rows: Any, done: str, act: Callable[[Posting], object]) -> None:
    """Do it to each, and say how many it was done to and why not to the others."""
    count, refusals = 0, set()
    for row in rows.select_related("connection").order_by("id"):
        try:
            with transaction.atomic():
                act(row)
        except ValidationError as refused:
            refusals |= set(refused.messages)
        else:
            count += 1
    if count:
        messages.success(request, f"{count} {'is' if count == 1 else 'are'} {done}.")
    for sentence in sorted(refusals)[:3]:
        messages.warning(request, sentence)


def _is_reversible(row: Posting, reversals: list[Posting]) -> bool:
    undone = any(undo.status != Posting.Status.CANCELLED for undo in reversals)
    return row.status == Posting.Status.POSTED and row.operation == Posting.Operation.CREATE and not undone
