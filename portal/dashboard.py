"""The first page: what waits for whom, how each connection is, what happened last. Plain functions, few queries."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from integrations.engine import manifest
from integrations.models import Connection, Credential, Discrepancy, LedgerRecord, Posting, SyncRun
from integrations.services.endings import end_of, is_ending
from integrations.services.inbox import failure_count
from mappings.models import DuplicateGroup, HealthFinding, MappingSet, SourceDocument
from reconciliation.models import AutoMatch, Case, Proposal
from tenants.models import Membership, Tenant, User
from tenants.permissions import (
    APPROVE_MAPPINGS,
    APPROVE_MATCHES,
    EDIT_MAPPINGS,
    MANAGE_CONNECTIONS,
    PROPOSE_MATCHES,
    REPLAY,
    RESOLVE,
    may,
)


@dataclass(frozen=True)
class Waiting:
    """What waits for people."""

    unmapped: int = 0
    submitted: int = 0
    proposals: int = 0
    failures: int = 0
    discrepancies: int = 0
    unwell: int = 0
    duplicates: int = 0
    exceptions: int = 0
    overdue: int = 0


def waiting(tenant: Tenant, user: User) -> Waiting:
    """Documents without a mapping, versions and proposals to approve, this person's exceptions, and what failed."""
    cases = Case.objects.for_tenant(tenant).open().of(user)
    mine = cases.aggregate(all=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=timezone.localdate())))
    return Waiting(
        unmapped=SourceDocument.objects.for_tenant(tenant)
        .filter(status=SourceDocument.Status.WAITING, waits_for=SourceDocument.WaitsFor.MAPPING)
        .count(),
        submitted=MappingSet.objects.for_tenant(tenant).filter(status=MappingSet.Status.SUBMITTED).count(),
        proposals=Proposal.objects.for_tenant(tenant).open().count(),
        failures=failure_count(tenant),
        discrepancies=Discrepancy.objects.for_tenant(tenant).open().count(),
        unwell=HealthFinding.objects.for_tenant(tenant).open().exclude(kind=HealthFinding.Kind.UNMAPPED).count(),
        duplicates=DuplicateGroup.objects.for_tenant(tenant).open().count(),
        exceptions=mine["all"],
        overdue=mine["overdue"],
    )


def waiting_counts(request: HttpRequest) -> Waiting:
    """The same, once per request: side bar and first page share it."""
    if not hasattr(request, "_waiting"):
        tenant = getattr(request, "tenant", None)
        request._waiting = waiting(tenant, request.user) if tenant and request.user.is_authenticated else Waiting()  # type: ignore[attr-defined]
    return request._waiting  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True)
class Task:
    """One card of "Waiting for you": a count, what to do about it, and whether it is this person's turn."""

    title: str
    count: int
    text: str
    action: str
    url: str
    is_mine: bool


def tasks(request: HttpRequest) -> list[Task]:
    """The cards, those that this person can act on first."""
    counts, member = waiting_counts(request), request.membership  # type: ignore[attr-defined]
    cards = [
        *_mapping_cards(counts, member),
        Task(
            "Matches to approve",
            counts.proposals,
            "Bank lines with a proposed counterpart in the books.",
            "Reconcile",
            reverse("admin:reconciliation_workbench"),
            may(member, APPROVE_MATCHES),
        ),
        Task(
            "Your exceptions",
            counts.exceptions,
            f"Bank lines and documents that you look into; {counts.overdue} of them overdue.",
            "Look at them",
            f"{reverse('admin:reconciliation_case_changelist')}?who=mine",
            may(member, APPROVE_MATCHES) or may(member, PROPOSE_MATCHES),
        ),
        *_automatic_cards(member),
        Task(
            "Discrepancies to decide",
            counts.discrepancies,
            "Documents and figures that differ between the portal and a ledger.",
            "Decide",
            f"{reverse('admin:integrations_discrepancy_changelist')}?status__exact=open",
            may(member, RESOLVE),
        ),
        Task(
            "Failures to look at",
            counts.failures,
            "Each with its cause, who can fix it, and replay.",
            "See failures",
            reverse("admin:integrations_failures"),
            may(member, REPLAY),
        ),
    ]
    return sorted(cards, key=lambda card: (not (card.is_mine and card.count), not card.count))


def _automatic_cards(member: Membership | None) -> list[Task]:
    """Shown only where somebody has opened automatic approval."""
    waiting_for_eyes = AutoMatch.objects.for_tenant(member.tenant).waiting().count() if member else 0
    url = reverse("admin:reconciliation_automatch_changelist")
    card = Task(
        "Approved automatically",
        waiting_for_eyes,
        "Look at each; the first wrong one switches automatic approval off.",
        "Look at them",
        f"{url}?verdict__exact=waiting",
        may(member, APPROVE_MATCHES),
    )
    return [card] if waiting_for_eyes else []


def _mapping_cards(counts: Waiting, member: Membership | None) -> list[Task]:
    mappings_url = reverse("admin:mappings_workbench")
    return [
        Task(
            "Documents without a mapping",
            counts.unmapped,
            "They go by themselves once their values are mapped and approved.",
            "Map values",
            mappings_url,
            may(member, EDIT_MAPPINGS),
        ),
        Task(
            "Mapped records that changed",
            counts.unwell,
            "Archived, renamed or changed in the ledger since they were approved.",
            "See what changed",
            reverse("admin:mappings_healthfinding_changelist"),
            may(member, EDIT_MAPPINGS),
        ),
        Task(
            "Duplicate contacts",
            counts.duplicates,
            "The same company under several names, in the ledger or in your sources.",
            "Decide",
            reverse("admin:mappings_duplicategroup_changelist"),
            may(member, EDIT_MAPPINGS),
        ),
        Task(
            "Mapping changes to approve",
            counts.submitted,
            "Somebody asks for a second pair of eyes.",
            "Review",
            mappings_url,
            may(member, APPROVE_MAPPINGS),
        ),
    ]


@dataclass(frozen=True)
class Health:
    """One connection at a glance."""

    connection: Connection
    ledger: str
    url: str
    records: int
    last_changed_at: datetime | None
    run: SyncRun | None
    failed_postings: int
    ends_at: datetime | None = None
    """When access ends, once the time to warn has come."""

    @property
    def words(self) -> str:
        """How it is, in words that fit the colour."""
        if self.connection.status == Connection.Status.ACTIVE and self.colour == "orange":
            return "Access ends soon" if self.ends_at else "Needs attention"
        return str(self.connection.get_status_display())

    @property
    def colour(self) -> str:
        """green, orange or red."""
        if self.connection.status != Connection.Status.ACTIVE:
            return "red" if self.connection.status == Connection.Status.NEEDS_REAUTHORISATION else "orange"
        broken = self.failed_postings or self.ends_at or (self.run and self.run.status == SyncRun.Status.FAILED)
        return "orange" if broken else "green"


def connection_health(tenant: Tenant) -> list[Health]:
    """Every connection with its records, newest run, failed postings and coming end; five queries however many."""
    connections = list(Connection.objects.for_tenant(tenant).order_by("name"))
    records: dict[UUID, dict[str, Any]] = {
        row["connection"]: dict(row)
        for row in LedgerRecord.objects.for_tenant(tenant)
        .filter(deleted_at=None)
        .values("connection")
        .annotate(count=Count("pk"), latest=Max("synced_at"))
    }
    runs = {
        run.connection_id: run
        for run in SyncRun.objects.for_tenant(tenant).order_by("connection", "-id").distinct("connection")
    }
    endings = {
        credential.connection_id: end_of(credential)
        for credential in Credential.objects.for_tenant(tenant).defer("secret")
        if is_ending(credential)
    }
    failed = dict(Posting.objects.for_tenant(tenant).failed().values_list("connection").annotate(count=Count("pk")))
    return [
        Health(
            connection=connection,
            ledger=manifest.load(connection.connector).label,
            url=reverse("admin:integrations_connection_change", args=[connection.pk]),
            records=records.get(connection.pk, {}).get("count", 0),
            last_changed_at=records.get(connection.pk, {}).get("latest"),
            run=runs.get(connection.pk),
            failed_postings=failed.get(connection.pk, 0),
            ends_at=endings.get(connection.pk),
        )
        for connection in connections
    ]


@dataclass(frozen=True)
class Money:
    """What is open in the mirrored books, per currency."""

    currency: str
    receivable: Decimal
    payable: Decimal


def open_money(tenant: Tenant) -> list[Money]:
    """Open invoices and bills as last seen, summed in the database."""
    rows = (
        LedgerRecord.objects.for_tenant(tenant)
        .filter(resource__in=["invoices", "bills"], deleted_at=None)
        .open()
        .values("currency")
        .annotate(
            receivable=Sum("open_amount", filter=Q(resource="invoices")),
            payable=Sum("open_amount", filter=Q(resource="bills")),
        )
        .order_by("currency")
    )
    return [Money(row["currency"], row["receivable"] or Decimal(0), row["payable"] or Decimal(0)) for row in rows]


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The index page's context."""
    tenant: Tenant = request.tenant  # type: ignore[attr-defined]
    return context | {
        "tasks": tasks(request),
        "connections": connection_health(tenant),
        "open_money": open_money(tenant),
        "recent_documents": SourceDocument.objects.for_tenant(tenant).with_state().order_by("-id")[:6],
        "may_connect": may(request.membership, MANAGE_CONNECTIONS),  # type: ignore[attr-defined]
    }


def tenant_label(request: HttpRequest) -> list[str] | None:
    """The tenant's name beside the title."""
    tenant = getattr(request, "tenant", None)
    return [tenant.name, "info"] if tenant else None
