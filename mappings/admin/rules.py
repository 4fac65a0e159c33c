"""Rules with several conditions: a version's list in the order they are asked, and the form of one, with a try-out."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse

from integrations.models import Connection
from mappings.admin.connections import connection_or_404
from mappings.forms import RuleForm, initial_of
from mappings.models import MappingSet, Side, SourceValue, Subject, ValueMapping
from mappings.services import drafts, rules
from mappings.services.drafts import in_conflict
from mappings.services.targets import choice_shape, search_targets, target_of
from mappings.services.versions import VersionError, active_set, open_set, word_of
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, may

_PER_PAGE = 100
_WORDS_OFFERED = 300


class RulePages:
    """The list, the form and its small JSON answer, mixed into the admin of rules."""

    admin_site: Any
    render: Any

    def rule_urls(self) -> list[URLPattern]:
        """The routes, before the table's own."""
        wrap = self.admin_site.admin_view
        return [
            path("of/<uuid:connection_id>/", wrap(self.rule_list), name="mappings_rules"),
            path("of/<uuid:connection_id>/rule/", wrap(self.rule), name="mappings_rule"),
            path("of/<uuid:connection_id>/targets/", wrap(self.rule_targets), name="mappings_rule_targets"),
        ]

    def rule_list(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """A version's rules of one subject (`?version=` an earlier one), with filters."""
        connection, subject = connection_or_404(request, connection_id), _subject(request)
        version, show, text = _version(request, connection), request.GET.get("show", "all"), request.GET.get("q", "")
        found = rules.placed_rules(version, subject=subject, show=show, text=text) if version else []
        context = {
            **_head(request, connection, subject, version),
            "page": Paginator(found, _PER_PAGE).get_page(request.GET.get("page")),
            "show": show,
            "shows": rules.SHOWS.items(),
            "text": text,
        }
        return self.render(request, "mappings/rules.html", context, f"Rules of {connection}")  # type: ignore[no-any-return]

    def rule(self, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """A new rule, or (`?row=`) a stored one: tried, saved into the draft, or removed from it."""
        connection = connection_or_404(request, connection_id)
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        version = open_set(connection) or active_set(connection)
        row = _row(version, request.GET.get("row", ""))
        subject = row.subject if row else _subject(request)
        given: dict[str, Any] = (
            initial_of(row) if row else {name: request.GET.get(name, "") for name in ("side", "value")}
        )
        form = RuleForm(request.POST or None, connection=connection, subject=subject, initial=given)
        trial = None
        if request.method == "POST":
            done, trial = self._posted(request, form, version, row)
            if done:
                return done
        words = SourceValue.objects.for_tenant(request.tenant).of(connection, subject).order_by("-occurrences")
        context = {
            **_head(request, connection, subject, version),
            "form": form,
            "row": row,
            "trial": trial,
            "tried_number": request.POST.get("number", ""),
            "words": words[:_WORDS_OFFERED],
        }
        title = "Change a rule" if row else "New rule"
        return self.render(request, "mappings/rule.html", context, title, 422 if form.errors else 200)  # type: ignore[no-any-return]

    def _posted(
        self, request: TenantRequest, form: RuleForm, version: MappingSet | None, row: ValueMapping | None
    ) -> tuple[HttpResponse | None, rules.Trial | None]:
        act = request.POST.get("act", "")
        if act != "remove" and not form.is_valid():
            return None, None
        try:
            if act == "try":
                return None, _tried(form, version, row, request.POST.get("number", "").strip())
            with transaction.atomic():
                said = _save(request, form, row, is_removed=act == "remove")
        except VersionError as refused:
            form.is_valid()
            form.add_error(None, refused)
            return None, None
        messages.success(request, said)
        return HttpResponseRedirect(_list_url(form.connection, form.subject)), None

    def rule_targets(self, request: TenantRequest, connection_id: UUID) -> JsonResponse:
        """Records for a rule's subject and side: fitting ones first, the others with the reason they are not."""
        connection = connection_or_404(request, connection_id)
        side = request.GET.get("side", "")
        if side not in Side.values:
            return JsonResponse({"error": f"side is one of {', '.join(Side.values)}."}, status=400)
        found = search_targets(
            connection=connection, subject=_subject(request), side=side, text=request.GET.get("q", "")
        )
        return JsonResponse({"choices": [choice_shape(each) for each in found]})


def _save(request: TenantRequest, form: RuleForm, row: ValueMapping | None, *, is_removed: bool) -> str:
    draft = drafts.ensure_draft(connection=form.connection, by=request.user)
    if row is not None and (is_removed or word_of(row) != drafts.normal_word(form.word())):
        drafts.set_value(draft=draft, word=word_of(row), record=None, by=request.user)
    if is_removed:
        return f"The rule for {row.words if row else 'nothing'} is removed in draft {draft.version}."
    saved = drafts.set_value(draft=draft, word=form.word(), record=form.record, by=request.user)
    return f"In draft {draft.version}, {saved.words if saved else ''} means {saved.target_name if saved else ''}."


def _tried(form: RuleForm, version: MappingSet | None, row: ValueMapping | None, number: str) -> rules.Trial:
    assert form.record is not None  # noqa: S101 - a valid form has found its record
    word = form.word()
    documents = rules.documents_with(form.connection, word, number)
    trial = rules.try_rule(
        connection=form.connection,
        version=version,
        word=word,
        target=target_of(form.record),
        documents=documents,
        replaces=row,
    )
    if trial.conflict:
        form.add_error(None, in_conflict(*trial.conflict))
    if number and not documents:
        form.add_error(None, f"No document has the number or id “{number}”.")
    return trial if not trial.conflict else replace(trial, tried=())


def _head(request: TenantRequest, connection: Connection, subject: str, version: MappingSet | None) -> dict[str, Any]:
    is_submitted = version is not None and version.status == MappingSet.Status.SUBMITTED
    may_edit = may(request.membership, EDIT_MAPPINGS)
    return {
        "connection": connection,
        "version": version,
        "subject": subject,
        "subject_label": Subject(subject).label,
        "subjects": Subject.choices,
        "is_submitted": is_submitted,
        "may_change": may_edit and not is_submitted and "version" not in request.GET,
        "list_url": _list_url(connection, subject),
    }


def _list_url(connection: Connection, subject: str) -> str:
    return f"{reverse('admin:mappings_rules', args=[connection.pk])}?{urlencode({'subject': subject})}"


def _version(request: TenantRequest, connection: Connection) -> MappingSet | None:
    wanted = request.GET.get("version", "")
    if not wanted:
        return open_set(connection) or active_set(connection)
    rows = MappingSet.objects.for_tenant(request.tenant).filter(connection=connection)
    found = rows.filter(version=wanted).first() if wanted.isdigit() else None
    if found is None:
        raise Http404("There is no such version.")
    return found


def _row(version: MappingSet | None, row_id: str) -> ValueMapping | None:
    if not row_id:
        return None
    try:
        rows = ValueMapping.objects.for_tenant(version.tenant_id) if version else ValueMapping.objects.none()
        return rows.get(mapping_set=version, pk=row_id)
    except (ValueMapping.DoesNotExist, ValidationError) as error:
        raise Http404("There is no such rule in this version.") from error


def _subject(request: TenantRequest) -> str:
    wanted = request.GET.get("subject", "")
    return wanted if wanted in Subject.values else Subject.CATEGORY.value
