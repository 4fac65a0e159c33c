"""Pilots: a version really posted into companies of the simulated ledger before it holds."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from integrations.models import Work
from mappings.models.documents import SourceDocument
from mappings.models.versions import MappingSet
from tenants.audit import audited


@audited(only_when=("status",))
class Pilot(Work):
    """One version and the active one, each posting the same real documents into a simulated company of its own.

    queued → running → done, failed, or stopping → cancelled. The companies are gone when it is over; `report` stays,
    as `mappings.services.pilot_report` makes it.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Under way"
        STOPPING = "stopping", "Being stopped"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Stopped"

    mapping_set = models.ForeignKey(MappingSet, on_delete=models.CASCADE, related_name="pilots")
    wanted = models.PositiveIntegerField("documents", help_text="So many of the last documents are posted.")
    kinds = ArrayField(
        models.CharField(max_length=20, choices=SourceDocument.Kind),
        default=list,
        blank=True,
        help_text="Only documents of these kinds; none named: of all.",
    )
    dated_from = models.DateField(null=True, blank=True, help_text="Only documents dated on or after.")
    dated_to = models.DateField(null=True, blank=True, help_text="Only documents dated on or before.")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    step = models.CharField(max_length=60, blank=True, help_text="What is done just now, in words.")
    looked_at = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Documents to post, in all companies together.")
    report = models.JSONField(default=dict, blank=True)
    content = models.CharField(
        max_length=64, blank=True, help_text="Digest of the version's rules when it ran; another: outdated."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mapping_set", "-created_at"], name="pilot_latest"),
            # The sweep looks only at what is not finished.
            models.Index(
                fields=["available_at"],
                name="pilot_due",
                condition=models.Q(status__in=["queued", "running", "stopping"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Pilot of {self.mapping_set}"

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a worker, is under way or being stopped."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING, self.Status.STOPPING)

    @property
    def percent(self) -> int:
        """How far it is."""
        return 100 * self.looked_at // self.total if self.total else 0

    @property
    def headline(self) -> str:
        """Such as "120 documents, 3 accounts differ"; empty until it is done."""
        if self.status != self.Status.DONE:
            return ""
        report: dict[str, Any] = self.report
        count, unlike = report["documents"], report["unlike"]
        if not count:
            return "no document to post"
        if report["against"] is not None:
            said = f"{unlike} account{_s(unlike)} differ{'s' if unlike == 1 else ''}" if unlike else "books equal"
        else:
            apart = len(report["apart"])
            said = f"{apart} account{_s(apart)} not as predicted" if apart else "booked as predicted"
        stopped = report["companies"]["draft"]["refused"]
        return f"{count:,} document{_s(count)}, {said}" + (f", {stopped} refused by the ledger" if stopped else "")


def _s(count: int) -> str:
    return "" if count == 1 else "s"
