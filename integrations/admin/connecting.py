"""The pages that connect a ledger: its ways, what a person types, and the road to the consent page."""

from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integrations import tasks
from integrations.admin.pages import PageAdmin
from integrations.engine.errors import IntegrationError
from integrations.engine.ways import Way
from integrations.forms import CredentialsForm
from integrations.models import Authorisation, Connection
from integrations.services import connections
from integrations.services.connectors import way_of
from integrations.services.offers import Offer, offers
from tenants.http import TenantRequest


class ConnectingPages(PageAdmin):
    """What `ConnectionAdmin` does before there is a connection, and again when one is reconnected."""

    def get_urls(self) -> list[URLPattern]:
        typed = path(
            "add/<slug:connector>/<slug:way>/", self.admin_site.admin_view(self.type_credentials),
            name=self.url_name("credentials"),
        )  # fmt: skip
        return [typed, *super().get_urls()]

    def add_view(self, request: Any, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The ledgers that can be connected, each with its ways; a POST begins the consent."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self.begin(request, request.POST.get("connector", ""), request.POST.get("way", ""))
        return self.render(request, "integrations/connect.html", {"offers": offers()}, "Connect a ledger")

    def begin(
        self, request: TenantRequest, connector: str, way_name: str, row: Connection | None = None
    ) -> HttpResponse:
        """Lead to the ledger's consent page, or to the form of a way that has no such page."""
        offer = offers().get(connector)
        way = offer.way(way_name) if offer else None
        if offer is None or way is None:
            messages.error(request, "Choose one of the ledgers below.")
            return HttpResponseRedirect(self.url("add"))
        if not way.is_consent:
            query = {"connection": row.pk} if row else {}
            return HttpResponseRedirect(self.url("credentials", connector, way.name, **query))
        try:
            url = self._consent_page(request, offer, way, row)
        except ValidationError as refused:
            return self._back(request, row, " ".join(refused.messages))
        except IntegrationError as error:
            return self._back(request, row, f"{error.message} {error.remedy}")
        context = {"consent_url": url, "offer": offer, "original": None}
        response = self.render(request, "integrations/leaving.html", context, "On to the ledger")
        # Browsers hold `form-action 'self'` against redirects that follow a form; a refresh is a fresh navigation.
        response["Refresh"] = f"1; url={url}"
        return response

    def _consent_page(self, request: TenantRequest, offer: Offer, way: Way, row: Connection | None) -> str:
        # Made of PORTAL_URL, because the ledger compares it with the registered one letter by letter.
        callback = urljoin(settings.PORTAL_URL, reverse("oauth-callback", args=[offer.name]))
        _, url = connections.start_authorisation(
            tenant=request.tenant,
            connector=offer.name,
            way=way.name,
            settings=request.POST.dict(),
            redirect_uri=callback,
            requested_by=request.user,
            connection=row,
        )
        return url

    def _back(self, request: TenantRequest, row: Connection | None, text: str) -> HttpResponse:
        messages.error(request, text)
        return HttpResponseRedirect(self.url("change", row.pk) if row else self.url("add"))

    def type_credentials(self, request: TenantRequest, connector: str, way: str) -> HttpResponse:
        """The form of a way without a consent page; what was typed is tried by a worker."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        offer = offers().get(connector)
        chosen = offer.way(way) if offer else None
        if offer is None or chosen is None or chosen.is_consent:
            return self._back(request, None, "Choose one of the ledgers below.")
        row = self._asked_for(request, connector)
        form = CredentialsForm(request.POST or None, offer=offer, way=chosen, initial=self._known(request, row))
        if request.method == "POST" and form.is_valid():
            started = self._try(request, offer, chosen, form, row)
            if started is not None:
                return HttpResponseRedirect(reverse("oauth-authorisation", args=[started.pk]))
        context = {"offer": offer, "way": chosen, "form": form, "original": row}
        title = f"{'Reconnect' if row else 'Connect'} {row or offer.label}"
        return self.render(request, "integrations/credentials.html", context, title, 422 if form.errors else 200)

    def _try(
        self, request: TenantRequest, offer: Offer, way: Way, form: CredentialsForm, row: Connection | None
    ) -> Authorisation | None:
        try:
            with transaction.atomic():
                started = connections.start_with_credentials(
                    tenant=request.tenant,
                    connector=offer.name,
                    way=way.name,
                    values=form.cleaned_data,
                    requested_by=request.user,
                    connection=row,
                )
        except ValidationError as refused:
            form.add_error(None, refused)
            return None
        transaction.on_commit(lambda: tasks.finish_authorisation.delay(str(started.tenant_id), str(started.pk)))
        return started

    def _asked_for(self, request: TenantRequest, connector: str) -> Connection | None:
        """The connection to reconnect, when it is one of the caller's tenant and of this ledger."""
        wanted = _uuid(request.GET.get("connection", ""))
        rows = Connection.objects.for_tenant(request.tenant).filter(connector=connector)
        return rows.filter(pk=wanted).first() if wanted else None

    def _known(self, request: TenantRequest, row: Connection | None) -> dict[str, Any]:
        """What needs not be typed again: no secrets."""
        again = _uuid(request.GET.get("again", ""))
        rows = Authorisation.objects.for_tenant(request.tenant).filter(requested_by=request.user)
        failed = rows.filter(pk=again).values_list("settings", flat=True).first() if again else None
        return {**(row.settings if row else {}), **(failed or {})}

    def choices_to_make(self, request: TenantRequest) -> list[Authorisation]:
        """Consents that wait for a person to say which organisation they are for."""
        rows = Authorisation.objects.for_tenant(request.tenant).filter(status=Authorisation.Status.CHOOSING)
        return list(rows.filter(expires_at__gt=timezone.now()).defer("secret").order_by("expires_at"))

    def reconnect(self, request: TenantRequest, row: Connection) -> HttpResponse:
        """Be let in again, by the same or another way; the connection keeps its records, mappings and history."""
        return self.begin(request, row.connector, request.POST.get("way") or way_of(row).name, row)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
