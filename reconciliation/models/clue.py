"""What lets a run for a few lines find their documents without reading all: keys, and how far the mirror was read."""

from typing import ClassVar

from django.db import models

from integrations.models import Connection, LedgerRecord
from tenants.models import Tenant, TenantOwned


class Clue(TenantOwned):
    """One key by which an open record, or a contact's name, is found from a bank line (`matching.clues`).

    Derived from the mirror by matching runs, never by a sync; large connections have them only.
    """

    # Without an index: a planner that knows nothing of a new table yet would read all of a tenant's clues by it.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", editable=False, db_index=False)
    # Not checked one by one, as there are very many and they are derived: what they lead to is read from the records.
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=330)
    on = models.DateField(help_text="The record's due day, or its own; of names always the same.")
    record = models.ForeignKey(
        LedgerRecord, null=True, on_delete=models.CASCADE, related_name="clues", db_constraint=False
    )
    contact = models.CharField(max_length=300, blank=True, help_text="Of a name: whose it is.")

    class Meta:
        indexes: ClassVar = [
            # The nearest days under a key, however many it has.
            models.Index(fields=["connection", "key", "on"], include=["record"], name="clue_by_key"),
        ]

    def __str__(self) -> str:
        return self.key


class MatchMark(TenantOwned):
    """Where matching of a connection stands: what of the mirror it knows, and when everything was last matched."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="match_mark")
    read_through = models.DateTimeField(help_text="What was stored later is not known to it yet.")
    whole_at = models.DateTimeField(help_text="When everything was matched with everything last.")
    since = models.DateField(help_text="Bookings before are not among the clues; for older lines everything is read.")
    basis = models.CharField(max_length=64, help_text="Digest of what everything was judged by; another asks for all.")
    names = models.PositiveIntegerField(default=0, help_text="How many names of contacts the clues hold.")

    def __str__(self) -> str:
        return f"{self.connection} through {self.read_through:%Y-%m-%d %H:%M:%S}"
