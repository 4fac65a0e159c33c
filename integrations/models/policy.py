"""What a tenant wants of each resource of a connection: which way it flows, whose word holds, how often it is read."""

from typing import ClassVar

from django.db import models

from integrations.models.connection import Connection
from integrations.models.record import Resource
from tenants.audit import audited
from tenants.models import TenantOwned


@audited()
class ResourcePolicy(TenantOwned):
    """The wishes for one resource; without a row it is read and written, and the ledger's word holds."""

    class Direction(models.TextChoices):
        BOTH = "both", "Read and write"
        READ = "read", "Only read from the ledger"
        WRITE = "write", "Only write to the ledger"
        OFF = "off", "Neither"

    class Truth(models.TextChoices):
        LEDGER = "ledger", "The ledger"
        SOURCE = "source", "The source"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="policies")
    resource = models.CharField(max_length=30, choices=Resource)
    direction = models.CharField(max_length=10, choices=Direction, default=Direction.BOTH)
    source_of_truth = models.CharField(
        max_length=10,
        choices=Truth,
        default=Truth.LEDGER,
        help_text="Whose word holds where a posted document differs: accepting drift is proposed, or re-pushing it.",
    )
    sync_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often changes are looked for; empty: as often as it changes."
    )

    class Meta:
        verbose_name_plural = "resource policies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "resource"],
                name="one_policy_per_resource",
                violation_error_message="This resource has its settings already; change those.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_resource_display()}: {self.get_direction_display().lower()}"
