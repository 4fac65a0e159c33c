"""Questions to a ledger that are asked on demand, and their answers: reports, files, lists of user-defined fields."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from integrations.models.connection import Connection
from integrations.models.sync import Work
from tenants.audit import audited


@audited(exclude=("answer", "content"), only_when=("status", "error_code"))
class Fetch(Work):
    """One question and, once a worker has asked it, its answer; forgotten when it is older than `expires_at`."""

    class Kind(models.TextChoices):
        REPORT = "report", "Report"
        ATTACHMENTS = "attachments", "List of attachments"
        FILE = "file", "Attachment"
        CUSTOM_FIELDS = "custom_fields", "Custom fields"

    class Status(models.TextChoices):
        QUEUED = "queued", "Asking the ledger"
        DONE = "done", "Answered"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="fetches")
    kind = models.CharField(max_length=20, choices=Kind)
    params = models.JSONField(default=dict, help_text="What is asked for, such as a report's name and dates.")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    answer = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    content = models.BinaryField(null=True, editable=False, help_text="The bytes of a file.")
    expires_at = models.DateTimeField(help_text="The answer is forgotten then.")

    class Meta:
        # What people call the page that shows them.
        verbose_name = "report"
        indexes: ClassVar = [
            models.Index(fields=["connection", "kind", "-id"], name="fetch_latest"),
            # The sweeper reads only what waits.
            models.Index(fields=["available_at"], name="fetch_due", condition=models.Q(status="queued")),
            models.Index(fields=["expires_at"], name="fetch_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.connection}"
