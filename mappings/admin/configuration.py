"""A connection's configuration as files: downloaded as they are in force, uploaded, compared, and made into drafts."""

import io
import zipfile
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from mappings.admin.connections import connection_or_404, connections_and_chosen
from mappings.configuration import FILES, Fault
from mappings.services.configuration import Imported, Plan, exported, imported, planned
from tenants.http import TenantRequest
from tenants.permissions import EDIT_MAPPINGS, MANAGE_CONNECTIONS, may

_LARGEST = 2 * 1024 * 1024
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)


class ConfigurationPages:
    """The page of one connection's files, mixed into the admin of mapping versions."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        base = "configuration/"
        own = [
            path(base, wrap(self.configuration), name="mappings_configuration"),
            path(f"{base}<uuid:connection_id>/", wrap(self.configuration), name="mappings_configuration_of"),
            path(f"{base}<uuid:connection_id>/files.zip", wrap(self.download), name="mappings_configuration_files"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def configuration(self: Any, request: TenantRequest, connection_id: UUID | None = None) -> HttpResponse:
        """What is in force as text; a POST compares files with it, or makes drafts of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connections, chosen = connections_and_chosen(request, connection_id)
        rights = self.rights(request, may_edit=EDIT_MAPPINGS, may_manage=MANAGE_CONNECTIONS)
        context = {"connections": connections, "connection": chosen, **rights}
        status = 200
        if chosen is not None and request.method == "POST":
            if not may(request.membership, EDIT_MAPPINGS):
                raise PermissionDenied
            given, faults = _given(request)
            plan = planned(chosen, given) if given else Plan(chosen)
            plan.faults[:0] = faults
            if "import" in request.POST and not plan.faults and _made(request, plan):
                return HttpResponseRedirect(reverse("admin:mappings_configuration_of", args=[chosen.pk]))
            context |= {"plan": plan, "given": given}
            status = 422 if plan.faults else 200
        if chosen is not None:
            context["files"] = exported(chosen)
        response: HttpResponse = self.render(
            request, "mappings/configuration.html", context, "Configuration as files", status
        )
        return response

    def download(self: Any, request: TenantRequest, connection_id: UUID) -> HttpResponse:
        """The files in one archive, the same bytes for the same configuration."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connection = connection_or_404(request, connection_id)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in exported(connection).items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), text)
        answer = HttpResponse(target.getvalue(), content_type="application/zip")
        answer["Content-Disposition"] = f'attachment; filename="{connection.connector}-{connection.pk}.zip"'
        return answer


def _made(request: TenantRequest, plan: Plan) -> bool:
    with_policies = "with_policies" in request.POST
    if with_policies and not may(request.membership, MANAGE_CONNECTIONS):
        raise PermissionDenied
    try:
        with transaction.atomic():
            made = imported(
                plan, by=request.user, with_policies=with_policies, replaces_draft="replace_draft" in request.POST
            )
    except ValidationError as refused:
        for sentence in refused.messages:
            messages.error(request, sentence)
        return False
    messages.success(request, _told(made))
    return True


def _told(made: Imported) -> str:
    parts = []
    if made.mapping_set is not None:
        parts.append(f"Mapping version {made.mapping_set.version} is a draft now.")
    if made.overrides:
        count = len(made.overrides)
        parts.append(f"{count} override{'' if count == 1 else 's'} drafted.")
    if made.policies_changed:
        parts.append(f"{made.policies_changed} settings changed.")
    return " ".join(parts) + " Nothing is active before it is approved." if parts else "Nothing differs."


def _given(request: TenantRequest) -> tuple[dict[str, str], list[Fault]]:
    """The files of an upload, or the texts that were compared before."""
    given = {name: request.POST[name] for name in FILES if name in request.POST}
    faults: list[Fault] = []
    for upload in request.FILES.getlist("files"):
        found, wrong = _unpacked(upload)
        given |= found
        faults += wrong
    if not given and not faults:
        faults.append(Fault("", 0, f"Choose an archive or some of {', '.join(FILES)}."))
    # A browser sends line ends of its own.
    return {name: text.replace("\r\n", "\n") for name, text in given.items()}, faults


def _unpacked(upload: Any) -> tuple[dict[str, str], list[Fault]]:
    name = str(upload.name or "").rpartition("/")[2]
    if (upload.size or 0) > _LARGEST:
        return {}, [Fault(name, 0, "is larger than 2 MB; import it with the command config_import.")]
    content = upload.read()
    if not name.endswith(".zip"):
        return _decoded({name: content})
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [each for each in archive.infolist() if each.filename.rpartition("/")[2] in FILES]
            if any(each.file_size > _LARGEST for each in wanted):
                return {}, [Fault(name, 0, "holds a file larger than 2 MB; import it with config_import.")]
            return _decoded({each.filename.rpartition("/")[2]: _part(archive, each) for each in wanted})
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        return {}, [Fault(name, 0, f"cannot be read as an archive: {error}.")]


def _part(archive: zipfile.ZipFile, each: zipfile.ZipInfo) -> bytes:
    # What an archive says of a size is only what it says.
    with archive.open(each) as file:
        return file.read(_LARGEST + 1)


def _decoded(files: dict[str, bytes]) -> tuple[dict[str, str], list[Fault]]:
    given, faults = {}, []
    for name, content in files.items():
        try:
            given[name] = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            faults.append(Fault(name, content[: error.start].count(b"\n") + 1, "is no UTF-8 text."))
    return given, faults
