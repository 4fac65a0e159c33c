"""A new Zoho organisation: accounts, taxes, tags and custom fields as data."""

from decimal import Decimal

from integrations.sandbox.books.chart import Chart, standard_accounts
from integrations.sandbox.wire import Body

ACCOUNT_TYPES = {
    "bank": "bank", "cash": "bank", "credit_card": "credit_card", "accounts_receivable": "receivable",
    "accounts_payable": "payable", "other_current_asset": "current_asset", "contract_asset": "current_asset",
    "fixed_asset": "fixed_asset", "right_to_use_asset": "fixed_asset", "intangible_asset": "other_asset",
    "financial_asset": "other_asset", "contingent_asset": "other_asset", "other_asset": "other_asset",
    "other_current_liability": "current_liability", "contract_liability": "current_liability",
    "refund_liability": "current_liability", "employee_benefit_liability": "current_liability",
    "long_term_liability": "long_liability", "loans_and_borrowing": "long_liability",
    "lease_liability": "long_liability", "contingent_liability": "long_liability",
    "financial_liability": "long_liability", "other_liability": "long_liability", "equity": "equity",
    "income": "income", "finance_income": "other_income", "other_comprehensive_income": "other_income",
    "other_income": "other_income", "cost_of_goods_sold": "cost_of_sales", "manufacturing_expense": "cost_of_sales",
    "expense": "expense", "impairment_expense": "expense", "depreciation_expense": "expense",
    "employee_benefit_expense": "expense", "lease_expense": "expense", "finance_expense": "other_expense",
    "tax_expense": "other_expense", "other_expense": "other_expense",
}  # fmt: skip
USUAL_TYPES = {
    "bank": "bank", "credit_card": "credit_card", "receivable": "accounts_receivable", "payable": "accounts_payable",
    "current_asset": "other_current_asset", "fixed_asset": "fixed_asset", "other_asset": "other_asset",
    "current_liability": "other_current_liability", "long_liability": "long_term_liability", "equity": "equity",
    "income": "income", "other_income": "other_income", "cost_of_sales": "cost_of_goods_sold", "expense": "expense",
    "other_expense": "other_expense",
}  # fmt: skip
SALES, OTHER_CHARGES, PURCHASES = "4020", "4030", "5010"
_NAMES = {
    "1300": {"name": "Prepaid Expenses"}, "1500": {"name": "Furniture and Equipment"}, "2200": {"name": "Tax Payable"},
    "4020": {"name": "Sales"}, "4030": {"name": "Other Charges"}, "5010": {"name": "Cost of Goods Sold"},
    "6000": {"name": "Rent Expense"}, "6030": {"name": "IT and Internet Expenses"},
    "6050": {"name": "Advertising And Marketing"}, "6080": {"name": "Travel Expense"},
    "6090": {"name": "Meals and Entertainment"}, "6130": {"name": "Bank Fees and Charges"},
    "6200": {"name": "Salaries and Employee Wages"}, "8000": {"name": "Depreciation Expense"},
    "3000": {"name": "Opening Balance Offset"},
}  # fmt: skip
_TAXES: dict[str, tuple[Body, ...]] = {
    "GB": ({"name": "Standard Rate", "percent": 20}, {"name": "Reduced Rate", "percent": 5},
           {"name": "Zero Rate", "percent": 0}),
    "US": ({"name": "California", "percent": Decimal("7.25")}, {"name": "San Francisco", "percent": Decimal("1.375")},
           {"name": "CA + SF", "components": [{"name": "California", "percent": Decimal("7.25")},
                                              {"name": "San Francisco", "percent": Decimal("1.375")}]}),
    "IN": ({"name": "IGST18", "percent": 18}, {"name": "CGST9", "percent": 9}, {"name": "SGST9", "percent": 9},
           {"name": "GST18", "components": [{"name": "CGST9", "percent": 9}, {"name": "SGST9", "percent": 9}]},
           {"name": "GST0", "percent": 0}),
    "": ({"name": "VAT", "percent": 19}, {"name": "VAT Reduced", "percent": 7}, {"name": "Zero Rate", "percent": 0}),
}  # fmt: skip
_USUAL = {"GB": ("Standard Rate", "Zero Rate"), "US": (None, None), "IN": ("GST18", "GST0"), "": ("VAT", "Zero Rate")}
TAGS = {"Department": ("Operations", "Sales", "Finance"), "Region": ("North", "South")}
CUSTOM_FIELDS = (
    {"label": "Project Code", "api_name": "cf_project_code", "data_type": "string", "is_unique": False},
    {"label": "External ID", "api_name": "cf_external_id", "data_type": "string", "is_unique": True},
    {"label": "Approved On", "api_name": "cf_approved_on", "data_type": "date", "is_unique": False},
)
"""In every module; `is_unique` is Zoho's “prevent duplicate values”, which upserts need."""


def chart(country: str, tags: dict[str, str]) -> Chart:
    """What a country's organisation begins with; `tags` are name → id of the reporting tags."""
    key = country if country in _TAXES else ""
    rates = [{**each, "account": "2200", "tax_type": "tax"} for each in _TAXES[key]]
    sale, untaxed = _USUAL[key]
    options = [{"type": tags[name], "name": option} for name, options in TAGS.items() for option in options]
    numbers = {"invoice": "INV-{:06d}", "credit_note": "CN-{:05d}", "purchase_order": "PO-{:05d}",
               "vendor_credit": "DN-{:05d}", "payment": "{}", "bill_payment": "{}"}  # fmt: skip
    return Chart(standard_accounts(_NAMES), rates, options, sale_tax=sale, purchase_tax=sale, untaxed=untaxed,
                 numbers=numbers)  # fmt: skip
