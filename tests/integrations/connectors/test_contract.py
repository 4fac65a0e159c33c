"""What every connector keeps, whichever it is: a new one is held to it by being there."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integrations.engine import manifest
from integrations.engine.coverage import coverage
from integrations.engine.declarations import Connector, Entity, Resource
from integrations.unified import SCHEMAS

CONNECTORS = [manifest.load(name) for name in manifest.names()]
RESOURCES = [
    pytest.param(connector, resource, id=f"{connector.name}-{resource.name}")
    for connector in CONNECTORS
    for resource in connector.resources.values()
]
each_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
each_resource = pytest.mark.parametrize(("connector", "resource"), RESOURCES)

# What the unified model promises to callers of documents.
DOCUMENTS = {
    "invoices", "credit_notes", "bills", "vendor_credits", "purchase_orders", "expenses", "payments", "bill_payments",
    "journal_entries", "bank_transactions",
}  # fmt: skip


def fields(entity: Entity) -> dict[str, str]:
    return {field.name: field.converter for field in entity.shape.fields}


@each_connector
def test_addresses_are_https(connector: Connector) -> None:
    assert all(urlsplit(url).scheme == "https" for url in connector.urls.values())


@each_connector
def test_a_folder_has_a_file_for_each_resource_and_no_others(connector: Connector) -> None:
    files = {path.stem for path in (Path(manifest.BUILT_IN) / connector.name).glob("*.yaml")}
    assert files - {"errors", "shapes", "webhooks"} == {"manifest", *connector.resources}


@each_connector
def test_every_rule_of_the_error_table_says_cause_and_who_may_be_asked(connector: Connector) -> None:
    for rule in connector.errors.rules:
        assert rule.codes or rule.statuses or rule.kinds or rule.text, "a rule that covers everything hides the others"
        assert rule.cause.endswith((".", "{detail}")), rule
        assert not rule.remedy or rule.remedy.endswith("."), rule


@each_connector
def test_writes_have_a_way_to_find_out_what_became_of_them(connector: Connector) -> None:
    for resource in connector.resources.values():
        for entity in resource.entities.values():
            for operation in set(entity.operations) - {"read"}:
                ways = {**connector.idempotency.probe, **entity.probe}.get(operation)
                assert ways or connector.idempotency.strategy == "natural_upsert", (entity.remote_type, operation)


@each_connector
def test_what_a_ledger_has_not_is_explained(connector: Connector) -> None:
    rows = coverage(connector)
    assert [row.name for row in rows if not row.is_there and not row.reason] == []
    owed = [f"{row.name}.{verb}" for row in rows for verb, reason in row.missing.items() if not reason]
    assert owed == []


@each_connector
def test_every_reason_is_a_sentence_about_something_that_is_missing(connector: Connector) -> None:
    rows = coverage(connector)
    missing = {row.name for row in rows if not row.is_there}
    missing |= {f"{name}.{verb}" for row in rows for verb in row.missing for name in (row.name, "*")}
    for key, reason in connector.missing.items():
        assert key in missing, key
        assert reason.endswith("."), key


@each_resource
def test_every_field_is_one_of_the_unified_model(connector: Connector, resource: Resource) -> None:
    schema = SCHEMAS[resource.name]
    for entity in resource.entities.values():
        assert not set(fields(entity)) - set(schema), entity.remote_type


@each_resource
def test_documents_have_what_the_model_promises(connector: Connector, resource: Resource) -> None:
    for entity in resource.entities.values():
        assert "external_id" in fields(entity)
        if resource.name in DOCUMENTS:
            assert {"total", "currency", "lines", "issued_on", "status"} <= set(fields(entity)), entity.remote_type


@each_resource
def test_what_the_model_needs_to_create_can_be_written(connector: Connector, resource: Resource) -> None:
    for entity in resource.entities.values():
        if "create" in entity.operations:
            needed = {name for name, spec in SCHEMAS[resource.name].items() if "create" in spec.needs} - set(
                entity.when
            )
            writable = {field.name for field in entity.shape.fields if field.put is not None}
            assert needed <= writable, entity.remote_type


@each_resource
def test_searches_name_fields_of_the_record(connector: Connector, resource: Resource) -> None:
    for entity in resource.entities.values():
        for properties in entity.find:
            assert {path.split(".")[0] for path in properties.values()} <= set(fields(entity))


@each_resource
def test_links_lead_to_the_record(connector: Connector, resource: Resource) -> None:
    for entity in resource.entities.values():
        assert not entity.link or "{id}" in entity.link


@each_resource
def test_an_empty_record_reads_without_complaint(connector: Connector, resource: Resource) -> None:
    for entity in resource.entities.values():
        unified = resource.read({}, entity.remote_type)
        assert unified["remote_type"] == entity.remote_type
        assert set(unified) <= set(SCHEMAS[resource.name])
