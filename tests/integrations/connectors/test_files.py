"""A file hung on a document of a simulated ledger is listed there and comes back byte by byte."""

import pytest

from integrations.engine import manifest
from integrations.engine.errors import RejectedError
from tests.integrations.connectors.simulation import Simulation

KEEPING = [
    name for name in manifest.names() if (files := manifest.load(name).files) and files.listing and files.download
]
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.mark.parametrize("ledger", KEEPING)
def test_a_file_comes_back_as_it_was_sent(ledger: str) -> None:
    company = Simulation(ledger).ledger
    bill = next(record for page in company.pages("bills") for record in page.records).external_id
    sent = company.attach(
        "bills", bill, file_name="receipt.pdf", content_type="application/pdf", content=PDF, key="file-1"
    )
    listed = company.attachments("bills", bill)
    # NetSuite keeps one file of a name in a folder, so ours carry the document's id before their own name.
    (name,) = [each.file_name for each in listed if each.external_id == sent.external_id]
    assert name.endswith("receipt.pdf")
    assert company.download("bills", bill, sent.external_id) == PDF


@pytest.mark.parametrize("ledger", KEEPING)
def test_a_file_that_is_not_there_is_refused(ledger: str) -> None:
    company = Simulation(ledger).ledger
    bill = next(record for page in company.pages("bills") for record in page.records).external_id
    with pytest.raises(RejectedError) as caught:
        company.download("bills", bill, "987654321")
    assert caught.value.code == "not_found"
