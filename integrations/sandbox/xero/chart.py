"""What a new organisation of Xero begins with: accounts under Xero's usual codes, tax rates, tracking."""

from collections.abc import Mapping
from decimal import Decimal

from integrations.sandbox.books.chart import Chart, standard_accounts
from integrations.sandbox.wire import Body

TYPES = {
    "bank": "BANK", "receivable": "CURRENT", "current_asset": "CURRENT", "fixed_asset": "FIXED",
    "other_asset": "NONCURRENT", "payable": "CURRLIAB", "credit_card": "BANK", "current_liability": "CURRLIAB",
    "long_liability": "TERMLIAB", "equity": "EQUITY", "income": "REVENUE", "other_income": "OTHERINCOME",
    "cost_of_sales": "DIRECTCOSTS", "expense": "EXPENSE", "other_expense": "DEPRECIATN",
}  # fmt: skip
READS = {
    "BANK": "bank", "CURRENT": "current_asset", "CURRLIAB": "current_liability", "DEPRECIATN": "other_expense",
    "DIRECTCOSTS": "cost_of_sales", "EQUITY": "equity", "EXPENSE": "expense", "FIXED": "fixed_asset",
    "INVENTORY": "current_asset", "LIABILITY": "current_liability", "NONCURRENT": "other_asset",
    "OTHERINCOME": "other_income", "OVERHEADS": "expense", "PREPAYMENT": "current_asset", "REVENUE": "income",
    "SALES": "income", "TERMLIAB": "long_liability", "PAYG": "current_liability",
}  # fmt: skip
CLASSES = {
    "bank": "ASSET", "receivable": "ASSET", "current_asset": "ASSET", "fixed_asset": "ASSET", "other_asset": "ASSET",
    "payable": "LIABILITY", "credit_card": "LIABILITY", "current_liability": "LIABILITY",
    "long_liability": "LIABILITY", "equity": "EQUITY", "income": "REVENUE", "other_income": "REVENUE",
    "cost_of_sales": "EXPENSE", "expense": "EXPENSE", "other_expense": "EXPENSE",
}  # fmt: skip
SYSTEM = {"receivable": "DEBTORS", "payable": "CREDITORS", "tax": "GST", "retained": "RETAINEDEARNINGS",
          "exchange": "REALISEDCURRENCYGAIN"}  # fmt: skip
_CODES = {
    "1000": "090", "1210": "091", "2150": "092", "1100": "610", "1200": "630", "1300": "620", "1500": "720",
    "1590": "721", "2100": "800", "2200": "820", "2300": "825", "2500": "900", "3000": "840", "3100": "960",
    "4000": "200", "4010": "210", "4020": "220", "4030": "260", "5000": "300", "5010": "310", "6000": "469",
    "6010": "445", "6020": "489", "6030": "463", "6040": "453", "6050": "400", "6060": "441", "6070": "433",
    "6080": "493", "6090": "420", "6100": "473", "6110": "425", "6120": "480", "6130": "404", "6200": "477",
    "7000": "270", "8000": "416", "8100": "498",
}  # fmt: skip
_SALES, _BUYING = "sale", "purchase"
_TAXES: Mapping[str, tuple[tuple[str, str, str, str], ...]] = {
    "GB": (("OUTPUT2", "20% (VAT on Income)", "20", _SALES), ("INPUT2", "20% (VAT on Expenses)", "20", _BUYING),
           ("RROUTPUT", "5% (VAT on Income)", "5", _SALES), ("RRINPUT", "5% (VAT on Expenses)", "5", _BUYING),
           ("ZERORATEDOUTPUT", "Zero Rated Income", "0", _SALES),
           ("ZERORATEDINPUT", "Zero Rated Expenses", "0", _BUYING), ("NONE", "No VAT", "0", "both")),
    "US": (("OUTPUT", "Tax on Sales", "8.25", _SALES), ("INPUT", "Tax on Purchases", "8.25", _BUYING),
           ("NONE", "Tax Exempt", "0", "both")),
    "": (("OUTPUT2", "15% GST on Income", "15", _SALES), ("INPUT2", "15% GST on Expenses", "15", _BUYING),
         ("ZERORATED", "Zero Rated", "0", "both"), ("NONE", "No GST", "0", "both")),
}  # fmt: skip
TRACKING = {"Department": ("Operations", "Sales", "Finance"), "Region": ("North", "South")}


def chart(country: str, categories: Mapping[str, str]) -> Chart:
    """`categories` are name → id of the tracking categories."""
    rows = _TAXES.get(country, _TAXES[""])
    rates = [_rate(*row) for row in rows]
    options: list[Body] = [
        {"type": categories[name], "name": option} for name, options in TRACKING.items() for option in options
    ]
    # Nothing waits in undeposited funds: a payment is on the bank account at once.
    accounts = standard_accounts({plan: {"code": code} for plan, code in _CODES.items()})
    accounts = [{**each, "role": None} if each.get("role") == "undeposited" else each for each in accounts]
    usual = {"income": rows[0][1], "cost_of_sales": rows[1][1], "expense": rows[1][1]}
    accounts = [{**each, "tax": usual[each["type"]]} if each["type"] in usual else each for each in accounts]
    numbers = {"invoice": "INV-{:04d}", "credit_note": "CN-{:04d}", "purchase_order": "PO-{:04d}"}
    return Chart(accounts, rates, options, sale_tax=rows[0][1], purchase_tax=rows[1][1], untaxed=rows[-1][1],
                 numbers=numbers)  # fmt: skip


def _rate(key: str, name: str, percent: str, side: str) -> Body:
    parts = [{"name": "Tax", "percent": Decimal(percent)}]
    return {"id": key, "name": name, "percent": Decimal(percent), "components": parts, "applies_to": side,
            "account": "2200"}  # fmt: skip
