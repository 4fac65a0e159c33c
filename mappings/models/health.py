"""What the mapped records of the ledger looked like when they were last agreed on, and what has changed since."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models import Connection, Resource
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class HealthWatch(TenantOwned):
    """When a connection's mappings and contacts were last looked at; the sweep rings when that is too long ago."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="health_watch")
    checked_at = models.DateTimeField()
    contacts_checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.connection_id} looked at {self.checked_at:%Y-%m-%d %H:%M}"


class WatchedTarget(TenantOwned):
    """A ledger record that the active version points at, as it was when somebody last agreed to it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="watched_targets")
    resource = models.CharField(max_length=30, choices=Resource)
    remote_type = models.CharField(max_length=40)
    external_id = models.CharField(max_length=100)
    known = models.JSONField(help_text='{"name", "kind", "currency", "rate"}, each as text.')
    agreed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "resource", "remote_type", "external_id"], name="a_target_is_watched_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.external_id}"


class HealthFindingQuerySet(TenantOwnedQuerySet["HealthFinding"]):
    """Findings by state."""

    def open(self) -> Self:
        """Still so, and nobody has agreed to it."""
        return self.filter(status=HealthFinding.Status.OPEN)


@audited(only_when=("status", "now", "decided_by"))
class HealthFinding(TenantOwned):
    """One thing that will stop documents, or book them otherwise, before anybody posts into it.

    Found again it stays the same row; what is not found any more goes by itself.
    """

    class Kind(models.TextChoices):
        GONE = "gone", "Deleted in the ledger"
        ARCHIVED = "archived", "Archived in the ledger"
        RETYPED = "retyped", "Type changed"
        CURRENCY = "currency", "Currency changed"
        RATE = "rate", "Tax rate changed"
        RENAMED = "renamed", "Renamed"
        UNMAPPED = "unmapped", "New values without a mapping"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Agreed to"
        RESOLVED = "resolved", "Gone by itself"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="health_findings")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=200, help_text="What is unwell; the same found again has the same key.")
    subject = models.CharField(max_length=20)
    side = models.CharField(max_length=10, blank=True)
    resource = models.CharField(max_length=30, blank=True)
    remote_type = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=300, help_text="The record's name, or how many values.")
    was = models.CharField(max_length=300, blank=True)
    now = models.CharField(max_length=300, blank=True)
    words = models.JSONField(default=list, help_text="[{subject, side, value}] it concerns, the first ones.")
    word_count = models.PositiveIntegerField(default=0)
    documents = models.PositiveIntegerField(default=0, help_text="Of the last 90 days that it would have concerned.")
    waiting = models.PositiveIntegerField(default=0, help_text="Documents that wait and are concerned.")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = HealthFindingQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "mapping health finding"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "key"],
                condition=models.Q(status="open"),
                name="one_open_finding_per_key",
                violation_error_message="This is open already.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "status", "-id"], name="health_finding_list")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @property
    def may_be_agreed_to(self) -> bool:
        """Whether going on with the record as it is now is possible at all."""
        return self.status == self.Status.OPEN and self.kind not in (
            self.Kind.GONE,
            self.Kind.ARCHIVED,
            self.Kind.UNMAPPED,
        )
