"""Zoho's refusals: a number and a sentence. Codes and texts that no source shows are marked."""

from integrations.sandbox.books.errors import BooksError


class ZohoError(Exception):
    """A refusal: {"code", "message"} with a status; the code, not the status, is what counts."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def not_found(label: str) -> ZohoError:
    """There is no such record."""
    return ZohoError(1002, f"{label} does not exist.", 404)


def invalid_url() -> ZohoError:
    """No such address (code not verified)."""
    return ZohoError(5, "Invalid URL Passed", 404)


def malformed() -> ZohoError:
    """The body is no JSON object."""
    return ZohoError(1038, "JSON is not well formed")


def invalid_value(name: str) -> ZohoError:
    """A value of a wrong kind."""
    return ZohoError(2, f"Invalid value passed for {name}")


def missing(name: str) -> ZohoError:
    """A value that must be given (code not verified)."""
    return ZohoError(4, f"Please enter {name}.")


def refused(text: str) -> ZohoError:
    """Something the state of a record does not allow (code not verified)."""
    return ZohoError(36015, text)


def invalid_token() -> ZohoError:
    """The access token is wrong or old (code not verified)."""
    return ZohoError(14, "Invalid value passed for authtoken.", 401)


def not_authorised() -> ZohoError:
    """The scope, or the user's role, does not cover this."""
    return ZohoError(57, "You are not authorized to perform this operation", 401)


def wrong_organisation() -> ZohoError:
    """organization_id is missing or another's (code not verified)."""
    return ZohoError(6041, "This user is not associated with the CompanyID/CompanyName:-1.")


_LIMITS = {
    "minute": (44, "For security reasons you have been blocked for some time as you have exceeded the maximum number "
                   "of requests per minute that can be made from one account."),
    "day": (45, "You have exceeded the maximum number of API requests that can be made in a day."),
}  # fmt: skip


def over_limit(name: str) -> ZohoError:
    """Too many calls: in a minute, in a day, or at once (texts not verified)."""
    code, text = _LIMITS.get(name, (1070, "You have exceeded the maximum number of concurrent requests."))
    return ZohoError(code, text, 429)


_WORDS = {
    # The numbers of these refusals are in no source; their sentences follow Zoho's style.
    "missing": (4, "Please enter a valid value for {field}."),
    "invalid_reference": (2, "Invalid value passed for {field}"),
    "inactive_reference": (1061, "{message}"),
    "unbalanced": (11020, "Please ensure that the debits and credits are equal."),
    "period_closed": (
        1059,
        "You cannot create or edit transactions on or before {closed_through}, as they are locked.",
    ),
    "settled": (36023, "This cannot be changed or deleted as payments or credits are associated with it."),
    "over_applied": (36012, "The amount applied is more than the balance of the transaction."),
    "wrong_party": (36013, "The transaction belongs to another contact."),
    "wrong_currency": (36014, "The currency differs from that of the transaction."),
    "wrong_account_type": (11003, "The account cannot be used in this transaction."),
    "duplicate_number": (1001, "This number has been associated with another transaction already."),
    "duplicate_name": (3062, "The name {value} already exists. Please specify a different name."),
    "invalid_tax": (11011, "The tax is not valid."),
    "in_use": (3027, "This is used in transactions and cannot be deleted. You may mark it as inactive."),
    "status": (36015, "{message}"),
}


def translated(error: BooksError) -> ZohoError:
    """A refusal of the books in Zoho's words."""
    if error.code == "not_found":
        return not_found(str(error.facts.get("kind", "Resource")).replace("_", " ").capitalize())
    code, text = _WORDS.get(error.code, (2, "{message}"))
    return ZohoError(code, text.format_map({"field": error.field, "message": error.message, "value": "",
                                            "closed_through": "", **error.facts}))  # fmt: skip
