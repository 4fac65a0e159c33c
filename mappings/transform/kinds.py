"""The posting rules: what each kind of source document becomes in the ledger, and what its sender must say.

One table for everything that branches on a kind: intake, mapping, preview and pages read it. Adding a kind that books
like one of these is a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SALES, PURCHASES, BOOKS = "sales", "purchases", "books"


@dataclass(frozen=True)
class Kind:
    """One kind. `becomes`: side of the books → resource of the ledger; the first side is the one meant unless said.

    `builds` names how its entry is built: trade (lines with tax on a contact's account), spending (lines with tax paid
    at once), settlement (money for earlier documents), payout (a processor's settlement), entry (debits and credits).
    """

    becomes: Mapping[str, str]
    builds: str
    needs: frozenset[str]
    takes: frozenset[str] = frozenset()
    pays_out: bool = False
    """Whether the money of a credit goes back at once."""

    @property
    def side(self) -> str:
        """The side that is meant where the document says none."""
        return next(iter(self.becomes))

    @property
    def fields(self) -> frozenset[str]:
        """Every field beyond the common ones that it may have."""
        return self.needs | self.takes


_LINED = frozenset({"counterparty", "lines", "tax_mode"})
_TRACKED = frozenset({"dimensions", "location"})
_TAX = frozenset({"tax_total"}) | _TRACKED
_PAID = frozenset({"payment_method"})

KINDS: Mapping[str, Kind] = {
    "sale": Kind({SALES: "invoices"}, "trade", _LINED, _TAX | {"due_on"}),
    "credit": Kind({SALES: "credit_notes", PURCHASES: "vendor_credits"}, "trade", _LINED, _TAX | {"applies_to"}),
    "refund": Kind({SALES: "credit_notes"}, "trade", _LINED | _PAID, _TAX | {"refers_to"}, pays_out=True),
    "purchase": Kind({PURCHASES: "bills"}, "trade", _LINED, _TAX | {"due_on", "purchase_order"}),
    "expense": Kind({PURCHASES: "expenses"}, "spending", _LINED | _PAID, _TAX | {"due_on"}),
    "fee": Kind({PURCHASES: "expenses"}, "spending", _LINED | _PAID, _TAX | {"refers_to"}),
    "payment": Kind(
        {SALES: "payments", PURCHASES: "bill_payments"},
        "settlement",
        frozenset({"counterparty"}) | _PAID,
        frozenset({"applies_to"}),
    ),
    "payout": Kind({SALES: "journal_entries"}, "payout", frozenset({"counterparty", "parts", "paid_into"}) | _PAID),
    "adjustment": Kind(
        {BOOKS: "journal_entries"}, "entry", frozenset({"lines"}), frozenset({"counterparty"}) | _TRACKED
    ),
}

SETTLED_BY: Mapping[tuple[str, str], frozenset[str]] = {
    ("payment", SALES): frozenset({"sale"}),
    ("payment", PURCHASES): frozenset({"purchase"}),
    ("credit", SALES): frozenset({"sale"}),
    ("credit", PURCHASES): frozenset({"purchase"}),
    ("refund", SALES): frozenset({"sale", "payment"}),
    ("fee", PURCHASES): frozenset({"sale", "payment", "refund"}),
}
"""(kind, side) → kinds of the documents it may be applied to or refer to."""

PARTS: Mapping[str, int] = {
    "charge": 1,
    "refund": -1,
    "fee": -1,
    "chargeback": -1,
    "reserve": -1,
    "release": 1,
    "adjustment": 0,
}
"""What a payout is made of → its sign as the processor's statement shows it; 0: either."""

CONTACTS: Mapping[str, str] = {
    **dict.fromkeys(("invoices", "credit_notes", "payments", "journal_entries"), "customer"),
    **dict.fromkeys(("bills", "vendor_credits", "bill_payments", "expenses"), "vendor"),
}
"""Resources whose documents name a contact → of which type; a journal's line names one where it pays a credit back."""

ALLOCATED_AS: Mapping[str, str] = {
    "invoices": "invoice",
    "bills": "bill",
    "credit_notes": "credit_note",
    "vendor_credits": "vendor_credit",
    "journal_entries": "journal_entry",
}
"""What the unified model calls a document that another one is applied to."""
