"""Money in: invoices, credit notes, payments."""

from integrations.unified.schema import (
    BANK_LINE,
    BOOL,
    CREATE,
    DATE,
    DOCUMENT,
    LINE,
    MONEY,
    REF,
    TEXT,
    Schema,
    Spec,
    choice,
    given,
    listed,
    needed,
)

STATUS = Spec("choice", choices=("draft", "open", "partially_paid", "paid", "void", "closed"), is_given_by_ledger=True)

TAXED: Schema = {
    **DOCUMENT,
    "contact": needed("ref"),
    "due_on": DATE,
    "tax_mode": choice("exclusive", "inclusive", "none"),
    "lines": listed(LINE, needs=CREATE),
    "subtotal": given("money"),
    "tax_total": given("money"),
    "total": given("money"),
    "balance": given("money"),
    "status": STATUS,
    "payment_terms": REF,
}

ALLOCATIONS = listed(
    {
        "type": choice(
            "invoice", "credit_note", "journal_entry", "bill", "vendor_credit", "expense", "deposit", "other"
        ),
        "id": TEXT,
        "amount": MONEY,
        "applied_on": DATE,
    }
)

CREDIT: Schema = {**TAXED, "allocations": ALLOCATIONS}

SETTLEMENT: Schema = {
    **DOCUMENT,
    "contact": needed("ref"),
    "account": REF,
    "method": REF,
    "reference": TEXT,
    "total": Spec("money", needs=CREATE),
    "unapplied": given("money"),
    "allocations": ALLOCATIONS,
    "bank_line": BANK_LINE,
    "lines": listed(LINE),
    "status": Spec("choice", choices=("posted", "void"), is_given_by_ledger=True),
}

SCHEMAS: dict[str, Schema] = {
    "invoices": {**TAXED, "email": TEXT, "billing_address": Spec("any"), "shipping_address": Spec("any")},
    "credit_notes": CREDIT,
    "payments": {**SETTLEMENT, "is_refund": BOOL},
}
