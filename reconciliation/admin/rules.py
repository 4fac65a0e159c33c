"""Bank rules: asked in order, tried on the history, moved up and down."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from integrations.models import Connection
from mappings.services.targets import choice_shape, search_targets
from reconciliation.admin.pages import ring_run
from reconciliation.forms import BankRuleForm
from reconciliation.models import BankRule
from reconciliation.money import figure
from reconciliation.services.bank_rules import asked_by, line_with, move, save_rule, try_out
from reconciliation.services.rule_health import troubles_of
from reconciliation.services.runs import request_match_run
from tenants.admin import TenantScopedAdmin
from tenants.http import TenantRequest
from tenants.permissions import PROPOSE_MATCHES, may

# What a rule books on, as the mapping's search knows it.
_SUBJECTS = {"account": ("category", "books"), "tax": ("tax_code", "purchases"), "contact": ("contact", "purchases")}


@admin.register(BankRule)
class BankRuleAdmin(TenantScopedAdmin):
    """Who proposes matches says what recurs; what a rule proposes is approved like any other proposal."""

    form = BankRuleForm
    add_action = change_action = delete_action = PROPOSE_MATCHES
    change_list_template = "reconciliation/rules.html"
    change_form_outer_after_template = "reconciliation/parts/tryout.html"
    list_display: ClassVar = [
        "position",
        "name",
        "asks_shown",
        "proposes_shown",
        "trouble_shown",
        "connection",
        "is_active",
    ]
    list_display_links: ClassVar = ["name"]
    list_filter: ClassVar = ["connection", "is_active"]
    list_select_related: ClassVar = ["connection", "bank_account", "other_account"]
    ordering: ClassVar = ["connection", "position", "id"]
    sortable_by: ClassVar[list[str]] = []
    actions = None
    fieldsets: ClassVar = [
        (None, {"fields": ["connection", "name", "is_active"]}),
        ("Lines that it takes", {"fields": [
            "bank_account", "field", "test", "text", "counterparty", "direction", "least", "most",
        ]}),
        ("What it proposes", {"fields": ["outcome", "account", "tax", "contact", "other_account", "memo"]}),
    ]  # fmt: skip

    class Media:
        css: ClassVar = {
            "all": ["integrations/integrations.css", "mappings/mappings.css", "reconciliation/reconciliation.css"]
        }
        js: ClassVar = ["mappings/search_box.js", "reconciliation/pick.js"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:connection_id>/choices/", wrap(self.choices), name="reconciliation_bankrule_choices"),
            path("<uuid:row_id>/move/", require_POST(wrap(self.move)), name="reconciliation_bankrule_move"),
            *super().get_urls(),
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with the troubles of its rules: one more query for the page."""
        found = super().get_changelist_instance(request)
        rows = list(found.result_list)
        troubles = troubles_of(rows)
        for row in rows:
            row.troubles = troubles[row.pk]
        found.result_list = rows
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # A rule stays with its connection: its accounts are of that ledger.
        return ["connection"] if obj is not None else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look sees the rule's own fields; account and vendor are inputs of the form."""
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        shown = ["asks_shown", "proposes_shown", "is_active", "connection", "memo", "changed_by", "changed_at"]
        return [(None, {"fields": shown})]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Of the bank line that the rule is to take: whose it is, which way, which account; else the only ledger."""
        tenant = request.tenant  # type: ignore[attr-defined]
        line = line_with(tenant, request.GET.get("line", ""))
        if line is not None:
            return asked_by(line)
        ledgers = list(Connection.objects.for_tenant(tenant).exclude(status=Connection.Status.DISCONNECTED)[:2])
        return {"connection": ledgers[0].pk} if len(ledgers) == 1 else {}

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form, and below it what the kept rule would have done so far."""
        row = self.get_object(request, object_id) if object_id else None
        extra: dict[str, Any] = {"title": row.name if row else "New bank rule"}
        if row is not None and self.has_view_permission(request, row):
            extra |= {"rule": row, "tryout": try_out(row), "may_move": self.has_change_permission(request, row)}
            extra["troubles"] = troubles_of([row])[row.pk]
        return super().changeform_view(request, object_id, form_url, extra | (extra_context or {}))  # type: ignore[no-any-return]

    def save_model(self, request: TenantRequest, obj: BankRule, form: Any, change: bool) -> None:
        """Keep it, and let the rules propose anew."""
        if not change:
            obj.tenant = request.tenant
        save_rule(rule=obj, by=request.user)
        ring_run(request_match_run(connection=obj.connection, requested_by=request.user))

    def delete_model(self, request: TenantRequest, obj: BankRule) -> None:
        """Forget it; what it proposed is looked at anew."""
        connection = obj.connection
        super().delete_model(request, obj)
        ring_run(request_match_run(connection=connection, requested_by=request.user))

    def response_add(self, request: HttpRequest, obj: BankRule, post_url_continue: str | None = None) -> HttpResponse:
        """To the try-out."""
        messages.success(request, "Kept. Below stands what it would have done so far.")
        return HttpResponseRedirect(reverse("admin:reconciliation_bankrule_change", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: BankRule) -> HttpResponse:
        """Back to the try-out."""
        return self.response_add(request, obj)

    def choices(self, request: TenantRequest, connection_id: Any) -> JsonResponse:
        """Accounts, tax codes or vendors as somebody types: what can be chosen first, the others with the reason."""
        rows = Connection.objects.for_tenant(request.tenant)
        connection = rows.filter(pk=connection_id).first() if may(request.membership, PROPOSE_MATCHES) else None
        asked = _SUBJECTS.get(request.GET.get("of", ""))
        if connection is None or asked is None:
            raise PermissionDenied
        found = search_targets(
            connection=connection, subject=asked[0], side=asked[1], text=request.GET.get("q", "")[:100]
        )
        return JsonResponse({"choices": [choice_shape(each) for each in found]})

    def move(self, request: TenantRequest, row_id: Any) -> HttpResponse:
        """Ask it earlier, or later."""
        row = self.get_object(request, str(row_id)) if may(request.membership, PROPOSE_MATCHES) else None
        if row is None:
            raise PermissionDenied
        with transaction.atomic():
            move(rule=row, up=request.POST.get("to") == "up")
            ring_run(request_match_run(connection=row.connection, requested_by=request.user))
        return HttpResponseRedirect(reverse("admin:reconciliation_bankrule_change", args=[row.pk]))

    @display(description="Lines that it takes")
    def asks_shown(self, row: BankRule) -> str:
        """In words."""
        found = []
        if row.text:
            found.append(f"{row.get_field_display().lower()} {row.get_test_display()} “{row.text}”")
        if row.counterparty:
            found.append(f"counterparty contains “{row.counterparty}”")
        if row.direction:
            found.append(row.get_direction_display().lower())
        band = [(row.least, "from"), (row.most, "to")]
        found += [f"{word} {figure(amount, row.connection.currency)}" for amount, word in band if amount is not None]
        found += [str(row.bank_account)] if row.bank_account else []
        return ", ".join(found)

    @display(description="What it proposes")
    def proposes_shown(self, row: BankRule) -> str:
        """In words."""
        target = row.other_account.name if row.other_account else row.external_account_name
        with_tax = f", with {row.tax_name}" if row.tax_name else ""
        return f"{row.get_outcome_display()}: {target}{with_tax}"

    @display(description="Attention", label={"rests": "danger", "look": "warning"})
    def trouble_shown(self, row: BankRule) -> tuple[str, str] | str:
        """Whether what it books on was archived, renamed or is gone."""
        troubles = getattr(row, "troubles", [])
        if not troubles:
            return "–"
        return ("rests", "Proposes nothing") if any(each.stops for each in troubles) else ("look", "Renamed")
