"""Create, update, delete and void: validation, linked effects, postings, SyncToken and events in one transaction."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.sandbox.books.money import ZERO
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks import checks, errors
from integrations.sandbox.quickbooks.company import Company, Draft
from integrations.sandbox.quickbooks.entities import Entity
from integrations.sandbox.wire import Body

_BOOKKEEPING = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse", "status", "time"})
_COMPUTED = frozenset({
    "Balance", "HomeBalance", "HomeTotalAmt", "UnappliedAmt", "RemainingCredit", "FullyQualifiedName",
    "Classification", "CurrentBalance", "CurrentBalanceWithSubAccounts", "BalanceWithJobs", "FileAccessUri",
    "TempDownloadUri", "Size",
})  # fmt: skip
_OWN_LINKS = {"Invoice": ("Estimate",), "Bill": ("PurchaseOrder",), "Deposit": (), "PurchaseOrder": ()}
_SALES = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Estimate")
_VOIDED_LINES = ("SalesItemLineDetail", "ItemBasedExpenseLineDetail")


def save(company: Company, entity: Entity, payload: Body) -> Record:
    """Create, or update when the payload has an Id. Raises FaultError with nothing changed."""
    if entity.prepare is None:
        raise errors.unsupported_operation("Create" if not payload.get("Id") else "Update")
    checks.properties(entity.name, payload)
    with company.store.transaction():
        if payload.get("Id") or entity.name in ("Preferences", "CompanyInfo"):
            return _update(company, entity, payload)
        return _create(company, entity, payload)


def _create(company: Company, entity: Entity, payload: Body) -> Record:
    body = _writable(entity, payload)
    draft = _prepare(company, entity, body, None)
    key = str(company.store.take(f"id.{entity.sequence}", entity.first_id))
    moment = pacific(company.now)
    full = {
        "domain": "QBO",
        "sparse": False,
        "Id": key,
        "SyncToken": "0",
        "MetaData": {"CreateTime": moment, "LastUpdatedTime": moment},
        **draft.body,
    }
    if entity.is_list:
        full.setdefault("Active", True)
    record = Record(
        entity.name, key, full, int(company.now), int(company.now), False, tuple(draft.lines), {}, draft.extra
    )
    record = _balanced(record)
    company.store.put(record)
    _settle(company, record.key, {}, draft.settles)
    company.announce(record, "Create")
    return company.read(entity.name, key)


def _update(company: Company, entity: Entity, payload: Body) -> Record:
    previous = current(company, entity, payload)
    editable(company, previous)
    body = _merged(entity, previous, payload)
    checks.required(payload, *entity.required)
    draft = _prepare(company, entity, body, previous)
    if entity.is_list:
        _archived(entity, draft.body, previous)
    record = _next(company, previous, draft.body)
    record = _balanced(replace(record, lines=tuple(draft.lines), extra={**previous.extra, **draft.extra}))
    company.store.put(record)
    _settle(company, record.key, settled_by(company, previous), draft.settles)
    if entity.is_list:
        rename(company, previous, record)
    company.announce(record, "Update")
    return company.read(entity.name, record.id)


def current(company: Company, entity: Entity, payload: Body) -> Record:
    """The record a change is about. Raises 2020, 610, 5010."""
    key = "1" if entity.name in ("Preferences", "CompanyInfo") else str(payload.get("Id") or "")
    if not key:
        raise errors.missing("Id")
    record = company.read(entity.name, key)
    token = payload.get("SyncToken")
    if token is None or token == "":
        raise errors.missing("SyncToken")
    if str(token) != record.body["SyncToken"]:
        raise errors.stale(company.user)
    return record


def editable(company: Company, record: Record) -> None:
    """Raises 6210 in a closed period, 6540 for what is part of a deposit."""
    _open_period(company, record.body)
    if any(source.startswith("Deposit:") for source in record.applied):
        raise errors.deposited()


def _open_period(company: Company, body: Body) -> None:
    day = body.get("TxnDate")
    if day and not company.is_trusted and str(day) <= company.closed_through:
        raise errors.closed_period()


def _writable(entity: Entity, payload: Body) -> Body:
    body = {
        name: value
        for name, value in payload.items()
        if name not in _BOOKKEEPING and name not in _COMPUTED and value is not None and value != ""
    }
    links = body.pop("LinkedTxn", None)
    own = _OWN_LINKS.get(entity.name, ())
    kept = [link for link in links or [] if isinstance(link, dict) and link.get("TxnType") in own]
    if kept:
        body["LinkedTxn"] = kept
    return body


def _merged(entity: Entity, previous: Record, payload: Body) -> Body:
    if not payload.get("sparse"):
        return _writable(entity, payload)
    before = dict(previous.body)
    taxed = {"Line", "TxnTaxDetail", "GlobalTaxCalculation", "ApplyTaxAfterDiscount"} & payload.keys()
    if taxed and "TxnTaxDetail" not in payload and "TxnTaxDetail" in before:
        kept = before["TxnTaxDetail"].get("TxnTaxCodeRef")
        before["TxnTaxDetail"] = {"TxnTaxCodeRef": kept} if kept else {}
    if "TxnDate" in payload and "DueDate" not in payload and entity.name == "Bill":
        before.pop("DueDate", None)
    return _writable(entity, {**before, **payload})


def _prepare(company: Company, entity: Entity, body: Body, previous: Record | None) -> Draft:
    if entity.prepare is None:
        raise errors.unsupported_operation("Update")
    draft = entity.prepare(company, body, previous)
    _open_period(company, draft.body)
    return draft


def _next(company: Company, record: Record, body: Body) -> Record:
    """The record with a new body, the next SyncToken and a new time."""
    meta = {**record.body["MetaData"], "LastUpdatedTime": pacific(company.now)}
    token = str(int(record.body["SyncToken"]) + 1)
    full = {"domain": "QBO", "sparse": False, **body, "Id": record.id, "SyncToken": token, "MetaData": meta}
    if "Active" in record.body:
        full.setdefault("Active", True)
    return replace(record, body=full, updated=int(company.now))


def _archived(entity: Entity, body: Body, previous: Record) -> None:
    """Making a list entry inactive marks its name, as QuickBooks does; making it active undoes that."""
    name = "DisplayName" if entity.name in ("Customer", "Vendor") else "Name"
    was, now = previous.body.get("Active", True), body.get("Active", True)
    for field in (name, "FullyQualifiedName"):
        text = str(body.get(field, ""))
        if was and not now and text and not text.endswith(" (deleted)"):
            body[field] = f"{text} (deleted)"
        elif now and text.endswith(" (deleted)"):
            body[field] = text.removesuffix(" (deleted)")


def settled_by(company: Company, record: Record) -> dict[str, Decimal]:
    """Whom this record settles, by how much."""
    found: dict[str, Decimal] = {}
    for line in record.body.get("Line") or []:
        for link in line.get("LinkedTxn") or []:
            key = f"{link['TxnType']}:{link['TxnId']}"
            target = company.store.get(str(link["TxnType"]), str(link["TxnId"]))
            if target is not None and record.key in target.applied:
                found[key] = target.applied[record.key]
    return found


def _settle(company: Company, source: str, before: dict[str, Decimal], after: dict[str, Decimal]) -> None:
    """Change what `source` settles; every document touched gets a new SyncToken."""
    for key in {**before, **after}:
        table, _, number = key.partition(":")
        target = company.read(table, number)
        applied = {name: amount for name, amount in target.applied.items() if name != source}
        if key in after:
            applied[source] = after[key]
        if applied == dict(target.applied):
            continue
        if source.startswith("Deposit:") or table != "JournalEntry":
            _not_more_than_open(target, applied)
        record = _balanced(replace(_next(company, target, target.body), applied=applied))
        company.store.put(record)
        company.announce(record, "Update")


def _not_more_than_open(target: Record, applied: dict[str, Decimal]) -> None:
    settled = sum((amount for name, amount in applied.items() if not name.startswith("Deposit:")), ZERO)
    if settled > target.body.get("TotalAmt", ZERO):
        raise errors.business("The amount applied is greater than the open balance of the transaction.")
    if sum(name.startswith("Deposit:") for name in applied) > 1:
        raise errors.deposited()


def _balanced(record: Record) -> Record:
    """The record with its open balance and links brought up to date."""
    body = dict(record.body)
    settled = sum((amount for name, amount in record.applied.items() if not name.startswith("Deposit:")), ZERO)
    if record.table in ("Invoice", "Bill", "CreditMemo", "VendorCredit"):
        body["Balance"] = body["TotalAmt"] - settled
        if body["Balance"] < 0:
            raise errors.business("The transaction's amount cannot be less than what was already applied to it.")
    if record.table == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
    own = [link for link in body.get("LinkedTxn") or [] if link.get("TxnType") in _OWN_LINKS.get(record.table, ())]
    sources = [name.partition(":") for name in record.applied]
    links = [{"TxnId": key, "TxnType": _LINK_NAMES.get(table, table)} for table, _, key in sources]
    if own or links or record.table in _SALES:
        body["LinkedTxn"] = [*own, *links]
    else:
        body.pop("LinkedTxn", None)
    return replace(record, body=body)


_LINK_NAMES = {"BillPayment": "BillPaymentCheck"}


def remove(company: Company, entity: Entity, payload: Body) -> Body:
    """Delete for good. Raises 500 for list entities, 6000 for settled documents; returns the stub."""
    if not entity.is_deletable:
        raise errors.unsupported_operation("delete")
    with company.store.transaction():
        record = current(company, entity, payload)
        editable(company, record)
        if record.applied:
            raise errors.business("This transaction is linked to others. Unlink or delete those first.")
        _settle(company, record.key, settled_by(company, record), {})
        stub = {
            "domain": "QBO",
            "status": "Deleted",
            "Id": record.id,
            "MetaData": {"LastUpdatedTime": pacific(company.now)},
        }
        company.store.put(replace(record, body=stub, deleted=True, lines=(), updated=int(company.now), extra={}))
        company.announce(record, "Delete")
    return {"status": "Deleted", "domain": "QBO", "Id": record.id}


def void(company: Company, entity: Entity, payload: Body) -> Record:
    """Zero the amounts, keep the document. Raises 6000 when it is settled."""
    with company.store.transaction():
        record = current(company, entity, payload)
        editable(company, record)
        if record.applied:
            raise errors.business(
                "You can't void a transaction that has payments or credits applied to it. Unlink them first."
            )
        _settle(company, record.key, settled_by(company, record), {})
        body = _zeroed(record)
        voided = _balanced(replace(_next(company, record, body), lines=(), extra={**record.extra, "voided": True}))
        company.store.put(voided)
        company.announce(voided, "Void")
    return company.read(entity.name, record.id)


def _zeroed(record: Record) -> Body:
    note = record.body.get("PrivateNote")
    body: dict[str, Any] = {**record.body, "PrivateNote": f"Voided - {note}" if note else "Voided", "TotalAmt": ZERO}
    if record.table in ("Payment", "BillPayment"):
        body["Line"] = []
    body["Line"] = [_zero_line(line) for line in body["Line"]]
    for name in ("UnappliedAmt", "HomeTotalAmt", "Balance"):
        if name in body:
            body[name] = ZERO
    if "TxnTaxDetail" in body:
        body["TxnTaxDetail"] = {"TotalTax": ZERO}
    return body


def _zero_line(line: Body) -> Body:
    zeroed = {**line, "Amount": ZERO} if "Amount" in line else dict(line)
    for name in _VOIDED_LINES:
        if name in line:
            zeroed[name] = {**line[name], "Qty": ZERO, "UnitPrice": ZERO}
            zeroed[name].pop("TaxInclusiveAmt", None)
    return zeroed


def rename(company: Company, before: Record, after: Record) -> None:
    """References in documents show the current name, so a rename rewrites them without touching versions."""
    names = [str(each.body.get("FullyQualifiedName") or each.body.get("DisplayName") or "") for each in (before, after)]
    old, new = names
    if not old or old == new:
        return
    for table, records in company.store.tables.items():
        for record in list(records.values()):
            body = _renamed(record.body, before.id, old, new)
            if body is not record.body and table != after.table:
                company.store.put(replace(record, body=body))


def _renamed(node: Any, key: str, old: str, new: str) -> Any:
    if isinstance(node, list):
        changed = [_renamed(each, key, old, new) for each in node]
        return node if all(a is b for a, b in zip(node, changed, strict=True)) else changed
    if not isinstance(node, dict):
        return node
    if node.get("value") == key and node.get("name") == old:
        return {**node, "name": new}
    inner = {
        name: _renamed(value, key, old, new) if isinstance(value, dict | list) else value
        for name, value in node.items()
    }
    return node if all(inner[name] is node[name] for name in node) else inner
