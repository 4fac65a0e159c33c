"""What is odd about a bank line, until somebody has looked."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from reconciliation.models.bank import BankLine
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class AnomalyQuerySet(TenantOwnedQuerySet["Anomaly"]):
    """Anomalies by state."""

    def open(self) -> Self:
        """Nobody has looked yet."""
        return self.filter(status=Anomaly.Status.OPEN)


@audited(only_when=("status",))
class Anomaly(TenantOwned):
    """A payment that somebody should look at before it is approved, with the reason in figures."""

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate", "Paid twice"
        AMOUNT = "amount", "Unusual amount"
        VENDOR = "vendor", "New payee, large amount"
        SPLIT = "split", "Under the limit"
        ROUND = "round", "Round sum"
        WEEKEND = "weekend", "Weekend posting"

    class Status(models.TextChoices):
        OPEN = "open", "To look at"
        EXPLAINED = "explained", "In order"
        CONFIRMED = "confirmed", "Not in order"

    bank_line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="anomalies")
    kind = models.CharField(max_length=20, choices=Kind)
    reason = models.CharField(max_length=500)
    is_strong = models.BooleanField("kept out of bulk approval", default=False)
    others = models.JSONField(default=list, help_text="Ids of the other bank lines that make it odd.")
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AnomalyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "odd payment"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bank_line", "kind"], name="one_anomaly_per_line_and_kind"),
            models.CheckConstraint(
                condition=models.Q(status="open") ^ models.Q(decided_at__isnull=False),
                name="a_decided_anomaly_has_a_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "status", "-id"], name="anomaly_list")]

    def __str__(self) -> str:
        return self.get_kind_display()
