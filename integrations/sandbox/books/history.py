"""Writes the deeds of a planned history as neutral documents."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.sandbox.books.chart import Chart
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.plan import COSTS, Deed, Line
from integrations.sandbox.books.store import Record
from integrations.sandbox.wire import Body

if TYPE_CHECKING:
    from integrations.sandbox.books.founding import Founded

_OPENING = (("1000", 48000), ("1210", 20000), ("1500", 9600), ("2500", -25000), ("3000", -52600))
_BUDGET = (("4000", 18000), ("4010", 4200), ("6000", 1900), ("6030", 450))


class Writer:
    """Keeps which record each deed became."""

    def __init__(self, company: Company, chart: Chart, made: "Founded", dice: random.Random) -> None:
        self._company = company
        self._chart = chart
        self._made = made
        self._dice = dice
        self._keys: dict[int, str] = {}
        self._waiting: list[Record] = []
        self._undeposited = next(iter(company.store.find("account.role", "undeposited")), "").partition(":")[2]

    def open_books(self, start: date, today: date) -> None:
        """Opening balances and this year's budget."""
        self._journal("Opening balances", start, [(code, Decimal(amount)) for code, amount in _OPENING], "OPEN-1")
        lines = [
            {"account": self._made.accounts[code], "month": f"{today.year}-{month:02d}-01", "amount": Decimal(amount)}
            for month in range(1, 13)
            for code, amount in _BUDGET
        ]
        name = f"Budget {today.year}"
        body = {"name": name, "from": f"{today.year}-01-01", "to": f"{today.year}-12-31", "lines": lines}
        self._company.save("budget", body)

    def write(self, position: int, deed: Deed) -> None:
        """One deed on its day."""
        self.deposit(deed.on)
        writers: dict[str, Callable[[Deed], Record | None]] = {
            "invoice": self._sale, "credit_note": self._sale, "bill": self._purchase, "vendor_credit": self._purchase,
            "purchase_order": self._purchase, "expense": self._expense, "receipt": self._receipt,
            "bill_payment": self._bill_payment, "payroll": self._payroll, "transfer": self._transfer,
        }  # fmt: skip
        record = writers[deed.kind](deed)
        if record is not None:
            self._keys[position] = record.id

    def _head(self, deed: Deed, kind: str) -> Body:
        body: Body = {"on": deed.on.isoformat()}
        if deed.contact is not None:
            body["contact"] = self._made.contacts[deed.contact]
        pattern = self._chart.numbers.get(kind)
        if pattern:
            body["number"] = pattern.format(self._company.store.take(f"number.{kind}"))
        return body

    def _dimensions(self, line: Line) -> Body:
        kinds = dict.fromkeys(kind for kind, _ in self._made.dimensions)
        if line.tag is None or not kinds:
            return {}
        first = next(iter(kinds))
        values = [key for kind, key in self._made.dimensions if kind == first]
        return {"dimensions": {first: values[line.tag % len(values)]}}

    def _sale(self, deed: Deed) -> Record:
        tax = self._made.taxes.get(self._chart.sale_tax or "")
        lines = [
            {"item": self._made.items[line.offer or 0], "quantity": line.quantity, "price": line.price,
             **({"tax": tax} if tax else {}), **self._dimensions(line)}
            for line in deed.lines
        ]  # fmt: skip
        body = {**self._head(deed, deed.kind), "lines": lines}
        return self._company.save(deed.kind, self._taxed(body))

    def _taxed(self, body: Body) -> Body:
        """Prices of the plan are net; a face that shows them with tax says so by its chart."""
        return {**body, "tax_mode": self._chart.tax_mode}

    def _bought(self, line: Line) -> Body:
        cost = COSTS[line.cost or 0]
        tax = self._made.taxes.get((self._chart.purchase_tax if cost.taxed else self._chart.untaxed) or "")
        return {"account": self._made.accounts[cost.account], "description": cost.text, "quantity": Decimal(1),
                "price": line.price, **({"tax": tax} if tax else {}), **self._dimensions(line)}  # fmt: skip

    def _purchase(self, deed: Deed) -> Record:
        body = self._head(deed, deed.kind)
        if "number" not in body and deed.kind != "purchase_order":
            prefix = "CN" if deed.kind == "vendor_credit" else self._dice.choice(("INV", "SI", "R"))
            body["number"] = f"{prefix}-{self._dice.randint(1000, 99999)}"
        lines = [self._bought(line) for line in deed.lines]
        return self._company.save(deed.kind, self._taxed({**body, "lines": lines}))

    def _expense(self, deed: Deed) -> Record:
        account = self._made.accounts["2150" if self._dice.random() < 0.4 else "1000"]
        lines = [self._bought(line) for line in deed.lines]
        return self._company.save(
            "expense", self._taxed({**self._head(deed, "expense"), "account": account, "lines": lines})
        )

    def _targets(self, kind: str, deed: Deed) -> list[tuple[Record, Decimal]]:
        """The deed's documents and how much of each it pays."""
        found = []
        for position in deed.about:
            record = self._company.get(kind, self._keys[position])
            amount = cents(self._company.open_amount(record) * deed.share, record.body["currency"])
            if amount > 0:
                found.append((record, amount))
        return found

    def _paid(self, deed: Deed, kind: str, targets: list[tuple[Record, Decimal]]) -> Body:
        on = deed.on.isoformat()
        allocations = [{"document": record.key, "amount": amount, "on": on} for record, amount in targets]
        total = sum((amount for _, amount in targets), ZERO)
        currency, account = targets[0][0].body["currency"], self._made.accounts["1000"]
        body = {"total": total, "allocations": allocations, "currency": currency, "account": account}
        return {**self._head(deed, kind), **body}

    def _receipt(self, deed: Deed) -> Record | None:
        targets = self._targets("invoice", deed)
        if not targets:
            return None
        body = self._paid(deed, "payment", targets)
        roll = float(deed.options["roll"])
        numbers = "/".join(str(record.body.get("number") or record.id) for record, _ in targets)
        body["reference"] = (numbers if roll < 0.6 else f"{int(roll * 10**8):08d}")[:21]
        waits = deed.options["undeposited"] and self._undeposited and body["currency"] == self._company.home
        if waits:
            body["account"] = self._undeposited
        record = self._company.save("payment", body)
        if waits:
            self._waiting.append(record)
        return record

    def deposit(self, on: date, *, force: bool = False) -> None:
        """Bank what waits in undeposited funds, a few receipts at a time."""
        latest = (on - timedelta(days=2)).isoformat()
        due = [record for record in self._waiting if record.body["on"] <= latest]
        if len(due) < 3 and not (force and due):
            return
        self._waiting = [record for record in self._waiting if record not in due]
        lines = [{"document": record.key, "amount": record.body["total"]} for record in due]
        body = {"account": self._made.accounts["1000"], "on": on.isoformat(), "tax_mode": "none", "lines": lines}
        self._company.save("deposit", body)

    def _bill_payment(self, deed: Deed) -> Record | None:
        targets = self._targets("bill", deed)
        if not targets:
            return None
        body = self._paid(deed, "bill_payment", targets)
        body["reference"] = "/".join(str(record.body.get("number") or record.id) for record, _ in targets)[:21]
        return self._company.save("bill_payment", body)

    def _journal(self, memo: str, on: date, rows: list[tuple[str, Decimal]], number: str) -> Record:
        lines = [
            {
                "account": self._made.accounts[code],
                "description": memo,
                "debit": max(amount, ZERO),
                "credit": max(-amount, ZERO),
            }
            for code, amount in rows
        ]
        body = {"on": on.isoformat(), "number": number, "memo": memo, "tax_mode": "none", "lines": lines}
        return self._company.save("journal_entry", body)

    def _payroll(self, deed: Deed) -> Record:
        gross = deed.options["gross"]
        kept = cents(gross * Decimal("0.24"), self._company.home)
        rows = [("6200", gross), ("2300", -kept), ("1000", kept - gross)]
        return self._journal("Payroll", deed.on, rows, f"PAY-{deed.on:%Y-%m}")

    def _transfer(self, deed: Deed) -> Record:
        body = {**self._head(deed, "transfer"), "account": self._made.accounts["1000"], "memo": "To savings",
                "to_account": self._made.accounts["1210"], "total": deed.options["amount"]}  # fmt: skip
        return self._company.save("transfer", body)
