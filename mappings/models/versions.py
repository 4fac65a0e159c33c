"""Versions of a connection's mappings: one draft at most, one active at most, and nobody approves their own change."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import MD5, Cast
from django.utils import timezone

from integrations.models import Connection, Resource
from mappings.transform.rules import question_in_words
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class Subject(models.TextChoices):
    """What kind of word of the source is mapped."""

    CATEGORY = "category", "Categories"
    TAX_CODE = "tax_code", "Tax codes"
    PAYMENT_METHOD = "payment_method", "Payment methods"
    DIMENSION = "dimension", "Dimensions"
    LOCATION = "location", "Locations"
    CONTACT = "contact", "Contacts"
    ITEM = "item", "Items"
    CURRENCY = "currency", "Currencies"


class Side(models.TextChoices):
    """Where the word is used: the same category may mean income on a sale and cost on a purchase."""

    SALES = "sales", "Sales"
    PURCHASES = "purchases", "Purchases"
    BOOKS = "books", "Adjustments"


class MappingSetQuerySet(TenantOwnedQuerySet["MappingSet"]):
    """Versions by state."""

    def active(self) -> Self:
        """The versions that were approved last."""
        return self.filter(status=MappingSet.Status.ACTIVE)

    def approved(self) -> Self:
        """The active version and those it replaced."""
        return self.filter(status__in=[MappingSet.Status.ACTIVE, MappingSet.Status.SUPERSEDED])

    def open(self) -> Self:
        """Versions still being worked on or waiting for approval."""
        return self.filter(status__in=[MappingSet.Status.DRAFT, MappingSet.Status.SUBMITTED])


@audited()
class MappingSet(TenantOwned):
    """One version of what the source's words mean in one connection's ledger.

    draft → submitted → active → superseded, or submitted → rejected (sent back; the work goes on in the next draft).
    `preparing` lasts only inside the transaction that copies an earlier version to make it active again.
    """

    class Status(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Waiting for approval"
        ACTIVE = "active", "Active"
        SUPERSEDED = "superseded", "Replaced"
        REJECTED = "rejected", "Sent back"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mapping_sets")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    editors = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="Ids of everybody whose change is in this version; none of them may approve it.",
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_comment = models.TextField(blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    rejected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rejected_at = models.DateTimeField(null=True, blank=True)
    decision_comment = models.TextField(blank=True, help_text="Why it was approved, sent back or rolled back to.")
    holds_from = models.DateField(
        null=True, blank=True, help_text="Documents dated before keep the version that was active before; empty: none."
    )

    objects = MappingSetQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "version"],
                name="one_mapping_set_per_version",
                violation_error_message="This version number is taken; reload the page.",
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status="active"),
                name="one_active_mapping_set",
                violation_error_message="Another version is active; it must be replaced first.",
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(status__in=["draft", "submitted"]),
                name="one_open_mapping_set",
                violation_error_message="There is already a draft or a version waiting for approval.",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("submitted_by")),
                name="nobody_approves_what_they_submitted",
                violation_error_message="Another person must approve what you submitted.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["active", "superseded"]) | models.Q(approved_by__isnull=False),
                name="active_mapping_set_was_approved",
                violation_error_message="A version becomes active only by somebody's approval.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="submitted") | models.Q(submitted_by__isnull=False),
                name="submitted_mapping_set_says_who",
                violation_error_message="A submitted version names who submitted it.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="mapping_set_list")]
        verbose_name = "mapping version"

    def __str__(self) -> str:
        return f"{self.connection}: version {self.version}"

    @property
    def is_draft(self) -> bool:
        """Whether values may still change."""
        return self.status == self.Status.DRAFT


_ONLY_DRAFTS = """
    IF EXISTS (
        SELECT 1 FROM mappings_mappingset s
        WHERE s.id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.mapping_set_id ELSE NEW.mapping_set_id END)
          AND s.status NOT IN ('draft', 'preparing')
    ) THEN
        RAISE EXCEPTION 'Only a draft can be changed; a submitted or approved version stays as it was decided on.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


@audited()
class ValueMapping(TenantOwned):
    """A rule of one version: this word of the source, on this side, is this record of the ledger.

    Without a word it is the default of its subject; `conditions` ({field: text}, see `transform.conditions`) ask for
    more of the document, and it holds for documents dated from `effective_from`. The priority follows from these:
    the more exact rule first, then the later date; rules that could win equally are refused (`transform.rules`).
    """

    mapping_set = models.ForeignKey(MappingSet, on_delete=models.CASCADE, related_name="values")
    subject = models.CharField(max_length=20, choices=Subject)
    side = models.CharField(max_length=10, choices=Side)
    value = models.CharField(
        max_length=200, blank=True, help_text="The source's own word, exactly as it is sent; empty: any."
    )
    conditions = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="What else the document must say, by field."
    )
    effective_from = models.DateField(
        "holds from", null=True, blank=True, help_text="For documents dated on or after; empty: for all."
    )
    target_resource = models.CharField(max_length=30, choices=Resource)
    target_external_id = models.CharField(max_length=100)
    target_remote_type = models.CharField(max_length=40)
    target_name = models.CharField(max_length=300, help_text="Code and name when it was chosen; the ledger may rename.")
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was suggested, if a suggestion was taken.")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            # The look-up goes by the first four; the digest keeps long conditions within an index row.
            models.UniqueConstraint(
                "mapping_set",
                "subject",
                "side",
                "value",
                MD5(Cast("conditions", models.TextField())),
                "effective_from",
                nulls_distinct=False,
                name="one_target_per_rule",
                violation_error_message="This version has a rule for just this already.",
            ),
            models.CheckConstraint(
                condition=models.Q(confidence=None) | models.Q(confidence__gte=0, confidence__lte=1),
                name="mapping_confidence_is_a_share",
                violation_error_message="Confidence is between 0 and 1.",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="only_drafts_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func=_ONLY_DRAFTS,
            )
        ]
        verbose_name = "rule"

    def __str__(self) -> str:
        return f"{self.words} = {self.target_name}"

    @property
    def words(self) -> str:
        """What it holds for, such as "category “Food” with country DE, from 2026-01-01"."""
        since = self.effective_from.isoformat() if self.effective_from else ""
        return question_in_words(self.subject, self.value, self.conditions, since)

    @property
    def target_key(self) -> tuple[str, str, str]:
        """The ledger's record: (resource, remote type, external id)."""
        return (self.target_resource, self.target_remote_type, self.target_external_id)
