"""From amounts in a document's currency to balanced journal lines in the home currency."""

from dataclasses import dataclass, field
from decimal import Decimal

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.wire import Body


@dataclass
class Money:
    """A document's currency and its rate into the home currency."""

    currency: str
    rate: Decimal
    home: str

    def at_home(self, amount: Decimal) -> Decimal:
        """The amount in home currency."""
        return amount if self.currency == self.home else cents(amount * self.rate, self.home)


def money_of(company: Company, body: Body) -> Money:
    """Currency and exchange rate of a document; writes the defaults into its body. Raises 6000, 2500."""
    code = (body.get("CurrencyRef") or {}).get("value") or company.home
    if code != company.home and not company.is_multicurrency:
        raise errors.business("Multicurrency should be enabled to use a currency other than the home currency.")
    body["CurrencyRef"] = company.currency(code)
    if code == company.home:
        if company.is_multicurrency:
            body["ExchangeRate"] = Decimal(1)
        else:
            body.pop("ExchangeRate", None)
        return Money(code, Decimal(1), company.home)
    rate = body.get("ExchangeRate")
    body["ExchangeRate"] = checks.amount(body, "ExchangeRate") if rate else rate_on(company, code, body["TxnDate"])
    return Money(code, body["ExchangeRate"], company.home)


def rate_on(company: Company, code: str, day: str) -> Decimal:
    """The newest rate set on or before the day, 1 when none is known."""
    known = [
        record.body
        for record in company.store.live("ExchangeRate")
        if record.body["SourceCurrencyCode"] == code and record.body["AsOfDate"] <= day
    ]
    if not known:
        return Decimal(1)
    return Decimal(max(known, key=lambda body: str(body["AsOfDate"]))["Rate"])


@dataclass
class Ledger:
    """Collects the postings of one document; amounts debit positive, in the document's currency."""

    company: Company
    money: Money
    lines: list[Line] = field(default_factory=list)

    def post(self, account: str, amount: Decimal, *, contact: str | None = None, memo: str | None = None) -> None:
        """One posting in the document's currency; zero amounts leave no trace."""
        self.post_home(account, self.money.at_home(amount), amount, contact=contact, memo=memo)

    def post_home(
        self, account: str, home: Decimal, amount: Decimal, *, contact: str | None = None, memo: str | None = None
    ) -> None:
        """One posting whose home amount is already known."""
        if home or amount:
            foreign = amount if self.money.currency != self.money.home else None
            self.lines.append(Line(account, home, contact, foreign, memo))

    def closed(self) -> list[Line]:
        """The balanced lines; what rates and rounding leave over is exchange gain or loss."""
        left = sum((line.amount for line in self.lines), ZERO)
        if left and self.money.currency != self.money.home:
            gain = self.company.account("ExchangeGainOrLoss")
            self.lines.append(Line(gain, -left, None, ZERO, "Exchange gain or loss"))
        return self.lines
