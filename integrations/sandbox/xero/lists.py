"""Contacts, accounts, items, tax rates, tracking, currencies, budgets and the organisation, both ways."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.lines import percent_of
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body
from integrations.sandbox.xero import chart
from integrations.sandbox.xero.books import Books
from integrations.sandbox.xero.errors import InvalidError
from integrations.sandbox.xero.forms import bare, day, moment

_SLOTS = {"STREET": "shipping", "POBOX": "billing"}
_ADDRESS = {"AddressLine1": "street", "AddressLine2": "street2", "City": "city", "Region": "region",
            "PostalCode": "postcode", "Country": "country"}  # fmt: skip
_CONTACT = {"Name": "name", "FirstName": "first_name", "LastName": "last_name", "EmailAddress": "email",
            "TaxNumber": "tax_number", "DefaultCurrency": "currency"}  # fmt: skip
_OWN = ("ContactNumber", "AccountNumber", "BankAccountDetails", "AccountsReceivableTaxType", "AccountsPayableTaxType",
        "ContactPersons", "PaymentTerms", "CompanyNumber")  # fmt: skip


def sides(body: Body) -> tuple[bool, bool]:
    """IsCustomer, IsSupplier: said when founded, or by the first document (see reading.meet)."""
    return bool(body.get("is_customer")), bool(body.get("is_vendor"))


def contact(books: Books, record: Record) -> Body:
    """A contact: customers and suppliers are one kind."""
    body, mine = record.body, record.body.get("own") or {}
    kept = {each["type"]: each for each in body.get("addresses") or ()}
    phones = {"DEFAULT": body.get("phone") or "", "DDI": "", "FAX": "", "MOBILE": ""}
    customer, supplier = sides(body)
    return bare({
        "ContactID": record.id, **{name: mine[name] for name in _OWN if mine.get(name)},
        "ContactStatus": "ACTIVE" if body.get("is_active", True) else "ARCHIVED", "Name": body["name"],
        "FirstName": body.get("first_name"), "LastName": body.get("last_name"),
        "EmailAddress": body.get("email") or "", "BankAccountDetails": mine.get("BankAccountDetails", ""),
        "TaxNumber": body.get("tax_number"), "DefaultCurrency": body.get("currency"),
        "Addresses": [_address(kind, kept.get(name, {})) for kind, name in _SLOTS.items()],
        "Phones": [{"PhoneType": kind, "PhoneNumber": number, "PhoneAreaCode": "", "PhoneCountryCode": ""}
                   for kind, number in phones.items()],
        "UpdatedDateUTC": moment(record.updated), "ContactGroups": [], "IsSupplier": supplier, "IsCustomer": customer,
        "SalesTrackingCategories": [], "PurchasesTrackingCategories": [],
        "ContactPersons": mine.get("ContactPersons", []),
        "HasAttachments": bool(books.store.find("attached", record.key)), "HasValidationErrors": False,
    })  # fmt: skip


def _address(kind: str, kept: Body) -> Body:
    shown = {theirs: kept[ours] for theirs, ours in _ADDRESS.items() if kept.get(ours)}
    return {"AddressType": kind, "City": "", "Region": "", "PostalCode": "", "Country": "", **shown}


def read_contact(books: Books, given: Body, before: Record | None) -> Body:
    """A contact over what was there; fixed slots of addresses and phones merge by type."""
    body: Body = dict(before.body) if before else {}
    if before is None and not given.get("Name"):
        raise InvalidError("The Contact must contain at least 1 of the following elements to identify the contact: "
                           "Name, ContactID, ContactNumber")  # fmt: skip
    email = str(given.get("EmailAddress") or "")
    if email and "@" not in email:
        raise InvalidError("Email address must be valid.")
    body |= {ours: given[theirs] for theirs, ours in _CONTACT.items() if theirs in given}
    body["own"] = {**(body.get("own") or {}), **{name: given[name] for name in _OWN if name in given}}
    kept = {each["type"]: each for each in body.get("addresses") or ()}
    for each in given.get("Addresses") or ():
        slot = _SLOTS.get(each.get("AddressType"), "billing")
        told = {ours: each[theirs] for theirs, ours in _ADDRESS.items() if theirs in each}
        kept[slot] = {**kept.get(slot, {}), **told, "type": slot}
    body["addresses"] = list(kept.values())
    for each in given.get("Phones") or ():
        if each.get("PhoneType") == "DEFAULT":
            parts = (each.get("PhoneCountryCode"), each.get("PhoneAreaCode"), each.get("PhoneNumber"))
            body["phone"] = " ".join(part for part in parts if part)
    if "ContactStatus" in given:
        body["is_active"] = given["ContactStatus"] == "ACTIVE"
    return body


def account(books: Books, record: Record) -> Body:
    """An account of the chart."""
    body, mine = record.body, record.body.get("own") or {}
    bank = body["type"] in ("bank", "credit_card")
    shown = bare({
        "AccountID": record.id, "Code": body.get("code"), "Name": body["name"],
        "Status": "ACTIVE" if body.get("is_active", True) else "ARCHIVED",
        "Type": mine.get("Type") or chart.TYPES[body["type"]], "TaxType": body.get("tax") or "NONE",
        "Class": chart.CLASSES[body["type"]], "Description": mine.get("Description"),
        "SystemAccount": chart.SYSTEM.get(body.get("role") or ""),
        "EnablePaymentsToAccount": bool(mine.get("EnablePaymentsToAccount")), "ShowInExpenseClaims": False,
        "ReportingCode": mine.get("ReportingCode", ""), "UpdatedDateUTC": moment(record.updated),
        "AddToWatchlist": False, "HasAttachments": False,
    })  # fmt: skip
    if bank:
        shown |= {"BankAccountNumber": mine.get("BankAccountNumber", ""),
                  "BankAccountType": "CREDITCARD" if body["type"] == "credit_card" else "BANK",
                  "CurrencyCode": body.get("currency") or books.home}  # fmt: skip
    return shown


def read_account(books: Books, given: Body, before: Record | None) -> Body:
    """An account over what was there."""
    body: Body = dict(before.body) if before else {}
    names = ("Type", "Description", "EnablePaymentsToAccount", "BankAccountNumber", "ReportingCode")
    body["own"] = {**(body.get("own") or {}), **{name: given[name] for name in names if name in given}}
    body |= {ours: given[theirs] for theirs, ours in (("Code", "code"), ("Name", "name"), ("TaxType", "tax"),
                                                     ("CurrencyCode", "currency")) if theirs in given}  # fmt: skip
    if "Type" in given:
        if given["Type"] not in chart.READS:
            raise InvalidError(f"Account type '{given['Type']}' is not valid")
        card = given.get("BankAccountType") == "CREDITCARD" and given["Type"] == "BANK"
        body["type"] = "credit_card" if card else chart.READS[given["Type"]]
    if before is None and not (given.get("Name") and given.get("Type")):
        raise InvalidError("Please enter a unique Name.")
    if "Status" in given:
        body["is_active"] = given["Status"] == "ACTIVE"
    return body


def item(books: Books, record: Record) -> Body:
    """A product or service."""
    body = record.body
    return bare({
        "ItemID": record.id, "Code": body.get("code"), "Name": body["name"], "Description": body.get("description"),
        "PurchaseDescription": (body.get("own") or {}).get("PurchaseDescription"),
        "SalesDetails": _priced(books, body, "sale_price", "income_account", "sale_tax"),
        "PurchaseDetails": _priced(books, body, "purchase_price", "expense_account", "purchase_tax"),
        "IsTrackedAsInventory": False, "IsSold": bool(body.get("is_sold", True)),
        "IsPurchased": bool(body.get("is_bought", True)), "UpdatedDateUTC": moment(record.updated),
        "ValidationErrors": [],
    })  # fmt: skip


def _priced(books: Books, body: Body, price: str, account_: str, tax: str) -> Body:
    return bare({"UnitPrice": body.get(price), "AccountCode": books.body("account", body.get(account_)).get("code"),
                 "TaxType": body.get(tax)})  # fmt: skip


def read_item(books: Books, given: Body, before: Record | None) -> Body:
    """An item over what was there."""
    body: Body = dict(before.body) if before else {"is_sold": True, "is_bought": True}
    if before is None and not given.get("Code"):
        raise InvalidError("Price List Item Code must be specified")
    found = books.store.find("item.code", str(given.get("Code", "")).casefold())
    if any(key != (before.key if before else None) for key in found):
        raise InvalidError(f"Price List Item with Code '{given['Code']}' already exists")
    pairs = (("Code", "code"), ("Name", "name"), ("Description", "description"), ("IsSold", "is_sold"),
             ("IsPurchased", "is_bought"))  # fmt: skip
    body |= {ours: given[theirs] for theirs, ours in pairs if theirs in given}
    if "PurchaseDescription" in given:
        body["own"] = {"PurchaseDescription": given["PurchaseDescription"]}
    sides_ = (("SalesDetails", "sale_price", "income_account", "sale_tax"),
              ("PurchaseDetails", "purchase_price", "expense_account", "purchase_tax"))  # fmt: skip
    for part, price, account_, tax in sides_:
        told = given.get(part) or {}
        if "UnitPrice" in told:
            body[price] = decimal(told["UnitPrice"])
        if told.get("AccountCode"):
            body[account_] = books.account(told, f"Account code '{told['AccountCode']}' is not a valid code.")
        if told.get("TaxType"):
            body[tax] = told["TaxType"]
    return body


def tax_rate(books: Books, record: Record) -> Body:
    """A tax rate; its TaxType is its id."""
    body = record.body
    percent = percent_of(body)
    return {
        "Name": body["name"], "TaxType": record.id, "CanApplyToAssets": True, "CanApplyToEquity": True,
        "CanApplyToExpenses": body.get("applies_to") != "sale", "CanApplyToLiabilities": True,
        "CanApplyToRevenue": body.get("applies_to") != "purchase", "DisplayTaxRate": percent, "EffectiveRate": percent,
        "Status": "DELETED" if record.deleted or body.get("is_active") is False else "ACTIVE",
        "TaxComponents": [{"Name": each["name"], "Rate": each["percent"], "IsCompound": False,
                           "IsNonRecoverable": False} for each in body.get("components") or ()],
    }  # fmt: skip


def read_tax_rate(books: Books, given: Body, before: Record | None) -> Body:
    """A tax rate over what was there."""
    body: Body = dict(before.body) if before else {"account": books.company.role("tax"), "applies_to": "both"}
    if "Name" in given:
        body["name"] = given["Name"]
    if "TaxComponents" in given:
        parts = [{"name": each.get("Name", "Tax"), "percent": decimal(each.get("Rate") or 0)}
                 for each in given["TaxComponents"]]  # fmt: skip
        body |= {"components": parts, "percent": sum((each["percent"] for each in parts), Decimal(0))}
    if before is None and not (given.get("Name") and given.get("TaxComponents")):
        raise InvalidError("Name and TaxComponents are required")
    if "Status" in given:
        body["is_active"] = given["Status"] == "ACTIVE"
    return body


def category(books: Books, record: Record) -> Body:
    """A tracking category with its options."""
    options = [each for each in books.store.live("dimension") if each.body["type"] == record.id]
    return {"Name": record.body["name"], "Status": record.body["status"], "TrackingCategoryID": record.id,
            "Options": [option(books, each) for each in options]}  # fmt: skip


def option(books: Books, record: Record) -> Body:
    """One option of a tracking category."""
    active = bool(record.body.get("is_active", True))
    return {"TrackingOptionID": record.id, "Name": record.body["name"], "Status": "ACTIVE" if active else "ARCHIVED",
            "TrackingCategoryID": record.body["type"]}  # fmt: skip


def currency(books: Books, record: Record) -> Body:
    """A currency in use."""
    return {"Code": record.body["code"], "Description": record.body["name"]}


def budget(books: Books, record: Record, whole: bool = True) -> Body:
    """A budget; its lines only when it is asked for alone."""
    shown: Body = {"BudgetID": record.id, "Type": "OVERALL", "Description": record.body["name"],
                   "UpdatedDateUTC": moment(record.updated), "Tracking": []}  # fmt: skip
    if whole:
        rows: dict[str, list[Body]] = {}
        for each in record.body["lines"]:
            rows.setdefault(each["account"], []).append(
                {"Period": each["month"][:7], "Amount": each["amount"], "UnitAmount": each["amount"], "Notes": ""}
            )
        shown["BudgetLines"] = [{"AccountID": key, "AccountCode": books.body("account", key).get("code"),
                                 "BudgetBalances": balances} for key, balances in rows.items()]  # fmt: skip
    return shown


def organisation(books: Books) -> Body:
    """The company itself."""
    found, locked = books.organisation, books.company.closed_through
    version = {"GB": "UK", "US": "US", "NZ": "NZ", "AU": "AU"}.get(found.country, "GLOBAL")
    return bare({
        "OrganisationID": found.external_org_id, "Name": found.name, "LegalName": found.name, "PaysTax": True,
        "Version": version, "OrganisationType": "COMPANY", "BaseCurrency": found.currency, "CountryCode": found.country,
        "IsDemoCompany": False, "OrganisationStatus": "ACTIVE", "FinancialYearEndDay": 31, "FinancialYearEndMonth": 12,
        "SalesTaxBasis": "ACCRUAL", "SalesTaxPeriod": "QUARTERLY", "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive", "CreatedDateUTC": moment(1455827393, offset=False),
        "PeriodLockDate": day(locked.isoformat()) if locked else None, "OrganisationEntityType": "COMPANY",
        "Timezone": "UTC", "ShortCode": "!sand1", "Edition": "BUSINESS", "Class": tier(found), "Addresses": [],
        "Phones": [], "ExternalLinks": [], "PaymentTerms": {},
    })  # fmt: skip


def tier(found: Any) -> str:
    """The subscription of the organisation; STARTER's day has a thousand calls."""
    return str(found.specification.get("plan") or "PREMIUM").upper()


Show = Callable[[Books, Record], Body]
Read = Callable[[Books, Body, Record | None], Body]
SHOWS: dict[str, Show] = {
    "Contacts": contact, "Accounts": account, "Items": item, "TaxRates": tax_rate, "TrackingCategories": category,
    "Currencies": currency, "Budgets": budget,
}  # fmt: skip
READS: dict[str, Read] = {"Contacts": read_contact, "Accounts": read_account, "Items": read_item,
                          "TaxRates": read_tax_rate}  # fmt: skip
