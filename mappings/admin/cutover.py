"""The cut-over's page: set up with help, count before anything is written, three tabs, and what a person decides."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from integrations.models import Connection
from mappings import tasks
from mappings.admin.connections import connection_or_404, connections_and_chosen
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services import cutover_decisions as decisions
from mappings.services.cutover import request_run, set_up, state_counts
from mappings.services.cutover_reading import candidates_of
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, may

_PER_PAGE = 50
# A cut-over is of a connection: the heading names the page, not the model at whose address it lives.
_OWN_HEADING = {"opts": None, "content_title": "Cut-over"}
_State = CutOverLink.State
TABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("To decide", (_State.OPEN,)),
    "alone": ("Without partner", (_State.ALONE, _State.POST, _State.LEFT_OUT)),
    "linked": ("Linked", (_State.LINKED,)),
}


class CutOverPages:
    """Pages and small POSTs, mixed into the admin of source documents."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        base = "cut-over/"
        own = [
            path(base, wrap(self.cut_over), name="mappings_cut_over"),
            path(f"{base}<uuid:connection_id>/", wrap(self.cut_over), name="mappings_cut_over_connection"),
            path(
                f"{base}<uuid:connection_id>/set-up/", require_POST(wrap(self.set_up)), name="mappings_cut_over_set_up"
            ),
            path(f"{base}<uuid:connection_id>/link/", require_POST(wrap(self.link)), name="mappings_cut_over_link"),
            path(f"{base}<uuid:connection_id>/many/", require_POST(wrap(self.many)), name="mappings_cut_over_many"),
            path(f"{base}<uuid:connection_id>/state/", wrap(self.cut_over_state), name="mappings_cut_over_state"),
            path(f"{base}document/<uuid:link_id>/", wrap(self.one), name="mappings_cut_over_one"),
            path(
                f"{base}document/<uuid:link_id>/decide/",
                require_POST(wrap(self.decide)),
                name="mappings_cut_over_decide",
            ),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def cut_over(self: Any, request: TenantRequest, connection_id: UUID | None = None) -> HttpResponse:
        """The cut-over of one connection; the first one's when none is named."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections, chosen = connections_and_chosen(request, connection_id)
        context = {"connections": connections, "connection": chosen, **self.rights(request, may_decide=EDIT_MAPPINGS)}
        context |= {"kinds": SourceDocument.Kind.choices, **_OWN_HEADING}
        if chosen is not None:
            context |= _shown(request, chosen)
        response: HttpResponse = self.render(request, "mappings/cut_over.html", context, "Cut-over")
        return response

    def set_up(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Save the day and count; nothing is held back or linked."""
        connection = connection_or_404(request, connection_id)
        _require_editor(request)

        def act() -> None:
            day = parse_date(request.POST.get("starts_on", ""))
            apart = request.POST.get("days_apart", "3").strip()
            if day is None or not apart.isascii() or not apart.isdigit():
                raise ValidationError("Give the first day to post as a date, and the days apart as a whole number.")
            kinds = request.POST.getlist("kinds")
            kinds = [] if set(kinds) == set(SourceDocument.Kind.values) else kinds
            made = set_up(connection=connection, starts_on=day, days_apart=int(apart), kinds=kinds, by=request.user)
            _run(made, request, is_dry=not made.is_in_force)

        return _done(request, connection, act)

    def link(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Put it in force, or run it again."""
        connection = connection_or_404(request, connection_id)
        _require_editor(request)
        return _done(request, connection, lambda: _run(_cut_over(connection), request, is_dry=False))

    def many(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """Ticked ones: accept, post after all, or leave out; or every clear proposal above a confidence."""
        connection = connection_or_404(request, connection_id)
        _require_editor(request)
        return _done(request, connection, lambda: _many(request, _cut_over(connection)))

    def cut_over_state(self: Any, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """How far a comparison is: `{"html", "finished"}`; polled by the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        cut_over = _cut_over(connection_or_404(request, connection_id))
        html = render_to_string("mappings/parts/cut_over_progress.html", {"cut_over": cut_over}, request)
        return JsonResponse({"html": html, "finished": not cut_over.is_busy})

    def one(self: Any, request: TenantRequest, link_id: UUID) -> HttpResponse:
        """One document beside what it may be; `?q=` searches the ledger's free documents."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        link = _link(request, link_id)
        text = request.GET.get("q", "").strip()
        context = {
            "link": link,
            "document": link.document,
            "candidates": candidates_of([link])[link.pk],
            "text": text,
            "hits": decisions.search_records(link=link, text=text) if text else [],
            "is_open": link.state in (_State.OPEN, _State.ALONE),
            **self.rights(request, may_decide=EDIT_MAPPINGS),
            **_OWN_HEADING,
        }
        response: HttpResponse = self.render(request, "mappings/cut_over_one.html", context, "Cut-over")
        return response

    def decide(self, request: TenantRequest, link_id: UUID) -> HttpResponse:
        """This record, post it after all, leave it out, or undo."""
        link = _link(request, link_id)
        _require_editor(request)
        return _done(request, link.cut_over.connection, lambda: _decide(request, link, request.POST.get("act", "")))


def _shown(request: TenantRequest, connection: Connection) -> dict[str, Any]:
    cut_over = CutOver.objects.for_tenant(connection.tenant_id).filter(connection=connection).first()
    if cut_over is None:
        return {"cut_over": None}
    counts = state_counts(cut_over)
    tabs = [(name, label, sum(counts.get(state, 0) for state in states)) for name, (label, states) in TABS.items()]
    tab = request.GET.get("tab", "open")
    states = TABS.get(tab, TABS["open"])[1]
    rows = cut_over.links.filter(state__in=states).order_by("-confidence", "id")
    page = Paginator(rows.select_related("document", "record", "proposal"), _PER_PAGE).get_page(request.GET.get("page"))
    return {"cut_over": cut_over, "tabs": tabs, "tab": tab, "page": page, "is_busy": cut_over.is_busy}


def _many(request: TenantRequest, cut_over: CutOver) -> None:
    act = request.POST.get("act", "")
    if act == "accept_above":
        text = request.POST.get("confidence", "")
        if not text.isascii() or not text.isdigit():
            raise ValidationError("Give the confidence as a whole number.")
        linked, missed = decisions.accept_above(cut_over=cut_over, confidence=int(text), by=request.user)
        told = f" {missed} were not free any more." if missed else ""
        messages.success(request, f"{linked} linked.{told} Ambiguous ones stay for you.")
        return
    ticked = list(cut_over.links.filter(pk__in=request.POST.getlist("link")).select_related("document", "cut_over"))
    if not ticked:
        raise ValidationError("Tick the documents first.")
    reason = request.POST.get("reason", "")
    decided = decisions.decide_many(links=ticked, act=act, by=request.user, reason=reason)
    _ring(decided.done, act)
    if decided.done:
        messages.success(request, f"{len(decided.done)} {_DONE[act]}.")
    for why, count in Counter(why for _, why in decided.refused).items():
        messages.error(request, f"{count} unchanged: {why}")


_DONE = {
    "choose": "linked to the ledger",
    "post": "on their way to the ledger",
    "leave_out": "left out",
    "undo": "to decide again",
}


def _decide(request: TenantRequest, link: CutOverLink, act: str) -> None:
    record_id, reason = request.POST.get("record") or None, request.POST.get("reason", "")
    decisions.decide(link=link, act=act, by=request.user, record_id=record_id, reason=reason)
    _ring([link], act)
    messages.success(request, f"{link.document}: {_DONE[act]}.")


def _ring(links: Iterable[CutOverLink], act: str) -> None:
    for link in links if act == "post" else ():
        transaction.on_commit(partial(tasks.map_document.delay, str(link.tenant_id), str(link.document_id)))


def _run(cut_over: CutOver, request: TenantRequest, *, is_dry: bool) -> None:
    request_run(cut_over, is_dry=is_dry, by=request.user)
    transaction.on_commit(partial(tasks.run_cut_over.delay, str(cut_over.tenant_id), str(cut_over.pk)))


def _done(request: TenantRequest, connection: Connection, act: Callable[[], None]) -> HttpResponse:
    try:
        with transaction.atomic():
            act()
    except ValidationError as refused:
        for sentence in refused.messages:
            messages.error(request, sentence)
    tab = request.POST.get("tab", "")
    back = reverse("admin:mappings_cut_over_connection", args=[connection.pk])
    return HttpResponseRedirect(f"{back}?tab={tab}" if tab in TABS else back)


def _cut_over(connection: Connection) -> CutOver:
    rows: QuerySet[CutOver] = CutOver.objects.for_tenant(connection.tenant_id).select_related("connection")
    found = rows.filter(connection=connection).first()
    if found is None:
        raise Http404("This connection has no cut-over.")
    return found


def _link(request: TenantRequest, link_id: UUID) -> CutOverLink:
    rows: QuerySet[CutOverLink] = CutOverLink.objects.for_tenant(request.tenant)
    found = rows.select_related("document", "cut_over__connection", "record", "proposal", "decided_by")
    link = found.filter(pk=link_id).first()
    if link is None:
        raise Http404("There is no such document in the cut-over.")
    return link


def _require_editor(request: TenantRequest) -> None:
    if not may(request.membership, EDIT_MAPPINGS):
        raise PermissionDenied
