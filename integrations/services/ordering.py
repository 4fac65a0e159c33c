"""Which writes of a connection must not overtake each other; everything else goes in any order, and together.

One table says what a write of each kind may name and therefore comes after. Two writes to the same record keep the
order in which they were asked for; a payment is a write to the invoices it is applied to.
"""

from typing import Any

from django.db.models import Q, QuerySet

from integrations.models import Posting
from integrations.services.references import placeholders, references

_PARTIES = frozenset({"contacts"})
_LINES = frozenset({"contacts", "items", "accounts", "tax_rates", "terms"})

COMES_AFTER: dict[str, frozenset[str]] = {
    "accounts": frozenset({"accounts", "tax_rates"}),
    "contacts": frozenset({"accounts", "terms"}),
    "items": frozenset({"accounts", "tax_rates", "contacts"}),
    "invoices": _LINES,
    "credit_notes": _LINES | {"invoices"},
    "payments": _PARTIES | {"accounts", "invoices", "credit_notes", "journal_entries"},
    "purchase_orders": _LINES,
    "bills": _LINES | {"purchase_orders"},
    "vendor_credits": _LINES | {"bills"},
    "bill_payments": _PARTIES | {"accounts", "bills", "vendor_credits", "journal_entries"},
    "expenses": _LINES,
    "journal_entries": _LINES,
    "bank_transactions": frozenset({"contacts", "accounts"}),
    "attachments": frozenset({"invoices", "bills", "credit_notes", "vendor_credits", "expenses"}),
}
_APPLIED = frozenset({"allocations", "links"})


def touches(resource: str, operation: str, body: dict[str, Any], reverses: Posting | None = None) -> list[str]:
    """The records that a write changes, as the column `touches` keeps them: its own, and those it is applied to."""
    found = {f"{name}:{key}" for name, key, field in references(body) if field in _APPLIED}
    found |= {f"posting:{key}" for key in _applied_placeholders(body)}
    own = body.get("external_id")
    if operation != Posting.Operation.CREATE and own:
        # A credit note may be applied by a posting that was asked for before the note had an id.
        found.add(f"posting:{own['posting']}" if isinstance(own, dict) and "posting" in own else f"{resource}:{own}")
    if reverses is not None:
        # A payment that was asked for before its invoice had an id names the posting instead.
        found.add(f"posting:{reverses.pk}")
    return sorted(found)


def predecessor(posting: Posting) -> Posting | None:
    """The oldest open write of the connection that this one must not overtake; inside the tenant's scope."""
    rows = Posting.objects.for_tenant(posting.tenant_id).open_ended().filter(connection_id=posting.connection_id)
    if made := set(placeholders(posting.body)):
        # What it names became a draft: the approval, asked for later than this one, still comes first.
        approvals = rows.filter(origin_kind="approval", origin_id__in=made, operation=Posting.Operation.APPROVE)
        if (approval := approvals.exclude(pk=posting.pk).order_by("id").first()) is not None:
            return approval
    wanted = set(posting.touches) | _named(posting)
    if not wanted:
        return None
    earlier = rows.filter(id__lt=posting.pk, touches__overlap=sorted(wanted))
    # What waits for this one was told so by somebody who knew: the two must not wait for each other.
    return earlier.exclude(depends_on=posting).order_by("id").first()


def followers(posting: Posting) -> "QuerySet[Posting]":
    """What waits to be sent and was told to wait for this one."""
    rows = Posting.objects.for_tenant(posting.tenant_id).filter(connection_id=posting.connection_id)
    waits = Q(depends_on=posting) | Q(error_code="waiting", error__waits_for=str(posting.pk))
    return rows.filter(waits, status=Posting.Status.PENDING).order_by("id")


def _named(posting: Posting) -> set[str]:
    first = COMES_AFTER.get(posting.resource, frozenset())
    return {f"{resource}:{key}" for resource, key, _ in references(posting.body) if resource in first}


def _applied_placeholders(body: dict[str, Any]) -> set[str]:
    applied = [row for field in sorted(_APPLIED) for row in body.get(field) or [] if isinstance(row, dict)]
    ids = [row["id"] for row in applied if isinstance(row.get("id"), dict)]
    return {str(each["posting"])[:100] for each in ids if "posting" in each}
