"""Open differences between the portal and a ledger, and what somebody decided about each."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.posting import Posting
from integrations.models.record import LedgerRecord
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class DiscrepancyQuerySet(TenantOwnedQuerySet["Discrepancy"]):
    """Discrepancies by state."""

    def open(self) -> Self:
        """Nobody has decided, and they have not gone away by themselves."""
        return self.filter(status=Discrepancy.Status.OPEN)


@audited(only_when=("status", "reason", "differences"))
class Discrepancy(TenantOwned):
    """One difference, named by its key: finding it again updates the row, finding it gone closes it."""

    class Kind(models.TextChoices):
        DRIFT = "drift", "Changed in the ledger after posting"
        VOIDED = "voided", "Voided in the ledger after posting"
        DELETED = "deleted", "Deleted in the ledger after posting"
        TAX = "tax", "The ledger computed another tax"
        TOTAL = "total", "The ledger computed another total"
        COUNT = "count", "Another number of records"
        AMOUNT = "amount", "Another sum of amounts"
        TRIAL_BALANCE = "trial_balance", "The trial balance does not come to zero"
        BANK_BALANCE = "bank_balance", "Another bank balance"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "The ledger's version was accepted"
        REPUSHED = "repushed", "Sent to the ledger again"
        IGNORED = "ignored", "Ignored"
        RESOLVED = "resolved", "Gone by itself"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="discrepancies")
    kind = models.CharField(max_length=20, choices=Kind)
    key = models.CharField(max_length=200, help_text="What differs; the same difference found again has the same key.")
    resource = models.CharField(max_length=30, blank=True)
    record = models.ForeignKey(LedgerRecord, null=True, on_delete=models.SET_NULL, related_name="discrepancies")
    posting = models.ForeignKey(Posting, null=True, on_delete=models.SET_NULL, related_name="discrepancies")
    differences = models.JSONField(
        default=list,
        encoder=DjangoJSONEncoder,
        help_text='[{"field", "label", "ours", "theirs"}], in words of the books.',
    )
    proposal = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text='What would set it right: {"action", "text"}.'
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When it was last found to be there.")

    objects = DiscrepancyQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "key"],
                condition=models.Q(status="open"),
                name="one_open_discrepancy_per_key",
                violation_error_message="This difference is open already.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "status", "-id"], name="discrepancy_list"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.resource.replace('_', ' ') or 'the books'}"
