"""A person corrects what was posted: sees first what undoing it does to the books, and gives a reason.

Above the tenant's limit for one person a reversal is written down and waits, as other decisions do, for a second one.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q

from integrations.engine.effects import Entry, entries, undone
from integrations.engine.overlay import declared
from integrations.models import LedgerRecord, Posting, Resource
from integrations.services import reversing
from tenants.models import Membership, User
from tenants.permissions import APPROVE_MATCHES, may

SHORTEST_REASON = 10
CODE, APPROVE = "second_person", "approve"
_HOW: dict[str, str] = {
    Posting.Operation.VOID: "The ledger voids it. It keeps the document, without an amount.",
    Posting.Operation.DELETE: "The ledger offers neither a void nor an opposite document: it is deleted there.",
}


@dataclass(frozen=True)
class Correction:
    """What undoing a posting would do: in words, on which day (None: the ledger takes the document's own), and to which
    accounts; `first_open_on` is the earliest day that can be chosen."""

    how: str
    day: date | None
    first_open_on: date
    effect: list[Entry]
    amount: Decimal
    asks_second: bool
    is_guessed: bool
    """Whether the ledger's own copy is not here, so that its tax and accounts may differ."""


def plan(posting: Posting, *, on: date | None = None) -> Correction:
    """What a reversal would do; ValidationError when there is nothing to undo, the ledger has no way, or the day is
    closed or before the document."""
    reversing.check_reversible(posting)
    resource, operation, body = reversing.undoing(posting, on=on)
    how = _HOW.get(operation, "")
    if not how:
        label = str(Resource(resource).label).lower()
        how = f"Its opposite is posted ({label}) and, where the ledger allows, applied to it. Both stay in the books."
    day = body.get("issued_on")
    return Correction(
        how=how,
        day=date.fromisoformat(str(day)) if day else None,
        first_open_on=reversing.first_day(posting),
        effect=undone(effect_of(posting)),
        amount=_amount(posting),
        asks_second=asks_second_person(posting),
        is_guessed=posting.record is None,
    )


def reverse(*, posting: Posting, reason: str, requested_by: User, on: date | None = None) -> Posting:
    """Undo a posted document, with the reason in writing; above the limit it waits for a second person.

    ValidationError as `plan`, and for a reason of less than a sentence.
    """
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise ValidationError("Say in a sentence why it is reversed: it stays in the books, and so does your reason.")
    needs = asks_second_person(posting)
    undo = reversing.reverse_posting(posting=posting, on=on, reason=reason, requested_by=requested_by)
    if not needs or undo.requested_by_id != requested_by.pk or undo.attempts or undo.status != Posting.Status.PENDING:
        return undo
    amount = f"{_amount(posting)} {posting.body.get('currency') or posting.connection.currency}".strip()
    text = (
        f"{requested_by} reverses {amount}: “{reason[:300]}” Above your organisation's limit a second person decides."
    )
    error = {
        "code": CODE,
        "message": "A reversal above the limit waits for a second person.",
        "remedy": "Somebody else who approves matches looks at it and decides.",
        "who_can_fix": "finance approver",
    }
    choices = [{"name": APPROVE, "label": "Approve the reversal"}, {"name": "cancel", "label": "Cancel it"}]
    Posting.objects.for_tenant(undo.tenant_id).filter(pk=undo.pk, status=Posting.Status.PENDING).update(
        status=Posting.Status.HELD,
        question={**undo.question, "code": CODE, "text": text, "choices": choices},
        error_code=CODE,
        error=error,
    )
    undo.refresh_from_db()
    return undo


def check_second(posting: Posting, by: User | None) -> None:
    """Raise ValidationError unless this is another person than the one who asked, and one who may approve."""
    if by is None or by.pk == posting.requested_by_id:
        raise ValidationError("You asked for this reversal yourself; somebody else has to approve it.")
    member = Membership.objects.for_tenant(posting.tenant_id).current().filter(user=by).first()
    if not may(member, APPROVE_MATCHES):
        raise ValidationError("Your role does not approve; ask a finance approver.")


def asks_second_person(posting: Posting) -> bool:
    """Whether its amount is above the tenant's limit; the limit counts in the figure of any currency."""
    limit = posting.tenant.two_person_limit
    return limit is not None and _amount(posting) > limit


def effect_of(posting: Posting) -> list[Entry]:
    """Debits and credits of a posting: the ledger's own figures where its copy is here, else those that were sent."""
    document = declared(posting.record.unified) if posting.record is not None else posting.body
    return entries(posting.resource, {**document, **_named(posting, document)})


def _named(posting: Posting, document: dict[str, Any]) -> dict[str, Any]:
    """Lines and account with the names of accounts, which some ledgers send as ids or behind an item; one query."""
    lines = document.get("lines") or []
    account = document.get("account") or {}
    items = {(line.get("item") or {}).get("id") for line in lines} - {None}
    accounts = {(line.get("account") or {}).get("id") for line in lines} | {account.get("id")}
    wanted = Q(resource="items", external_id__in=[each for each in items if isinstance(each, str)])
    wanted |= Q(resource="accounts", external_id__in=[each for each in accounts if isinstance(each, str)])
    rows = LedgerRecord.objects.for_tenant(posting.tenant_id).filter(wanted, connection_id=posting.connection_id)
    found = {(row.resource, row.external_id): row for row in rows}
    side = "income_account" if posting.resource in {"invoices", "credit_notes"} else "expense_account"

    def of_line(line: dict[str, Any]) -> dict[str, Any]:
        own = found.get(("accounts", str((line.get("account") or {}).get("id"))))
        item = found.get(("items", str((line.get("item") or {}).get("id"))))
        name = own.name if own else ((item.unified.get(side) or {}).get("name") if item else None)
        return {**line, "account": {**(line.get("account") or {}), "name": name}} if name else line

    bank = found.get(("accounts", str(account.get("id"))))
    return {"lines": [of_line(line) for line in lines]} | ({"account": {**account, "name": bank.name}} if bank else {})


def _amount(posting: Posting) -> Decimal:
    if posting.record is not None and posting.record.amount is not None:
        return abs(posting.record.amount)
    return sum((each.debit for each in effect_of(posting)), Decimal(0))
