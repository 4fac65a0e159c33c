"""The SOAP endpoint of one account."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.netsuite import errors, files
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.kinds import RECORD_TYPES, TRANSACTION_KINDS
from integrations.sandbox.netsuite.soap import faults, searches
from integrations.sandbox.netsuite.soap.records import TaxView, attached_file, shown, tax_type
from integrations.sandbox.netsuite.soap.searches import Searches
from integrations.sandbox.netsuite.soap.xml import child, every, kind, leaf, local, node, text

_PORT = re.compile(r"NetSuitePort_(20\d\d_[12])$")
_OLDEST, _NEWEST = "2021_2", "2025_2"
_GET_MOST, _WRITE_MOST, _PAGE = 1000, 200, 1000


def version_of(path: str) -> str | None:
    """The endpoint's version, None where there is no such endpoint any more."""
    match = _PORT.search(path)
    return match[1] if match and _OLDEST <= match[1] <= _NEWEST else None


@dataclass(frozen=True)
class SoapService:
    """What a SOAP request is served from."""

    books: Books
    searches: Searches

    def answer(self, header: Element | None, operation: Element) -> str:
        """The response element of an operation. Raises SoapFault."""
        name = local(operation)
        find = _OPERATIONS.get(name)
        if find is None:
            raise faults.SoapFault("unexpectedErrorFault", "INVALID_METHOD", f"The operation {name} is not available.")
        return node(f"platformMsgs:{name}Response", find(self)(operation, header))

    def search(self, operation: Element, header: Element | None) -> str:
        """A basic search over one record type."""
        record = child(operation, "searchRecord")
        if record is None:
            raise faults.malformed("searchRecord is missing.")
        if kind(record) == "TransactionSearchAdvanced":
            return self._attached(record)
        wanted = kind(record).removesuffix("Basic").removesuffix("Search")
        size = int(text(child(header, "searchPreferences"), "pageSize", default="1000") or 1000)
        found = self._all(wanted, searches.basic(record))
        day = datetime.fromisoformat(self.books.now()).strftime("%m%d%Y")
        return searches.page(self.searches.begin(self.books.account, day, found, size), 1)

    def _attached(self, record: Element) -> str:
        """Files of transactions: rows of an advanced search with the columns of fileJoin."""
        values = every(child(record, "criteria", "basic", "internalId"), "searchValue")
        found = [self.books.transaction(each.get("internalId", "")) for each in values]
        rows = [
            attached_file(document, file) for document in found if document for file in files.of(self.books, document)
        ]
        day = datetime.fromisoformat(self.books.now()).strftime("%m%d%Y")
        return searches.page(self.searches.begin(self.books.account, day, rows, _PAGE, "searchRowList"), 1)

    def more(self, operation: Element, header: Element | None) -> str:
        """Another page of an earlier search."""
        found = self.searches.find(text(operation, "searchId"))
        if found is None or not found.id.startswith(f"WEBSERVICES_{self.books.account}_"):
            status = faults.failure("INVALID_JOB_ID", "The search ID is invalid or has expired.")
            return node("platformCore:searchResult", status)
        return searches.page(found, int(text(operation, "pageIndex", default="1") or 1))

    def _all(self, wanted: str, test: Callable[[Record], bool]) -> list[str]:
        view = TaxView(self.books)
        if wanted == "SalesTaxItem":
            return [view.item(record) for record in view.items() if test(record)]
        if wanted == "TaxGroup":
            return [view.group(record) for record in view.groups() if test(record)]
        if wanted == "TaxType":
            return [tax_type("1"), tax_type("2")]
        record_type = RECORD_TYPES.get(wanted.lower())
        if record_type is None:
            raise faults.SoapFault("unexpectedErrorFault", "INVALID_RECORD_TYPE", f"{wanted} cannot be searched.")
        return [shown(self.books, record_type.name, each) for each in self.books.live(record_type) if test(each)]

    def get(self, operation: Element, header: Element | None) -> str:
        """One record."""
        return self._read(child(operation, "baseRef"))

    def get_list(self, operation: Element, header: Element | None) -> str:
        """Several records, each with its own status."""
        references = list(every(operation, "baseRef"))
        if len(references) > _GET_MOST:
            raise faults.too_many(_GET_MOST)
        return node("readResponseList", faults.success(), *(self._read(each) for each in references))

    def _read(self, reference: Element | None) -> str:
        try:
            return node("readResponse", faults.success(), self._one(reference))
        except errors.NetSuiteError:
            return node("readResponse", faults.failure("RCRD_DSNT_EXIST", "That record does not exist."))

    def _one(self, reference: Element | None) -> str:
        wanted, key = ("", "") if reference is None else (reference.get("type", ""), reference.get("internalId", ""))
        view = TaxView(self.books)
        if wanted in ("salesTaxItem", "taxGroup"):
            among = view.items() if wanted == "salesTaxItem" else view.groups()
            record = next((each for each in among if each.id == key), None)
            if record is None:
                raise errors.nonexistent(wanted, key)
            return view.item(record) if wanted == "salesTaxItem" else view.group(record)
        if wanted == "taxType":
            return tax_type(key)
        if wanted == "file":
            return _file(files.find(self.books, key))
        record_type = RECORD_TYPES.get(wanted.lower())
        if record_type is None:
            raise errors.unknown_record(wanted)
        external = reference.get("externalId") if reference is not None else None
        return shown(self.books, record_type.name, self.books.find(record_type, key or f"eid:{external}"))

    def get_deleted(self, operation: Element, header: Element | None) -> str:
        """What was deleted since a moment, of some record types."""
        condition = child(operation, "getDeletedFilter")
        since = text(condition, "deletedDate", "searchValue")
        start = datetime.fromisoformat(since).timestamp() if since else 0.0
        kinds = {(each.text or "").strip().lower() for each in every(child(condition, "type"), "searchValue")}
        tables = (*TRANSACTION_KINDS, "account", "contact", "item", "dimension", "tax_rate")
        gone = [
            record for table in tables for record in self.books.store.tables[table].values()
            if record.deleted and record.updated >= start and (not kinds or self._name(record) in kinds)
        ]  # fmt: skip
        number = int(text(operation, "pageIndex", default="1") or 1)
        page = gone[(number - 1) * _PAGE : number * _PAGE]
        return node(
            "platformCore:getDeletedResult", faults.success(), leaf("platformCore:totalRecords", len(gone)),
            leaf("platformCore:pageSize", _PAGE), leaf("platformCore:totalPages", max(1, -(-len(gone) // _PAGE))),
            leaf("platformCore:pageIndex", number),
            node("platformCore:deletedRecordList", *(self._deleted(record) for record in page)),
        )  # fmt: skip

    def _name(self, record: Record) -> str:
        return self.books.type_of(record).name.lower()

    def _deleted(self, record: Record) -> str:
        reference = node(
            "platformCore:record", leaf("platformCore:name", self.books.label(record)), internalId=record.id,
            type=self.books.type_of(record).name, xsi_type="platformCore:RecordRef",
        )  # fmt: skip
        at = leaf("platformCore:deletedDate", pacific(record.updated, milliseconds=True))
        return node("platformCore:deletedRecord", at, reference)

    def add(self, operation: Element, header: Element | None) -> str:
        """A new file; other records are written through REST."""
        return self._written(child(operation, "record"))

    def add_list(self, operation: Element, header: Element | None) -> str:
        """Several new files."""
        records = list(every(operation, "record"))
        if len(records) > _WRITE_MOST:
            raise faults.too_many(_WRITE_MOST)
        return node("writeResponseList", faults.success(), *(self._written(each) for each in records))

    def _written(self, record: Element | None) -> str:
        if record is None or kind(record) != "File":
            return node("writeResponse", faults.failure("INVALID_RCRD_TYPE", "Only files can be added here."))
        folder = child(record, "folder")
        given = {name: text(record, name) for name in ("name", "content", "description", "fileType", "mediaType")}
        given |= {"folder": folder.get("internalId", "-15") if folder is not None else "-15"}
        given |= {"externalId": record.get("externalId", "")}
        try:
            file = files.add(self.books, given)
        except errors.NetSuiteError as error:
            return node("writeResponse", faults.failure(errors.SOAP_CODES.get(error.code, error.code), error.detail))
        reference = node("baseRef", internalId=file.id, type="file", xsi_type="platformCore:RecordRef")
        return node("writeResponse", faults.success(), reference)

    def delete(self, operation: Element, header: Element | None) -> str:
        """Remove a file."""
        reference = child(operation, "baseRef")
        key = reference.get("internalId", "") if reference is not None else ""
        try:
            files.remove(self.books, key)
        except errors.NetSuiteError:
            return node("writeResponse", faults.failure("RCRD_DSNT_EXIST", "That record does not exist."))
        return node(
            "writeResponse",
            faults.success(),
            node("baseRef", internalId=key, type="file", xsi_type="platformCore:RecordRef"),
        )

    def attach(self, operation: Element, header: Element | None) -> str:
        """Hang a file on a record."""
        return self._hang(operation, is_on=True)

    def detach(self, operation: Element, header: Element | None) -> str:
        """Take a file off a record."""
        return self._hang(operation, is_on=False)

    def _hang(self, operation: Element, *, is_on: bool) -> str:
        reference = next((each for each in operation if local(each).endswith("Reference")), None)
        target, file = child(reference, "attachTo"), child(reference, "attachedRecord")
        if target is None or file is None:
            raise faults.malformed("attachTo and attachedRecord are needed.")
        try:
            record_type = RECORD_TYPES.get(target.get("type", "").lower())
            if record_type is None:
                raise errors.unknown_record(target.get("type", ""))
            record = self.books.find(record_type, target.get("internalId", ""))
            files.hang(self.books, record, file.get("internalId", ""), is_on=is_on)
        except errors.NetSuiteError:
            return node("writeResponse", faults.failure("RCRD_DSNT_EXIST", "That record does not exist."))
        same = node("baseRef", internalId=record.id, type=record_type.name, xsi_type="platformCore:RecordRef")
        return node("writeResponse", faults.success(), same)

    def server_time(self, operation: Element, header: Element | None) -> str:
        """The ledger's clock."""
        moment = pacific(self.books.clock.wall(), milliseconds=True)
        return node("platformCore:getServerTimeResult", faults.success(), leaf("platformCore:serverTime", moment))


def _file(record: Record) -> str:
    body = record.body
    return node(
        "platformCore:record", leaf("fileCabinet:name", body["name"]), leaf("fileCabinet:fileSize", body["size"]),
        leaf("fileCabinet:content", body.get("content")), leaf("fileCabinet:fileType", body.get("fileType") or None),
        node("fileCabinet:folder", internalId=body["folder"]), internalId=record.id, xsi_type="fileCabinet:File",
    )  # fmt: skip


_Handle = Callable[[SoapService], Callable[[Element, Element | None], str]]
_OPERATIONS: dict[str, _Handle] = {
    "search": lambda service: service.search,
    "searchMoreWithId": lambda service: service.more,
    "get": lambda service: service.get,
    "getList": lambda service: service.get_list,
    "getDeleted": lambda service: service.get_deleted,
    "add": lambda service: service.add,
    "upsert": lambda service: service.add,
    "addList": lambda service: service.add_list,
    "upsertList": lambda service: service.add_list,
    "delete": lambda service: service.delete,
    "attach": lambda service: service.attach,
    "detach": lambda service: service.detach,
    "getServerTime": lambda service: service.server_time,
}
