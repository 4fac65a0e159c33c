"""A tenant's own expressions: drafted and tried on a real record here, decided on by another person, rolled back."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import display

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.engine.overlay import targets
from integrations.forms import OverrideForm
from integrations.models import Connection, FieldOverride, Rereading
from integrations.services import override_previews, overrides
from integrations.services.connectors import connector_of
from integrations.services.rereading import rereadings
from tenants.http import TenantRequest
from tenants.permissions import APPROVE_MAPPINGS, EDIT_MAPPINGS, may

Status = FieldOverride.Status
_TONES = {
    Status.DRAFT: "info",
    Status.SUBMITTED: "warning",
    Status.ACTIVE: "success",
    Status.REJECTED: "danger",
    Status.SUPERSEDED: "default",
}


@admin.register(FieldOverride)
class FieldOverrideAdmin(PageAdmin):
    """The list of versions, and one page for each with the expression, its preview and what may be done."""

    page_template = "integrations/override.html"
    change_list_template = "integrations/overrides.html"
    list_display: ClassVar = ["field_shown", "connection", "direction_shown", "status_shown", "version", "who_shown"]
    list_display_links: ClassVar = ["field_shown"]
    list_filter: ClassVar = ["connection", "resource", "direction", "status"]
    list_select_related: ClassVar = ["connection", "created_by", "submitted_by", "decided_by"]
    ordering: ClassVar = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    actions_by_post: ClassVar = {
        "change_text": (EDIT_MAPPINGS, "change_text"),
        "discard": (EDIT_MAPPINGS, "discard"),
        "submit": (EDIT_MAPPINGS, "submit"),
        "withdraw": (EDIT_MAPPINGS, "withdraw"),
        "approve": (APPROVE_MAPPINGS, "approve"),
        "send_back": (APPROVE_MAPPINGS, "send_back"),
        "roll_back": (APPROVE_MAPPINGS, "roll_back"),
        "end": (APPROVE_MAPPINGS, "end"),
    }

    @display(description="Field")
    def field_shown(self, row: FieldOverride) -> str:
        """Invoices: memo."""
        return f"{row.get_resource_display()}: {row.target}"

    @display(description="When")
    def direction_shown(self, row: FieldOverride) -> str:
        """On reading or on writing."""
        return str(row.get_direction_display())

    @display(description="State", label=_TONES)
    def status_shown(self, row: FieldOverride) -> tuple[str, str]:
        """Coloured state."""
        return row.status, row.get_status_display()

    @display(description="By")
    def who_shown(self, row: FieldOverride) -> str:
        """Who last did something with it."""
        return str(row.decided_by or row.submitted_by or row.created_by or "–")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Editors draft."""
        return may(getattr(request, "membership", None), EDIT_MAPPINGS)

    def name_of(self, row: FieldOverride) -> str:
        return f"{row.get_resource_display()}: {row.target}"

    def changelist_view(self, request: Any, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {"add_url": self.url("add"), **self.rights(request, may_edit=EDIT_MAPPINGS)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    # A new one --------------------------------------------------------------------------------------------------------

    def add_view(self, request: Any, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Choose the place, write the expression, try it, keep it as a draft."""
        if not may(request.membership, EDIT_MAPPINGS):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        form = self._form(request, given)
        is_complete = bool(given.get("expression", "").strip()) and form.is_valid()
        if is_complete and "save" in request.POST:
            made = self._drafted(request, form)
            if made is not None:
                return HttpResponseRedirect(self.url("change", made.pk))
        context = {"original": None, "form": form, **self._tried(form if is_complete else None, given)}
        status = 422 if request.method == "POST" and not is_complete else 200
        return self.render(
            request, self.page_template, {**context, **self._all_rights(request)}, "New override", status
        )

    def _form(self, request: TenantRequest, given: Mapping[str, Any]) -> OverrideForm:
        connections = Connection.objects.for_tenant(request.tenant).exclude(status=Connection.Status.DISCONNECTED)
        return OverrideForm(given if "connection" in given else None, connections=connections.order_by("name"))

    def _drafted(self, request: TenantRequest, form: OverrideForm) -> FieldOverride | None:
        chosen = form.cleaned_data
        places = {name: chosen[name] for name in ("connection", "resource", "direction", "target", "expression")}
        try:
            with transaction.atomic():
                made = overrides.draft(**places, by=request.user)
        except ValidationError as refused:
            for sentence in refused.messages:
                form.add_error(None, sentence)
            return None
        messages.success(request, "Kept as a draft. Submit it when it does what it should.")
        return made

    def _tried(self, form: OverrideForm | None, given: Mapping[str, Any]) -> dict[str, Any]:
        if form is None:
            return {}
        chosen = form.cleaned_data
        place = (chosen["connection"], chosen["resource"], chosen["direction"], chosen["target"])
        try:
            overrides.check_place(*place)
        except ValidationError as refused:
            form.add_error("target", refused.messages[0])
            return {}
        return self._preview(*place, chosen["expression"], given)

    def _preview(
        self,
        connection: Connection,
        resource: str,
        direction: str,
        target: str,
        expression: str,
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        named = str(given.get("sample", "")).strip()
        sample = override_previews.sample_of(connection, resource, named)
        found = override_previews.preview(
            connection=connection,
            resource=resource,
            direction=direction,
            target=target,
            expression=expression,
            sample=sample,
        )
        is_other = bool(named) and sample is not None and named not in (sample.number, sample.external_id, sample.name)
        return {"preview": found, "sample_named": named, "is_other_sample": is_other}

    # One of them ------------------------------------------------------------------------------------------------------

    def page(self, request: TenantRequest, row: FieldOverride) -> dict[str, Any]:
        """The expression, what it makes of a record, its history, and the decisions that are open."""
        expression = request.GET.get("expression", row.expression)
        versions = FieldOverride.objects.beside(row).select_related("created_by", "submitted_by", "decided_by")
        active = versions.active().first()
        return {
            **self._preview(row.connection, row.resource, row.direction, row.target, expression, request.GET),
            "expression": expression,
            "is_unsaved": expression != row.expression,
            "versions": versions.order_by("-version"),
            "active": active if active != row else None,
            "rereading": next(iter(rereadings(row.connection, [row.resource])), None),
            "is_own": request.user.pk in row.editors,
            **self._all_rights(request),
        }

    def _all_rights(self, request: TenantRequest) -> dict[str, Any]:
        return {
            "list_url": self.url("changelist"),
            "known_fields": [(name, targets(name)) for name in self._resources(request)],
            **self.rights(request, may_edit=EDIT_MAPPINGS, may_approve=APPROVE_MAPPINGS),
        }

    def _resources(self, request: TenantRequest) -> list[str]:
        rows = Connection.objects.for_tenant(request.tenant).exclude(status=Connection.Status.DISCONNECTED)
        return sorted({name for row in rows for name in connector_of(row).resources})

    def change_text(self, request: TenantRequest, row: FieldOverride) -> HttpResponse | None:
        """Editor: try another text, or keep it."""
        expression = request.POST.get("expression", "")
        if "save" not in request.POST:
            sample = request.POST.get("sample", "").strip()
            query = {"expression": expression, **({"sample": sample} if sample else {})}
            return HttpResponseRedirect(self.url("change", row.pk, **query))
        overrides.change(row=row, expression=expression, by=request.user)
        messages.success(request, "Kept.")
        return None

    def discard(self, request: TenantRequest, row: FieldOverride) -> HttpResponse:
        """Editor: throw the draft away."""
        overrides.discard(row=row)
        messages.success(request, "The draft is thrown away.")
        return HttpResponseRedirect(self.url("changelist"))

    def submit(self, request: TenantRequest, row: FieldOverride) -> None:
        """Editor: hand it over."""
        overrides.submit(row=row, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, "It waits for approval by another person.")

    def withdraw(self, request: TenantRequest, row: FieldOverride) -> None:
        """Editor: take it back."""
        overrides.withdraw(row=row, by=request.user)
        messages.success(request, "It is a draft again.")

    def approve(self, request: TenantRequest, row: FieldOverride) -> None:
        """Approver: bring it into force."""
        work = overrides.approve(row=row, by=request.user, decision=request.POST.get("decision", ""))
        self._ring(request, work, "It is in force.")

    def send_back(self, request: TenantRequest, row: FieldOverride) -> HttpResponse:
        """Approver: not like this."""
        again = overrides.send_back(row=row, by=request.user, decision=request.POST.get("decision", ""))
        messages.success(request, f"Sent back; the work goes on in version {again.version}.")
        return HttpResponseRedirect(self.url("change", again.pk))

    def roll_back(self, request: TenantRequest, row: FieldOverride) -> None:
        """Approver: this version again."""
        work = overrides.roll_back(row=row, by=request.user, decision=request.POST.get("decision", ""))
        self._ring(request, work, f"Version {row.version} is in force again, as a new version.")

    def end(self, request: TenantRequest, row: FieldOverride) -> None:
        """Approver: the declaration alone."""
        work = overrides.end(row=row, by=request.user, decision=request.POST.get("decision", ""))
        self._ring(request, work, "It is out of force; the connector's own declaration holds again.")

    def _ring(self, request: TenantRequest, work: Rereading | None, told: str) -> None:
        if work is None:
            messages.success(request, f"{told} Postings that it had held go now.")
            return
        transaction.on_commit(partial(tasks.reread.delay, str(work.tenant_id), str(work.pk)))
        messages.success(request, f"{told} {work.total:,} stored records are read anew in the background.")
