"""What a simulated account begins with: accounts, tax codes, subsidiaries, terms, classes, currencies."""

from datetime import date
from decimal import Decimal

from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.wire import Body

STANDARD, ZERO_RATED = "5", "7"
"""Numbers of the tax codes that the history uses."""
TERMS = {0: "1", 15: "2", 30: "3", 60: "4"}
_ACCOUNTS = """
1000|Business Current Account|bank|
1100|Accounts Receivable|receivable|receivable
1200|Undeposited Funds|current_asset|undeposited
1210|Savings|bank|
1250|Inventory Asset|current_asset|
1300|Prepayments|current_asset|
1500|Computer Equipment|fixed_asset|
1590|Accumulated Depreciation|fixed_asset|
2100|Accounts Payable|payable|payable
2150|Company Credit Card|credit_card|
2200|Tax Liability|current_liability|tax
2300|Payroll Liabilities|current_liability|
2400|Deferred Income|current_liability|
2500|Loan|long_liability|
3000|Opening Balance|equity|opening
3100|Retained Earnings|equity|retained
4000|Services|income|
4010|Subscriptions|income|
4020|Product Sales|income|
4030|Recharged Costs|income|
4090|Discounts Given|income|
5000|Subcontractors|cost_of_sales|
5010|Materials|cost_of_sales|
6000|Rent|expense|
6010|Light and Heat|expense|
6020|Telephone and Internet|expense|
6030|Software Subscriptions|expense|
6040|Office Supplies|expense|
6050|Advertising|expense|
6060|Legal and Professional Fees|expense|
6070|Insurance|expense|
6080|Travel|expense|
6090|Meals|expense|
6100|Repairs and Maintenance|expense|
6110|Postage and Delivery|expense|
6120|Training and Conferences|expense|
6130|Bank Charges|expense|
6150|Bad Debts|expense|
6200|Wages and Salaries|expense|
7000|Interest Earned|other_income|
8000|Depreciation|other_expense|
8100|Exchange Gain or Loss|other_expense|exchange
"""
_VAT: tuple[Body, ...] = (
    {"code": "S-GB", "name": "Standard", "percent": Decimal(20), "applies_to": "both"},
    {"code": "R-GB", "name": "Reduced", "percent": Decimal(5), "applies_to": "both"},
    {"code": "Z-GB", "name": "Zero", "percent": Decimal(0), "applies_to": "both"},
    {"code": "E-GB", "name": "Exempt", "percent": Decimal(0), "applies_to": "both"},
)
_SALES_TAX: tuple[Body, ...] = (
    {"code": "CA-SD", "name": "San Diego", "percent": Decimal("7.75"), "applies_to": "sale"},
    {"code": "-Not Taxable-", "name": "Not Taxable", "percent": Decimal(0), "applies_to": "both"},
    {"code": "CA", "name": "California and county", "percent": Decimal("8.25"), "applies_to": "sale",
     "components": [{"name": "State", "percent": Decimal("7.25")}, {"name": "County", "percent": Decimal(1)}]},
)  # fmt: skip
_NAMES = {"GBP": "British pound", "USD": "US Dollar", "EUR": "Euro", "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
          "JPY": "Yen", "CHF": "Swiss Franc", "NZD": "New Zealand Dollar", "INR": "Rupee",
          "SGD": "Singapore Dollar"}  # fmt: skip
_POUNDS = {"GBP": "1", "USD": "0.79", "EUR": "0.85", "CAD": "0.58", "AUD": "0.52", "JPY": "0.0053", "CHF": "0.9",
    "NZD": "0.47",
           "INR": "0.0095", "SGD": "0.59"}  # fmt: skip
_PREFIXES = {"invoice": "INV", "credit_note": "CM", "purchase_order": "PO", "journal_entry": "JE", "payment": "PYMT",
             "bill_payment": "BP", "transfer": "TR", "deposit": "DEP", "expense": "CHK"}  # fmt: skip
_EXTRA = ("Projects", "Marketing", "Research", "Facilities", "Vehicles", "Events", "Recruitment", "Subscriptions")


def next_number(books: Books, kind: str) -> str | None:
    """The next document number where NetSuite gives one; bills carry the supplier's own."""
    prefix = _PREFIXES.get(kind)
    return f"{prefix}{books.store.take(f'number.{kind}', 1001)}" if prefix else None


def open_books(books: Books) -> dict[str, str]:
    """Everything but contacts, items and history; the accounts' ids by their numbers."""
    company, organisation = books.company, books.organisation
    _currencies(books)
    books.keep("setting", "1", {"suitetax": bool(organisation.specification.get("suitetax")),
                                "concurrency": int(organisation.specification.get("concurrency") or 5)})  # fmt: skip
    _subsidiaries(books)
    accounts = _accounts(books)
    for rate in _SALES_TAX if organisation.country == "US" else _VAT:
        company.save("tax_rate", {**rate, "account": accounts["2200"]})
    for days in TERMS:
        company.save("payment_term", {"name": f"Net {days}" if days else "Due on receipt", "days": days})
    for kind, names in (("class", ("Retail", "Projects", "Online")), ("department", ("Operations", "Sales", "Finance")),
                        ("location", ("Main Office", "Warehouse"))):  # fmt: skip
        for name in names:
            company.save("dimension", {"type": kind, "name": name})
    books.keep("employee", "40", {"firstName": "Alex", "lastName": "Morgan", "email": "alex.morgan@example.com",
                                  "subsidiary": "1", "isInactive": False})  # fmt: skip
    books.keep("payment_method", "1", {"name": "Bank transfer", "isInactive": False, "methodType": "CASH"})
    return accounts


def _currencies(books: Books) -> None:
    home = books.home
    wanted = [home, *books.organisation.specification.get("currencies", [])]
    for code in dict.fromkeys([*wanted, *(["USD", "EUR"] if len(wanted) > 1 else [])]):
        rate = (Decimal(_POUNDS.get(code, "1")) / Decimal(_POUNDS.get(home, "1"))).quantize(Decimal("0.000001"))
        start = date(2020, 1, 1).isoformat()
        books.company.save(
            "currency", {"code": code, "name": _NAMES.get(code, code), "rates": [{"on": start, "rate": rate}]}
        )


def _subsidiaries(books: Books) -> None:
    """The parent, which is the company itself, and one more. (An account without OneWorld would have none.)"""
    organisation = books.organisation
    root = {"name": organisation.name, "legalName": organisation.name, "fullName": organisation.name,
        "isInactive": False,
            "isElimination": False, "country": organisation.country, "currency": organisation.currency}  # fmt: skip
    books.keep("subsidiary", "1", root)
    name = f"{organisation.name} Services"
    books.keep("subsidiary", "2", {**root, "name": name, "legalName": name, "parent": "1",
                                   "fullName": f"{organisation.name} : {name}"})  # fmt: skip


def _accounts(books: Books) -> dict[str, str]:
    found = {}
    for row in (line for line in _ACCOUNTS.splitlines() if line):
        code, name, kind, role = row.split("|")
        body: Body = {"code": code, "name": name, "type": kind, "currency": books.home}
        found[code] = books.company.save("account", {**body, "role": role} if role else body).id
    for number in range(max(0, int(books.organisation.specification["accounts"]) - len(found))):
        name = f"{_EXTRA[number % len(_EXTRA)]} {number // len(_EXTRA) + 1:02d}"
        books.company.save(
            "account", {"code": str(6300 + number), "name": name, "type": "expense", "currency": books.home}
        )
    return found
