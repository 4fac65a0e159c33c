"""A bank account's period: prepared by one person, certified by another, and what happened to it since."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from reconciliation.models.bank import BankAccount
from tenants.audit import audited
from tenants.models import TenantOwned


@audited(only_when=("status", "note"))
class PeriodClose(TenantOwned):
    """The reconciliation of one account over one period.

    open → prepared → certified; back to open when sent back or reopened, `changed` when something behind it changed.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Being prepared"
        PREPARED = "prepared", "Waits for approval"
        CERTIFIED = "certified", "Certified"
        CHANGED = "changed", "Changed since it was certified"

    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="closes")
    first_on = models.DateField("from")
    last_on = models.DateField("to")
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    note = models.CharField(max_length=1000, blank=True, help_text="What the preparer says about what is still open.")
    figures = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="As they were signed.")
    print = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of everything that stands behind it."
    )
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    prepared_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="Last compared with what is behind."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "period close"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bank_account", "last_on"],
                name="one_close_per_account_and_period",
                violation_error_message="This account has a close to this day already.",
            ),
            models.CheckConstraint(
                condition=models.Q(first_on__lte=models.F("last_on")),
                name="a_period_ends_after_it_begins",
                violation_error_message="The period ends before it begins.",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by__isnull=True) | ~models.Q(approved_by=models.F("prepared_by")),
                name="two_people_sign_a_close",
                violation_error_message="Somebody else than the preparer has to approve it.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-last_on", "-id"], name="close_list"),
            # The sweeper asks only for certified periods that were not compared for a while.
            models.Index(fields=["checked_at"], name="close_due", condition=models.Q(status="certified")),
        ]

    def __str__(self) -> str:
        return f"{self.bank_account}, {in_words(self.first_on)} to {in_words(self.last_on)}"


@audited()
class CloseStep(TenantOwned):
    """Who did what to a close, when and why; rows are only added."""

    class Kind(models.TextChoices):
        PREPARE = "prepare", "Prepared"
        SEND_BACK = "send_back", "Sent back"
        APPROVE = "approve", "Certified"
        REOPEN = "reopen", "Reopened"
        CHANGE = "change", "No longer certified: something behind it changed"

    close = models.ForeignKey(PeriodClose, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=20, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=1000, blank=True)
    figures = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.by or 'the portal'}"


def in_words(day: date) -> str:
    """Such as 1 Nov 2026."""
    return f"{day.day} {day:%b %Y}"
