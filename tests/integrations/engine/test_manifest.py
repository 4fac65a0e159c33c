"""Manifests: what is wrong in one is said by file, path and expectation; a ledger that fits needs no Python."""

import shutil
import textwrap
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.engine import manifest
from integrations.engine.client import Client
from integrations.engine.converters import Context
from integrations.engine.declarations import Connector
from integrations.engine.endpoints import resolve
from integrations.engine.ledger import Ledger
from integrations.engine.manifest import ManifestError, load_from
from tests.integrations.engine.company import Tokens, said

LEDGERS = Path(__file__).parent / "ledgers"


@pytest.fixture
def broken(tmp_path: Path) -> Callable[..., str]:
    """The message that a changed copy of a connector's file gives."""

    def message(file: str, old: str, new: str) -> str:
        folder = tmp_path / "orchard"
        shutil.copytree(LEDGERS / "orchard", folder, dirs_exist_ok=True)
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))
        with pytest.raises(ManifestError) as caught:
            load_from(folder)
        return str(caught.value)

    return message


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "manifest.yaml",
            "label:",
            "lable:",
            "orchard/manifest.yaml: unknown lable, expected answers, application, attachments, auth",
        ),
        (
            "manifest.yaml",
            "most: 60",
            "most: many",
            "orchard/manifest.yaml: limits.windows.0.most: expected a whole number",
        ),
        (
            "manifest.yaml",
            "page_number",
            "pages",
            "paging.strategy: 'pages' is unknown, expected one of cursor, keyset",
        ),
        ("manifest.yaml", "error: rejected", "error: no", "errors.table.0.error: 'no' is unknown, expected one of"),
        ("manifest.yaml", "name: orchard", "name: apple", "name: expected 'orchard' like the folder, got 'apple'"),
        ("manifest.yaml", '"/{path}/{id}"}', '"/{path}/{number}"}', "unknown places number, expected some of"),
        ("manifest.yaml", "label: Orchard", "label: Orchard\nlabel: Two", "label stands twice"),
        (
            "manifest.yaml",
            'create: {method: PUT, path: "/{path}"',
            'create: {when: {tree: {method: POST}}, method: PUT, path: "/{path}"',
            "operations.create.when: tree is no setting of this ledger",
        ),
        ("manifest.yaml", "label: Orchard", "label: [", "this is not YAML"),
        ("manifest.yaml", "accounts]", "bills]", "orchard/bills.yaml: the file is missing"),
        (
            "manifest.yaml",
            "replay",
            "guess",
            "idempotency.probe.create: unknown guess, expected some of by_key, compare, find",
        ),
        (
            "invoices.yaml",
            "path: Total,",
            "pth: Total,",
            "orchard/invoices.yaml: entities.Invoice.fields.total: unknown pth",
        ),
        ("invoices.yaml", "external_id:", "id:", "entities.Invoice: fields: external_id is missing"),
        ("invoices.yaml", "void: }", "erase: }", "entities.Invoice.operations.erase: this operation is unknown"),
        (
            "invoices.yaml",
            "as: xero_date, kind: date",
            "as: xero_date, kind: day",
            "fields.issued_on.kind: 'day' is unknown",
        ),
        ("accounts.yaml", "resource: accounts", "resource: account", "resource: expected 'accounts' like the file"),
    ],
)
def test_a_mistake_says_where_it_is_and_what_was_expected(
    broken: Callable[..., str], file: str, old: str, new: str, expected: str
) -> None:
    message = broken(file, old, new)
    assert expected in message
    assert message.startswith("orchard/")


def test_an_unknown_connector_lists_those_there_are() -> None:
    with pytest.raises(ManifestError, match="there is no such connector, expected one of .*quickbooks"):
        manifest.load("sap")


def test_a_connector_is_compiled_once_and_cannot_be_changed() -> None:
    assert manifest.load("quickbooks") is manifest.load("quickbooks")
    with pytest.raises(FrozenInstanceError):
        manifest.load("quickbooks").name = "other"  # type: ignore[misc]


def ledger(name: str, answers: list[Any]) -> tuple[Ledger, list[httpx.Request]]:
    connector: Connector = load_from(LEDGERS / name)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return said(answers.pop(0))

    client = Client(connector, resolve(connector, {}), Tokens(), transport=httpx.MockTransport(answer))
    return Ledger(connector, client, Context(values={"org": "o", "home_currency": "NZD"})), asked


def test_numbered_pages_since_a_moment_need_no_python() -> None:
    rows = [
        {"InvoiceID": f"g{n}", "UpdatedDateUTC": "/Date(1777031976527+0000)/", "Date": "/Date(1776988800000+0000)/"}
        for n in range(3)
    ]
    books, asked = ledger("orchard", [{"Invoices": rows[:2]}, {"Invoices": rows[2:]}])
    pages = list(books.pages("invoices", since=datetime(2026, 4, 1, 12, tzinfo=UTC)))
    assert [record.external_id for page in pages for record in page.records] == ["g0", "g1", "g2"]
    assert [dict(request.url.params) for request in asked] == [
        {"page": "1", "pageSize": "2"},
        {"page": "2", "pageSize": "2"},
    ]
    assert asked[0].headers["If-Modified-Since"] == "Wed, 01 Apr 2026 12:00:00 GMT"
    assert pages[0].records[0].unified["issued_on"] == date(2026, 4, 24)
    assert pages[0].records[0].unified["currency"] == "NZD"


def test_a_wrapped_write_with_a_key_in_a_header_needs_no_python() -> None:
    books, asked = ledger("orchard", [{"Invoices": [{"InvoiceID": "g1", "Status": "AUTHORISED"}]}])
    invoice = {
        "contact": {"id": "c1"},
        "lines": [{"account": {"id": "200"}, "tax_rate": {"id": "OUTPUT"}, "amount": "12.50", "quantity": "1"}],
    }
    record = books.post("invoices", "create", invoice, key="key-1")
    assert getattr(record, "external_id", None) == "g1"
    assert (asked[0].method, asked[0].url.path) == ("PUT", "/2.0/Invoices")
    assert asked[0].headers["Idempotency-Key"] == "key-1"
    assert asked[0].content == (
        b'{"Invoices":[{"Contact":{"ContactID":"c1"},"LineItems":[{"AccountCode":"200","Quantity":1,"LineAmount":12.50,'
        b'"TaxType":"OUTPUT"}]}]}'
    )


def test_a_void_by_status_needs_no_python() -> None:
    books, asked = ledger("orchard", [{"Invoices": [{"InvoiceID": "g1", "Status": "VOIDED"}]}])
    books.post("invoices", "void", {"external_id": "g1"}, key="k")
    assert asked[0].url.path == "/2.0/Invoices/g1"
    assert asked[0].content == b'{"Invoices":[{"InvoiceID":"g1","Status":"VOIDED"}]}'


def test_rows_of_texts_and_next_links_need_no_python() -> None:
    row = {
        "id": "7",
        "tranid": "PO1",
        "entity": "107",
        "entityname": "Acme",
        "entitytype": "Vendor",
        "trandate": "2026-01-31",
        "foreigntotal": "-1200.50",
        "exchangerate": "1",
    }
    more = {
        "items": [row],
        "links": [{"rel": "next", "href": "https://api.harbour.test/query/v1/purchaseorder?offset=1"}],
    }
    books, asked = ledger("harbour", [more, {"items": [{**row, "id": "8"}], "links": []}])
    pages = list(books.pages("purchase_orders"))
    found = pages[0].records[0].unified
    assert found["contact"] == {"id": "107", "name": "Acme", "type": "vendor"}
    assert found["total"] == Decimal("-1200.50")
    assert [page.is_last for page in pages] == [False, True]
    assert str(asked[1].url) == "https://api.harbour.test/query/v1/purchaseorder?offset=1"


def test_polymorphic_contacts_with_letters_for_flags_need_no_python() -> None:
    rows = [
        {"id": "1", "type": "Vendor", "entityid": "V", "isinactive": "T"},
        {"id": "2", "type": "CustJob", "entityid": "C"},
    ]
    books, _ = ledger("harbour", [{"items": rows}])
    (page,) = books.pages("contacts")
    assert [(r.unified["contact_type"], r.unified["is_active"]) for r in page.records] == [
        ("vendor", False),
        ("customer", True),
    ]


def test_a_link_to_another_host_is_not_followed() -> None:
    from integrations.engine.errors import ConfigurationError

    stray = {"items": [{"id": "1"}], "links": [{"rel": "next", "href": "https://evil.test/x"}]}
    books, asked = ledger("harbour", [stray])
    with pytest.raises(ConfigurationError):
        list(books.pages("contacts"))
    assert len(asked) == 1


def test_an_operators_own_connectors_are_found_beside_the_built_in_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CONNECTORS_DIR", str(LEDGERS))
    assert set(manifest.names()) >= {"quickbooks", "orchard", "harbour"}
    assert manifest.load("orchard").label == "Orchard"


def test_shapes_and_errors_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "orchard"
    shutil.copytree(LEDGERS / "orchard", folder)
    before, _, after = (folder / "manifest.yaml").read_text().partition("\nerrors:\n")
    errors, _, rest = after.partition("operations:\n")
    (folder / "manifest.yaml").write_text(f"{before}\noperations:\n{rest}")
    (folder / "errors.yaml").write_text(textwrap.dedent(errors))
    assert load_from(folder).errors == load_from(LEDGERS / "orchard").errors


def test_a_part_stands_in_one_place_only(tmp_path: Path) -> None:
    folder = tmp_path / "orchard"
    shutil.copytree(LEDGERS / "orchard", folder)
    (folder / "errors.yaml").write_text("table: []")
    with pytest.raises(ManifestError, match="orchard/manifest.yaml: errors: there is orchard/errors.yaml too"):
        load_from(folder)


def test_the_place_of_a_mistake_is_the_file_it_stands_in(tmp_path: Path) -> None:
    folder = tmp_path / "orchard"
    shutil.copytree(LEDGERS / "orchard", folder)
    (folder / "shapes.yaml").write_text("- a list")
    with pytest.raises(ManifestError, match="orchard/shapes.yaml: expected a mapping"):
        load_from(folder)


def test_a_trait_is_one_of_a_closed_set(broken: Callable[..., str]) -> None:
    said = broken("manifest.yaml", "label: Orchard", "label: Orchard\ntraits: [shiny]")
    assert "orchard/manifest.yaml: traits: unknown shiny, expected some of invoice_lines_name_items" in said


def test_the_manifests_that_come_along_fit_a_screen_or_three() -> None:
    lengths = {
        name: len((manifest.BUILT_IN / name / "manifest.yaml").read_text().splitlines()) for name in manifest.names()
    }
    assert {name: lines for name, lines in lengths.items() if lines > 150} == {}
