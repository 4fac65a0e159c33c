"""What all transactions share: date, names, tracking, due dates, document numbers."""

from datetime import date, timedelta
from typing import Any

from integrations.sandbox.books.store import Record
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.posting import Money, money_of
from integrations.sandbox.wire import Body

_FIRST_NUMBER = 1001


def dated(company: Company, body: Body) -> Money:
    """Default the date, complete the tracking references, settle the currency."""
    if body.get("TxnDate"):
        body["TxnDate"] = checks.day(body, "TxnDate").isoformat()
    else:
        body["TxnDate"] = company.today.isoformat()
    for name, entity in (("DepartmentRef", "Department"), ("ClassRef", "Class")):
        if body.get(name):
            body[name] = company.reference(entity, body[name], name)
    body.setdefault("CustomField", [])
    return money_of(company, body)


def party(company: Company, body: Body, name: str, entity: str) -> str:
    """Complete CustomerRef or VendorRef; returns the contact key of its postings."""
    body[name] = company.reference(entity, body.get(name), name)
    return f"{entity}:{body[name]['value']}"


def same_currency(company: Company, entity: str, key: str, body: Body) -> None:
    """A contact deals in one currency only. Raises 6000."""
    record = company.read(entity, key)
    own = (record.body.get("CurrencyRef") or {}).get("value", company.home)
    if not (body.get("CurrencyRef") or {}).get("value"):
        body["CurrencyRef"] = {"value": own}
    elif body["CurrencyRef"]["value"] != own:
        raise errors.business("You can only use one foreign currency per transaction.")


def account(company: Company, body: Body, name: str, default: str) -> str:
    """Complete an account reference, by default the first account of a sub type; returns its id."""
    if body.get(name):
        body[name] = company.reference("Account", body[name], name)
    else:
        body[name] = company.account_reference(default)
    return str(body[name]["value"])


def due(company: Company, body: Body, default_days: int) -> None:
    """DueDate from the term when it was not given."""
    if body.get("SalesTermRef"):
        body["SalesTermRef"] = company.reference("Term", body["SalesTermRef"], "SalesTermRef")
    if body.get("DueDate"):
        body["DueDate"] = checks.day(body, "DueDate").isoformat()
        return
    days = default_days
    if body.get("SalesTermRef"):
        days = int(company.read("Term", body["SalesTermRef"]["value"]).body.get("DueDays") or 0)
    body["DueDate"] = (date.fromisoformat(body["TxnDate"]) + timedelta(days=days)).isoformat()


def number(company: Company, entity: str, body: Body, previous: Record | None) -> None:
    """The document number of a sales form: own numbers only when the company allows them, unique (6140)."""
    own = company.preferences.get("SalesFormsPrefs", {}).get("CustomTxnNumbers")
    if body.get("DocNumber") and own:
        unique(company, entity, str(body["DocNumber"]), previous)
        return
    if previous is not None and previous.body.get("DocNumber"):
        body["DocNumber"] = previous.body["DocNumber"]
        return
    body["DocNumber"] = _next(company, "sales", lambda text: bool(company.store.find(f"{entity}.number", text)))


def _next(company: Company, sequence: str, taken: Any) -> str:
    while True:
        text = str(company.store.take(f"number.{sequence}", _FIRST_NUMBER))
        if not taken(text):
            return text


def unique(company: Company, entity: str, text: str, previous: Record | None) -> None:
    """Raises 6140 when another document of this kind carries the number."""
    own = previous.key if previous else None
    for key in company.store.find(f"{entity}.number", text):
        if key != own:
            raise errors.duplicate_number(text, entity, key.partition(":")[2])
