"""Names that documents use for a contact which the ledger knows under another."""

from integrations.models import Connection, LedgerRecord
from mappings.models import ContactAlias


def spelling(name: str) -> str:
    """The form in which names are compared: single spaces, case folded."""
    return " ".join(name.split()).casefold()


def alias_of(connection: Connection, kind: str, name: str) -> LedgerRecord | None:
    """The active contact that a person said this name stands for; None without an alias, or when it is not there."""
    aliases = ContactAlias.objects.for_tenant(connection.tenant_id).filter(connection=connection, kind=kind)
    target = aliases.filter(name=spelling(name)).values("target_external_id")[:1]
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, "contacts")
    return rows.filter(kind=kind, is_active=True, external_id__in=target).first()
