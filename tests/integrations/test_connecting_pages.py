"""The pages of every way of connecting: what is asked, what is said when it is wrong, and who may see them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from integrations.engine.ways import FormField, Way
from integrations.forms import CredentialsForm
from integrations.models import Authorisation, Connection
from integrations.services.offers import offers
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_authorisation, make_connection, make_credential

ADD = "/admin/integrations/connection/add/"
KEYS = f"{ADD}meadow/keys/"
TYPED = {
    "dc": "eu", "account": "1234567-sb1", "consumer_key": "ck", "consumer_secret": "hush-1", "token_id": "ti",
    "token_secret": "hush-2",
}  # fmt: skip
CHOICES = [
    {"id": f"org-{place}", "name": name, "kind": "", "link_id": ""} for place, name in enumerate(("Alpha", "Beta & Co"))
]


@pytest.fixture(autouse=True)
def _meadow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger with every way, on pages only: nothing is called."""
    monkeypatch.setenv("PORTAL_CONNECTORS_DIR", str(Path(__file__).parent / "services" / "ledgers"))
    monkeypatch.setenv("PORTAL_MEADOW_CLIENT_ID", "client")
    monkeypatch.setenv("PORTAL_MEADOW_CLIENT_SECRET", "secret")
    monkeypatch.delenv("PORTAL_SANDBOX_URL", raising=False)


def choosing(actors: Actors, **fields: Any) -> Authorisation:
    values = {
        "connector": "meadow", "way": "consent", "status": "choosing", "choices": CHOICES, "requested_by": actors.owner,
        "redirect_uri": "https://p.test/cb", "expires_at": timezone.now() + timedelta(hours=20),
    }  # fmt: skip
    with tenant_scope(actors.tenant.pk):
        return make_authorisation(actors.tenant, **{**values, **fields})


def row_of(authorisation: Authorisation) -> Authorisation:
    with tenant_scope(authorisation.tenant_id):
        return Authorisation.objects.get(pk=authorisation.pk)


def test_every_way_of_a_ledger_is_offered_the_first_one_first(acme: Actors) -> None:
    page = acme.client().get(ADD).content.decode()
    for text in (
        "Connect Meadow",
        "Sign in for a week",
        KEYS,
        "Access tokens",
        "Service user",
        "Data centre",
        "Europe",
    ):
        assert text in page
    assert page.index("Connect Meadow") < page.index("Sign in for a week") < page.index(KEYS)


def test_consent_goes_to_the_chosen_data_centre_with_a_proof_of_its_own(acme: Actors) -> None:
    answer = acme.client().post(ADD, {"connector": "meadow", "way": "consent", "dc": "us"})
    assert "url=https://login.meadow.com/a?" in answer["Refresh"]
    assert "code_challenge=" in answer["Refresh"]
    with tenant_scope(acme.tenant.pk):
        row = Authorisation.objects.get()
    assert row.settings == {"dc": "us", "branch": "1"}
    assert row.secret["verifier"] not in answer["Refresh"]


def test_a_data_centre_that_there_is_not_is_refused_in_words(acme: Actors) -> None:
    page = (
        acme.client().post(ADD, {"connector": "meadow", "way": "consent", "dc": "mars"}, follow=True).content.decode()
    )
    assert "Choose the data centre." in page


def test_the_form_says_where_each_value_is_found(acme: Actors) -> None:
    page = acme.client().get(KEYS).content.decode()
    for text in ("Access tokens", "Made in Meadow under Setup.", "Account id", "Setup, Company: such as 1234567_SB1."):
        assert text in page
    assert page.count('type="password"') == 2


def test_typed_values_are_kept_for_a_worker_secrets_apart(
    acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as bells:
        answer = acme.client().post(KEYS, TYPED)
    with tenant_scope(acme.tenant.pk):
        row = Authorisation.objects.get()
    assert (answer["Location"], len(bells)) == (f"/oauth/{row.pk}/", 1)
    assert row.secret == {"typed": {"consumer_secret": "hush-1", "token_secret": "hush-2"}, "org": "1234567_SB1"}
    assert "hush" not in str(row.settings)
    assert "Finishing the connection" in acme.client().get(answer["Location"]).content.decode()


def test_a_wrong_value_is_said_beside_its_field_and_secrets_are_not_shown_again(acme: Actors) -> None:
    answer = acme.client().post(KEYS, {**TYPED, "account": "evil.test/", "token_id": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Account id does not look right. Setup, Company" in page
    assert "Token id is needed." in page
    assert "hush" not in page


def test_after_a_failure_only_the_secrets_are_typed_again(acme: Actors) -> None:
    settings = {"dc": "us", "account": "1234567_SB1", "consumer_key": "ck-9"}
    failed = choosing(acme, way="keys", redirect_uri="", status="failed", settings=settings, error={"message": "No."})
    page = acme.client().get(f"/oauth/{failed.pk}/").content.decode()
    again = f"{KEYS}?again={failed.pk}"
    assert again in page
    form = acme.client().get(again).content.decode()
    assert 'value="ck-9"' in form
    assert '<option value="us" selected>' in form


def test_what_another_tenant_typed_is_not_shown(acme: Actors, rival: Actors) -> None:
    failed = choosing(rival, way="keys", redirect_uri="", status="failed", settings={"account": "RIVALS"})
    assert "RIVALS" not in acme.client().get(f"{KEYS}?again={failed.pk}").content.decode()
    with tenant_scope(rival.tenant.pk):
        theirs = make_connection(rival.tenant, connector="meadow", way="keys", settings={"account": "RIVALS"})
    page = acme.client().get(f"{KEYS}?connection={theirs.pk}").content.decode()
    assert "RIVALS" not in page
    assert "Connect Meadow" in page


def test_reconnecting_a_typed_way_leads_to_its_form_with_what_is_known(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_connection(
            acme.tenant, connector="meadow", way="keys", name="Acme Keys", settings={"account": "1234567_SB1"}
        )
    client = acme.client()
    answer = client.post(f"/admin/integrations/connection/{row.pk}/reconnect/")
    assert answer["Location"] == f"{KEYS}?connection={row.pk}"
    page = client.get(answer["Location"]).content.decode()
    assert "Reconnect Acme Keys" in page
    assert 'value="1234567_SB1"' in page
    client.post(answer["Location"], TYPED)
    with tenant_scope(acme.tenant.pk):
        assert Authorisation.objects.get().connection_id == row.pk


@pytest.mark.parametrize("role", ["editor", "approver", "auditor", "support"])
def test_only_owners_connect(acme: Actors, role: str) -> None:
    row = choosing(acme)
    client = acme.client(role)
    assert client.get(KEYS).status_code == 403
    assert client.post(KEYS, TYPED).status_code == 403
    assert client.post(f"/oauth/{row.pk}/choose/", {"organisation": "org-0"}).status_code == 403
    assert row_of(row).status == "choosing"


@pytest.mark.parametrize("path", ["meadow/consent/", "meadow/none/", "nowhere/keys/"])
def test_a_form_that_there_is_not_leads_back(acme: Actors, path: str) -> None:
    assert acme.client().get(ADD + path)["Location"] == ADD


def test_the_organisation_is_chosen_by_name_and_id(
    acme: Actors, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    row = choosing(acme)
    client = acme.client()
    page = client.get(f"/oauth/{row.pk}/").content.decode()
    for text in ("Choose the organisation", "Alpha", "Beta &amp; Co", "org-1", "Search by name or id"):
        assert text in page
    with django_capture_on_commit_callbacks() as bells:
        answer = client.post(f"/oauth/{row.pk}/choose/", {"organisation": "org-1"})
    found = row_of(row)
    assert (answer["Location"], found.status, found.secret["org"], len(bells)) == (
        f"/oauth/{row.pk}/", "received", "org-1", 1,
    )  # fmt: skip


def test_the_page_that_waits_stops_waiting_when_it_is_a_persons_turn(acme: Actors) -> None:
    told = acme.client().get(f"/oauth/{choosing(acme).pk}/status/").json()
    assert (told["status"], told["finished"], told["next"]) == ("choosing", True, "")


def test_what_is_connected_already_is_marked(acme: Actors) -> None:
    row = choosing(acme)
    assert ">connected<" not in acme.client().get(f"/oauth/{row.pk}/").content.decode().lower().replace("\n", "")
    with tenant_scope(acme.tenant.pk):
        make_connection(acme.tenant, connector="meadow", external_org_id="org-0")
    assert "connected" in acme.client().get(f"/oauth/{row.pk}/").content.decode()


def test_a_choice_that_was_not_offered_is_refused_on_the_page(acme: Actors) -> None:
    row = choosing(acme)
    answer = acme.client().post(f"/oauth/{row.pk}/choose/", {"organisation": "org-of-another"})
    assert answer.status_code == 422
    assert "Choose one of the organisations below." in answer.content.decode()
    assert row_of(row).status == "choosing"


def test_another_tenants_choice_is_not_there(acme: Actors, rival: Actors) -> None:
    row = choosing(rival)
    client = acme.client()
    assert client.get(f"/oauth/{row.pk}/").status_code == 404
    assert client.post(f"/oauth/{row.pk}/choose/", {"organisation": "org-0"}).status_code == 404
    assert row_of(row).status == "choosing"


def test_a_hundred_organisations_cost_no_more_queries(
    acme: Actors, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many = [{"id": f"o-{place}", "name": f"Company {place}", "kind": "", "link_id": ""} for place in range(100)]
    row, client = choosing(acme, choices=many), acme.client()
    client.get(f"/oauth/{row.pk}/")
    with django_assert_max_num_queries(25):
        assert "Company 99" in client.get(f"/oauth/{row.pk}/").content.decode()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("consent", "gives its access back to the ledger at once. Other organisations stay connected."),
        ("keys", "forgets its credentials at once. Revoke the token in Meadow too."),
    ],
)
def test_what_a_disconnect_does_is_said_before(acme: Actors, way: str, said: str) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_connection(acme.tenant, connector="meadow", way=way)
    page = acme.client().get(f"/admin/integrations/connection/{row.pk}/confirm-disconnect/").content.decode()
    assert said in page


def test_a_connection_says_how_it_is_let_in_and_when_that_ends(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row: Connection = make_connection(acme.tenant, connector="meadow", way="week", settings={"dc": "us"})
        make_credential(row, refresh_expires_at=None, hard_expires_at=timezone.now() + timedelta(days=6.5))
    page = acme.client().get(f"/admin/integrations/connection/{row.pk}/change/").content.decode()
    for text in (
        "Sign in for a week",
        "United States",
        "somebody must reconnect every 7 days",
        "Connect by another way",
    ):
        assert text in page
    assert "Access ends soon" not in page


def test_a_connection_can_be_let_in_by_another_way(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        row = make_connection(acme.tenant, connector="meadow", way="week")
    client = acme.client()
    typed = client.post(f"/admin/integrations/connection/{row.pk}/reconnect/", {"way": "keys"})
    assert typed["Location"] == f"{KEYS}?connection={row.pk}"
    consent = client.post(f"/admin/integrations/connection/{row.pk}/reconnect/", {"way": "consent"})
    assert "url=https://login.meadow.eu/a?" in consent["Refresh"]
    with tenant_scope(acme.tenant.pk):
        assert Authorisation.objects.get().connection_id == row.pk


def test_a_day_is_asked_for_as_a_day(acme: Actors) -> None:
    page = acme.client().get(f"{ADD}meadow/service/").content.decode()
    assert 'type="date"' in page


def test_a_choice_that_was_put_off_is_found_on_the_list_by_owners_of_this_tenant(acme: Actors, rival: Actors) -> None:
    row, past = choosing(acme), choosing(acme, expires_at=timezone.now() - timedelta(hours=1))
    listing = "/admin/integrations/connection/"
    page = acme.client().get(listing).content.decode()
    assert f"/oauth/{row.pk}/" in page
    assert "Meadow: choose the organisation." in page
    assert f"/oauth/{past.pk}/" not in page
    for other in (acme.client("editor"), rival.client()):
        assert "choose the organisation" not in other.get(listing).content.decode()


def test_a_setting_without_choices_is_typed_and_held_to_its_pattern(acme: Actors) -> None:
    client = acme.client()
    assert 'name="branch" value="1"' in client.get(ADD).content.decode()
    page = client.post(ADD, {"connector": "meadow", "way": "consent", "branch": "x/y"}, follow=True).content.decode()
    assert "Branch does not look right. The number of the branch." in page
    assert client.post(KEYS, {**TYPED, "branch": "12"}).status_code == 302
    with tenant_scope(acme.tenant.pk):
        assert Authorisation.objects.get().settings["branch"] == "12"


def test_a_long_secret_is_not_sent_back_with_a_form_that_was_wrong() -> None:
    key = FormField("key", "Private key", "", "as_is", True, False, True, False, "")
    way = Way(name="m2m", type="oauth2_jwt", label="Key", help="", form=(key,))
    page = CredentialsForm({"key": "BEGIN hush-3 END"}, offer=offers()["quickbooks"], way=way).as_p()
    assert "<textarea" in page
    assert "hush" not in page
