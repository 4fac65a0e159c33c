"""Receipts follow their documents into living ledgers: each once, whatever answer is lost, and never over another's."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from integrations.engine import manifest
from integrations.models import KeptFile, Posting
from integrations.services.calls import Recorder
from integrations.services.filing import Brought
from integrations.services.ledgers import open_ledger
from integrations.services.postings import send_posting
from mappings.models import SourceDocument
from mappings.services.files import add_files, request_files, states_of
from mappings.services.intake import receive_document
from mappings.services.journey import state_of
from tenants.rls import tenant_scope
from tests.integrations.conftest import sandbox, sandbox_process  # noqa: F401
from tests.mappings.test_ledger_kinds import Ledger, _lined, ledger  # noqa: F401

pytestmark = pytest.mark.integration

RECEIPT = Brought("Receipt No 7.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
PHOTO = Brought("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
# Which calls of an upload may lose their answer, by what the sandbox sees of them.
_LOST: dict[str, list[dict[str, Any]]] = {
    "quickbooks": [{"path": "/upload"}],
    "xero": [{"path": "/Attachments/", "method": "PUT"}],
    "zoho_books": [{"path": "/attachment", "method": "POST"}],
    # A search comes first, then the file goes into the cabinet, then on the document.
    "netsuite": [{"path": "NetSuitePort", "after": 1}, {"path": "NetSuitePort", "after": 2}],
    "sage_intacct": [{"path": "company-config/attachment", "method": "POST"}, {"path": "/objects/", "method": "PATCH"}],
}


def _bring(ledger: Ledger, body: dict[str, Any], *files: Brought) -> SourceDocument:  # noqa: F811
    with tenant_scope(ledger.connection.tenant_id):
        row = receive_document(connection=ledger.connection, body=body).document
        add_files(document=row, files=files)
    (found,) = ledger.deliver(body)
    return found


def _in_ledger(ledger: Ledger, document: SourceDocument) -> list[tuple[str, bytes]]:  # noqa: F811
    """The files of what the document became, asked of the ledger: name and bytes."""
    connection = ledger.connection
    with tenant_scope(connection.tenant_id):
        made = Posting.objects.of_origin("source_document", document.pk).filter(operation="create")[0]
    with open_ledger(connection, recorder=Recorder(connection), lane="interactive") as session:
        entries = session.ledger.attachments(made.resource, made.external_id)
        return [
            (each.file_name, session.ledger.download(made.resource, made.external_id, each.external_id))
            for each in entries
        ]


def _again(ledger: Ledger, *, later: bool) -> list[str]:  # noqa: F811
    """Every open posting is looked at once more; `later`: when the ledger had time to finish."""
    tenant = ledger.connection.tenant_id
    with tenant_scope(tenant):
        rows = Posting.objects.exclude(status__in=["posted", "cancelled"])
        rows.update(available_at=timezone.now(), **({"sent_at": F("sent_at") - timedelta(minutes=5)} if later else {}))
        ids = list(rows.order_by("id").values_list("pk", flat=True))
    for posting_id in ids:
        send_posting(tenant, posting_id)
    with tenant_scope(tenant):
        return list(Posting.objects.filter(operation="attach").order_by("id").values_list("status", flat=True))


@pytest.mark.parametrize("kinds", [("purchase", "expense"), ("sale", "credit")])
def test_receipts_follow_their_document_where_the_ledger_takes_files_of_its_kind(
    ledger: Ledger,  # noqa: F811
    kinds: tuple[str, str],
) -> None:
    # All four at once are more calls than Xero takes in a minute.
    connection = ledger.connection
    declared = manifest.load(connection.connector).files
    assert declared is not None
    for kind in kinds:
        more = {"payment_method": "hsbc"} if kind == "expense" else {}
        document = _bring(ledger, _lined(connection, kind, f"{kind}-1", **more), RECEIPT, PHOTO)
        with tenant_scope(connection.tenant_id):
            assert state_of(document) == "posted", document.problems
            states = states_of(document)
        if kind == "credit" and "credit_notes" not in declared.kinds:
            assert {(each.code, each.posting) for each in states} == {("kept", None)}
            assert states[0].text == "Kept here. Zoho documents no files of credit notes."
            continue
        assert [each.code for each in states] == ["there", "there"], [each.text for each in states]
        found = _in_ledger(ledger, document)
        assert sorted(content for _, content in found) == sorted([RECEIPT.content, PHOTO.content])
        assert all(name.endswith((RECEIPT.name, PHOTO.name)) for name, _ in found)
    with tenant_scope(connection.tenant_id):
        there = KeptFile.objects.exclude(external_id="").count()
        assert there == Posting.objects.filter(operation="attach", status="posted").count()


def test_a_lost_answer_attaches_nothing_twice(ledger: Ledger) -> None:  # noqa: F811
    name = ledger.connection.connector
    for number, fault in enumerate(_LOST[name]):
        with tenant_scope(ledger.connection.tenant_id):
            document = receive_document(
                connection=ledger.connection,
                body=_lined(ledger.connection, "purchase", f"d-{number}", counterparty={"name": "Rail Co"}),
            ).document
        ledger.deliver(_lined(ledger.connection, "purchase", f"d-{number}", counterparty={"name": "Rail Co"}))
        ledger.company.sandbox.post(
            "/_control/faults", {"ledger": name, "action": "drop_after_commit", "times": 1, **fault}
        )
        with tenant_scope(ledger.connection.tenant_id):
            document.refresh_from_db()
            add_files(document=document, files=[RECEIPT])
            (posting,) = request_files(document)
        send_posting(ledger.connection.tenant_id, posting.pk)
        with tenant_scope(ledger.connection.tenant_id):
            posting.refresh_from_db()
            assert posting.status == "unknown", (posting.status, posting.error)
        ledger.company.sandbox.lift_faults()
        _again(ledger, later=True)
        assert set(_again(ledger, later=True)) == {"posted"}, [each.error for each in _all(ledger)]
        assert [content for _, content in _in_ledger(ledger, document)] == [RECEIPT.content]


def _all(ledger: Ledger) -> list[Posting]:  # noqa: F811
    with tenant_scope(ledger.connection.tenant_id):
        return list(Posting.objects.exclude(status="posted"))


def test_a_file_that_somebody_attached_in_the_ledger_is_neither_replaced_nor_attached_again(
    ledger: Ledger,  # noqa: F811
) -> None:
    connection = ledger.connection
    document = _bring(ledger, _lined(connection, "purchase", "d-1"))
    with tenant_scope(connection.tenant_id):
        made = Posting.objects.get(origin_kind="source_document", operation="create")
    theirs = Brought(RECEIPT.name, b"%PDF-1.7 theirs")
    with open_ledger(connection, recorder=Recorder(connection), lane="interactive") as session:
        for key, file in (("a", theirs), ("b", PHOTO)):
            session.ledger.attach(
                made.resource, made.external_id, file_name=file.name, content_type="application/pdf",
                content=file.content, key=key,
            )  # fmt: skip
    with tenant_scope(connection.tenant_id):
        add_files(document=document, files=[RECEIPT, PHOTO])
        wanted = request_files(document)
    for posting in wanted:
        send_posting(connection.tenant_id, posting.pk)
    assert _again(ledger, later=False) == ["posted", "posted"]
    found = _in_ledger(ledger, document)
    assert sorted(content for _, content in found) == sorted([theirs.content, RECEIPT.content, PHOTO.content])
