"""The XML gateway: sender, user or session, then function after function."""

import traceback
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from integrations.sandbox.books.errors import BooksError
from integrations.sandbox.books.store import Record
from integrations.sandbox.calls import Call
from integrations.sandbox.faces import Organisation
from integrations.sandbox.sage_intacct import envelopes, errors, functions, limits
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import Asked, Control, Function, MalformedXmlError, leaf, node
from integrations.sandbox.sage_intacct.errors import Detail, SageError
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.sage_intacct.sessions import LIFE, Session

if TYPE_CHECKING:
    from integrations.sandbox.sage_intacct.face import SageIntacctFace

AT_ONCE = 2
"""Calls of one company at the same time (a third party's number)."""
_DONE = "gateway_function"
"""The table of control ids that may not come again."""
_WRONG_PASSWORD = "wrong"  # noqa: S105
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

# XL03000006 and XL03000009 are seen with these sentences; XL03000003, XL03000012 and the number of _BUSY are not.
_MALFORMED = Detail("", number="XL03000003", description="Invalid request", correction="Check the request.")
_SENDER = Detail("Incorrect Intacct XML Partner ID or password.", number="XL03000006")
_USER = Detail("Sign-in information is incorrect", number="XL03000006")
_UNAUTHORISED = Detail(
    "The sender ID '{sender}' is not authorized to make Web Services requests to company ID '{company}'.",
    number="XL03000006", description="Invalid Web Services Authorization",
    correction="Contact the company administrator to grant Web Services authorization to this sender ID.",
)  # fmt: skip
_SESSION = Detail("The session is not valid or has ended.", number="invalidRequest", description="Invalid session",
                  correction="Sign in again.")  # fmt: skip
_ROLLED_BACK = Detail("The entire transaction in this operation has been rolled back due to an error.",
                      number="XL03000009")  # fmt: skip
_BUSY = Detail("Too many operations. Please Try Again Later.", number="GW-0010", description="Too many operations",
               correction="Please Try Again Later")  # fmt: skip
_CRASHED = Detail("An internal error occurred.", number="GW-0001", description="Internal error")


class _RefusedError(Exception):
    """The request is not let in: the whole of the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def identify(face: "SageIntacctFace", request: Request, call: Call) -> None:
    """The company that a request is about, for the call log and the faults."""
    try:
        asked = envelopes.parse(request.get_data())
    except MalformedXmlError:
        return
    session = face.sessions.find(asked.session) if asked.session else None
    call.org = session.company if session else asked.login.company if asked.login else None
    names = {each.name for each in asked.functions}
    call.kind = "oauth" if names == {"getAPISession"} else "read" if names <= functions.READING else "write"


def revoke(face: "SageIntacctFace", request: Request) -> None:
    """End the session of a request, as the ledger may at any time."""
    try:
        face.sessions.close(envelopes.parse(request.get_data()).session or "")
    except MalformedXmlError:
        return


def serve(face: "SageIntacctFace", request: Request, call: Call) -> Response:
    """POST /ia/xml/xmlgw.phtml."""
    try:
        asked = envelopes.parse(request.get_data())
    except MalformedXmlError as error:
        detail = Detail(str(error), number=_MALFORMED.number, description=_MALFORMED.description,
                        correction=_MALFORMED.correction)  # fmt: skip
        return _failed(Control(), detail, 400)
    control = asked.control
    try:
        _check_sender(face, control)
        session, organisation = _let_in(face, asked)
    except _RefusedError as refusal:
        return refusal.response
    call.org = session.company
    with face.gateway_limits.admitted(call, session.company, "") as refused:
        if refused is not None:
            return _failed(control, _BUSY, 429)
        return _answered(face, request, asked, session, organisation)


def _check_sender(face: "SageIntacctFace", control: Control) -> None:
    if face.clients.get(control.sender) != control.password or not control.password:
        raise _RefusedError(_failed(control, _SENDER))


def _let_in(face: "SageIntacctFace", asked: Asked) -> tuple[Session, Organisation]:
    """The session that goes on, or one for this request alone. Raises _RefusedError."""
    if asked.session is not None:
        session = face.sessions.find(asked.session)
        if session is None:
            raise _RefusedError(_failed(asked.control, _SESSION, 400))
    elif asked.login is not None:
        login = asked.login
        session = Session("", login.company, login.user, login.location or "", asked.control.sender,
                          face.clock.scaled() + LIFE)  # fmt: skip
    else:
        raise _RefusedError(_unauthenticated(asked, _USER, "", ""))
    company, user = session.company, session.user
    organisation = next((each for each in face.organisations() if each.external_org_id == company), None)
    is_known = asked.login is None or (user and asked.login.password not in ("", _WRONG_PASSWORD))
    if organisation is None or not is_known:
        raise _RefusedError(_unauthenticated(asked, _USER, user, company))
    if not face.authorised(organisation):
        text = _UNAUTHORISED.message.format(sender=asked.control.sender, company=company)
        detail = replace(_UNAUTHORISED, message=text)
        raise _RefusedError(_unauthenticated(asked, detail, user, company))
    books = face.books(organisation)
    if session.entity and books.named(BY_PATH["company-config/entity"], session.entity) is None:
        detail = Detail(f"The location '{session.entity}' is invalid.", number="XL03000006")
        raise _RefusedError(_unauthenticated(asked, detail, user, company))
    return session, organisation


def _answered(face: "SageIntacctFace", request: Request, asked: Asked, session: Session, organisation: Organisation
              ) -> Response:  # fmt: skip
    books = Books(organisation, face.clock, session.entity)
    opened = partial(face.sessions.open, session.company, session.user, client=asked.control.sender)
    desk = Desk(books, request.base_url, opened)
    with books.store.lock:
        results = (
            _all_or_none(desk, asked) if asked.is_atomic else [_one(desk, asked, each) for each in asked.functions]
        )
        limits.count(books.company, sum(each != "getAPISession" for each in (one.name for one in asked.functions)))
    operation = node("operation", _authentication(face, session), *results)
    return _sent(envelopes.control_block(asked.control, "success"), operation)


def _all_or_none(desk: Desk, asked: Asked) -> list[str]:
    """Every function in one transaction; the first that fails undoes those before it."""
    done: list[str] = []
    failed: SageError | None = None
    try:
        with desk.books.store.transaction():
            for each in asked.functions:
                done.append(_success(each, _run(desk, asked, each)))
    except SageError as error:
        failed = error
    if failed is None:
        return done
    place = len(done)
    return [_failure(asked, each, failed, _ROLLED_BACK) if number == place else _aborted(each)
            for number, each in enumerate(asked.functions)]  # fmt: skip


def _one(desk: Desk, asked: Asked, function: Function) -> str:
    try:
        with desk.books.store.transaction():
            return _success(function, _run(desk, asked, function))
    except SageError as error:
        return _failure(asked, function, error)


def _run(desk: Desk, asked: Asked, function: Function) -> Result:
    """One function, once where the sender wants that. Raises SageError."""
    key = f"{asked.control.sender}:{function.id}"
    if asked.control.is_unique and desk.books.store.get(_DONE, key):
        text = f"A function with the control ID '{function.id}' was already processed."
        raise errors.business(text, number="XL03000012", description="Duplicate control ID",
                              correction="Use another controlid, or set uniqueid to false.")  # fmt: skip
    try:
        result = functions.run(desk, function)
    except BooksError as error:
        raise errors.translated(error) from error
    except _FAILURES as problem:
        # A function of the wrong shape can fail anywhere below.
        traceback.print_exception(problem)
        raise SageError(_CRASHED.message, _CRASHED, status=500) from problem
    if asked.control.is_unique and function.name not in functions.READING:
        now = int(desk.books.company.moment)
        desk.books.store.put(Record(_DONE, key, {}, now, now))
    return result


# Answers


def _authentication(face: "SageIntacctFace", session: Session) -> str:
    now = face.clock.wall()
    timeout = now + max(0.0, session.expires - face.clock.scaled())
    values = {
        "status": "success",
        "userid": session.user,
        "companyid": session.company,
        "locationid": session.entity,
        "sessiontimestamp": _moment(now),
        "sessiontimeout": _moment(timeout),
    }
    return node("authentication", envelopes.leaves(dict(values)))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _success(function: Function, result: Result) -> str:
    return node("result", leaf("status", "success"), leaf("function", function.name),
                leaf("controlid", function.id), result.xml)  # fmt: skip


def _failure(asked: Asked, function: Function, error: SageError, *more: Detail) -> str:
    """The telling entry first, then what came of it."""
    details = [*functions.details_of(function, error), *more]
    empty = node("data", listtype="objects", count="0") if function.name in functions.GENERIC_WRITES else ""
    return node("result", leaf("status", "failure"), leaf("function", function.name),
                leaf("controlid", function.id), empty,
                envelopes.errors_of(details, is_detailed=asked.control.is_detailed))  # fmt: skip


def _aborted(function: Function) -> str:
    return node("result", leaf("status", "aborted"), leaf("function", function.name), leaf("controlid", function.id),
                envelopes.errors_of([_ROLLED_BACK], supported=False))  # fmt: skip


def _failed(control: Control, detail: Detail, status: int = 200) -> Response:
    return _sent(
        envelopes.control_block(control, "failure"), envelopes.errors_of([detail], supported=False), status=status
    )


def _unauthenticated(asked: Asked, detail: Detail, user: str, company: str) -> Response:
    told = node("authentication", leaf("status", "failure"), leaf("userid", user), leaf("companyid", company))
    operation = node("operation", told, envelopes.errors_of([detail], supported=False))
    return _sent(envelopes.control_block(asked.control, "success"), operation)


def _sent(*inside: str, status: int = 200) -> Response:
    return Response(envelopes.document(*inside), status, content_type="text/xml; charset=UTF-8")
