"""A new Intacct company: accounts, taxes, dimensions, journals, bank accounts and custom fields as data."""

from decimal import Decimal

from integrations.sandbox.books.chart import Chart, standard_accounts
from integrations.sandbox.sage_intacct.kinds import UDD
from integrations.sandbox.wire import Body

CATEGORIES = {
    "bank": "Cash and Cash Equivalents", "receivable": "Accounts Receivable", "current_asset": "Other Current Assets",
    "fixed_asset": "Property and Equipment", "other_asset": "Other Assets", "payable": "Accounts Payable",
    "credit_card": "Credit Cards", "current_liability": "Other Current Liabilities",
    "long_liability": "Long Term Liabilities", "equity": "Equity", "income": "Revenue", "other_income": "Other Income",
    "cost_of_sales": "Cost of Revenue", "expense": "Operating Expenses", "other_expense": "Other Expenses",
}  # fmt: skip
"""Neutral account type → Intacct's account category."""
DEBIT_TYPES = frozenset({
    "bank", "receivable", "current_asset", "fixed_asset", "other_asset", "cost_of_sales", "expense", "other_expense",
})  # fmt: skip
RESULT_TYPES = frozenset({"income", "other_income", "cost_of_sales", "expense", "other_expense"})
USUAL_TYPES = {
    ("balanceSheet", "debit"): "current_asset", ("balanceSheet", "credit"): "current_liability",
    ("incomeStatement", "debit"): "expense", ("incomeStatement", "credit"): "income",
}  # fmt: skip
"""What an account is when only its side is told."""
_NAMES: dict[str, Body] = {
    "1000": {"name": "Cash - Operating"}, "1210": {"name": "Cash - Savings"}, "2150": {"name": "Credit Card Payable"},
    "3100": {"name": "Retained Earnings"}, "6090": {"name": "Meals and Entertainment"},
}  # fmt: skip


def _rates(prefix: str, standard: int, reduced: int) -> list[Body]:
    """Sale and purchase details of a VAT solution."""
    found: list[Body] = []
    for side, word in (("sale", "Sale"), ("purchase", "Purchase")):
        for name, percent in (("Standard", standard), ("Reduced", reduced), ("Zero", 0)):
            own = {"taxType": side, "taxRate": name.casefold(), "solution": f"{prefix} - VAT"}
            found.append({"name": f"{prefix} {word} Goods {name} Rate", "percent": percent, "account": "2200",
                          "own": own})  # fmt: skip
    return found


_SALES_TAX: list[Body] = [
    {"name": "California Sales Tax", "percent": Decimal("7.25"), "account": "2200",
     "own": {"taxType": "sale", "taxRate": "standard", "solution": "US - Sales Tax"}},
]  # fmt: skip
_TAXES: dict[str, tuple[str, int, int]] = {"GB": ("UK", 20, 5), "AU": ("AU", 10, 0), "ZA": ("ZA", 15, 0)}
DIMENSIONS: tuple[Body, ...] = (
    {"type": "department", "code": "10", "name": "Operations"},
    {"type": "department", "code": "20", "name": "Sales"},
    {"type": "department", "code": "30", "name": "Finance"},
    {"type": "location", "code": "110", "name": "North"},
    {"type": "location", "code": "120", "name": "South"},
    {"type": "class", "code": "C1", "name": "Retail"},
    {"type": "class", "code": "C2", "name": "Trade"},
    {"type": "project", "code": "P-100", "name": "Office move"},
    {"type": "warehouse", "code": "WH1", "name": "Main warehouse"},
    {"type": UDD, "code": "1", "name": "Online"},
    {"type": UDD, "code": "2", "name": "Partner"},
)
NUMBERS = {
    "invoice": "SI-{:05d}", "credit_note": "CM-{:04d}", "purchase_order": "PO{:05d}", "payment": "{:05d}",
    "bill_payment": "{:05d}", "expense": "CC-{:05d}", "transfer": "TR-{:04d}", "deposit": "DEP-{:04d}",
}  # fmt: skip
JOURNALS = (
    ("GJ", "General Journal"), ("APJ", "AP Journal"), ("ARJ", "AR Journal"), ("CDJ", "Cash Disbursements Journal"),
    ("CRJ", "Cash Receipts Journal"), ("PYRJ", "Payroll Journal"), ("CCJ", "Credit Card Journal"),
)  # fmt: skip
BANKS = (("BOA", "Operating account", "checking", "1000"), ("SAV", "Savings account", "savings", "1210"),
         ("CARD", "Company credit card", "creditCard", "2150"))  # fmt: skip
"""Id, name, type, ledger account."""
FOLDERS = ("Documents", "Ledger Portal")
"""The second is the one that the portal's files go to unless it is told otherwise."""
USERS = (("Admin", "Administrator", "business"), ("ws", "Web Services", "webServices"))
"""Id, name, type; the first does everything here."""
CUSTOM_FIELDS = (
    ("accounts-receivable/invoice", "Project Code", "string", ()),
    ("accounts-receivable/invoice-line", "Contract Ref", "string", ()),
    ("accounts-receivable/customer", "Segment", "picklist", ("Retail", "Trade", "Public")),
    ("accounts-payable/vendor", "Risk Reviewed On", "date", ()),
    ("accounts-payable/bill", "Project Code", "string", ()),
    ("accounts-payable/bill", "Urgent", "boolean", ()),
    ("accounts-payable/bill-line", "Contract Ref", "string", ()),
    ("general-ledger/journal-entry", "Source System", "string", ()),
)
"""Object, label, type, values."""


def chart(country: str, company: str) -> Chart:
    """What a country's company begins with."""
    entities: list[Body] = [
        {"type": "entity", "code": "100", "name": company},
        {"type": "entity", "code": "200", "name": f"{company} Services"},
    ]
    dimensions = [*DIMENSIONS, *({**each, "own": {"country": country}} for each in entities)]
    if country == "US":
        return Chart(standard_accounts(_NAMES), _SALES_TAX, dimensions, numbers=NUMBERS)
    prefix, standard, reduced = _TAXES.get(country, (country, 19, 7))
    return Chart(
        standard_accounts(_NAMES), _rates(prefix, standard, reduced), dimensions, numbers=NUMBERS,
        sale_tax=f"{prefix} Sale Goods Standard Rate", purchase_tax=f"{prefix} Purchase Goods Standard Rate",
        untaxed=f"{prefix} Purchase Goods Zero Rate",
    )  # fmt: skip
