"""What people decided: matches, what they use up, and every decision with who, when and why."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from reconciliation.models.bank import BankLine
from reconciliation.models.proposal import Proposal
from reconciliation.money import money
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class MatchQuerySet(TenantOwnedQuerySet["Match"]):
    """Matches by state."""

    def live(self) -> Self:
        """Neither undone nor reversed."""
        return self.filter(ended_at=None)


@audited(only_when=("status", "ended_at", "read_back_at"))
class Match(TenantOwned):
    """An approved proposal. Its status follows its postings; `services.progress` brings it up to date."""

    class Status(models.TextChoices):
        APPROVED = "approved", "On its way to the ledger"
        LINKED = "linked", "Matched, nothing to post"
        REFUSED = "refused", "Refused by the ledger"
        POSTED = "posted", "Posted in the ledger"
        REVERSING = "reversing", "Being reversed"
        REVERSED = "reversed", "Reversed in the ledger"
        UNDONE = "undone", "Undone before posting"

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="matches")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="matches")
    status = models.CharField(max_length=20, choices=Status)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_at = models.DateTimeField(default=timezone.now)
    read_back_at = models.DateTimeField(null=True, help_text="When the ledger's documents showed the payment.")
    ended_at = models.DateTimeField(null=True, help_text="When it was undone or reversed; empty while it holds.")

    objects = MatchQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "matches"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["proposal"],
                condition=models.Q(ended_at__isnull=True),
                name="one_live_match_per_proposal",
                violation_error_message="This proposal is approved already.",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) ^ models.Q(status__in=["undone", "reversed"]),
                name="ended_match_is_undone_or_reversed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="match_list"),
            # What ended matches set free since the last run; few ever end.
            models.Index(
                fields=["connection", "ended_at"], name="match_ended", condition=models.Q(ended_at__isnull=False)
            ),
            # The sweeper looks only at matches whose postings may have moved.
            models.Index(
                fields=["id"],
                name="match_moving",
                condition=models.Q(status__in=["approved", "refused", "reversing"])
                | models.Q(status="posted", read_back_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Match of {money(self.amount, self.currency)}: {self.get_status_display()}"


@audited()
class MatchLine(TenantOwned):
    """A bank line in a match; a line is in at most one live match."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="lines")
    bank_line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="match_lines")
    is_live = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bank_line"],
                condition=models.Q(is_live=True),
                name="one_live_match_per_bank_line",
                violation_error_message="This bank line is matched already; undo that match first.",
            ),
            models.UniqueConstraint(fields=["match", "bank_line"], name="one_place_per_line_in_a_match"),
        ]

    def __str__(self) -> str:
        return f"{self.bank_line_id} in {self.match_id}"


@audited()
class MatchEntry(TenantOwned):
    """How much of one ledger record one bank line settles (sign of the bank line), and what was open before."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="entries")
    bank_line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="+")
    record = models.ForeignKey(LedgerRecord, on_delete=models.CASCADE, related_name="match_entries")
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    open_before = models.DecimalField(max_digits=20, decimal_places=6, help_text="Unsigned, when it was approved.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["match", "bank_line", "record"], name="one_amount_per_line_and_record"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.amount:.2f} of {self.record_id}"


@audited()
class Decision(TenantOwned):
    """Who decided what, when and why; rows are only added."""

    class Kind(models.TextChoices):
        PROPOSE = "propose", "Proposed by hand"
        CHOOSE = "choose", "Chose an alternative"
        FIRST_APPROVE = "first_approve", "First approval"
        APPROVE = "approve", "Approved"
        REJECT = "reject", "Rejected"
        UNDO = "undo", "Undone"
        REVERSE = "reverse", "Reversed"
        IGNORE = "ignore", "Line set aside"
        RESTORE = "restore", "Line brought back"
        SPLIT = "split", "Line split"
        JOIN = "join", "Line put together again"

    kind = models.CharField(max_length=20, choices=Kind)
    proposal = models.ForeignKey(Proposal, null=True, on_delete=models.CASCADE, related_name="decisions")
    match = models.ForeignKey(Match, null=True, on_delete=models.CASCADE, related_name="decisions")
    bank_line = models.ForeignKey(BankLine, null=True, on_delete=models.CASCADE, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    confidence = models.DecimalField(
        max_digits=7,
        decimal_places=6,
        null=True,
        help_text="What the portal said of its proposal when this was decided.",
    )
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="decision_list")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.by or 'the portal'}"
