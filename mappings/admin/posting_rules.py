"""Posting rules: who has to agree before something is sent, and what becomes of what does not fit exactly."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from integrations.templatetags.books import money
from mappings.models import PostingRule
from mappings.models.posting_rules import MUST_MAP
from tenants.admin import TenantScopedAdmin
from tenants.permissions import MANAGE_CONNECTIONS


@admin.register(PostingRule)
class PostingRuleAdmin(TenantScopedAdmin):
    """Owners set the limits; nobody who enters documents can lift them."""

    change_list_template = "mappings/posting_rules.html"
    add_action = change_action = delete_action = MANAGE_CONNECTIONS
    fields: ClassVar = ["connection", "kind", "approve_from", "overpayment", "tolerance", "order_tolerance", "must_map"]
    list_display: ClassVar = ["kind_shown", "connection", "approval_shown", "overpayment", "tolerance"]
    list_display_links: ClassVar = ["kind_shown"]
    list_filter: ClassVar = ["connection"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["connection", "kind"]
    sortable_by: ClassVar[list[str]] = []

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "mappings/mappings.css"]}

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "must_map":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        # A list of a few words is ticked, not typed.
        return forms.MultipleChoiceField(
            choices=MUST_MAP,
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            label="Must be mapped",
            help_text=db_field.help_text,
        )

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
