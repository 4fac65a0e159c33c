"""The side bar marks where one is: the entry that a page belongs to, and the overview only when one is there."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse

from portal.admin import navigation


@pytest.mark.parametrize(
    ("place", "marked"),
    [
        ("admin:index", "Overview"),
        ("admin:reconciliation_track_record", "Reconciliation"),
        ("admin:reconciliation_statementlayout_changelist", "Bank statements"),
        ("admin:integrations_failures", "Failures"),
        ("admin:integrations_syncrun_changelist", "Sync runs"),
        ("nowhere", ""),
    ],
)
def test_the_longest_address_that_fits_is_where_one_is(place: str, marked: str) -> None:
    is_nowhere = place == "nowhere"
    request = RequestFactory().get(reverse("admin:index") + "elsewhere/" if is_nowhere else reverse(place))
    request.user = AnonymousUser()
    items = [item for group in navigation(request) for item in group["items"]]
    assert [item["title"] for item in items if item["active"]] == ([marked] if marked else [])
