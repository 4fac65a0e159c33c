"""Masters as REST shows them: properties as data, and what is worked out."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.lines import percent_of
from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import chart, properties
from integrations.sandbox.sage_intacct.books import Books, money, title
from integrations.sandbox.sage_intacct.kinds import BY_PATH, Object, line_key
from integrations.sandbox.sage_intacct.properties import Property, own, ref
from integrations.sandbox.wire import Body

_GL = "general-ledger/account"
CONTACT_BLOCK = {
    "printAs": "own.printAs", "companyName": "own.companyName", "prefix": "own.prefix", "firstName": "first_name",
    "lastName": "last_name", "email1": "email", "email2": "own.email2", "phone1": "phone", "phone2": "own.phone2",
    "URL1": "own.url",
}  # fmt: skip
"""A contact's REST name → place in the neutral body."""
ADDRESS = {"addressLine1": "street", "addressLine2": "street2", "city": "city", "state": "region",
           "postCode": "postcode", "country": "country"}  # fmt: skip
_PARTY = (
    *own("text", "taxId", "vendorAccountNumber", "preferredPaymentMethod", "onHoldReason"),
    *own("number", "creditLimit"), *own("flag", "isOnHold", "doNotPay", "isOneTimeUse", default=False),
    *own("choice", "billingType", values=("openItem", "balanceForward"), default="openItem"),
    *own("choice", "paymentPriority", values=("urgent", "high", "normal", "low"), default="normal"),
    *own("any", "vendorType", "customerType", "ach", "form1099", "attachment", "contacts.primary", "contacts.payTo",
         "contacts.returnTo", "contacts.billTo", "contacts.shipTo"),
    Property("currency", "currency"), Property("notes", "notes"),
)  # fmt: skip
_DIMENSION = (*own("text", "description", "reportTitle"), *own("any", "supervisor", "manager"))
_BANK = (
    Property("name", "name", default=""), *own("text", "bankName", "accountNumber", "description"),
    Property("currency", "currency"), ref("glAccount", "account", _GL),
)  # fmt: skip
PROPERTIES: dict[str, tuple[Property, ...]] = {
    _GL: (
        Property("accountCategory", "own.category"), *own("flag", "isTaxable", "disallowDirectPosting", default=False),
        *(each for name in ("department", "location", "class", "project", "customer", "vendor", "employee", "item")
          for each in own("flag", f"requireDimensions.{name}", default=False)),
    ),
    "accounts-payable/vendor": (
        *_PARTY, ref("term", "term", "accounts-payable/term"), ref("parent", "own.parent", "accounts-payable/vendor"),
        ref("defaultExpenseGLAccount", "own.defaultAccount", _GL),
    ),
    "accounts-receivable/customer": (
        *_PARTY, ref("term", "term", "accounts-receivable/term"),
        ref("parent", "own.parent", "accounts-receivable/customer"),
        ref("defaultRevenueGLAccount", "own.defaultAccount", _GL),
    ),
    "company-config/employee": (
        Property("primaryContactName", "name"), *own("text", "title", "email"),
        ref("location", "own.location", "company-config/location"),
        ref("department", "own.department", "company-config/department"),
    ),
    "accounts-payable/term": (*own("text", "description"), Property("due.days", "days", "number", default=0),
                              *own("text", "due.from", default="fromBillDate")),
    "accounts-receivable/term": (*own("text", "description"), Property("due.days", "days", "number", default=0),
                                 *own("text", "due.from", default="fromInvoiceDate")),
    "inventory-control/item": (
        Property("name", "name"), Property("extendedDescription", "description"),
        Property("sales.basePrice", "sale_price", "money"), *own("flag", "sales.isTaxable", default=True),
        *own("any", "sales.taxGroup", "productLine", "inventory.glGroup"),
        Property("purchasing.standardCost", "purchase_price", "money"),
        *own("text", "costMethod", "unitOfMeasure"),
    ),
    "tax/purchasing-tax-detail": (*own("text", "description"), ref("glAccount", "account", _GL)),
    "tax/tax-solution": (),
    "general-ledger/journal": (Property("name", "name"), *own("flag", "isAdjustment", default=False)),
    "general-ledger/reporting-period": (Property("name", "name"), Property("startDate", "from"),
                                        Property("endDate", "to")),
    "company-config/contact": (*own("any", "tax"),),
    "company-config/department": (*_DIMENSION, ref("parent", "parent", "company-config/department")),
    "company-config/location": (*_DIMENSION, ref("parent", "parent", "company-config/location")),
    "company-config/class": (*_DIMENSION, ref("parent", "parent", "company-config/class")),
    "company-config/entity": (*own("text", "taxId", "operatingCountry", "description"),
                              *own("date", "startDate", "openBooksStartDate"), *own("any", "contacts")),
    "projects/project": (*_DIMENSION, ref("parent", "parent", "projects/project"),
                         ref("customer", "own.customer", "accounts-receivable/customer"),
                         *own("text", "projectCategory", "projectStatus"), *own("date", "startDate", "endDate")),
    "inventory-control/warehouse": (*own("text", "description"),),
    "company-config/txn-currency": (*own("text", "currencyFormat", default="unitedStates"),
                                    *own("text", "currencyType", default="iso")),
    "company-config/exchange-rate-type": (Property("name", "name"),),
    "cash-management/checking-account": _BANK, "cash-management/savings-account": _BANK,
    "cash-management/credit-card-account": _BANK, "cash-management/bank-account": _BANK,
    "company-config/user": (Property("userName", "name"), *own("text", "userType")),
}  # fmt: skip
_NAMED = frozenset({"contact", "dimension", "account"})
"""Kinds whose name is `name`; the others say it among their properties."""


def plain(books: Books, obj: Object, record: Record) -> Body:
    """A master of properties alone."""
    name = {"name": title(record)} if record.table in _NAMED else {}
    return {**books.base(obj, record), **name, **properties.shown(books, properties_of(obj), record.body)}


def properties_of(obj: Object) -> tuple[Property, ...]:
    """The properties of an object; the three kinds of tax details share theirs, user-defined ones have few."""
    path = "tax/purchasing-tax-detail" if obj.kind == "tax_rate" else obj.path
    return PROPERTIES.get(path, ())


def account(books: Books, obj: Object, record: Record) -> Body:
    """A ledger account: its side and statement instead of a type."""
    kind = str(record.body["type"])
    is_result = kind in chart.RESULT_TYPES
    closing = "closedToAccount" if kind == "equity" else "closingAccount" if is_result else "nonClosingAccount"
    found = plain(books, obj, record) | {
        "accountType": "incomeStatement" if is_result else "balanceSheet",
        "normalBalance": "debit" if kind in chart.DEBIT_TYPES else "credit", "closingType": closing,
        "alternativeGLAccount": {"payable": "payablesAccount", "receivable": "receivablesAccount"}.get(kind, "none"),
    }  # fmt: skip
    return {**found, "accountCategory": found["accountCategory"] or chart.CATEGORIES.get(kind)}


def party(books: Books, obj: Object, record: Record) -> Body:
    """A vendor or customer, with its default contact and what is due."""
    found = plain(books, obj, record)
    contacts = found.setdefault("contacts", {})
    contacts["default"] = contact_block(books, obj, record)
    return {**found, "totalDue": money(books.due(record.id)), "currency": found["currency"] or books.home}


def contact_block(books: Books, obj: Object, record: Record) -> Body:
    """The contact that Intacct makes along with a vendor or customer: NAME(VVENDORID)."""
    body = record.body
    name = f"{title(record)}({obj.label[0]}{books.natural(obj, record)})"
    # Contacts made along with a party have no address of their own here, so no key and no href.
    found: Body = {"id": name}
    found |= {rest: _at(body, place) for rest, place in CONTACT_BLOCK.items()}
    found["printAs"] = found["printAs"] or title(record)
    found["companyName"] = found["companyName"] or title(record)
    return {**found, "mailingAddress": address(body)}


def _at(body: Any, place: str) -> Any:
    for step in place.split("."):
        body = (body or {}).get(step)
    return body


def address(body: Body) -> Body:
    """The first address, each part null where it is not known."""
    first: Body = next(iter(body.get("addresses") or ()), {})
    return {rest: first.get(name) for rest, name in ADDRESS.items()}


def person(books: Books, obj: Object, record: Record) -> Body:
    """A contact of its own."""
    found = {rest: _at(record.body, place) for rest, place in CONTACT_BLOCK.items()}
    return {**plain(books, obj, record), **found, "mailingAddress": address(record.body)}


def item(books: Books, obj: Object, record: Record) -> Body:
    """An item; a service is one that is not kept in stock."""
    kind = (record.body.get("own") or {}).get("itemType")
    found = plain(books, obj, record)
    found["itemType"] = kind or ("nonInventory" if record.body.get("type") != "inventory" else "inventory")
    return found


def tax_detail(books: Books, obj: Object, record: Record) -> Body:
    """A tax detail of sales or of purchases."""
    own_part = record.body.get("own") or {}
    solution = books.named(BY_PATH["tax/tax-solution"], own_part.get("solution") or "")
    return {
        **plain(books, obj, record), "taxUniqueId": f"{own_part.get('solution')}.{record.body['name']}",
        "taxType": own_part.get("taxType"), "taxPercent": money(percent_of(record.body)), "amountToTax": "fullAmount",
        "taxLimit": {"minimumTaxable": None, "maximumTaxable": None}, "taxRate": own_part.get("taxRate") or "standard",
        "taxAuthority": {"key": None, "id": None}, "isSystemGenerated": False, "reverseCharge": False,
        "useExpenseAccount": False, "taxSolution": books.reference("tax/tax-solution", solution and solution.id),
    }  # fmt: skip


def solution(books: Books, obj: Object, record: Record) -> Body:
    """A tax solution."""
    return {**plain(books, obj, record), "description": record.body["name"], "taxCalculationMethod": "VAT",
            "enableMultilineTax": True, "type": "standard"}  # fmt: skip


def bank(books: Books, obj: Object, record: Record) -> Body:
    """A bank account or card."""
    return {**plain(books, obj, record), "type": record.body["type"]}


def exchange_rate(books: Books, obj: Object, record: Record) -> Body:
    """The rates of a pair of currencies."""
    body = record.body
    lines = [
        {"key": line_key(record.id, each["id"]), "id": line_key(record.id, each["id"]),
         "exchangeRate": {"key": record.id, "id": record.id, "fromCurrency": body["from"], "toCurrency": body["to"]},
         "effectiveStartDate": each["on"], "rate": each["rate"],
         "reciprocalRate": (1 / Decimal(each["rate"])).quantize(Decimal("0.0000000001"))}
        for each in body["lines"]
    ]  # fmt: skip
    kind = books.reference("company-config/exchange-rate-type", body["type"])
    return {**books.base(obj, record), "exchangeRateType": kind, "fromCurrency": body["from"], "toCurrency": body["to"],
            "lines": lines}  # fmt: skip


def budget(books: Books, obj: Object, record: Record) -> Body:
    """A budget by reporting periods."""
    body = record.body
    owner = {"key": record.id, "id": books.natural(obj, record), "href": f"{obj.href}/{record.id}"}
    return {**books.base(obj, record), "description": body.get("description") or body["name"],
            "isDefault": bool(body.get("isDefault")), "currency": body.get("currency") or books.home,
            "lines": [{**_budget_line(books, record, line), "budget": owner} for line in body["lines"]]}  # fmt: skip


def _budget_line(books: Books, record: Record, line: Body) -> Body:
    key = line_key(record.id, line["id"])
    found: Iterable[Record] = books.store.live("reporting_period")
    period = next((each for each in found if each.body["from"] == line["month"]), None)
    shown = books.reference("general-ledger/reporting-period", period and period.id)
    shown["startDate"] = line["month"]
    sides = {name: books.reference(f"company-config/{name}", (line.get("dimensions") or {}).get(name))
             for name in ("location", "department")}  # fmt: skip
    return {"key": key, "id": key, "glAccount": books.reference(_GL, line["account"]), "reportingPeriod": shown,
            "amount": money(line["amount"]), "dimensions": sides}  # fmt: skip


SHOWN: dict[str, Callable[[Books, Object, Record], Body]] = {
    **dict.fromkeys(("journal", "reporting_period", "employee", "payment_term", "dimension", "currency",
                     "exchange_rate_type", "user"), plain),
    "account": account, "contact": party, "person": person, "item": item, "tax_rate": tax_detail,
    "tax_solution": solution, "exchange_rate": exchange_rate, "bank_account": bank, "budget": budget,
}  # fmt: skip
"""Kind → how its records look in REST."""
