"""How Xero's ids, numbers and rows are written: cheaply, and just as without any memory."""

import uuid
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox import wire
from integrations.sandbox.xero import forms
from tests.sandbox.xero.driver import Xero


@given(st.lists(st.one_of(st.text(), st.integers()), min_size=1, max_size=4))
def test_an_id_is_the_fifth_kind_of_uuid_of_its_parts(parts: list[str | int]) -> None:
    space = uuid.UUID("9f3c1a52-6f0e-5d0b-8a52-5b8a2f6f5d10")
    assert forms.guid(*parts) == str(uuid.uuid5(space, ":".join(str(part) for part in parts)))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_equal_numbers_are_written_alike_and_exactly(value: Decimal) -> None:
    written = wire.dump(value)
    assert b"E" not in written
    assert Decimal(written.decode()) == value
    longer = Decimal(written.decode() + ("0" if b"." in written else ".0"))
    assert wire.dump(longer) == written


def test_a_renamed_account_shows_in_the_lines_of_old_documents(xero: Xero) -> None:
    made = xero.invoice(Decimal(100))
    line = xero.get(f"Invoices/{made['InvoiceID']}")["Invoices"][0]["LineItems"][0]
    xero.post(f"Accounts/{line['AccountID']}", {"Code": "977"})
    assert xero.get(f"Invoices/{made['InvoiceID']}")["Invoices"][0]["LineItems"][0]["AccountCode"] == "977"
    listed = xero.get("Invoices", page="1")["Invoices"]
    assert {each["AccountCode"] for row in listed for each in row["LineItems"]} == {"977"}
