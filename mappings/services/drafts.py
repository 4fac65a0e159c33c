"""Work on the draft: what each word of the source means in the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.models import Connection, LedgerRecord
from mappings.models import MappingSet, ValueMapping
from mappings.services.targets import name_of, target_of
from mappings.services.versions import (
    VersionError,
    Word,
    active_set,
    copy_set,
    locked,
    open_set,
    remember_editor,
    rule_of,
    serialise,
)
from mappings.transform import Rule, Target
from mappings.transform.conditions import normal_conditions
from mappings.transform.fit import RESOURCES, misfit
from mappings.transform.rules import conflicts
from tenants.models import User


@dataclass(frozen=True)
class Evidence:
    """Why a record was chosen, if a suggestion was taken."""

    confidence: Decimal | None = None
    reason: str = ""


def ensure_draft(*, connection: Connection, by: User) -> MappingSet:
    """The connection's draft, else a copy of the active version; refused while a version waits for approval."""
    serialise(connection)
    current = open_set(connection)
    if current is None:
        return copy_set(connection, source=active_set(connection), by=by)
    if not current.is_draft:
        raise VersionError(
            f"Version {current.version} waits for approval. It must be approved, sent back or withdrawn before "
            "anything can be changed."
        )
    return current


def set_value(
    *, draft: MappingSet, word: Word, record: LedgerRecord | None, by: User, evidence: Evidence | None = None
) -> ValueMapping | None:
    """Say what a rule's question means in the draft, or (`record` None) that there is no such rule.

    Refuses records that do not fit, conditions that cannot be asked, and a rule that could tie with another.
    """
    draft = locked(draft, MappingSet.Status.DRAFT, "Only a draft can be changed.")
    word = normal_word(word)
    same_word = ValueMapping.objects.for_tenant(draft.tenant_id).filter(
        mapping_set=draft, subject=word.subject, side=word.side, value=word.value
    )
    asked: dict[str, Any] = {"conditions": dict(word.conditions), "effective_from": word.effective_from}
    remember_editor(draft, by)
    if record is None:
        same_word.filter(**asked).delete()
        return None
    if record.connection_id != draft.connection_id or record.resource != RESOURCES[word.subject]:
        raise VersionError("That record belongs to another ledger.")
    if why := misfit((word.subject, word.side, word.value), target_of(record)):
        raise VersionError(f"{name_of(record)} cannot be used here: {why}.")
    others = [rule_of(row, Target(row.target_external_id, row.target_name)) for row in same_word.exclude(**asked)]
    _refuse_ties(others, _rule(word, target_of(record)))
    evidence = evidence or Evidence()
    row, _ = ValueMapping.objects.update_or_create(
        tenant_id=draft.tenant_id,
        mapping_set=draft,
        subject=word.subject,
        side=word.side,
        value=word.value,
        **asked,
        defaults={
            "target_resource": record.resource,
            "target_external_id": record.external_id,
            "target_remote_type": record.remote_type,
            "target_name": name_of(record)[:300],
            "confidence": evidence.confidence,
            "reason": evidence.reason[:300],
            "changed_by": by,
            "changed_at": timezone.now(),
        },
    )
    return row


def _rule(word: Word, target: Target) -> Rule:
    since = word.effective_from.isoformat() if word.effective_from else ""
    return Rule(word.subject, word.side, word.value, target, dict(word.conditions), since)


def normal_word(word: Word) -> Word:
    """With its conditions as they are stored; VersionError names what cannot be asked."""
    try:
        conditions = normal_conditions(word.subject, dict(word.conditions))
    except ValueError as wrong:
        raise VersionError(str(wrong)) from wrong
    return replace(word, conditions=tuple(conditions.items()))


def _refuse_ties(others: Iterable[Rule], rule: Rule) -> None:
    for one, other in conflicts([*others, rule]):
        raise VersionError(in_conflict(one, other))


def in_conflict(one: Rule, other: Rule) -> str:
    """A sentence about two rules that could win equally."""
    return (
        f"Two rules could win equally for the same document: {one.words} ({one.target.name}) and {other.words} "
        f"({other.target.name}). Ask one of them for more, or let them hold from different dates."
    )
