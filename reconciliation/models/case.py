"""Exceptions: what somebody has to find out about a bank line, a document or a discrepancy, and what was said of it."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from integrations.models import Discrepancy, LedgerRecord
from reconciliation.models.bank import BankLine
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet, User


def _is_open() -> Q:
    """Asked of each subject apart: joined with all three, every line and record of the tenant would be read."""
    lines = BankLine.objects.filter(pk=OuterRef("bank_line")).open()
    records = LedgerRecord.objects.filter(pk=OuterRef("record"), deleted_at=None).exclude(open_amount=0)
    discrepancies = Discrepancy.objects.filter(pk=OuterRef("discrepancy"), status=Discrepancy.Status.OPEN)
    return Q(Exists(lines) | Exists(records) | Exists(discrepancies))


class CaseQuerySet(TenantOwnedQuerySet["Case"]):
    """Exceptions by state; whether one is open is what its subject says, so that an undone match opens it again."""

    def open(self) -> Self:
        """The line is not decided, the document not paid, the discrepancy not settled."""
        return self.filter(_is_open())

    def settled(self) -> Self:
        """All others."""
        return self.exclude(_is_open())

    def of(self, user: User) -> Self:
        """Given to this person."""
        return self.filter(assignee=user)

    def overdue(self) -> Self:
        """Their day is over."""
        return self.filter(due_on__lt=timezone.localdate())

    def counted(self, user: User) -> dict[str, int]:
        """How many these are ("all"), this person's ("mine"), overdue ("over") and nobody's ("nobody"); one query."""
        return self.aggregate(
            all=Count("pk"),
            mine=Count("pk", filter=Q(assignee=user)),
            over=Count("pk", filter=Q(due_on__lt=timezone.localdate())),
            nobody=Count("pk", filter=Q(assignee=None)),
        )


@audited(only_when=("assignee", "due_on", "due_reason"))
class Case(TenantOwned):
    """One exception: who looks at it and until when."""

    bank_line = models.ForeignKey(BankLine, null=True, blank=True, on_delete=models.CASCADE, related_name="cases")
    record = models.ForeignKey(LedgerRecord, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    discrepancy = models.ForeignKey(Discrepancy, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    amount = models.DecimalField(max_digits=20, decimal_places=6, default=0, help_text="Signed, when it was raised.")
    currency = models.CharField(max_length=3, blank=True)
    since = models.DateField(help_text="The day of the money: of the line, or when the document was due.")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    assigned_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When the assignee was told by mail; empty: still to be told.")
    due_on = models.DateField("due")
    due_reason = models.CharField(
        max_length=300, blank=True, help_text="Why somebody set another day; empty: by amount and age."
    )
    raised_at = models.DateTimeField(default=timezone.now, editable=False)
    is_by_policy = models.BooleanField(
        default=False, editable=False, help_text="The tenant's policy raised it, nobody asked for it by hand."
    )

    objects = CaseQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "exception"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(bank_line__isnull=False, record=None, discrepancy=None)
                | Q(bank_line=None, record__isnull=False, discrepancy=None)
                | Q(bank_line=None, record=None, discrepancy__isnull=False),
                name="an_exception_is_about_one_thing",
            ),
            models.UniqueConstraint(fields=["bank_line"], name="one_exception_per_bank_line"),
            models.UniqueConstraint(fields=["record"], name="one_exception_per_record"),
            models.UniqueConstraint(fields=["discrepancy"], name="one_exception_per_discrepancy"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "due_on", "id"], name="case_list"),
            models.Index(fields=["assignee"], name="case_to_tell", condition=Q(told_at=None, assignee__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.bank_line or self.record or self.discrepancy)

    @property
    def is_overdue(self) -> bool:
        """Whether its day is over."""
        return self.due_on < timezone.localdate()

    @property
    def days_over(self) -> int:
        """How many days ago it was due; negative while there is time."""
        return (timezone.localdate() - self.due_on).days

    @property
    def age(self) -> int:
        """Days since the money moved or was due."""
        return (timezone.localdate() - self.since).days


@audited()
class CaseComment(TenantOwned):
    """What somebody said; rows are only added."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="comments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=2000)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["case", "id"], name="case_thread")]

    def __str__(self) -> str:
        return self.text[:80]


@audited(exclude=("content",))
class CaseFile(TenantOwned):
    """A file that belongs to an exception, kept as it came; its type was told by its content, not by its name."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="files")
    comment = models.ForeignKey(CaseComment, null=True, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField(editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


@audited(
    only_when=(
        "bands",
        "late_days",
        "takes_documents",
        "document_days",
        "document_least",
        "takes_discrepancies",
    )
)
class DuePolicy(TenantOwned):
    """What becomes an exception by itself beside unexplained lines, and until when each is due: one row a tenant.

    Without a row the portal's own bands hold, and documents and discrepancies become exceptions by hand only.
    """

    bands = models.JSONField(default=list, help_text='[{"least": "1000", "days": 7}], one of them from 0.')
    late_days = models.PositiveSmallIntegerField(default=2, help_text="Days for what is late already when it turns up.")
    takes_documents = models.BooleanField(
        default=False, help_text="Open documents become exceptions when they are late."
    )
    document_days = models.PositiveSmallIntegerField(default=30, help_text="So many days after a document was due.")
    document_least = models.DecimalField(
        max_digits=18, decimal_places=2, default=0, help_text="Only with so much open, in the figure of any currency."
    )
    takes_discrepancies = models.BooleanField(default=False, help_text="Open discrepancies become exceptions.")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(null=True, editable=False, help_text="When it was last gone by; empty: at once.")

    class Meta:
        verbose_name = "due date policy"
        verbose_name_plural = "due date policies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="one_due_policy_per_tenant"),
            models.CheckConstraint(
                condition=Q(document_least__gte=0),
                name="documents_are_taken_from_an_amount",
                violation_error_message="The amount from which documents are taken begins at 0.",
            ),
        ]

    def __str__(self) -> str:
        return "Due dates of exceptions"
