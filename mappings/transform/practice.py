"""How one ledger books and what its tenant wants: data from the connector's manifest and the posting rules."""

from dataclasses import dataclass
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
