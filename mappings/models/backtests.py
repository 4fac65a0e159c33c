"""Back-tests: a version tried on real documents before it holds."""

from typing import ClassVar

from django.db import models

from integrations.models import Work
from mappings.models.versions import MappingSet
from tenants.audit import audited


@audited(only_when=("status",))
class BackTest(Work):
    """One version run over a connection's last documents, held against what holds now; it writes nothing else.

    queued → running → done or failed. `report` is what `mappings.services.backtests` adds up.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    mapping_set = models.ForeignKey(MappingSet, on_delete=models.CASCADE, related_name="back_tests")
    wanted = models.PositiveIntegerField("documents", help_text="So many of the last documents are tried.")
    looked_at = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Documents there are to try, at most `wanted`.")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    report = models.JSONField(default=dict, blank=True)
    content = models.CharField(
        max_length=64, blank=True, help_text="Digest of the version's rules when it was tried; another: outdated."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mapping_set", "-created_at"], name="back_test_latest"),
            # The sweep looks only at what is not finished.
            models.Index(
                fields=["available_at"], name="back_test_due", condition=models.Q(status__in=["queued", "running"])
            ),
        ]
        verbose_name = "back-test"

    def __str__(self) -> str:
        return f"Back-test of {self.mapping_set}"

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a worker or is under way."""
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def percent(self) -> int:
        """How far it is."""
        return 100 * self.looked_at // self.total if self.total else 0
