"""Proofs: a list per day, and a page that an auditor understands."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.models import Connection, Discrepancy, Proof
from integrations.services import proofs
from integrations.services.proof_findings import key_of
from integrations.templatetags.books import TONES, as_decimal, from_now
from tenants.http import TenantRequest
from tenants.permissions import SYNC, may

_TONES = {**TONES, "even": "success", "uneven": "danger", "untold": "info"}
_SHORT = {"even": "Even", "uneven": "Uneven", "untold": "Not told"}


@admin.register(Proof)
class ProofAdmin(PageAdmin):
    """Read only; made daily, and on demand."""

    page_template = "integrations/proof.html"
    change_list_template = "integrations/proofs.html"
    list_display: ClassVar = ["on_shown", "connection_shown", "status_shown", "result_shown", "calls", "finished_shown"]
    list_display_links: ClassVar = ["on_shown"]
    list_filter: ClassVar = ["connection", "status"]
    list_select_related: ClassVar = ["connection"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("of/<uuid:connection_id>/", view(self.begin), name=self.url_name("begin")),
            *super().get_urls(),
        ]

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Newest first, and a button per connection."""
        ready = Connection.objects.for_tenant(request.tenant).usable().order_by("name")[:20]
        extra = {"title": "Proofs", "provable": ready if may(request.membership, SYNC) else [], **(extra_context or {})}
        return super().changelist_view(request, extra)

    def name_of(self, row: Proof) -> str:
        """Whose, and which day."""
        return f"Proof of {row.connection}, {row.on:%d %B %Y}"

    def page(self, request: TenantRequest, row: Proof) -> dict[str, Any]:
        keys = {key_of(line): line for line in row.lines if line["status"] == "uneven"}
        found = Discrepancy.objects.for_tenant(request.tenant).filter(connection_id=row.connection_id, key__in=keys)
        by_key = {each.key: each for each in found.order_by("id")}
        lines = [_shown(line, by_key.get(key_of(line))) for line in row.lines]
        order = {"uneven": 0, "even": 1, "untold": 2}
        return {
            "proof": row,
            "lines": sorted(lines, key=lambda line: order[line["status"]]),
            "counts": _counts(row),
            "is_over": row.finished_at is not None,
            "may_sync": may(request.membership, SYNC),
        }

    def begin(self, request: TenantRequest, connection_id: Any) -> HttpResponse:
        """GET says what a proof compares and costs; POST makes one."""
        if not may(request.membership, SYNC):
            raise PermissionDenied
        connection = Connection.objects.for_tenant(request.tenant).filter(pk=connection_id).first()
        if connection is None:
            return self._get_obj_does_not_exist_redirect(request, Connection._meta, str(connection_id))  # type: ignore[no-any-return]
        if request.method == "POST":
            return self._begun(request, connection)
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET", "POST"])
        questions = proofs.plan(connection)
        context = {"connection": connection, "questions": questions, "cost": sum(each.calls for each in questions)}
        return self.render(request, "integrations/proof_plan.html", context, f"Prove {connection}")

    def _begun(self, request: TenantRequest, connection: Connection) -> HttpResponse:
        try:
            with transaction.atomic():
                proof = proofs.request_proof(connection=connection, requested_by=request.user)
        except ValidationError as refused:
            for sentence in refused.messages:
                messages.error(request, sentence)
            return HttpResponseRedirect(self.url("changelist"))
        transaction.on_commit(partial(tasks.perform_proof.delay, str(proof.tenant_id), str(proof.pk)))
        messages.success(request, "The proof is being made. It syncs first, then compares.")
        return HttpResponseRedirect(self.url("change", proof.pk))

    @display(description="Day")
    def on_shown(self, row: Proof) -> str:
        """Which day."""
        return f"{row.on:%d %b %Y}"

    @display(description="Connection")
    def connection_shown(self, row: Proof) -> str:
        """Which organisation."""
        return str(row.connection)

    @display(description="Result", label=_TONES)
    def status_shown(self, row: Proof) -> tuple[str, str]:
        """Even, uneven, failed, or under way."""
        return row.status, row.get_status_display()

    @display(description="Lines")
    def result_shown(self, row: Proof) -> SafeString:
        """How many are even; why it failed."""
        counts = _counts(row)
        words = str(row.error.get("message") or "") if row.status == Proof.Status.FAILED else ", ".join(
            f"{count} {_SHORT[status].lower()}" for status, count in counts.items() if count
        )  # fmt: skip
        return format_html('<span class="block max-w-md truncate" title="{}">{}</span>', words, words or "–")

    @display(description="Finished")
    def finished_shown(self, row: Proof) -> str:
        """When."""
        return from_now(row.finished_at) if row.finished_at else "not yet"


def _counts(row: Proof) -> dict[str, int]:
    states = [line["status"] for line in row.lines]
    return {status: states.count(status) for status in ("even", "uneven", "untold")}


def _shown(line: dict[str, Any], found: Discrepancy | None) -> dict[str, Any]:
    ours, theirs = as_decimal(line["ours"]), as_decimal(line["theirs"])
    is_count = line["key"].startswith("count:")
    difference = theirs - ours if ours is not None and theirs is not None else None
    words = {"shown": _SHORT[line["status"]], "tone": _TONES[line["status"]]}
    return {**line, **words, "difference": difference, "is_count": is_count, "discrepancy": found}
