"""A connection's resources, their page and its summary: which way each flows, whose word holds, how often read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path

from integrations.forms import ResourcePolicyForm
from integrations.models import Connection
from integrations.services import policies, scheduling
from integrations.services.connectors import connector_of, readable_resources
from integrations.services.offers import offers
from integrations.services.policies import Policy
from integrations.services.scheduling import Rhythm
from tenants.http import TenantRequest
from tenants.permissions import MANAGE_CONNECTIONS

_FLOWS = ("Read and written", "Only read", "Only written", "Neither")
_DAY, _MONTH = 24.0, 24.0 * 30


@dataclass(frozen=True)
class ResourceRow:
    """One resource as the table shows it."""

    policy: Policy
    form: ResourcePolicyForm
    rhythm: Rhythm | None
    is_readable: bool
    is_writable: bool

    @property
    def flow(self) -> str:
        """What really happens, with what the ledger can and the connection may."""
        reads, writes = self.policy.reads and self.is_readable, self.policy.writes and self.is_writable
        if reads:
            return "Read and written" if writes else "Only read"
        return "Only written" if writes else "Neither"

    @property
    def is_ours(self) -> bool:
        """Whether the source's word holds."""
        return self.policy.source_of_truth == policies.Truth.SOURCE

    @property
    def is_stale(self) -> bool:
        """Whether rows are kept that nobody refreshes any more."""
        return self.rhythm is not None and not self.policy.reads

    @property
    def read_at(self) -> datetime | None:
        """Up to when its changes are known."""
        return self.rhythm.read_at if self.rhythm else None

    @property
    def due_at(self) -> datetime | None:
        """When it is next looked at."""
        return self.rhythm.due_at if self.rhythm and self.policy.reads else None

    @property
    def changes(self) -> str:
        """How often it changes, in words."""
        rate = self.rhythm.changes_per_hour if self.rhythm else 0.0
        for length, name in ((1.0, "hour"), (_DAY, "day"), (_MONTH, "month")):
            if rate * length >= 1:
                return f"{rate * length:.0f} changes a{'n' if name == 'hour' else ''} {name}"
        return "hardly ever changes"


class ResourceTable:
    """Adds the table and its form to the connections' pages."""

    admin_site: Any
    url_name: Any

    def get_urls(self) -> list[URLPattern]:
        table = self.admin_site.admin_view(self.resource_table)
        own = path("<uuid:row_id>/resource-list/", table, name=self.url_name("resource_table"))
        return [own, *super().get_urls()]  # type: ignore[misc]

    def resource_table(self: Any, request: TenantRequest, row_id: Any) -> HttpResponse:
        """All resources of one connection, with the form for those who manage connections."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, str(row_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(row_id))  # type: ignore[no-any-return]
        answer: HttpResponse = self._table(request, row, self.resource_rows(row))
        return answer

    def _table(self: Any, request: TenantRequest, row: Connection, rows: list[ResourceRow], status: int = 200) -> Any:
        context = {"original": row, "resources": rows, **self.rights(request, may_manage=MANAGE_CONNECTIONS)}
        return self.render(request, "integrations/connection_resources.html", context, f"Resources of {row}", status)

    def resource_rows(self, row: Connection, data: Any = None) -> list[ResourceRow]:
        """All resources of the connection's ledger; none for a connector that is not installed any more."""
        if row.connector not in offers():
            return []
        readable = set(readable_resources(connector_of(row)))
        rhythms = scheduling.rhythms(row)
        return [
            self._row(row, policy, rhythms.get(name), is_readable=name in readable, data=data)
            for name, policy in policies.all_of(row).items()
        ]

    def _row(
        self, connection: Connection, policy: Policy, rhythm: Rhythm | None, *, is_readable: bool, data: Any
    ) -> ResourceRow:
        is_writable = policies.is_writable(connection, policy.resource)
        form = ResourcePolicyForm(data, policy=policy, is_readable=is_readable, is_writable=is_writable)
        return ResourceRow(policy, form, rhythm, is_readable, is_writable)

    def save_resources(self: Any, request: TenantRequest, row: Connection) -> HttpResponse:
        """One form for all of them: saved together, or not at all."""
        rows = self.resource_rows(row, request.POST)
        bulk = {"read": policies.only_read, "defaults": policies.defaults}.get(request.POST.get("bulk", ""))
        if bulk is not None:
            wanted = bulk(row)
        elif all(each.form.is_valid() for each in rows):
            wanted = [each.form.wanted() for each in rows]
        else:
            answer: HttpResponse = self._table(request, row, rows, status=422)
            return answer
        changed = scheduling.change_policies(connection=row, wanted=wanted)
        names = ", ".join(policy.label for policy in changed)
        messages.success(request, f"Changed: {names}." if names else "Nothing changed.")
        return HttpResponseRedirect(self.url("resource_table", row.pk))


def summary_of(rows: Sequence[ResourceRow]) -> list[tuple[str, list[str]]]:
    """What flows which way, and where the source's word holds or nothing is refreshed any more: (what, names)."""
    found = [(flow, [row.policy.label for row in rows if row.flow == flow]) for flow in _FLOWS]
    writable = [row for row in rows if row.is_writable]
    found.append(("The source's word holds", [row.policy.label for row in writable if row.is_ours]))
    found.append(("No longer refreshed", [row.policy.label for row in rows if row.is_stale]))
    return [(what, names) for what, names in found if names]
