"""Posting rules: who has to agree before something is sent, and what becomes of what does not fit exactly."""

from typing import ClassVar

from django.contrib import admin
from unfold.decorators import display

from integrations.templatetags.books import money
from mappings.models import PostingRule
from tenants.admin import TenantScopedAdmin
from tenants.permissions import MANAGE_CONNECTIONS


@admin.register(PostingRule)
class PostingRuleAdmin(TenantScopedAdmin):
    """Owners set the limits; nobody who enters documents can lift them."""

    add_action = change_action = delete_action = MANAGE_CONNECTIONS
    fields: ClassVar = ["connection", "kind", "approve_from", "overpayment", "tolerance"]
    list_display: ClassVar = ["kind_shown", "connection", "approval_shown", "overpayment", "tolerance"]
    list_display_links: ClassVar = ["kind_shown"]
    list_filter: ClassVar = ["connection"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["connection", "kind"]
    sortable_by: ClassVar[list[str]] = []

    @display(description="For")
    def kind_shown(self, row: PostingRule) -> str:
        """The kind, or all others."""
        return row.get_kind_display() or "Every other kind"

    @display(description="A second person agrees")
    def approval_shown(self, row: PostingRule) -> str:
        """From which total."""
        if row.approve_from is None:
            return "Never"
        return f"From {money(row.approve_from, row.connection.currency)}" if row.approve_from else "Always"
