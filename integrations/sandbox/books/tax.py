"""Tax on document lines: rounded half up once per rate, on the sum of the nets it applies to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.sandbox.books.money import HUNDRED, ZERO, cents


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax rate in percent; `id` is the ledger's own."""

    id: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Taxed:
    """An amount and the rates that apply to it."""

    net: Decimal
    rates: Sequence[Rate]
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TaxLine:
    """What one rate yields on a document."""

    rate: Rate
    net: Decimal
    tax: Decimal


def exclusive(lines: Iterable[Taxed], currency: str) -> list[TaxLine]:
    """Tax on top of the nets, one TaxLine per rate in order of first use."""
    nets: dict[Rate, Decimal] = {}
    for line in lines:
        for rate in line.rates:
            nets[rate] = nets.get(rate, ZERO) + line.net
    return [TaxLine(rate, net, cents(net * rate.percent / HUNDRED, currency)) for rate, net in nets.items()]


def net_of(gross: Decimal, rates: Iterable[Rate], currency: str) -> Decimal:
    """The net inside a gross amount."""
    percent = sum((rate.percent for rate in rates), ZERO)
    return cents(gross * HUNDRED / (HUNDRED + percent), currency)


def inclusive(lines: Iterable[Taxed], currency: str) -> list[TaxLine]:
    """Tax contained in the gross amounts: net and tax of each group of rates add up to its gross exactly."""
    groups: dict[tuple[Rate, ...], list[Taxed]] = {}
    for line in lines:
        groups.setdefault(tuple(line.rates), []).append(line)
    found: dict[Rate, TaxLine] = {}
    for rates, members in groups.items():
        for part in _share(rates, members, currency):
            before = found.get(part.rate)
            if before is not None:
                part = TaxLine(part.rate, before.net + part.net, before.tax + part.tax)
            found[part.rate] = part
    return list(found.values())


def _share(rates: tuple[Rate, ...], members: list[Taxed], currency: str) -> Iterable[TaxLine]:
    net = sum((line.net for line in members), ZERO)
    left = sum((line.gross if line.gross is not None else line.net for line in members), ZERO) - net
    percent = sum((rate.percent for rate in rates), ZERO)
    for position, rate in enumerate(rates):
        last = position == len(rates) - 1
        tax = left if last or not percent else cents(left * rate.percent / percent, currency)
        left, percent = left - tax, percent - rate.percent
        yield TaxLine(rate, net, tax)
