"""Real messages held against an official OpenAPI description: what is said that it does not know is a fault."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import yaml
from jsonschema.exceptions import ValidationError
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from werkzeug.datastructures import Headers, ImmutableMultiDict

HERE = Path(__file__).resolve().parent
DATES = r"^(/Date\(-?\d+([+-]\d{4})?\)/|\d{4}-\d\d-\d\d)$"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a message breaks: `place` is `Schema.Property`, a parameter or an address; `rule` is the keyword broken."""

    side: str
    place: str
    rule: str
    operation: str = field(compare=False)
    detail: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.side} of {self.operation}: {self.place}: {self.rule}: {self.detail}"


class Sent:
    """An httpx request as openapi-core wants it; `before` is what its path has before that of the described server."""

    def __init__(self, request: httpx.Request, host_url: str, before: str) -> None:
        self.host_url = host_url
        self.path = request.url.path.removeprefix(before)
        self.method = request.method.lower()
        self.body: bytes | None = request.content or None
        self.content_type = request.headers.get("content-type", "")
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(list(request.headers.items()))
        )


class Told:
    """A webhook's call as openapi-core wants it; `name` is that of the description's webhook."""

    def __init__(self, name: str, body: bytes) -> None:
        self.name, self.method, self.content_type = name, "post", "application/json"
        self.body: bytes | None = body
        self.parameters = RequestParameters()


class Answered:
    """An httpx response as openapi-core wants it."""

    def __init__(self, response: httpx.Response) -> None:
        self.data: bytes | None = response.content
        self.status_code = response.status_code
        self.content_type = response.headers.get("content-type", "")
        self.headers = Headers(list(response.headers.items()))


def load(name: str) -> dict[str, Any]:
    """A description beside this module, YAML or gzipped YAML."""
    data = (HERE / name).read_bytes()
    found = yaml.load(gzip.decompress(data) if name.endswith(".gz") else data, Loader=_Loader)  # noqa: S506 - safe
    assert isinstance(found, dict)
    return found


class _Loader(yaml.CSafeLoader):
    """Dates in examples stay texts, as they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for sign, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class Description:
    """An OpenAPI description, read strictly: properties and parameters that it does not name are faults."""

    def __init__(self, document: dict[str, Any], *, host_url: str, before: str = "") -> None:
        """`host_url` is the host of the description's server; `before`: see Sent."""
        _without_security(document)
        for schema in document["components"]["schemas"].values():
            _with_days(schema)
        self._names = {id(schema): name for name, schema in document["components"]["schemas"].items()}
        # The descriptions themselves break OpenAPI's rules (defaults of another type); only messages are judged here.
        config = Config(additional_properties_default_policy="forbid", spec_validator_cls=None)
        self._api = OpenAPI.from_dict(document, config)
        self._finder = APICallPathFinder(self._api.spec)
        self._host_url, self._before = host_url, before

    def operation(self, request: httpx.Request) -> str:
        """The operationId of a request, or an empty text when the description has no such address."""
        found = self._found(Sent(request, self._host_url, self._before))
        return str((found.operation / "operationId").read_str()) if found else ""

    def request(self, request: httpx.Request) -> list[Fault]:
        """What is wrong with a request."""
        sent = Sent(request, self._host_url, self._before)
        found = self._found(sent)
        if found is None:
            return [Fault("request", sent.path, "address", "", f"there is no {request.method}")]
        operation = self.operation(request)
        unknown = sorted(set(sent.parameters.query) - _parameters(found))
        faults = [Fault("request", f"?{name}", "unknown", operation, sent.parameters.query[name]) for name in unknown]
        return faults + list(self._faults("request", operation, self._api.iter_request_errors(sent)))

    def answer(self, request: httpx.Request, response: httpx.Response) -> list[Fault]:
        """What is wrong with the answer to a request."""
        sent, operation = Sent(request, self._host_url, self._before), self.operation(request)
        if not operation:
            return [Fault("answer", sent.path, "address", "", f"there is no {request.method}")]
        return list(self._faults("answer", operation, self._api.iter_response_errors(sent, Answered(response))))

    def _found(self, sent: Sent) -> PathOperationServer | None:
        try:
            return self._finder.find(sent.method, f"{sent.host_url}{sent.path}")
        except PathError:
            return None

    def _faults(self, side: str, operation: str, errors: Iterable[Exception]) -> Iterator[Fault]:
        for error in errors:
            parameter = f"?{error.name}" if isinstance(error, ParameterValidationError) else ""
            known = False
            for cause in _causes(error):
                known = known or isinstance(cause, InvalidSchemaValue | ResponseNotFound | MediaTypeNotFound)
                for broken in _broken(cause):
                    yield from self._told(side, operation, parameter, broken)
                if isinstance(cause, ResponseNotFound):
                    yield Fault(side, str(cause.http_status), "status", operation, "")
                elif isinstance(cause, MediaTypeNotFound):
                    yield Fault(side, cause.mimetype, "media type", operation, str(cause.availableMimetypes))
            if not known:
                yield Fault(side, parameter or "(message)", type(error).__name__, operation, str(error)[:200])

    def _told(self, side: str, operation: str, parameter: str, error: ValidationError) -> Iterator[Fault]:
        rule, schema = str(error.validator), error.schema
        steps = [step for step in error.absolute_path if isinstance(step, str)]
        whole = self._names.get(id(schema)) or ".".join(steps)
        whole = whole if steps else "(envelope)"
        if "Additional properties" in error.message:
            assert isinstance(schema, Mapping)
            assert isinstance(error.instance, Mapping)
            for name in sorted(set(error.instance) - set(schema.get("properties", {}))):
                yield Fault(side, f"{whole}.{name}", "unknown", operation, repr(error.instance[name])[:80])
        else:
            place = parameter or (whole if rule == "required" else ".".join(steps) or "(body)")
            yield Fault(side, place, rule, operation, f"{error.instance!r:.60} {error.message[:120]}")


def _broken(cause: BaseException) -> Iterator[ValidationError]:
    """The single faults of a value that breaks its schema."""
    if isinstance(cause, InvalidSchemaValue):
        for each in cause.schema_errors:
            assert isinstance(each, ValidationError)
            yield each


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _parameters(found: PathOperationServer) -> set[str]:
    """The names that a call's query parameters may have."""
    return {
        (parameter / "name").read_str()
        for where in (found.path, found.operation)
        if "parameters" in where
        for parameter in where / "parameters"
        if (parameter / "in").read_str() == "query"
    }


def _without_security(document: dict[str, Any]) -> None:
    """Who may call is no matter of the messages' form (and openapi-core knows no OAuth)."""
    for path in document.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation.pop("security", None)


def _with_days(schema: dict[str, Any]) -> None:
    """Xero marks its dates with words of its own; in OpenAPI's words they are a pattern."""
    for declared in schema.get("properties", {}).values():
        if declared.get("x-is-msdate") or declared.get("x-is-msdate-time"):
            declared["pattern"] = DATES


def webhook_faults(document: dict[str, Any], webhook: str, body: bytes) -> list[str]:
    """What in a webhook's body does not fit; `webhook` is the name in the description."""
    errors = OpenAPI.from_dict(document).iter_webhook_request_errors(Told(webhook, body))
    causes = [cause for error in errors for cause in _causes(error)]
    return [
        f"{'.'.join(map(str, each.absolute_path))}: {each.message[:200]}" for cause in causes for each in _broken(cause)
    ] or [str(cause) for cause in causes]
