"""Fixtures: a small UK account, and one with a history."""

import pytest
from werkzeug.test import Client

from tests.sandbox.netsuite.driver import Account, open_account


@pytest.fixture
def account(sandbox: Client) -> Account:
    """A small UK account with legacy tax."""
    return open_account(sandbox)


@pytest.fixture
def busy(sandbox: Client) -> Account:
    """An account with a few months of history."""
    return open_account(
        sandbox, name="Busy Company", contacts=20, invoices=40, bills=30, payments=40, months=4, purchase_orders=6
    )
