"""Documents in the source's own words, the words themselves, and which document waits for which word."""

from typing import ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Subquery, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models import Connection, Posting
from mappings.models.versions import MappingSet, Side, Subject
from mappings.transform.kinds import KINDS
from mappings.transform.money import text_of
from tenants.audit import audited
from tenants.models import PartnerGrant, TenantOwned, TenantOwnedQuerySet

ORIGIN = "source_document"


class State(models.TextChoices):
    """Where a document is on its whole way: our own status, continued by its posting's."""

    RECEIVED = "received", "Received"
    WAITING = "waiting", "Waiting"
    APPROVAL = "approval", "Waiting for approval"
    MAPPED = "mapped", "Mapped, to be sent"
    SENT = "sent", "Sent, no answer yet"
    UNKNOWN = "unknown", "Outcome being looked up"
    POSTED = "posted", "Posted"
    PARTLY = "partly", "Partly in the ledger"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled before sending"
    MATCHING = "matching", "Waiting for the cut-over"
    LINKED = "linked", "Linked to the ledger"
    LEFT_OUT = "left_out", "Left out"


class Outcome(models.TextChoices):
    """Where every document ends, or waits until it does: exactly one of three.

    posted: all that it becomes is in the ledger. rejected: nothing of it is there or on its way, for a reason that
    stands on it. waiting: everything between, also what is half in the ledger; somebody or something moves it on.
    """

    POSTED = "posted", "In the ledger"
    WAITING = "waiting", "Waiting"
    REJECTED = "rejected", "Rejected"


_POSTED = (State.POSTED, State.LINKED)
_REJECTED = (State.REFUSED, State.CANCELLED, State.LEFT_OUT)
OUTCOMES: dict[State, Outcome] = {
    **dict.fromkeys(State, Outcome.WAITING),
    **dict.fromkeys(_POSTED, Outcome.POSTED),
    **dict.fromkeys(_REJECTED, Outcome.REJECTED),
}

_OF_POSTING = {
    Posting.Status.PENDING: State.MAPPED,
    Posting.Status.SENT: State.SENT,
    Posting.Status.UNKNOWN: State.UNKNOWN,
    Posting.Status.POSTED: State.POSTED,
    Posting.Status.REJECTED: State.REFUSED,
    Posting.Status.RESTING: State.REFUSED,
    Posting.Status.HELD: State.MAPPED,
    Posting.Status.CANCELLED: State.CANCELLED,
}


_SETTLED = (Posting.Status.POSTED, Posting.Status.CANCELLED)
_STOPPED = (Posting.Status.REJECTED, Posting.Status.RESTING, Posting.Status.CANCELLED)


class SourceDocumentQuerySet(TenantOwnedQuerySet["SourceDocument"]):
    """Documents by where they are."""

    def with_state(self) -> Self:
        """Annotates `state`, `posting_id`, `ledger_ref` and `cause` from the writes made for the document.

        The first write that is neither posted nor cancelled tells the state; without one the newest does. Creating
        comes first: what it made is what the document became. What stopped after a part of it had reached the ledger
        is in it partly, whatever stopped it.
        """
        writes = Posting.objects.filter(
            tenant_id=OuterRef("tenant_id"), origin_kind=ORIGIN, origin_id=OuterRef("pk"), reverses=None
        )
        newest = writes.order_by("-id")
        open_first = writes.exclude(status__in=_SETTLED).order_by("id")
        made = writes.exclude(external_id="").order_by("id")
        mapped, refused = (Q(status=each) for each in (SourceDocument.Status.MAPPED, SourceDocument.Status.REFUSED))
        stopped = refused | (mapped & Q(posting_status__in=_STOPPED))
        return self.annotate(
            posting_id=Coalesce(Subquery(open_first.values("pk")[:1]), Subquery(newest.values("pk")[:1])),
            ledger_id=Subquery(made.values("external_id")[:1]),
            posting_status=Coalesce(Subquery(open_first.values("status")[:1]), Subquery(newest.values("status")[:1])),
            has_posted=Exists(writes.filter(status=Posting.Status.POSTED)),
        ).annotate(
            state=Case(
                When(stopped, has_posted=True, then=Value(State.PARTLY.value)),
                When(~Q(status=SourceDocument.Status.MAPPED), then=F("status")),
                *[When(posting_status=status, then=Value(state.value)) for status, state in _OF_POSTING.items()],
                default=Value(State.MAPPED.value),
                output_field=CharField(),
            ),
            ledger_ref=Case(
                When(status=SourceDocument.Status.LINKED, then=F("cut_over_link__external_id")),
                default=Coalesce("ledger_id", Value("")),
                output_field=CharField(),
            ),
            cause=Coalesce(
                Subquery(open_first.values(words=KeyTextTransform("message", "error"))[:1]),
                Value(""),
                output_field=TextField(),
            ),
        )

    def in_state(self, state: str) -> Self:
        """Only those in one state of the whole way."""
        return self.with_state().filter(state=state)

    def to_map(self, connection: Connection) -> Self:
        """Received and not yet looked at, in the order of arrival."""
        return self.filter(connection=connection, status=SourceDocument.Status.RECEIVED).order_by("id")

    def waiting(self) -> Self:
        """Those that wait for a mapping, for the ledger or for support."""
        return self.filter(status=SourceDocument.Status.WAITING)


@audited(only_when=("status", "attempt", "mapping_set", "decided_by", "decided_through", "decision"))
class SourceDocument(TenantOwned):
    """One business document as a source sent it, kept word for word in `body`.

    received → mapped (its writes exist), or waiting (something can be done here), or approval (a second person looks at
    the exact entry first), or refused (its own sums are wrong, or that person said no).
    Dated before a cut-over: matching → linked to what the ledger has already, or left out; neither is ever posted.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        WAITING = "waiting", "Waiting"
        APPROVAL = "approval", "Waiting for approval"
        MAPPED = "mapped", "Mapped"
        REFUSED = "refused", "Refused"
        MATCHING = "matching", "Waiting for the cut-over"
        LINKED = "linked", "Linked to the ledger"
        LEFT_OUT = "left_out", "Left out"

    class Kind(models.TextChoices):
        SALE = "sale", "Sale"
        CREDIT = "credit", "Credit"
        REFUND = "refund", "Refund"
        PAYMENT = "payment", "Payment"
        PAYOUT = "payout", "Payout"
        FEE = "fee", "Fee"
        PURCHASE = "purchase", "Purchase"
        EXPENSE = "expense", "Expense"
        ADJUSTMENT = "adjustment", "Adjustment"

    class WaitsFor(models.TextChoices):
        NOTHING = "", "Nothing"
        MAPPING = "mapping", "A mapping"
        EARLIER = "earlier", "An earlier document"
        LEDGER = "ledger", "The ledger"
        SUPPORT = "support", "Support"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="source_documents")
    grant = models.ForeignKey(PartnerGrant, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=50, help_text="The system it comes from, such as shop or crm.")
    external_id = models.CharField(max_length=100, help_text="The source's own id of the document.")
    kind = models.CharField(max_length=20, choices=Kind)
    number = models.CharField(max_length=100, blank=True)
    issued_on = models.DateField("dated")
    due_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=6)
    counterparty = models.CharField(max_length=300, blank=True)
    body = models.JSONField(encoder=DjangoJSONEncoder, help_text="What was sent, checked and with exact decimals.")
    body_hash = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.RECEIVED)
    waits_for = models.CharField(max_length=10, choices=WaitsFor, blank=True, default=WaitsFor.NOTHING)
    problems = models.JSONField(
        default=list, blank=True, help_text="code, text, remedy, and subject/side/value if any."
    )
    trace = models.JSONField(
        default=list, blank=True, help_text="Why each account and tax rate: rule, version, losers."
    )
    mapping_set = models.ForeignKey(
        MappingSet, null=True, blank=True, on_delete=models.PROTECT, related_name="documents"
    )
    attempt = models.PositiveSmallIntegerField(default=1, help_text="Mapped again after the ledger refused: 2, 3, …")
    names = ArrayField(
        models.CharField(max_length=160),
        default=list,
        blank=True,
        help_text="The earlier documents it names, as `source:external_id`.",
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who imported it from a file; nobody where an application sent it.",
    )
    proposal = models.JSONField(
        default=dict,
        blank=True,
        encoder=DjangoJSONEncoder,
        help_text="What a second person is asked to agree to: `why`, `version`, `hash` and `writes`, exactly.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_through = models.ForeignKey(
        PartnerGrant,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The application that decided, where it was no person here.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(blank=True, help_text="Why it was approved or refused before posting.")
    approved_hash = models.CharField(max_length=64, blank=True, help_text="Of the writes that were agreed to.")
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True)
    mapped_at = models.DateTimeField(null=True, blank=True)

    objects = SourceDocumentQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "source", "external_id"],
                name="one_document_per_source_id",
                violation_error_message="This source has already sent a document with this id.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "grant", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                nulls_distinct=False,
                name="one_document_per_idempotency_key",
                violation_error_message="This Idempotency-Key was used for another document.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="mapped") | models.Q(mapping_set__isnull=False),
                name="mapped_document_names_its_version",
                violation_error_message="A mapped document names the version that mapped it.",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | models.Q(sent_by=None)
                | ~models.Q(decided_by=models.F("sent_by")),
                name="nobody_approves_what_they_sent",
                violation_error_message="Another person must decide on a document that you imported.",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_through=None)
                | models.Q(grant=None)
                | ~models.Q(decided_through=models.F("grant")),
                name="no_application_approves_what_it_sent",
                violation_error_message="Another application or person must decide on what this one sent.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="source_document_list"),
            # The worker takes the oldest; the partial index stays small whatever the history.
            models.Index(
                fields=["connection", "id"], name="source_document_to_map", condition=models.Q(status="received")
            ),
            models.Index(
                fields=["connection", "waits_for"], name="source_document_waiting", condition=models.Q(status="waiting")
            ),
            # What a document sets free when it arrives, and what belongs to it on its page, is one look-up.
            GinIndex(fields=["names"], name="source_document_names", condition=~models.Q(names=[])),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number or self.external_id}"

    @property
    def side(self) -> str:
        """The side of the books it belongs to."""
        return str(self.body.get("side") or KINDS[self.kind].side)

    @property
    def key(self) -> str:
        """How other documents name it."""
        return f"{self.source}:{self.external_id}"

    @property
    def decider(self) -> str:
        """Who agreed or refused before it was posted; empty when nobody was asked."""
        return str(self.decided_by or (self.decided_through.name if self.decided_through else ""))

    @property
    def total_text(self) -> str:
        """Total with its currency, for people."""
        return text_of(self.total, self.currency)


class SourceValueQuerySet(TenantOwnedQuerySet["SourceValue"]):
    """Words of the sources."""

    def of(self, connection: Connection, subject: str) -> Self:
        """All words of one subject of a connection."""
        return self.filter(connection=connection, subject=subject)


# Counters move with every document; the trail keeps that a word appeared, the documents keep the rest.
@audited(pghistory.InsertEvent(), pghistory.DeleteEvent())
class SourceValue(TenantOwned):
    """One word a source uses, and how often."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="source_values")
    subject = models.CharField(max_length=20, choices=Subject)
    side = models.CharField(max_length=10, choices=Side)
    value = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    occurrences = models.PositiveIntegerField(default=0, help_text="Documents that used it.")

    objects = SourceValueQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "subject", "side", "value"],
                name="one_row_per_source_value",
                violation_error_message="This value is already listed.",
            ),
        ]

    def __str__(self) -> str:
        return self.value


@audited(pghistory.InsertEvent(), pghistory.DeleteEvent())
class DocumentValue(TenantOwned):
    """A document uses a word: how many documents wait for each is one query over this."""

    document = models.ForeignKey(SourceDocument, on_delete=models.CASCADE, related_name="uses")
    source_value = models.ForeignKey(SourceValue, on_delete=models.CASCADE, related_name="uses")
    lines = models.PositiveIntegerField(help_text="Lines of the document that use it.")
    amount = models.DecimalField(max_digits=20, decimal_places=6, help_text="Sum of those lines.")
    is_missing = models.BooleanField(default=False, help_text="At the last look this word kept the document waiting.")

    class Meta:
        indexes: ClassVar = [
            # The workbench counts what waits for each word; words that keep nothing waiting are not in the index.
            models.Index(fields=["source_value"], name="use_missing", condition=models.Q(is_missing=True)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document", "source_value"],
                name="one_use_per_document_and_value",
                violation_error_message="This document already uses this value.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} uses {self.source_value_id}"
