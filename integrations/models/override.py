"""A tenant's own way of reading or writing one field, in versions; what it did to a write; the re-reading."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.posting import Posting
from integrations.models.record import Resource
from integrations.models.sync import Work
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet

_USER = settings.AUTH_USER_MODEL


class FieldOverrideQuerySet(TenantOwnedQuerySet["FieldOverride"]):
    """Versions by state and place."""

    def active(self) -> Self:
        """Those in force."""
        return self.filter(status=FieldOverride.Status.ACTIVE)

    def open(self) -> Self:
        """Those being worked on or waiting for approval."""
        return self.filter(status__in=[FieldOverride.Status.DRAFT, FieldOverride.Status.SUBMITTED])

    def beside(self, row: "FieldOverride") -> Self:
        """All versions of the same field in the same direction."""
        return self.for_tenant(row.tenant_id).filter(
            connection_id=row.connection_id, resource=row.resource, direction=row.direction, target=row.target
        )


@audited()
class FieldOverride(TenantOwned):
    """One version of an expression that gives a field instead of the connector's declaration.

    draft → submitted → active → superseded (replaced, or taken out of force), or submitted → rejected. Only a draft's
    text changes. Reading: `target` is a unified field, or `custom_fields.name`. Writing: a path in the ledger's record.
    """

    class Direction(models.TextChoices):
        READ = "read", "On reading"
        WRITE = "write", "On writing"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Waiting for approval"
        ACTIVE = "active", "In force"
        SUPERSEDED = "superseded", "Was in force"
        REJECTED = "rejected", "Sent back"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="overrides")
    resource = models.CharField(max_length=30, choices=Resource)
    direction = models.CharField(max_length=10, choices=Direction)
    target = models.CharField(
        "field",
        max_length=120,
        help_text="A unified field or custom_fields.name; on writing a path such as PrivateNote.",
    )
    version = models.PositiveIntegerField()
    expression = models.TextField(help_text="JSONata over the ledger's record; on writing over the unified record.")
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    editors = models.JSONField(
        default=list, help_text="Ids of everybody who worked on it; none of them may approve it."
    )
    created_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_by = models.ForeignKey(_USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Why it is wanted, by who submitted it.")
    decided_by = models.ForeignKey(_USER, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.TextField(blank=True, help_text="Why it was approved, sent back or taken out of force.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it stopped being in force.")

    objects = FieldOverrideQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "resource", "direction", "target", "version"],
                name="one_override_per_version",
                violation_error_message="This version exists already; reload the page.",
            ),
            models.UniqueConstraint(
                fields=["connection", "resource", "direction", "target"],
                condition=models.Q(status="active"),
                name="one_active_override_per_field",
                violation_error_message="Another version for this field is in force; it must be replaced first.",
            ),
            models.UniqueConstraint(
                fields=["connection", "resource", "direction", "target"],
                condition=models.Q(status__in=["draft", "submitted"]),
                name="one_open_override_per_field",
                violation_error_message="There is a draft for this field already: open that one.",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("submitted_by")),
                name="nobody_decides_on_their_own_override",
                violation_error_message="Another person must decide about what you submitted.",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["active", "superseded"]) | models.Q(decided_by__isnull=False),
                name="active_override_was_approved",
                violation_error_message="An override comes into force only by somebody's approval.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="override_list")]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="only_a_draft_changes",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND (OLD.expression, OLD.target, OLD.resource, OLD.direction, OLD.version)"
                    " IS DISTINCT FROM (NEW.expression, NEW.target, NEW.resource, NEW.direction, NEW.version)"
                ),
                func="""
    RAISE EXCEPTION 'Only a draft can be changed; a submitted or approved expression stays as it was decided on.'
        USING ERRCODE = 'check_violation';
""",
            )
        ]
        verbose_name = "field override"

    def __str__(self) -> str:
        way = self.get_direction_display().lower()
        return f"{self.get_resource_display()}: {self.target} {way}, version {self.version}"


class OverriddenWrite(TenantOwned):
    """What overrides made of one posting when it was first sent: a repetition must be the same to the byte."""

    posting = models.OneToOneField(Posting, on_delete=models.CASCADE, related_name="overridden")
    edition = models.PositiveIntegerField(help_text="Of the posting; another edition is made anew.")
    remote_fields = models.JSONField(help_text="Properties in the ledger's words, laid over what the declaration says.")
    altered = models.JSONField(default=list, help_text="Paths of the unified record that therefore read otherwise.")
    applied = models.JSONField(default=list, help_text='[{"field", "version"}]')
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.posting_id}: {', '.join(self.remote_fields)}"


class Rereading(Work):
    """The stored records of one resource laid over anew, without calls: queued → running → done or failed."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Re-reading"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="rereadings")
    resource = models.CharField(max_length=30, choices=Resource)
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="Records on which an expression failed.")
    is_last_look = models.BooleanField(default=False, help_text="It only looks for what was stored in between.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "resource"], name="one_rereading_per_resource"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["available_at"], name="rereading_due", condition=models.Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_resource_display()} of {self.connection}: {self.get_status_display().lower()}"
