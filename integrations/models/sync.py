"""Pulls as rows: what was asked, how far it is, where the next one begins, and every call it made."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.record import Resource
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class Work(TenantOwned):
    """A unit of work that a worker claims by compare-and-set and a sweeper finds again when its lease is over.

    Every change by a worker is made `WHERE fence = mine`, so that a worker that was thought dead cannot write twice.
    """

    available_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    error_code = models.CharField(max_length=60, blank=True)
    error = models.JSONField(default=dict, blank=True, help_text="message, remedy, who_can_fix, ledger_code, …")

    class Meta:
        abstract = True


class SyncRunQuerySet(TenantOwnedQuerySet["SyncRun"]):
    """Runs by state."""

    def unfinished(self) -> Self:
        """Queued, running, or paused by a person."""
        return self.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING, SyncRun.Status.PAUSED])

    def failed(self) -> Self:
        """Stopped by an error that somebody has to look at."""
        return self.filter(status=SyncRun.Status.FAILED)


@audited(only_when=("status", "error_code"))
class SyncRun(Work):
    """One pull of some resources of a connection."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for the sync before it"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Trigger(models.TextChoices):
        INITIAL = "initial", "First sync"
        SCHEDULE = "schedule", "Schedule"
        MANUAL = "manual", "Asked for by a person"
        REPLAY = "replay", "Replay of a failed run"
        READ_BACK = "read_back", "Reading back what was posted"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sync_runs")
    trigger = models.CharField(max_length=20, choices=Trigger)
    is_full = models.BooleanField(default=False)
    resources = models.JSONField(default=list, help_text="Resource names; empty: all that the ledger has.")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    progress = models.JSONField(
        default=dict, help_text='Per resource: {"records", "pages", "total", "cursor", "is_done"}; resumable.'
    )
    records = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    throttled = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays")

    objects = SyncRunQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status__in=["queued", "running", "paused"]),
                name="one_unfinished_run_per_connection",
                violation_error_message="A sync of this connection is already under way.",
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status="waiting"),
                name="one_waiting_run_per_connection",
                violation_error_message="A sync of this connection already waits for the one under way.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="run_list"),
            # The sweeper reads only unfinished rows; the index stays small whatever the history.
            models.Index(fields=["available_at"], name="run_due", condition=models.Q(status__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.get_status_display()}"

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()


@audited(only_when=("full_synced_at",))
class SyncCursor(TenantOwned):
    """Where the next pull of a resource begins; moved only in the transaction that stored the rows before it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    resource = models.CharField(max_length=30, choices=Resource)
    changed_through = models.DateTimeField(help_text="Changes up to this moment of the ledger's clock are stored.")
    full_synced_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When changes are next looked for; empty: with the connection.")
    changes_per_hour = models.FloatField(default=0.0, help_text="How often it has changed lately, as a moving average.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "resource"], name="one_cursor_per_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} through {self.changed_through:%Y-%m-%d %H:%M}"


class SeenRecord(TenantOwned):
    """What a full re-read has met so far; what it never meets is gone from the ledger. Emptied at its end."""

    sync_run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="seen")
    resource = models.CharField(max_length=30, choices=Resource)
    remote_type = models.CharField(max_length=40)
    external_id = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sync_run", "resource", "remote_type", "external_id"], name="a_record_is_seen_once_per_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote_type} {self.external_id}"


class ApiCall(TenantOwned):
    """One exchange with a ledger, redacted and cut to size before it is stored."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calls")
    sync_run = models.ForeignKey(SyncRun, null=True, on_delete=models.CASCADE, related_name="api_calls")
    posting = models.ForeignKey("Posting", null=True, on_delete=models.CASCADE, related_name="api_calls")
    method = models.CharField(max_length=10)
    url = models.CharField(max_length=2000)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    status_code = models.PositiveSmallIntegerField(null=True, help_text="Empty: no answer came.")
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    bytes_received = models.PositiveIntegerField(default=0)
    correlation_id = models.CharField(max_length=100, blank=True, help_text="The ledger's own trace id.")
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["connection", "-id"], name="call_by_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url} → {self.status_code or 'no answer'}"
