"""Fixtures: a small British company, and one with a history."""

import pytest
from werkzeug.test import Client

from tests.sandbox.sage_intacct.driver import Intacct, connect


@pytest.fixture
def intacct(sandbox: Client) -> Intacct:
    """A small British company."""
    return connect(sandbox)


@pytest.fixture
def busy(sandbox: Client) -> Intacct:
    """A company with a few months of history."""
    return connect(
        sandbox, name="Busy", contacts=20, invoices=40, bills=30, payments=40, months=4, purchase_orders=6,
        expenses=8, credit_notes=4, vendor_credits=3, bank_lines=10, currencies=["GBP", "EUR"],
    )  # fmt: skip
