"""A connection's configuration to files and from them: planned as a whole, and then all of it or nothing.

What comes in becomes a draft, for mappings and for expressions; wishes for the connection have no draft and are only
compared, unless somebody who may manage the connection asks for them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.models import Connection, FieldOverride
from integrations.services import overrides, policies, scheduling
from integrations.services.policies import Policy
from mappings import configuration as files
from mappings.configuration import Entry, Fault
from mappings.models import MappingSet, ValueMapping
from mappings.services.configuration_plan import Change, Plan
from mappings.services.configuration_rules import rules_in, rules_out
from mappings.services.targets import name_of
from mappings.services.versions import (
    VersionError,
    active_set,
    copy_set,
    open_set,
    remember_editor,
    serialise,
)
from tenants.models import User

_WISHES = ("read_only", "closed_period", "tax_tolerance", "sync_minutes")
_NAMES = {"read_only": "is_read_only"}


@dataclass(frozen=True)
class Imported:
    """The drafts that an import made."""

    mapping_set: MappingSet | None
    overrides: Sequence[FieldOverride]
    policies_changed: int


# Out ------------------------------------------------------------------------------------------------------------------


def exported(connection: Connection) -> dict[str, str]:
    """The files of what is in force; inside the tenant's scope."""
    return {
        "connection.yaml": files.written(_connection(connection)),
        "mappings.yaml": files.written({"format": files.FORMAT, "mappings": rules_out(connection)}),
        "overrides.yaml": files.written({"format": files.FORMAT, "overrides": _overrides(connection)}),
    }


def _connection(connection: Connection) -> dict[str, Any]:
    wishes = {name: _as_text(getattr(connection, _NAMES.get(name, name))) for name in _WISHES}
    given = {name: wish for name, policy in policies.all_of(connection).items() if (wish := _wish(policy))}
    found = {
        "format": files.FORMAT,
        "ledger": connection.connector,
        "organisation": connection.external_org_id,
        "name": connection.name,
        "policies": wishes,
    }
    return found | ({"resources": dict(sorted(given.items()))} if given else {})


def _wish(policy: Policy) -> dict[str, str]:
    """What of a resource's wishes is not the default."""
    plain = Policy(policy.resource)
    names = ("direction", "source_of_truth", "sync_minutes")
    return {n: _as_text(getattr(policy, n)) for n in names if getattr(policy, n) != getattr(plain, n)}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _overrides(connection: Connection) -> list[dict[str, str]]:
    rows = FieldOverride.objects.for_tenant(connection.tenant_id).active().filter(connection=connection)
    return [
        {
            "resource": row.resource,
            "direction": row.direction,
            "field": row.target,
            "expression": row.expression,
            **({"reason": row.reason} if row.reason else {}),
        }
        for row in rows.order_by("resource", "direction", "target")
    ]


# In -------------------------------------------------------------------------------------------------------------------


def planned(connection: Connection, given: Mapping[str, str]) -> Plan:
    """What these files would change, and everything that is wrong with them, at once; nothing is written."""
    plan = Plan(connection)
    if unknown := sorted(set(given) - set(files.FILES)):
        plan.faults += [Fault(name, 0, f"is no such file, expected {', '.join(files.FILES)}.") for name in unknown]
    if not set(given) & set(files.FILES):
        plan.faults.append(Fault("", 0, f"There is none of {', '.join(files.FILES)}."))
    parts = {"connection.yaml": _plan_wishes, "mappings.yaml": rules_in, "overrides.yaml": _plan_overrides}
    for name, part in parts.items():
        if name in given:
            reading = files.read(name, given[name])
            plan.faults += reading.faults
            part(plan, reading.content)
    plan.faults.sort()
    return plan


def _plan_wishes(plan: Plan, content: Entry) -> None:
    file, connection = "connection.yaml", plan.connection
    if (ledger := content.get("ledger", "")) and ledger != connection.connector:
        told = f"ledger: these files are for {ledger}, this connection is {connection.connector}."
        plan.faults.append(Fault(file, content.lines["ledger"], told))
    if (organisation := content.get("organisation", "")) and organisation != connection.external_org_id:
        plan.notes.append(f"The files come from the organisation {organisation}; this one is another.")
    wished = content.get("policies") or Entry(0)
    for name, text in wished.items():
        value = _wished(plan, file, name, text, wished.lines[name])
        before = getattr(connection, _NAMES.get(name, name))
        if value is not None and value != before:
            plan.wishes[_NAMES.get(name, name)] = value
            plan.changes.append(Change(file, name.replace("_", " "), _as_text(before), _as_text(value)))
    _plan_resources(plan, content.get("resources"), content)


def _plan_resources(plan: Plan, wanted: Entry | None, content: Entry) -> None:
    if not content:
        return
    file, now = "connection.yaml", policies.all_of(plan.connection)
    given = wanted or Entry(0)
    for name in given:
        if name not in now:
            plan.faults.append(Fault(file, given.lines[name], f"{name}: this ledger has no such resource."))
    for name, policy in now.items():
        entry = given.get(name) or Entry(0)
        minutes = _minutes(plan, file, entry["sync_minutes"], entry.lines) if "sync_minutes" in entry else None
        plain = Policy(name)
        direction = entry.get("direction", plain.direction)
        after = Policy(name, direction, entry.get("source_of_truth", plain.source_of_truth), minutes)
        before, said = _wish(policy), _wish(after)
        if before != said:
            plan.resources.append(after)
            told = [", ".join(f"{k} {v}" for k, v in each.items()) or "as usual" for each in (before, said)]
            plan.changes.append(Change(file, policy.label, *told))


def _wished(plan: Plan, file: str, name: str, text: str, line: int) -> Any:
    if name == "read_only":
        return text == "true"
    if name == "sync_minutes":
        return _minutes(plan, file, text, {name: line})
    if name == "tax_tolerance":
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or not 0 <= value < 10**8:
            plan.faults.append(Fault(file, line, f"tax_tolerance: {text!r} is no amount, expected such as 0.05."))
            return None
        return value
    return text


def _minutes(plan: Plan, file: str, text: str, lines: Mapping[str, int]) -> int | None:
    least, most = policies.LEAST_MINUTES, policies.MOST_MINUTES
    if text.isdecimal() and least <= int(text) <= most:
        return int(text)
    told = f"sync_minutes: {text!r} is no number of minutes from {least} to {most}."
    plan.faults.append(Fault(file, lines.get("sync_minutes", 0), told))
    return None


def _plan_overrides(plan: Plan, content: Entry) -> None:
    file, connection = "overrides.yaml", plan.connection
    if "overrides" not in content:
        return
    rows = FieldOverride.objects.for_tenant(connection.tenant_id).filter(connection=connection)
    active = {(row.resource, row.direction, row.target): row for row in rows.active()}
    drafts = {(row.resource, row.direction, row.target) for row in rows.open()}
    seen = set()
    for entry in content["overrides"]:
        place = (entry.get("resource", ""), entry.get("direction", ""), entry.get("field", ""))
        text = entry.get("expression", "").strip()
        if place in seen:
            plan.faults.append(Fault(file, entry.line, f"{place[2]} of {place[0]} stands twice."))
            continue
        seen.add(place)
        now = active.get(place)
        if now is not None and now.expression == text:
            continue
        if not _is_possible(plan, entry, place, text, is_open=place in drafts):
            continue
        names = ("resource", "direction", "target")
        reason = entry.get("reason", "")
        plan.drafts.append({**dict(zip(names, place, strict=True)), "expression": text, "reason": reason})
        plan.changes.append(Change(file, " ".join(place), now.expression if now else "nothing", text))
    for place in sorted(set(active) - seen):
        plan.notes.append(f"{' '.join(place)} is in force and not in the files: it stays until somebody ends it.")


def _is_possible(plan: Plan, entry: Entry, place: tuple[str, str, str], text: str, *, is_open: bool) -> bool:
    file = "overrides.yaml"
    if is_open:
        told = f"{place[2]} of {place[0]} has an open draft: have it decided, or throw it away, first."
        plan.faults.append(Fault(file, entry.line, told))
        return False
    try:
        overrides.check_place(plan.connection, *place)
    except ValidationError as refused:
        plan.faults.append(Fault(file, entry.lines.get("field", entry.line), refused.messages[0]))
        return False
    try:
        overrides.check_expression(plan.connection, text)
    except ValidationError as refused:
        plan.faults.append(Fault(file, entry.lines.get("expression", entry.line), refused.messages[0]))
        return False
    return True


def imported(plan: Plan, *, by: User, with_policies: bool = False, replaces_draft: bool = False) -> Imported:
    """Make the drafts of a plan without faults, in the caller's transaction; ValidationError otherwise."""
    if plan.faults:
        raise ValidationError([str(fault) for fault in plan.faults])
    connection = plan.connection
    made = [
        overrides.draft(connection=connection, by=by, **{k: v for k, v in each.items() if k != "reason"})
        for each in plan.drafts
    ]
    draft = _draft(plan, by, replaces_draft=replaces_draft) if plan.of("mappings.yaml") else None
    changed = _apply_wishes(plan) if with_policies else 0
    return Imported(draft, made, changed)


def _draft(plan: Plan, by: User, *, replaces_draft: bool) -> MappingSet:
    """The draft with exactly the file's words."""
    serialise(plan.connection)
    current = open_set(plan.connection)
    if current is not None and not current.is_draft:
        raise VersionError(f"Version {current.version} waits for approval: it must be decided first.")
    if current is not None and not replaces_draft:
        raise VersionError(f"Version {current.version} is a draft already. Import again with “replace the draft”.")
    draft = current or copy_set(plan.connection, source=None, by=by)
    if current is None and (active := active_set(plan.connection)) is not None:
        draft.based_on = active
        draft.save(update_fields=["based_on"])
    remember_editor(draft, by)
    ValueMapping.objects.for_tenant(draft.tenant_id).filter(mapping_set=draft).delete()
    now = timezone.now()
    ValueMapping.objects.bulk_create(
        [
            ValueMapping(
                tenant_id=draft.tenant_id,
                mapping_set=draft,
                subject=word.subject,
                side=word.side,
                value=word.value,
                conditions=dict(word.conditions),
                effective_from=word.effective_from,
                target_resource=row.resource,
                target_external_id=row.external_id,
                target_remote_type=row.remote_type,
                target_name=name_of(row)[:300],
                reason="Imported from a file",
                changed_by=by,
                changed_at=now,
            )
            for word, row in (plan.values or {}).items()
        ],
        batch_size=1000,
    )
    return draft


def _apply_wishes(plan: Plan) -> int:
    if plan.wishes:
        rows = Connection.objects.for_tenant(plan.connection.tenant_id).filter(pk=plan.connection.pk)
        rows.update(**plan.wishes)
    changed = scheduling.change_policies(connection=plan.connection, wanted=plan.resources) if plan.resources else []
    return len(plan.wishes) + len(changed)


__all__ = ["Change", "Imported", "Plan", "exported", "imported", "planned"]
