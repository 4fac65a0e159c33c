"""Source documents: where each is, what it waits for, and why it was booked as it was."""

from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.admin.pages import PageAdmin
from integrations.templatetags.books import from_now, money
from mappings import tasks
from mappings.admin.attributes import AttributePages
from mappings.admin.cutover import CutOverPages
from mappings.admin.receipts import ReceiptPages
from mappings.admin.waiting import WaitingPages
from mappings.models import SourceDocument
from mappings.models.documents import State
from mappings.services import approval, journey
from mappings.services.exchange import exchange_of
from mappings.services.mapping import map_again
from mappings.services.versions import open_set
from tenants.http import TenantRequest
from tenants.models import User
from tenants.permissions import APPROVE_DOCUMENTS, EDIT_MAPPINGS, SEE_CONTENT, may

_MOST_AT_ONCE = 500


class StateFilter(SimpleListFilter):
    """Where the document is on its whole way."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value()) if self.value() else queryset


class UsesFilter(SimpleListFilter):
    """Documents that use one word: `?uses=<id of the source value>`, linked from the workbench."""

    title = "uses value"
    parameter_name = "uses"
    asks: ClassVar[dict[str, Any]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(str(self.parameter_name), "")
        return [(chosen, "the chosen value")] if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        try:
            return queryset.filter(uses__source_value=self.value(), **self.asks)
        except ValidationError:
            return queryset.none()


class WaitsForFilter(UsesFilter):
    """Documents that one word keeps waiting: `?word=`."""

    title = "waits for value"
    parameter_name = "word"
    asks: ClassVar[dict[str, Any]] = {"status": "waiting", "uses__is_missing": True}


@admin.register(SourceDocument)
class SourceDocumentAdmin(ReceiptPages, CutOverPages, WaitingPages, AttributePages, PageAdmin):
    """Read only: documents come in over the API."""

    page_template = "mappings/document.html"
    change_list_template = "mappings/documents.html"
    list_display: ClassVar = [
        "document_shown",
        "counterparty",
        "amount_shown",
        "state_shown",
        "waits_shown",
        "issued_on",
        "received_shown",
    ]
    list_display_links: ClassVar = ["document_shown"]
    list_filter: ClassVar = [StateFilter, WaitsForFilter, UsesFilter, "waits_for", "kind", "connection"]
    list_select_related: ClassVar = ["connection"]
    search_fields: ClassVar = ["number", "external_id", "counterparty"]
    search_help_text = "Search by number, the source's id or counterparty"
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions = ["approve_chosen"]
    actions_by_post: ClassVar = {
        "map_again": (EDIT_MAPPINGS, "map_again"),
        "approve": (APPROVE_DOCUMENTS, "approve"),
        "refuse": (APPROVE_DOCUMENTS, "refuse"),
    }

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "mappings/mappings.css"]}
        js: ClassVar = ["integrations/integrations.js"]

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        return super().get_queryset(request).with_state()  # type: ignore[no-any-return, attr-defined]

    @display(description="Document", header=True)
    def document_shown(self, row: SourceDocument) -> tuple[str, str]:
        """Kind and number, with the source's id below."""
        return str(row), f"{row.source} {row.external_id}"

    @display(description="Total")
    def amount_shown(self, row: SourceDocument) -> SafeString:
        """With its currency, right-aligned."""
        return money(row.total, row.currency)

    @display(description="State", label={str(key): tone for key, tone in journey.STATE_COLOURS.items()})
    def state_shown(self, row: Any) -> tuple[str, str]:
        """The whole way in one word."""
        return row.state, State(row.state).label

    @display(description="Waits for, or why not")
    def waits_shown(self, row: Any) -> str:
        """The first reason, and how many more; after mapping, what the ledger or its queue says."""
        if row.status == SourceDocument.Status.MAPPED:
            return row.cause or "–"
        if not row.problems:
            return "–"
        more = f" (and {len(row.problems) - 1} more)" if len(row.problems) > 1 else ""
        return f"{row.problems[0]['text']}{more}"

    @display(description="Received")
    def received_shown(self, row: SourceDocument) -> str:
        """How long ago."""
        return from_now(row.received_at)

    def page(self, request: TenantRequest, row: Any) -> dict[str, Any]:
        """The journey, the reasons, and what the books will see."""
        found = journey.journey_of(row)
        posting = found.posting
        draft = open_set(row.connection)
        effect = journey.effect_of(found.writes, row.trace)
        waits = row.status == SourceDocument.Status.WAITING
        preview = journey.preview_of(row, draft) if draft and waits else None
        asked = approval.effect_of_proposal(row) if row.status == SourceDocument.Status.APPROVAL else ()
        shown = effect or asked or (preview.effect if preview else ())
        return {
            "asked": asked,
            "may_approve": bool(asked) and may(request.membership, APPROVE_DOCUMENTS),
            "is_own": row.sent_by_id is not None and row.sent_by_id == request.user.pk,
            "earlier": journey.earlier_of(row),
            "later": journey.later_of(row),
            "journey": found,
            "posting": posting,
            "stopped": found.steps[-1].text if found.steps[-1].status == "failed" else "",
            "tone": journey.STATE_COLOURS[State(row.state)],
            "state_label": State(row.state).label,
            "trace": sorted(row.trace, key=_line_of),
            "problems": [each | {"url": mapping_url(row, each)} for each in row.problems],
            "preview": preview,
            "effect": shown,
            "exchange": exchange_of(row),
            "sees_content": may(request.membership, SEE_CONTENT),
            "sentences": journey.in_words(row, shown),
            "ledger_url": journey.ledger_url(posting),
            "workbench_url": reverse("admin:mappings_workbench_connection", args=[row.connection_id]),
            "may_map_again": may(request.membership, EDIT_MAPPINGS) and _can_map_again(row),
            **self.receipts(request, row),
        }

    def get_actions(self, request: HttpRequest) -> Any:
        """Only for those who may approve."""
        allowed = may(getattr(request, "membership", None), APPROVE_DOCUMENTS)
        return super().get_actions(request) if allowed else {}

    @admin.action(description="Approve the chosen documents")
    def approve_chosen(self, request: TenantRequest, queryset: QuerySet[SourceDocument]) -> None:
        """Agree to what each of them proposes now; what cannot be approved is said, one by one."""
        rows = list(queryset.select_related("connection")[:_MOST_AT_ONCE])
        done, left = approval.approve_many(documents=rows, by=_person(request))
        for sentence in left[:20]:
            messages.warning(request, sentence)
        if done:
            messages.success(request, f"{done} approved: on the way to the ledger.")
        for connection_id in {row.connection_id for row in rows}:
            _ring(rows[0].tenant_id, connection_id)

    def approve(self, request: TenantRequest, row: SourceDocument) -> None:
        """Agree to the entry that was shown."""
        comment, seen = request.POST.get("comment", "").strip(), request.POST.get("seen", "")
        approval.approve(document=row, by=_person(request), comment=comment, seen=seen)
        messages.success(request, "Approved: it is on its way to the ledger.")
        _ring(row.tenant_id, row.connection_id)

    def refuse(self, request: TenantRequest, row: SourceDocument) -> None:
        """Say no, with the reason."""
        approval.refuse(document=row, by=_person(request), comment=request.POST.get("comment", ""))
        messages.success(request, "Refused: nothing is sent to the ledger.")

    def map_again(self, request: TenantRequest, row: SourceDocument) -> None:
        """Have another look at it, with the active version."""
        try:
            map_again(row)
        except ValueError as refused:
            raise ValidationError(str(refused)) from refused
        messages.success(request, "The document is mapped again with the active version.")
        _ring(row.tenant_id, row.connection_id)


def _ring(tenant_id: Any, connection_id: Any) -> None:
    transaction.on_commit(partial(tasks.map_documents.delay, str(tenant_id), str(connection_id)))


def _person(request: TenantRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return request.user


def mapping_url(document: SourceDocument, problem: dict[str, Any]) -> str:
    """The mapping screen at the word a problem is about; empty when it is about none."""
    if not problem.get("subject"):
        return ""
    base = reverse("admin:mappings_workbench_connection", args=[document.connection_id])
    return f"{base}?{urlencode({name: problem[name] for name in ('subject', 'side', 'value')})}"


def _line_of(each: dict[str, Any]) -> tuple[bool, int]:
    name, _, number = each["where"].partition(" ")
    return (name != "line", int(number) if number.isdigit() else 0)


def _can_map_again(row: Any) -> bool:
    if row.status == SourceDocument.Status.MAPPED:
        return row.state in (State.PARTLY, State.REFUSED, State.CANCELLED)
    return bool(row.status == SourceDocument.Status.WAITING)
