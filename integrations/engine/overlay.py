"""What tenants' expressions make of a record: values laid over the declaration's, and marks that tell which and why.

A mark stands in `overrides` of the unified record: {"field", "version", "declared"?, "error"?}. `declared` is what the
declaration had read; an error means that its value stayed.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from integrations.engine import paths
from integrations.engine.compare import differences
from integrations.engine.expressions import NOTHING, Problem, Result
from integrations.unified import SCHEMAS
from integrations.unified.checking import check

MARKS = "overrides"
CUSTOM = "custom_fields."
_OWN = "portal:"
"""Before the id of a custom field that is the portal's alone: it is in no ledger."""

# What a record is known by, what it is worth, and whether it holds: the ledger's word only.
_LEDGERS_WORD = frozenset({
    "external_id", "remote_type", "version", "created_at", "modified_at", "remote_fields", "custom_fields", "status",
    "currency", "exchange_rate", "account", "other_account", "issued_on", MARKS,
})  # fmt: skip
_LEDGERS_KINDS = frozenset({"money", "list", "object"})
_LEDGERS_OWN = {"bank_transactions": frozenset({"type"}), "company_info": frozenset(SCHEMAS["company_info"])}

# By these a write whose answer was lost is found again, and of these the books are made: mapped, never overridden.
_KEPT_ON_WRITING = frozenset({
    "external_id", "version", "number", "reference", "name", "code", "contact", "issued_on", "currency",
    "exchange_rate", "total", "subtotal", "tax_total", "amount", "balance", "unapplied", "account", "other_account",
    "tax_mode", "allocations", "type", "contact_type", "status", "method",
})  # fmt: skip
_KEPT_IN_LINES = frozenset({
    "kind", "item", "account", "quantity", "unit_price", "amount", "tax_rate", "tax_amount", "gross_amount", "debit",
    "credit", "contact",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression in force."""

    target: str
    expression: str
    version: int


def targets(resource: str) -> list[str]:
    """The unified fields that may be given by an expression on reading, besides `custom_fields.NAME`."""
    own = _LEDGERS_OWN.get(resource, frozenset())
    schema = SCHEMAS[resource]
    return sorted(
        name for name, spec in schema.items() if name not in _LEDGERS_WORD | own and spec.kind not in _LEDGERS_KINDS
    )


def target_problem(resource: str, target: str, *, is_reading: bool) -> str:
    """Why a field cannot be overridden, in words with the remedy; empty when it can."""
    if not is_reading:
        return _path_problem(target)
    if target.startswith(CUSTOM):
        name = target.removeprefix(CUSTOM)
        is_plain = bool(name) and len(name) <= 80 and name == name.strip() and name.isprintable()
        return "" if is_plain else "Name the custom field after the dot, such as custom_fields.region."
    if target in targets(resource):
        return ""
    if target in SCHEMAS[resource]:
        return (
            f"{target} is the ledger's word alone: identity, state, amounts and days of the books are not overridden. "
            f"Put what you need into custom_fields.{target}."
        )
    return f"{target} is unknown; expected custom_fields.NAME or one of {', '.join(targets(resource))}."


def _path_problem(target: str) -> str:
    steps = target.split(".")
    if (
        not target
        or len(steps) > 8
        or any(not step or step != step.strip() or not step.isprintable() for step in steps)
    ):
        return (
            "Write a path in the ledger's record, such as PrivateNote, CustomField.0.StringValue or Line.*.Description."
        )
    if any(step.lstrip("-").isdecimal() and int(step) not in range(200) for step in steps):
        return "A position in a list is a number from 0 to 199."
    if steps[0] == "*" or steps.count("*") > 1:
        return "A path begins with a name, and has at most one *: every item of a list."
    return ""


# Reading --------------------------------------------------------------------------------------------------------------


def declared(unified: Mapping[str, Any]) -> dict[str, Any]:
    """The record as the declaration alone reads it."""
    found = {name: value for name, value in unified.items() if name != MARKS}
    for mark in unified.get(MARKS) or ():
        field = mark["field"]
        if "error" in mark:
            continue
        if field.startswith(CUSTOM):
            found["custom_fields"] = _without_own(found.get("custom_fields"), field.removeprefix(CUSTOM), mark)
        elif "declared" in mark:
            found[field] = mark["declared"]
        else:
            found.pop(field, None)
    return found


def laid_over(resource: str, unified: Mapping[str, Any], results: Iterable[tuple[Rule, Result]]) -> dict[str, Any]:
    """A declared record with the results over it and their marks; what does not fit leaves the value as it was."""
    found, marks = dict(unified), []
    for rule, result in results:
        if result is NOTHING:
            continue
        value = result if isinstance(result, Problem) else fitting(resource, rule.target, result)
        mark: dict[str, Any] = {"field": rule.target, "version": rule.version}
        if isinstance(value, Problem):
            mark["error"] = str(value)[:500]
        elif rule.target.startswith(CUSTOM):
            _put_custom(found, rule.target.removeprefix(CUSTOM), value, mark)
        else:
            if rule.target in found:
                mark["declared"] = found[rule.target]
            found[rule.target] = value
        marks.append(mark)
    if marks:
        found[MARKS] = marks
    return found


def fitting(resource: str, target: str, value: Any) -> Any:
    """The typed value of a field, or the Problem that it does not fit."""
    if value is None or target.startswith(CUSTOM):
        return value
    typed, wrong = check(SCHEMAS[resource], {target: value}, "")
    if not wrong:
        return typed[target]
    told = "; ".join(f"{problem.path} {problem.text}" for problem in wrong)
    return Problem("type", f"The result does not fit: {told}.", "Turn it into that: $string(…), $number(…), {'id': …}.")


def _put_custom(found: dict[str, Any], name: str, value: Any, mark: dict[str, Any]) -> None:
    rows = [dict(row) for row in found.get("custom_fields") or []]
    for row in rows:
        if name in (row.get("id"), row.get("name")):
            mark["declared"], row["value"] = row.get("value"), value
            break
    else:
        rows.append({"id": f"{_OWN}{name}", "name": name, "value": value})
    found["custom_fields"] = rows


def _without_own(rows: Any, name: str, mark: Mapping[str, Any]) -> list[Any]:
    if "declared" not in mark:
        return [row for row in rows or [] if row.get("id") != f"{_OWN}{name}"]
    return [
        {**row, "value": mark["declared"]} if name in (row.get("id"), row.get("name")) else row for row in rows or []
    ]


# Writing --------------------------------------------------------------------------------------------------------------


def written(
    body: Mapping[str, Any], results: Iterable[tuple[Rule, Result]]
) -> tuple[dict[str, Any], list[tuple[Rule, Problem]]]:
    """The ledger's record with the results at their paths, and those that could not be put there."""
    found, failed = deepcopy(dict(body)), []
    for rule, result in results:
        if result is NOTHING or result is None:
            continue
        if isinstance(result, Problem):
            failed.append((rule, result))
            continue
        try:
            _put(found, rule.target, result)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            remedy = f"Compare {rule.target} with the body beside it."
            failed.append((rule, Problem("path", f"{rule.target} leads nowhere: {error}.", remedy)))
    return found, failed


def _put(target: dict[str, Any], path: str, value: Any) -> None:
    before, star, after = path.partition("*")
    if not star or not isinstance(value, list):
        paths.putter(path)(target, value)
        return
    # A list of results: one for each item.
    items = paths.getter(before.rstrip("."))(target) or []
    if len(items) != len(value):
        raise ValueError(f"{len(value)} results for {len(items)} items")
    for item, each in zip(items, value, strict=True):
        if each is not None:
            paths.putter(after.lstrip("."))(item, each)


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that differ, as `remote_fields` lays them over."""
    return {name: value for name, value in after.items() if name not in before or before[name] != value}


def altered(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The paths at which two readings of a record differ, without those that a ledger gives."""
    found = dict.fromkeys([*differences(before, after), *differences(after, before)])
    return sorted(_cut(path) for path in found)


def _cut(path: str) -> str:
    """A field of the record, or a field of one of its rows."""
    steps = path.split(".")
    return ".".join(steps[:3] if len(steps) > 2 and steps[1].isdecimal() and steps[0] == "lines" else steps[:1])


def kept(paths_altered: Iterable[str]) -> list[str]:
    """Those of the altered paths that an override must leave alone."""
    return sorted(
        path
        for path in paths_altered
        if path in _KEPT_ON_WRITING
        or (path.startswith("lines") and (path == "lines" or path.rpartition(".")[2] in _KEPT_IN_LINES))
    )


def without(record: Mapping[str, Any], ignored: Collection[str]) -> dict[str, Any]:
    """A unified record without these fields and fields of rows."""
    found = {name: value for name, value in record.items() if name not in ignored}
    for path in ignored:
        name, _, rest = path.partition(".")
        position, _, inner = rest.partition(".")
        rows = found.get(name)
        if inner and isinstance(rows, list) and int(position) < len(rows):
            rows = list(rows)
            rows[int(position)] = {key: value for key, value in rows[int(position)].items() if key != inner}
            found[name] = rows
    return found
