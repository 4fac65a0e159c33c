"""What is taken out of an exchange before it is kept, and what stays for those who have to understand it."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine import auth, redaction
from integrations.engine.errors import IntegrationError
from integrations.engine.redaction import HIDDEN
from tests.integrations.engine.company import Company


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "client_secret", "SSN", "TaxIdentifier", "iban"])
def test_secrets_and_personal_numbers_are_hidden_wherever_they_stand(name: str) -> None:
    assert redaction.body({"a": [{"b": {name: "x", "DisplayName": "Bob"}}]}) == {
        "a": [{"b": {name: HIDDEN, "DisplayName": "Bob"}}]
    }


def test_a_manifests_own_personal_properties_are_hidden_too() -> None:
    assert redaction.body({"GSTIN": "27AAACB"}, personal=["GSTIN"]) == {"GSTIN": HIDDEN}


def test_an_errors_code_stays_readable_and_an_authorisation_code_does_not() -> None:
    assert redaction.body({"Error": [{"code": "6240"}]}) == {"Error": [{"code": "6240"}]}
    assert (
        redaction.form("grant_type=authorization_code&code=AB11") == "grant_type=authorization_code&code=%5Bhidden%5D"
    )
    assert "AB11" not in redaction.url("https://x.test/cb?code=AB11&state=s")


def test_bank_and_card_numbers_in_free_text_keep_four_signs() -> None:
    assert redaction.text("to DE89 3704 0044 0532 0130 00 by 4111 1111 1111 1111.") == "to […0 00] by […1111]."


def test_ids_and_amounts_are_not_taken_for_card_numbers() -> None:
    for text in ("5000000000000007280", "9341104736919320 of 2026-01-31", "1234567890.12", "INV-2026-000123"):
        assert redaction.text(text) == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner)))
def test_what_holds_nothing_secret_stays_as_it_is(value: object) -> None:
    assert redaction.body({"x": value}) == {"x": value}


def test_an_answer_that_broke_off_leaves_no_secret_in_the_record() -> None:
    answer = httpx.Response(
        200, content=b'{"token_type": "bearer", "access_token": "eyJhbGciOi', headers={"content-type": "text/plain"}
    )
    company = Company([answer])
    with pytest.raises(IntegrationError):
        auth.refresh(company.client, company.ledger.connector.way(), refresh_token="RT")
    (exchange,) = company.recorded.exchanges
    assert "eyJ" not in exchange.response_body
    assert "bytes" in exchange.response_body
