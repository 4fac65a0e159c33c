"""List entities: customers, vendors, items, classes, departments, terms, payment methods, currencies, budgets."""

from collections.abc import Callable
from decimal import Decimal

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import CURRENCIES, Company, Draft, label
from integrations.sandbox.wire import Body

_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_ITEM_TYPES = ("Service", "NonInventory", "Inventory", "Category", "Group")


def unique(company: Company, index: str, name: str, previous: Record | None, kind: str) -> None:
    """Raises 6240 when another live record has the name."""
    own = previous.key if previous else None
    if any(key != own for key in company.store.find(index, name.casefold())):
        raise errors.duplicate_name(kind)


def _name(company: Company, body: Body, previous: Record | None) -> None:
    """DisplayName given or made of the name parts. Raises 2020, 2040, 2210, 6240."""
    name = body.get("DisplayName") or " ".join(str(body[part]) for part in _NAME_PARTS if body.get(part))
    if not name:
        raise errors.missing("DisplayName")
    if any(sign in name for sign in ":\t\n"):
        raise errors.bad_value("2040", "Invalid String", "DisplayName", name)
    email = (body.get("PrimaryEmailAddr") or {}).get("Address")
    if email and "@" not in email:
        raise errors.bad_value("2210", "Invalid Email Address Format", "PrimaryEmailAddr", email)
    unique(company, "name", name, previous, "customer, vendor or employee")
    body["DisplayName"] = name
    body.setdefault("PrintOnCheckName", body.get("CompanyName") or name)
    code = (body.get("CurrencyRef") or {}).get("value") or company.home
    if code != company.home and not company.is_multicurrency:
        raise errors.business("Multicurrency should be enabled to use a currency other than the home currency.")
    if previous is not None and previous.body["CurrencyRef"]["value"] != code:
        raise errors.business("You can't change the currency of a name.")
    body["CurrencyRef"] = company.currency(code)


def customer(company: Company, body: Body, previous: Record | None) -> Draft:
    """The Customer entity, sub-customers included."""
    _name(company, body, previous)
    body["FullyQualifiedName"] = body["DisplayName"]
    if body.get("ParentRef"):
        parent = company.referred("Customer", body["ParentRef"], "ParentRef")
        body["ParentRef"] = {"value": parent.id, "name": label(parent)}
        body["FullyQualifiedName"] = f"{label(parent)}:{body['DisplayName']}"
        body["Level"] = int(parent.body.get("Level", 0)) + 1
    if body.get("SalesTermRef"):
        body["SalesTermRef"] = company.reference("Term", body["SalesTermRef"], "SalesTermRef")
    defaults: Body = {"Taxable": company.is_us, "Job": False, "BillWithParent": False, "IsProject": False,
                      "PreferredDeliveryMethod": "Print"}  # fmt: skip
    if company.is_us:
        defaults["DefaultTaxCodeRef"] = {"value": "2"}
    body.update({name: value for name, value in defaults.items() if name not in body})
    return Draft(body)


def vendor(company: Company, body: Body, previous: Record | None) -> Draft:
    """The Vendor entity; the tax identifier is masked on reads."""
    _name(company, body, previous)
    if body.get("TermRef"):
        body["TermRef"] = company.reference("Term", body["TermRef"], "TermRef")
    identifier = str(body.get("TaxIdentifier") or "")
    if identifier and not identifier.startswith("XX"):
        body["TaxIdentifier"] = "X" * max(0, len(identifier) - 4) + identifier[-4:]
    body.setdefault("Vendor1099", False)
    body.setdefault("BillRate", 0)
    body.setdefault("CostRate", 0)
    return Draft(body)


def _owed(company: Company, record: Record, subtype: str, sign: int) -> Decimal:
    total = ZERO
    for account in company.store.live("Account"):
        if account.body["AccountSubType"] == subtype:
            total += company.store.journal.owed(account.id, record.key)
    return sign * total


def customer_with_balance(company: Company, record: Record) -> Body:
    """The customer with what they owe."""
    balance = _owed(company, record, "AccountsReceivable", 1)
    return {**record.body, "Balance": balance, "BalanceWithJobs": balance}


def vendor_with_balance(company: Company, record: Record) -> Body:
    """The vendor with what they are owed."""
    return {**record.body, "Balance": _owed(company, record, "AccountsPayable", -1)}


def item(company: Company, body: Body, previous: Record | None) -> Draft:
    """The Item entity; inventory opens with a posting against opening balance equity."""
    checks.required(body, "Name")
    kind = checks.choice(body.get("Type") or "Service", _ITEM_TYPES, "Type")
    body["Type"] = kind
    needed = {"Service": ("IncomeAccountRef",),
              "Inventory": ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "InvStartDate")}  # fmt: skip
    if not (kind == "Service" and body.get("ExpenseAccountRef")):
        checks.required(body, *needed.get(kind, ()))
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        if body.get(name):
            body[name] = company.reference("Account", body[name], name)
    _placed(company, "Item", body, previous, "SubItem")
    defaults: Body = {"Taxable": False, "UnitPrice": ZERO, "PurchaseCost": ZERO, "TrackQtyOnHand": False,
                      "DeferredRevenue": False}  # fmt: skip
    body.update({name: value for name, value in defaults.items() if name not in body})
    return Draft(body, _opening_stock(company, body) if kind == "Inventory" else [])


def _opening_stock(company: Company, body: Body) -> list[Line]:
    body["TrackQtyOnHand"] = True
    body.setdefault("QtyOnHand", ZERO)
    quantity, cost = checks.amount(body, "QtyOnHand", ZERO), checks.amount(body, "PurchaseCost", ZERO)
    value = cents(quantity * cost, company.home)
    if not value:
        return []
    equity = company.account("OpeningBalanceEquity")
    return [Line(body["AssetAccountRef"]["value"], value), Line(equity, -value)]


def _placed(company: Company, entity: str, body: Body, previous: Record | None, flag: str) -> None:
    """FullyQualifiedName from the parent. Raises 6240."""
    body["FullyQualifiedName"] = body["Name"]
    body.pop("Level", None)
    if body.get("ParentRef"):
        parent = company.referred(entity, body["ParentRef"], "ParentRef")
        body["ParentRef"] = {"value": parent.id, "name": label(parent)}
        body["FullyQualifiedName"] = f"{label(parent)}:{body['Name']}"
        body[flag] = True
    elif entity != "Item":
        body[flag] = False
    unique(company, f"{entity}.name", body["FullyQualifiedName"], previous, entity.lower())


def tree(entity: str, flag: str) -> Callable[[Company, Body, Record | None], Draft]:
    """Class and Department: names in a hierarchy."""

    def prepare(company: Company, body: Body, previous: Record | None) -> Draft:
        checks.required(body, "Name")
        _placed(company, entity, body, previous, flag)
        return Draft(body)

    return prepare


def term(company: Company, body: Body, previous: Record | None) -> Draft:
    """Payment terms: days, or a day of the month."""
    checks.required(body, "Name")
    if body.get("DueDays") is None and body.get("DayOfMonthDue") is None:
        raise errors.missing("DueDays")
    unique(company, "Term.name", body["Name"], previous, "term")
    body["Type"] = "STANDARD" if body.get("DueDays") is not None else "DATE_DRIVEN"
    return Draft(body)


def payment_method(company: Company, body: Body, previous: Record | None) -> Draft:
    """Ways customers pay."""
    checks.required(body, "Name")
    unique(company, "PaymentMethod.name", body["Name"], previous, "payment method")
    body["Type"] = checks.choice(
        body.get("Type") or "NON_CREDIT_CARD", ("CREDIT_CARD", "NON_CREDIT_CARD"), "Type"
    )  # fmt: skip
    return Draft(body)


def company_currency(company: Company, body: Body, previous: Record | None) -> Draft:
    """Currencies in use, only with multicurrency."""
    checks.required(body, "Code")
    if not company.is_multicurrency:
        raise errors.FaultError("5030", "Feature Not Supported Error", "Multicurrency is not enabled.")
    body.setdefault("Name", CURRENCIES.get(body["Code"], body["Code"]))
    return Draft(body)


def budget(company: Company, body: Body, previous: Record | None) -> Draft:
    """Planned amounts per account and month; posts nothing."""
    checks.required(body, "Name", "StartDate", "EndDate")
    body.setdefault("BudgetType", "ProfitAndLoss")
    body.setdefault("BudgetEntryType", "Monthly")
    for detail in checks.objects(body, "BudgetDetail"):
        detail["AccountRef"] = company.reference("Account", detail.get("AccountRef"), "BudgetDetail.AccountRef")
    return Draft(body)


def preferences(company: Company, body: Body, previous: Record | None) -> Draft:
    """Preferences merge section by section, whatever was sent."""
    before = previous.body if previous else {}
    merged = {
        name: {**before.get(name, {}), **value} if isinstance(value, dict) else value for name, value in body.items()
    }
    return Draft({**before, **merged})


def company_info(company: Company, body: Body, previous: Record | None) -> Draft:
    """The company's own card."""
    checks.required(body, "CompanyName")
    return Draft({**(previous.body if previous else {}), **body})
