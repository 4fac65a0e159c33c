"""Calls against ledgers' limits: those of one connection, and those that all connections of a ledger share."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from integrations.models.connection import Connection
from tenants.models import TenantOwned, new_id


class Lease(models.Model):
    """One call: in flight until released, and counted in the windows from its release."""

    kind = models.CharField(max_length=30, default="call")
    lane = models.CharField(max_length=20)
    taken_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    expires_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(
        help_text="A worker that dies holding it gives it back then."
    )
    meters = models.JSONField(
        null=True, help_text="What the ledger's answer said was left: seconds of a window → [left, seconds to reset]."
    )

    class Meta:
        abstract = True


class LimitLease(TenantOwned, Lease):
    """A call against the limits of its connection."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="limit_leases")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["connection", "kind", "released_at"], name="lease_window"),
            # Most windows count calls of every kind.
            models.Index(fields=["connection", "released_at"], name="lease_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.connection_id}"


class SharedLease(Lease):
    """A call against what a ledger allows the portal's application as a whole.

    No tenant's: it says nothing of anybody. `sharer` tells shares apart, by a digest that leads back to no tenant.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connector = models.CharField(max_length=30)
    sharer = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["connector", "released_at"], name="shared_window")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.connector}"
