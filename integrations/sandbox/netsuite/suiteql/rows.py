"""Rows of lists, and everything a database asks its account for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import computed
from integrations.sandbox.netsuite.books import FIXED_NAMES, Books
from integrations.sandbox.netsuite.custom import CustomField
from integrations.sandbox.netsuite.kinds import (
    ACCOUNT_TYPE_LABELS,
    ACCOUNT_TYPES,
    BY_CODE,
    ITEM_TYPES,
    STATUSES,
    TRANSACTION_KINDS,
)
from integrations.sandbox.netsuite.suiteql import dates, transactions
from integrations.sandbox.netsuite.suiteql.schema import SUITETAX_ONLY, Columns
from integrations.sandbox.wire import Body

Row = dict[str, Any]
_CUSTOM_TABLES = {"body": ("transaction",), "line": ("transactionline",), "entity": ("entity", "customer", "vendor",
    "employee"),
                  "item": ("item",), "segment": ("transaction", "transactionline")}  # fmt: skip
_KINDS = {"number": "num", "date": "date", "choice": "int"}
_TARGETS = {
    "entity": "entity", "vendor": "vendor", "customer": "customer", "employee": "employee", "item": "item",
    "currency": "currency",
    "account": "account", "expenseaccount": "account", "incomeaccount": "account", "assetaccount": "account",
    "payablesaccount": "account", "receivablesaccount": "account", "subsidiary": "subsidiary",
    "department": "department",
    "class": "classification", "location": "location", "terms": "term", "taxcode": "salesTaxItem",
    "salestaxcode": "salesTaxItem",
    "purchasetaxcode": "salesTaxItem", "postingperiod": "accountingPeriod", "period": "accountingPeriod",
    "transaction": "transaction", "createdfrom": "transaction", "previousdoc": "transaction", "nextdoc": "transaction",
    "accountingbook": "accountingBook", "taxtype": "taxType", "basecurrency": "currency",
    "transactioncurrency": "currency",
}  # fmt: skip


class AccountSource:
    """The tables of one account."""

    def __init__(self, books: Callable[[], Books]) -> None:
        self._books = books

    def records(self) -> Iterable[Record]:
        """Every record of the store."""
        return (record for table in list(self._books().store.tables.values()) for record in list(table.values()))

    def fingerprint(self) -> object:
        """Custom fields, SuiteTax, the closed period and the month decide the tables' form and the settings' rows."""
        books = self._books()
        names = tuple(each.script_id for each in books.custom_fields)
        periods = books.periods()
        return names, books.has_suitetax, books.company.closed_through, periods[0], periods[-1]

    def extra_columns(self) -> Mapping[str, Columns]:
        """Columns of custom fields, tables of custom segments."""
        found: dict[str, list[tuple[str, str]]] = {}
        for each in self._books().custom_fields:
            for table in _CUSTOM_TABLES[each.place]:
                found.setdefault(table, []).append((each.script_id, _KINDS.get(each.kind, "text")))
            if each.place == "segment":
                found[f"customrecord_{each.script_id}"] = [("id", "int"), ("name", "text"), ("isinactive", "text")]
        return {table: tuple(columns) for table, columns in found.items()}

    def hidden_tables(self) -> Sequence[str]:
        """Without SuiteTax its tables are not there."""
        return () if self._books().has_suitetax else SUITETAX_ONLY

    def rows(self, record: Record) -> Mapping[str, Sequence[Row]]:
        """The rows of one record; of a deleted one, its entry among the deleted."""
        books = self._books()
        if record.deleted:
            return (
                {"deletedrecord": [_deleted(books, record)]}
                if record.table in _LISTS or record.table in TRANSACTION_KINDS
                else {}
            )
        if record.table in TRANSACTION_KINDS:
            return transactions.rows(books, record)
        build = _LISTS.get(record.table)
        return build(books, record) if build else {}

    def settings_rows(self) -> Mapping[str, Sequence[Row]]:
        """Periods, custom fields, books: what no record holds."""
        books = self._books()
        fields = books.custom_fields
        segments = [each for each in fields if each.place == "segment"]
        found: dict[str, Sequence[Row]] = {
            "accountingperiod": [_period(books, key) for key in books.periods()],
            "accountingbook": [{"id": 1, "name": "Primary Accounting Book", "isprimary": "T", "isinactive": "F"}],
            "taxtype": [{"id": int(key), "name": name, "isinactive": "F"} for key,
                name in FIXED_NAMES["taxType"].items()],
            "customsegment": [{"internalid": number, "name": each.label, "scriptid": each.script_id, "isinactive": "F",
                               "recordtype": f"customrecord_{each.script_id}"} for number,
                               each in enumerate(segments, 1)],
            "customfield": [{"internalid": number, "name": each.label, "scriptid": each.script_id.upper(),
                "isinactive": "F",
                             "fieldtype": each.place.upper(), "fieldvaluetype": each.shown_type}
                            for number, each in enumerate(fields, 1)],
            "dual": [{"dummy": "X"}],
        }  # fmt: skip
        for each in segments:
            found[f"customrecord_{each.script_id}"] = [
                {"id": int(key), "name": name, "isinactive": "F"} for key, name in each.choices.items()
            ]
        return found

    def display(self, column: str, value: Any) -> str | None:
        """BUILTIN.DF: the text behind a column's value."""
        if value is None:
            return None
        books, key = self._books(), str(value)
        if column == "status":
            code, _, letter = key.partition(":")
            return f"{BY_CODE[code].label} : {STATUSES[code].get(letter, letter)}" if code in BY_CODE else key
        fixed = {"type": {code: each.label for code, each in BY_CODE.items()}, "accttype": ACCOUNT_TYPE_LABELS,
                 "approvalstatus": computed.APPROVALS}.get(column)  # fmt: skip
        if fixed is not None:
            return fixed.get(key, key)
        return _referred(books, column, key)


def _referred(books: Books, column: str, key: str) -> str | None:
    if column == "currency" or column.endswith("currency"):
        found = books.store.tables["currency"].get(key)
        return books.label(found) if found else key
    target = _TARGETS.get(column)
    field = next((each for each in books.custom_fields if each.script_id == column), None)
    if field is not None:
        return _choice(field, key)
    reference = books.reference(target, key) if target else None
    return str(reference["refName"]) if reference else key


def _choice(field: CustomField, key: str) -> str:
    return field.choices.get(key, key)


def _deleted(books: Books, record: Record) -> Row:
    record_type = books.type_of(record)
    return {
        "recordid": int(record.id), "recordtypeid": None, "type": record_type.name.lower(),
        "scriptid": record_type.name.lower(),
        "name": books.label(record), "deleteddate": dates.of_seconds(record.updated), "context": "REST Web Services",
        "iscustomlist": "F",
    }  # fmt: skip


def _period(books: Books, key: str) -> Row:
    closed = "T" if books.is_closed(key) else "F"
    return {
        "id": int(key), "periodname": books.period_name(key),
        "startdate": dates.of_day(books.period_start(key).isoformat()),
        "enddate": dates.of_day(books.period_end(key).isoformat()), "closed": closed, "alllocked": closed,
        "aplocked": closed,
        "arlocked": closed, "isquarter": "F", "isyear": "F", "isadjust": "F", "isinactive": "F", "isposting": "T",
    }  # fmt: skip


def _fixed(record: Record) -> Row:
    own: Body = record.body.get("own") or {}
    return {
        "id": int(record.id), "externalid": own.get("externalId"), "isinactive": record.body.get("is_active") is False,
        "lastmodifieddate": dates.of_seconds(record.updated), "datecreated": dates.of_seconds(record.created),
        "createddate": dates.of_seconds(record.created),
    }  # fmt: skip


def _account(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body, own = record.body, record.body.get("own") or {}
    label = books.label(record)
    return {"account": [_fixed(record) | {
        "acctnumber": body.get("code"), "accountsearchdisplayname": label, "accountsearchdisplaynamecopy": body["name"],
        "displaynamewithhierarchy": body["name"], "fullname": body["name"],
        "accttype": ACCOUNT_TYPES.get(str(body["type"])),
        "parent": body.get("parent"), "currency": books.currency_id(body.get("currency")),
        "issummary": bool(own.get("isSummary")),
        "description": own.get("description"), "includechildren": "T", "eliminate": bool(own.get("eliminate")),
        "subsidiary": "1",
    }]}  # fmt: skip


def _contact(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body, own = record.body, record.body.get("own") or {}
    is_customer = bool(body.get("is_customer"))
    row = _fixed(record) | {
        "entityid": own.get("entityId") or body["name"], "altname": body["name"], "fullname": body["name"],
        "companyname": None if own.get("isPerson") else own.get("companyName") or body["name"],
        "isperson": bool(own.get("isPerson")), "firstname": body.get("first_name"), "lastname": body.get("last_name"),
        "email": body.get("email"), "phone": body.get("phone"), "url": own.get("url"), "terms": body.get("term"),
        "currency": books.currency_id(body.get("currency")), "comments": own.get("comments"),
        "accountnumber": own.get("accountNumber"), "vatregnumber": body.get("tax_number"),
        "taxidnum": own.get("taxIdNum"),
        "legalname": own.get("legalName"), "subsidiary": own.get("subsidiary") or "1", "parent": own.get("parent"),
        "creditlimit": own.get("creditLimit"), "payablesaccount": own.get("payablesAccount"),
        "receivablesaccount": own.get("receivablesAccount"), "type": "CustJob" if is_customer else "Vendor",
        "category": own.get("category"),
    }  # fmt: skip
    row |= {name: value for name, value in own.items() if name.startswith("custentity_")}
    table = "customer" if is_customer else "vendor"
    relation = {"id": int(record.id), "entity": int(record.id), "subsidiary": row["subsidiary"], "isprimarysub": "T"}
    addresses = _addresses(record, table, row)
    return {"entity": [row], table: [row], f"{table}subsidiaryrelationship": [relation], **addresses}


def _addresses(record: Record, table: str, row: Row) -> Mapping[str, Sequence[Row]]:
    book = ((record.body.get("own") or {}).get("addressBook") or {}).get("items") or []
    entries, addresses = [], []
    for number, entry in enumerate(book, 1):
        key = int(record.id) * 100 + number
        address = entry.get("addressBookAddress") or {}
        country = address.get("country")
        addresses.append({
            "nkey": key, **{name.lower(): value for name, value in address.items() if isinstance(value, str)},
            "country": country.get("id") if isinstance(country, dict) else country,
        })  # fmt: skip
        flags = {
            "defaultbilling": bool(entry.get("defaultBilling")),
            "defaultshipping": bool(entry.get("defaultShipping")),
        }
        entries.append(
            {
                "entity": int(record.id),
                "internalid": key,
                "addressbookaddress": key,
                "label": entry.get("label"),
                **flags,
            }
        )
        for flag, column in (
            ("defaultbilling", "defaultbillingaddress"),
            ("defaultshipping", "defaultshippingaddress"),
        ):
            row[column] = key if flags[flag] else row.get(column)
    return {"entityaddress": addresses, f"{table}addressbook": entries}


def _item(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body, own = record.body, record.body.get("own") or {}
    kind, subtype = ITEM_TYPES.get(str(own.get("type")), ("Service", "Resale"))
    row = _fixed(record) | {
        "itemid": body.get("code") or body["name"], "displayname": own.get("displayName") or body["name"],
        "itemtype": kind,
        "fullname": body.get("code") or body["name"], "subtype": subtype or None,
        "description": body.get("description"),
        "salesdescription": body.get("description"), "purchasedescription": own.get("purchaseDescription"),
        "baseprice": body.get("sale_price"), "cost": body.get("purchase_price"),
        "incomeaccount": body.get("income_account"),
        "expenseaccount": body.get("expense_account"), "salestaxcode": body.get("sale_tax"),
        "purchasetaxcode": body.get("purchase_tax"), "parent": own.get("parent"), "subsidiary": "1",
        "includechildren": "T",
    }  # fmt: skip
    price = {
        "item": int(record.id),
        "pricelevel": 1,
        "pricelevelname": "Base Price",
        "price": body.get("sale_price"),
        "quantity": 0,
    }
    row |= {name: value for name, value in own.items() if name.startswith("custitem_")}
    return {"item": [row], "itemprice": [price] if body.get("sale_price") is not None else []}


def _dimension(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    table = books.type_of(record).table
    body = record.body
    return {
        table: [
            _fixed(record)
            | {"name": body["name"], "fullname": body["name"], "parent": body.get("parent"), "subsidiary": "1"}
        ]
    }


def _currency(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    code = str(record.body["code"])
    rate = 1 if code == books.home else books.company.rate(code, books.clock.today())
    return {"currency": [_fixed(record) | {
        "name": record.body.get("name") or code, "symbol": code, "displaysymbol": code, "exchangerate": decimal(rate),
        "isbasecurrency": code == books.home, "currencyprecision": 0 if code == "JPY" else 2,
    }]}  # fmt: skip


def _term(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body, own = record.body, record.body.get("own") or {}
    return {"term": [_fixed(record) | {
        "name": body["name"], "daysuntilnetdue": body.get("days"), "dayofmonthnetdue": own.get("dayOfMonthNetDue"),
        "discountpercent": own.get("discountPercent"), "daysuntilexpiry": own.get("daysUntilExpiry"),
    }]}  # fmt: skip


def _tax(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body = record.body
    name = body.get("code") or body["name"]
    row = _fixed(record) | {"itemid": name, "name": name, "description": body["name"],
        "rate": decimal(body.get("percent") or 0),
                            "taxtype": 2 if books.home == "USD" else 1}  # fmt: skip
    rate = {"id": int(record.id), "name": name, "custrecord_ste_taxrate_taxcode": int(record.id), "isinactive": "F",
            "custrecord_ste_taxrate_rate": f"{decimal(body.get('percent') or 0)}%"}  # fmt: skip
    return {"taxitemtaxgroup": [row], "salestaxitem": [row], "customrecord_ste_taxrate": [rate]}


def _own(table: str) -> Callable[[Books, Record], Mapping[str, Sequence[Row]]]:
    """Records of NetSuite's own tables: their properties in lower case."""

    def build(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
        row = {name.lower(): value for name, value in record.body.items() if not isinstance(value, dict | list)}
        row |= {"id": int(record.id), "lastmodifieddate": dates.of_seconds(record.updated)}
        if table == "employee":
            row |= {
                "altname": books.label(record),
                "entityid": books.label(record),
                "fullname": books.label(record),
                "type": "Employee",
            }
            return {"employee": [row], "entity": [row]}
        if table == "currencyrate":
            row["effectivedate"] = dates.of_day(record.body.get("effectiveDate"))
        if table == "subsidiary":
            row["currency"] = books.currency_id(record.body.get("currency"))
        return {table: [row]}

    return build


def _file(books: Books, record: Record) -> Mapping[str, Sequence[Row]]:
    body = record.body
    return {"file": [_fixed(record) | {"name": body["name"], "folder": body["folder"], "filesize": body["size"],
                                       "filetype": body.get("fileType"),
                                       "url": f"/core/media/media.nl?id={record.id}"}]}  # fmt: skip


_LISTS: Mapping[str, Callable[[Books, Record], Mapping[str, Sequence[Row]]]] = {
    "account": _account, "contact": _contact, "item": _item, "dimension": _dimension, "currency": _currency,
    "payment_term": _term, "tax_rate": _tax, "employee": _own("employee"), "subsidiary": _own("subsidiary"),
    "payment_method": _own("paymentmethod"), "currency_rate": _own("currencyrate"), "file": _file,
}  # fmt: skip
