"""Names for references that a ledger sends as a bare id (QuickBooks does so for the tax code of a line)."""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from integrations.models import LedgerRecord

Names = dict[tuple[str, str], str]


def with_names(unified: dict[str, Any], targets: dict[str, Any], mirror: QuerySet[LedgerRecord]) -> dict[str, Any]:
    """A copy of a record or body whose nameless references carry the mirror's names; one query, or none.

    `targets` says which resource the reference below a key leads to; `mirror` holds the connection's records.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for resource, external_id in _nameless(unified, targets):
        wanted[resource].add(external_id)
    if not wanted:
        return unified
    of_these = reduce(or_, (Q(resource=resource, external_id__in=ids) for resource, ids in wanted.items()))
    rows = mirror.filter(of_these).values_list("resource", "external_id", "name")
    names = {(resource, external_id): name for resource, external_id, name in rows}
    named = _filled(unified, targets, names)
    return named if isinstance(named, dict) else unified


def _lacks_name(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and not value.get("name")


def _nameless(value: Any, targets: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for part in value:
            yield from _nameless(part, targets)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key in targets and _lacks_name(part):
                yield str(targets[key]), part["id"]
            else:
                yield from _nameless(part, targets)


def _filled(value: Any, targets: dict[str, Any], names: Names) -> Any:
    if isinstance(value, list):
        return [_filled(part, targets, names) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {**part, "name": names.get((str(targets[key]), part["id"]))}
        if key in targets and _lacks_name(part)
        else _filled(part, targets, names)
        for key, part in value.items()
    }
