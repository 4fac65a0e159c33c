"""What both sides agree on about a document that the portal wrote, kept when a write has landed."""

from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from integrations.engine.deviations import deviations
from integrations.engine.overlay import declared
from integrations.engine.results import Record
from integrations.models import Baseline, CrossReference, Discrepancy, LedgerRecord, Posting
from integrations.services.content import content_hash
from integrations.unified import SCHEMAS

Operation = Posting.Operation
ORIGIN = "discrepancy"
"""Where postings come from that send ours again."""
_GONE = f"{ORIGIN} gone"
LOOK_AGAIN = "looked at again"
"""The `compared_hash` of a document that is to be compared whatever its content is."""

NUMBER_TAKEN = "duplicate_number"

# Lists (contacts, items, accounts) are edited on both sides as a matter of course; documents are not.
DOCUMENTS = frozenset(name for name, schema in SCHEMAS.items() if "issued_on" in schema)
_UNDONE = frozenset({Operation.VOID, Operation.DELETE})
_WRITES = frozenset({Operation.CREATE, Operation.UPDATE, Operation.ALLOCATE})


def agree(posting: Posting, posted: Record | None) -> None:
    """Keep what the ledger answered to our write, inside the caller's transaction; what we undid has no baseline."""
    if posting.resource not in DOCUMENTS:
        return
    if posted is None or posting.operation in _UNDONE:
        forget(posting)
        return
    record = posting.record
    if record is None:
        return
    before = Baseline.objects.for_tenant(posting.tenant_id).filter(record=record).first()
    if before is None and posting.operation not in _WRITES:
        return
    is_agreed = _is_agreed(posting, before, posted)
    Baseline.objects.update_or_create(
        record=record,
        defaults={
            "tenant_id": posting.tenant_id,
            "connection_id": posting.connection_id,
            # An approval or a sending says nothing of its own.
            "posting": posting if before is None or posting.operation in _WRITES else before.posting,
            "body": _written(before.body if before else {}, posting),
            "state": before.state if before and not is_agreed else posted.unified,
            "previous": None,
            "agreed_at": timezone.now(),
        },
    )
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(pk=record.pk)
    rows.update(compared_hash=content_hash(posted) if is_agreed else LOOK_AGAIN)


def _is_agreed(posting: Posting, before: Baseline | None, posted: Record) -> bool:
    """What was sent again is agreed on only where the ledger holds it: some keep what others added meanwhile."""
    if before is None or posting.origin_kind != ORIGIN or posting.operation != Operation.UPDATE:
        return True
    return not deviations(posting.resource, before.body, _by_content(before.state), _by_content(posted.unified))


def _by_content(document: dict[str, Any]) -> dict[str, Any]:
    """Lines that come back get ids and places of their own."""
    lines = [{name: value for name, value in line.items() if name != "id"} for line in document.get("lines") or []]
    return {**document, "lines": sorted(lines, key=_words_of)}


def _words_of(line: dict[str, Any]) -> tuple[str, str]:
    amount = line.get("amount") or line.get("debit") or line.get("credit")
    return str(line.get("description") or ""), "" if amount is None else f"{Decimal(str(amount)):.6f}"


def forget(posting: Posting) -> None:
    """What we took back ourselves is compared with nothing any more."""
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(
        connection_id=posting.connection_id, resource=posting.resource, external_id=posting.external_id
    )
    if posting.remote_type:
        rows = rows.filter(remote_type=posting.remote_type)
    rows.update(compared_hash="")
    Baseline.objects.for_tenant(posting.tenant_id).filter(record__in=rows).delete()


# Sent again ----------------------------------------------------------------------------------------------------------


def let_go(row: Discrepancy) -> None:
    """Nothing is expected of a gone document any more: its source's document is the one that is made anew."""
    accept_state(row)
    if row.record is not None:
        references = CrossReference.objects.for_tenant(row.tenant_id).filter(
            connection_id=row.connection_id, resource=row.resource, external_id=row.record.external_id
        )
        references.update(local_kind=_GONE, local_id=str(row.pk))


def take_back(row: Discrepancy) -> None:
    """What was agreed on before a decision is the measure again, and the source's document is the old one."""
    rows = Baseline.objects.for_tenant(row.tenant_id).filter(record_id=row.record_id)
    rows.exclude(previous=None).update(state=F("previous"), previous=None)
    gone = CrossReference.objects.for_tenant(row.tenant_id).filter(local_kind=_GONE, local_id=str(row.pk))
    for each in gone.exclude(posting=None).select_related("posting"):
        of = each.posting
        if of is not None and of.origin_id is not None:
            CrossReference.objects.filter(pk=each.pk).update(local_kind=of.origin_kind, local_id=str(of.origin_id))


def next_number(number: str, taken: int) -> str:
    """The number of a document that is made anew where a voided one keeps its own: INV-7, then INV-7-2, INV-7-3."""
    return f"{number}-{taken + 1}" if taken else number


def accept_state(row: Discrepancy) -> None:
    """The ledger's version is the measure from now on."""
    rows = Baseline.objects.for_tenant(row.tenant_id).filter(record_id=row.record_id)
    if row.record is not None:
        rows.update(previous=F("state"), state=declared(row.record.unified), agreed_at=timezone.now())


def _written(before: dict[str, Any], posting: Posting) -> dict[str, Any]:
    """All that we wrote of a document so far: later values over earlier ones, allocations beside earlier ones."""
    if posting.operation not in _WRITES:
        return before
    body = {name: value for name, value in posting.body.items() if name not in ("external_id", "version")}
    if posting.operation == Operation.ALLOCATE:
        body = {"allocations": [*before.get("allocations", []), *body.get("allocations", [])]}
    return {**before, **body}
