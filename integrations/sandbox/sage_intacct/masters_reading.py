"""Masters as REST sends them: what is given over what was there, as neutral bodies."""

from collections.abc import Callable
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import chart, errors, kinds, properties
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import BY_PATH, Object, at
from integrations.sandbox.sage_intacct.lines import merged
from integrations.sandbox.sage_intacct.masters import ADDRESS, CONTACT_BLOCK, properties_of
from integrations.sandbox.wire import Body

_STATUSES = {"active": True, "activeNonPosting": True, "inactive": False}
_GL = "general-ledger/account"
_AUTO = {"accounts-payable/vendor": "V{}", "accounts-receivable/customer": "C{}"}
"""Objects that the company numbers by itself when no id is given."""
_FREE = ("audit", "entity", "webURL")


def plain(
    books: Books, obj: Object, given: Body, before: Record | None, *more: str, free: tuple[str, ...] = ()
) -> Body:
    """id, name, status and the properties; `more` may be written too, `free` are objects read elsewhere."""
    known = [each.path for each in properties_of(obj)]
    properties.check_known(obj.path, given, [*known, "name", "status", *more], prefixes=(*_FREE, *free))
    body: Body = dict(before.body) if before else {**obj.birth, "is_active": True}
    body["own"] = {**(body.get("own") or {})}
    _identify(books, obj, given, body, before)
    if "status" in given:
        if not isinstance(given["status"], str) or given["status"] not in _STATUSES:
            raise errors.invalid_request(f"The value '{given['status']}' of field status is not valid.")
        body["is_active"] = _STATUSES[given["status"]]
    if "name" in given and obj.natural != "name":
        body["name"] = str(given["name"] or "")
    properties.read(books, properties_of(obj), given, body)
    if not body.get("name") and obj.kind not in ("account", "contact", "dimension", "item"):
        body["name"] = body.get(obj.natural)
    if not body.get("name"):
        raise errors.business("Required field name is missing.", "BL01001974")
    return body


def _identify(books: Books, obj: Object, given: Body, body: Body, before: Record | None) -> None:
    """The natural id: given once, unique, never changed. Raises SageError."""
    value = str(given.get("id") or "")
    if before is not None:
        if value and value != books.natural(obj, before):
            raise errors.business("The field id cannot be changed.", "BL01001976")
        return
    if not value and obj.path in _AUTO:
        value = _next(books, obj)
    if not value:
        raise errors.business("Required field id is missing.", "BL01001974",
                              first=f"Could not create {obj.label} record.")  # fmt: skip
    if any(books.named(each, value) for each in kinds.OBJECTS if each.kind == obj.kind and _shares(each, obj)):
        raise errors.duplicate(obj.label, "id", value)
    body[obj.natural] = value


def _shares(other: Object, obj: Object) -> bool:
    """Whether two objects over one table share their ids: locations and entities do, vendors and customers do not."""
    return other is obj or (obj.kind == "dimension" and bool({*other.tests["type"]} & {*obj.tests["type"]}))


def _next(books: Books, obj: Object) -> str:
    while True:
        value = _AUTO[obj.path].format(books.store.take(f"auto.{obj.path}", 10_001))
        if books.named(obj, value) is None:
            return value


def account(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A ledger account; its neutral type from statement, side, closing and alternative account."""
    sides = ("accountType", "normalBalance", "closingType", "alternativeGLAccount")
    body = plain(books, obj, given, before, *sides, "closeToGLAccount")
    body["type"] = _type(given, str(body.get("type") or ""))
    return body


def _type(given: Body, kept: str) -> str:
    alternative = {"payablesAccount": "payable", "receivablesAccount": "receivable"}
    asked = given.get("alternativeGLAccount")
    if asked not in (None, "none", *alternative):
        raise errors.invalid_request("alternativeGLAccount is not valid.")
    statement = str(given.get("accountType") or ("incomeStatement" if kept in chart.RESULT_TYPES else "balanceSheet"))
    usual = "credit" if kept and kept not in chart.DEBIT_TYPES else "debit"
    side = str(given.get("normalBalance") or usual)
    if (statement, side) not in chart.USUAL_TYPES:
        raise errors.invalid_request("accountType or normalBalance is not valid.")
    if asked in alternative:
        return alternative[str(asked)]
    by_category = (name for name, told in chart.CATEGORIES.items() if told == given.get("accountCategory"))
    found = next(by_category, "")
    if found:
        return found
    if given.get("closingType") == "closedToAccount" and (statement, side) == ("balanceSheet", "credit"):
        return "equity"
    is_same = kept and (kept in chart.RESULT_TYPES) == (statement == "incomeStatement")
    is_same = is_same and (kept in chart.DEBIT_TYPES) == (side == "debit")
    return kept if is_same else chart.USUAL_TYPES[statement, side]


def party(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A vendor or customer with its default contact."""
    body = plain(books, obj, given, before, free=("contacts",))
    contact = at(given, "contacts.default")
    if isinstance(contact, dict):
        _contact(obj, contact, body)
    for name in ("currency",):
        if body.get(name) and books.named(BY_PATH["company-config/txn-currency"], body[name]) is None:
            raise errors.invalid_reference("Currency", body[name])
    return _one_name(books, obj, given, body, before)


def _one_name(books: Books, obj: Object, given: Body, body: Body, before: Record | None) -> Body:
    """The neutral books want every contact's name once; Intacct does not mind: `own.title` is what it shows."""
    title = str(given.get("name") or body["own"].get("title") or body["name"])
    holders = books.store.find("contact.name", title.casefold())
    is_free = all(key == (before and before.key) for key in holders)
    body["own"]["title"] = None if is_free else title
    body["name"] = title if is_free else f"{title} ({obj.label[0]}{body['code']})"
    return body


def _contact(obj: Object, given: Body, body: Body) -> None:
    properties.check_known(f"{obj.path}.contacts.default", given, CONTACT_BLOCK, prefixes=("mailingAddress", "tax"))
    for rest, place in CONTACT_BLOCK.items():
        if rest in given:
            properties.put(body, place, given[rest])
    if isinstance(given.get("mailingAddress"), dict):
        _address(given["mailingAddress"], body)


def _address(given: Body, body: Body) -> None:
    properties.check_known("mailingAddress", given, [*ADDRESS, "addressLine3", "isoCountryCode"])
    first = dict(next(iter(body.get("addresses") or ()), {"type": "billing"}))
    first |= {name: given[rest] for rest, name in ADDRESS.items() if rest in given}
    body["addresses"] = [first, *(body.get("addresses") or [])[1:]]


def person(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A contact of its own: printAs is its name."""
    told = {"name": given["printAs"]} if given.get("printAs") else {}
    body = plain(books, obj, {**given, **told}, before, *CONTACT_BLOCK, free=("mailingAddress", "tax"))
    _contact(obj, {name: given[name] for name in (*CONTACT_BLOCK, "mailingAddress") if name in given}, body)
    return body


def item(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """An item; its accounts are those that its kind of thing usually has."""
    body = plain(books, obj, given, before, "itemType")
    kind = given.get("itemType")
    if kind is not None and kind not in ITEM_TYPES:
        raise errors.invalid_request(f"The value '{kind}' of field itemType is not one of {', '.join(ITEM_TYPES)}.")
    if before is None:
        if kind is None:
            raise errors.business("Required field itemType is missing.", "BL01001974")
        body |= {"is_sold": True, "is_bought": True, "income_account": _coded(books, "4020"),
                 "expense_account": _coded(books, "5010")}  # fmt: skip
    if kind is not None:
        body["own"]["itemType"], body["type"] = kind, "inventory" if kind == "inventory" else "service"
    return body


ITEM_TYPES = ("inventory", "nonInventory", "nonInventoryPurchaseOnly", "nonInventorySalesOnly", "kit", "stockableKit")


def _coded(books: Books, code: str) -> str | None:
    found = books.named(BY_PATH[_GL], code)
    return found.id if found else None


def tax_detail(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A tax detail; the object says whether it is for sales or purchases."""
    body = plain(books, obj, given, before, "taxPercent", "taxRate", free=("taxSolution", "taxAuthority"))
    if "taxPercent" in given:
        body["percent"] = properties.amount(given["taxPercent"], "taxPercent")
    if body.get("percent") is None:
        raise errors.business("Required field taxPercent is missing.", "BL01001974")
    if given.get("taxSolution"):
        body["own"]["solution"] = books.find("tax/tax-solution", given["taxSolution"]).body["code"]
    return body


def bank(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A bank account or card over an account of the general ledger."""
    body = plain(books, obj, given, before)
    if not body.get("account"):
        raise errors.business("Required field glAccount is missing.", "BL01001974")
    return {"currency": books.home, **body}


def currency(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A currency that transactions may be in."""
    return {"rates": [], **plain(books, obj, given, before)}


def exchange_rate(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """The rates of a pair, by the day they begin."""
    fields = ("exchangeRateType", "fromCurrency", "toCurrency", obj.lines_field)
    properties.check_known(obj.path, given, (), prefixes=(*fields, *_FREE))
    body: Body = dict(before.body) if before else {}
    for name, place in (("fromCurrency", "from"), ("toCurrency", "to")):
        if given.get(name):
            body[place] = books.find("company-config/txn-currency", given[name]).body["code"]
        if not body.get(place):
            raise errors.business(f"Required field {name} is missing.", "BL01001974")
    if before is None:
        kind = books.given("company-config/exchange-rate-type", given, "exchangeRateType")
        body["type"] = kind or books.store.live("exchange_rate_type")[0].id
    body["lines"] = merged(obj, given, before, _rate)
    return body


def _rate(given: Body, kept: Body | None) -> Body:
    body = dict(kept or {})
    if "effectiveStartDate" in given:
        body["on"] = properties.day(given["effectiveStartDate"], "effectiveStartDate")
    if "rate" in given:
        body["rate"] = properties.amount(given["rate"], "rate")
    if not body.get("on") or not body.get("rate") or body["rate"] <= 0:
        raise errors.business("An exchange rate needs effectiveStartDate and a rate above zero.", "BL01001974")
    return body


def spread_rates(books: Books, record: Record) -> Record:
    """Let the neutral books convert by the rates into the base currency."""
    body = record.body
    if body["to"] == books.home:
        known = books.named(BY_PATH["company-config/txn-currency"], body["from"])
        if known is not None:
            rates = [{"on": each["on"], "rate": each["rate"]} for each in body["lines"]]
            books.company.save("currency", {**known.body, "rates": rates}, known.id)
    return record


def budget(books: Books, obj: Object, given: Body, before: Record | None) -> Body:
    """A budget by account, reporting period, location and department."""
    body = plain(books, obj, given, before, "description", "isDefault", "currency", free=(obj.lines_field,))
    for name in ("description", "isDefault", "currency"):
        if name in given:
            body[name] = given[name]
    body["lines"] = merged(obj, given, before, lambda line, kept: _budget_line(books, line, kept))
    return body


def _budget_line(books: Books, given: Body, kept: Body | None) -> Body:
    body: Body = dict(kept or {})
    if "glAccount" in given:
        body["account"] = books.given(_GL, given, "glAccount")
    if "reportingPeriod" in given:
        period = books.find("general-ledger/reporting-period", given["reportingPeriod"])
        body["month"] = period.body["from"]
    if "amount" in given:
        body["amount"] = properties.amount(given["amount"], "amount")
    sides: Any = given.get("dimensions") or {}
    keys = {name: books.given(f"company-config/{name}", sides, name) for name in ("location", "department")}
    body["dimensions"] = {**(body.get("dimensions") or {}), **{name: key for name, key in keys.items() if key}}
    if not body.get("account") or not body.get("month") or body.get("amount") is None:
        raise errors.business("A budget line needs glAccount, reportingPeriod and amount.", "BL01001974")
    return body


READ: dict[str, Callable[[Books, Object, Body, Record | None], Body]] = {
    **dict.fromkeys(("journal", "employee", "payment_term", "dimension", "exchange_rate_type"), plain),
    "account": account, "contact": party, "person": person, "item": item, "tax_rate": tax_detail,
    "bank_account": bank, "currency": currency, "exchange_rate": exchange_rate, "budget": budget,
}  # fmt: skip
"""Kind → the neutral body of what REST sends."""
