"""Bank rules: what a line that no document explains is, as a tenant says it in advance."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from integrations.models import Connection
from reconciliation.models.bank import BankAccount
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class BankRuleQuerySet(TenantOwnedQuerySet["BankRule"]):
    """Rules in the order in which they are asked."""

    def in_order(self) -> Self:
        """The first that takes a line wins."""
        return self.order_by("position", "pk")


@audited()
class BankRule(TenantOwned):
    """Lines such as these are booked so: it proposes, and a person approves."""

    class Test(models.TextChoices):
        CONTAINS = "contains", "contains"
        STARTS = "starts", "starts with"
        PATTERN = "pattern", "matches the pattern (RE2)"

    class Field(models.TextChoices):
        ANY = "any", "Any text of the line"
        DESCRIPTION = "description", "Description"
        COUNTERPARTY = "counterparty", "Counterparty"
        REFERENCE = "reference", "Reference"

    class Direction(models.TextChoices):
        ANY = "", "In or out"
        IN = "in", "Money in"
        OUT = "out", "Money out"

    class Outcome(models.TextChoices):
        EXPENSE = "expense", "Income or expense on an account"
        WRITE_OFF = "write_off", "Write-off of a small amount"
        BILL = "bill", "Bill, paid at once"
        TRANSFER = "transfer", "Transfer between own accounts"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="bank_rules")
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(
        default=0, help_text="Rules are asked in this order; the first that fits wins."
    )
    is_active = models.BooleanField("in use", default=False, help_text="Try it on the history first.")
    bank_account = models.ForeignKey(
        BankAccount,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text="Empty: every account.",
    )
    field = models.CharField("look in", max_length=20, choices=Field, default=Field.ANY)
    test = models.CharField("which", max_length=20, choices=Test, default=Test.CONTAINS)
    text = models.CharField(
        max_length=200, blank=True, help_text="Without regard to case and accents. Empty: any text."
    )
    counterparty = models.CharField(
        "counterparty contains", max_length=200, blank=True, help_text="Empty: any counterparty."
    )
    direction = models.CharField(max_length=3, choices=Direction, default=Direction.ANY, blank=True)
    least = models.DecimalField(
        "amount from", max_digits=20, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    most = models.DecimalField(
        "amount to", max_digits=20, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    outcome = models.CharField("propose", max_length=20, choices=Outcome, default=Outcome.EXPENSE)
    external_account_id = models.CharField(max_length=100, blank=True, editable=False)
    external_account_name = models.CharField(max_length=300, blank=True, editable=False)
    external_tax_id = models.CharField(max_length=100, blank=True, editable=False)
    tax_name = models.CharField(max_length=300, blank=True, editable=False)
    external_contact_id = models.CharField(max_length=100, blank=True, editable=False)
    contact_name = models.CharField(max_length=300, blank=True, editable=False)
    other_account = models.ForeignKey(
        BankAccount,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Of a transfer: the account at its other end.",
    )
    memo = models.CharField(max_length=200, blank=True, help_text="Stands in the ledger; empty: the line's own words.")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BankRuleQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "name"],
                name="one_bank_rule_per_name",
                violation_error_message="A rule of this name exists already; choose another name.",
            ),
            models.CheckConstraint(
                condition=~models.Q(text="", counterparty="", least=None, most=None),
                name="a_bank_rule_asks_for_something",
                violation_error_message="Ask for something: a text, a counterparty or an amount.",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="write_off", most=None),
                name="a_write_off_has_a_limit",
                violation_error_message="Say up to which amount is written off.",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="transfer") | models.Q(other_account__isnull=False),
                name="a_transfer_has_another_end",
                violation_error_message="Choose the account at the other end of the transfer.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "position"], name="bank_rules_in_order")]

    def __str__(self) -> str:
        return self.name
