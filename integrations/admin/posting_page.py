"""What the page of a posting says beside its own fields: what it waits for, with whom it went, what is asked."""

from typing import Any

from django.db.models import QuerySet

from integrations.models import ApiCall, Posting
from integrations.services import deciding, ordering
from integrations.services.offers import page_in_ledger
from tenants.models import Tenant

_MATES_SHOWN = 30


def company_of(row: Posting) -> dict[str, Any]:
    """Which postings stand beside this one: before it, with it, instead of it."""
    same = Posting.objects.for_tenant(row.tenant_id)
    return {
        "first": _first(row),
        "followers": list(ordering.followers(row)[:10]) if row.status != Posting.Status.POSTED else [],
        "mates": list(same.filter(batch=row.batch).exclude(pk=row.pk).order_by("id")[:_MATES_SHOWN])
        if row.batch
        else [],
        "corrections": list(row.corrections.order_by("id")),
        "discrepancies": list(row.discrepancies.order_by("-id")[:5]),
    }


def calls_about(tenant: Tenant, row: Posting) -> "QuerySet[ApiCall]":
    """Its own exchanges; a call that carried several is kept once, with the first of them."""
    calls = ApiCall.objects.for_tenant(tenant)
    return calls.filter(posting__batch=row.batch) if row.batch else calls.filter(posting=row)


def asked(row: Posting) -> dict[str, Any]:
    """What a person may decide now: the choices of a held posting, or the records that an unknown one may be."""
    if row.status == Posting.Status.HELD:
        return {"choices": row.question.get("choices", [])}
    if row.status != Posting.Status.UNKNOWN:
        return {}
    found = [{"record": record, "url": page_in_ledger(record)} for record in deciding.candidates(row)]
    return {"candidates": found, "shortest_reason": deciding.SHORTEST_REASON, "settles": True}


def _first(row: Posting) -> Posting | None:
    """The posting that has to come first, as the row was told when it was last looked at."""
    if row.status != Posting.Status.PENDING:
        return None
    if row.depends_on is not None and row.depends_on.status != Posting.Status.POSTED:
        return row.depends_on
    named = row.error.get("waits_for")
    return Posting.objects.for_tenant(row.tenant_id).filter(pk=named).first() if named else None
