"""The cut-over: documents dated before a start date are in the ledger already and are linked there, never posted."""

from datetime import date
from typing import ClassVar, Self

import pghistory
from django.conf import settings
from django.db import models

from integrations.models import Connection, LedgerRecord, Resource, Work
from mappings.models.documents import SourceDocument
from tenants.audit import audited
from tenants.models import TenantOwned, TenantOwnedQuerySet


class CutOverQuerySet(TenantOwnedQuerySet["CutOver"]):
    """Cut-overs by state."""

    def in_force(self) -> Self:
        """Those that documents are held back by."""
        return self.filter(is_in_force=True)


@audited(only_when=("starts_on", "days_apart", "kinds", "is_in_force"))
class CutOver(Work):
    """From which day on a connection's documents are posted; those dated before are linked to what the ledger has.

    idle → queued → running → idle or failed. Only counted (`is_dry`) until a person puts it in force.
    """

    class Status(models.TextChoices):
        IDLE = "idle", "Ready"
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Comparing"
        FAILED = "failed", "Failed"

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="cut_over")
    starts_on: "models.DateField[date, date]" = models.DateField(
        "first day to post", help_text="Documents dated on or after this day are posted; earlier ones are linked."
    )
    days_apart = models.PositiveSmallIntegerField(
        "days apart", default=3, help_text="So many days the two dates may differ and still count as the same."
    )
    kinds = models.JSONField(default=list, help_text="Only documents of these kinds are held and linked; empty: all.")
    status = models.CharField(max_length=20, choices=Status, default=Status.IDLE)
    is_in_force = models.BooleanField(default=False)
    is_dry = models.BooleanField(default=True, help_text="The run only counts and writes nothing.")
    progress = models.JSONField(default=dict, help_text='{"phase", "done", "total"} of the run under way.')
    counts = models.JSONField(default=dict, help_text="What the last run found.")

    objects = CutOverQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["available_at"], name="cut_over_due", condition=models.Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"Cut-over of {self.connection}"

    @property
    def covered(self) -> models.Q:
        """Which documents of its connection it is about: dated before the start, and of its kinds."""
        kinds = self.kinds or SourceDocument.Kind.values
        return models.Q(connection_id=self.connection_id, issued_on__lt=self.starts_on, kind__in=kinds)

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a worker or compares just now."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)


class CutOverLinkQuerySet(TenantOwnedQuerySet["CutOverLink"]):
    """Documents of a cut-over by what became of them."""

    def undecided(self) -> Self:
        """Those that a person may still decide and a run may still find a partner for."""
        return self.filter(state__in=[CutOverLink.State.OPEN, CutOverLink.State.ALONE])

    def acceptable(self) -> Self:
        """Those with one proposal that nothing speaks against; what a person undid stays for a person."""
        rows = self.filter(state=CutOverLink.State.OPEN, is_ambiguous=False, is_kept_open=False)
        return rows.exclude(proposal=None)


@audited(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange("state", "external_id")),
    pghistory.DeleteEvent(),
    exclude=("candidates",),
)
class CutOverLink(TenantOwned):
    """One document dated before the start, and the ledger record it is; or who decided what else of it, and why."""

    class State(models.TextChoices):
        LINKED = "linked", "Linked"
        OPEN = "open", "To decide"
        ALONE = "alone", "Without partner"
        POST = "post", "Posted after all"
        LEFT_OUT = "left_out", "Left out"

    cut_over = models.ForeignKey(CutOver, on_delete=models.CASCADE, related_name="links")
    document = models.OneToOneField(SourceDocument, on_delete=models.CASCADE, related_name="cut_over_link")
    state = models.CharField(max_length=10, choices=State)
    record = models.ForeignKey(LedgerRecord, null=True, on_delete=models.SET_NULL, related_name="+")
    resource = models.CharField(max_length=30, choices=Resource, blank=True)
    remote_type = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=100, blank=True, help_text="Of the linked record; empty: not linked.")
    proposal = models.ForeignKey(LedgerRecord, null=True, on_delete=models.SET_NULL, related_name="+")
    confidence = models.PositiveSmallIntegerField(default=0, help_text="0 to 100, of the link or the proposal.")
    reasons = models.JSONField(default=list, help_text="Why, in sentences.")
    candidates = models.JSONField(default=list, help_text="[{record, confidence, reasons}], best first.")
    is_ambiguous = models.BooleanField(default=False, help_text="Another record, or another document, fits as well.")
    is_kept_open = models.BooleanField(default=False, help_text="A person undid it: no run links it by itself.")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True, help_text="The person's own words.")

    objects = CutOverLinkQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cut_over", "resource", "remote_type", "external_id"],
                condition=models.Q(state="linked"),
                name="a_ledger_record_is_linked_once",
                violation_error_message="Another document is linked to this record already. Undo that link first.",
            ),
            models.CheckConstraint(
                condition=models.Q(state="linked") ^ models.Q(external_id=""),
                name="linked_means_a_ledger_record_is_named",
            ),
        ]
        indexes: ClassVar = [
            # The three tabs of the page, the most certain first.
            models.Index(fields=["cut_over", "state", "-confidence", "id"], name="cut_over_tabs"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}: {self.state}"
