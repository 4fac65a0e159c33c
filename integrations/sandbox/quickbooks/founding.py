"""Founds a QuickBooks company: chart, lists, and the planned history written through the normal rules."""

import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO, cents
from integrations.sandbox.books.plan import COSTS, OFFERS, Contact, Deed, History, Line, Planner
from integrations.sandbox.books.statement import Movement, OpenItem, StatementMaker
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import Clock
from integrations.sandbox.faces import BadOrderError, Organisation
from integrations.sandbox.quickbooks.archive import Archive
from integrations.sandbox.quickbooks.chart import open_books
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import ENTITIES
from integrations.sandbox.quickbooks.writing import save
from integrations.sandbox.wire import Body

_TERM_IDS = {0: "1", 15: "2", 30: "3", 60: "4"}
_NOON = 19 * 3600


def found(organisation: Organisation, clock: Clock) -> None:
    """Everything in one transaction, so that a killed process leaves no half company."""
    specification = organisation.specification
    company = Company(organisation, clock)
    today = company.today
    history = Planner(specification, today).plan()
    with organisation.store.transaction():
        dice = random.Random(str(specification["seed"]))  # noqa: S311 - no secrets
        _Builder(company, history, today, dice).build()
    if specification.get("archived"):
        _archive(organisation, company, history.start)
    organisation.statement = statement(company, specification, today)


def _archive(organisation: Organisation, company: Company, start: date) -> None:
    patterns = company.store.live("Invoice")
    if not patterns:
        raise BadOrderError("archived invoices are made after the pattern of others: ask for some invoices as well")
    archive = Archive(patterns, organisation.specification["archived"], start)
    archive.post(company)
    organisation.archive = archive


def statement(company: Company, specification: Body, today: date) -> list[Body]:
    """The statement of the current account."""
    account = company.account("Checking")
    maker = StatementMaker(specification["seed"], company.organisation.country, company.home, account, today)
    return maker.write(specification["bank_lines"], _movements(company, account), _open_items(company))


def _movements(company: Company, account: str) -> list[Movement]:
    found = []
    for table in ("Payment", "BillPayment", "Purchase", "Deposit", "SalesReceipt"):
        for record in company.store.live(table):
            amount = sum((line.amount for line in record.lines if line.account == account), ZERO)
            if amount:
                found.append(_movement(record, amount))
    return found


def _movement(record: Record, amount: Decimal) -> Movement:
    body = record.body
    party = body.get("CustomerRef") or body.get("VendorRef") or body.get("EntityRef") or {}
    reference = str(body.get("PaymentRefNum") or body.get("DocNumber") or record.id)
    on = date.fromisoformat(body["TxnDate"])
    return Movement(on, amount, str(party.get("name", "Counter credit")), reference, record.key)


def _open_items(company: Company) -> list[OpenItem]:
    found = []
    for table, party, sign in (("Invoice", "CustomerRef", 1), ("Bill", "VendorRef", -1)):
        for record in company.store.live(table):
            body = record.body
            if body["Balance"] > 0 and body["CurrencyRef"]["value"] == company.home:
                on, due = date.fromisoformat(body["TxnDate"]), date.fromisoformat(body["DueDate"])
                number = str(body.get("DocNumber") or record.id)
                found.append(OpenItem(on, due, sign * body["Balance"], body[party]["name"], number, record.key))
    return found


class _Builder:
    """Writes a planned history; keeps which record each deed became."""

    def __init__(self, company: Company, history: History, today: date, dice: random.Random) -> None:
        self._company = company
        self._history = history
        self._today = today
        self._dice = dice
        self._records: dict[int, str] = {}
        self._contacts: list[str] = []
        self._items: list[str] = []
        self._accounts: dict[str, str] = {}
        self._classes: list[str] = []
        self._departments: list[str] = []
        self._waiting: list[Record] = []

    def build(self) -> None:
        """Chart, contacts, items, then every deed on its day."""
        self._at(self._history.start)
        specification = self._company.organisation.specification
        open_books(self._company, specification["name"], specification["accounts"])
        accounts = self._company.store.live("Account")
        self._accounts = {str(record.body["AcctNum"]): record.id for record in accounts}
        self._classes = [record.id for record in self._company.store.live("Class")]
        self._departments = [record.id for record in self._company.store.live("Department")]
        self._contacts = [self._contact(contact) for contact in self._history.contacts]
        self._items = [self._item(position) for position in range(len(OFFERS))]
        self._opening()
        self._budget()
        for position in self._history.order:
            self._do(position, self._history.deeds[position])
        self._deposit(self._today, force=True)

    def _at(self, on: date) -> None:
        """Let changes happen on this day, never in the future."""
        noon = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() + _NOON + len(self._records) % 3600
        self._company.now = min(noon, time.time())

    def _save(self, entity: str, body: Body) -> Record:
        return save(self._company, ENTITIES[entity], body)

    def _contact(self, contact: Contact) -> str:
        person = contact.person
        address = {"Line1": person.street, "City": person.town, "CountrySubDivisionCode": person.region,
                   "PostalCode": person.postcode, "Country": "USA" if person.country == "US" else "GBR"}  # fmt: skip
        body: Body = {
            "DisplayName": person.company, "CompanyName": person.company, "GivenName": person.first,
            "FamilyName": person.last, "PrimaryEmailAddr": {"Address": person.email},
            "PrimaryPhone": {"FreeFormNumber": person.phone}, "BillAddr": address,
        }  # fmt: skip
        term = {"value": _TERM_IDS[contact.term]}
        if contact.is_vendor:
            return self._save("Vendor", {**body, "TermRef": term}).id
        return self._save("Customer", {**body, "SalesTermRef": term}).id

    def _item(self, position: int) -> str:
        offer = OFFERS[position]
        body: Body = {
            "Name": offer.name, "Sku": offer.sku, "Description": offer.description, "UnitPrice": offer.price,
            "Type": "Service" if offer.kind == "service" else "NonInventory", "PurchaseCost": offer.cost,
            "IncomeAccountRef": {"value": self._accounts[offer.income]}, "Taxable": True,
        }  # fmt: skip
        if offer.cost:
            body["ExpenseAccountRef"] = {"value": self._accounts["5010"]}
        if not self._company.is_us:
            body["SalesTaxCodeRef"] = {"value": "1"}
        return self._save("Item", body).id

    def _opening(self) -> None:
        lines = (("1000", "Debit", 48000), ("1210", "Debit", 20000), ("1500", "Debit", 9600), ("2500", "Credit", 25000),
                 ("3000", "Credit", 52600))  # fmt: skip
        self._entry("Opening balances", lines, "OPEN-1")

    def _entry(self, memo: str, lines: Any, number: str) -> Record:
        rows = []
        for position, (code, side, amount) in enumerate(lines):
            detail = {"PostingType": side, "AccountRef": {"value": self._accounts[code]}}
            rows.append({"Id": str(position), "Description": memo, "Amount": Decimal(amount),
                         "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail})  # fmt: skip
        body = {"TxnDate": self._day, "DocNumber": number, "PrivateNote": memo, "Line": rows}
        return self._save("JournalEntry", body)

    @property
    def _day(self) -> str:
        return self._company.today.isoformat()

    def _budget(self) -> None:
        year = self._today.year
        details = [
            {
                "BudgetDate": f"{year}-{month:02d}-01",
                "Amount": Decimal(amount),
                "AccountRef": {"value": self._accounts[code]},
            }
            for month in range(1, 13)
            for code, amount in (("4000", 18000), ("4010", 4200), ("6000", 1900), ("6030", 450))
        ]
        body = {
            "Name": f"Budget {year}",
            "StartDate": f"{year}-01-01",
            "EndDate": f"{year}-12-31",
            "BudgetDetail": details,
        }
        self._save("Budget", body)

    def _do(self, position: int, deed: Deed) -> None:
        self._at(deed.on)
        self._deposit(deed.on)
        writers: dict[str, Callable[[Deed], Record | None]] = {
            "invoice": self._invoice, "bill": self._bill, "credit_note": self._credit_note,
            "vendor_credit": self._vendor_credit, "purchase_order": self._order, "expense": self._expense,
            "receipt": self._receipt, "bill_payment": self._bill_payment, "payroll": self._payroll,
            "transfer": self._transfer,
        }  # fmt: skip
        record = writers[deed.kind](deed)
        if record is not None:
            self._records[position] = record.id

    def _party(self, deed: Deed) -> Body:
        return {"value": self._contacts[deed.contact or 0]}

    def _sale(self, deed: Deed) -> Body:
        body: Body = {"CustomerRef": self._party(deed), "TxnDate": deed.on.isoformat()}
        body["Line"] = [self._sold(line) for line in deed.lines]
        if self._dice.random() < 0.3:
            body["DepartmentRef"] = {"value": self._dice.choice(self._departments)}
        return body

    def _sold(self, line: Line) -> Body:
        offer = OFFERS[line.offer or 0]
        taxed = {"value": "TAX"} if self._company.is_us else {"value": "1"}
        detail: Body = {
            "ItemRef": {"value": self._items[line.offer or 0]},
            "Qty": line.quantity,
            "UnitPrice": line.price,
        }
        detail["TaxCodeRef"] = taxed
        if line.tag is not None:
            detail["ClassRef"] = {"value": self._classes[line.tag]}
        amount = cents(line.quantity * line.price, self._company.home)
        return {"Description": offer.description, "Amount": amount, "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": detail}  # fmt: skip

    def _bought(self, line: Line) -> Body:
        cost = COSTS[line.cost or 0]
        detail: Body = {"AccountRef": {"value": self._accounts[cost.account]}, "BillableStatus": "NotBillable"}
        if not self._company.is_us:
            detail["TaxCodeRef"] = {"value": "1" if cost.taxed else "4"}
        if line.tag is not None:
            detail["ClassRef"] = {"value": self._classes[line.tag]}
        return {"Description": cost.text, "Amount": line.price, "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": detail}  # fmt: skip

    def _invoice(self, deed: Deed) -> Record:
        return self._save("Invoice", self._sale(deed))

    def _credit_note(self, deed: Deed) -> Record:
        return self._save("CreditMemo", self._sale(deed))

    def _purchased(self, deed: Deed, number: str) -> Body:
        lines = [self._bought(line) for line in deed.lines]
        return {"VendorRef": self._party(deed), "TxnDate": deed.on.isoformat(), "DocNumber": number, "Line": lines}

    def _bill(self, deed: Deed) -> Record:
        return self._save(
            "Bill", self._purchased(deed, f"{self._dice.choice(('INV', 'SI', 'R'))}-{self._dice.randint(1000, 99999)}")
        )

    def _vendor_credit(self, deed: Deed) -> Record:
        return self._save("VendorCredit", self._purchased(deed, f"CN-{self._dice.randint(1000, 99999)}"))

    def _order(self, deed: Deed) -> Record:
        body = self._purchased(deed, "")
        del body["DocNumber"]
        return self._save("PurchaseOrder", body)

    def _expense(self, deed: Deed) -> Record:
        is_card = self._dice.random() < 0.4
        body: Body = {
            "PaymentType": "CreditCard" if is_card else "Cash",
            "AccountRef": {"value": self._accounts["2150" if is_card else "1000"]},
            "EntityRef": {**self._party(deed), "type": "Vendor"},
            "TxnDate": deed.on.isoformat(),
            "Line": [self._bought(line) for line in deed.lines],
        }
        return self._save("Purchase", body)

    def _open(self, table: str, deed: Deed) -> list[tuple[Record, Decimal]]:
        """The deed's documents and how much of each it pays."""
        found = []
        for position in deed.about:
            record = self._company.read(table, self._records[position])
            amount = cents(record.body["Balance"] * deed.share, self._company.home)
            if amount > 0:
                found.append((record, amount))
        return found

    def _receipt(self, deed: Deed) -> Record | None:
        targets = self._open("Invoice", deed)
        total = sum((amount for _, amount in targets), ZERO)
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": record.id, "TxnType": "Invoice"}]} for record, amount in targets
        ]
        numbers = [str(record.body["DocNumber"]) for record, _ in targets]
        roll = float(deed.options["roll"])
        body: Body = {
            "CustomerRef": self._party(deed), "TxnDate": deed.on.isoformat(), "TotalAmt": total, "Line": lines,
            "PaymentRefNum": (f"INV{'/'.join(numbers)}" if roll < 0.6 else f"{int(roll * 10**8):08d}")[:21],
            "PaymentMethodRef": {"value": "3" if deed.options["undeposited"] else "5"},
        }  # fmt: skip
        if not deed.options["undeposited"]:
            body["DepositToAccountRef"] = {"value": self._accounts["1000"]}
        record = self._save("Payment", body)
        if deed.options["undeposited"] and total:
            self._waiting.append(record)
        return record

    def _deposit(self, on: date, *, force: bool = False) -> None:
        """Bank what waits in undeposited funds, a few receipts at a time."""
        due = [
            record for record in self._waiting if date.fromisoformat(record.body["TxnDate"]) <= on - timedelta(days=2)
        ]
        if len(due) < 3 and not (force and due):
            return
        self._waiting = [record for record in self._waiting if record not in due]
        lines = [
            {
                "Amount": record.body["TotalAmt"],
                "LinkedTxn": [{"TxnId": record.id, "TxnType": "Payment", "TxnLineId": "0"}],
            }
            for record in due
        ]
        account = {"value": self._accounts["1000"]}
        self._save("Deposit", {"DepositToAccountRef": account, "TxnDate": on.isoformat(), "Line": lines})

    def _bill_payment(self, deed: Deed) -> Record | None:
        targets = self._open("Bill", deed)
        if not targets:
            return None
        total = sum((amount for _, amount in targets), ZERO)
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": record.id, "TxnType": "Bill"}]} for record, amount in targets
        ]
        details = {"BankAccountRef": {"value": self._accounts["1000"]}}
        body: Body = {
            "VendorRef": self._party(deed), "TxnDate": deed.on.isoformat(), "TotalAmt": total, "PayType": "Check",
            "CheckPayment": details, "DocNumber": str(self._company.store.take("number.checks", 5001)), "Line": lines,
        }  # fmt: skip
        return self._save("BillPayment", body)

    def _payroll(self, deed: Deed) -> Record:
        gross = deed.options["gross"]
        kept = cents(gross * Decimal("0.24"), self._company.home)
        lines = (("6200", "Debit", gross), ("2300", "Credit", kept), ("1000", "Credit", gross - kept))
        return self._entry("Payroll", lines, f"PAY-{deed.on:%Y-%m}")

    def _transfer(self, deed: Deed) -> Record:
        body = {"FromAccountRef": {"value": self._accounts["1000"]}, "ToAccountRef": {"value": self._accounts["1210"]},
                "Amount": deed.options["amount"], "TxnDate": deed.on.isoformat(), 
                "PrivateNote": "To savings"}  # fmt: skip
        return self._save("Transfer", body)
