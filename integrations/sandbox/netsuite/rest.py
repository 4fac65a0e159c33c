"""The REST services of one account: records, SuiteQL, jobs, system."""

import re
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.sandbox import wire
from integrations.sandbox.books.store import Record
from integrations.sandbox.netsuite import catalog, errors, files, filters, forms, jobs, paging, properties, writing
from integrations.sandbox.netsuite.books import Books
from integrations.sandbox.netsuite.jobs import Jobs
from integrations.sandbox.netsuite.kinds import RECORD_TYPES, RecordType
from integrations.sandbox.netsuite.suiteql import querying
from integrations.sandbox.netsuite.suiteql.database import Database
from integrations.sandbox.wire import Body

_RESOURCE = "application/vnd.oracle.resource+json; type={}"
_BATCH_MOST = 100
LIMIT = 5
"""Calls at once in an account without SuiteCloud Plus."""


@dataclass(frozen=True)
class Service:
    """What a request is served from."""

    books: Books
    database: Database
    jobs: Jobs

    def answer(self, request: Request, parts: list[str]) -> Response:
        """The answer below /services/rest; asynchronous where the request prefers so. Raises NetSuiteError."""
        prefers = request.headers.get("Prefer", "").lower()
        if "respond-async" in prefers and parts[:2] == ["record", "v1"]:
            return self._deferred(request, parts)
        return self._now(request, parts)

    def _now(self, request: Request, parts: list[str]) -> Response:
        match parts:
            case ["query", "v1", "suiteql"]:
                if request.method != "POST":
                    raise errors.method()
                return _json(querying.run(self.database, request), "collection")
            case ["system", "v1", name] if request.method == "GET":
                return self._system(name)
            case ["async", "v1", "job", number, *rest] if request.method == "GET":
                return self._job(request, number, rest)
            case ["record", "v1", "metadata-catalog", *rest] if request.method == "GET":
                return catalog.answer(self.books, request, rest)
            case ["record", "v1", name, *rest]:
                return self._record(request, _type(self.books, name), rest)
        raise errors.NetSuiteError("The requested resource was not found.", "NOT_FOUND", 404)

    def _system(self, name: str) -> Response:
        if name == "serverTime":
            return _json({"serverTime": self.books.now()}, "singular")
        if name != "governanceLimits":
            raise errors.NetSuiteError("The requested resource was not found.", "NOT_FOUND", 404)
        most = int(self.books.settings.get("concurrency") or LIMIT)
        return _json({
            "accountConcurrencyLimit": most, "accountUnallocatedConcurrencyLimit": most,
            "integrationConcurrencyLimit": most, "integrationLimitType": "accountLimit",
        }, "singular")  # fmt: skip

    def _deferred(self, request: Request, parts: list[str]) -> Response:
        key = request.headers.get("X-NetSuite-Idempotency-Key", "")
        account = self.books.account
        begun = self.jobs.begun(account, key)
        if begun:
            error = errors.NetSuiteError("The request with this idempotency key was already sent.", "IDEMPOTENCY_ERROR")
            response = refused(error, title="Conflict")
            response.headers["Location"] = f"{self.books.base}/services/rest/async/v1/job/{begun}"
            return response
        try:
            done = self._batch(request, parts[2]) if _is_batch(request) else self._now(request, parts)
        except errors.NetSuiteError as error:
            done = refused(error)
        job = self.jobs.begin(account, key, done)
        response = Response(status=202)
        response.headers["Location"] = f"{self.books.base}/services/rest/async/v1/job/{job.id}"
        response.headers["Preference-Applied"] = "respond-async"
        return response

    def _job(self, request: Request, number: str, rest: list[str]) -> Response:
        job = self.jobs.find(self.books.account, number)
        url = request.base_url
        match rest:
            case []:
                return _json(jobs.shown_job(job, url), "singular")
            case ["task"]:
                task = {"links": [{"rel": "self", "href": f"{url}/1"}], "id": "1"}
                return _json(paging.collection(request, [task], limit=1, offset=0, total=1), "collection")
            case ["task", "1"]:
                return _json(jobs.shown_task(job, url), "singular")
            case ["task", "1", "result"]:
                return job.response
        raise errors.nonexistent("task", "/".join(rest))

    def _batch(self, request: Request, name: str) -> Response:
        """Up to a hundred records, each written by itself; the result lists what became of each."""
        record_type, body = _type(self.books, name), _body(request)
        items = body.get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= _BATCH_MOST:
            raise errors.content(f"A batch holds 1 to {_BATCH_MOST} records in 'items'.", "items")
        results = [self._batched(request.method, record_type, item) for item in items]
        return _json({"items": results, "count": len(results)}, "collection")

    def _batched(self, method: str, record_type: RecordType, item: Body) -> Body:
        try:
            key = str(item.get("id") or f"eid:{item.get('externalId')}")
            given = {name: value for name, value in item.items() if name != "id"}
            if method == "POST":
                record = writing.create(self.books, record_type, given)
            elif method == "PUT":
                record = writing.upsert(self.books, record_type, str(item.get("externalId") or ""), given)
            elif method == "PATCH":
                record = writing.update(self.books, record_type, self.books.find(record_type, key), given)
            else:
                writing.delete(self.books, record_type, self.books.find(record_type, key))
                return {"status": 204}
        except errors.NetSuiteError as error:
            return error.body()
        return {"status": 204, "location": self._url(record_type, record), "id": record.id}

    def _record(self, request: Request, record_type: RecordType, rest: list[str]) -> Response:
        """One record, or a collection of them."""
        if request.method == "GET":
            return self._shown(request, record_type, rest)
        if len(rest) < 2:
            return self._written(request, record_type, rest[0] if rest else "")
        if request.method != "POST":
            raise errors.method()
        return self._performed(request, record_type, self.books.find(record_type, rest[0]), rest[1:])

    def _shown(self, request: Request, record_type: RecordType, rest: list[str]) -> Response:
        match rest:
            case []:
                return self._list(request, record_type)
            case [key]:
                return self._one(request, record_type, self.books.find(record_type, key))
            case [key, sublist]:
                return self._sublist(request, record_type, self.books.find(record_type, key), sublist)
        raise errors.method()

    def _written(self, request: Request, record_type: RecordType, key: str) -> Response:
        books = self.books
        match request.method, key:
            case "POST", "":
                made = writing.create(books, record_type, self._given(request, record_type))
            case "PATCH", _ if key:
                replaced = tuple(request.args.get("replace", "").split(","))
                given, found = self._given(request, record_type), books.find(record_type, key)
                made = writing.update(books, record_type, found, given, replaced=replaced)
            case "PUT", _ if key.startswith("eid:"):
                given = self._given(request, record_type)
                made = writing.upsert(books, record_type, key.removeprefix("eid:"), given)
            case "DELETE", _ if key:
                writing.delete(books, record_type, books.find(record_type, key))
                return Response(status=204)
            case _:
                raise errors.method()
        return self._located(record_type, made)

    def _performed(self, request: Request, record_type: RecordType, record: Record, rest: list[str]) -> Response:
        match rest:
            case ["!transform", target]:
                made = writing.transform(self.books, record, record_type, target, _body(request))
                return self._located(self.books.type_of(made), made)
            case ["!attach" | "!detach" as verb, "file", file]:
                files.hang(self.books, record, file, is_on=verb == "!attach")
                return Response(status=204)
            case [action] if action.startswith("@"):
                return self._act(record_type, record, action[1:])
        raise errors.method()

    def _given(self, request: Request, record_type: RecordType) -> Body:
        """The body of a write, its names checked as strictly as the header asks."""
        given = _body(request)
        strictness = request.headers.get("X-NetSuite-PropertyNameValidation", "Warning").lower()
        unknown = forms.unknown_names(self.books, record_type, given) if strictness == "error" else []
        if unknown:
            raise errors.content(
                f"Unknown reference or field '{unknown[0]}' in the record {record_type.name}.", unknown[0]
            )
        return given

    def _list(self, request: Request, record_type: RecordType) -> Response:
        limit, offset = paging.window(request)
        found = self.books.live(record_type)
        if request.args.get("ids"):
            wanted = set(request.args["ids"].split(","))
            found = [record for record in found if record.id in wanted]
        if request.args.get("q"):
            test = filters.compiled(request.args["q"])
            found = [each for each in found if test(forms.shown(self.books, each, record_type, with_sublists=False))]
        page = [self._listed(record_type, record) for record in found[offset : offset + limit]]
        return _json(paging.collection(request, page, limit=limit, offset=offset, total=len(found)), "collection")

    def _listed(self, record_type: RecordType, record: Record) -> Body:
        return {"links": [{"rel": "self", "href": self._url(record_type, record)}], "id": record.id}

    def _one(self, request: Request, record_type: RecordType, record: Record) -> Response:
        is_whole = request.args.get("expandSubResources", "").lower() == "true" or bool(request.args.get("expand"))
        body = forms.shown(self.books, record, record_type, with_sublists=is_whole)
        if request.args.get("fields"):
            wanted = {name.strip().lower() for name in request.args["fields"].split(",")} | {"links", "id"}
            body = {name: value for name, value in body.items() if name.lower() in wanted}
        if request.args.get("simpleEnumFormat", "").lower() == "true":
            enums = {
                each.name for each in forms.body_properties(self.books, record_type).values() if each.kind == "enum"
            }
            body = {
                name: value["id"] if name in enums and isinstance(value, dict) else value
                for name, value in body.items()
            }
        return _json(body, "singular")

    def _sublist(self, request: Request, record_type: RecordType, record: Record, name: str) -> Response:
        known = {each.lower(): each for each in properties.sublists_of(record_type.name)}
        if name.lower() not in known:
            raise errors.nonexistent(record_type.name, f"{record.id}/{name}")
        items = forms.sublist_items(self.books, record, record_type, known[name.lower()])
        page = paging.collection(request, items, limit=max(1, len(items)), offset=0, total=len(items))
        return _json(page, "collection")

    def _act(self, record_type: RecordType, record: Record, action: str) -> Response:
        """approve and reject; other actions are not simulated."""
        numbers = {"approve": "2", "reject": "3"}
        if action not in numbers or not record_type.is_transaction:
            raise errors.nonexistent(record_type.name, f"@{action}")
        writing.update(self.books, record_type, record, {"approvalStatus": {"id": numbers[action]}})
        return _json({"result": True}, "singular")

    def _url(self, record_type: RecordType, record: Record) -> str:
        return f"{self.books.base}/services/rest/record/v1/{record_type.name}/{record.id}"

    def _located(self, record_type: RecordType, record: Record) -> Response:
        response = Response(status=204)
        response.headers["Location"] = self._url(record_type, record)
        return response


def _type(books: Books, name: str) -> RecordType:
    """The record type of a path. Raises NONEXISTENT_RECORD_TYPE, also for SuiteTax's records under legacy tax."""
    found = RECORD_TYPES.get(name.lower())
    if found is None or (found.kind == "tax_rate" and not books.has_suitetax):
        raise errors.unknown_record(name)
    return found


def _is_batch(request: Request) -> bool:
    return re.search(r"type=collection", request.headers.get("Content-Type", "")) is not None


def _body(request: Request) -> Body:
    try:
        body: Any = wire.parse(request.get_data() or b"{}")
    except wire.MalformedJsonError as error:
        raise errors.content("Invalid content in the request body. It must be valid JSON.") from error
    if not isinstance(body, dict):
        raise errors.content("Invalid content in the request body. It must be a JSON object.")
    return body


def _json(body: Any, kind: str, status: int = 200) -> Response:
    return Response(wire.dump(body), status, content_type=_RESOURCE.format(kind))


def refused(error: errors.NetSuiteError, title: str = "") -> Response:
    """An error as a response."""
    body = error.body()
    if title:
        body["title"] = title
    response = _json(body, "error", error.status)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response
