"""How a ledger books, where ledgers differ: rounding of tax, what payments may settle, how credits are used."""

from dataclasses import dataclass

from integrations.engine.sections import Section

_ROUNDINGS = frozenset({"rate", "line", "document"})
_AMOUNTS = frozenset({"net", "gross"})
_SETTLES = frozenset({"one", "many"})
_RESTS = frozenset({"kept", "refused"})
_CREDITS = frozenset({"payment", "hand"})
_REFUNDS = frozenset({"journal", "payment"})
_PAYOUTS = frozenset({"journal", "transfer"})
_ITEMS = frozenset({"item", "dimension"})
_LINES = frozenset({"amount", "price"})
_TAXED = frozenset({"both", "exclusive"})
_PAID = frozenset({"cash", "check", "bill"})
_JOURNALS = frozenset({"bank", "ledger_account"})
_UNTAXED = frozenset({"none", "exclusive"})
_FEEDS = frozenset({"apart", "settled"})
_DUE = frozenset({"optional", "needed"})


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """The manifest's `bookkeeping`; the defaults hold where a manifest says nothing."""

    tax_rounding: str = "rate"
    inclusive_lines: str = "gross"
    payment_settles: str = "many"
    payment_rest: str = "kept"
    credits_applied_by: str = "hand"
    refunds_by: str = "journal"
    payouts_by: str = "journal"
    items_are: str = "item"
    document_dimensions: tuple[str, ...] = ()
    lines_say: str = "amount"
    taxed_amounts: str = "both"
    paid_from_bank: str = "cash"
    journals_name: str = "bank"
    due_day: str = "optional"
    feed_lines: str = "apart"
    untaxed: str = "none"


def bookkeeping(root: Section) -> Bookkeeping:
    """`bookkeeping`; ManifestError names what is not one of its words."""
    section = root.section("bookkeeping", "bookkeeping")
    return Bookkeeping(
        tax_rounding=section.choice("tax_rounding", _ROUNDINGS, "rate"),
        inclusive_lines=section.choice("inclusive_lines", _AMOUNTS, "gross"),
        payment_settles=section.choice("payment_settles", _SETTLES, "many"),
        payment_rest=section.choice("payment_rest", _RESTS, "kept"),
        credits_applied_by=section.choice("credits_applied_by", _CREDITS, "hand"),
        refunds_by=section.choice("refunds_by", _REFUNDS, "journal"),
        payouts_by=section.choice("payouts_by", _PAYOUTS, "journal"),
        items_are=section.choice("items_are", _ITEMS, "item"),
        document_dimensions=tuple(section.texts("document_dimensions")),
        lines_say=section.choice("lines_say", _LINES, "amount"),
        taxed_amounts=section.choice("taxed_amounts", _TAXED, "both"),
        paid_from_bank=section.choice("paid_from_bank", _PAID, "cash"),
        journals_name=section.choice("journals_name", _JOURNALS, "bank"),
        untaxed=section.choice("untaxed", _UNTAXED, "none"),
        feed_lines=section.choice("feed_lines", _FEEDS, "apart"),
        due_day=section.choice("due_day", _DUE, "optional"),
    )
