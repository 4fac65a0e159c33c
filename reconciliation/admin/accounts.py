"""Bank accounts: which ledger account each one is, and how statements name it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from reconciliation.forms import BankAccountForm
from reconciliation.models import BankAccount
from tenants.admin import TenantScopedAdmin
from tenants.http import TenantRequest
from tenants.permissions import PROPOSE_MATCHES


@admin.register(BankAccount)
class BankAccountAdmin(TenantScopedAdmin):
    """Accounts come into being with their first statement; here they are renamed and pointed at the ledger."""

    form = BankAccountForm
    change_action = PROPOSE_MATCHES
    change_list_template = "reconciliation/accounts.html"
    list_display: ClassVar = ["name", "currency", "ledger_account", "connection", "open_lines"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["name"]
    sortable_by: ClassVar[list[str]] = []
    fields: ClassVar = ["name", "external_account_id", "statement_id", "is_card"]

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "reconciliation/reconciliation.css"]}

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the plain name of what it lists."""
        return super().changelist_view(request, {"title": "Bank accounts", **(extra_context or {})})

    def get_queryset(self, request: TenantRequest) -> QuerySet[Any]:
        waiting = Count("lines", filter=Q(lines__status__in=["unmatched", "proposed"]))
        return super().get_queryset(request).annotate(waiting=waiting)  # type: ignore[no-any-return]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if self.has_change_permission(request, obj) else list(self.fields)

    @display(description="Ledger account")
    def ledger_account(self, row: BankAccount) -> str:
        return row.external_account_name or row.external_account_id or "not chosen yet"

    @display(description="Open lines")
    def open_lines(self, row: Any) -> int:
        return int(row.waiting)
