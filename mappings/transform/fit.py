"""Which ledger records a word may mean: type, side and currency fit the use. Data: a new subject is a row here."""

from mappings.transform.model import Key, Target
from mappings.transform.money import quantum_of

INCOME = ("income", "other_income")
COSTS = ("expense", "cost_of_sales", "other_expense", "fixed_asset", "other_asset", "current_asset")
PAID_FROM = ("bank", "credit_card")
ITEMS = ("service", "inventory", "non_inventory")

TRACKED = ("class", "department", "location", "project", "option")
PLACES = ("location", "department", "option")

POSTABLE = (
    "current_asset", "fixed_asset", "other_asset", "current_liability", "long_term_liability", "equity", "income",
    "cost_of_sales", "expense", "other_income", "other_expense",
)  # fmt: skip

_KINDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("category", "sales"): INCOME,
    ("category", "purchases"): COSTS,
    ("payment_method", "sales"): PAID_FROM,
    ("payment_method", "purchases"): PAID_FROM,
    ("tax_code", "sales"): ("sales", "both"),
    ("tax_code", "purchases"): ("purchases", "both"),
    ("contact", "sales"): ("customer", "both"),
    ("contact", "purchases"): ("vendor", "both"),
    ("item", "sales"): ITEMS,
    ("item", "purchases"): ITEMS,
    ("category", "books"): POSTABLE,
    ("payment_method", "books"): PAID_FROM,
    ("tax_code", "books"): ("sales", "purchases", "both"),
    **{("dimension", side): TRACKED for side in ("sales", "purchases", "books")},
    **{("location", side): PLACES for side in ("sales", "purchases", "books")},
}
_NEEDED = {
    ("category", "sales"): "a sale needs an income account",
    ("category", "purchases"): "a purchase needs an expense, cost or asset account",
    ("payment_method", "sales"): "money moves through a bank or credit card account",
    ("payment_method", "purchases"): "money moves through a bank or credit card account",
    ("tax_code", "sales"): "this tax rate is for purchases only",
    ("tax_code", "purchases"): "this tax rate is for sales only",
    ("contact", "sales"): "a sale needs a customer",
    ("contact", "purchases"): "a purchase needs a vendor",
    ("item", "sales"): "a line needs an item that can be sold or bought",
    ("item", "purchases"): "a line needs an item that can be sold or bought",
    ("category", "books"): "an adjustment moves no bank, customer or supplier account",
    ("payment_method", "books"): "money moves through a bank or credit card account",
    ("tax_code", "books"): "this is no tax rate",
    **{("dimension", side): "a line takes a value of a dimension" for side in ("sales", "purchases", "books")},
    **{("location", side): "a line takes a location" for side in ("sales", "purchases", "books")},
}
RESOURCES = {
    "category": "accounts",
    "payment_method": "accounts",
    "tax_code": "tax_rates",
    "dimension": "tracking_categories",
    "location": "tracking_categories",
    "contact": "contacts",
    "item": "items",
    "currency": "currencies",
}


def kinds_for(subject: str, side: str) -> tuple[str, ...]:
    """Account types (tax sides, contact types …) that fit this use; empty: any."""
    return _KINDS.get((subject, side), ())


def misfit(key: Key, target: Target, currency: str = "", home: str = "") -> str:
    """Why the target does not fit this use, in words; empty when it does.

    `currency` is the document's, if known; `home` the ledger's own, whose accounts take every currency.
    """
    subject, side, _ = key
    if not target.is_present:
        return "it no longer exists in the ledger"
    if not target.is_active:
        return "it is inactive in the ledger"
    kinds = kinds_for(subject, side)
    if target.kind and kinds and target.kind not in kinds:
        words = target.kind.replace("_", " ")
        return _NEEDED[(subject, side)] + (f", and this one is {words}" if subject != "tax_code" else "")
    if subject == "tax_code" and target.rates is None:
        return "the ledger does not say its percentage"
    if subject == "payment_method" and currency and target.currency and target.currency not in (currency, home):
        return f"its currency is {target.currency}, the document's is {currency}"
    if subject == "currency" and currency and quantum_of(target.currency) != quantum_of(currency):
        return f"{target.currency} has other decimals than {currency}"
    return ""
