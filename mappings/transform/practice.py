"""How one ledger books and what its tenant wants: data from the connector's manifest and the posting rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mappings.transform.model import Target

KEEP, REFUSE = "keep", "refuse"


@dataclass(frozen=True)
class Practice:
    """What the transformation needs to know beside the meaning of words; the defaults are the plainest ledger's."""

    tax_rounding: str = "rate"
    """`rate`: once for each rate on its summed net; `line`: on every line; `document`: once on the sum."""
    inclusive_lines: str = "net"
    """What a line's amount is where prices contain tax: `net`, with the gross beside it, or `gross`."""
    allocates: frozenset[str] = frozenset()
    """Resources whose credits are applied to documents by a call of their own."""
    credits_by_payment: bool = True
    """Otherwise: whether a payment of nothing may name a credit and what it is applied to."""
    settles_one: bool = False
    """Whether a payment names exactly one document."""
    keeps_rest: bool = True
    """Whether a payment may be larger than what it settles."""
    refunds_by: str = "journal"
    """How money of a credit goes back: `journal`, or `payment` of the credit note itself."""
    payouts_by: str = "journal"
    """`journal`, or `transfer` where journals may not touch bank accounts: spent money and a transfer."""
    takes_rates: bool = True
    """Whether documents may bring their exchange rate."""
    overpayment: str = KEEP
    """`keep` what is left of a payment as unapplied credit, or `refuse` it."""
    tolerance: int = 1
    """By how many of the currency's smallest units computed tax and sums may differ from the source's."""
    home: str = ""
    """The ledger's own currency."""
    receivable: Target | None = None
    """The account that customers owe on; for journals that pay credits back."""
    bank: Target | None = None
    """Some bank account: where a payment of nothing has to name one."""
    must_map: frozenset[str] = frozenset()
    """Subjects of `UNASKED` that wait for a mapping all the same."""
    items_decide: bool = False
    """Whether an item on a line brings its own account along, so that the category has to mean the same."""
    items_are: str = "item"
    """How a line names an item: `item`, or `dimension` where it is one."""
    document_dimensions: frozenset[str] = frozenset()
    """Dimensions that stand once on a document instead of on its lines; journals have all on lines."""
    priced_lines: bool = False
    """Whether a line says quantity and price, and the ledger works out its amount."""
    takes_gross: bool = True
    """Whether prices may contain tax; otherwise tax is always put on top of net amounts."""
    untaxed: str = "none"
    """The mode of a document without tax: `exclusive` where the ledger has no word for none."""
    paid_from_bank: str = "cash"
    """What an expense is that a bank account pays: `cash`, `check`, or a `bill` that is paid at once."""
    journals_name: str = "bank"
    """Whether journals name a `bank` account itself, or the `ledger_account` behind it."""
    needs_due_day: bool = False
    """Whether what is owed must say when it is due; then at once, where the source says nothing."""
    unapplied: Mapping[str, str] = field(default_factory=dict)
    """Resources whose credits people have to apply in the ledger → why."""
    no_dimensions: str = ""
    """Why documents' dimensions and locations cannot be written, where that is so."""


@dataclass(frozen=True)
class Linked:
    """An earlier document that this one is applied to, and what it became; `rate` is home per unit, if known."""

    kind: str
    resource: str
    currency: str
    total: Decimal
    counterparty: str = ""
    rate: Decimal | None = None
    what: str = ""
