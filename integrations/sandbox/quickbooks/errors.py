"""QuickBooks' refusals, in its own words and codes."""

from integrations.sandbox.wire import Body


class FaultError(Exception):
    """One `Fault` entry; `status` is the HTTP status it travels with, `kind` the fault's type."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str,
        *,
        element: str | None = "",
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code = code
        self.message = message
        self.detail = detail
        self.element = element
        self.status = status
        self.kind = kind

    def as_fault(self) -> Body:
        """The `Fault` object of an application error."""
        error: Body = {"Message": self.message, "Detail": self.detail, "code": self.code}
        if self.element is not None:
            error["element"] = self.element
        return {"Error": [error], "type": self.kind}


class UnknownPathError(LookupError):
    """No such address: QuickBooks answers 404 without a fault."""


INACTIVE = (
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def missing(field: str) -> FaultError:
    """2020: a required parameter was not sent."""
    return FaultError(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {field} is missing in the request",
        element=field,
    )


def unsupported_property(name: str) -> FaultError:
    """2010: a property nobody knows."""
    detail = f"Property Name:{name} : failed to parse json object; a property specified is unsupported or invalid"
    return FaultError("2010", "Request has invalid or unsupported property", detail, element=None)


def malformed() -> FaultError:
    """2010: the body is not a JSON object."""
    detail = "Property Name:failed to parse json object; a property specified is unsupported or invalid"
    return FaultError("2010", "Request has invalid or unsupported property", detail, element=None)


def not_found(detail: str = "Object Not Found : Another user has deleted this transaction.") -> FaultError:
    """610: unknown, deleted or inactive."""
    return FaultError("610", "Object Not Found", detail)


def inactive() -> FaultError:
    """610: something referred to was made inactive."""
    return not_found(INACTIVE)


def invalid_reference(kind: str, key: str, element: str) -> FaultError:
    """2500: a reference leads nowhere; kind is Accounts, Names, Klasses, Depts, Items …"""
    detail = f"Invalid Reference Id : {kind} element id {key} not found"
    return FaultError("2500", "Invalid Reference Id", detail, element=element)


def stale(other: str) -> FaultError:
    """5010: the SyncToken is not the current one."""
    detail = (
        f"Stale Object Error : You and {other} were working on this at the same time. "
        f"{other} finished before you did, so your work was not saved."
    )
    return FaultError("5010", "Stale Object Error", detail)


def business(text: str) -> FaultError:
    """6000: a rule of the books says no."""
    message = "A business validation error has occurred while processing your request"
    return FaultError("6000", message, f"Business Validation Error: {text}")


def duplicate_name(kind: str) -> FaultError:
    """6240: names are unique."""
    detail = (
        f"The name supplied already exists. : Another {kind} is already using this \nname. Please use a different name."
    )
    return FaultError("6240", "Duplicate Name Exists Error", detail)


def duplicate_number(number: str, entity: str, key: str) -> FaultError:
    """6140: document numbers of sales forms are unique."""
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to TxnType={entity} with TxnId={key}"
    )
    return FaultError("6140", "Duplicate Document Number Error", detail)


def closed_period() -> FaultError:
    """6210: dated on or before the closing date."""
    return FaultError(
        "6210",
        "Account Period Closed, Cannot Update Through Services API",
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


def deposited() -> FaultError:
    """6540: part of a deposit."""
    return FaultError(
        "6540",
        "Deposited Transaction cannot be changed",
        "This transaction has been deposited. If you want to change or delete it, "
        "you must edit the deposit it appears on and remove it first.",
    )


def wrong_amount(supplied: str) -> FaultError:
    """6070: Amount is not Qty times UnitPrice."""
    message = "Amount is not equal to UnitPrice * Qty"
    return FaultError("6070", message, f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}")


def too_long(field: str, limit: int, length: int) -> FaultError:
    """2050: text longer than the field."""
    message = "String length is either shorter or longer than supported by specification"
    detail = f"String length specified does not match the supported length. Min:0 Max:{limit} supported. "
    return FaultError("2050", message, f"{detail}Supplied length:{length}", element=field)


def bad_value(code: str, message: str, field: str, value: object) -> FaultError:
    """2060–2170: a value of the wrong form."""
    return FaultError(code, message, f"{message} : {value}", element=field)


def unsupported_operation(operation: str) -> FaultError:
    """500: this entity has no such operation."""
    detail = f"Operation {operation} is not supported."
    return FaultError("500", "Unsupported Operation", detail, element="Operation")


def query_parser(text: str) -> FaultError:
    """4000: the query cannot be read."""
    return FaultError("4000", "Error parsing query", f"QueryParserError: {text}", element=None)


def query_validation(text: str) -> FaultError:
    """4001: the query can be read but not run."""
    return FaultError("4001", "Invalid query", f"QueryValidationError: {text}", element=None)


def throttled() -> FaultError:
    """3001 with HTTP 429."""
    return FaultError(
        "3001",
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "The request limit was reached.  Try again later",
        element=None,
        status=429,
        kind="SERVICE",
    )


def system_failure(detail: str, status: int = 500) -> FaultError:
    """10000: QuickBooks itself failed."""
    message = "An application error has occurred while processing your request"
    return FaultError("10000", message, detail, element="SystemFailureError", status=status, kind="SystemFault")
