"""Fixtures of the sandbox's own tests: a fresh sandbox, a US and a UK company."""

import pytest
from werkzeug.test import Client

from tests.sandbox.driver import Books, connect, start


@pytest.fixture
def sandbox() -> Client:
    """An empty sandbox."""
    return start()


@pytest.fixture
def us(sandbox: Client) -> Books:
    """A small US company."""
    return connect(sandbox)


@pytest.fixture
def uk(sandbox: Client) -> Books:
    """A small UK company."""
    return connect(sandbox, country="GB", currency="GBP", name="UK Company")
