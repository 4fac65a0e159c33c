"""Founds a simulated company: the neutral history, then what only Intacct knows."""

import calendar
from dataclasses import replace
from datetime import date

from integrations.sandbox.books import founding
from integrations.sandbox.books.founding import Founded
from integrations.sandbox.sage_intacct import chart, custom
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.wire import Body

_YEARS_BACK, _YEARS_AHEAD = 3, 2


def found(books: Books) -> None:
    """Everything in one transaction, so that a killed process leaves no half company."""
    organisation, specification = books.organisation, books.organisation.specification
    with books.store.transaction():
        made = founding.found(
            books.company, specification, chart.chart(organisation.country, organisation.name), books.today
        )
        _name_contacts(books)
        _name_orders(books)
        _charge_expenses(books, made)
        _lists(books, made)
        _budgets(books)
        for path, label, kind, values in chart.CUSTOM_FIELDS:
            custom.define(books, path, label, kind, values)
        books.company.set_settings(sender_authorised=bool(specification.get("sender_authorised", True)))
    organisation.statement = founding.statement(books.company, specification, made.accounts["1000"], books.today)


def _name_contacts(books: Books) -> None:
    """V100, V101 … and C100, C101 …, as users would have named them."""
    numbers = {True: 100, False: 100}
    for record in books.store.live("contact"):
        is_vendor = bool(record.body["is_vendor"])
        code = f"{'V' if is_vendor else 'C'}{numbers[is_vendor]}"
        numbers[is_vendor] += 1
        books.store.put(replace(record, body={**record.body, "code": code}))


def _name_orders(books: Books) -> None:
    """Purchase Order-PO00001 …: the id is the document's type and number."""
    for record in books.store.live("purchase_order"):
        books.store.put(replace(record, body={**record.body, "code": f"Purchase Order-{record.body['number']}"}))


def _charge_expenses(books: Books, made: Founded) -> None:
    """What the plan pays by bank card is charged to the credit card here: Intacct has no other simple expense."""
    for record in books.store.live("expense"):
        if record.body["account"] == made.accounts["1000"]:
            books.company.now = record.created
            books.company.save("expense", {**record.body, "account": made.accounts["2150"]}, record.id)
    books.company.now = None


def _lists(books: Books, made: Founded) -> None:
    for code, name in chart.JOURNALS:
        books.keep("journal", None, {"code": code, "name": name, "is_active": True})
    for code, name, kind, account in chart.BANKS:
        body = {"code": code, "name": name, "type": kind, "account": made.accounts[account], "currency": books.home,
                "is_active": True}  # fmt: skip
        books.keep("bank_account", None, body)
    solutions = dict.fromkeys(str(each.body["own"]["solution"]) for each in books.store.live("tax_rate"))
    for name in solutions:
        books.keep("tax_solution", None, {"code": name, "name": name, "is_active": True})
    books.keep("exchange_rate_type", None, {"code": "Intacct Daily Rate", "name": "Intacct Daily Rate"})
    for record in books.store.live("currency"):
        if record.body["code"] != books.home:
            rates = [{"id": str(place), "on": each["on"], "rate": each["rate"]}
                     for place, each in enumerate(record.body["rates"], 1)]  # fmt: skip
            books.keep("exchange_rate", None, {"type": "1", "from": record.body["code"], "to": books.home,
                                               "lines": rates})  # fmt: skip
    books.keep("employee", None, {"code": "EMP-10", "name": "Alex Hartley", "is_active": True, "own": {}})
    for name in chart.FOLDERS:
        books.keep("folder", None, {"code": name, "name": name, "is_active": True})
    for code, name, kind in chart.USERS:
        books.keep("user", None, {"code": code, "name": name, "is_active": True, "own": {"userType": kind}})
    for body in _periods(books.today):
        books.keep("reporting_period", None, body)


def _periods(today: date) -> list[Body]:
    """One a month, named as Intacct's standard periods are: Month Ended January 2026."""
    found: list[Body] = []
    for year in range(today.year - _YEARS_BACK, today.year + _YEARS_AHEAD):
        for month in range(1, 13):
            name = f"Month Ended {calendar.month_name[month]} {year}"
            last = calendar.monthrange(year, month)[1]
            found.append({"code": name, "name": name, "from": date(year, month, 1).isoformat(),
                          "to": date(year, month, last).isoformat(), "is_active": True})  # fmt: skip
    return found


def _budgets(books: Books) -> None:
    for record in books.store.live("budget"):
        lines = [{"id": str(place), **each} for place, each in enumerate(record.body["lines"], 1)]
        body = {**record.body, "code": str(record.body["name"]), "lines": lines}
        books.store.put(replace(record, body=body))
