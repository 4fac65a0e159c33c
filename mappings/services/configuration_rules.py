"""Rules of a mapping version to a file and from it, by the names of the ledger's records."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.fields.json import KT

from integrations.models import Connection, LedgerRecord
from mappings.configuration import Entry, Fault, Known, Targets
from mappings.models import Side, Subject, ValueMapping
from mappings.services.configuration_plan import Change, Plan
from mappings.services.differences import values_of
from mappings.services.drafts import in_conflict, normal_word
from mappings.services.targets import name_of, target_of
from mappings.services.versions import Word, active_set, word_of
from mappings.transform import Rule
from mappings.transform.fit import RESOURCES, misfit
from mappings.transform.rules import conflicts, question_in_words


def rules_out(connection: Connection) -> list[dict[str, Any]]:
    active = active_set(connection)
    rows = list(values_of(active).values()) if active else []
    known = {name: _targets(connection, name) for name in {row.target_resource for row in rows}}
    rows.sort(key=lambda row: (list(Subject).index(Subject(row.subject)), row.side, *_order(word_of(row))))
    return [_rule(row, known[row.target_resource]) for row in rows]


@dataclass(frozen=True)
class _Known:
    """The records of a resource as files name them, and what files call each."""

    targets: Targets
    ids: dict[tuple[str, str], str]


def _rule(row: ValueMapping, known: _Known) -> dict[str, Any]:
    found: dict[str, Any] = {"subject": row.subject, "side": row.side}
    if row.value:
        found["value"] = row.value
    if row.conditions:
        found["conditions"] = dict(sorted(row.conditions.items()))
    if row.effective_from:
        found["from"] = row.effective_from.isoformat()
    identity = known.ids.get((row.target_remote_type, row.target_external_id), row.target_external_id)
    return {**found, "target": known.targets.key_of(identity, row.target_name)}


def _order(word: Word) -> tuple[Any, ...]:
    return (word.value, word.conditions, _since(word))


def _since(word: Word) -> str:
    return word.effective_from.isoformat() if word.effective_from else ""


def _targets(connection: Connection, resource: str) -> _Known:
    rows = LedgerRecord.objects.for_tenant(connection.tenant_id).of(connection, resource)
    named = rows.annotate(code=KT("unified__code"), full=KT("unified__full_name"))
    columns = ("pk", "remote_type", "external_id", "code", "full", "name")
    found = list(named.order_by("external_id", "remote_type").values_list(*columns))
    times = Counter(row[2] for row in found)
    # Customers and vendors share their numbers in some ledgers.
    ids = {(kind, key): key if times[key] == 1 else f"{kind}/{key}" for _, kind, key, *_ in found}
    known = [
        Known(ids[kind, key], code or "", full or name or "", str(pk)) for pk, kind, key, code, full, name in found
    ]
    return _Known(Targets(known), ids)


def rules_in(plan: Plan, content: Entry) -> None:
    if "mappings" not in content:
        return
    known = {name: _targets(plan.connection, name).targets for name in set(RESOURCES.values())}
    wanted: dict[Word, tuple[str, int]] = {}
    for entry in content["mappings"]:
        word = _word(plan, entry)
        if word is None or word.side not in Side.values or "target" not in entry:
            continue
        line = entry["target"].line
        target = known[RESOURCES[word.subject]].find(entry["target"])
        if word in wanted:
            told = f"line {wanted[word][1]} has a rule for just this already: {_in_words(word)}."
            plan.faults.append(Fault("mappings.yaml", entry.line, told))
        elif isinstance(target, str):
            plan.faults.append(Fault("mappings.yaml", line, target))
        else:
            wanted[word] = (target.row, line)
    plan.values = _fit(plan, wanted)
    _refuse_ties(plan, wanted)
    _compare_values(plan, plan.values)


def _word(plan: Plan, entry: Entry) -> Word | None:
    """What an entry asks for; None, with a fault, where it cannot be asked."""
    file, subject = "mappings.yaml", entry.get("subject", "")
    if subject not in RESOURCES:
        told = f"subject: {subject!r} is unknown, expected {', '.join(RESOURCES)}."
        plan.faults.append(Fault(file, entry.lines.get("subject", entry.line), told))
        return None
    since = None
    if text := entry.get("from", ""):
        try:
            since = date.fromisoformat(text)
        except ValueError:
            plan.faults.append(Fault(file, entry.lines["from"], f"from: {text!r} is no day, expected 2026-01-31."))
            return None
    asked = tuple((entry.get("conditions") or {}).items())
    try:
        return normal_word(Word(subject, entry.get("side", ""), entry.get("value", ""), asked, since))
    except ValidationError as wrong:
        plan.faults.append(Fault(file, entry.lines.get("conditions", entry.line), wrong.messages[0]))
        return None


def _fit(plan: Plan, wanted: Mapping[Word, tuple[str, int]]) -> dict[Word, LedgerRecord]:
    """The records that rules name, and a fault for each that cannot be used for its rule; one query."""
    records = LedgerRecord.objects.for_tenant(plan.connection.tenant_id).filter(connection=plan.connection)
    rows = {str(row.pk): row for row in records.filter(pk__in={key for key, _ in wanted.values()}).defer("raw")}
    for word, (key, line) in wanted.items():
        if why := misfit((word.subject, word.side, word.value), target_of(rows[key])):
            told = f"{name_of(rows[key])} cannot be used for {_in_words(word)}: {why}."
            plan.faults.append(Fault("mappings.yaml", line, told))
    return {word: rows[key] for word, (key, _) in wanted.items()}


def _refuse_ties(plan: Plan, wanted: Mapping[Word, tuple[str, int]]) -> None:
    """A fault for each pair of rules that could win equally."""
    made = {word: _as_rule(word, row) for word, row in (plan.values or {}).items()}
    lines = {id(rule): wanted[word][1] for word, rule in made.items()}
    for one, other in conflicts(made.values()):
        line = max(lines[id(one)], lines[id(other)])
        plan.faults.append(Fault("mappings.yaml", line, in_conflict(one, other)))


def _as_rule(word: Word, row: LedgerRecord) -> Rule:
    return Rule(word.subject, word.side, word.value, target_of(row), dict(word.conditions), _since(word))


def _in_words(word: Word) -> str:
    return question_in_words(word.subject, word.value, dict(word.conditions), _since(word))


def _compare_values(plan: Plan, found: Mapping[Word, LedgerRecord]) -> None:
    active = active_set(plan.connection)
    before = values_of(active) if active else {}
    for word in sorted({*before, *found}, key=lambda word: (word.subject, word.side, *_order(word))):
        old, new = before.get(word), found.get(word)
        if (old.target_key if old else None) == (_key_of(new) if new else None):
            continue
        told = (old.target_name if old else "nothing", name_of(new) if new else "nothing")
        plan.changes.append(Change("mappings.yaml", f"{_in_words(word)} ({word.side})", *told))


def _key_of(row: LedgerRecord) -> tuple[str, str, str]:
    return (row.resource, row.remote_type, row.external_id)
