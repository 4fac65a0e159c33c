"""Everything below /ia/api/v1 that needs a token."""

from collections.abc import Callable
from urllib.parse import unquote

from werkzeug.wrappers import Request

from integrations.sandbox import wire
from integrations.sandbox.sage_intacct import answers as answering
from integrations.sandbox.sage_intacct import composite, errors, metadata, querying, reports, rest, workflows
from integrations.sandbox.sage_intacct.answers import Answer, Ask
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.sage_intacct.sessions import LIFE, Session
from integrations.sandbox.wire import Body

_WITH_BODY = ("POST", "PATCH")


def asked(request: Request, parts: list[str]) -> Ask:
    """The request taken apart. Raises 400 for XML and malformed JSON."""
    body = None
    if request.method in _WITH_BODY:
        if "xml" in (request.mimetype or ""):
            raise errors.gateway("GW-0014", "XML content is not supported for REST requests.", 400)
        try:
            body = wire.parse(request.get_data())
        except wire.MalformedJsonError as error:
            raise errors.invalid_request("The request body is not valid JSON.") from error
    is_atomic = request.headers.get("X-IA-API-Param-Transaction", "").casefold() == "true"
    return Ask(request.method, [unquote(each) for each in parts], request.args.to_dict(), body, is_atomic)


def serve(books: Books, ask: Ask, opened: Callable[[], Session]) -> Answer:
    """What the API answers; `opened` makes a session for the gateway. Raises SageError."""
    match [ask.method, *ask.parts]:
        case [_, "objects", *_]:
            return rest.serve(books, ask)
        case ["POST", "services", "core", "query"]:
            return querying.run(books, ask.body)
        case ["GET", "services", "core", "model"]:
            return answering.one(metadata.model(books, ask.query.get("name", "")))
        case ["POST", "services", "core", "composite"]:
            return composite.run(ask.body, lambda each: serve(books, each, opened))
        case ["GET", "services", "core", "session", "id"]:
            return answering.one({"sessionId": opened().id, "expiresIn": LIFE}, units=0)
        case ["GET", "services", "company-config", "dimensions", "list"]:
            return answering.one(metadata.dimensions(books))
        case [_, "services", "reports", *_]:
            return reports.serve(books, ask)
        case ["POST", "workflows", app, name, action] if f"{app}/{name}" in BY_PATH:
            return answering.one(workflows.run(books, BY_PATH[f"{app}/{name}"], action, _given(ask)))
    raise errors.unknown_object("/".join(ask.parts))


def _given(ask: Ask) -> Body:
    if not isinstance(ask.body, dict):
        raise errors.invalid_request("The body must be an object.")
    return ask.body
