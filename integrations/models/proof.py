"""The daily proof: what the portal holds against what the ledger says, per connection and day."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from integrations.models.connection import Connection
from integrations.models.sync import Work


class Proof(Work):
    """One proof of one connection, line by line."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        EVEN = "even", "Everything agrees"
        UNEVEN = "uneven", "Differences found"
        FAILED = "failed", "Could not be made"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="proofs")
    on = models.DateField()
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    lines = models.JSONField(
        default=list,
        encoder=DjangoJSONEncoder,
        help_text='[{"what", "resource", "currency", "ours", "theirs", "status", "note"}]; even, uneven or untold.',
    )
    calls = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status__in=["queued", "running"]),
                name="one_unfinished_proof_per_connection",
                violation_error_message="A proof of this connection is already under way.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="proof_list"),
            models.Index(
                fields=["available_at"], name="proof_due", condition=models.Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} on {self.on}: {self.get_status_display().lower()}"
