"""Remembered layouts of banks' tables: what each column is read as, which banks use them; changed, or forgotten."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q
from django.http import HttpResponse, HttpResponseRedirect
from unfold.decorators import display

from reconciliation.admin.pages import ReconciliationPage
from reconciliation.forms import LayoutForm
from reconciliation.models import BankAccount, StatementImport, StatementLayout
from reconciliation.services.statements import change_layout
from reconciliation.statements import FIELDS, Layout
from tenants.http import TenantRequest
from tenants.permissions import PROPOSE_MATCHES, may

_IMPORTED = Q(statements__status=StatementImport.Status.IMPORTED)


@admin.register(StatementLayout)
class StatementLayoutAdmin(ReconciliationPage):
    """Somebody explained each once; every later file with these heads is read so."""

    page_template = "reconciliation/layout.html"
    change_list_template = "reconciliation/layouts.html"
    list_display: ClassVar = ["reads_shown", "banks_shown", "files_shown", "last_shown", "changed_by"]
    list_display_links: ClassVar = ["reads_shown"]
    list_select_related: ClassVar = ["changed_by"]
    ordering: ClassVar = ["-changed_at", "-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {"save": (PROPOSE_MATCHES, "save"), "forget": (PROPOSE_MATCHES, "forget")}

    def get_queryset(self, request: TenantRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.annotate(files=Count("statements", filter=_IMPORTED), last_at=Max("statements__imported_at"))

    def get_changelist_instance(self, request: Any) -> Any:
        """The list with the banks that use each layout: one more query for the page."""
        found = super().get_changelist_instance(request)
        rows = list(found.result_list)
        banks = _banks(rows)
        for row in rows:
            row.banks = banks.get(row.pk, [])
        found.result_list = rows
        return found

    def page(self, request: TenantRequest, row: StatementLayout) -> dict[str, Any]:
        """What each column is read as, and the form to say it anew."""
        layout = Layout(row.columns, row.day_first, row.decimal_comma, row.is_reversed)
        names = {head: FIELDS[ours] for ours, head in row.columns.items() if ours in FIELDS}
        return {
            "layout": row,
            "columns": [(head, names.get(head, "")) for head in row.heads],
            "banks": _banks([row]).get(row.pk, []),
            "form": LayoutForm(heads=row.heads, layout=layout),
            "may_change": may(request.membership, PROPOSE_MATCHES),
        }

    def save(self, request: TenantRequest, row: StatementLayout) -> None:
        """Keep what was said anew."""
        form = LayoutForm(request.POST, heads=row.heads, layout=None)
        if not form.is_valid():
            raise ValidationError("Choose each column from the list.")
        change_layout(row=row, layout=form.layout(), by=request.user)
        messages.success(request, "Kept. Files that were imported stay as they are; the next one is read so.")

    def forget(self, request: TenantRequest, row: StatementLayout) -> HttpResponse:
        """Ask again with the next file of these heads."""
        row.delete()
        messages.success(request, "Forgotten. The next file with these heads asks which column is what.")
        return HttpResponseRedirect(self.url("changelist"))

    @display(description="Reads")
    def reads_shown(self, row: StatementLayout) -> str:
        """What is read from which column."""
        return ", ".join(
            f"{FIELDS[ours].lower()} from “{head}”" for ours, head in row.columns.items() if ours in FIELDS
        )

    @display(description="Bank accounts")
    def banks_shown(self, row: Any) -> str:
        """Whose files were read so."""
        return ", ".join(row.banks) or "–"

    @display(description="Files")
    def files_shown(self, row: Any) -> int:
        """How many were imported by it."""
        return int(row.files)

    @display(description="Last used")
    def last_shown(self, row: Any) -> str:
        """When a file was imported by it."""
        return f"{row.last_at:%d %b %Y}" if row.last_at else "never"


def _banks(rows: Any) -> dict[Any, list[str]]:
    used = BankAccount.objects.filter(imports__layout__in=[row.pk for row in rows]).order_by("name")
    found: dict[Any, list[str]] = {}
    for pk, name in used.values_list("imports__layout", "name").distinct():
        found.setdefault(pk, []).append(name)
    return found
