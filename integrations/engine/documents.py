"""Finding a ledger's records in any JSON it may come in: a record, a list, a list response, a change feed, a batch."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.engine import paths
from integrations.engine.declarations import Connector, Entity, Resource


def records(connector: Connector, resource: Resource, body: Any) -> Iterator[tuple[Entity, dict[str, Any]]]:
    """The records of a resource in a JSON value, in their order, each with its kind; without stubs of deleted ones."""
    inside = _enveloped(connector, body)
    for entity, record in _records(connector, resource, body if inside is None else inside, may_be_bare=True):
        # Rows of a query become what the ledger's own records are.
        yield entity, entity.paging.rows([record], {})[0]


def _enveloped(connector: Connector, body: Any) -> Any:
    """What stands in the one envelope of a ledger that has one for everything, None elsewhere."""
    path = connector.answers.one
    return None if path in ("", ".") or "{" in path else paths.getter(path)(body)


def _records(
    connector: Connector, resource: Resource, body: Any, *, may_be_bare: bool
) -> Iterator[tuple[Entity, dict[str, Any]]]:
    """`may_be_bare`: outside any envelope an object with an id is a record; inside one its key says so."""
    if isinstance(body, list):
        for item in body:
            yield from _records(connector, resource, item, may_be_bare=may_be_bare)
    elif isinstance(body, Mapping):
        bare = resource.entity_of(body)
        if may_be_bare and bare.identity(body):
            if not _is_gone(connector, bare, body):
                yield bare, dict(body)
        else:
            yield from _in_object(connector, resource, body)


def _in_object(
    connector: Connector, resource: Resource, body: Mapping[str, Any]
) -> Iterator[tuple[Entity, dict[str, Any]]]:
    by_key = {entity.key: entity for entity in resource.entities.values()}
    for key, value in body.items():
        entity = by_key.get(key)
        if entity is None:
            yield from _records(connector, resource, value, may_be_bare=False)
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping) and not _is_gone(connector, entity, item):
                yield entity, dict(item)


def _is_gone(connector: Connector, entity: Entity, item: Mapping[str, Any]) -> bool:
    _, _, name = connector.answers.deleted_path.rpartition(".")
    return bool(name) and item.get(name) == connector.answers.deleted_value


def lookups(resource: Resource, body: Any) -> dict[str, Any]:
    """The lookups of a resource as far as the same JSON holds them: tables by key, or single records."""
    found: dict[str, Any] = {}
    for name, lookup in resource.lookups.items():
        rows = list(_under(lookup.entity, body))
        if lookup.key:
            get = paths.getter(lookup.key)
            found[name] = {str(get(row)): row for row in rows}
        else:
            found[name] = rows[0] if rows else {}
    return found


def _under(key: str, body: Any) -> Iterator[Any]:
    if isinstance(body, list):
        for item in body:
            yield from _under(key, item)
    elif isinstance(body, Mapping):
        for name, value in body.items():
            if name == key:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from _under(key, value)
