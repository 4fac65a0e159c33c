"""Lines of documents, both ways; lines that Zoho shows as figures of the head are hidden among them."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, cents, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import kinds
from integrations.sandbox.zoho_books.books import Books
from integrations.sandbox.zoho_books.errors import invalid_value
from integrations.sandbox.zoho_books.lists import text

HIDDEN = ("shipping_charge", "adjustment")
_OWN = ("name", "unit", "item_order", "project_id", "customer_id", "is_billable", "hsn_or_sac", "item_custom_fields",
        "purchaseorder_item_id")  # fmt: skip


def visible(record: Record) -> list[Body]:
    """A document's lines without those that stand in its head."""
    return [line for line in record.body["lines"] if not (line.get("own") or {}).get("hidden")]


def hidden(record: Record, name: str) -> Decimal:
    """Shipping charge or adjustment."""
    found = (line for line in record.body["lines"] if (line.get("own") or {}).get("hidden") == name)
    return sum((line["amount"] for line in found), ZERO)


def shown(books: Books, record: Record) -> list[Body]:
    """line_items as a document's own address answers."""
    rate = record.body["rate"]
    return [_shown(books, record, line, position, rate) for position, line in enumerate(visible(record))]


def _shown(books: Books, record: Record, line: Body, position: int, rate: Decimal) -> Body:
    own, item = line.get("own") or {}, books.body("item", line.get("item"))
    price: Decimal = line["price"] if "price" in line else line["amount"]
    return {
        "line_item_id": kinds.line_id(record.id, line["id"]), "item_id": text(line.get("item")),
        "account_id": text(line.get("account")), "account_name": books.name("account", line.get("account")),
        "name": own.get("name") or item.get("name", ""), "description": text(line.get("description")),
        "item_order": position + 1, "bcy_rate": cents(price * rate, books.home), "rate": price,
        "quantity": line.get("quantity", Decimal(1)), "unit": own.get("unit", ""), "discount": _discount(line),
        "discounts": [], **books.tax(line.get("tax")), "line_item_taxes": [], "item_total": line["amount"],
        "is_billable": bool(own.get("is_billable")), "customer_id": text(own.get("customer_id")),
        "customer_name": books.name("contact", own.get("customer_id")), "project_id": text(own.get("project_id")),
        "item_custom_fields": own.get("item_custom_fields", []), "tags": books.tags(line.get("dimensions")),
    }  # fmt: skip


def _discount(line: Body) -> Any:
    if line.get("discount_percent"):
        return f"{line['discount_percent'].normalize():f}%"
    return line.get("discount_amount") or ZERO


def taxes(books: Books, record: Record) -> list[Body]:
    """The tax of a document by name: “Standard Rate (20%)”."""
    sums: dict[str, Decimal] = {}
    for line in record.body["lines"]:
        if line.get("tax"):
            sums[line["tax"]] = sums.get(line["tax"], ZERO) + line["tax_amount"]
    found = []
    for key, amount in sums.items():
        tax = books.tax(key)
        name = f"{tax['tax_name']} ({tax['tax_percentage'].normalize():f}%)"
        found.append({"tax_id": key, "tax_name": name, "tax_amount": amount})
    return found


def read(books: Books, given: Any, before: Record | None, default: str) -> list[Body]:
    """The whole set of lines: those with a line_item_id are changed, those not named go."""
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise invalid_value("line_items")
    kept = {line["id"]: line for line in before.body["lines"]} if before else {}
    last = max((int(key) for key in kept), default=0)
    found = []
    for line in given:
        key = str(int(str(line["line_item_id"])[-3:])) if line.get("line_item_id") else ""
        if key and (key not in kept or before is None or kinds.owner_id(str(line["line_item_id"])) != before.id):
            raise invalid_value("line_item_id")
        last += not key
        found.append({**_read(books, line, kept.get(key, {}), default), "id": key or str(last)})
    return found


_PLAIN = {"item_id": "item", "account_id": "account", "description": "description", "tax_id": "tax"}


def _read(books: Books, given: Body, before: Body, default: str) -> Body:
    line = {name: value for name, value in before.items() if name not in ("amount", "computed", "net", "tax_amount")}
    line |= {ours: given[theirs] or None for theirs, ours in _PLAIN.items() if theirs in given}
    for theirs, ours in (("rate", "price"), ("quantity", "quantity")):
        if given.get(theirs) not in (None, ""):
            line[ours] = _number(given[theirs], theirs)
    if "item_total" in given and "rate" not in given and not before:
        line["amount"] = _number(given["item_total"], "item_total")
    if "discount" in given:
        line |= discount(given["discount"])
    if "tags" in given:
        line["dimensions"] = tags(books, given["tags"])
    line["own"] = {**(before.get("own") or {}), **{name: given[name] for name in _OWN if name in given}}
    if line.get("account") is None and line.get("item") is None:
        line["account"] = books.account(default)
    return {name: value for name, value in line.items() if value is not None}


def _number(value: Any, name: str) -> Decimal:
    try:
        return decimal(value)
    except ValueError as error:
        raise invalid_value(name) from error


def discount(value: Any) -> Body:
    """ "5%" or an amount."""
    told = str(value or "0").strip()
    if told.endswith("%"):
        return {"discount_percent": _number(told[:-1], "discount"), "discount_amount": None}
    return {"discount_amount": _number(told, "discount") or None, "discount_percent": None}


def tags(books: Books, given: Any) -> Body:
    """[{tag_id, tag_option_id}] as tag → option. An option of another tag is refused."""
    found = {}
    for each in given or ():
        option = books.body("dimension", each.get("tag_option_id"))
        if not option or option["type"] != str(each.get("tag_id")):
            raise invalid_value("tag_option_id")
        found[str(each["tag_id"])] = str(each["tag_option_id"])
    return found


def read_hidden(books: Books, given: Body, before: Record | None, account: str, last: int) -> list[Body]:
    """Shipping charge and adjustment as lines without tax."""
    found = []
    for name in HIDDEN:
        amount = _number(given[name] or 0, name) if name in given else hidden(before, name) if before else ZERO
        if amount:
            last += 1
            found.append({"id": str(last), "account": books.account(account), "amount": amount, "quantity": 1,
                          "description": given.get(f"{name}_description") or name.replace("_", " ").capitalize(),
                          "own": {"hidden": name}})  # fmt: skip
    return found
