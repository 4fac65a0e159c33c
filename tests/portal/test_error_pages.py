"""Errors speak the portal's language, and the API's description loads under the content security policy."""

import re

from django.template.loader import get_template
from django.test import Client

from tests.conftest import Actors


def test_an_unknown_address_leads_back_to_the_overview(acme: Actors) -> None:
    answer = acme.client("owner").get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_a_role_without_the_right_is_told_so_in_words(acme: Actors) -> None:
    answer = acme.client("auditor").get("/admin/integrations/connection/add/")
    assert answer.status_code == 403
    assert "Your role may not do this" in answer.content.decode()


def test_the_page_of_a_failure_needs_no_request_and_no_database() -> None:
    assert "Something went wrong on our side" in get_template("500.html").render()


def test_an_expired_form_is_explained(acme: Actors) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@acme.example", "password": "x"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_the_documentation_runs_no_inline_script(db: None) -> None:
    page = Client().get("/api/docs/").content.decode()
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert "SwaggerUIBundle" in Client().get("/api/docs/?script=").content.decode()
