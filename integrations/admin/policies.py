"""The table of resources on a connection's page: which way each flows, whose word holds, how often it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpResponse

from integrations.forms import ResourcePolicyForm
from integrations.models import Connection
from integrations.services import policies, scheduling
from integrations.services.connectors import connector_of, readable_resources
from integrations.services.offers import offers
from integrations.services.policies import Policy
from integrations.services.scheduling import Rhythm
from tenants.http import TenantRequest

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

    page_template: ClassVar[str]

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

    def save_resources(self: Any, request: TenantRequest, row: Connection) -> HttpResponse | None:
        """One form for all of them: saved together, or not at all."""
        rows = self.resource_rows(row, request.POST)
        bulk = {"read": policies.only_read, "defaults": policies.defaults}.get(request.POST.get("bulk", ""))
        if bulk is not None:
            wanted = bulk(row)
        elif all(each.form.is_valid() for each in rows):
            wanted = [each.form.wanted() for each in rows]
        else:
            context = {"original": row, **self.page(request, row), "resources": rows}
            answer: HttpResponse = self.render(request, self.page_template, context, str(row), status=422)
            return answer
        changed = scheduling.change_policies(connection=row, wanted=wanted)
        names = ", ".join(policy.label for policy in changed)
        messages.success(request, f"Changed: {names}." if names else "Nothing changed.")
        return None
