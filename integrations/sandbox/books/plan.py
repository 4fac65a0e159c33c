"""The history of a small company, planned without any ledger's words; the faces turn it into documents."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.names import NameMaker, Person

_TERMS = (0, 15, 30, 30, 30, 60)


@dataclass(frozen=True)
class Offer:
    """Something sold: price in home currency."""

    name: str
    sku: str
    description: str
    price: Decimal
    income: str
    kind: str = "service"
    cost: Decimal = Decimal(0)


OFFERS = (
    Offer("Consulting", "CON-DAY", "Consulting, per day", Decimal("650.00"), "4000"),
    Offer("Design", "DES-HR", "Design work, per hour", Decimal("85.00"), "4000"),
    Offer("Implementation", "IMP-DAY", "Implementation, per day", Decimal("720.00"), "4000"),
    Offer("Training", "TRN-HALF", "Training, half a day", Decimal("395.00"), "4000"),
    Offer("Support plan", "SUP-MON", "Support plan, per month", Decimal("149.00"), "4010"),
    Offer("Hosting", "HOS-MON", "Managed hosting, per month", Decimal("79.50"), "4010"),
    Offer(
        "Licence Standard", "LIC-STD", "Licence Standard, per seat and year", Decimal("228.00"), "4020", "non_inventory"
    ),
    Offer("Licence Plus", "LIC-PLS", "Licence Plus, per seat and year", Decimal("408.00"), "4020", "non_inventory"),
    Offer(
        "Field sensor", "SEN-100", "Field sensor SEN-100", Decimal("64.90"), "4020", "non_inventory", Decimal("31.20")
    ),
    Offer("Gateway", "GTW-200", "Gateway GTW-200", Decimal("289.00"), "4020", "non_inventory", Decimal("164.00")),
    Offer("Delivery", "DLV", "Delivery and handling", Decimal("18.50"), "4030"),
    Offer("Travel expenses", "TRV", "Travel recharged at cost", Decimal("96.40"), "4030"),
)


@dataclass(frozen=True)
class Cost:
    """Something bought: account code, what it says on the document, usual range, whether tax applies."""

    account: str
    text: str
    least: int
    most: int
    taxed: bool = True


COSTS = (
    Cost("5000", "Subcontracted work", 400, 4200), Cost("5010", "Components", 120, 2600),
    Cost("6000", "Office rent", 1400, 2400), Cost("6010", "Electricity and gas", 110, 480),
    Cost("6020", "Telephone and internet", 45, 210), Cost("6030", "Software subscriptions", 25, 640),
    Cost("6040", "Office supplies", 15, 320), Cost("6050", "Advertising", 150, 1900),
    Cost("6060", "Legal and professional fees", 250, 2100), Cost("6070", "Insurance", 90, 760, taxed=False),
    Cost("6080", "Travel", 35, 690, taxed=False), Cost("6090", "Meals", 12, 140),
    Cost("6100", "Repairs and maintenance", 60, 880), Cost("6110", "Postage and delivery", 8, 130),
    Cost("6120", "Training and conferences", 120, 1300),
)  # fmt: skip


@dataclass(frozen=True)
class Contact:
    """A customer or vendor with their usual terms."""

    person: Person
    is_vendor: bool
    term: int


@dataclass(frozen=True)
class Line:
    """A line sold (`offer`) or bought (`cost`); price per unit."""

    quantity: Decimal
    price: Decimal
    offer: int | None = None
    cost: int | None = None
    tag: int | None = None


@dataclass(frozen=True)
class Deed:
    """Something that happened on a day; it settles `share` of what is open of the deeds `about` (positions)."""

    kind: str
    on: date
    contact: int | None = None
    lines: tuple[Line, ...] = ()
    about: tuple[int, ...] = ()
    share: Decimal = Decimal(1)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """Contacts and deeds; `order` are positions of deeds by date."""

    contacts: list[Contact]
    deeds: list[Deed]
    order: list[int]
    start: date


class Planner:
    """Plans a history from a specification of counts and a seed."""

    def __init__(self, specification: dict[str, Any], today: date) -> None:
        self._spec = specification
        self._dice = random.Random(f"{specification['seed']}-{specification['name']}")  # noqa: S311 - no secrets
        self._today = today
        self._start = (today.replace(day=1) - timedelta(days=30 * specification["months"])).replace(day=1)
        self._deeds: list[Deed] = []

    def plan(self) -> History:
        """The whole history, the same for the same specification and day."""
        contacts = self._contacts()
        customers = [index for index, contact in enumerate(contacts) if not contact.is_vendor]
        vendors = [index for index, contact in enumerate(contacts) if contact.is_vendor]
        invoices = self._documents("invoice", self._count("invoices", 0), customers, self._sold)
        bills = self._documents("bill", self._count("bills", 0), vendors, self._bought)
        self._payments(contacts, invoices, bills)
        self._documents("credit_note", self._count("credit_notes", len(invoices) // 25), customers, self._sold_once)
        self._documents("vendor_credit", self._count("vendor_credits", len(bills) // 25), vendors, self._bought_once)
        self._documents("purchase_order", self._count("purchase_orders", len(bills) // 20), vendors, self._bought)
        self._documents("expense", self._count("expenses", 4 * self._spec["months"]), vendors, self._bought_once)
        self._months()
        order = sorted(range(len(self._deeds)), key=lambda position: (self._deeds[position].on, position))
        return History(contacts, self._deeds, order, self._start)

    def _count(self, name: str, default: int) -> int:
        value = self._spec.get(name, default)
        return value if isinstance(value, int) and value >= 0 else default

    def _contacts(self) -> list[Contact]:
        names = NameMaker(self._dice, self._spec["country"])
        total = max(self._spec["contacts"], 2)
        sold, bought = self._count("invoices", 0), self._count("bills", 0)
        share = 0.6 if not bought else min(0.8, max(0.3, sold / (sold + bought)))
        customers = min(total - 1, max(1, round(total * share)))
        return [
            Contact(names.person(), position >= customers, self._dice.choice(_TERMS)) for position in range(total)
        ]  # fmt: skip

    def _day(self) -> date:
        span = (self._today - self._start).days
        day = self._start + timedelta(days=self._dice.randrange(span + 1))
        return min(day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0), self._today)

    def _documents(self, kind: str, count: int, contacts: list[int], lines: Any) -> list[int]:
        first = len(self._deeds)
        if not contacts:
            return []
        for day in sorted(self._day() for _ in range(count)):
            self._deeds.append(Deed(kind, day, self._dice.choice(contacts), lines()))
        return list(range(first, len(self._deeds)))

    def _sold_once(self) -> tuple[Line, ...]:
        return self._sold()[:1]

    def _sold(self) -> tuple[Line, ...]:
        dice = self._dice
        found = []
        for _ in range(dice.choice((1, 1, 2, 2, 3, 4))):
            offer = dice.randrange(len(OFFERS))
            factor = Decimal(dice.choice((95, 100, 100, 100, 110))) / 100
            price = (OFFERS[offer].price * factor).quantize(Decimal("0.01"))
            quantity = (
                Decimal(dice.choice((1, 1, 2, 3, 4, 5, 8, 10)))
                if OFFERS[offer].price < 300
                else Decimal(dice.randint(1, 6))
            )
            found.append(Line(quantity, price, offer=offer, tag=dice.choice((None, 0, 1, 2))))
        return tuple(found)

    def _bought_once(self) -> tuple[Line, ...]:
        return self._bought()[:1]

    def _bought(self) -> tuple[Line, ...]:
        dice = self._dice
        found = []
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            cost = dice.randrange(len(COSTS))
            price = Decimal(dice.randint(COSTS[cost].least * 100, COSTS[cost].most * 100)) / 100
            found.append(Line(Decimal(1), price, cost=cost, tag=dice.choice((None, None, 0, 1))))
        return tuple(found)

    def _payments(self, contacts: list[Contact], invoices: list[int], bills: list[int]) -> None:
        wanted = self._count("payments", 0)
        documents = len(invoices) + len(bills)
        received = round(wanted * len(invoices) / documents) if documents else 0
        self._settle("receipt", invoices, received, contacts)
        self._settle("bill_payment", bills, wanted - received if bills else 0, contacts)

    def _settle(self, kind: str, documents: list[int], count: int, contacts: list[Contact]) -> None:
        """`count` payments over the documents, the older ones more likely; a few cover two or pay a part."""
        if not documents or not count:
            return
        paid = sorted(documents, key=lambda position: position + self._dice.gauss(0, len(documents) / 6))
        times, extra = divmod(count, len(paid))
        unpaid: dict[int | None, list[int]] = defaultdict(list)
        for position in sorted(paid[extra:] if times == 0 else []):
            unpaid[self._deeds[position].contact].append(position)
        for rank, position in enumerate(paid):
            parts = times + (1 if rank < extra else 0)
            for part in range(parts):
                is_last = part == parts - 1
                share = Decimal(1) if is_last and self._dice.random() > 0.06 else Decimal("0.5")
                self._deeds.append(self._payment(kind, position, part, share, unpaid, contacts))

    def _payment(
        self,
        kind: str,
        position: int,
        part: int,
        share: Decimal,
        unpaid: dict[int | None, list[int]],
        contacts: list[Contact],
    ) -> Deed:
        document = self._deeds[position]
        term = contacts[document.contact or 0].term
        late = max(1, term + self._dice.randint(-9, 18)) + 9 * part
        on = min(document.on + timedelta(days=late), self._today)
        about = [position]
        if share == 1 and self._dice.random() < 0.06:
            partner = self._partner(document, on, unpaid)
            about += [] if partner is None else [partner]
        options = {"undeposited": kind == "receipt" and self._dice.random() < 0.1, "roll": self._dice.random()}
        return Deed(kind, on, document.contact, (), tuple(about), share, options)

    def _partner(self, document: Deed, on: date, unpaid: dict[int | None, list[int]]) -> int | None:
        """The oldest unpaid document of the same contact, if there was one by then; taken from the unpaid."""
        waiting = unpaid[document.contact]
        if waiting and self._deeds[waiting[0]].on <= on:
            return waiting.pop(0)
        return None

    def _months(self) -> None:
        """Payroll every month, money put aside every other one."""
        day = self._start
        number = 0
        while day <= self._today:
            pay = min(day.replace(day=25), self._today)
            if pay >= day.replace(day=25):
                gross = Decimal(self._dice.randint(8200, 9800))
                self._deeds.append(Deed("payroll", pay, options={"gross": gross}))
                if number % 2:
                    amount = Decimal(self._dice.randint(5, 30) * 100)
                    self._deeds.append(Deed("transfer", pay, options={"amount": amount}))
            number += 1
            day = (day + timedelta(days=32)).replace(day=1)
