"""Files that belong to what is written to a ledger: kept here as they came, and hung on the ledger's record."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from tenants.audit import audited
from tenants.models import PartnerGrant, TenantOwned, TenantOwnedQuerySet

ORIGIN = "kept_file"
"""Where postings come from that hang a file on a record."""


class KeptFileQuerySet(TenantOwnedQuerySet["KeptFile"]):
    """Files by what they belong to."""

    def of_origin(self, kind: str, origin_id: object) -> Self:
        """All files of one source document, oldest first, without their bytes."""
        return self.filter(origin_kind=kind, origin_id=origin_id).defer("content").order_by("id")


@audited(exclude=("content",))
class KeptFile(TenantOwned):
    """One file, such as the receipt of an expense; the same content belongs to its origin once."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="kept_files")
    origin_kind = models.CharField(max_length=30, help_text="source_document.")
    origin_id = models.UUIDField()
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="In bytes.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content.")
    content = models.BinaryField(editable=False, help_text="The file itself.")
    external_id = models.CharField(max_length=200, blank=True, help_text="The ledger's own id of it, once it is there.")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    grant = models.ForeignKey(PartnerGrant, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = KeptFileQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "file"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "origin_kind", "origin_id", "digest"],
                name="one_file_per_content",
                violation_error_message="This file is there already.",
            ),
            # Some ledgers replace a file by another one of its name.
            models.UniqueConstraint(
                fields=["tenant", "origin_kind", "origin_id", "name"],
                name="one_file_per_name",
                violation_error_message="A file of this name is there already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
