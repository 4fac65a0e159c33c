"""A failure as a row keeps it: what happened, what to do, who can do it, and the ledger's own words."""

from typing import Any

from integrations.engine.errors import IntegrationError

NO_ERROR: dict[str, Any] = {"error_code": "", "error": {}}


def as_dict(error: IntegrationError) -> dict[str, Any]:
    """The JSON of an `error` column: code, message, remedy, who_can_fix, and what the ledger said where it is known."""
    return {name: value for name, value in error.as_dict().items() if value is not None}


def columns(error: IntegrationError) -> dict[str, Any]:
    """The two error columns of a work row."""
    return {"error_code": error.code[:60], "error": as_dict(error)}


def of_bug(error: Exception) -> dict[str, Any]:
    """The error columns for a mistake of ours: no detail that could hold a secret, but what to do."""
    return {
        "error_code": "portal_bug",
        "error": {
            "kind": type(error).__name__,
            "code": "portal_bug",
            "message": "The portal made a mistake while it worked on this.",
            "remedy": "Report it with the time and this page's address; replay it after an update.",
            "who_can_fix": "operator of the portal",
        },
    }
