"""The older functions of the gateway, one for each thing to do: create_invoice, create_potransaction, reverse_bill …

Each is a table: element → REST path and form, as in xmltables; `ymd` is a date in three elements.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, forms, saving, workflows, xmlvalues
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.custom import PREFIX
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import child, every, leaf, text
from integrations.sandbox.sage_intacct.kinds import BY_PATH, UDD
from integrations.sandbox.sage_intacct.ledgerfunctions import day
from integrations.sandbox.sage_intacct.xmlnames import Field
from integrations.sandbox.sage_intacct.xmltables import DIMENSIONS
from integrations.sandbox.sage_intacct.xmlwriting import set_value, tax_entry
from integrations.sandbox.wire import Body

_DIMENSIONS = {f"{name}id": f"dimensions.{name}.id" for name in DIMENSIONS.values()}
_UDD = {f"GLDIM{UDD.partition('::')[2]}": f"dimensions.{UDD}.key"}
_ACCOUNT = {"glaccountno": "glAccount.id", "memo": "memo", "allocationid": "allocation.id", **_DIMENSIONS, **_UDD}
_PAY = {"returnto/contactname": "contacts.returnTo.id", "payto/contactname": "contacts.payTo.id"}
_TOGETHER = {"basecurr": "currency.baseCurrency", "currency": "currency.txnCurrency",
             "exchratedate": "currency.exchangeRate.date:ymd", "exchratetype": "currency.exchangeRate.typeId",
             "exchrate": "currency.exchangeRate.rate"}  # fmt: skip
_SPLIT = {"basecurr": "baseCurrency.currency", "currency": "txnCurrency.currency",
          "exchratedate": "exchangeRate.date:ymd", "exchratetype": "exchangeRate.typeId",
          "exchrate": "exchangeRate.rate"}  # fmt: skip
_FLAT = {"basecurr": "baseCurrency", "currency": "txnCurrency", "exchratedate": "exchangeRate.date:ymd",
         "exchratetype": "exchangeRate.typeId", "exchrate": "exchangeRate.rate"}  # fmt: skip
_SAID = {"description": "description", "supdocid": "attachment.id", "action": "state:action",
         "inclusivetax": "isTaxInclusive:flag", "taxsolutionid": "taxSolution.id"}  # fmt: skip
_DATES = {"dateposted": "postingDate:ymd", "datedue": "dueDate:ymd", "termname": "term.id"}


@dataclass(frozen=True)
class Creation:
    """One create function: the object, its head's elements, where its lines stand and their elements.

    `needed` are elements that must not be empty; `is_named` answers with the document's id instead of its number.
    """

    path: str
    head: Mapping[str, str]
    rows: tuple[str, str]
    line: Mapping[str, str]
    needed: tuple[str, ...]
    is_named: bool = False


_AMOUNT = {**_ACCOUNT, "amount": "txnAmount", "totaltrxamount": "totalTxnAmount"}
_SPLIT_AMOUNT = {**_ACCOUNT, "amount": "txnCurrency.amount", "totaltrxamount": "txnCurrency.totalAmount"}
CREATIONS: dict[str, Creation] = {
    "create_invoice": Creation(
        "accounts-receivable/invoice",
        {"customerid": "customer.id", "datecreated": "invoiceDate:ymd", **_DATES, "invoiceno": "invoiceNumber",
         "ponumber": "referenceNumber", **_SAID, **_TOGETHER},
        ("invoiceitems", "lineitem"), _AMOUNT, ("customerid", "datecreated"),
    ),
    "create_bill": Creation(
        "accounts-payable/bill",
        {"vendorid": "vendor.id", "datecreated": "createdDate:ymd", **_DATES, "billno": "billNumber",
         "ponumber": "referenceNumber", "onhold": "isOnHold:flag", **_SAID, **_PAY, **_TOGETHER},
        ("billitems", "lineitem"), {**_AMOUNT, "billable": "project.isBillable:flag"}, ("vendorid", "datecreated"),
    ),
    "create_aradjustment": Creation(
        "accounts-receivable/adjustment",
        {"customerid": "customer.id", "datecreated": "createdDate:ymd", "dateposted": "postingDate:ymd",
         "adjustmentno": "adjustmentNumber", "invoiceno": "referenceNumber", **_SAID, **_SPLIT},
        ("aradjustmentitems", "lineitem"), _SPLIT_AMOUNT, ("customerid", "datecreated"),
    ),
    "create_apadjustment": Creation(
        "accounts-payable/adjustment",
        {"vendorid": "vendor.id", "datecreated": "createdDate:ymd", "dateposted": "postingDate:ymd",
         "adjustmentno": "adjustmentNumber", "billno": "referenceNumber", **_SAID, **_TOGETHER},
        ("apadjustmentitems", "lineitem"), _AMOUNT, ("vendorid", "datecreated"),
    ),
    "create_potransaction": Creation(
        "purchasing/document::Purchase Order",
        {"vendorid": "vendor.id", "datecreated": "txnDate:ymd", "datedue": "dueDate:ymd", "message": "memo",
         "documentno": "documentNumber", "referenceno": "referenceNumber", "termname": "paymentTerm.id",
         "vendordocno": "vendorDocumentNumber", "supdocid": "attachment.id", "state": "state:state",
         **_PAY, **_FLAT},
        ("potransitems", "potransitem"),
        {"quantity": "unitQuantity", "unit": "unit", "price": "unitPrice", "memo": "memo", **_DIMENSIONS, **_UDD},
        ("transactiontype", "datecreated", "vendorid", "datedue"), is_named=True,
    ),
    "record_cctransaction": Creation(
        "cash-management/credit-card-txn",
        {"chargecardid": "creditCardAccount.id", "paymentdate": "txnDate:ymd", "referenceno": "referenceNumber",
         "payee": "payee", "description": "description", "supdocid": "attachment.id",
         "inclusivetax": "isInclusiveTax:flag", "taxsolutionid": "taxSolution.id", **_TOGETHER},
        ("ccpayitems", "ccpayitem"),
        {**_ACCOUNT, "description": "description", "paymentamount": "txnAmount", "totaltrxamount": "totalTxnAmount"},
        ("chargecardid", "paymentdate"),
    ),
    "create_expensereport": Creation(
        "expenses/employee-expense",
        {"employeeid": "employee.id", "datecreated": "createdDate:ymd", "expensereportno": "expenseReportNumber",
         "state": "state:state", "description": "description", "supdocid": "attachment.id",
         "basecurr": "basePayment.baseCurrency", "currency": "reimbursement.reimbursementCurrency"},
        ("expenses", "expense"),
        {**_DIMENSIONS, **_UDD, "glaccountno": "glAccount.id", "expensetype": "expenseType.id", "amount": "txnAmount",
         "expensedate": "entryDate:ymd", "memo": "paidFor", "paidto": "paidTo", "paidfor": "paidFor",
         "billable": "isBillable:flag"},
        ("employeeid", "datecreated"),
    ),
}  # fmt: skip
UPDATES = {"update_cctransaction": "record_cctransaction", "update_bill": "create_bill",
           "update_invoice": "create_invoice", "update_potransaction": "create_potransaction",
           "update_expensereport": "create_expensereport"}  # fmt: skip
"""What changes a document by @key → whose elements it has."""
REVERSALS = {
    "reverse_bill": "accounts-payable/bill", "reverse_invoice": "accounts-receivable/invoice",
    "reverse_arpayment": "accounts-receivable/payment", "reverse_appayment": "accounts-payable/payment",
    "reverse_aradjustment": "accounts-receivable/adjustment", "reverse_apadjustment": "accounts-payable/adjustment",
    "reverse_cctransaction": "cash-management/credit-card-txn", "reverse_expensereport": "expenses/employee-expense",
    "reverse_otherreceipt": "cash-management/other-receipt",
}  # fmt: skip


def _created(creation: Creation, desk: Desk, body: Element) -> Result:
    """A new document; the key of it. Raises SageError."""
    obj = BY_PATH[creation.path]
    _check_needed(creation, body)
    _check_type(creation, body)
    saved = saving.save(desk.books, obj, _given(creation, body))
    return Result(leaf("key", _key(desk.books, creation, saved)))


def _check_needed(creation: Creation, body: Element) -> None:
    for name in creation.needed:
        found = child(body, name)
        if found is None or not (len(found) or (found.text or "").strip()):
            raise errors.business(f"Required field {name} is missing.", "BL01001974")


def _check_type(creation: Creation, body: Element) -> None:
    """The definition of a purchasing document; there is one here."""
    wanted, told = creation.path.partition("::")[2], text(body, "transactiontype")
    if wanted and told and told != wanted:
        raise errors.business(f"The transaction definition '{told}' is invalid.", number="PL04000055",
                              correction="Use an existing transaction definition.")  # fmt: skip


def _key(books: Books, creation: Creation, record: Record) -> str:
    if not creation.is_named:
        return record.id
    return str(forms.show(books, BY_PATH[creation.path], record)["id"])


def _given(creation: Creation, body: Element) -> Body:
    """The REST object that the elements say. Raises SageError."""
    obj = BY_PATH[creation.path]
    given: Body = {}
    _put(given, creation.head, body)
    _custom(given, body)
    outer, inner = creation.rows
    if child(body, outer) is not None:
        given[obj.lines_field] = [_line(creation, each) for each in every(child(body, outer), inner)]
    return given


def _line(creation: Creation, element: Element) -> Body:
    line: Body = {}
    _put(line, creation.line, element)
    _custom(line, element)
    entries = child(element, "taxentries")
    if entries is not None:
        line["taxEntries"] = [tax_entry(BY_PATH[creation.path], text(each, "detailid"), text(each, "trx_tax"))
                              for each in every(entries, "taxentry")]  # fmt: skip
    return line


def _put(given: Body, table: Mapping[str, str], element: Element) -> None:
    for name, spelled in table.items():
        found = child(element, *name.split("/"))
        if found is None:
            continue
        path, form = (spelled, "") if "nsp::" in spelled else _split(spelled)
        value: Any = day(found, name) if form == "ymd" else _plain(name, form, found)
        if value is not None:
            set_value(given, Field(name, path), value)


def _split(spelled: str) -> tuple[str, str]:
    path, _, form = spelled.partition(":")
    return path, form


def _plain(name: str, form: str, element: Element) -> Any:
    return xmlvalues.told(Field(name, "", form), (element.text or "").strip())


def _custom(given: Body, element: Element) -> None:
    for each in every(child(element, "customfields"), "customfield"):
        given[f"{PREFIX}{text(each, 'customfieldname')}"] = text(each, "customfieldvalue") or None


def _updated(creation: Creation, desk: Desk, body: Element) -> Result:
    """A document changed by its @key; lines that are named are added. Raises SageError."""
    obj = BY_PATH[creation.path]
    record = desk.books.get(obj, body.get("key") or "")
    saved = saving.save(desk.books, obj, _given(creation, body), record)
    return Result(leaf("key", _key(desk.books, creation, saved)))


def _reversed(path: str, desk: Desk, body: Element) -> Result:
    """A document out of effect, by its @key. Raises SageError."""
    obj = BY_PATH[path]
    on = day(child(body, "datereversed"), "datereversed")
    notes = text(body, "description") or text(body, "memo") or None
    workflows.run(desk.books, obj, "reverse", {"key": body.get("key"), "reverseDate": on, "notes": notes})
    return Result(leaf("key", body.get("key")))


def _recalled(desk: Desk, body: Element) -> Result:
    """A bill that waits for approval becomes a draft again. Raises SageError."""
    key = body.get("key") or text(body, "recordno") or text(body, "key")
    workflows.run(desk.books, BY_PATH["accounts-payable/bill"], "recall", {"key": key})
    return Result(leaf("key", key))


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    **{name: partial(_created, creation) for name, creation in CREATIONS.items()},
    **{name: partial(_updated, CREATIONS[creation]) for name, creation in UPDATES.items()},
    **{name: partial(_reversed, path) for name, path in REVERSALS.items()},
    "recallApBill": _recalled,
}  # fmt: skip
"""Name → function."""
