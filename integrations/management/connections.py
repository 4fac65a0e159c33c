"""Connections as commands name them."""

from uuid import UUID

from django.core.management.base import CommandError

from integrations.services.sweeping import tenant_of_connection

_WRONG_USAGE = 2


def tenant_of(connection: str | UUID) -> UUID:
    """Whose connection it is, by its id. CommandError with exit status 2 where there is none of that id."""
    try:
        tenant_id = tenant_of_connection(UUID(str(connection)))
    except ValueError as error:
        raise CommandError(f"{connection!r} is no connection's id.", returncode=_WRONG_USAGE) from error
    if tenant_id is None:
        text = f"There is no connection {connection}. Its page in the portal shows its id."
        raise CommandError(text, returncode=_WRONG_USAGE)
    return tenant_id
