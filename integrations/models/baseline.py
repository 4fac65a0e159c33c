"""What both sides last agreed on about each document that the portal wrote: what drift is measured against."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from integrations.models.connection import Connection
from integrations.models.posting import Posting
from integrations.models.record import LedgerRecord
from tenants.models import TenantOwned


class Baseline(TenantOwned):
    """One written document as the ledger held it right after our last write, or as somebody accepted it since."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="baselines")
    record = models.OneToOneField(LedgerRecord, on_delete=models.CASCADE, related_name="baseline")
    posting = models.ForeignKey(Posting, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.JSONField(
        encoder=DjangoJSONEncoder, help_text="All that we wrote, later writes over earlier ones; only this is compared."
    )
    state = models.JSONField(encoder=DjangoJSONEncoder, help_text="The unified record that both sides agreed on.")
    previous = models.JSONField(
        null=True, encoder=DjangoJSONEncoder, help_text="The state before the ledger's version was accepted."
    )
    agreed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["connection", "-id"], name="baseline_by_connection")]

    def __str__(self) -> str:
        return f"{self.record} as agreed"
