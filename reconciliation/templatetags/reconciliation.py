"""Words of the workbench: amounts inside sentences, colours of matches."""

from decimal import Decimal
from typing import Any

from django import template

from reconciliation.money import money
from reconciliation.services.plan import noun_of

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
