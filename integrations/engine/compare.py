"""Whether a record found in a ledger is the one that was written: every value that was given must be there."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

# The ledger gives these itself, or they are only names of something else.
_NOT_COMPARED = frozenset(
    {"external_id", "version", "remote_type", "modified_at", "created_at", "remote_fields", "name_of"}
)


# Ledgers list these in an order of their own, among those that were there before.
_UNORDERED = frozenset({"allocations", "links", "dimensions", "custom_fields"})


def differences(wanted: Any, found: Any, path: str = "") -> list[str]:
    """The paths at which `found` does not hold what `wanted` gives; empty when it holds all of it."""
    if wanted is None or wanted == "" or wanted == [] or wanted == {}:
        return []
    if isinstance(wanted, Mapping):
        return _object_differences(wanted, found, path)
    if isinstance(wanted, list):
        return _list_differences(wanted, found, path)
    return [] if _equal(wanted, found) else [path or "."]


def _object_differences(wanted: Mapping[str, Any], found: Any, path: str) -> list[str]:
    if not isinstance(found, Mapping):
        return [path or "."]
    keys = ["id"] if _is_reference(wanted) else [key for key in wanted if key not in _NOT_COMPARED]
    missing = []
    for key in keys:
        if key == "id" and not _is_reference(wanted):
            continue
        missing.extend(differences(wanted[key], found.get(key), f"{path}.{key}" if path else key))
    return missing


def _is_reference(value: Mapping[str, Any]) -> bool:
    return "id" in value and set(value) <= {"id", "name", "type"}


def _list_differences(wanted: list[Any], found: Any, path: str) -> list[str]:
    if not isinstance(found, list) or len(found) < len(wanted):
        return [path or "."]
    if path.rpartition(".")[2] in _UNORDERED:
        return [f"{path}.{n}" for n, item in enumerate(wanted) if all(differences(item, other) for other in found)]
    missing = []
    for position, item in enumerate(wanted):
        missing.extend(differences(item, found[position], f"{path}.{position}"))
    return missing


def _equal(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return bool(wanted is found)
    if isinstance(wanted, Decimal | int) or isinstance(found, Decimal | int):
        return _number(wanted) is not None and _number(wanted) == _number(found)
    if isinstance(wanted, datetime | date) or isinstance(found, datetime | date):
        return _day(wanted) == _day(found)
    return str(wanted).strip() == str("" if found is None else found).strip()


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]
