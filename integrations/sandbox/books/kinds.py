"""The kinds of neutral records, and what double entry says about each."""

LISTS = frozenset({"account", "contact", "item", "tax_rate", "dimension", "currency", "payment_term"})
PLAIN = frozenset({"attachment", "budget"})
"""Kept as they come: they post nothing and refer to nothing that must exist."""
INCOMING = {"invoice": 1, "credit_note": -1, "bill": -1, "vendor_credit": 1, "expense": -1, "receipt": 1}
"""Documents of lines: +1 debits the control (or bank) account and credits the lines, -1 the other way round."""
PAYMENTS = {"payment": 1, "bill_payment": -1}
"""+1 debits the bank and credits the receivables, -1 debits the payables and credits the bank."""
SETTLES = {
    "payment": ("invoice", "vendor_credit"),
    "credit_note": ("invoice",),
    "bill_payment": ("bill", "credit_note"),
    "vendor_credit": ("bill",),
}
"""Whom a document may be allocated to; paying out a credit is a refund."""
ROLES = {
    "invoice": "receivable", "credit_note": "receivable", "payment": "receivable",
    "bill": "payable", "vendor_credit": "payable", "bill_payment": "payable",
}  # fmt: skip
SOLD = frozenset({"invoice", "credit_note", "receipt"})
CUSTOMER = frozenset({"invoice", "credit_note"})
VENDOR = frozenset({"bill", "vendor_credit", "purchase_order"})
LINED = frozenset({*INCOMING, "purchase_order"})
DOCUMENTS = frozenset({*LINED, *PAYMENTS, "deposit", "transfer", "journal_entry"})
KINDS = LISTS | PLAIN | DOCUMENTS
SILENT_STATUSES = frozenset({"draft", "submitted", "voided"})
"""A document in one of these posts nothing and cannot be settled."""
INCOME_TYPES = frozenset({"income", "other_income"})
COST_TYPES = frozenset({"cost_of_sales", "expense", "other_expense"})
RESULT_TYPES = INCOME_TYPES | COST_TYPES
CONTROL_TYPES = frozenset({"receivable", "payable"})
