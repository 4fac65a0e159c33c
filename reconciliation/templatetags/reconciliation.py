"""Words of the workbench: amounts inside sentences, colours of matches."""

from decimal import Decimal
from typing import Any

from django import template

from reconciliation.money import money, percent
from reconciliation.services.plan import noun_of
from tenants.permissions import APPROVE_MATCHES, PROPOSE_MATCHES, may

register = template.Library()

_TONES = {
    "approved": "info",
    "linked": "success",
    "posted": "success",
    "refused": "danger",
    "reversing": "warning",
}


@register.filter
def money_words(value: Any, currency: str) -> str:
    """An amount as text for the middle of a sentence."""
    return money(Decimal(str(value)), currency)


@register.filter
def noun(resource: str) -> str:
    """ "invoice" for invoices, and so on."""
    return noun_of(resource)


@register.filter
def match_tone(status: str) -> str:
    """The colour of a match's status."""
    return _TONES.get(status, "")


@register.filter
def after_colon(text: str) -> str:
    """What an approval does, without the word Approve before it."""
    return text.partition(": ")[2] or text


@register.filter
def target(row: Any, kind: str) -> str:
    """Where a part of a split line goes, as the form says it: "record:…" or "rule:…"."""
    return f"{kind}:{row.pk}"


@register.filter
def share(value: Decimal) -> str:
    """A share between 0 and 1 as "99.5 %", rounded down."""
    return percent(value)


@register.inclusion_tag("reconciliation/parts/ask.html", takes_context=True)
def ask_about(context: Any, kind: str, pk: Any) -> dict[str, Any]:
    """A button that raises an exception about a line, a record or a discrepancy, for those who work on them."""
    request = context["request"]
    member = getattr(request, "membership", None)
    may_ask = may(member, APPROVE_MATCHES) or may(member, PROPOSE_MATCHES)
    return {"kind": kind, "pk": pk, "may_ask": may_ask, "csrf_token": context.get("csrf_token")}
