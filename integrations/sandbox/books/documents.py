"""A document's body made whole: references checked, defaults filled in, amounts and tax computed to the coin."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.kinds import (
    CONTROL_TYPES,
    CUSTOMER,
    PAYMENTS,
    RESULT_TYPES,
    ROLES,
    SILENT_STATUSES,
    VENDOR,
)
from integrations.sandbox.books.lines import exact, line_of
from integrations.sandbox.books.lists import referred
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.company import Company

_MODES = ("exclusive", "inclusive", "none")
_NEEDS_CONTACT = CUSTOMER | VENDOR | frozenset(PAYMENTS)


def computed(company: "Company", kind: str, body: Body, *, trusted: bool) -> Body:
    """The body as it is kept. Raises BooksError for what does not hold together."""
    final = {**body, "on": iso(body.get("on") or company.today, "on"), "status": body.get("status") or "authorised"}
    _contact(company, kind, final, trusted)
    _currency(company, final)
    _accounts(company, kind, final, trusted)
    if kind in ("invoice", "bill"):
        final["due_on"] = _due_on(company, final)
    if final.get("number") is not None:
        final["number"] = str(final["number"])
    final["allocations"] = allocations(company, body.get("allocations") or [])
    if kind in PAYMENTS or kind == "transfer":
        _lump(final)
    else:
        _lined(company, kind, final, trusted)
    return final


def iso(value: Any, field: str) -> str:
    """A date or ISO text as ISO text. Raises missing."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise BooksError("missing", f"{field} is not a date: {value!r}", field) from error


def allocations(company: "Company", given: Iterable[Body]) -> list[Body]:
    """Allocations with exact amounts and dates, today's unless they say so."""
    today = company.today.isoformat()
    return [
        {
            **each,
            "document": str(each["document"]),
            "amount": exact(each.get("amount"), f"allocations[{index}].amount"),
            "on": iso(each.get("on") or today, f"allocations[{index}].on"),
        }
        for index, each in enumerate(given)
    ]


def _contact(company: "Company", kind: str, body: Body, trusted: bool) -> None:
    key = body.get("contact")
    if key is None:
        if kind in _NEEDS_CONTACT:
            raise BooksError("missing", f"a {kind} needs a contact", "contact")
        return
    contact = referred(company, "contact", key, "contact", trusted=trusted).body
    wrong = (kind in CUSTOMER and contact.get("is_customer") is False) or (
        kind in VENDOR and contact.get("is_vendor") is False
    )
    if wrong:
        raise BooksError("wrong_party", f"contact {contact.get('name')!r} cannot have a {kind}", "contact", id=key)
    if not body.get("currency") and contact.get("currency"):
        body["currency"] = contact["currency"]


def _currency(company: "Company", body: Body) -> None:
    code = body["currency"] = body.get("currency") or company.home
    if code == company.home:
        body["rate"] = Decimal(1)
    else:
        given = body.get("rate")
        body["rate"] = exact(given, "rate") if given else company.rate(code, body["on"])
        if body["rate"] <= 0:
            raise BooksError("amount_mismatch", "rate must be above zero", "rate")


def _accounts(company: "Company", kind: str, body: Body, trusted: bool) -> None:
    """The control or bank account, and where a transfer goes."""
    if kind in ROLES and kind not in PAYMENTS:
        body["account"] = body.get("account") or company.role(ROLES[kind])
    elif kind in PAYMENTS or kind in ("expense", "receipt", "deposit", "transfer"):
        for name in ("account", "to_account") if kind == "transfer" else ("account",):
            _bank(company, body, name, trusted)


def _bank(company: "Company", body: Body, name: str, trusted: bool) -> None:
    if body.get(name) is None:
        raise BooksError("missing", f"{name} is missing: which account does the money touch?", name)
    account = referred(company, "account", body[name], name, trusted=trusted).body
    if account["type"] in RESULT_TYPES | CONTROL_TYPES:
        text = f"{name}: account {account['name']!r} does not hold money"
        raise BooksError("wrong_account_type", text, name, type=account["type"], id=body[name])
    if account.get("currency") not in (None, "", company.home, body["currency"]):
        text = f"{name}: account {account['name']!r} is in {account['currency']}, the document in {body['currency']}"
        raise BooksError("wrong_currency", text, name, id=body[name])


def _due_on(company: "Company", body: Body) -> str:
    if body.get("due_on"):
        return iso(body["due_on"], "due_on")
    contact = company.store.get("contact", str(body["contact"]))
    term = company.store.get("payment_term", str(body.get("term") or (contact and contact.body.get("term"))))
    days = int(term.body.get("days") or 0) if term else 0
    return (date.fromisoformat(body["on"]) + timedelta(days=days)).isoformat()


def _lump(body: Body) -> None:
    if body.get("total") is None:
        raise BooksError("missing", "total is missing", "total")
    body["total"] = cents(exact(body["total"], "total"), body["currency"])
    if body["total"] < 0:
        raise BooksError("amount_mismatch", "total is below zero", "total")


def _lined(company: "Company", kind: str, body: Body, trusted: bool) -> None:
    mode = body["tax_mode"] = body.get("tax_mode") or "exclusive"
    if mode not in _MODES:
        raise BooksError("invalid_tax", f"tax_mode must be one of {', '.join(_MODES)}", "tax_mode")
    lines = body.get("lines") or []
    if not lines and body["status"] not in SILENT_STATUSES:
        raise BooksError("missing", f"a {kind} needs lines", "lines")
    body["lines"] = [line_of(company, kind, body, line, position, trusted) for position, line in enumerate(lines)]
    body["subtotal"] = sum((line["net"] for line in body["lines"]), ZERO)
    body["tax_total"] = sum((line["tax_amount"] for line in body["lines"]), ZERO)
    body["total"] = body["subtotal"] + body["tax_total"]
    if kind == "journal_entry":
        _balanced(body)
    elif body["total"] < 0:
        raise BooksError("amount_mismatch", f"the total of a {kind} is below zero", "total", total=body["total"])


def _balanced(body: Body) -> None:
    if body["total"] and body["status"] not in SILENT_STATUSES:
        text = f"debits and credits differ by {body['total']}"
        raise BooksError("unbalanced", text, "lines", difference=body["total"])
    rows = [line["net"] + line["tax_amount"] for line in body["lines"]]
    body["total"] = sum((amount for amount in rows if amount > 0), ZERO)
