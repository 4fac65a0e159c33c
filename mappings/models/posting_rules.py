"""What a tenant wants of documents of one kind before they reach the ledger."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from integrations.models import Connection
from mappings.transform.kinds import KINDS
from tenants.audit import audited
from tenants.models import TenantOwned

MUST_MAP = [("contact", "Contacts"), ("item", "Items"), ("currency", "Currencies")]


@audited()
class PostingRule(TenantOwned):
    """For one kind of a connection's documents, or (kind empty) for every kind that has no rule of its own."""

    class Overpayment(models.TextChoices):
        KEEP = "keep", "Keep the rest as unapplied credit"
        REFUSE = "refuse", "Refuse it"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="posting_rules")
    kind = models.CharField(
        max_length=20,
        blank=True,
        choices=[(kind, kind.capitalize()) for kind in KINDS],
        help_text="Empty: every kind without a rule of its own.",
    )
    approve_from = models.DecimalField(
        "approval from",
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="From this total, in the ledger's own currency, a second person has to agree before it is sent. "
        "0: always. Empty: never.",
    )
    overpayment = models.CharField(
        max_length=10,
        choices=Overpayment,
        default=Overpayment.KEEP,
        help_text="What becomes of a payment that is larger than what it settles.",
    )
    tolerance = models.PositiveSmallIntegerField(
        default=1,
        help_text="By how many of the currency's smallest units computed tax may differ from the source's.",
    )
    order_tolerance = models.DecimalField(
        "tolerance of orders",
        max_digits=5,
        decimal_places=2,
        default=0,
        help_text="By how many percent a bill's prices, quantities and total may exceed its purchase order's.",
    )
    must_map = ArrayField(
        models.CharField(max_length=10, choices=MUST_MAP),
        default=list,
        blank=True,
        help_text="What waits for a mapping where no rule names it. Otherwise contacts are found by their name or "
        "created, lines have the item that books to their account, and currencies keep their code.",
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(order_tolerance__gte=0, order_tolerance__lte=100),
                name="order_tolerance_is_a_percentage",
                violation_error_message="From 0 to 100 percent.",
            ),
            models.UniqueConstraint(
                fields=["connection", "kind"],
                name="one_posting_rule_per_kind",
                violation_error_message="This kind already has a rule in this connection.",
            ),
            models.CheckConstraint(
                condition=models.Q(approve_from=None) | models.Q(approve_from__gte=0),
                name="approval_limit_is_not_negative",
                violation_error_message="The limit is zero or more.",
            ),
            models.CheckConstraint(
                condition=models.Q(tolerance__lte=100),
                name="tolerance_is_small",
                violation_error_message="At most 100 of the smallest unit.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.get_kind_display() or 'every kind'}"
