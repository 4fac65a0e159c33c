"""Replays of dead letters as rows: planned, looked at, then sent back to work at a rate, and cancellable."""

from typing import ClassVar

from django.db import models

from integrations.models.connection import Connection
from integrations.models.sync import Work
from tenants.audit import audited


@audited(only_when=("status",))
class Replay(Work):
    """Which units of work of one cause go again: `done` of `planned`; `excluded` says how many stay and why."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned, not started"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="replays")
    kind = models.CharField(max_length=20, help_text="posting, sync, webhook_event…")
    cause = models.CharField(max_length=60, help_text="The error code that they rest with.")
    until_id = models.UUIDField(null=True, help_text="Only units up to this one: what fails later is another replay's.")
    status = models.CharField(max_length=20, choices=Status, default=Status.PLANNED)
    planned = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    excluded = models.JSONField(default=dict, help_text="Why some are left out → how many.")
    per_minute = models.PositiveIntegerField(default=60)
    after_id = models.UUIDField(null=True, help_text="How far it is: units up to this one were sent back to work.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "kind", "cause"],
                condition=models.Q(status="running"),
                name="one_running_replay_per_cause",
                violation_error_message="These are being replayed already.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="replay_list"),
            models.Index(fields=["available_at"], name="replay_due", condition=models.Q(status="running")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}: {self.done} of {self.planned}"
