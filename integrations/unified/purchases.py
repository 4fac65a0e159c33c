"""Money out: bills, vendor credits, purchase orders, bill payments, expenses."""

from integrations.unified.sales import CREDIT, SETTLEMENT, TAXED
from integrations.unified.schema import BANK_LINE, BOOL, CREATE, REF, TEXT, Schema, choice, needed

SCHEMAS: dict[str, Schema] = {
    "bills": TAXED,
    "vendor_credits": CREDIT,
    "purchase_orders": {**TAXED, "account": REF, "expected_on": TAXED["due_on"]},
    "bill_payments": {**SETTLEMENT, "payment_type": choice("check", "credit_card")},
    "expenses": {
        **TAXED,
        "contact": REF,
        "account": needed("ref"),
        "payment_type": choice("cash", "check", "credit_card", needs=CREATE),
        "method": REF,
        "reference": TEXT,
        "bank_line": BANK_LINE,
        "is_refund": BOOL,
    },
}
