"""What the pages of this app share: their style and script, and the way back to where a decision was made."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from integrations import tasks as integration_tasks
from integrations.admin.pages import Act, PageAdmin
from integrations.models import Connection, Posting
from reconciliation import tasks
from reconciliation.models import MatchRun
from tenants.http import TenantRequest


class ReconciliationPage(PageAdmin):
    """A page of this app; after an action it goes back to the address in `next`, when that is one of ours."""

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css", "reconciliation/reconciliation.css"]}
        js: ClassVar = ["integrations/integrations.js", "reconciliation/workbench.js"]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the plain name of what it lists."""
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def _done(self, request: TenantRequest, row: Any, act: Act) -> HttpResponse:
        try:
            with transaction.atomic():
                answer = act(request, row)
        except ValidationError as refused:
            answer = None
            for sentence in refused.messages:
                messages.error(request, sentence)
        return answer or HttpResponseRedirect(back(request, self.url("change", row.pk)))


def back(request: HttpRequest, otherwise: str) -> str:
    """The local address that the form named, or another one."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else otherwise


def ring_postings(tenant_id: Any, postings: Any) -> None:
    """Wake a worker for each posting once the decision is committed."""
    for posting in postings:
        ring = partial(integration_tasks.send_posting.delay, str(tenant_id), str(posting.pk))
        transaction.on_commit(ring)


def ring_run(run: MatchRun) -> None:
    """Wake a worker for the run once it is committed."""
    transaction.on_commit(partial(tasks.run_matching.delay, str(run.tenant_id), str(run.pk)))


def workbench_url() -> str:
    """The workbench's address."""
    return reverse("admin:reconciliation_workbench")


def connection_url(connection: Connection) -> str:
    """The page of a connection."""
    return reverse("admin:integrations_connection_change", args=[connection.pk])


def posting_url(posting: Posting) -> str:
    """The page of a posting: request, answer and replay."""
    return reverse("admin:integrations_posting_change", args=[posting.pk])
