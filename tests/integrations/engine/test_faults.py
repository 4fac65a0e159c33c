"""Errors as QuickBooks sends them, and what they mean here."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from integrations.engine import errors, faults
from tests.integrations.engine.company import Company, fault, said

INACTIVE = (
    "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, "
    "customers, items, vendors or employees."
)

CASES = [
    (fault("610", "Object Not Found : Another user has deleted this transaction."), errors.RejectedError, "not_found"),
    (fault("610", INACTIVE), errors.RejectedError, "inactive_reference"),
    (fault("5010", "Stale Object Error"), errors.RejectedError, "stale"),
    (fault("6210", "The account period has closed"), errors.RejectedError, "period_closed"),
    (fault("6200"), errors.RejectedError, "period_closed"),
    (fault("6140", "DocNumber=1001"), errors.RejectedError, "duplicate_number"),
    (fault("6240"), errors.RejectedError, "duplicate_name"),
    (fault("2500", "Accounts element id 7 not found"), errors.RejectedError, "invalid_reference"),
    (fault("6000", "You must set a transaction amount."), errors.RejectedError, "business_rule"),
    (
        fault("6000", "Make sure all your transactions have a VAT rate before you save."),
        errors.RejectedError,
        "invalid_tax",
    ),
    (fault("6190", "Subscription period has ended"), errors.ConfigurationError, "subscription_lapsed"),
    (fault("5020", status=403), errors.PermissionMissing, "permission_missing"),
    (fault("120", status=403), errors.PermissionMissing, "permission_missing"),
    (fault("003001", status=403), errors.RateLimited, "rate_limited"),
    (fault("3001", status=429), errors.RateLimited, "rate_limited"),
    (fault("10000", status=500), errors.LedgerUnavailable, "ledger_unavailable"),
    (fault("10000", "UnsupportedOperationException", status=200), errors.RejectedError, "unsupported"),
    (fault("500", "Operation void is not supported."), errors.RejectedError, "unsupported"),
    (fault("99999", "Something new"), errors.RejectedError, "refused"),
    (
        said({"fault": {"error": [{"code": "3100", "message": "message=ApplicationAuthorizationFailed"}]}}, 403),
        errors.ReauthorizationNeeded,
        "wrong_company",
    ),
    (said({"error": "invalid_grant"}, 400), errors.ReauthorizationNeeded, "reauthorization_needed"),
    (said({"error": "invalid_client"}, 401), errors.ConfigurationError, "bad_client"),
    (httpx.Response(413, text="too large"), errors.RejectedError, "too_large"),
    (httpx.Response(429, text=""), errors.RateLimited, "rate_limited"),
    (httpx.Response(404, text="Not Found"), errors.RejectedError, "not_found"),
]


@pytest.mark.parametrize(("answer", "kind", "code"), CASES, ids=[f"{case[2]}-{n}" for n, case in enumerate(CASES)])
def test_an_error_of_the_ledger_has_a_class_a_code_a_cause_and_a_remedy(
    answer: httpx.Response, kind: type[errors.IntegrationError], code: str
) -> None:
    copy = httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    with pytest.raises(errors.IntegrationError) as caught:
        Company(lambda request: copy).ledger.read("invoices", "1")
    error = caught.value
    assert type(error) is kind
    assert error.code == code
    assert error.message
    assert error.remedy
    assert error.who_can_fix
    assert error.as_dict()["kind"] == kind.__name__


def test_the_ledgers_own_words_and_the_field_are_kept() -> None:
    with pytest.raises(errors.RejectedError) as caught:
        Company([fault("2020", "Required parameter PaymentType is missing", element="PaymentType")]).ledger.read(
            "bills", "1"
        )
    assert caught.value.field == "PaymentType"
    assert caught.value.ledger_message == "Refused: Required parameter PaymentType is missing"


@pytest.mark.parametrize(("text", "seconds"), [("12", 12.0), ("0", 0.0), ("soon", None), ("", None), (None, None)])
def test_retry_after_is_a_number_of_seconds(text: str | None, seconds: float | None) -> None:
    assert faults.retry_after(text) == seconds


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (faults.retry_after(later) or 0) <= 90
