"""Documents in another currency than the books: at which rate, whose rate it is, and what settling gains or loses."""

from dataclasses import dataclass
from decimal import Decimal

from mappings.models import SourceDocument
from mappings.services.earlier import links_of, rate_in_ledger
from mappings.transform import Document
from mappings.transform.kinds import SALES
from mappings.transform.money import rounded, text_of


@dataclass(frozen=True)
class Settled:
    """One document that is settled: its share in the document's currency, and the rate at which it was booked."""

    what: str
    amount: Decimal
    rate: Decimal | None


@dataclass(frozen=True)
class Exchange:
    """`rate`: home units for one unit, None while nobody has said one; `source` says whose it is, in words.

    `gain`: realised, in home currency: above zero a gain, below a loss; None where there is nothing to settle or a
    rate is not known.
    """

    home: str
    rate: Decimal | None
    source: str
    settles: tuple[Settled, ...] = ()
    gain: Decimal | None = None

    @property
    def gain_text(self) -> str:
        """Such as "gain of 6.00 GBP"; empty where it is not known."""
        if self.gain is None:
            return ""
        return f"{'loss' if self.gain < 0 else 'gain'} of {text_of(abs(self.gain), self.home)}"


def exchange_of(document: SourceDocument) -> Exchange | None:
    """What exchanging means for a document; None for one in the ledger's own currency."""
    home = document.connection.currency
    if not home or document.currency == home:
        return None
    source = Document.from_body(document.body)
    rate, whose = _rate(document, source)
    if source.rule.builds != "settlement":
        return Exchange(home, rate, whose)
    links = links_of(document.connection, source)
    settles = tuple(
        Settled(links[each.key].what, source.total if each.amount is None else each.amount, links[each.key].rate)
        for each in source.applies_to
        if each.key in links
    )
    return Exchange(home, rate, whose, settles, _gain(settles, rate, home, 1 if source.side == SALES else -1))


def _gain(settles: tuple[Settled, ...], rate: Decimal | None, home: str, sign: int) -> Decimal | None:
    if rate is None or not settles:
        return None
    gained = Decimal(0)
    for each in settles:
        if each.rate is None:
            return None
        gained += rounded(each.amount * rate, home) - rounded(each.amount * each.rate, home)
    return sign * gained


def _rate(document: SourceDocument, source: Document) -> tuple[Decimal | None, str]:
    found, sent = rate_in_ledger(document, source.resource), source.exchange_rate
    whose = source.rate_source or "the source, which did not say where it is from"
    # Ledgers keep so many decimals of a rate, and some of its inverse.
    if sent is not None and (found is None or round(found, 6) == round(sent, 6)):
        return sent, f"the rate of {whose}"
    if found is None:
        return None, f"{document.connection} converts it with its own rate of the day; it is read back afterwards"
    instead = f", instead of {sent:f} of {whose}" if sent is not None else ""
    return found, f"{document.connection}'s own rate{instead}"
