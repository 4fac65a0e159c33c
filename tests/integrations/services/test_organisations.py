"""What a ledger says of an organisation: the name is the company's until people choose another."""

from collections.abc import Iterator

import pytest

from integrations.services.organisations import describe
from tenants.models import Tenant
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.integrations.factories import make_connection

COMPANY = {"name": "Acme Trading Ltd", "country": "GB", "currency": "GBP"}


@pytest.fixture
def tenant(acme: Actors) -> Iterator[Tenant]:
    """Acme, as seen by itself."""
    with tenant_scope(acme.tenant.pk):
        yield acme.tenant


def test_a_new_connection_is_called_like_its_company(tenant: Tenant) -> None:
    connection = make_connection(tenant, name="")
    describe(connection, COMPANY)
    connection.refresh_from_db()
    assert (connection.name, connection.country) == ("Acme Trading Ltd", "GB")


def test_the_same_company_in_two_ledgers_is_told_apart_by_the_ledger(tenant: Tenant) -> None:
    make_connection(tenant, name="Acme Trading Ltd")
    connection = make_connection(tenant, name="", connector="xero", external_org_id="x-1")
    describe(connection, COMPANY)
    assert connection.name == "Acme Trading Ltd (Xero)"


def test_a_name_that_people_chose_stays(tenant: Tenant) -> None:
    connection = make_connection(tenant, name="The shop")
    describe(connection, COMPANY)
    assert connection.name == "The shop"
