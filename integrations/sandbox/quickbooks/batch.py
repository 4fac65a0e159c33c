"""Batches: up to 30 independent items in one call."""

from integrations.sandbox.quickbooks import checks, errors, querying, writing
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import ENTITIES, render
from integrations.sandbox.wire import Body

LARGEST = 30


def run_batch(company: Company, payload: Body) -> Body:
    """Every item on its own: a fault in one leaves the others alone. Raises 1040 above 30 items."""
    items = checks.objects(payload, "BatchItemRequest")
    if not items:
        raise errors.missing("BatchItemRequest")
    if len(items) > LARGEST:
        text = f"Batch size exceeds allowed limit : Maximum {LARGEST}, supplied {len(items)}"
        raise errors.FaultError("1040", "Batch size exceeds allowed limit", text)
    return {"BatchItemResponse": [_item(company, item) for item in items]}


def _item(company: Company, item: Body) -> Body:
    tag = {"bId": item.get("bId")}
    try:
        with company.store.transaction():
            return {**tag, **_run(company, item)}
    except errors.FaultError as fault:
        return {**tag, "Fault": fault.as_fault()}


def _run(company: Company, item: Body) -> Body:
    if "Query" in item:
        return {"QueryResponse": querying.run(company, str(item["Query"]))}
    name = next((key for key in item if key in ENTITIES), None)
    if name is None or not isinstance(item[name], dict):
        raise errors.malformed()
    entity, operation = ENTITIES[name], str(item.get("operation", "")).lower()
    if operation == "delete":
        return {name: writing.remove(company, entity, item[name])}
    if item.get("optionsData") == "void" and operation == "update":
        return {name: render(company, writing.void(company, entity, item[name]))}
    if operation not in ("create", "update"):
        raise errors.unsupported_operation(operation or "of this item")
    return {name: render(company, writing.save(company, entity, item[name]))}
