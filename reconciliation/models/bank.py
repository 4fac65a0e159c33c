"""The bank's side: accounts, the statements that were uploaded or came from a ledger's feed, and every line in them."""

from typing import ClassVar, Self

import pghistory
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Abs, Cast
from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


@audited()
class BankAccount(TenantOwned):
    """One bank account or card of the tenant, and the account of the ledger in which its money is booked."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="bank_accounts")
    name = models.CharField(max_length=100)
    currency = models.CharField(
        max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$", "Use the three-letter ISO 4217 code, such as EUR.")]
    )
    external_account_id = models.CharField(
        "ledger account",
        max_length=100,
        blank=True,
        help_text="The ledger's own account for this bank account; payments are booked there.",
    )
    external_account_name = models.CharField(max_length=300, blank=True, editable=False)
    behind = models.JSONField(
        default=dict,
        editable=False,
        help_text='{"id", "name"} of the account of the general ledger it stands on, where that is another one.',
    )
    statement_id = models.CharField(
        "name in statements", max_length=60, blank=True, help_text="How statement files name this account."
    )
    is_card = models.BooleanField("is a card", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "name"],
                name="one_bank_account_per_name",
                violation_error_message="A bank account of this name exists already; choose another name.",
            ),
            models.UniqueConstraint(
                fields=["connection", "external_account_id"],
                condition=~models.Q(external_account_id=""),
                name="one_bank_account_per_ledger_account",
                violation_error_message="Another bank account already stands for this ledger account.",
            ),
            models.UniqueConstraint(
                fields=["connection", "statement_id"],
                condition=~models.Q(statement_id=""),
                name="one_bank_account_per_statement_name",
                violation_error_message="Another bank account already uses this name in statements.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited(only_when=("status",), exclude=("content",))
class StatementImport(TenantOwned):
    """One uploaded file, or what a ledger's bank feed brought at once: with every row that could not be taken in."""

    class Source(models.TextChoices):
        FILE = "file", "File"
        FEED = "feed", "Bank feed of the ledger"

    class Status(models.TextChoices):
        PREVIEWED = "previewed", "Previewed, nothing imported yet"
        IMPORTED = "imported", "Imported"

    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="imports")
    source = models.CharField(max_length=10, choices=Source, default=Source.FILE)
    file_name = models.CharField(max_length=200)
    file_hash = models.CharField(max_length=64)
    content = models.BinaryField(editable=False, help_text="The file itself, so that a bad row is never lost.")
    status = models.CharField(max_length=20, choices=Status, default=Status.PREVIEWED)
    rows = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0, help_text="Rows that an earlier upload had brought already.")
    alike = models.PositiveIntegerField(
        default=0,
        help_text="Of the duplicates, those known by day and amount only: the earlier file was of another kind.",
    )
    keeps_alike = models.BooleanField(default=False, help_text="Somebody said that such rows are lines of their own.")
    failed = models.PositiveIntegerField(default=0)
    row_errors = models.JSONField(
        default=list, encoder=DjangoJSONEncoder, help_text='[{"row": 7, "message": "…", "values": {…}}]'
    )
    columns = models.JSONField(default=dict, help_text="Which column of the file was read as what.")
    layout = models.ForeignKey(
        "StatementLayout",
        null=True,
        on_delete=models.SET_NULL,
        related_name="statements",
        help_text="The remembered layout that it was read by.",
    )
    scheme = models.CharField(
        max_length=80,
        blank=True,
        editable=False,
        help_text="How the rows of the file are told apart: format and heads.",
    )
    money_in = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    money_out = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    imported_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "statement"
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="statement_list")]

    def __str__(self) -> str:
        return self.file_name


@audited()
class StatementLayout(TenantOwned):
    """How a bank writes its tables, as somebody explained it once; every later file with these heads is read so."""

    key = models.CharField(max_length=32, editable=False, help_text="Of the heads, whatever their case and accents.")
    heads = models.JSONField(default=list)
    columns = models.JSONField(default=dict, help_text='{"date": "Buchungstag", …}')
    day_first = models.BooleanField(null=True, help_text="Empty: the dates of each file decide.")
    decimal_comma = models.BooleanField(null=True, help_text="Empty: the amounts of each file decide.")
    is_reversed = models.BooleanField(default=False, help_text="Money out stands positive.")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "key"], name="one_layout_per_heads"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.heads)[:120]


@audited()
class StatementBalance(TenantOwned):
    """What the bank says an account held: before the first line of a day, or after its last."""

    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="balances")
    statement = models.ForeignKey(StatementImport, on_delete=models.CASCADE, related_name="balances")
    on = models.DateField()
    is_opening = models.BooleanField()
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    position = models.PositiveIntegerField(default=0, help_text="Its place in the file.")

    class Meta:
        ordering: ClassVar = ["statement__imported_at", "statement", "position"]
        indexes: ClassVar = [models.Index(fields=["bank_account", "on"], name="statement_balance_by_day")]

    def __str__(self) -> str:
        return f"{self.amount:.2f} {'before' if self.is_opening else 'after'} {self.on}"


class BankLineQuerySet(TenantOwnedQuerySet["BankLine"]):
    """Lines by where they stand."""

    def of_connection(self, connection: Connection) -> Self:
        """Lines of all bank accounts of a connection."""
        return self.filter(bank_account__connection=connection)

    def open(self) -> Self:
        """Without a live match, and not set aside."""
        return self.filter(status__in=[BankLine.Status.UNMATCHED, BankLine.Status.PROPOSED])

    def moving(self) -> Self:
        """Every amount once: parts instead of the line that was split into them."""
        return self.exclude(status__in=[BankLine.Status.SPLIT, BankLine.Status.JOINED])

    def delivered(self) -> Self:
        """As the bank delivered them, whatever a person has split since."""
        return self.filter(part_of=None)

    def leading(self) -> Self:
        """One line per question: lines without a proposal, and the first line of each proposal."""
        return self.filter(models.Q(proposal=None) | models.Q(proposal__lead=models.F("pk")))

    def undecided(self) -> Self:
        """Open, and nobody has begun to decide about them: what a matching run may speak about."""
        by_engine = models.Q(proposal__proposed_by=None, proposal__first_approved_by=None)
        return self.open().filter(models.Q(proposal=None) | by_engine)

    def let_go(self) -> int:
        """Take their proposal from them; the next run asks anew what explains them. How many there were."""
        return self.update(status=BankLine.Status.UNMATCHED, proposal=None, waits_since=timezone.now())


@audited(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange("status", "amount", "booked_on", "currency")),
    pghistory.DeleteEvent(),
    exclude=("cents", "waits_since"),
)
class BankLine(TenantOwned):
    """One line of a bank statement; money in is positive."""

    class Status(models.TextChoices):
        UNMATCHED = "unmatched", "No proposal"
        PROPOSED = "proposed", "To decide"
        MATCHED = "matched", "Matched"
        IGNORED = "ignored", "Set aside"
        SPLIT = "split", "Split into parts"
        JOINED = "joined", "Part, put together again"

    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="lines")
    statement = models.ForeignKey(StatementImport, null=True, on_delete=models.SET_NULL, related_name="lines")
    feed_record = models.OneToOneField(
        LedgerRecord,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="bank_line",
        help_text="The line of the ledger's own bank feed that this is.",
    )
    external_id = models.CharField(max_length=100, help_text="The bank's own id, or a fingerprint of the row.")
    booked_on = models.DateField()
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=1000, blank=True)
    counterparty = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.UNMATCHED)
    proposal = models.ForeignKey(
        "Proposal",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="current_lines",
        help_text="The one proposal that speaks for this line now.",
    )
    part_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="parts",
        help_text="The line that was split; its live parts are always the whole of it (a trigger holds that).",
    )
    cents = models.GeneratedField(
        expression=Cast(Abs("amount") * 100, models.BigIntegerField()),
        output_field=models.BigIntegerField(),
        db_persist=True,
        help_text="The unsigned amount in hundredths: an index on numbers is not used under row-level security, whose "
        "rules let only comparisons that cannot leak (of integers, days, texts) go before them.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    waits_since = models.DateTimeField(
        null=True,
        default=timezone.now,
        editable=False,
        help_text="Since when a matching run has to look at it; empty: one has, and nothing was said about it since.",
    )

    objects = BankLineQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["bank_account", "external_id"],
                name="one_bank_line_per_statement_line",
                violation_error_message="This statement line was imported before.",
            ),
            models.CheckConstraint(
                condition=~models.Q(amount=0),
                name="bank_line_moves_money",
                violation_error_message="A bank line of 0.00 moves no money.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="split", part_of__isnull=False) & ~models.Q(status="joined", part_of=None),
                name="parts_are_not_split_again",
            ),
        ]
        indexes: ClassVar = [
            # The workbench pages through one status, newest first.
            models.Index(fields=["tenant", "status", "-booked_on", "-id"], name="bank_line_workbench"),
            models.Index(fields=["bank_account", "status"], name="bank_line_by_account"),
            # The list of all lines, newest first, and by amount in one status. Without the id: with it, a planner that
            # has no statistics yet takes them to look for one line, too, and reads all of the tenant's.
            # Migration 0012 adds an index of the trigrams of the texts.
            # The id is only told along: a page far down the list is found without reading the lines before it.
            models.Index(fields=["tenant", "-booked_on"], include=["id"], name="bank_line_newest"),
            models.Index(fields=["tenant", "status", "-cents"], name="bank_line_by_amount"),
            # A run for few lines reads those that wait for one.
            models.Index(
                fields=["bank_account", "waits_since"],
                name="bank_line_waiting",
                condition=models.Q(waits_since__isnull=False, status__in=["unmatched", "proposed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount:.2f} {self.currency} {self.counterparty or self.description}"[:120]
