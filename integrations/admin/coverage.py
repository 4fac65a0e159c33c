"""The coverage page: which ledger can do what, and why not where it cannot."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path

from integrations.services.coverage import VERBS, covers, ledgers, names
from tenants.http import TenantRequest


class CoveragePages:
    """Adds the coverage to the connections' addresses; it shows nothing of any tenant."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("coverage/", view(self.coverage), name="integrations_coverage"),
            path("coverage/<slug:ledger>/", view(self.covered), name="integrations_covered"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def coverage(self: Any, request: TenantRequest) -> HttpResponse:
        """All ledgers side by side."""
        rows = []
        for name in names():
            cells = [(ledger, covers(ledger).get(name)) for ledger in ledgers()]
            label = next(cover.label for _, cover in cells if cover)
            rows.append({"label": label, "is_report": name.startswith("reports."), "cells": cells})
        context = {"ledgers": ledgers(), "rows": rows, "original": None}
        response: HttpResponse = self.render(request, "integrations/coverage.html", context, "What each ledger can do")
        return response

    def covered(self: Any, request: TenantRequest, ledger: str) -> HttpResponse:
        """One ledger: operations, fields, filters, what surprises."""
        if ledger not in ledgers():
            raise Http404("There is no such ledger.")
        found = list(covers(ledger).values())
        context = {"label": ledgers()[ledger], "covers": found, "verbs": VERBS, "original": None}
        response: HttpResponse = self.render(
            request, "integrations/covered.html", context, f"What {ledgers()[ledger]} can do"
        )
        return response
