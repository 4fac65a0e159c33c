"""Where most tests of reconciliation begin: a bank account of a connected company, and its people."""

from collections.abc import Callable

import pytest

from reconciliation.models import BankAccount
from tenants.models import Membership
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, member


@pytest.fixture
def account(in_acme: Actors) -> BankAccount:
    """A bank account of a connected company, inside the tenant's scope."""
    return bank_account_of(connection_of(in_acme.tenant))


@pytest.fixture
def role(in_acme: Actors) -> Callable[[str], Membership]:
    """Somebody of the company by the name of their role."""
    return lambda name: member(in_acme.tenant, getattr(in_acme, name))
