"""What a request's transaction becomes: defaults, lines, tax, applications, period, approval."""

from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import chart, errors, forms, values
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import RecordType
from integrations.sandbox.wire import Body

_SALES = ("invoice", "credit_note")
_PURCHASES = ("bill", "vendor_credit", "purchase_order", "expense")
_CONTROL = {
    "invoice": "receivable", "credit_note": "receivable", "bill": "payable", "vendor_credit": "payable",
}  # fmt: skip
_NEEDED = {
    "invoice": [("contact", "Customer", "entity")], "credit_note": [("contact", "Customer", "entity")],
    "bill": [("contact", "Vendor", "entity")], "vendor_credit": [("contact", "Vendor", "entity")],
    "purchase_order": [("contact", "Vendor", "entity")], "payment": [("contact", "Customer", "customer")],
    "bill_payment": [("contact", "Payee", "entity"), ("account", "Account", "account")],
    "expense": [("account", "Account", "account")], "deposit": [("account", "Account", "account")],
    "transfer": [("account", "From Account", "fromAccount"), ("to_account", "To Account", "toAccount")],
}  # fmt: skip
_APPLIED = ("payment", "bill_payment", "credit_note", "vendor_credit")


def completed(books: Books, record_type: RecordType, given: Body, body: Body, before: Record | None) -> Body:
    """The neutral body of a transaction, ready to be saved. Raises NetSuiteError."""
    if record_type.kind == "transfer":
        _transferred(body)
    for path, label, name in _NEEDED.get(record_type.kind, []):
        if values.at(body, path) in (None, ""):
            raise errors.missing(label, name)
    body.setdefault("on", books.clock.today().isoformat())
    body["currency"] = body.get("currency") or _currency(books, body)
    if before is None and not body.get("number"):
        body["number"] = chart.next_number(books, record_type.kind)
    _approved(body)
    _period_checked(books, body)
    if record_type.kind in (*_SALES, *_PURCHASES):
        _documented(books, record_type, body)
    elif record_type.kind in ("journal_entry", "deposit") and not body.get("lines"):
        raise errors.user("You must enter at least one line item for this transaction.", "line")
    if record_type.kind in _APPLIED:
        _applied(books, record_type, given, body)
    return body


def _currency(books: Books, body: Body) -> str:
    contact = books.store.tables["contact"].get(str(body.get("contact")))
    return str(contact.body.get("currency") or books.home) if contact else books.home


def _approved(body: Body) -> None:
    own = body["own"]
    if "approved" in own:
        own["approvalStatus"] = "2" if own.pop("approved") else "1"
    if body.get("status") == "voided":
        return
    body["status"] = "authorised" if str(own.get("approvalStatus") or "2") == "2" else "submitted"


def _period_checked(books: Books, body: Body) -> None:
    """The date must lie in an open period; a chosen period must hold the date."""
    own = body["own"]
    chosen = own.get("postingPeriod")
    natural = books.period_of(body["on"])
    if chosen and str(chosen) != natural and books.is_closed(str(chosen)):
        raise errors.user(errors.PERIOD, "postingPeriod")
    if chosen == natural:
        own.pop("postingPeriod")


def _transferred(body: Body) -> None:
    own = body["own"]
    for theirs, ours in (("fromAccount", "account"), ("toAccount", "to_account"), ("fromAmount", "total")):
        if theirs in own:
            body[ours] = own.pop(theirs)
    own.pop("toAmount", None)


def _documented(books: Books, record_type: RecordType, body: Body) -> None:
    """Control account, prices, tax codes of a document with lines."""
    lines = body.get("lines") or []
    if not lines:
        raise errors.user("You must enter at least one line item for this transaction.", "item")
    control = _CONTROL.get(record_type.kind)
    if control and not body.get("account"):
        body["account"] = _control_account(books, body, control)
    is_sale = record_type.kind in _SALES
    for line in lines:
        _priced(books, line, is_sale=is_sale)
        _taxed(books, line, is_sale=is_sale)
    body["tax_mode"] = "exclusive" if any(line.get("tax") for line in lines) else "none"


def _control_account(books: Books, body: Body, kind: str) -> str:
    contact = books.store.tables["contact"].get(str(body.get("contact")))
    own = (contact.body.get("own") or {}) if contact else {}
    chosen = own.get("receivablesAccount" if kind == "receivable" else "payablesAccount")
    accounts = [each for each in books.store.live("account") if each.body["type"] == kind]
    if not chosen and not accounts:
        raise errors.missing("Account", "account")
    return str(chosen or accounts[0].id)


def _priced(books: Books, line: Body, *, is_sale: bool) -> None:
    item = books.store.get("item", str(line["item"])) if line.get("item") else None
    if line.get("item") and item is None:
        raise errors.invalid_reference("item", str(line["item"]))
    if item is None and not line.get("account"):
        category = (line.get("own") or {}).get("category")
        raise errors.missing("Account" if not category else "Category", "expense.items")
    if line.get("quantity") is None:
        line["quantity"] = Decimal(1)
    if line.get("price") is None and line.get("amount") is None:
        line["price"] = decimal((item.body.get("sale_price" if is_sale else "purchase_price") if item else None) or 0)
    if line.get("amount") is None:
        line["amount"] = decimal(line["quantity"]) * decimal(line["price"])
    if line.get("price") is None or decimal(line["quantity"]) * decimal(line["price"]) != decimal(line["amount"]):
        quantity = decimal(line["quantity"]) or Decimal(1)
        line["price"] = decimal(line["amount"]) / quantity
    if item is not None and not line.get("description"):
        line["description"] = item.body.get("description") or item.body["name"]


def _taxed(books: Books, line: Body, *, is_sale: bool) -> None:
    """Outside the US every line has a tax code: its own, or its item's."""
    if line.get("tax") or books.organisation.country == "US":
        return
    item = books.store.get("item", str(line.get("item") or ""))
    side = "sale_tax" if is_sale else "purchase_tax"
    found = item.body.get(side) or item.body.get("sale_tax") if item else None
    if not found:
        raise errors.missing("Tax Code", "taxCode")
    line["tax"] = found


def _applied(books: Books, record_type: RecordType, given: Body, body: Body) -> None:
    """The apply sublist over what was applied before; a payment's total follows where it is not given."""
    sublist = next((value for name, value in given.items() if name.lower() == "apply"), None)
    kept = {str(each["document"]).partition(":")[2]: dict(each) for each in body.get("allocations") or []}
    if sublist is not None:
        for item in forms.items_of(sublist, "apply"):
            _apply_one(books, record_type, item, kept)
    body["allocations"] = list(kept.values())
    total = sum((decimal(each["amount"]) for each in kept.values()), ZERO)
    is_given = any(name.lower() == "payment" for name in given)
    if record_type.kind == "bill_payment" or (record_type.kind == "payment" and not is_given and not body.get("total")):
        body["total"] = total
        if not kept:
            raise errors.user("You must apply this payment to at least one transaction.", "apply")
    if record_type.kind == "payment":
        _received(books, body)


def _apply_one(books: Books, record_type: RecordType, item: Body, kept: dict[str, Any]) -> None:
    key = str(item["doc"].get("id") if isinstance(item.get("doc"), dict) else item.get("doc") or "")
    document = books.transaction(key)
    if document is None:
        raise errors.invalid_reference("doc", key, at="apply.doc")
    amount = item.get("amount")
    is_off = item.get("apply") in values.NO or (amount is not None and decimal(amount) == 0)
    if is_off:
        kept.pop(key, None)
        return
    value = decimal(amount) if amount is not None else books.open_amount(document)
    kept[key] = {"document": document.key, "amount": value}


def _received(books: Books, body: Body) -> None:
    """A payment without an account waits among the undeposited funds."""
    own = body["own"]
    wants_undeposited = str(own.pop("undepFunds", "")) in ("T", "true", "True")
    if body.get("account") and not wants_undeposited:
        return
    waiting = next((each for each in books.store.live("account") if each.body.get("role") == "undeposited"), None)
    if waiting is None:
        raise errors.missing("Account", "account")
    body["account"] = waiting.id
