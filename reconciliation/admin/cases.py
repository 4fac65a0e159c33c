"""Exceptions: the list with whose they are and until when, and the page of one with its thread and files."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.dateparse import parse_date
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations.models import Discrepancy, LedgerRecord
from integrations.templatetags.books import money
from reconciliation import tasks
from reconciliation.admin.case_filters import AboutFilter, AgeFilter, AmountFilter, DueFilter, StateFilter, WhoFilter
from reconciliation.admin.pages import ReconciliationPage
from reconciliation.attachments import KINDS, MOST_BYTES, Attachment, AttachmentError, read_attachment
from reconciliation.forms import DueForm
from reconciliation.models import BankLine, Case, CaseComment, CaseFile
from reconciliation.services.case_policy import late_documents, set_policy, taking_of
from reconciliation.services.cases import assign, case_of, comment, policy_of, set_due, workers
from reconciliation.services.decisions import RefusedError
from reconciliation.services.plan import noun_of
from reconciliation.services.threads import kin_comments, names_only
from tenants.http import TenantRequest
from tenants.models import User
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, SEE_CONTENT, VIEW, may

_SUBJECTS: dict[str, Any] = {"line": BankLine, "record": LedgerRecord, "discrepancy": Discrepancy}


@admin.register(Case)
class CaseAdmin(ReconciliationPage):
    """Open ones first, the most urgent on top; chosen ones are given to somebody together."""

    page_template = "reconciliation/case.html"
    change_list_template = "reconciliation/cases.html"
    list_display: ClassVar = ["subject", "amount_shown", "since_shown", "due_shown", "who", "said"]
    list_display_links: ClassVar = ["subject"]
    list_filter: ClassVar = [StateFilter, AboutFilter, WhoFilter, DueFilter, AgeFilter, AmountFilter]
    list_select_related: ClassVar = ["assignee", "bank_line", "record", "discrepancy"]
    search_fields: ClassVar = [
        "bank_line__counterparty",
        "bank_line__description",
        "record__number",
        "record__contact_name",
        "comments__text",
    ]
    search_help_text = "Search by name, text, number or what was said"
    ordering: ClassVar = ["due_on", "id"]
    sortable_by: ClassVar[list[str]] = []
    actions = []
    actions_by_post: ClassVar = {"comment": (VIEW, "say"), "assign": (VIEW, "give"), "due": (VIEW, "change_due")}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("policy/", wrap(self.policy), name=self.url_name("policy")),
            path("about/<str:kind>/<uuid:pk>/", wrap(self.about), name=self.url_name("about")),
            path("<uuid:row_id>/files/<uuid:file_id>/", wrap(self.file), name=self.url_name("file")),
            *super().get_urls(),
        ]

    def get_queryset(self, request: TenantRequest) -> Any:
        # Counted for the rows of a page only: a join would count those of all exceptions.
        said = CaseComment.objects.filter(case=OuterRef("pk")).order_by().values("case").annotate(n=Count("pk"))
        return super().get_queryset(request).annotate(comment_count=Coalesce(Subquery(said.values("n")), 0))

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list under what it lists, with the counts that people come for."""
        told = Case.objects.for_tenant(request.tenant).open().counted(request.user)
        counts = [
            ("", "All open", told["all"]),
            ("who=mine", "Mine", told["mine"]),
            ("due=over", "Overdue", told["over"]),
            ("who=nobody", "Unassigned", told["nobody"]),
        ]
        tabs = [
            {"query": query, "label": label, "count": count, "is_current": request.GET.urlencode() == query}
            for query, label, count in counts
        ]
        context = {"tabs": tabs, "title": "Exceptions", "taking": taking_of(request.tenant.pk)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One action for each person that exceptions can be given to."""
        if not _works(request):
            return {}
        people = workers(request.tenant)  # type: ignore[attr-defined]
        mine = [user for user in people if user == request.user]
        ordered = [*mine, *(user for user in people if user != request.user)]
        named = {f"give_{user.pk}": (user, "me" if user == request.user else str(user)) for user in ordered}
        found = {name: (_giving(user), name, f"Give to {word}") for name, (user, word) in named.items()}
        return {**found, "give_nobody": (_giving(None), "give_nobody", "Take back from everybody")}

    def page(self, request: TenantRequest, row: Case) -> dict[str, Any]:
        """The subject, the thread, and what this person may do."""
        works = _works(request)
        return {
            "case": row,
            "line": row.bank_line,
            "comments": row.comments.select_related("by").prefetch_related(names_only()),
            "kin": kin_comments(row),
            "people": workers(request.tenant) if works else [],
            "may_work": works,
            "may_open_files": may(request.membership, SEE_CONTENT),
            "is_open": Case.objects.open().filter(pk=row.pk).exists(),
            "kinds": KINDS,
            "most": MOST_BYTES // 1_000_000,
            "address": request.get_full_path(),
        }

    def name_of(self, row: Case) -> str:
        """What it is about."""
        return f"Exception: {row}"[:120]

    def say(self, request: TenantRequest, row: Case) -> None:
        """A comment, with a file or without."""
        comment(case=row, by=request.membership, text=request.POST.get("text", ""), file=uploaded(request))

    def give(self, request: TenantRequest, row: Case) -> None:
        """To somebody, or back."""
        give(request, [row])

    def change_due(self, request: TenantRequest, row: Case) -> None:
        """Another day with a reason, or the computed one."""
        text = request.POST.get("on", "")
        try:
            day = parse_date(text) if text else None
        except ValueError:
            day = None
        if text and day is None:
            raise RefusedError("This is not a day; choose one in the calendar.")
        set_due(case=row, by=request.membership, on=day, reason=request.POST.get("reason", ""))

    def about(self, request: TenantRequest, kind: str, pk: UUID) -> HttpResponse:
        """Raise an exception about a line, a document or a discrepancy, and go to its page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not _works(request):
            raise PermissionDenied
        model = _SUBJECTS.get(kind)
        subject = model.objects.for_tenant(request.tenant).filter(pk=pk).first() if model else None
        if subject is None:
            raise Http404("There is nothing to ask about.")
        return HttpResponseRedirect(self.url("change", case_of(subject).pk))

    def file(self, request: TenantRequest, row_id: UUID, file_id: UUID) -> HttpResponse:
        """A file as it came, always as a download: nothing of it runs on the portal's own address."""
        if not may(request.membership, SEE_CONTENT):
            raise PermissionDenied
        row = CaseFile.objects.for_tenant(request.tenant).filter(pk=file_id, case=row_id).first()
        if row is None:
            raise Http404("There is no such file.")
        answer = HttpResponse(bytes(row.content), content_type=row.content_type)
        answer["Content-Disposition"] = (
            content_disposition_header(as_attachment=True, filename=row.name) or "attachment"
        )
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return answer

    def policy(self, request: TenantRequest) -> HttpResponse:
        """What becomes an exception by itself, and until when each is due, by amount."""
        may_change = may(request.membership, APPROVE_MATCHES)
        before = taking_of(request.tenant.pk)
        data = request.POST if request.method == "POST" else None
        form = DueForm(data, bands=policy_of(request.tenant.pk), taking=before)
        if request.method == "POST" and form.is_valid():
            wanted = form.taking()
            try:
                moved = set_policy(
                    bands=form.rows(), late_days=form.cleaned_data["late_days"], by=request.membership, taking=wanted
                )
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                due = f"{moved} open exception{'s are' if moved != 1 else ' is'} due on another day now."
                taken = "" if wanted == before else " The list follows what is taken now within a minute."
                messages.success(request, f"Saved. {due}{taken}")
                return HttpResponseRedirect(self.url("changelist"))
        late = late_documents(request.tenant.pk, before).count()
        context = {"form": form, "may_change": may_change, "late": late}
        status = 422 if form.errors else 200
        return self.render(
            request, "reconciliation/due_policy.html", context, "Exceptions: which, and until when", status=status
        )

    @display(description="What")
    def subject(self, row: Case) -> str:
        """Of whom, or which document."""
        if row.bank_line:
            return (row.bank_line.counterparty or row.bank_line.description or "Bank line")[:60]
        if row.record:
            return f"{noun_of(row.record.resource).capitalize()} {row}"[:60]
        return str(row)[:60]

    @display(description="Amount")
    def amount_shown(self, row: Case) -> SafeString | str:
        """Signed."""
        return money(row.amount, row.currency) if row.amount else "–"

    @display(description="Since")
    def since_shown(self, row: Case) -> str:
        """Day and age."""
        return f"{row.since.day} {row.since:%b %Y}, {row.age} days"

    @display(description="Due", label={"over": "danger", "today": "warning", "later": "info"})
    def due_shown(self, row: Case) -> tuple[str, str]:
        """Red when its day is over."""
        if row.is_overdue:
            return "over", f"{row.days_over} days over"
        return ("today", "today") if row.days_over == 0 else ("later", f"{row.due_on.day} {row.due_on:%b %Y}")

    @display(description="With")
    def who(self, row: Case) -> str:
        """Whose it is."""
        return str(row.assignee) if row.assignee else "nobody"

    @display(description="Comments")
    def said(self, row: Any) -> int:
        """How many."""
        return int(row.comment_count)


def _works(request: Any) -> bool:
    return may(request.membership, APPROVE_MATCHES) or may(request.membership, PROPOSE_MATCHES)


def _giving(user: User | None) -> Any:
    def act(model_admin: CaseAdmin, request: TenantRequest, queryset: Any) -> None:
        _given(request, list(queryset[:1000]), user)

    return act


def give(request: TenantRequest, rows: list[Case]) -> None:
    """Give exceptions to the person that the form names ("" takes them back)."""
    wanted = request.POST.get("to", "")
    people = {str(user.pk): user for user in workers(request.tenant)}
    if wanted and wanted not in people:
        raise RefusedError("Choose a colleague who works on exceptions.")
    _given(request, rows, people.get(wanted))


def _given(request: TenantRequest, rows: list[Case], user: User | None) -> None:
    try:
        count = assign(cases=rows, to=user, by=request.membership)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return
    if user is not None and user != request.user and rows:
        ring = partial(tasks.tell_assignee.delay, str(request.tenant.pk), str(rows[0].pk))
        transaction.on_commit(ring)
    name = "nobody" if user is None else "you" if user == request.user else str(user)
    messages.success(request, f"{count} exception{'s' if count != 1 else ''} given to {name}.")


def uploaded(request: TenantRequest) -> Attachment | None:
    """The attached file, checked; None without one. RefusedError when it is not taken."""
    file = request.FILES.get("file")
    if file is None:
        return None
    if (file.size or 0) > MOST_BYTES:
        raise RefusedError(f"The file is larger than {MOST_BYTES // 1_000_000} MB; attach a smaller one.")
    try:
        return read_attachment(file.name or "file", file.read())
    except AttachmentError as wrong:
        raise RefusedError(str(wrong)) from wrong
