"""User-defined fields of a tenant's ledger, and what the tenant's documents call them."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.record import Resource
from tenants.audit import audited
from tenants.models import TenantOwned

KEY = RegexValidator(r"^[a-z][a-z0-9_]{0,59}$", "Use small letters, digits and underscores, such as po_number.")


@audited(only_when=("name", "type", "key"))
class CustomField(TenantOwned):
    """One field that people added to their ledger; `key` is the attribute of source documents that fills it."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        BOOL = "bool", "Yes or no"
        CHOICE = "choice", "Choice"
        LIST = "list", "Several choices"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="custom_fields")
    resource = models.CharField(max_length=30, choices=Resource)
    external_id = models.CharField(max_length=100, help_text="The ledger's own id or script name of the field.")
    name = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.TEXT)
    choices = models.JSONField(default=list, blank=True, help_text="[{id, name}] of a choice.")
    is_writable = models.BooleanField(default=True)
    key = models.CharField(max_length=60, blank=True, validators=[KEY], help_text="Filled from this attribute.")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "resource", "external_id"], name="one_row_per_custom_field"),
            models.UniqueConstraint(
                fields=["connection", "resource", "key"],
                condition=~models.Q(key=""),
                name="one_custom_field_per_key",
                violation_error_message="Another field of these records is already filled from this attribute.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id
