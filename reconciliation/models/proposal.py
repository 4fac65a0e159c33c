"""What the engine (or a person) suggests: runs, proposals, and the lines and ledger records in each."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar, Self

import pghistory
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from integrations.models import Connection, LedgerRecord, Work
from reconciliation.models.bank import BankLine
from reconciliation.models.rule import BankRule
from reconciliation.money import percent
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


@audited(only_when=("status", "error_code"))
class MatchRun(Work):
    """One run of the matching engine over the open lines and the open documents of a connection."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="match_runs")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    is_whole = models.BooleanField(
        default=True, help_text="Everything with everything; otherwise what changed, with what that touches."
    )
    lines = models.PositiveIntegerField(default=0, help_text="Open bank lines that were looked at.")
    entries = models.PositiveIntegerField(default=0, help_text="Ledger records that could explain one.")
    proposals = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0, help_text="Proposals that stayed as they were.")
    superseded = models.PositiveIntegerField(default=0)
    unexplained = models.PositiveIntegerField(default=0, help_text="Lines without a proposal.")
    started_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status__in=["queued", "running"]),
                name="one_unfinished_match_run_per_connection",
                violation_error_message="Matching is already under way for this connection.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="match_run_list"),
            # The sweeper reads only unfinished rows.
            models.Index(
                fields=["available_at"], name="match_run_due", condition=models.Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"Matching {self.connection}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_awaited(self) -> bool:
        """Unfinished, and asked for at once: somebody waits for it. A run that gathers decisions comes quietly."""
        is_unfinished = self.status in (self.Status.QUEUED, self.Status.RUNNING)
        return is_unfinished and self.available_at - self.created_at < timedelta(seconds=1)

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()


class ProposalQuerySet(TenantOwnedQuerySet["Proposal"]):
    """Proposals by state."""

    def open(self) -> Self:
        """Waiting for a decision."""
        return self.filter(status=Proposal.Status.OPEN)

    def replaceable(self) -> Self:
        """Open, made by the engine, and nobody has decided anything about them yet."""
        return self.open().filter(proposed_by=None, first_approved_by=None)


@audited(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange("status", "first_approved_by", "proposed_by", "amount", "difference", "kind")
    ),
    pghistory.DeleteEvent(),
)
class Proposal(TenantOwned):
    """These bank lines and these ledger records belong together, with this probability, for these reasons."""

    class Status(models.TextChoices):
        OPEN = "open", "To decide"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        SUPERSEDED = "superseded", "Replaced by a later run"

    class Kind(models.TextChoices):
        MATCH = "match", "Exact"
        FEE = "fee", "Short by a fee"
        DISCOUNT = "discount", "Early-payment discount"
        ROUNDING = "rounding", "Rounding"
        OVERPAID = "overpaid", "Overpaid"
        TYPING = "typing", "Mistyped amount"
        PARTIAL = "partial", "Part payment"
        INSTALMENTS = "instalments", "Instalments"
        COMBINED = "combined", "Several documents"
        RUN = "run", "Payment run"
        PAYOUT = "payout", "Processor payout"
        CHARGEBACK = "chargeback", "Chargeback"
        CURRENCY = "currency", "Currency difference"
        TRANSFER = "transfer", "Own transfer"
        RETURN = "return", "Payment and its return"
        DUPLICATE = "duplicate", "Delivered twice"
        MANUAL = "manual", "Matched by hand"
        RULE = "rule", "By a bank rule"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="proposals")
    run = models.ForeignKey(MatchRun, null=True, on_delete=models.SET_NULL, related_name="results")
    kind = models.CharField(max_length=20, choices=Kind)
    confidence = models.DecimalField(
        max_digits=7, decimal_places=6, help_text="Probability that this is right, 0 to 1."
    )
    reasons = models.JSONField(default=list, help_text='[{"code", "text", "weight"}], the weightiest first.')
    alternatives = models.JSONField(
        default=list, encoder=DjangoJSONEncoder, help_text='[{"records": [id], "confidence"}], the next best first.'
    )
    amount = models.DecimalField(max_digits=20, decimal_places=6, help_text="Sum of the bank lines, signed.")
    currency = models.CharField(max_length=3)
    difference = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0), help_text="Bank lines minus ledger records."
    )
    rule = models.ForeignKey(BankRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="proposals")
    booking = models.JSONField(
        default=dict, blank=True, help_text="Of a bank rule: what is posted, as it said it then."
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    lead = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="led_proposals")
    original = models.ForeignKey(
        BankLine,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="copies",
        help_text="Of a line delivered twice: the line that came first. It keeps its own match.",
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Empty: the engine."
    )
    first_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    first_approved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProposalQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(confidence__gte=0) & models.Q(confidence__lte=1), name="confidence_is_a_probability"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "status", "-confidence"], name="proposal_by_confidence"),
            models.Index(fields=["connection", "status"], name="proposal_by_connection"),
            # Few wait for a second person, and every view of the workbench counts them.
            models.Index(
                fields=["tenant"],
                name="proposal_half_approved",
                condition=models.Q(status="open", first_approved_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {percent(self.confidence)}"


@audited(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ProposalLine(TenantOwned):
    """A bank line in a proposal."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="lines")
    bank_line = models.ForeignKey(BankLine, on_delete=models.CASCADE, related_name="proposal_lines")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "bank_line"], name="one_place_per_line_in_a_proposal"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.bank_line_id} in {self.proposal_id}"


@audited(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ProposalEntry(TenantOwned):
    """A ledger record in a proposal, with how much of it the bank lines settle (sign of the bank line)."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="entries")
    record = models.ForeignKey(LedgerRecord, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "record"], name="one_place_per_record_in_a_proposal"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.record_id} in {self.proposal_id}"
