"""Acting as a user of the ledger: what the control API's changes and documents do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.sandbox.books import money
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.faces import BadOrderError
from integrations.sandbox.quickbooks import writing
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.defaults import complete
from integrations.sandbox.quickbooks.entities import ENTITIES, Entity, render
from integrations.sandbox.quickbooks.errors import FaultError
from integrations.sandbox.wire import Body

RESOURCES: dict[str, tuple[str, ...]] = {
    "company_info": ("CompanyInfo",), "accounts": ("Account",), "journal_entries": ("JournalEntry",),
    "invoices": ("Invoice",), "payments": ("Payment",), "credit_notes": ("CreditMemo",), "expenses": ("Purchase",),
    "bills": ("Bill",), "bill_payments": ("BillPayment",), "purchase_orders": ("PurchaseOrder",),
    "vendor_credits": ("VendorCredit",), "contacts": ("Customer", "Vendor"), "customers": ("Customer",),
    "vendors": ("Vendor",), "items": ("Item",), "tax_rates": ("TaxCode",),
    "tracking_categories": ("Class", "Department"),
    "bank_transactions": ("Purchase", "Deposit", "Transfer", "SalesReceipt", "RefundReceipt"),
    "currencies": ("CompanyCurrency",), "budgets": ("Budget",), "attachments": ("Attachable",),
    "payment_methods": ("PaymentMethod",), "terms": ("Term",), "sales_receipts": ("SalesReceipt",),
    "refund_receipts": ("RefundReceipt",), "deposits": ("Deposit",), "transfers": ("Transfer",),
}  # fmt: skip
_ALIASES = {"archive_account": "archive", "change_a_tax_rate": "change_tax_rate", "close": "close_period",
            "update": "edit", "close_a_period": "close_period", "archive_an_account": "archive", "activate": "restore",
            "enable_multicurrency": "set_preferences"}  # fmt: skip
_BY_NAME = {name.casefold(): name for name in ENTITIES}


def entities_of(resource: str) -> tuple[str, ...]:
    """Entities behind a resource or entity name. Raises BadOrderError."""
    key = resource.replace("-", "_").casefold()
    if key in RESOURCES:
        return RESOURCES[key]
    if key in _BY_NAME:
        return (_BY_NAME[key],)
    if f"{key}s" in RESOURCES:
        return RESOURCES[f"{key}s"]
    raise BadOrderError(f"no resource {resource!r}; known: {', '.join(sorted(RESOURCES))}, or an entity's own name")


def documents(company: Company, resource: str) -> Body:
    """{"documents": [...]} with each one's entity in the parallel list `entities`; archived ones are counted only."""
    found = [(name, record) for name in entities_of(resource) for record in company.store.live(name)]
    archived = company.archive.count if company.archive is not None and "Invoice" in entities_of(resource) else 0
    return {
        "resource": resource,
        "count": len(found) + archived,
        "archived": archived,
        "entities": [name for name, _ in found],
        "documents": [render(company, record) for _, record in found],
    }


def apply(company: Company, order: Body) -> Body:
    """Carry out one change; the answer names what was changed. Raises BadOrderError with the ledger's words."""
    company.is_trusted = bool(order.get("override", False))
    action = str(order.get("action") or order.get("operation") or "").replace(" ", "_").replace("-", "_").lower()
    action = _ALIASES.get(action, action)
    if action not in _ACTIONS:
        raise BadOrderError(f"unknown action {action!r}; known: {', '.join(sorted(_ACTIONS))}")
    try:
        with company.store.transaction():
            entity, record, body = _ACTIONS[action](company, order)
    except FaultError as fault:
        raise BadOrderError(f"the ledger refuses: {fault}") from fault
    return {"action": action, "entity": entity, "id": record, "record": body}


Done = tuple[str, str, Body]


def _entity(order: Body) -> Entity:
    names = entities_of(str(order.get("entity") or order.get("resource") or ""))
    wanted = str(order.get("contact_type") or order.get("type") or "").casefold()
    return ENTITIES[next((name for name in names if name.casefold() == wanted), names[0])]


def _target(company: Company, order: Body) -> tuple[Entity, Record]:
    """The record named by `id`; among several entities of a resource the first that has it."""
    names = entities_of(str(order.get("entity") or order.get("resource") or ""))
    key = str(order.get("id") or order.get("external_id") or "")
    for name in names:
        record = company.store.get(name, key)
        if record is not None:
            return ENTITIES[name], record
    raise BadOrderError(f"{'/'.join(names)} {key!r} does not exist")


def _done(company: Company, record: Record) -> Done:
    return record.table, record.id, render(company, record)


def _create(company: Company, order: Body) -> Done:
    entity = _entity(order)
    data = dict(order.get("data") or order.get("record") or order.get("body") or {})
    return _done(company, writing.save(company, entity, complete(company, entity.name, data, order)))


def _sparse(company: Company, entity: Entity, record: Record, data: Body) -> Done:
    body = {**data, "Id": record.id, "SyncToken": record.body["SyncToken"], "sparse": True}
    for name in entity.required:
        body.setdefault(name, record.body.get(name))
    return _done(company, writing.save(company, entity, body))


def _edit(company: Company, order: Body) -> Done:
    entity, record = _target(company, order)
    data = dict(order.get("data") or order.get("record") or order.get("body") or order.get("fields") or {})
    if not data:
        data = (
            {"PrivateNote": "Edited in QuickBooks"} if not entity.is_list else {"Description": "Edited in QuickBooks"}
        )
        if entity.name in ("Customer", "Vendor"):
            data = {"Notes": "Edited in QuickBooks"}
    return _sparse(company, entity, record, data)


def _void(company: Company, order: Body) -> Done:
    entity, record = _target(company, order)
    return _done(company, writing.void(company, entity, {"Id": record.id, "SyncToken": record.body["SyncToken"]}))


def _delete(company: Company, order: Body) -> Done:
    entity, record = _target(company, order)
    stub = writing.remove(company, entity, {"Id": record.id, "SyncToken": record.body["SyncToken"]})
    return entity.name, record.id, stub


def _pay(company: Company, order: Body) -> Done:
    """Pay an invoice or a bill from the current account, all of it unless an amount is given."""
    entity, record = _target(company, order)
    if entity.name not in ("Invoice", "Bill"):
        raise BadOrderError("only invoices and bills can be paid")
    amount = money.decimal(order["amount"]) if order.get("amount") is not None else record.body["Balance"]
    on = str(order.get("date") or company.today.isoformat())
    account = {"value": company.account("Checking")}
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": record.id, "TxnType": entity.name}]}
    body: Body = {"TotalAmt": amount, "TxnDate": on, "Line": [line], "CurrencyRef": record.body["CurrencyRef"]}
    if entity.name == "Invoice":
        body |= {"CustomerRef": record.body["CustomerRef"], "DepositToAccountRef": account}
        if order.get("reference"):
            body["PaymentRefNum"] = str(order["reference"])
        return _done(company, writing.save(company, ENTITIES["Payment"], body))
    body |= {"VendorRef": record.body["VendorRef"], "PayType": "Check", "CheckPayment": {"BankAccountRef": account}}
    return _done(company, writing.save(company, ENTITIES["BillPayment"], body))


def _archive(company: Company, order: Body) -> Done:
    entity, record = _target(company, {"resource": "accounts", **order})
    return _sparse(company, entity, record, {"Active": False})


def _restore(company: Company, order: Body) -> Done:
    entity, record = _target(company, {"resource": "accounts", **order})
    return _sparse(company, entity, record, {"Active": True})


def _rename(company: Company, order: Body) -> Done:
    entity, record = _target(company, order)
    name = str(order.get("name") or "")
    if not name:
        raise BadOrderError("name is missing")
    return _sparse(company, entity, record, {"DisplayName" if entity.name in ("Customer", "Vendor") else "Name": name})


def _change_tax_rate(company: Company, order: Body) -> Done:
    """A new percentage from a day on; documents keep the tax they have."""
    record = _rate(company, order)
    percent = money.decimal(order.get("rate", order.get("value", order.get("percent"))))
    since = str(order.get("date") or company.today.isoformat())
    history = [*record.body.get("EffectiveTaxRate", [])]
    if history:
        history[-1] = {**history[-1], "EndDate": f"{since}T00:00:00-08:00"}
    history.append({"RateValue": percent, "EffectiveDate": f"{since}T00:00:00-08:00"})
    body = {**record.body, "RateValue": percent, "EffectiveTaxRate": history}
    changed = _touched(company, record, body)
    for code in company.store.live("TaxCode"):
        if record.id in _rate_ids(code.body):
            _touched(company, code, code.body)
    return _done(company, changed)


def _touched(company: Company, record: Record, body: Body) -> Record:
    meta = {**body["MetaData"], "LastUpdatedTime": pacific(company.now)}
    token = str(int(record.body["SyncToken"]) + 1)
    changed = replace(record, body={**body, "MetaData": meta, "SyncToken": token}, updated=int(company.now))
    company.store.put(changed)
    return changed


def _rate_ids(code: Body) -> list[str]:
    lists = [code.get(f"{side}TaxRateList") or {} for side in ("Sales", "Purchase")]
    return [detail["TaxRateRef"]["value"] for each in lists for detail in each.get("TaxRateDetail", [])]


def _rate(company: Company, order: Body) -> Record:
    """The rate named by `rate_id`, or the first one of the tax code named by `id` or `name`."""
    if order.get("rate_id"):
        return company.read("TaxRate", str(order["rate_id"]))
    key, name = str(order.get("id") or ""), str(order.get("name") or "").casefold()
    for code in company.store.live("TaxCode"):
        if code.id == key or (name and str(code.body["Name"]).casefold() == name):
            for rate in _rate_ids(code.body):
                return company.read("TaxRate", rate)
    raise BadOrderError("name the tax rate by rate_id, or its tax code by id or name")


def _close_period(company: Company, order: Body) -> Done:
    through = str(order.get("through") or order.get("date") or order.get("closed_through") or "")
    if through:
        try:
            date.fromisoformat(through)
        except ValueError as error:
            raise BadOrderError(f"through must be YYYY-MM-DD, not {through!r}") from error
    return _preference(company, {"AccountingInfoPrefs": {"BookCloseDate": through or None}})


def _set_preferences(company: Company, order: Body) -> Done:
    data: Any = order.get("data") or {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
    return _preference(company, data)


def _preference(company: Company, data: Body) -> Done:
    record = company.read("Preferences", "1")
    body = {**data, "SyncToken": record.body["SyncToken"], "sparse": True}
    return _done(company, writing.save(company, ENTITIES["Preferences"], body))


def amount_of(order: Body) -> Decimal | None:
    """The `amount` of an order, None when it has none. Raises BadOrderError."""
    if order.get("amount") is None:
        return None
    try:
        return money.decimal(order["amount"])
    except ValueError as error:
        raise BadOrderError(str(error)) from error


_ACTIONS: dict[str, Callable[[Company, Body], Done]] = {
    "create": _create, "edit": _edit, "void": _void, "delete": _delete, "pay": _pay, "archive": _archive,
    "restore": _restore, "rename": _rename, "change_tax_rate": _change_tax_rate, "close_period": _close_period,
    "set_preferences": _set_preferences,
}  # fmt: skip
