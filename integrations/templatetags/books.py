"""How figures, times and states of the books are written on a page."""

import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_decimal, get_currency_precision
from django import template
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.models import Resource
from integrations.services.offers import offer_label
from tenants.content import form_of, watched

register = template.Library()

LOCALE = "en_GB"
_RESOURCES = dict(Resource.choices)
TONES = {
    "active": "success",
    "succeeded": "success",
    "posted": "success",
    "applied": "success",
    "unchanged": "success",
    "echo": "success",
    "superseded": "success",
    "ignored": "default",
    "paid": "success",
    "completed": "success",
    "even": "success",
    "uneven": "danger",
    "connecting": "info",
    "running": "info",
    "queued": "info",
    "waiting": "info",
    "pending": "info",
    "sent": "info",
    "open": "info",
    "received": "info",
    "started": "info",
    "partially_paid": "warning",
    "unknown": "warning",
    "held": "warning",
    "resting": "danger",
    "paused": "warning",
    "overdue": "warning",
    "needs_reauthorisation": "danger",
    "failed": "danger",
    "rejected": "danger",
    "denied": "danger",
}


def as_decimal(value: Any) -> Decimal | None:
    """The number behind a Decimal, int or decimal text; None for anything else."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


@register.filter
def money_text(value: Any, currency: str | None = "") -> str:
    """`1,234.50 GBP` with as many decimals as the currency has; the given text when it is no number."""
    number = as_decimal(value)
    if number is None:
        return "" if value is None else str(value)
    places = get_currency_precision(currency) if currency else 2
    text = str(format_decimal(number, format="#,##0" + ("." + "0" * places if places else ""), locale=LOCALE))
    return f"{text} {currency}" if currency else text


@register.filter
def money(value: Any, currency: str | None = "") -> SafeString:
    """A right-aligned amount with tabular figures; negative amounts are marked."""
    number = as_decimal(value)
    mark = " money-negative" if number is not None and number < 0 else ""
    return format_html('<span class="money{}">{}</span>', mark, money_text(value, currency))


@register.filter
def at(values: Any, key: str) -> Any:
    """The value of a mapping under a key that a page has in a variable."""
    return values.get(key) if isinstance(values, dict) else None


@register.filter
def number(value: Any) -> str:
    """A quantity or rate without idle zeros: `2`, `1.5`, `0.8471`."""
    found = as_decimal(value)
    if found is None:
        return "" if value is None else str(value)
    return str(format_decimal(found, format="#,##0.########", locale=LOCALE))


@register.filter
def price(value: Any) -> str:
    """A unit price: two decimals, more where it has more."""
    found = as_decimal(value)
    return number(value) if found is None else str(format_decimal(found, format="#,##0.00######", locale=LOCALE))


@register.filter
def duration(seconds: Any) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`; a dash when there is nothing to say."""
    if seconds is None or seconds == "":
        return "–"
    total = float(seconds)
    if total < 10:
        return f"{total:.1f} s"
    if total < 120:
        return f"{total:.0f} s"
    minutes, rest = divmod(round(total), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


@register.filter
def moment(value: Any) -> Any:
    """A datetime or date from the JSON text of a unified record; anything else as it is."""
    if isinstance(value, str):
        found = parse_datetime(value) if "T" in value else parse_date(value)
        return found or value
    return value


_UNITS = (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1))


@register.filter
def from_now(value: datetime | None) -> str:
    """`in 5 min`, `3 min ago`, `just now`."""
    if value is None:
        return "never"
    seconds = (value - datetime.now(UTC)).total_seconds()
    if abs(seconds) < 30:
        return "just now" if seconds <= 0 else "in a moment"
    size = abs(seconds)
    unit, length = next((pair for pair in _UNITS if size >= pair[1]), _UNITS[-1])
    count = round(size / length)
    name = "days" if unit == "day" and count != 1 else unit
    return f"{count} {name} ago" if seconds < 0 else f"in {count} {name}"


@register.filter
def due(value: datetime) -> str:
    """When something planned happens: `in 5 min`; `due now` once its time has come."""
    return from_now(value) if value > datetime.now(UTC) else "due now"


@register.filter
def tone(status: str) -> str:
    """The colour of a state: success, info, warning, danger or plain."""
    return TONES.get(status, "")


@register.filter
def resource_label(name: str) -> str:
    """`Tax codes` for `tax_rates`."""
    return str(_RESOURCES.get(name, words(name)))


_ONE = {"company_info": "company", "tracking_categories": "tracking category", "currencies": "currency",
        "tax_rates": "tax code", "journal_entries": "journal entry"}  # fmt: skip


@register.filter
def one_of(name: str) -> str:
    """`journal entry` for `journal_entries`."""
    return _ONE.get(name, words(name).lower().removesuffix("s"))


@register.filter
def words(name: Any) -> str:
    """`Partially paid` for `partially_paid`."""
    return str(name or "").replace("_", " ").replace("-", " ").strip().capitalize()


@register.filter
def pretty(value: Any) -> str:
    """Indented JSON; text that is JSON is indented too, other text stays."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(form_of(value) if watched() and value else value)
    if watched():
        # Somebody looks who may not see what it says: the structure is enough to see how it was said.
        value = form_of(value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def get(mapping: Any, key: str) -> Any:
    """A key of a dictionary; None when there is no such key."""
    return mapping.get(key) if isinstance(mapping, dict) else None


@register.filter
def percent_of(part: Any, whole: Any) -> int:
    """A share for a bar: 0 to 100."""
    return min(100, round(100 * float(part) / float(whole))) if whole else 0


_WHO = {
    "you": "You can do this yourself",
    "owner": "An owner of this tenant",
    "finance editor": "A finance editor",
    "finance approver": "A finance approver",
    "administrator of the ledger": "An administrator of the ledger",
    "operator": "Whoever operates this portal",
    "operator of the portal": "Whoever operates this portal",
    "nobody, it passes": "Nobody needs to: it passes and the portal tries again by itself",
}


@register.filter
def who(code: str) -> str:
    """Who can remove a cause, in words."""
    return _WHO.get(code, words(code))


@register.filter
def ledger_label(connector: str) -> str:
    """`QuickBooks Online` for `quickbooks`."""
    return offer_label(connector)
