"""Replays of dead letters as rows: planned, looked at, then sent back to work at a rate, and cancellable."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models

from integrations.models.connection import Connection
from integrations.models.sync import Work
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class ReplayQuerySet(TenantOwnedQuerySet["Replay"]):
    """Replays by state."""

    def running(self) -> Self:
        """Started and not over."""
        return self.filter(status=Replay.Status.RUNNING)

    def over(self) -> Self:
        """Those with an outcome."""
        return self.filter(status__in=[Replay.Status.DONE, Replay.Status.CANCELLED, Replay.Status.STOPPED])


@audited(only_when=("status",))
class Replay(Work):
    """Which units of work of one cause go again: `done` of `planned`; `excluded` says how many stay and why."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned, not started"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        STOPPED = "stopped", "Stopped by itself"

    class Kind(models.TextChoices):
        POSTING = "posting", "Postings"
        SYNC = "sync", "Syncs"
        EVENT = "webhook_event", "Announced changes"
        FETCH = "fetch", "Questions to the ledger"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="replays")
    kind = models.CharField(max_length=20, choices=Kind)
    cause = models.CharField(max_length=60, blank=True, help_text="The error code that they rest with.")
    status = models.CharField(max_length=20, choices=Status, default=Status.PLANNED)
    planned = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="How many had their turn.")
    landed = models.PositiveIntegerField(default=0, help_text="How many succeeded this time.")
    refused = models.PositiveIntegerField(default=0, help_text="How many rest again.")
    excluded = models.JSONField(default=dict, help_text="Why some are left out → how many.")
    warnings = models.JSONField(default=list, help_text="What the plan warned of, in sentences.")
    per_minute = models.PositiveIntegerField(default=60)
    started_at = models.DateTimeField(null=True)

    objects = ReplayQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "kind", "cause"],
                condition=models.Q(status="running"),
                name="one_running_replay_per_cause",
                violation_error_message="These are being replayed already.",
            ),
            models.CheckConstraint(
                condition=models.Q(per_minute__gt=0),
                name="a_replay_has_a_rate",
                violation_error_message="Give a rate of at least one a minute.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="replay_list"),
            models.Index(fields=["available_at"], name="replay_due", condition=models.Q(status="running")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}: {self.done} of {self.planned}"

    @property
    def left_seconds(self) -> int:
        """How long what has not had its turn will take at this rate."""
        return round(timedelta(minutes=(self.planned - self.done) / self.per_minute).total_seconds())

    @property
    def excluded_total(self) -> int:
        """How many are left out, for whatever reason."""
        return sum(self.excluded.values())

    @property
    def percent(self) -> int:
        """0 to 100."""
        return 100 * self.done // self.planned if self.planned else 100


class ReplayUnit(TenantOwned):
    """One unit of work of a replay, in its turn: `position` orders them; `row_id` is the posting, run, event, fetch."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting for its turn"
        GONE = "gone", "On its way again"
        LANDED = "landed", "Succeeded"
        REFUSED = "refused", "Rests again"
        LEFT = "left", "Left alone"

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="units")
    position = models.PositiveIntegerField()
    row_id = models.UUIDField()
    watched_id = models.UUIDField(null=True, help_text="The row that tells what became of it.")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING)
    error_code = models.CharField(max_length=60, blank=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["replay", "row_id"], name="a_unit_goes_once_per_replay"),
        ]
        indexes: ClassVar = [
            # The worker takes the next that wait, and looks after those on their way.
            models.Index(fields=["replay", "outcome", "position"], name="replay_unit_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.outcome}"
