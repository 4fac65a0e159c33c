"""What ledgers announce: deliveries as they came, before anybody knows whose they are, and the events in them."""

from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.record import Resource
from integrations.models.sync import Work
from tenants.models import TenantOwnedQuerySet, new_id


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Deliveries by what is left to do with them."""

    def due(self) -> Self:
        """Those that nobody has distributed yet and nobody is distributing."""
        now = timezone.now()
        is_free = models.Q(lease_until=None) | models.Q(lease_until__lte=now)
        return self.filter(is_free, status=WebhookDelivery.Status.RECEIVED)


class WebhookDelivery(models.Model):
    """One accepted call of a ledger, stored before it is answered.

    No tenant's: one delivery may carry many organisations, and some that nobody has connected (yet). Only workers and
    operators read it; what belongs to a tenant is copied into events.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", "Waiting to be distributed"
        DISTRIBUTED = "distributed", "Distributed"
        ASIDE = "aside", "Kept aside: names organisations that nobody has connected"
        UNREADABLE = "unreadable", "Cannot be read"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connector = models.CharField(max_length=30)
    body = models.BinaryField(help_text="The bytes as they came; the signature is over them.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of connector and body.")
    headers = models.JSONField(default=dict, help_text="Those that say what the delivery is; no signature.")
    source = models.GenericIPAddressField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=20, choices=Status, default=Status.RECEIVED)
    unclaimed = models.JSONField(default=list, help_text="Organisations in it that no connection has.")
    problem = models.CharField(max_length=300, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    distributed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digest"], name="one_row_per_delivery"),
        ]
        indexes: ClassVar = [
            # Workers read only what waits; the retention job what is old.
            models.Index(fields=["received_at"], name="delivery_due", condition=models.Q(status="received")),
            models.Index(fields=["connector"], name="delivery_aside", condition=models.Q(status="aside")),
        ]

    def __str__(self) -> str:
        return f"{self.connector} at {self.received_at:%Y-%m-%d %H:%M:%S}"


class WebhookEventQuerySet(TenantOwnedQuerySet["WebhookEvent"]):
    """Events by state."""

    def pending(self) -> Self:
        """Announced, not yet looked at."""
        return self.filter(status=WebhookEvent.Status.PENDING)


class WebhookEvent(Work):
    """One announced change of a record; what it is now is read from the ledger, never from the event."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting to be read"
        APPLIED = "applied", "Read; the record had changed"
        UNCHANGED = "unchanged", "Read; the record was known already"
        ECHO = "echo", "Our own write coming back"
        SUPERSEDED = "superseded", "A newer event or reading covers it"
        IGNORED = "ignored", "Nothing that is read from this ledger"
        FAILED = "failed", "Could not be read"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="webhook_events")
    delivery = models.ForeignKey(WebhookDelivery, null=True, on_delete=models.SET_NULL, related_name="events")
    event_key = models.CharField(max_length=150, help_text="The ledger's event id, or a digest of what it says.")
    resource = models.CharField(max_length=30, choices=Resource, blank=True)
    remote_type = models.CharField(max_length=40)
    external_id = models.CharField(max_length=100)
    action = models.CharField(max_length=20, help_text="created, updated, deleted, voided, merged, other.")
    occurred_at = models.DateTimeField(null=True, help_text="By the ledger's clock.")
    version = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)

    objects = WebhookEventQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "event_key"], name="an_event_is_taken_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "-id"], name="event_by_connection"),
            # The sweeper reads only what waits.
            models.Index(fields=["available_at"], name="event_due", condition=models.Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.remote_type} {self.external_id} {self.action}"
