"""The mapping workbench: one screen a connection where words of the source meet records of the ledger.

The page carries every word as data; the browser shows the rows that fit on the screen, filters and counts. Choices are
sent in batches and answered with the rows as they are now.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_GET, require_POST

from integrations.models import Connection
from mappings.admin.connections import connection_or_404
from mappings.admin.files import sources
from mappings.models import MappingSet, SourceValue, Subject
from mappings.services import drafts, workbench
from mappings.services.differences import differences
from mappings.services.targets import choice_shape, search_targets
from mappings.services.versions import open_set
from mappings.services.workbench import Board, Row, Wish
from mappings.suggest import Suggestion
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MAPPINGS, EDIT_MAPPINGS, may

MOST_CHANGES_SHOWN = 500


class WorkbenchPages:
    """Pages and small JSON answers, mixed into the admin of versions."""

    admin_site: Any
    render: Any

    def workbench_urls(self) -> list[URLPattern]:
        """The routes, under the versions' own."""
        wrap, base = self.admin_site.admin_view, "workbench/<uuid:connection_id>/"
        return [
            path("workbench/", wrap(self.home), name="mappings_workbench"),
            path(base, wrap(self.screen), name="mappings_workbench_connection"),
            path(f"{base}targets/", require_GET(wrap(self.targets)), name="mappings_targets"),
            path(f"{base}suggestions/", require_GET(wrap(self.suggestions)), name="mappings_suggestions"),
            path(f"{base}head/", require_GET(wrap(self.head)), name="mappings_head"),
            path(f"{base}changes/", require_GET(wrap(self.changes)), name="mappings_changes"),
            path(f"{base}save/", require_POST(wrap(self.save)), name="mappings_save"),
            path(f"{base}refuse/", require_POST(wrap(self.refuse)), name="mappings_refuse"),
            path(f"{base}exact/", require_POST(wrap(self.accept_exact)), name="mappings_accept_exact"),
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
        connection = connection_or_404(request, connection_id)
        rows = workbench.rows_of(connection)
        context = {
            "rows": [_shown(row) for row in rows],
            "sources": sources(connection),
            "subjects": [(subject.value, subject.label) for subject in Subject],
            **_head(request, workbench.board_of(connection)),
        }
        return self.render(request, "mappings/workbench.html", context, f"Mappings of {connection}")  # type: ignore[no-any-return]

    def targets(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """Search as you type over the tenant's own records: fitting ones first, others with the reason they are not."""
        connection = connection_or_404(request, connection_id)
        source = _source(connection, request.GET.get("word", ""))
        found = search_targets(
            connection=connection, subject=source.subject, side=source.side, text=request.GET.get("q", "")
        )
        return JsonResponse({"choices": [choice_shape(each) for each in found]})

    def suggestions(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """`?words=id,id` → {id: the likeliest record or null}; the screen asks for the rows it shows."""
        connection = connection_or_404(request, connection_id)
        words = _ids(request.GET.get("words", "").split(","))
        found = workbench.suggestions_for(connection, words)
        return JsonResponse({"suggestions": {str(word): _suggested(each) for word, each in found.items()}})

    def head(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """The banner as it is now: what holds, what is being changed, who decides."""
        board = workbench.board_of(connection_or_404(request, connection_id))
        return HttpResponse(render_to_string("mappings/parts/head.html", _head(request, board), request=request))

    def changes(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """What the open version changes, word by word."""
        opened = open_set(connection_or_404(request, connection_id))
        changes = [each for each in differences(opened) if each.is_change] if opened else []
        context = {
            "changes": changes[:MOST_CHANGES_SHOWN],
            "more": len(changes) - MOST_CHANGES_SHOWN,
            "version": opened,
        }
        return HttpResponse(render_to_string("mappings/parts/changes.html", context, request=request))

    def save(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """`{"changes": [{"word", "external_id", "suggested"}]}` go into the draft, all or none; answers the rows."""
        connection = connection_or_404(request, connection_id)
        _require_editor(request)
        try:
            wishes = _wishes(_json(request.body).get("changes"))
            with transaction.atomic():
                draft = drafts.ensure_draft(connection=connection, by=request.user)
                workbench.save(draft=draft, wishes=wishes, by=request.user)
        except ValidationError as refused:
            return JsonResponse({"error": " ".join(refused.messages)}, status=409)
        return _fresh(connection, [wish.word for wish in wishes])

    def refuse(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """`{"refuse": [{"word", "external_id"}], "take_back": […]}`: not this record for this word, or again.

        Answers `{"rows": [{"id", "suggestion", "refused"}]}`: what is likeliest now.
        """
        connection = connection_or_404(request, connection_id)
        _require_editor(request)
        try:
            said = _json(request.body)
            refused, taken_back = (_wishes(said.get(name, [])) for name in ("refuse", "take_back"))
            with transaction.atomic():
                rows = workbench.say_no(connection=connection, refused=refused, taken_back=taken_back, by=request.user)
        except ValidationError as wrong:
            return JsonResponse({"error": " ".join(wrong.messages)}, status=409)
        return JsonResponse({"rows": [_shown(row) | {"suggestion": _suggested(found)} for row, found in rows]})

    def accept_exact(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """Every certain suggestion at once, of all words or of `{"words": [id]}`; answers the rows."""
        connection = connection_or_404(request, connection_id)
        _require_editor(request)
        try:
            wanted = _json(request.body).get("words")
            only = None if wanted is None else _ids(wanted)
            with transaction.atomic():
                draft = drafts.ensure_draft(connection=connection, by=request.user)
                taken = workbench.accept_exact(draft=draft, by=request.user, only=only)
        except ValidationError as refused:
            return JsonResponse({"error": " ".join(refused.messages)}, status=409)
        return _fresh(connection, taken)


def _wishes(changes: Any) -> list[Wish]:
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        raise ValidationError("Send a list of {word, external_id}.")
    words = _ids(each.get("word") for each in changes)
    if len(set(words)) != len(changes):
        raise ValidationError("Every change names a value, and no value twice.")
    return [
        Wish(word, str(each.get("external_id") or ""), bool(each.get("suggested")))
        for word, each in zip(words, changes, strict=True)
    ]


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise ValidationError("This is not JSON.") from error
    if not isinstance(found, dict):
        raise ValidationError("Send a JSON object.")
    return found


def _ids(texts: Iterable[Any]) -> list[UUID]:
    try:
        return [UUID(str(text)) for text in texts if text]
    except ValueError as error:
        raise ValidationError("A value is named by its id.") from error


def _fresh(connection: Connection, words: list[UUID]) -> JsonResponse:
    return JsonResponse({"rows": [_shown(row) for row in workbench.rows_of(connection, only=words)]})


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


def _source(connection: Connection, word: str) -> SourceValue:
    try:
        return SourceValue.objects.for_tenant(connection.tenant_id).get(connection=connection, pk=word)
    except (SourceValue.DoesNotExist, ValidationError) as error:
        raise Http404("There is no such value.") from error


def _shown(row: Row) -> dict[str, Any]:
    source, mapping = row.source, row.mapping
    return {
        "id": str(source.pk),
        "subject": source.subject,
        "side": source.side,
        "value": source.value,
        "documents": source.occurrences,
        "since": _day(source.first_seen_at),
        "seen": f"First seen {_day(source.first_seen_at)}, last {_day(source.last_seen_at)}",
        "waits": row.waiting.count,
        "money": row.waiting.money,
        "target": mapping.target_external_id if mapping else "",
        "means": mapping.target_name if mapping else "",
        "reason": mapping.reason if mapping else "",
        "active": row.active.target_external_id if row.active else "",
        "was": row.active.target_name if row.active else "",
        "unfit": row.why_unfit,
        "default": row.default.target_name if row.default else "",
        "rules": row.rules,
        "state": row.state,
        "suggestion": _suggested(row.suggestion),
        "refused": [{"id": each.external_id, "name": each.name} for each in row.refused],
    }


def _day(moment: datetime) -> str:
    return f"{localtime(moment):%-d %b %Y}"


def _suggested(suggestion: Suggestion | None) -> dict[str, Any] | None:
    if suggestion is None:
        return None
    found = suggestion.candidate
    return {
        "id": found.external_id,
        "name": f"{found.code} {found.full_name or found.name}".strip(),
        "percent": int((suggestion.confidence * 100).to_integral_value()),
        "reason": suggestion.reason,
        "exact": suggestion.is_exact,
    }


def _require_editor(request: TenantRequest) -> None:
    if not may(request.membership, EDIT_MAPPINGS):
        raise PermissionDenied
