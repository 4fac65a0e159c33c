"""The portal's admin site: members of a tenant come in by their role; there is no staff flag and no bypass."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from integrations.models import Connection, LedgerRecord, Posting
from mappings.models import SourceDocument
from portal.dashboard import Waiting, waiting_counts

_FOUND: list[type[Model]] = [LedgerRecord, SourceDocument, Connection, Posting]
_OF_EACH_KIND = 8


class PortalAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Open to every signed-in member of a tenant; each page asks `tenants.permissions` what the role may do."""

    site_url = None
    enable_nav_sidebar = True
    index_title = "Overview"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request, "membership", None) is not None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth signs people in; a person without a tenant is told so instead of being asked again."""
        if request.user.is_authenticated:
            return redirect("admin:index" if self.has_permission(request) else "no-tenant")
        return redirect(f"{reverse('account_login')}?next={request.GET.get('next', '')}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth signs people out."""
        return redirect("account_logout")


def tenant_choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's other tenants, in the menu behind the portal's name."""
    caller = getattr(request, "caller", None)
    others = [row for row in caller.memberships if row != caller.membership] if caller else []
    return [
        {
            "title": row.tenant.name,
            "icon": "swap_horiz",
            "link": reverse("switch-tenant", args=[row.tenant_id]),
        }
        for row in others
    ]


ACCOUNT_LINKS = [
    {"title": "Change password", "link": reverse_lazy("account_change_password")},
    {"title": "Two-step sign-in", "link": reverse_lazy("mfa_index")},
]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The person's own settings."""
    return ACCOUNT_LINKS


def _item(title: str, icon: str, link: str, **extra: Any) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link, **extra}


def _records(resource: str) -> str:
    return f"{reverse('admin:integrations_ledgerrecord_changelist')}?resource__exact={resource}"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar: what waits for people first, then how it is mapped, the books, and what keeps them running."""
    waiting = waiting_counts(request)
    groups = {
        "Work": _work(waiting),
        "Bank": _bank(waiting),
        "Mapping": _mapping(waiting),
        "Books": _books(),
        "Operations": _operations(waiting),
        "Organisation": _organisation(),
    }
    _mark_where_we_are(request, [item for items in groups.values() for item in items])
    return [{"title": title, "items": items} for title, items in groups.items()]


def _work(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        _item("Overview", "home", reverse("admin:index")),
        _item("Source documents", "receipt_long", reverse("admin:mappings_sourcedocument_changelist")),
        _item("Imported files", "upload_file", reverse("admin:mappings_documentimport_changelist")),
        _item(
            "Discrepancies",
            "balance",
            reverse("admin:integrations_discrepancy_changelist"),
            badge=waiting.discrepancies,
        ),
        _item("Cut-over", "linked_services", reverse("admin:mappings_cut_over")),
    ]


def _bank(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        _item(
            "Reconciliation",
            "join_inner",
            reverse("admin:reconciliation_workbench"),
            badge=waiting.proposals,
            covers=_lists("bankline", "proposal", "match", "matchrun"),
        ),
        _item(
            "Exceptions", "contact_support", reverse("admin:reconciliation_case_changelist"), badge=waiting.exceptions
        ),
        _item(
            "Bank statements",
            "description",
            reverse("admin:reconciliation_statementimport_changelist"),
            covers=_lists("statementlayout", "bankaccount"),
        ),
        _item("Bank rules", "rule", reverse("admin:reconciliation_bankrule_changelist")),
        _item("Automatic approval", "front_hand", reverse("admin:reconciliation_autoapproval_changelist")),
        _item("Odd payments", "policy_alert", reverse("admin:reconciliation_anomaly_changelist")),
        _item("Period close", "event_available", reverse("admin:reconciliation_periodclose_changelist")),
    ]


def _lists(*models: str) -> list[str]:
    return [reverse(f"admin:reconciliation_{model}_changelist") for model in models]


def _mapping(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        _item("Mappings", "schema", reverse("admin:mappings_workbench"), badge=waiting.unmapped),
        _item("Mapping versions", "history_edu", reverse("admin:mappings_mappingset_changelist")),
        _item(
            "Mapping health",
            "health_and_safety",
            reverse("admin:mappings_healthfinding_changelist"),
            badge=waiting.unwell,
        ),
        _item("Posting rules", "rule_settings", reverse("admin:mappings_postingrule_changelist")),
        _item(
            "Duplicate contacts",
            "group_work",
            reverse("admin:mappings_duplicategroup_changelist"),
            badge=waiting.duplicates,
        ),
        _item("Custom fields", "extension", reverse("admin:integrations_customfield_changelist")),
        _item("Overrides", "function", reverse("admin:integrations_fieldoverride_changelist")),
        _item("Configuration", "folder_zip", reverse("admin:mappings_configuration")),
    ]


def _books() -> list[dict[str, Any]]:
    return [
        _item("Accounts", "account_tree", _records("accounts")),
        _item("Contacts", "contacts", _records("contacts")),
        _item("Items", "inventory_2", _records("items")),
        _item("Tax codes", "percent", _records("tax_rates")),
        _item("Invoices", "request_quote", _records("invoices")),
        _item("Bills", "receipt", _records("bills")),
        _item("Payments", "payments", _records("payments")),
        _item("Journal entries", "menu_book", _records("journal_entries")),
        _item("Bank transactions", "account_balance", _records("bank_transactions")),
        _item("Reports", "bar_chart", reverse("admin:integrations_fetch_changelist")),
        _item("All records", "database", reverse("admin:integrations_ledgerrecord_changelist")),
    ]


def _operations(waiting: Waiting) -> list[dict[str, Any]]:
    return [
        _item("Connections", "cable", reverse("admin:integrations_connection_changelist")),
        _item("Failures", "error", reverse("admin:integrations_failures"), badge=waiting.failures),
        _item("Sync runs", "sync", reverse("admin:integrations_syncrun_changelist")),
        _item("Proofs", "fact_check", reverse("admin:integrations_proof_changelist")),
        _item("Postings", "outbox", reverse("admin:integrations_posting_changelist")),
        _item("Webhook events", "campaign", reverse("admin:integrations_webhookevent_changelist")),
    ]


def _organisation() -> list[dict[str, Any]]:
    return [
        _item("People", "group", reverse("admin:tenants_membership_changelist")),
        _item("Partner applications", "key", reverse("admin:tenants_partnergrant_changelist")),
        _item("Audit trail", "history", reverse("admin:tenants_trail_changelist")),
    ]


def _mark_where_we_are(request: HttpRequest, items: list[dict[str, Any]]) -> None:
    # Links are prefixes of one another ("Sync runs" of "Failures"): the longest that fits is where we are.
    here = request.get_full_path()
    # The overview's is one of all, and means only itself.
    index = reverse("admin:index")
    places = [(place, item) for item in items for place in (item["link"], *item.pop("covers", ()))]
    fitting = [each for each in places if here.startswith(each[0]) and (each[0] != index or request.path == index)]
    longest = max(fitting, key=lambda each: len(each[0]), default=("", None))
    for item in items:
        item["active"] = item is longest[1]


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """What the command palette finds: a few of each kind, by each page's own scoped search."""
    return [result for model in _FOUND for result in _found(request, model, term)]


def _found(request: HttpRequest, model: type[Model], term: str) -> list[SearchResult]:
    page = admin.site.get_model_admin(model)
    if not page.has_view_permission(request):
        return []
    rows, _ = page.get_search_results(request, page.get_queryset(request), term)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    return [
        SearchResult(
            title=str(row),
            description=str(model._meta.verbose_name).capitalize(),
            link=reverse(name, args=[row.pk]),
            icon="data_object",
        )
        for row in rows[:_OF_EACH_KIND]
    ]
