"""Refusals as NetSuite words them, for REST and for SOAP."""

from collections.abc import Mapping

from integrations.sandbox.books.money import decimal
from integrations.sandbox.wire import Body

_SECTIONS = {400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 415: "15.5.16", 500: "15.6.1"}
_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    415: "Unsupported Media Type", 429: "Too Many Requests", 500: "Internal Server Error",
}  # fmt: skip


class NetSuiteError(Exception):
    """A refusal: `code` is NetSuite's, `place` what kind of locator names it, `at` where it is."""

    def __init__(
        self, detail: str, code: str = "USER_ERROR", status: int = 400, *, at: str = "", place: str = "o:errorPath"
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.at = at
        self.place = place
        self.headers: dict[str, str] = {}

    def body(self) -> Body:
        """The REST form. The address in `type` is one of several spellings in use."""
        detail: Body = {"detail": self.detail}
        if self.at:
            detail[self.place] = self.at
        detail["o:errorCode"] = self.code
        section = _SECTIONS.get(self.status, "15.5")
        return {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}",
            "title": _TITLES.get(self.status, "Error"),
            "status": self.status,
            "o:errorDetails": [detail],
        }


def user(detail: str, at: str = "") -> NetSuiteError:
    """A business rule."""
    return NetSuiteError(f"Error while accessing a resource. {detail}", at=at)


def missing(label: str, at: str = "") -> NetSuiteError:
    """A mandatory field is empty; `label` is its name on the screen."""
    return user(f"Please enter value(s) for: {label}", at)


def invalid_reference(field: str, key: str, scope: str = "", at: str = "") -> NetSuiteError:
    """A reference to something that is not there, or not for this subsidiary or entity."""
    return user(f"Invalid {field} reference key {key}{f' for {scope}' if scope else ''}.", at or field)


def invalid_value(key: str, field: str) -> NetSuiteError:
    """A reference to something that cannot stand there, such as what is inactive."""
    return user(f"You have entered an Invalid Field Value {key} for the following field: {field.lower()}", field)


def content(detail: str, at: str = "") -> NetSuiteError:
    """The body is no JSON, or a property does not fit."""
    return NetSuiteError(detail, "INVALID_CONTENT", at=at)


def parameter(detail: str, at: str) -> NetSuiteError:
    """A query parameter that makes no sense."""
    return NetSuiteError(detail, "INVALID_PARAMETER", at=at, place="o:errorQueryParam")


def request(detail: str, header: str = "") -> NetSuiteError:
    """A request that cannot be served as it stands."""
    return NetSuiteError(detail, "INVALID_REQUEST", at=header, place="o:errorHeader")


def nonexistent(record_type: str, key: str) -> NetSuiteError:
    """No such record."""
    return NetSuiteError(
        f"The record instance does not exist. Provide a valid record instance ID: {record_type} {key}.",
        "NONEXISTENT_ID", 404, at=f"{record_type}/{key}", place="o:errorUrl",
    )  # fmt: skip


def unknown_record(name: str) -> NetSuiteError:
    """No such record type; also one that this account's features do not have."""
    return NetSuiteError(
        f"Record type '{name}' does not exist.", "NONEXISTENT_RECORD_TYPE", 404, at=name, place="o:errorUrl"
    )


def method() -> NetSuiteError:
    """The record knows no such operation."""
    return NetSuiteError("The HTTP method is not allowed for this resource.", "METHOD_NOT_ALLOWED", 405)


def login(account: str) -> NetSuiteError:
    """401, whatever was wrong with the token; the reason is told only in the audit trail."""
    error = NetSuiteError(
        "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > "
        "Users/Roles > User Management > View Login Audit Trail.",
        "INVALID_LOGIN", 401,
    )  # fmt: skip
    error.headers["WWW-Authenticate"] = (
        f'OAuth realm="{account}", error="token_rejected", error_description="Invalid login attempt."'
    )
    return error


def permission(name: str = "Transactions") -> NetSuiteError:
    """403: the role lacks a permission."""
    text = f"Permission Violation: You need the '{name}' permission to access this page."
    return NetSuiteError(text, "INSUFFICIENT_PERMISSION", 403)


def too_many() -> NetSuiteError:
    """429: the account's pool is full."""
    return NetSuiteError("Concurrent request limit exceeded. Request blocked.", "CONCURRENCY_LIMIT_EXCEEDED", 429)


PERIOD = "The transaction date you specified is not within the date range of your accounting period."
DUPLICATE = "This record already exists"
EXISTS = "A {kind} record with this name already exists. Every {kind} record must have a unique name."
DEPENDENT = "This record cannot be deleted because it has dependent records."


def plain(amount: object) -> str:
    """An amount as messages write it."""
    return f"{decimal(amount):,.2f}"


SOAP_CODES: Mapping[str, str] = {"NONEXISTENT_ID": "RCRD_DSNT_EXIST", "INVALID_CONTENT": "INVALID_FLD_VALUE"}
