"""Consent and tokens in several data centres."""

from werkzeug.test import Client

from tests.sandbox.driver import CALLBACK, control
from tests.sandbox.zoho_books.driver import SMALL, Zoho, connect, consent, exchanged, token


def test_the_callback_tells_where_the_organisation_lives(zoho: Zoho) -> None:
    told = consent(zoho.client, zoho.org)
    assert told["location"] == "eu"
    assert told["accounts-server"].endswith("/zoho_books/eu")
    issued = exchanged(zoho.client, told["code"])
    assert issued["api_domain"].endswith("/zoho_books/eu")
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)


def test_tokens_are_known_in_their_own_data_centre_only(zoho: Zoho) -> None:
    code = consent(zoho.client, zoho.org)["code"]
    assert exchanged(zoho.client, code, "in") == {"error": "invalid_code"}
    path = f"/zoho_books/in/books/v3/items?organization_id={zoho.org}"
    answer = zoho.client.get(path, headers={"Authorization": f"Zoho-oauthtoken {zoho.token}"})
    assert answer.status_code == 401


def test_an_american_and_a_british_organisation_are_not_in_one_consent(zoho: Zoho) -> None:
    american = connect(zoho.client, name="US", country="US", currency="USD")
    listed = american.get("organizations")["organizations"]
    assert [row["organization_id"] for row in listed] == [american.org]


def test_a_refresh_token_stays_and_is_not_sent_again(zoho: Zoho) -> None:
    for _ in range(2):
        renewed = token(zoho.client, grant_type="refresh_token", refresh_token=zoho.refresh)
        assert "refresh_token" not in renewed
        zoho.token = renewed["access_token"]
        assert zoho.get("items")["items"]


def test_without_offline_access_there_is_no_refresh_token(zoho: Zoho) -> None:
    issued = exchanged(zoho.client, consent(zoho.client, zoho.org, access_type="online")["code"])
    assert "refresh_token" not in issued


def test_agreeing_again_without_prompt_gives_no_refresh_token(zoho: Zoho) -> None:
    issued = exchanged(zoho.client, consent(zoho.client, zoho.org, prompt="none")["code"])
    assert "refresh_token" not in issued


def test_token_errors_have_status_200(zoho: Zoho) -> None:
    assert exchanged(zoho.client, "1000.never") == {"error": "invalid_code"}
    code = consent(zoho.client, zoho.org)["code"]
    wrong = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_secret": "guess"}
    assert token(zoho.client, **wrong) == {"error": "invalid_client"}


def test_a_code_works_once(zoho: Zoho) -> None:
    code = consent(zoho.client, zoho.org)["code"]
    assert "access_token" in exchanged(zoho.client, code)
    assert exchanged(zoho.client, code) == {"error": "invalid_code"}


def test_the_21st_refresh_token_silently_ends_the_oldest(zoho: Zoho) -> None:
    for _ in range(20):
        exchanged(zoho.client, consent(zoho.client, zoho.org)["code"])
    answer = token(zoho.client, grant_type="refresh_token", refresh_token=zoho.refresh)
    assert answer == {"error": "invalid_code"}


def test_too_many_refreshes_in_a_minute_are_refused(zoho: Zoho) -> None:
    answers = [token(zoho.client, grant_type="refresh_token", refresh_token=zoho.refresh) for _ in range(6)]
    assert answers[-1] == {"error": "access_denied"}
    control(zoho.client, "/_control/clock", {"seconds": 61})
    assert "access_token" in token(zoho.client, grant_type="refresh_token", refresh_token=zoho.refresh)


def test_access_tokens_live_an_hour(zoho: Zoho) -> None:
    control(zoho.client, "/_control/clock", {"seconds": 3600})
    assert zoho.refused("GET", "items") == (401, 14)


def test_a_revoked_consent_is_over(zoho: Zoho) -> None:
    zoho.client.post("/zoho_books/oauth/v2/token/revoke", query_string={"token": zoho.refresh})
    assert zoho.refused("GET", "items") == (401, 14)


def test_scopes_decide_what_may_be_done(zoho: Zoho) -> None:
    code = consent(zoho.client, zoho.org, scope="ZohoBooks.invoices.READ,ZohoBooks.settings.READ")["code"]
    zoho.token = exchanged(zoho.client, code)["access_token"]
    assert zoho.get("invoices")["invoices"] == []
    assert zoho.refused("GET", "bills") == (401, 57)
    assert zoho.refused("POST", "invoices", {}) == (401, 57)


def test_a_person_sees_a_page_and_may_refuse(sandbox: Client) -> None:
    control(sandbox, "/_control/organisations", {"ledger": "zoho_books", "name": "Seen Ltd", **SMALL})
    query = {"client_id": "sandbox-client", "response_type": "code", "scope": "ZohoBooks.fullaccess.all",
             "redirect_uri": CALLBACK, "access_type": "offline"}  # fmt: skip
    page = sandbox.get("/zoho_books/oauth/v2/auth", query_string=query)
    assert "Seen Ltd" in page.get_data(as_text=True)
    back = sandbox.post("/zoho_books/oauth/v2/auth", data={**query, "decision": "reject"})
    assert "error=access_denied" in back.headers["Location"]
