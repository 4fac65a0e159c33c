"""Founds a simulated NetSuite account: chart of accounts, tax, subsidiaries, lists, and the planned history."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.company import Company
from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.plan import COSTS, OFFERS, Contact, Deed, History, Line, Planner
from integrations.sandbox.books.statement import Movement, OpenItem, StatementMaker
from integrations.sandbox.books.store import Record, Store
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import Organisation
from integrations.sandbox.netsuite import chart
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.wire import Body

_NOON = 12 * 3600
_FAMILIES = {"account": 1, "contact": 100, "item": 50, "tax_rate": 5, "dimension": 1, "currency": 1, "payment_term": 1}
_TRANSACTIONS = 1000


def company(organisation: Organisation, clock: Clock) -> Company:
    """The neutral books of an account; all transactions share one sequence of numbers, as they do in NetSuite."""
    store = organisation.store
    return Company(
        store, clock, currency=organisation.currency, country=organisation.country, unique_numbers=(),
        ids=lambda kind, number: _next(store, kind), org=organisation.external_org_id,
    )  # fmt: skip


def _next(store: Store, kind: str) -> str:
    start = _FAMILIES.get(kind)
    return str(store.take("transaction", _TRANSACTIONS) if start is None else store.take(f"list.{kind}", start))


def found(books: Books) -> None:
    """Everything in one transaction, so that a killed process leaves no half account."""
    specification = books.organisation.specification
    today = books.clock.today()
    history = Planner(specification, today).plan()
    with books.store.transaction():
        _Builder(books, history, today).build()
    books.organisation.statement = _statement(books, specification, today)


class _Builder:
    """Writes a planned history; keeps which record each deed became."""

    def __init__(self, books: Books, history: History, today: date) -> None:
        self._books = books
        self._company = books.company
        self._history = history
        self._today = today
        self._dice = random.Random(str(books.organisation.specification["seed"]))  # noqa: S311 - no secrets
        self._records: dict[int, Record] = {}
        self._contacts: list[str] = []
        self._items: list[str] = []
        self._accounts: dict[str, str] = {}
        self._tags: list[str] = []

    def build(self) -> None:
        """The chart, contacts, items, then every deed on its day."""
        self._at(self._history.start)
        self._accounts = chart.open_books(self._books)
        self._tags = [each.id for each in self._company.live("dimension") if each.body["type"] == "class"]
        self._contacts = [self._contact(contact) for contact in self._history.contacts]
        self._items = [self._item(position) for position in range(len(OFFERS))]
        self._opening()
        for position in self._history.order:
            deed = self._history.deeds[position]
            self._at(deed.on)
            record = getattr(self, f"_{deed.kind}")(deed)
            if record is not None:
                self._records[position] = record
        self._company.now = None

    def _at(self, on: date) -> None:
        """Let changes happen on this day, never in the future."""
        noon = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() + _NOON + len(self._records) % 3600
        self._company.now = min(noon, self._books.clock.wall())

    @property
    def _is_us(self) -> bool:
        return self._books.organisation.country == "US"

    def _contact(self, contact: Contact) -> str:
        person = contact.person
        address = {"addr1": person.street, "city": person.town, "state": person.region, "zip": person.postcode,
                   "country": {"id": person.country, "refName": person.country}}  # fmt: skip
        entry = {"label": person.street, "defaultBilling": True, "defaultShipping": True, "addressBookAddress": address}
        body: Body = {
            "name": person.company, "is_customer": not contact.is_vendor, "is_vendor": contact.is_vendor,
            "email": person.email, "phone": person.phone, "first_name": person.first, "last_name": person.last,
            "currency": self._books.home, "term": chart.TERMS[contact.term],
            "own": {"subsidiary": "1", "companyName": person.company, "addressBook": {"items": [entry]}},
        }  # fmt: skip
        return self._company.save("contact", body).id

    def _item(self, position: int) -> str:
        offer = OFFERS[position]
        is_service = offer.kind == "service"
        body: Body = {
            "code": offer.sku, "name": offer.name, "description": offer.description, "sale_price": offer.price,
            "purchase_price": offer.cost or None, "income_account": self._accounts[offer.income], "is_sold": True,
            "is_bought": bool(offer.cost), "expense_account": self._accounts["5010"],
            "own": {"type": "serviceResaleItem" if is_service else "nonInventoryResaleItem", "displayName": offer.name},
        }  # fmt: skip
        if not self._is_us:
            body |= {"sale_tax": chart.STANDARD, "purchase_tax": chart.STANDARD}
        return self._company.save("item", body).id

    def _opening(self) -> None:
        lines = (("1000", 48000), ("1210", 20000), ("1500", 9600), ("2500", -25000), ("3000", -52600))
        self._entry("Opening balances", lines)

    def _entry(self, memo: str, rows: Any) -> Record:
        lines = [
            {"account": self._accounts[code], "description": memo, "debit": max(Decimal(amount), ZERO),
             "credit": max(-Decimal(amount), ZERO), "own": {"sublist": "line"}}
            for code, amount in rows
        ]  # fmt: skip
        body = {"on": self._company.today.isoformat(), "memo": memo, "lines": lines, "tax_mode": "none"}
        return self._company.save("journal_entry", body | self._number("journal_entry"))

    def _number(self, kind: str) -> Body:
        return {"number": chart.next_number(self._books, kind)}

    def _sold(self, line: Line) -> Body:
        body: Body = {"item": self._items[line.offer or 0], "quantity": line.quantity, "price": line.price,
                      "description": OFFERS[line.offer or 0].description, "own": {"sublist": "item"}}  # fmt: skip
        return self._tagged(body, line) | ({} if self._is_us else {"tax": chart.STANDARD})

    def _bought(self, line: Line) -> Body:
        cost = COSTS[line.cost or 0]
        body: Body = {"account": self._accounts[cost.account], "amount": line.price, "description": cost.text,
                      "own": {"sublist": "expense"}}  # fmt: skip
        tax = {} if self._is_us else {"tax": chart.STANDARD if cost.taxed else chart.ZERO_RATED}
        return self._tagged(body, line) | tax

    def _tagged(self, body: Body, line: Line) -> Body:
        if line.tag is None:
            return body
        return {**body, "dimensions": {"class": self._tags[line.tag]}}

    def _document(self, kind: str, deed: Deed, lines: list[Body], **more: Any) -> Record:
        body: Body = {"contact": self._contacts[deed.contact or 0], "on": deed.on.isoformat(), "lines": lines,
                      "tax_mode": "none" if self._is_us else "exclusive", "own": {}}  # fmt: skip
        return self._company.save(kind, body | more)

    def _invoice(self, deed: Deed) -> Record:
        return self._document("invoice", deed, [self._sold(each) for each in deed.lines], **self._number("invoice"))

    def _credit_note(self, deed: Deed) -> Record:
        return self._document(
            "credit_note", deed, [self._sold(each) for each in deed.lines], **self._number("credit_note")
        )

    def _bill(self, deed: Deed) -> Record:
        number = f"{self._dice.choice(('INV', 'SI', 'R'))}-{self._dice.randint(1000, 99999)}"
        return self._document("bill", deed, [self._bought(each) for each in deed.lines], number=number)

    def _vendor_credit(self, deed: Deed) -> Record:
        number = f"CN-{self._dice.randint(1000, 99999)}"
        return self._document("vendor_credit", deed, [self._bought(each) for each in deed.lines], number=number)

    def _purchase_order(self, deed: Deed) -> Record:
        lines = [self._bought(each) for each in deed.lines]
        return self._document("purchase_order", deed, lines, **self._number("purchase_order"))

    def _expense(self, deed: Deed) -> Record:
        account = self._accounts["2150" if self._dice.random() < 0.4 else "1000"]
        return self._document("expense", deed, [self._bought(each) for each in deed.lines], account=account)

    def _open(self, deed: Deed) -> list[Body]:
        """The deed's documents and how much of each it pays."""
        found = []
        for position in deed.about:
            record = self._company.get(self._records[position].table, self._records[position].id)
            amount = cents(self._company.open_amount(record) * deed.share, self._books.home)
            if amount > 0:
                found.append({"document": record.key, "amount": amount, "on": deed.on.isoformat()})
        return found

    def _receipt(self, deed: Deed) -> Record | None:
        account = "1200" if deed.options["undeposited"] else "1000"
        return self._payment("payment", deed, self._accounts[account])

    def _bill_payment(self, deed: Deed) -> Record | None:
        return self._payment("bill_payment", deed, self._accounts["1000"])

    def _payment(self, kind: str, deed: Deed, account: str) -> Record | None:
        """A payment; one for which nothing is left open is received on account."""
        allocations = self._open(deed)
        if not allocations and kind == "bill_payment":
            return None
        total = sum((each["amount"] for each in allocations), ZERO)
        body: Body = {"contact": self._contacts[deed.contact or 0], "on": deed.on.isoformat(), "account": account,
                      "total": total, "allocations": allocations, "own": {}}  # fmt: skip
        return self._company.save(kind, body | self._number(kind))

    def _payroll(self, deed: Deed) -> Record:
        gross = deed.options["gross"]
        kept = cents(gross * Decimal("0.24"), self._books.home)
        return self._entry("Payroll", (("6200", gross), ("2300", -kept), ("1000", kept - gross)))

    def _transfer(self, deed: Deed) -> Record:
        body = {"account": self._accounts["1000"], "to_account": self._accounts["1210"],
            "total": deed.options["amount"],
                "on": deed.on.isoformat(), "memo": "To savings"}  # fmt: skip
        return self._company.save("transfer", body | self._number("transfer"))


def _statement(books: Books, specification: Body, today: date) -> list[Body]:
    """The statement of the current account."""
    account = next(each.id for each in books.company.live("account") if each.body.get("code") == "1000")
    maker = StatementMaker(specification["seed"], books.organisation.country, books.home, account, today)
    return maker.write(specification["bank_lines"], _movements(books, account), _open_items(books))


def _movements(books: Books, account: str) -> list[Movement]:
    found = []
    for kind in ("payment", "bill_payment", "expense", "deposit", "receipt"):
        for record in books.company.live(kind):
            amount = sum((line.amount for line in record.lines if line.account == account), ZERO)
            if amount:
                reference = str(record.body.get("number") or record.id)
                on = date.fromisoformat(record.body["on"])
                found.append(Movement(on, amount, _party(books, record), reference, record.key))
    return found


def _party(books: Books, record: Record) -> str:
    contact = books.store.tables["contact"].get(str(record.body.get("contact")))
    return str(contact.body["name"]) if contact else "Counter credit"


def _open_items(books: Books) -> list[OpenItem]:
    found = []
    for kind, sign in (("invoice", 1), ("bill", -1)):
        for record in books.company.live(kind):
            left, body = books.open_amount(record), record.body
            if left > 0 and body["currency"] == books.home:
                on, due = date.fromisoformat(body["on"]), date.fromisoformat(body["due_on"])
                number = str(body.get("number") or record.id)
                found.append(OpenItem(on, due, sign * left, _party(books, record), number, record.key))
    return found
