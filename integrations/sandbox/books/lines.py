"""A document's line made whole: what its item says, its amount, its net and tax to the coin."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.kinds import CONTROL_TYPES, LINED, SILENT_STATUSES, SOLD
from integrations.sandbox.books.lists import referred
from integrations.sandbox.books.money import HUNDRED, ZERO, cents, decimal
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.company import Company


def exact(value: Any, field: str) -> Decimal:
    """A number of a body. Raises amount_mismatch."""
    try:
        number = decimal(value)
    except ValueError as error:
        raise BooksError("amount_mismatch", f"{field}: {error}", field) from error
    if not number.is_finite():
        raise BooksError("amount_mismatch", f"{field}: {value!r} is not a number", field)
    return number


def line_of(company: "Company", kind: str, body: Body, given: Body, position: int, trusted: bool) -> Body:
    """One line made whole: item defaults, account, dimensions, amount, net and tax."""
    place = f"lines[{position}]"
    line = _bare(given)
    line["id"] = str(given.get("id") or position + 1)
    _item(company, kind, line, place, trusted)
    _check_account(company, kind, body, line, place, trusted)
    for name, key in (line.get("dimensions") or {}).items():
        referred(company, "dimension", key, f"{place}.dimensions.{name}", trusted=trusted)
    worked_out: Body = {}
    if kind == "journal_entry":
        _sides(line, body["currency"], place)
    elif _amount(line, body["currency"], place):
        worked_out["amount"] = line["amount"]
    if _tax(company, body, line, place, trusted):
        worked_out["tax_amount"] = line["tax_amount"]
    if worked_out:
        line["computed"] = worked_out
    return line


def _bare(given: Body) -> Body:
    """The line without what was computed last time, unless somebody changed it since."""
    line = dict(given)
    for name, value in line.pop("computed", {}).items():
        if line.get(name) == value:
            del line[name]
    line.pop("net", None)
    return line


def _item(company: "Company", kind: str, line: Body, place: str, trusted: bool) -> None:
    if line.get("item") is None:
        return
    item = referred(company, "item", line["item"], f"{place}.item", trusted=trusted).body
    is_sold = kind in SOLD
    account = item.get("income_account" if is_sold else "expense_account")
    defaults = {
        "account": account,
        "description": item.get("description") or item.get("name"),
        "tax": item.get("sale_tax") if is_sold else item.get("purchase_tax"),
    }
    if line.get("price") is None and line.get("amount") is None:
        defaults["price"] = item.get("sale_price" if is_sold else "purchase_price")
    for name, value in defaults.items():
        if value is not None and name not in line:
            line[name] = value


def _check_account(company: "Company", kind: str, body: Body, line: Body, place: str, trusted: bool) -> None:
    field = f"{place}.account"
    if line.get("document") and kind == "deposit":
        table, _, key = str(line["document"]).partition(":")
        line["account"] = referred(company, table, key, f"{place}.document", trusted=trusted).body["account"]
    if line.get("account") is None:
        if kind == "purchase_order" or body["status"] in SILENT_STATUSES:
            return
        raise BooksError("missing", f"{field} is missing", field)
    account = referred(company, "account", line["account"], field, trusted=trusted).body
    if kind in LINED and account["type"] in CONTROL_TYPES:
        text = f"{field}: {account['name']!r} is a control account"
        raise BooksError("wrong_account_type", text, field, type=account["type"], id=line["account"])


def _sides(line: Body, currency: str, place: str) -> None:
    """Debit and credit of a journal line as one signed amount."""
    if line.get("debit") is None and line.get("credit") is None:
        if line.get("amount") is None:
            raise BooksError("missing", f"{place} has neither debit nor credit", f"{place}.debit")
        amount = cents(exact(line["amount"], f"{place}.amount"), currency)
    else:
        debit = exact(line.get("debit") or 0, f"{place}.debit")
        amount = cents(debit - exact(line.get("credit") or 0, f"{place}.credit"), currency)
    line["amount"], line["debit"], line["credit"] = amount, max(amount, ZERO), max(-amount, ZERO)


def _amount(line: Body, currency: str, place: str) -> bool:
    """Fill in quantity, price and amount; true when the amount was worked out. Raises amount_mismatch."""
    given, price = line.get("amount"), line.get("price")
    quantity = line["quantity"] = exact(1 if line.get("quantity") is None else line["quantity"], f"{place}.quantity")
    if price is None:
        if given is None:
            raise BooksError("missing", f"{place} has no amount", f"{place}.amount")
        line["amount"] = cents(exact(given, f"{place}.amount"), currency)
        line["price"] = line["amount"] / quantity if quantity else line["amount"]
        return False
    price = line["price"] = exact(price, f"{place}.price")
    value = quantity * price
    if line.get("discount_percent"):
        share = line["discount_percent"] = exact(line["discount_percent"], f"{place}.discount_percent")
        value = value * (HUNDRED - share) / HUNDRED
    if line.get("discount_amount"):
        value -= exact(line["discount_amount"], f"{place}.discount_amount")
    value = cents(value, currency)
    if given is not None and abs(cents(exact(given, f"{place}.amount"), currency) - value) > cents(
        Decimal(0), currency
    ):
        text = f"{place}: amount {given} is not quantity times price, {value}"
        raise BooksError("amount_mismatch", text, f"{place}.amount", expected=value)
    line["amount"] = value
    return given is None


def percent_of(rate: Body) -> Decimal:
    """The percentage a tax rate adds: the sum of its parts, none when the buyer accounts for it."""
    if rate.get("is_reverse_charge"):
        return ZERO
    parts = rate.get("components")
    if parts:
        return sum((Decimal(part["percent"]) for part in parts), ZERO)
    return Decimal(rate.get("percent") or 0)


def _tax(company: "Company", body: Body, line: Body, place: str, trusted: bool) -> bool:
    """Net and tax of a line; true when the tax was worked out."""
    amount, mode, currency = line["amount"], body["tax_mode"], body["currency"]
    given = line.get("tax_amount")
    percent = ZERO
    if line.get("tax") is not None:
        percent = percent_of(referred(company, "tax_rate", line["tax"], f"{place}.tax", trusted=trusted).body)
    if mode == "none":
        line["tax_amount"], line["net"] = ZERO, amount
        return False
    if given is not None:
        tax = cents(exact(given, f"{place}.tax_amount"), currency)
        if tax and line.get("tax") is None:
            raise BooksError("invalid_tax", f"{place} has tax but no tax rate", f"{place}.tax")
    else:
        base = HUNDRED + percent if mode == "inclusive" else HUNDRED
        tax = cents(amount * percent / base, currency)
    line["tax_amount"], line["net"] = tax, amount - tax if mode == "inclusive" else amount
    return given is None
