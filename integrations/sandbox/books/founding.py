"""Founds a neutral company: a face's chart, then the planned history through `Company.save`."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from integrations.sandbox.books.chart import Chart
from integrations.sandbox.books.company import Company
from integrations.sandbox.books.history import Writer
from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.plan import OFFERS, Contact, Planner
from integrations.sandbox.books.statement import Movement, OpenItem, StatementMaker
from integrations.sandbox.wire import Body

_RATES = {"EUR": "0.8520", "USD": "0.7880", "GBP": "1.0", "CAD": "0.5790", "AUD": "0.5170", "JPY": "0.00524",
          "CHF": "0.8940", "SEK": "0.0752", "NZD": "0.4730", "INR": "0.00936", "SGD": "0.5960", "NOK": "0.0725",
          "KWD": "2.5600", "BHD": "2.0900"}  # fmt: skip
"""Pounds for one unit."""
_TERMS = (0, 15, 30, 60)
_NOON = 12 * 3600


@dataclass
class Founded:
    """What was made: plan code → account id, tax rate name → id, and ids in order."""

    accounts: dict[str, str] = field(default_factory=dict)
    taxes: dict[str, str] = field(default_factory=dict)
    terms: dict[int, str] = field(default_factory=dict)
    dimensions: list[tuple[str, str]] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    statement: list[Body] = field(default_factory=list)


def found(company: Company, specification: Body, chart: Chart, today: date) -> Founded:
    """All in one transaction, so that a killed process leaves no half company."""
    history = Planner(specification, today).plan()
    made = Founded()
    dice = random.Random(str(specification["seed"]))  # noqa: S311 - no secrets
    try:
        with company.store.transaction():
            _at(company, history.start)
            _lists(company, specification, chart, made, history.start)
            made.contacts = [_contact(company, each, made, specification, n) for n, each in enumerate(history.contacts)]
            made.items = [_item(company, position, chart, made) for position in range(len(OFFERS))]
            writer = Writer(company, chart, made, dice)
            writer.open_books(history.start, today)
            for position in history.order:
                deed = history.deeds[position]
                _at(company, deed.on)
                writer.write(position, deed)
            writer.deposit(today, force=True)
    finally:
        company.now = None
    made.statement = statement(company, specification, made.accounts["1000"], today)
    return made


def _at(company: Company, on: date) -> None:
    noon = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() + _NOON
    company.now = min(noon, company.clock.wall())


def _make(company: Company, kind: str, body: Body) -> str:
    key = body.pop("id", None)
    return company.save(kind, body, key).id


def _lists(company: Company, specification: Body, chart: Chart, made: Founded, start: date) -> None:
    _currencies(company, specification, start)
    taxed = {}
    for each in chart.accounts:
        body = dict(each)
        plan, tax = str(body.pop("plan", body.get("code"))), body.pop("tax", None)
        made.accounts[plan] = _make(company, "account", body)
        if tax is not None:
            taxed[made.accounts[plan]] = tax
    for number in range(len(chart.accounts), int(specification.get("accounts") or 0)):
        body = {"code": f"69{number:04d}", "name": f"Project costs {number}", "type": "expense"}
        _make(company, "account", body)
    for each in chart.tax_rates:
        account = made.accounts.get(str(each.get("account")))
        made.taxes[each["name"]] = _make(company, "tax_rate", {**each, "account": account})
    for key, tax in taxed.items():
        company.save("account", {**company.get("account", key).body, "tax": made.taxes[tax]}, key)
    for each in chart.dimensions:
        made.dimensions.append((each["type"], _make(company, "dimension", dict(each))))
    for days in _TERMS:
        name = f"Net {days}" if days else "Due on receipt"
        made.terms[days] = _make(company, "payment_term", {"name": name, "days": days})


def _foreign(company: Company, specification: Body) -> list[str]:
    return [code for code in specification.get("currencies") or () if code != company.home]


def _currencies(company: Company, specification: Body, start: date) -> None:
    company.save("currency", {"code": company.home, "name": company.home, "rates": []})
    home = Decimal(_RATES.get(company.home, "1"))
    for code in _foreign(company, specification):
        rate = (Decimal(_RATES.get(code, "1")) / home).quantize(Decimal("0.000001"))
        company.save("currency", {"code": code, "name": code, "rates": [{"on": start.isoformat(), "rate": rate}]})


def _contact(company: Company, contact: Contact, made: Founded, specification: Body, position: int) -> str:
    person = contact.person
    address = {"type": "billing", "street": person.street, "city": person.town, "region": person.region,
               "postcode": person.postcode, "country": person.country}  # fmt: skip
    foreign = _foreign(company, specification)
    body = {
        "name": person.company, "first_name": person.first, "last_name": person.last, "email": person.email,
        "phone": person.phone, "addresses": [address], "is_customer": not contact.is_vendor,
        "is_vendor": contact.is_vendor, "term": made.terms[contact.term],
        "currency": foreign[position // 7 % len(foreign)] if foreign and position % 7 == 6 else company.home,
    }  # fmt: skip
    return company.save("contact", body).id


def _item(company: Company, position: int, chart: Chart, made: Founded) -> str:
    offer = OFFERS[position]
    body: Body = {
        "code": offer.sku, "name": offer.name, "description": offer.description, "sale_price": offer.price,
        "income_account": made.accounts[offer.income], "is_sold": True, "is_bought": bool(offer.cost),
        "type": offer.kind,
    }  # fmt: skip
    if offer.cost:
        body |= {"purchase_price": offer.cost, "expense_account": made.accounts["5010"]}
    if chart.sale_tax:
        body["sale_tax"] = made.taxes[chart.sale_tax]
    return company.save("item", body).id


def statement(company: Company, specification: Body, account: str, today: date) -> list[Body]:
    """The bank's statement of the current account."""
    maker = StatementMaker(specification["seed"], company.country, company.home, account, today)
    return maker.write(specification["bank_lines"], movements(company, account), open_items(company))


def _name(company: Company, body: Body, default: str) -> str:
    contact = company.store.tables["contact"].get(str(body.get("contact")))
    return str(contact.body["name"]) if contact else default


def movements(company: Company, account: str) -> list[Movement]:
    """What the books recorded on a bank account; journals and transfers are the company's own affair."""
    found = []
    for kind in ("payment", "bill_payment", "expense", "receipt", "deposit"):
        for record in company.live(kind):
            amount = sum((line.amount for line in record.lines if line.account == account), ZERO)
            if amount:
                body = record.body
                reference = str(body.get("reference") or body.get("number") or record.id)
                name = _name(company, body, "Counter credit")
                found.append(Movement(date.fromisoformat(body["on"]), amount, name, reference, record.key))
    return found


def open_items(company: Company) -> list[OpenItem]:
    """Open invoices and bills in home currency."""
    found = []
    for kind, sign in (("invoice", 1), ("bill", -1)):
        for record in company.live(kind):
            body, amount = record.body, company.open_amount(record)
            if amount > 0 and body["currency"] == company.home:
                on, due = date.fromisoformat(body["on"]), date.fromisoformat(body["due_on"])
                number = str(body.get("number") or record.id)
                found.append(OpenItem(on, due, sign * amount, _name(company, body, ""), number, record.key))
    return found
