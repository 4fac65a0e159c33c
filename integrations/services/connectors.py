"""What the manifests say, in the words of the services: which resources, which operations, how something is undone."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError

from integrations.engine import manifest
from integrations.engine.declarations import Connector
from integrations.engine.ways import Way
from integrations.models import Connection, Posting, Resource


def connector_of(connection: Connection) -> Connector:
    """The declaration of the connection's ledger."""
    return manifest.load(connection.connector)


def way_of(connection: Connection) -> Way:
    """How the ledger lets this connection in."""
    return connector_of(connection).way(connection.way)


def readable_resources(connector: Connector) -> list[str]:
    """The resources a sync reads, in the manifest's order (what others refer to comes first)."""
    return [
        name
        for name, resource in connector.resources.items()
        if any(entity.paging is not None for entity in resource.entities.values())
    ]


def has_change_feed(connector: Connector, resource: str) -> bool:
    """Whether one question for changes covers the resource entirely."""
    entities = connector.resources[resource].entities.values()
    return connector.changes is not None and all(entity.in_changes for entity in entities)


def tells_modified(connector: Connector, resource: str) -> bool:
    """Whether its lists can be asked for what was modified since a moment."""
    return all(entity.paging.tells_changes for entity in connector.resources[resource].entities.values())


def tells_deleted(connector: Connector, resource: str) -> bool:
    """Whether deletions are told, so that nothing has to be read again to notice them."""
    return connector.deletions is not None and connector.deletions.covers(resource)


def known_resources(connector_name: str, names: Sequence[str]) -> list[str]:
    """The names with underscores; ValidationError names one that the ledger does not have, and those it has."""
    known = readable_resources(manifest.load(connector_name))
    wanted = [name.replace("-", "_") for name in names]
    for name in wanted:
        if name not in known:
            raise ValidationError(f"This ledger has no {name.replace('_', ' ')}. It has: {', '.join(known)}.")
    return list(dict.fromkeys(wanted))


def check_operation(connector_name: str, resource: str, operation: str) -> None:
    """ValidationError when no kind of record of the resource knows the operation."""
    connector = manifest.load(connector_name)
    known = _operations(connector, resource) if resource in connector.resources else set()
    if operation not in known and not (operation == Posting.Operation.ATTACH and takes_files(connector, resource)):
        raise ValidationError(f"{connector.label} cannot {operation} {resource.replace('_', ' ')}.")


def takes_files(connector: Connector, resource: str) -> bool:
    """Whether files can be hung on records of the resource."""
    return connector.files is not None and resource in connector.files.kinds


def settles_bank_lines(connector: Connector, resource: str) -> bool:
    """Whether a waiting line of the ledger's own feed can become a document of the resource, or be matched there."""
    entities = connector.resources[resource].entities.values() if resource in connector.resources else ()
    if resource == Resource.BANK_LINES:
        return any("allocate" in entity.operations for entity in entities)
    creates = [entity.operations["create"] for entity in entities if "create" in entity.operations]
    return any("bank_line" in verb.when for verb in creates)


def reversal_of(connector_name: str, resource: str, remote_type: str = "") -> str:
    """How a posted document is undone: void where the ledger can, otherwise delete; ValidationError when neither."""
    connector = manifest.load(connector_name)
    known = _operations(connector, resource, remote_type)
    for operation in (Posting.Operation.VOID, Posting.Operation.DELETE):
        if operation in known:
            return operation.value
    raise ValidationError(
        f"{connector.label} offers no way to undo {resource.replace('_', ' ')}. Post a document that corrects it."
    )


def needs_day(connector_name: str, resource: str, operation: str, remote_type: str = "") -> bool:
    """Whether the operation has to say on which day it takes place: a reversing entry has a date of its own."""
    entities = manifest.load(connector_name).resources[resource].entities
    chosen = [entities[remote_type]] if remote_type in entities else list(entities.values())
    verbs = [entity.operations[operation] for entity in chosen if operation in entity.operations]
    return any("issued_on" in verb.needs for verb in verbs)


def _operations(connector: Connector, resource: str, remote_type: str = "") -> set[str]:
    entities = connector.resources[resource].entities
    chosen = [entities[remote_type]] if remote_type in entities else list(entities.values())
    return {operation for entity in chosen for operation in entity.operations}
