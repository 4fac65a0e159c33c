"""Approval without a person: what an account's owner allows, and what came of each, until somebody has looked."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from reconciliation.models.bank import BankAccount
from reconciliation.models.match import Match
from reconciliation.models.proposal import Proposal
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet

# What a person made is approved by another person; a transfer is on two accounts, of which one may not be opened.
_BY_PEOPLE = (Proposal.Kind.MANUAL, Proposal.Kind.RULE, Proposal.Kind.TRANSFER)


@audited(only_when=("is_on", "threshold", "most", "off_because", "despite"))
class AutoApproval(TenantOwned):
    """One account and kind of proposal that may be approved without a person, from a confidence on, up to an amount."""

    KINDS: ClassVar = [(kind.value, kind.label) for kind in Proposal.Kind if kind not in _BY_PEOPLE]

    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="automatic")
    kind = models.CharField(max_length=20, choices=KINDS)
    threshold = models.DecimalField(
        "confidence from",
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0.9), MaxValueValidator(1)],
        help_text="From 0.9 to 1.",
    )
    most = models.DecimalField(
        "up to the amount", max_digits=18, decimal_places=2, validators=[MinValueValidator(0.01)]
    )
    is_on = models.BooleanField("in use", default=False)
    off_because = models.CharField(max_length=300, blank=True, help_text="Why the portal switched it off by itself.")
    despite = models.CharField(
        max_length=500,
        blank=True,
        help_text="What was missing when somebody switched it on all the same, and why they did; empty: nothing was.",
    )
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, editable=False, help_text="Runs until then were gone through.")
    lease_until = models.DateTimeField(null=True, editable=False, help_text="A worker goes through them until then.")

    class Meta:
        verbose_name = "automatic approval"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bank_account", "kind"],
                name="one_automatic_approval_per_account_and_kind",
                violation_error_message="There is one for this account and kind already; change that.",
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0.9, threshold__lte=1),
                name="automatic_approval_is_sure",
                violation_error_message="Below 90 % nothing is approved without a person.",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[kind.value for kind in _BY_PEOPLE]),
                name="what_people_made_is_approved_by_people",
                violation_error_message="This kind is approved by people only.",
            ),
            models.CheckConstraint(
                condition=Q(most__gt=0),
                name="automatic_approval_has_a_limit",
                violation_error_message="Say up to what.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["seen_at"], name="automatic_due", condition=Q(is_on=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.bank_account}"


class AutoMatchQuerySet(TenantOwnedQuerySet["AutoMatch"]):
    """Automatic approvals by state."""

    def waiting(self) -> Self:
        """Nobody has looked yet."""
        return self.filter(verdict=AutoMatch.Verdict.WAITING)


@audited(only_when=("verdict",))
class AutoMatch(TenantOwned):
    """A match that no person approved, and what somebody who looked at it says."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", "To look at"
        RIGHT = "right", "Right"
        WRONG = "wrong", "Wrong, taken back"

    setting = models.ForeignKey(AutoApproval, on_delete=models.CASCADE, related_name="made")
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="automatic")
    confidence = models.DecimalField(max_digits=7, decimal_places=6)
    verdict = models.CharField(max_length=20, choices=Verdict, default=Verdict.WAITING)
    looked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    looked_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    objects = AutoMatchQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "approved automatically"
        verbose_name_plural = "approved automatically"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["match"], name="one_automatic_approval_per_match"),
            models.CheckConstraint(
                condition=Q(verdict="waiting") ^ Q(looked_at__isnull=False), name="a_looked_at_match_has_a_time"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "verdict", "-id"], name="automatic_list")]

    def __str__(self) -> str:
        return str(self.match)
