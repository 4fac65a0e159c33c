"""The Accounting API of one company: /v3/company/{realmId}/…"""

from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.clock import pacific
from integrations.sandbox.quickbooks import errors, files, posting, querying, reports, taxes, writing
from integrations.sandbox.quickbooks.batch import run_batch
from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.entities import BY_PATH, Entity, render
from integrations.sandbox.wire import Body

_SYSTEM_FAILURE = "System Failure Error: java.lang.UnsupportedOperationException"
_INCLUDE_VOID = ("Payment", "SalesReceipt", "BillPayment")
_REQUEST_ID = {True: 36, False: 50}


def serve(company: Company, request: Request, parts: list[str]) -> Body:
    """The JSON body of an answer, without its time. Raises FaultError; UnknownPathError."""
    if not parts:
        raise errors.UnknownPathError(request.path)
    if request.method == "POST" and parts[0] != "query":
        return _once(company, request, parts)
    if request.method not in ("GET", "POST"):
        raise errors.UnknownPathError(request.path)
    return _read(company, request, parts)


def kind_of(method: str, parts: list[str]) -> str:
    """What sort of call a path is, for the call log and the limits."""
    fixed = {"query": "query", "cdc": "cdc", "batch": "batch", "reports": "report", "upload": "attachment",
             "download": "attachment"}  # fmt: skip
    return fixed.get(parts[0] if parts else "", "write" if method == "POST" else "read")


def _read(company: Company, request: Request, parts: list[str]) -> Body:
    match parts:
        case ["query"]:
            text = request.args.get("query") or request.get_data(as_text=True)
            if not text.strip():
                raise errors.query_parser("the query is empty")
            return {"QueryResponse": querying.run(company, text)}
        case ["cdc"]:
            names, since = request.args.get("entities", ""), request.args.get("changedSince", "")
            if not names or not since:
                raise errors.missing("changedSince" if names else "entities")
            return querying.capture(company, names, since)
        case ["reports", name]:
            return reports.build(company, name, request.args.to_dict())
        case ["preferences"]:
            return {"Preferences": company.read("Preferences", "1").body}
        case ["companyinfo", _]:
            return {"CompanyInfo": company.read("CompanyInfo", "1").body}
        case ["exchangerate"]:
            return _exchange_rate(company, request)
        case [path, key] if path in BY_PATH:
            entity = BY_PATH[path]
            return {
                entity.name: render(company, querying.named(company, entity, key) or company.read(entity.name, key))
            }
    raise errors.UnknownPathError(request.path)


def _exchange_rate(company: Company, request: Request) -> Body:
    code = request.args.get("sourcecurrencycode", "").upper()
    if not code:
        raise errors.missing("sourcecurrencycode")
    day = request.args.get("asofdate") or company.today.isoformat()
    rate = Decimal(1) if code == company.home else posting.rate_on(company, code, day)
    body = {"SourceCurrencyCode": code, "TargetCurrencyCode": company.home, "Rate": rate, "AsOfDate": day}
    meta = {"LastUpdatedTime": pacific(company.now)}
    return {"ExchangeRate": {**body, "MetaData": meta, "domain": "QBO", "sparse": False}}


def _once(company: Company, request: Request, parts: list[str]) -> Body:
    """Run a write; with a requestid seen before, give the first answer again."""
    request_id = request.args.get("requestid")
    if not request_id:
        return _write(company, request, parts)
    limit = _REQUEST_ID[parts == ["batch"]]
    if len(request_id) > limit:
        raise errors.FaultError("2130", "Invalid Request Id", f"requestid is longer than {limit} characters")
    first = company.store.get("_request", request_id)
    if first is not None:
        request.environ["sandbox.replayed"] = True
        return dict(first.body)
    with company.store.transaction():
        body = _write(company, request, parts)
        if "Fault" not in body:
            kept = {**body, "time": pacific(company.now, milliseconds=True)}
            company.store.put(Record("_request", request_id, kept, int(company.now), int(company.now)))
            return kept
    return body


def payload_of(request: Request) -> Body:
    """The JSON object sent. Raises 2010."""
    try:
        body: Any = wire.parse(request.get_data())
    except wire.MalformedJsonError as error:
        raise errors.malformed() from error
    if not isinstance(body, dict):
        raise errors.malformed()
    return body


def _write(company: Company, request: Request, parts: list[str]) -> Body:
    match parts:
        case ["batch"]:
            return run_batch(company, payload_of(request))
        case ["taxservice", "taxcode"]:
            return taxes.tax_service(company, payload_of(request))
        case ["upload"]:
            return files.upload(company, request)
        case [path, key, "send"] if path in BY_PATH:
            return _send(company, BY_PATH[path], key, request.args.get("sendTo"))
        case [path] if path in BY_PATH:
            return change(company, BY_PATH[path], payload_of(request), request.args.to_dict())
    raise errors.UnknownPathError(request.path)


def change(company: Company, entity: Entity, payload: Body, options: dict[str, str]) -> Body:
    """Create, update, delete or void one entity as the query parameters say."""
    # Bodies may arrive wrapped in their entity's name, as the SDKs of other languages send them.
    inner = payload.get(entity.name)
    if isinstance(inner, dict) and len(payload) == 1:
        payload = inner
    operation = options.get("operation", "").lower()
    if operation == "delete":
        return {entity.name: writing.remove(company, entity, payload)}
    if operation == "void":
        return _void(company, entity, payload)
    if options.get("include", "").lower() == "void":
        if entity.name not in _INCLUDE_VOID:
            raise errors.unsupported_operation("void")
        return _rendered(company, entity, writing.void(company, entity, payload))
    if operation not in ("", "update", "create"):
        raise errors.unsupported_operation(operation)
    return _rendered(company, entity, writing.save(company, entity, payload))


def _void(company: Company, entity: Entity, payload: Body) -> Body:
    """`operation=void`: invoices only; bills and journal entries fail in their own strange ways."""
    match entity.name:
        case "Invoice":
            return _rendered(company, entity, writing.void(company, entity, payload))
        case "Bill":
            return {"Fault": errors.system_failure(_SYSTEM_FAILURE).as_fault()}
        case "JournalEntry":
            return {"BatchItemResponse": []}
    raise errors.unsupported_operation("void")


def _rendered(company: Company, entity: Entity, record: Record) -> Body:
    return {entity.name: render(company, record)}


def _send(company: Company, entity: Entity, key: str, address: str | None) -> Body:
    """Mark a sales form as e-mailed. Raises 500 for what cannot be sent, 2210 without an address."""
    record = company.read(entity.name, key)
    if "EmailStatus" not in record.body:
        raise errors.unsupported_operation("send")
    target = address or (record.body.get("BillEmail") or {}).get("Address")
    if not target or "@" not in target:
        raise errors.bad_value("2210", "Invalid Email Address Format", "sendTo", target)
    payload = {"Id": key, "SyncToken": record.body["SyncToken"], "sparse": True}
    email = {"EmailStatus": "EmailSent", "BillEmail": {"Address": target}}
    return _rendered(company, entity, writing.save(company, entity, {**payload, **email}))
