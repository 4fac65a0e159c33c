"""Records as SOAP writes them: tax items and groups of legacy tax in full, others from their REST form."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.sandbox import wire
from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.netsuite import errors, forms
from integrations.sandbox.netsuite.books import FIXED_NAMES, Books
from integrations.sandbox.netsuite.kinds import RECORD_TYPES
from integrations.sandbox.netsuite.soap.xml import leaf, node
from integrations.sandbox.wire import Body

FAMILIES = {
    "account": "listAcct", "salesTaxItem": "listAcct", "taxGroup": "listAcct", "taxType": "listAcct",
    "customer": "listRel",
    "vendor": "listRel", "employee": "listEmp", "invoice": "tranSales", "creditMemo": "tranCust",
    "customerPayment": "tranCust", "vendorBill": "tranPurch", "vendorCredit": "tranPurch", "vendorPayment": "tranPurch",
    "purchaseOrder": "tranPurch", "check": "tranBank", "deposit": "tranBank", "journalEntry": "tranGeneral",
    "department": "listAcct", "classification": "listAcct", "location": "listAcct", "subsidiary": "listAcct",
    "currency": "listAcct", "term": "listAcct", "file": "fileCabinet",
}  # fmt: skip
_COUNTRIES = {"GB": "United Kingdom", "US": "United States", "CA": "Canada", "AU": "Australia", "DE": "Germany"}
_FROM = "2011-01-04T00:00:00.000-08:00"


class TaxView:
    """Tax rates as legacy tax has them: one with components is a group, any other an item."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def items(self) -> list[Record]:
        """Sales tax items."""
        return [each for each in self._books.store.live("tax_rate") if not each.body.get("components")]

    def groups(self) -> list[Record]:
        """Tax groups."""
        return [each for each in self._books.store.live("tax_rate") if each.body.get("components")]

    def item(self, record: Record) -> str:
        """A SalesTaxItem."""
        body = record.body
        country = self._books.organisation.country
        account = self._account(body.get("account"))
        return node(
            "platformCore:record",
            leaf("listAcct:itemId", body.get("code") or body["name"]), leaf("listAcct:displayName", body["name"]),
            leaf("listAcct:description", body.get("description") or body["name"]),
            leaf("listAcct:rate", f"{_rate(body)}%"), _reference("listAcct:taxType", *_tax_type(country)),
            _reference("listAcct:taxAgency", "31", "HMRC" if country == "GB" else "Tax Agency"),
            _reference("listAcct:purchaseAccount", *account), _reference("listAcct:saleAccount", *account),
            _reference("listAcct:nexusCountry", country, _COUNTRIES.get(country, country)),
            leaf("listAcct:isInactive", body.get("is_active") is False), leaf("listAcct:effectiveFrom", _FROM),
            leaf("listAcct:includeChildren", True), leaf("listAcct:eccode", False),
            leaf("listAcct:reverseCharge", bool(body.get("is_reverse_charge"))), leaf("listAcct:service", False),
            leaf("listAcct:exempt", False), leaf("listAcct:isDefault", False),
            leaf("listAcct:excludeFromTaxReports", False), leaf("listAcct:available", _available(body)),
            leaf("listAcct:export", False),
            internalId=record.id, xsi_type="listAcct:SalesTaxItem",
        )  # fmt: skip

    def group(self, record: Record) -> str:
        """A TaxGroup; in Canada its two rates stand apart."""
        body, country = record.body, self._books.organisation.country
        first, second = ([decimal(each.get("percent") or 0) for each in body["components"]] + [Decimal(0)] * 2)[:2]
        items = "".join(
            node("listAcct:taxItem", leaf("listAcct:rate", f"{wire.number(decimal(each['percent']))}%"),
                 _reference("listAcct:taxName", str(number), str(each["name"])))
            for number, each in enumerate(body["components"], 1)
        )  # fmt: skip
        return node(
            "platformCore:record",
            leaf("listAcct:itemId", body.get("code") or body["name"]), leaf("listAcct:description", body["name"]),
            leaf("listAcct:rate", _rate(body)), _reference("listAcct:nexusCountry", country, _COUNTRIES.get(country,
                country)),
            leaf("listAcct:unitprice1", f"{wire.number(first)}%"), leaf("listAcct:unitprice2",
                f"{wire.number(second)}%"),
            leaf("listAcct:isInactive", body.get("is_active") is False), leaf("listAcct:isDefault", False),
            leaf("listAcct:piggyback", False), node("listAcct:taxItemList", items),
            internalId=record.id, xsi_type="listAcct:TaxGroup",
        )  # fmt: skip

    def _account(self, key: Any) -> tuple[str, str]:
        found = self._books.store.tables["account"].get(str(key))
        return (found.id, self._books.label(found)) if found else ("", "")


def _rate(body: Body) -> str:
    text = wire.number(decimal(body.get("percent") or 0))
    return text if "." in text else f"{text}.0"


def _tax_type(country: str) -> tuple[str, str]:
    key = "2" if country == "US" else "1"
    return key, FIXED_NAMES["taxType"][key]


def _available(body: Body) -> str:
    """Where a tax item may be used. (The spelling of the enumeration is not verified.)"""
    return {"sale": "_salesOnly", "purchase": "_purchaseOnly"}.get(str(body.get("applies_to")), "_both")


def _reference(name: str, key: str, label: str) -> str:
    return node(name, leaf("platformCore:name", label), internalId=key) if key else ""


def tax_type(key: str) -> str:
    """A TaxType. Raises NONEXISTENT_ID."""
    name = FIXED_NAMES["taxType"].get(key)
    if name is None:
        raise errors.nonexistent("taxType", key)
    inside = leaf("listAcct:name", name) + leaf("listAcct:description", name)
    return node("platformCore:record", inside, internalId=key, xsi_type="listAcct:TaxType")


def attached_file(document: Record, file: Record) -> str:
    """A row of an advanced search: the transaction, and one of its files beside it."""

    def column(name: str, value: str) -> str:
        return node(f"platformCommon:{name}", node("platformCore:searchValue", internalId=value))

    texts = {
        "name": file.body["name"],
        "documentSize": file.body["size"],
        "fileType": file.body.get("fileType") or "_plainText",
    }
    shown_texts = "".join(
        node(f"platformCommon:{name}", leaf("platformCore:searchValue", value)) for name, value in texts.items()
    )
    return node(
        "platformCore:searchRow",
        node("tranSales:basic", column("internalId", document.id)),
        node("tranSales:fileJoin", column("internalId", file.id), shown_texts),
        xsi_type="tranSales:TransactionSearchRow",
    )


def shown(books: Books, kind: str, record: Record) -> str:
    """Any other record, its REST form in SOAP's words."""
    record_type = RECORD_TYPES[kind.lower()]
    family = FAMILIES.get(record_type.name, "listAcct")
    body = forms.shown(books, record, record_type)
    inside = "".join(
        _element(family, name, value) for name, value in body.items() if name not in ("links", "id", "externalId")
    )
    name = record_type.name[0].upper() + record_type.name[1:]
    return node(
        "platformCore:record",
        inside,
        internalId=record.id,
        externalId=body.get("externalId"),
        xsi_type=f"{family}:{name}",
    )


def _element(family: str, name: str, value: Any) -> str:
    if isinstance(value, dict) and "items" in value:
        items = "".join(_element(family, name, item) for item in value["items"])
        return node(f"{family}:{name}List", items)
    if isinstance(value, dict) and "id" in value and "line" not in value:
        return _reference(f"{family}:{name}", str(value["id"]), str(value.get("refName", "")))
    if isinstance(value, dict):
        return node(f"{family}:{name}", *(_element(family, key, each) for key, each in value.items() if key != "links"))
    if isinstance(value, list):
        return ""
    return leaf(f"{family}:{name}", wire.number(value) if isinstance(value, Decimal) else _dated(name, value))


def _dated(name: str, value: Any) -> Any:
    """Dates are moments with the Pacific offset: midnight in UTC here, for want of a user's own zone."""
    if not isinstance(value, str) or not name.lower().endswith("date"):
        return value
    moment = datetime.fromisoformat(value)
    return pacific((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), milliseconds=True)
