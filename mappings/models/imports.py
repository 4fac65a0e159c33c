"""Documents brought in as a file: checked as a whole, then taken in as a whole by a worker."""

from typing import ClassVar

from django.db import models

from integrations.models import Connection, Work
from tenants.audit import audited


@audited(exclude=("content",), only_when=("status",))
class DocumentImport(Work):
    """One uploaded file.

    queued → checking → checked (a person looks) → accepted → importing → imported, or failed: nothing was taken in.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting to be checked"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Checked"
        ACCEPTED = "accepted", "Waiting to be imported"
        IMPORTING = "importing", "Being imported"
        IMPORTED = "imported", "Imported"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="document_imports")
    name = models.CharField(max_length=200, help_text="Of the file.")
    content = models.BinaryField(help_text="The file; emptied when it has been imported.")
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    counts = models.JSONField(default=dict, help_text="rows, documents, new, same, errors.")
    problems = models.JSONField(default=list, help_text='The first: {"row", "column", "text"}.')

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="document_import_list"),
            models.Index(
                fields=["available_at"],
                name="document_import_due",
                condition=models.Q(status__in=["queued", "checking", "accepted", "importing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name
