"""Outbound writes as rows: intent before effect, four outcomes, and the cross-reference both ways."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from integrations.models.connection import Connection
from integrations.models.record import LedgerRecord, Resource
from integrations.models.sync import Work
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet

_ON_THE_WAY = ("pending", "sent", "unknown")
_OPEN_ENDED = (*_ON_THE_WAY, "held", "resting")


class PostingQuerySet(TenantOwnedQuerySet["Posting"]):
    """Postings by state."""

    def unfinished(self) -> Self:
        """On their way or not known yet."""
        return self.filter(status__in=[Posting.Status.PENDING, Posting.Status.SENT, Posting.Status.UNKNOWN])

    def open_ended(self) -> Self:
        """Neither in the ledger nor given up: what comes after them waits."""
        return self.filter(status__in=_OPEN_ENDED)

    def failed(self) -> Self:
        """Resting with a cause that somebody has to remove."""
        return self.filter(status__in=[Posting.Status.REJECTED, Posting.Status.RESTING])

    def of_origin(self, kind: str, origin_id: object) -> Self:
        """All writes made for one source document or match, oldest first."""
        return self.filter(origin_kind=kind, origin_id=origin_id).order_by("id")


@audited(exclude=("touches",), only_when=("status", "error_code", "external_id", "question"))
class Posting(Work):
    """One write to a ledger.

    pending → sent (committed before bytes leave) → posted | rejected | unknown → (probe) posted | absent → pending.
    `unknown` is never sent again before a probe has proved it absent, or a person has taken it upon themselves in
    writing. pending ↔ held (a person is asked something), pending → resting (its tries are used up) → pending.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting to be sent"
        SENT = "sent", "Sent, no answer yet"
        POSTED = "posted", "Posted"
        REJECTED = "rejected", "Refused"
        UNKNOWN = "unknown", "Outcome unknown, being looked up"
        CANCELLED = "cancelled", "Cancelled before sending"
        HELD = "held", "Waiting for your decision"
        RESTING = "resting", "Resting after too many tries"

    class Operation(models.TextChoices):
        CREATE = "create", "Create"
        UPDATE = "update", "Update"
        VOID = "void", "Void"
        DELETE = "delete", "Delete"
        ALLOCATE = "allocate", "Apply to documents"
        APPROVE = "approve", "Approve"
        SEND = "send", "Send to the contact"
        ATTACH = "attach", "Attach a file to"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="postings")
    resource = models.CharField(max_length=30, choices=Resource)
    operation = models.CharField(max_length=10, choices=Operation, default=Operation.CREATE)
    body = models.JSONField(
        encoder=DjangoJSONEncoder,
        help_text='The unified record; {"posting": id} stands for the ledger id that another posting will get.',
    )
    body_hash = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=50)
    edition = models.PositiveIntegerField(
        default=0,
        help_text="How often it was refused and sent anew; each edition has its own request id in the ledger.",
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    origin_kind = models.CharField(max_length=30, help_text="source_document, match, person, api.")
    origin_id = models.UUIDField(null=True)
    depends_on = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="dependants")
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reversals")
    corrects = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="corrections",
        help_text="The reversed posting in whose place this one stands.",
    )
    question = models.JSONField(
        default=dict,
        help_text='What is asked, and what was answered: {"code", "text", "choices": [{"name", "label"}], "answer"}.',
    )
    touches = ArrayField(
        models.CharField(max_length=140),
        default=list,
        help_text="The records it changes: `invoices:17` by the ledger's id, `posting:…` while that has none.",
    )
    batch = models.UUIDField(null=True, help_text="The call that carried it together with others.")
    sent_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=100, blank=True)
    remote_type = models.CharField(max_length=40, blank=True)
    record = models.ForeignKey(LedgerRecord, null=True, on_delete=models.SET_NULL, related_name="postings")
    correlation_id = models.CharField(max_length=100, blank=True)

    objects = PostingQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "idempotency_key"],
                name="one_posting_per_key",
                violation_error_message="This write was already accepted; look at the existing posting.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="posted") | ~models.Q(external_id=""),
                name="posted_means_the_ledger_named_it",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="posting_list"),
            models.Index(fields=["origin_kind", "origin_id"], name="posting_by_origin"),
            # What is due is asked per connection: by the sweep, and for what goes in one call with a posting.
            models.Index(
                fields=["connection", "available_at"],
                name="posting_due",
                condition=models.Q(status__in=list(_ON_THE_WAY)),
            ),
            # How many calls of a connection are under way.
            models.Index(fields=["connection"], name="posting_held", condition=models.Q(lease_until__isnull=False)),
            # Whether an earlier write to the same record is still open; finished ones leave the index.
            GinIndex(fields=["touches"], name="posting_touches", condition=models.Q(status__in=list(_OPEN_ENDED))),
            # A call that carried several is shown on the page of each.
            models.Index(fields=["batch"], name="posting_batch", condition=models.Q(batch__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {self.get_resource_display()}: {self.get_status_display()}"


@audited()
class CrossReference(TenantOwned):
    """Which ledger record a source's own id became; unique in both directions."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cross_references")
    local_kind = models.CharField(max_length=30)
    local_id = models.CharField(max_length=150)
    resource = models.CharField(max_length=30, choices=Resource)
    remote_type = models.CharField(max_length=40)
    external_id = models.CharField(max_length=100)
    posting = models.ForeignKey(Posting, null=True, on_delete=models.SET_NULL, related_name="cross_references")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "local_kind", "local_id", "resource"], name="one_ledger_id_per_source_id"
            ),
            models.UniqueConstraint(
                fields=["connection", "resource", "remote_type", "external_id"], name="one_source_id_per_ledger_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.local_kind} {self.local_id} = {self.remote_type} {self.external_id}"
