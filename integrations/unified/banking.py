"""What moved on bank accounts, whatever kind of document moved it."""

from integrations.unified.schema import DOCUMENT, LINE, MONEY, REF, TEXT, Schema, Spec, choice, given, listed

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
}
