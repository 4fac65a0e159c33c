"""Checks on the form of what was sent: known properties, dates, numbers, lengths."""

from datetime import date
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import money
from integrations.sandbox.quickbooks import errors, schema
from integrations.sandbox.wire import Body

_LENGTHS = {
    "DocNumber": 21, "PrivateNote": 4000, "DisplayName": 500, "GivenName": 100, "FamilyName": 100, "MiddleName": 100,
    "CompanyName": 100, "PaymentRefNum": 21, "Name": 100, "Sku": 100, "AcctNum": 100, "Description": 4000,
}  # fmt: skip
_DATES = ("TxnDate", "DueDate", "ShipDate", "ExpectedDate", "StartDate", "EndDate", "InvStartDate")
_NUMBERS = ("TotalAmt", "Amount", "UnitPrice", "PurchaseCost", "ExchangeRate", "QtyOnHand", "Deposit", "Rate")


def properties(entity: str, body: Body) -> None:
    """Refuse what the entity does not have (2010), and values of the wrong form (2050, 2060, 2090)."""
    known = schema.properties(entity)
    for name, value in body.items():
        if name not in known or (name.endswith("Ex") and value):
            raise errors.unsupported_property(name)
        limit = _LENGTHS.get(name)
        if limit is not None and isinstance(value, str) and len(value) > limit:
            raise errors.too_long(name, limit, len(value))
    for name in _DATES:
        if body.get(name):
            day(body, name)
    for name in _NUMBERS:
        if body.get(name) not in (None, ""):
            amount(body, name)


def day(body: Body, name: str) -> date:
    """A YYYY-MM-DD property. Raises 2060."""
    value = body[name]
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise errors.bad_value("2060", "Invalid Date", name, value) from error


def amount(body: Body, name: str, default: Decimal | None = None) -> Decimal:
    """A number property. Raises 2020 when it is absent without default, 2090 when it is no number."""
    value = body.get(name)
    if value is None:
        if default is None:
            raise errors.missing(name)
        return default
    try:
        return money.decimal(value)
    except ValueError as error:
        raise errors.bad_value("2090", "Invalid Number", name, value) from error


def required(body: Body, *names: str) -> None:
    """Raises 2020 for the first property that is absent or empty."""
    for name in names:
        if body.get(name) in (None, "", [], {}):
            raise errors.missing(name)


def choice(value: Any, allowed: tuple[str, ...], element: str) -> str:
    """One of the allowed words. Raises 2170."""
    if value not in allowed:
        raise errors.bad_value("2170", "Invalid Enumeration", element, value)
    return str(value)


def objects(body: Body, name: str) -> list[Body]:
    """A list of objects, empty when absent. Raises 2010."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise errors.unsupported_property(name)
    return value
