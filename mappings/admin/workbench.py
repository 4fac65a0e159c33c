"""The mapping workbench: one screen a connection where words of the source meet records of the ledger."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse

from integrations.models import Connection
from mappings.models import MappingSet, SourceValue, Subject
from mappings.services import drafts, workbench
from mappings.services.targets import choice_shape, get_target, search_targets
from mappings.services.versions import VersionError, Word
from mappings.services.workbench import Board, Row
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MAPPINGS, EDIT_MAPPINGS, may

_PER_PAGE = 200
_SHOWS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "all": ("All", lambda row: True),
    "open": ("Not mapped", lambda row: row.state in ("unmapped", "unfit")),
    "changed": ("Changed", lambda row: row.is_changed),
    "unfit": ("Unhealthy", lambda row: row.state == "unfit"),
}


class WorkbenchPages:
    """Pages and small JSON answers, mixed into the admin of versions."""

    admin_site: Any
    render: Any

    def workbench_urls(self) -> list[URLPattern]:
        """The routes, under the versions' own."""
        wrap = self.admin_site.admin_view
        return [
            path("workbench/", wrap(self.home), name="mappings_workbench"),
            path("workbench/<uuid:connection_id>/", wrap(self.screen), name="mappings_workbench_connection"),
            path("workbench/<uuid:connection_id>/targets/", wrap(self.targets), name="mappings_targets"),
            path("workbench/<uuid:connection_id>/save/", wrap(self.save), name="mappings_save"),
            path("workbench/<uuid:connection_id>/exact/", wrap(self.accept_exact), name="mappings_accept_exact"),
        ]

    def home(self, request: TenantRequest) -> HttpResponse:
        """The only connection's screen, or a choice, or what to do first."""
        connections = list(Connection.objects.for_tenant(request.tenant).order_by("name"))
        if len(connections) == 1:
            return HttpResponseRedirect(reverse("admin:mappings_workbench_connection", args=[connections[0].pk]))
        boards = [workbench.board_of(each) for each in connections]
        return self.render(request, "mappings/home.html", {"boards": boards}, "Mappings")  # type: ignore[no-any-return]

    def screen(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """The workbench of one connection; `?subject=&side=&value=` opens it at one word."""
        connection = _connection(request, connection_id)
        board = workbench.board_of(connection)
        subject = _subject(request, board)
        show = request.GET.get("show", "all")
        rows = [row for row in workbench.rows_of(connection, subject) if _shown(row, show, request.GET.get("q", ""))]
        focus = (request.GET.get("side", ""), request.GET.get("value", ""))
        at = next((i for i, row in enumerate(rows) if (row.source.side, row.source.value) == focus), None)
        page = Paginator(rows, _PER_PAGE).get_page(at // _PER_PAGE + 1 if at is not None else request.GET.get("page"))
        context = {
            "page": page,
            "rows": workbench.with_suggestions(connection, list(page.object_list)),
            "subject": subject,
            "subject_label": Subject(subject).label,
            "show": show,
            "shows": [(name, label) for name, (label, _) in _SHOWS.items()],
            "text": request.GET.get("q", ""),
            "focus": rows[at].source.pk if at is not None else None,
            "exact": sum(bool(row.mapping is None and row.suggestion and row.suggestion.is_exact) for row in rows),
            **_head(request, board),
        }
        return self.render(request, "mappings/workbench.html", context, f"Mappings of {connection}")  # type: ignore[no-any-return]

    def targets(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """Search as you type over the tenant's own records: fitting ones first, others with the reason they are not."""
        connection = _connection(request, connection_id)
        source = _source(connection, request.GET.get("word", ""))
        found = search_targets(
            connection=connection, subject=source.subject, side=source.side, text=request.GET.get("q", "")
        )
        return JsonResponse({"choices": [choice_shape(each) for each in found]})

    def save(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """A choice, an accepted suggestion, or nothing (empty `external_id`) goes into the draft; answers HTML."""
        if request.method != "POST":
            return JsonResponse({"error": "Use POST."}, status=405)
        connection = _connection(request, connection_id)
        _require_editor(request)
        wanted = json.loads(request.body)
        source = _source(connection, str(wanted.get("word", "")))
        try:
            with transaction.atomic():
                _save(request, connection, source, wanted)
        except ValidationError as refused:
            return JsonResponse({"error": " ".join(refused.messages)}, status=409)
        return JsonResponse(_fresh(request, connection, source))

    def accept_exact(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Every certain suggestion at once."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        connection = _connection(request, connection_id)
        _require_editor(request)
        try:
            draft = drafts.ensure_draft(connection=connection, by=request.user)
            taken = workbench.accept_exact(draft=draft, by=request.user)
        except VersionError as refused:
            messages.error(request, " ".join(refused.messages))
        else:
            messages.success(request, f"{taken} exact suggestion{'' if taken == 1 else 's'} taken into the draft.")
        back = reverse("admin:mappings_workbench_connection", args=[connection.pk])
        subject = request.POST.get("subject", "")
        return HttpResponseRedirect(f"{back}?subject={subject}" if subject in Subject.values else back)


def _save(request: TenantRequest, connection: Connection, source: SourceValue, wanted: dict[str, Any]) -> None:
    draft = drafts.ensure_draft(connection=connection, by=request.user)
    external_id = str(wanted.get("external_id") or "")
    if wanted.get("suggested"):
        row = _row(connection, source)
        if row.suggestion and row.suggestion.candidate.external_id == external_id:
            workbench.accept(draft=draft, row=row, by=request.user)
            return
    record = get_target(connection=connection, subject=source.subject, external_id=external_id) if external_id else None
    if external_id and record is None:
        raise VersionError("That record is not in this ledger any more; sync and choose another.")
    word = Word(source.subject, source.side, source.value)
    drafts.set_value(draft=draft, word=word, record=record, by=request.user)


def _row(connection: Connection, source: SourceValue) -> Row:
    rows = workbench.rows_of(connection, source.subject, only=[source.pk])
    return workbench.with_suggestions(connection, rows)[0]


def _fresh(request: TenantRequest, connection: Connection, source: SourceValue) -> dict[str, Any]:
    row = _row(connection, source)
    head = {"subject": source.subject, **_head(request, workbench.board_of(connection))}
    return {
        "word": str(source.pk),
        "row": render_to_string("mappings/parts/row.html", {"row": row, **head}, request=request),
        "head": render_to_string("mappings/parts/head.html", head, request=request),
        "tabs": render_to_string("mappings/parts/tabs.html", head, request=request),
    }


def _head(request: TenantRequest, board: Board) -> dict[str, Any]:
    shown = board.shown
    is_submitted = shown is not None and shown.status == MappingSet.Status.SUBMITTED
    is_own = shown is not None and request.user.pk in shown.editors
    may_edit = may(request.membership, EDIT_MAPPINGS)
    return {
        "board": board,
        "connection": board.connection,
        "is_submitted": is_submitted,
        "is_own": is_own,
        "may_edit": may_edit,
        "may_change": may_edit and not is_submitted,
        "may_decide": is_submitted and not is_own and may(request.membership, APPROVE_MAPPINGS),
    }


def _connection(request: TenantRequest, connection_id: UUID) -> Connection:
    found = Connection.objects.for_tenant(request.tenant).filter(pk=connection_id).first()
    if found is None:
        raise Http404("There is no such connection.")
    return found


def _source(connection: Connection, word: str) -> SourceValue:
    try:
        return SourceValue.objects.for_tenant(connection.tenant_id).get(connection=connection, pk=word)
    except (SourceValue.DoesNotExist, ValidationError) as error:
        raise Http404("There is no such value.") from error


def _subject(request: HttpRequest, board: Board) -> str:
    wanted = request.GET.get("subject", "")
    if wanted in Subject.values:
        return wanted
    return next((tab.subject for tab in board.tabs if tab.unmapped), Subject.CATEGORY.value)


def _shown(row: Row, show: str, text: str) -> bool:
    _, fits = _SHOWS.get(show, _SHOWS["all"])
    target = row.mapping.target_name if row.mapping else ""
    return fits(row) and text.casefold() in f"{row.source.value} {target}".casefold()


def _require_editor(request: TenantRequest) -> None:
    if not may(request.membership, EDIT_MAPPINGS):
        raise PermissionDenied
