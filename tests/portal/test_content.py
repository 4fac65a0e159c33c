"""What is content is declared for every field, and no page of the admin shows any of it to support."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from integrations.models import Connection
from portal.content import CONTENT, PLAIN
from portal.hiding import Seen
from tenants.content import HIDDEN, form_of, watched, watching
from tenants.models import TenantOwned
from tenants.rls import tenant_scope
from tests.building import build, owned_models
from tests.conftest import Actors

MARK = "Zanzibar"
FIGURE = Decimal("73917.31")
_FIGURES = ("73,917.31", "73917.31", "73917.310000")
_SPEAKS = (models.CharField, models.TextField, models.JSONField, models.DecimalField, models.BinaryField)
# Pages compute with what stands in these: they get a shape that they know.
_SHAPES: dict[str, Any] = {
    "integrations.LedgerRecord.unified": {
        "memo": f"{MARK} memo",
        "total": str(FIGURE),
        "external_id": "7",
        "lines": [],
    },
    "integrations.Posting.body": {"memo": f"{MARK} memo", "total": str(FIGURE), "contact": {"name": f"{MARK} Ltd"}},
    "integrations.ApiCall.url": f"https://ledger.test/query?query=Name%3D{MARK}+Spices&more={MARK}%20Two",
    "integrations.ApiCall.request_body": f'{{"DisplayName": "{MARK} Ltd", "TotalAmt": {FIGURE}}}',
    "integrations.ApiCall.response_body": f"<Customer><Name>{MARK}</Name><Total>{FIGURE}</Total></Customer>",
    "integrations.Discrepancy.differences": [
        {"field": "memo", "name": "Memo", "ours": f"{MARK} memo", "theirs": str(FIGURE), "kind": "text"}
    ],
    "integrations.Proof.lines": [],
    "mappings.DuplicateGroup.members": [],
    "mappings.DuplicateGroup.evidence": [],
    "mappings.DuplicateGroup.key": "k",
    "mappings.SourceDocument.body": {"source": "shop", "counterparty": {"name": f"{MARK} Ltd"}, "lines": []}
    | {"kind": "sale", "issued_on": "2026-11-02", "currency": "GBP", "total": str(FIGURE), "external_id": "1"},
    "mappings.SourceDocument.proposal": {},
    "mappings.CutOverLink.candidates": [],
    "reconciliation.PeriodClose.figures": {},
    "reconciliation.CloseStep.figures": {},
    "reconciliation.StatementImport.row_errors": [{"row": 2, "message": "no", "values": {"text": f"{MARK} x"}}],
}
_ASKED: dict[str, dict[str, Any]] = {
    "mappings.sourcedocument": {"kind": "sale"},
    "integrations.ledgerrecord": {"resource": "invoices", "remote_type": "Invoice"},
    "reconciliation.duepolicy": {"bands": [{"least": "0", "days": 7}]},
    "integrations.posting": {"resource": "invoices"},
}

# Made first, or no content is in them and pages expect words of theirs that exist.
_ELSEWHERE = ("integrations.connection", "mappings.refusedsuggestion")


def _declared(model: type[TenantOwned]) -> Iterator[models.Field[Any, Any]]:
    for field in model._meta.concrete_fields:
        if field.name in CONTENT.get(model._meta.label, frozenset()):
            yield field


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label_lower)
def test_every_field_that_can_speak_is_declared_content_or_plain(model: type[TenantOwned]) -> None:
    content = CONTENT.get(model._meta.label, frozenset())
    speaking = {each.name for each in model._meta.concrete_fields if isinstance(each, _SPEAKS) and not each.choices}
    assert speaking - content - PLAIN == set(), "say in portal.content whether support may see it"


def test_only_fields_that_exist_are_declared() -> None:
    for model in owned_models():
        names = {each.name for each in model._meta.concrete_fields}
        assert CONTENT.get(model._meta.label, frozenset()) <= names
    assert set(CONTENT) <= {model._meta.label for model in owned_models()}


def _marked(model: type[TenantOwned]) -> dict[str, Any]:
    found: dict[str, Any] = {**_ASKED.get(model._meta.label_lower, {})}
    for field in _declared(model):
        shape = _SHAPES.get(f"{model._meta.label}.{field.name}")
        if shape is not None:
            found[field.name] = shape
        elif isinstance(field, models.DecimalField):
            found[field.name] = FIGURE
        elif isinstance(field, models.JSONField):
            found[field.name] = {"memo": f"{MARK} {field.name}", "sum": str(FIGURE)}
        elif not isinstance(field, models.BinaryField):
            found[field.name] = f"{MARK} {field.name}"[: field.max_length or 60]
    return found


@pytest.fixture
def rows(acme: Actors) -> dict[str, Any]:
    """One row of every model of the tenant, with the mark in all that is content; by model."""
    found: dict[str, Any] = {}
    made: dict[Any, Any] = {}
    with tenant_scope(acme.tenant.pk):
        made[Connection] = build(Connection, acme.tenant, made, status="active", connector="quickbooks", currency="GBP")
        for model in owned_models():
            label = model._meta.label_lower
            if label.endswith("event") or label.startswith("tenants.") or label in _ELSEWHERE:
                continue
            if model in made:
                # Something else needed one: it says the same as if it had been made here.
                model._default_manager.filter(pk=made[model].pk).update(**_marked(model))
            else:
                build(model, acme.tenant, made, **_marked(model))
            found[label] = made[model]
    found["integrations.connection"] = made[Connection]
    return found


def _patterns(found: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, prefix)
        elif each.name:
            yield each.name, each


def _addresses(rows: dict[str, Any]) -> Iterator[str]:
    """Every address of the admin that a GET may have; pages written later are among them by themselves."""
    for name, pattern in _patterns(admin.site.get_urls()):
        wanted = list(pattern.pattern.converters) or (["object_id"] if "object_id" in str(pattern.pattern) else [])
        app, _, rest = name.partition("_")
        own = next(
            (row for label, row in rows.items() if rest.startswith(label.partition(".")[2]) and label.startswith(app)),
            None,
        )
        given: dict[str, Any] = {}
        for each in wanted:
            row = rows["integrations.connection"] if each == "connection_id" else own
            given[each] = {"kind": "csv", "resource": "invoices", "app_label": app}.get(each) or (
                row.pk if row else None
            )
        try:
            yield reverse(f"admin:{name}", kwargs={key: value for key, value in given.items() if value is not None})
        except NoReverseMatch:
            continue


def _text(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode(errors="replace"))


def test_no_page_of_the_admin_shows_support_what_is_content(rows: dict[str, Any], acme: Actors) -> None:
    support, auditor = acme.client("support"), acme.client("auditor")
    with tenant_scope(acme.tenant.pk):
        addresses = [
            *dict.fromkeys(_addresses(rows)),
            reverse("admin:search") + f"?s={MARK.lower()}",
            reverse("admin:index"),
        ]
    assert len(addresses) > 90
    leaks, broken, told = [], [], 0
    support.raise_request_exception = False
    for address in addresses:
        hidden = support.get(address)
        text = _text(hidden).casefold()
        broken += [address] if hidden.status_code >= 500 else []
        leaks += [(address, each) for each in (MARK.casefold(), *_FIGURES) if each in text]
        if hidden.status_code == 200 and told < 12:
            shown = _text(auditor.get(address))
            told += MARK in shown or any(each in shown for each in _FIGURES)
    assert (leaks, broken) == ([], [])
    assert told >= 12, "the auditor sees none of it either: the marks are nowhere"


def test_the_api_is_for_applications_and_not_for_people(acme: Actors) -> None:
    from portal.api import router

    support = acme.client("support")
    lists = [f"/api/v1/{prefix}" for prefix, _, _ in router.registry if "(" not in prefix]
    assert len(lists) > 25
    answers = {address: support.get(address).status_code for address in lists}
    # What a ledger can do is no tenant's.
    assert {address for address, status in answers.items() if status not in (401, 403)} <= {"/api/v1/coverage"}


def test_the_portals_own_scripts_and_the_apis_description_are_for_everybody(acme: Actors) -> None:
    support = acme.client("support")
    for address in (reverse("admin:jsi18n"), "/api/docs/?script=", "/api/v1/openapi.json"):
        assert support.get(address).status_code == 200, address


def test_outside_of_such_an_answer_nobody_watches(acme: Actors) -> None:
    assert watched() is None
    with watching(Seen()):
        assert watched() is not None
    assert watched() is None


def test_a_structure_keeps_its_keys_and_says_nothing() -> None:
    given = {"type": "customer", "name": "Blue", "lines": [{"amount": "5.00", "taxed": True, "note": None}]}
    assert form_of(given) == {
        "type": "customer", "name": HIDDEN, "lines": [{"amount": HIDDEN, "taxed": True, "note": None}]
    }  # fmt: skip
    assert form_of('<a b="Blue"><c>Red</c></a>') == f'<a b="{HIDDEN}"><c>{HIDDEN}</c></a>'
    assert form_of("SELECT 'Blue'") == HIDDEN


def test_values_asked_for_without_their_rows_are_known_too(rows: dict[str, Any], acme: Actors) -> None:
    from integrations.models import LedgerRecord

    seen = Seen()
    with tenant_scope(acme.tenant.pk), watching(seen):
        list(LedgerRecord.objects.values_list("contact_name", "amount"))
        list(LedgerRecord.objects.values("name"))
    assert {f"{MARK} contact_name", f"{MARK} name"} <= seen.words
    assert "73,917.31" in seen.amounts
