"""From a whole body to balanced journal lines in home currency."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.sandbox.books.journal import Line
from integrations.sandbox.books.kinds import INCOMING, PAYMENTS, ROLES, SILENT_STATUSES
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.company import Company


@dataclass
class Sheet:
    """Collects the lines of one document; amounts debit positive, in its currency."""

    home: str
    currency: str
    rate: Decimal
    lines: list[Line] = field(default_factory=list)

    def at_home(self, amount: Decimal) -> Decimal:
        """The amount in home currency."""
        return amount if self.currency == self.home else cents(amount * self.rate, self.home)

    def post(self, account: str, amount: Decimal, contact: str | None = None, memo: str | None = None) -> None:
        """One line; nothing for zero."""
        if amount:
            self.put(account, self.at_home(amount), amount, contact, memo)

    def put(self, account: str, home: Decimal, amount: Decimal, contact: str | None, memo: str | None = None) -> None:
        """One line whose home amount is known."""
        foreign = None if self.currency == self.home else amount
        self.lines.append(Line(account, home, contact, foreign, memo))

    def balanced(self) -> list[Line]:
        """The lines; coins lost in conversion go to the last of them."""
        left = sum((line.amount for line in self.lines), ZERO)
        if left:
            last = self.lines[-1]
            self.lines[-1] = Line(last.account, last.amount - left, last.contact, last.foreign, last.memo)
        return self.lines


def lines_of(company: "Company", kind: str, body: Body) -> list[Line]:
    """What a document posts; nothing unless it is in force."""
    if body["status"] in SILENT_STATUSES or kind == "purchase_order":
        return []
    sheet = Sheet(company.home, body["currency"], body["rate"])
    contact = body.get("contact")
    if kind in INCOMING:
        sign = INCOMING[kind]
        sheet.post(body["account"], sign * body["total"], contact if kind in ROLES else None, body.get("memo"))
        _post_lines(company, sheet, body, -sign)
    elif kind in PAYMENTS:
        sign = PAYMENTS[kind]
        sheet.post(body["account"], sign * body["total"], None, body.get("memo"))
        sheet.post(company.role(ROLES[kind]), -sign * body["total"], contact)
    elif kind == "transfer":
        sheet.post(body["to_account"], body["total"], None, body.get("memo"))
        sheet.post(body["account"], -body["total"], None, body.get("memo"))
    elif kind == "deposit":
        sheet.post(body["account"], body["total"], None, body.get("memo"))
        _post_lines(company, sheet, body, -1)
    else:
        _post_lines(company, sheet, body, 1)
    lines = sheet.balanced()
    return [*lines, *_moved(company, kind, body, sheet)] if body["allocations"] else lines


def _post_lines(company: "Company", sheet: Sheet, body: Body, sign: int) -> None:
    for line in body["lines"]:
        sheet.post(line["account"], sign * line["net"], line.get("contact"), line.get("description"))
        if line["tax_amount"]:
            sheet.post(_tax_account(company, line), sign * line["tax_amount"], None, "Tax")


def _tax_account(company: "Company", line: Body) -> str:
    rate = company.store.tables["tax_rate"][line["tax"]].body
    account = rate.get("account")
    return str(account) if account is not None else company.role("tax")


def _moved(company: "Company", kind: str, body: Body, sheet: Sheet) -> list[Line]:
    """Allocations carry an amount to the settled document's account at its rate; the difference is exchange."""
    own = company.role(ROLES[kind]) if kind in PAYMENTS else body["account"]
    sign = -PAYMENTS[kind] if kind in PAYMENTS else INCOMING[kind]
    moves = Sheet(company.home, body["currency"], body["rate"])
    for each in body["allocations"]:
        table, _, key = each["document"].partition(":")
        target = company.store.tables[table][key].body
        if target["account"] == own and target["rate"] == body["rate"]:
            continue
        amount = sign * each["amount"]
        there = Sheet(company.home, target["currency"], target["rate"]).at_home(amount)
        here = sheet.at_home(amount)
        moves.put(own, -here, -amount, body["contact"])
        moves.put(target["account"], there, amount, body["contact"])
        if here != there:
            moves.put(company.role("exchange"), here - there, ZERO, None, "Realised exchange difference")
    return moves.lines
