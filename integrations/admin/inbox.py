"""The failure inbox's pages: what rests and why, the plan of a replay, and replays under way."""

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
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import tasks
from integrations.models import Connection, Posting, Replay
from integrations.services import deciding, inbox, postings
from integrations.services.replay_plans import EXCLUSIONS
from integrations.services.replays import cancel_replay, plan_replay, replays_of, start_replay
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS, REPLAY, may

_PER_PAGE = 100


# Failures are of several models: the heading names the page, not the model at whose address it lives.
_OWN_HEADING = {"opts": None, "content_title": "Failures"}


class InboxPages:
    """Adds the failure inbox to the run list's addresses."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        base = "failures/"
        one = f"{base}replays/<uuid:replay_id>/"
        own = [
            path(base, view(self.failures), name="integrations_failures"),
            path(f"{base}replay/", require_POST(view(self.replay_group)), name="integrations_failures_replay"),
            path(f"{base}cause/", view(self.cause), name="integrations_failures_cause"),
            path(f"{base}plan/", require_POST(view(self.plan)), name="integrations_failures_plan"),
            path(f"{base}answer/", require_POST(view(self.answer_held)), name="integrations_failures_answer"),
            path(one, view(self.replay_state), name="integrations_replay"),
            path(f"{one}start/", require_POST(view(self.start)), name="integrations_replay_start"),
            path(f"{one}cancel/", require_POST(view(self.cancel_one)), name="integrations_replay_cancel"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def failures(self: Any, request: TenantRequest) -> HttpResponse:
        """What needs somebody, grouped by root cause; `?plan=` shows a plan in its group's place."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        running, over = replays_of(request.tenant.pk)
        context = {
            "groups": inbox.failure_groups(request.tenant),
            "running": [_shown(each) for each in running],
            "over": [_shown(each) for each in over],
            "busy": {_key(each) for each in running},
            "plan": _planned(request, request.GET.get("plan", "")),
            **self.rights(request, may_replay=REPLAY, may_manage=MANAGE_CONNECTIONS),
            **_OWN_HEADING,
        }
        response: HttpResponse = self.render(request, "integrations/failures.html", context, "Failures")
        return response

    def cause(self: Any, request: TenantRequest) -> HttpResponse:
        """Everything that rests with one cause, to be ticked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = request.GET.get("key", "")
        group = inbox.group_of(request.tenant, key)
        if group is None:
            messages.info(request, "Nothing rests with this cause any more.")
            return HttpResponseRedirect(reverse("admin:integrations_failures"))
        _, rows = inbox.rows_of(request.tenant, key)
        page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
        context = {"group": group, "page": page, **self.rights(request, may_replay=REPLAY), **_OWN_HEADING}
        response: HttpResponse = self.render(request, "integrations/failures_cause.html", context, "Failures")
        return response

    def answer_held(self, request: TenantRequest) -> HttpResponse:
        """The same answer for all postings of a cause that ask something, or for the ticked ones."""
        _require_replayer(request)
        kind, rows = inbox.rows_of(request.tenant, request.POST.get("key", ""))
        if kind != inbox.HELD:
            raise Http404("Nothing of this cause asks anything.")
        if "only" in request.POST:
            rows = rows.filter(pk__in=_ids(request.POST.getlist("unit")))
        answered = deciding.answer_postings(rows=rows, choice=request.POST.get("choice", ""), answered_by=request.user)
        for posting in answered.postings:
            transaction.on_commit(partial(tasks.send_posting.delay, str(posting.tenant_id), str(posting.pk)))
        _tell_answered(request, answered)
        return _back(request)

    def plan(self, request: TenantRequest) -> HttpResponse:
        """Plan a replay of a cause, or of the ticked units of it; nothing goes yet."""
        _require_replayer(request)
        kind, connection, cause = _cause(request)
        chosen = _ids(request.POST.getlist("unit")) if "only" in request.POST else None
        try:
            if chosen == []:
                raise ValidationError("Tick what shall go, or plan all of the cause.")
            with transaction.atomic():
                plan = plan_replay(
                    connection=connection, kind=kind, cause=cause, chosen=chosen, requested_by=request.user
                )
        except ValidationError as refused:
            return _back(request, refused)
        return HttpResponseRedirect(f"{reverse('admin:integrations_failures')}?plan={plan.pk}#plan")

    def start(self, request: TenantRequest, replay_id: UUID) -> HttpResponse:
        """Let a plan go, at the rate that was typed."""
        _require_replayer(request)
        replay = _replay(request, replay_id)
        try:
            with transaction.atomic():
                start_replay(replay, per_minute=_rate(request), requested_by=request.user)
        except ValidationError as refused:
            return _back(request, refused)
        transaction.on_commit(partial(tasks.run_replay.delay, str(replay.tenant_id), str(replay.pk)))
        messages.success(request, "The replay has started. You can leave this page; it goes on.")
        return _back(request)

    def cancel_one(self, request: TenantRequest, replay_id: UUID) -> HttpResponse:
        """Stop a replay, or drop a plan."""
        _require_replayer(request)
        replay = _replay(request, replay_id)
        was_running = replay.status == Replay.Status.RUNNING
        try:
            with transaction.atomic():
                cancel_replay(replay)
        except ValidationError as refused:
            return _back(request, refused)
        if was_running:
            messages.success(request, "The replay is cancelled. What has not gone keeps resting.")
        return _back(request)

    def replay_state(self: Any, request: TenantRequest, replay_id: UUID) -> JsonResponse:
        """How far a replay is: `{"html", "finished", "status", "done", …}`; polled by the page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        replay = _replay(request, replay_id)
        html = render_to_string("integrations/parts/replay.html", {"each": _shown(replay)}, request)
        is_over = replay.status not in (Replay.Status.PLANNED, Replay.Status.RUNNING)
        numbers = {name: getattr(replay, name) for name in ("status", "planned", "done", "landed", "refused")}
        return JsonResponse({"html": html, "finished": is_over, "seconds_left": replay.left_seconds, **numbers})

    def replay_group(self, request: TenantRequest) -> HttpResponse:
        """At once: the only unit of a cause, or the search of the ledger for unknown outcomes."""
        _require_replayer(request)
        kind, rows = inbox.rows_of(request.tenant, request.POST.get("key", ""))
        if kind == inbox.UNKNOWN:
            # No plan is needed: looking up writes nothing.
            count = rows.order_by().update(available_at=timezone.now())
            messages.success(request, f"{count} {'is' if count == 1 else 'are'} being looked up.")
            return _back(request)
        ids = list(rows.values_list("pk", flat=True)[:2])
        if not ids:
            messages.info(request, "There is nothing left to replay for this cause.")
            return _back(request)
        if len(ids) > 1 and kind != Replay.Kind.SYNC:
            return self.plan(request)
        return self._replay_only(request)

    def _replay_only(self, request: TenantRequest) -> HttpResponse:
        kind, connection, cause = _cause(request)
        try:
            with transaction.atomic():
                only = plan_replay(connection=connection, kind=kind, cause=cause, requested_by=request.user)
                start_replay(only)
        except ValidationError as refused:
            return _back(request, refused)
        transaction.on_commit(partial(tasks.run_replay.delay, str(only.tenant_id), str(only.pk)))
        messages.success(request, "It is on its way again.")
        return _back(request)


def replay(posting: Posting, request: TenantRequest) -> None:
    """Send a refused posting again, or look up an unknown one now."""
    postings.replay_posting(posting=posting, requested_by=request.user)
    transaction.on_commit(partial(tasks.send_posting.delay, str(posting.tenant_id), str(posting.pk)))


def _shown(replay: Replay) -> dict[str, Any]:
    left_out = [(count, EXCLUSIONS.get(reason, reason)) for reason, count in sorted(replay.excluded.items())]
    return {"replay": replay, "key": _key(replay), "left_out": left_out}


def _key(replay: Replay) -> str:
    return f"{replay.kind}:{replay.connection_id}:{replay.cause}"


def _planned(request: TenantRequest, wanted: str) -> dict[str, Any] | None:
    ids = _ids([wanted])
    rows: QuerySet[Replay] = Replay.objects.for_tenant(request.tenant).filter(pk__in=ids, status=Replay.Status.PLANNED)
    found = rows.select_related("connection").first()
    return _shown(found) if found else None


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _cause(request: TenantRequest) -> tuple[str, Connection, str]:
    kind, _, rest = request.POST.get("key", "").partition(":")
    connection_id, _, cause = rest.partition(":")
    connection = Connection.objects.for_tenant(request.tenant).filter(pk__in=_ids([connection_id])).first()
    if connection is None:
        raise Http404("There is no such cause.")
    return kind, connection, cause


def _replay(request: TenantRequest, replay_id: UUID) -> Replay:
    rows: QuerySet[Replay] = Replay.objects.for_tenant(request.tenant).select_related("connection")
    found = rows.filter(pk=replay_id).first()
    if found is None:
        raise Http404("There is no such replay.")
    return found


def _rate(request: TenantRequest) -> int | None:
    text = request.POST.get("per_minute", "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise ValidationError("Give the rate as a whole number a minute.")
    return int(text)


def _tell_answered(request: TenantRequest, answered: deciding.Answered) -> None:
    count = len(answered.postings)
    if count:
        messages.success(request, f"{count} {'is' if count == 1 else 'are'} decided; your answer is kept with each.")
    for sentence in sorted(set(answered.refusals))[:3]:
        messages.warning(request, sentence)
    if not count and not answered.refusals:
        messages.info(request, "Nothing was ticked, or somebody has answered meanwhile.")
    elif answered.left and not answered.refusals:
        messages.warning(request, f"{answered.left} still ask: at most {deciding.AT_ONCE} are decided at once.")


def _require_replayer(request: TenantRequest) -> None:
    if not may(request.membership, REPLAY):
        raise PermissionDenied


def _back(request: TenantRequest, refused: ValidationError | None = None) -> HttpResponse:
    for sentence in refused.messages if refused else []:
        messages.error(request, sentence)
    return HttpResponseRedirect(reverse("admin:integrations_failures"))
