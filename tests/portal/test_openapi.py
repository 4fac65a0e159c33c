"""The published API description is what was reviewed, and is valid OpenAPI 3.1."""

import json

import pytest
from django.test import Client

from tests.snapshot import agree


@pytest.mark.snapshot
def test_the_openapi_document_is_the_reviewed_one(db: None) -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document = json.loads(answer.content)
    assert document["openapi"].startswith("3.1")
    agree("openapi.json", document)
