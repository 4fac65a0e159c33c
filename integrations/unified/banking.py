"""What moved on bank accounts, whatever kind of document moved it, and the lines that banks sent the ledger."""

from integrations.unified.schema import (
    CURRENCY,
    DATE,
    DOCUMENT,
    LINE,
    MONEY,
    RECORD,
    REF,
    TEXT,
    Schema,
    Spec,
    choice,
    given,
    listed,
)

SCHEMAS: dict[str, Schema] = {
    "bank_transactions": {
        **DOCUMENT,
        "type": choice("expense", "deposit", "transfer", "payment", "bill_payment", "check"),
        "account": REF,
        "other_account": REF,
        "contact": REF,
        "reference": TEXT,
        "amount": given("money", "Signed: plus is money in."),
        "total": MONEY,
        "lines": listed(LINE),
        "status": Spec("choice", choices=("posted", "void"), is_given_by_ledger=True),
    },
    # What the ledger's own bank feed, or a statement imported there, brought: no booking yet.
    "bank_lines": {
        **RECORD,
        "issued_on": DATE,
        "currency": CURRENCY,
        "account": REF,
        "payee": TEXT,
        "reference": TEXT,
        "memo": TEXT,
        "amount": given("money", "Signed: plus is money in."),
        "status": Spec("choice", choices=("open", "matched", "excluded"), is_given_by_ledger=True),
        "allocations": listed({"type": TEXT, "id": TEXT, "remote_type": TEXT, "amount": MONEY}),
    },
}
