"""Support sees how documents go, not whose they are and how much: on every page of mappings and documents."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.urls import NoReverseMatch, get_resolver, reverse

from integrations.models import Connection
from mappings.models import DuplicateGroup, MappingSet, PostingRule, SourceDocument, ValueMapping
from mappings.services.backtests import request_back_test, run_back_test
from mappings.services.cleansing import search
from mappings.services.intake import receive_document
from mappings.services.mapping import map_documents
from portal.discretion import Veil, answer, page
from portal.hiding import Seen
from tenants.content import HIDDEN
from tests.conftest import Actors
from tests.mappings.factories import activated, chart_of, connection_of, drafted, record_of, sale

NAME, OTHER, EMAIL = "Zanzibar Spices & Sons", "Zanzibar Spices and Sons", "books@zanzibar.example"
AMOUNTS = ("7,391.73", "7391.73", "8,870.08", "8870.08")


@pytest.fixture
def connection(in_acme: Actors) -> Connection:
    """Everything that pages can show: documents in three states, a draft, a back-test, a group."""
    found = connection_of(in_acme.tenant)
    chart_of(found)
    for external_id, name in (("70", NAME), ("71", OTHER)):
        record_of(found, "contacts", external_id, name, kind="customer")
    _received(found, "waits")
    activated(found, in_acme)
    _received(found, "goes")
    PostingRule.objects.create(tenant_id=found.tenant_id, connection=found, approve_from=Decimal(1))
    _received(found, "asks")
    draft = drafted(found, in_acme.editor)
    run_back_test(found.tenant_id, request_back_test(mapping_set=draft, documents=10, by=in_acme.editor).pk)
    search(found.tenant_id, found.pk)
    return found


def _received(connection: Connection, external_id: str) -> None:
    line = {"category": "Consulting", "tax_code": "VAT20", "amount": Decimal("7391.73"), "description": "Cloves"}
    body = sale(connection, external_id, lines=[line], tax_total=Decimal("1478.35"), total=Decimal("8870.08"))
    receive_document(connection=connection, body=body | {"counterparty": {"name": NAME, "email": EMAIL}})
    map_documents(connection.tenant_id, connection.pk)


def _pages(connection: Connection) -> Iterator[str]:
    """Every address below the mappings' part of the admin that a GET may have, with rows to show."""
    ids: dict[str, list[Any]] = {
        "connection_id": [connection.pk],
        "set_id": list(MappingSet.objects.values_list("pk", flat=True)),
        "kind": ["csv", "pdf"],
        "link_id": [],
        "row_id": [],
    }
    rows: dict[str, Any] = {
        "sourcedocument": SourceDocument,
        "mappingset": MappingSet,
        "valuemapping": ValueMapping,
        "postingrule": PostingRule,
        "duplicategroup": DuplicateGroup,
    }
    names = [name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(name, str)]
    for name in sorted(name for name in names if name.startswith("mappings_")):
        for possibility, _pattern, _defaults, _converters in (
            get_resolver().namespace_dict["admin"][1].reverse_dict.getlist(name)
        ):
            for _form, wanted in possibility:
                yield from _filled(name, wanted, ids, rows)


def _filled(name: str, wanted: list[str], ids: dict[str, list[Any]], rows: dict[str, Any]) -> Iterator[str]:
    found: list[dict[str, Any]] = [{}]
    for each in wanted:
        model = rows.get(name.split("_")[1])
        known = ids.get(each) or ([] if model is None else list(model.objects.values_list("pk", flat=True)))
        found = [have | {each: str(one)} for have in found for one in known[:4]]
    for given in found:
        try:
            yield reverse(f"admin:{name}", kwargs=given)
        except NoReverseMatch:
            continue


def test_support_sees_no_name_and_no_amount_on_any_page_and_the_auditor_sees_both(
    connection: Connection, acme: Actors
) -> None:
    assert DuplicateGroup.objects.exists()
    assert set(SourceDocument.objects.values_list("status", flat=True)) >= {"mapped", "approval"}
    support, auditor = acme.client("support"), acme.client("auditor")
    addresses = list(dict.fromkeys([*_pages(connection), reverse("admin:search") + "?s=zanzibar"]))
    assert len(addresses) > 25
    seen = {"names": 0, "amounts": 0}
    for address in addresses:
        hidden, shown = support.get(address), auditor.get(address)
        text = _text(hidden)
        for secret in (NAME, "Zanzibar Spices &amp; Sons", OTHER, EMAIL, *AMOUNTS):
            assert secret.casefold() not in text.casefold(), (address, secret)
        assert hidden.status_code in (shown.status_code, 403), address
        seen["names"] += "Zanzibar" in _text(shown)
        seen["amounts"] += any(amount in _text(shown) for amount in AMOUNTS)
    assert seen["names"] >= 3
    assert seen["amounts"] >= 4


def _text(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode(errors="replace"))


def test_support_still_sees_how_a_document_goes(connection: Connection, acme: Actors) -> None:
    row = SourceDocument.objects.get(external_id="asks")
    text = _text(acme.client("support").get(reverse("admin:mappings_sourcedocument_change", args=[row.pk])))
    assert "Waits for a second person" in text
    assert f"{HIDDEN} GBP" in text
    assert "As the source sent it" in text
    assert "Cloves" not in text
    assert "support@acme.test" in text or "Support" in text


def test_files_are_not_for_support(connection: Connection, acme: Actors) -> None:
    active = MappingSet.objects.get(status="active")
    address = reverse("admin:mappings_map_file", args=[active.pk, "pdf"])
    assert acme.client("support").get(address).status_code == 403
    assert acme.client("auditor").get(address).status_code == 200


def test_a_stream_is_hidden_in_too(connection: Connection, acme: Actors) -> None:
    from django.http import StreamingHttpResponse
    from django.test import RequestFactory

    from portal.discretion import DiscretionMiddleware
    from tenants.models import Membership

    request = RequestFactory().get(reverse("admin:mappings_sourcedocument_changelist"))
    vars(request)["membership"] = Membership.objects.select_related("tenant", "user").get(user=acme.support)
    rows = StreamingHttpResponse([NAME.encode(), b",8870.08"], headers={"Content-Type": "text/csv", "X-Kept": "1"})
    hidden: Any = DiscretionMiddleware(lambda _: rows)(request)
    assert hidden.content.decode() == f"{HIDDEN},{HIDDEN}"
    assert (hidden.headers["X-Kept"], hidden.headers["Content-Type"]) == ("1", "text/csv")


def test_what_is_no_name_and_no_amount_stays() -> None:
    source = '<div title="Blue &amp; Co" id="a1.25">20.00 % of 1,200.50 GBP, 1,200 JPY, rate 0.8520, 12:30 UTC</div>'
    hide = Veil(Seen().pattern(f"{source} div", ["Blue & Co", "div"]), own=frozenset({"me@here.example"}))
    assert (
        page(source, hide)
        == f'<div title="{HIDDEN}" id="a1.25">20.00 % of {HIDDEN} GBP, {HIDDEN} JPY, rate 0.8520, 12:30 UTC</div>'
    )
    script = '<script id="rows" type="application/json">[{"money": "5.00 GBP", "n": 5.25}]</script>'
    assert page(script, hide).startswith('<script id="rows" type="application/json">[{"money": "')
    assert answer('{"n": 5, "chart": 5.25, "who": "blue & co", "to": "me@here.example"}', hide) == (
        f'{{"n": 5, "chart": 0, "who": "{HIDDEN}", "to": "me@here.example"}}'
    )
