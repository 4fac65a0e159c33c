"""Suggestions that somebody said no to; deleting the row takes the refusal back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.models import Connection
from tenants.audit import audited
from tenants.models import TenantOwned


@audited()
class RefusedSuggestion(TenantOwned):
    """For this word, not that record: it is never suggested for it again, and its words count against it elsewhere."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="refused_suggestions")
    subject = models.CharField(max_length=20)
    side = models.CharField(max_length=10)
    value = models.CharField(max_length=200)
    external_id = models.CharField(max_length=100)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    refused_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "subject", "side", "value", "external_id"], name="a_suggestion_is_refused_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} is not {self.external_id}"
