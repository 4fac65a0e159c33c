"""Partner applications: tokens by client credentials, scopes in token and grant, one tenant at a time."""

import base64
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.authentication import HasScope, PartnerAuthentication, caller_of
from tenants.models import Membership, PartnerGrant
from tenants.rls import tenant_scope
from tenants.services import PartnerKeys, create_partner
from tests.conftest import Actors

TOKEN_URL = "/identity/o/api/token"


class Shelf(APIView):
    """An endpoint of ours, as any app would write it."""

    authentication_classes = [PartnerAuthentication]
    permission_classes = [HasScope]
    required_scope = "invoices"

    def get(self, request: Request) -> Response:
        """The caller's tenant."""
        return Response({"tenant": request._request.tenant.slug})  # type: ignore[attr-defined]

    def post(self, request: Request) -> Response:
        """Something that writes."""
        return Response(status=201)


def _token(keys: PartnerKeys, scope: str = "") -> str:
    basic = base64.b64encode(f"{keys.client_id}:{keys.client_secret}".encode()).decode()
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    answer = Client().post(TOKEN_URL, form, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def _call(token: str, method: str = "get", **headers: str) -> Response:
    request = getattr(RequestFactory(), method)(
        "/api/v1/shelf", headers={"Authorization": f"Bearer {token}", **headers}
    )
    caller = caller_of(request)
    request.caller, request.tenant, request.grant = caller, caller.tenant, caller.grant
    return Shelf.as_view()(request)


@pytest.fixture
def keys(acme: Actors) -> PartnerKeys:
    return create_partner(name="Shop", tenant=acme.tenant, scopes=["invoices:read"])


def test_client_credentials_open_the_granting_tenant(keys: PartnerKeys) -> None:
    answer = _call(_token(keys))
    assert answer.status_code == 200
    assert answer.data == {"tenant": "acme"}


def test_a_missing_scope_is_named(keys: PartnerKeys) -> None:
    answer = _call(_token(keys), "post")
    assert answer.status_code == 403
    assert "invoices:write" in str(answer.data)


def test_a_token_with_fewer_scopes_than_the_grant_stays_small(acme: Actors) -> None:
    keys = create_partner(name="Shop", tenant=acme.tenant, scopes=["invoices:read", "invoices:write"])
    token = _token(keys, scope="invoices:read")
    assert _call(token).status_code == 200
    assert _call(token, "post").status_code == 403


def test_a_withdrawn_grant_shuts_the_door_at_once(keys: PartnerKeys, acme: Actors) -> None:
    token = _token(keys)
    with tenant_scope(acme.tenant.pk):
        PartnerGrant.objects.for_tenant(acme.tenant).update(is_active=False)
    answer = _call(token)
    assert answer.status_code == 401
    assert "no active grant" in str(answer.data)


def test_an_unknown_token_is_refused_with_the_remedy(db: None) -> None:
    answer = _call("made-up")
    assert answer.status_code == 401
    assert "token URL" in str(answer.data)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_partner_of_two_tenants_names_the_one_it_means(keys: PartnerKeys, acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        client = PartnerGrant.objects.for_tenant(acme.tenant).get().client
    with tenant_scope(rival.tenant.pk):
        PartnerGrant.objects.create(tenant=rival.tenant, client=client, name="Shop", scopes=["invoices:read"])
    token = _token(keys)
    assert _call(token).status_code == 401
    assert _call(token, **{"Portal-Tenant": "rival"}).data == {"tenant": "rival"}
    assert _call(token, **{"Portal-Tenant": "somebody-else"}).status_code == 401


def test_secrets_and_tokens_are_stored_hashed(keys: PartnerKeys, acme: Actors) -> None:
    from allauth.idp.oidc.models import Token

    token = _token(keys)
    assert not Token.objects.filter(hash=token).exists()
    with tenant_scope(acme.tenant.pk):
        stored = PartnerGrant.objects.for_tenant(acme.tenant).select_related("client").get().client.secret
    assert keys.client_secret not in stored


def test_support_access_ends_by_itself(acme: Actors) -> None:
    client = acme.client("support")
    assert client.get("/admin/").status_code == 200
    with tenant_scope(acme.tenant.pk):
        Membership.objects.for_tenant(acme.tenant).filter(user=acme.support).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
    assert client.get("/admin/", follow=True).status_code == 403


def test_nobody_switches_into_a_tenant_they_do_not_belong_to(acme: Actors, rival: Actors) -> None:
    client = acme.client("owner")
    assert client.get(f"/switch/{rival.tenant.pk}/").status_code == 404
    assert client.get("/admin/").status_code == 200
