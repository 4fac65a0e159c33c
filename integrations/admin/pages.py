"""The rhythm of this app's pages: a list, a page of one row that explains it, and actions that are small POSTs."""

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from tenants.admin import TenantScopedAdmin
from tenants.http import TenantRequest
from tenants.permissions import may

Act = Callable[[TenantRequest, Any], HttpResponse | None]


class PageAdmin(TenantScopedAdmin):
    """A read-only model: the list is Django's, the page of one row is `page_template`, actions have their own URLs.

    `actions_by_post` maps a URL word to the right it needs and the method that does it.
    """

    page_template: ClassVar[str]
    actions_by_post: ClassVar[dict[str, tuple[str, str]]] = {}
    actions: Any = None
    list_filter_submit = True
    list_filter_sheet = True

    class Media:
        css: ClassVar = {"all": ["integrations/integrations.css"]}
        js: ClassVar = ["integrations/integrations.js"]

    def page(self, request: TenantRequest, row: Any) -> dict[str, Any]:
        """What the template of one row needs."""
        return {}

    def name_of(self, row: Any) -> str:
        """The page's title."""
        return str(row)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one row; 404 in the words of the admin for another tenant's."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return self.render(request, self.page_template, {"original": row, **self.page(request, row)}, self.name_of(row))

    def render(
        self, request: HttpRequest, template: str, context: dict[str, Any], title: str, status: int = 200
    ) -> TemplateResponse:
        """One of this model's own pages inside the admin's frame."""
        base = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "media": self.media}
        return TemplateResponse(request, template, {**base, **context}, status=status)

    def url_name(self, word: str) -> str:
        """The name of one of this model's URLs, without the namespace."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{word}"

    def url(self, word: str, *args: Any, **query: Any) -> str:
        """The address of one of this model's URLs."""
        address = reverse(f"admin:{self.url_name(word)}", args=args)
        return f"{address}?{urlencode(query)}" if query else address

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"<uuid:row_id>/{word}/", self._wrapped(word), name=self.url_name(word))
            for word in self.actions_by_post
        ]
        return [*own, *super().get_urls()]

    def _wrapped(self, word: str) -> Any:
        def act(request: TenantRequest, row_id: str) -> HttpResponse:
            return self.act(request, word, row_id)

        return self.admin_site.admin_view(act)

    def act(self, request: TenantRequest, word: str, row_id: Any) -> HttpResponse:
        """Do one action on one row of the caller's tenant, when the role allows it, and go back to the row's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        right, method = self.actions_by_post[word]
        if not may(request.membership, right):
            raise PermissionDenied
        row = self.get_object(request, str(row_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(row_id))  # type: ignore[no-any-return]
        return self._done(request, row, getattr(self, method))

    def _done(self, request: TenantRequest, row: Any, act: Act) -> HttpResponse:
        try:
            with transaction.atomic():
                answer = act(request, row)
        except ValidationError as refused:
            answer = None
            for sentence in refused.messages:
                messages.error(request, sentence)
        return answer or HttpResponseRedirect(self.url("change", row.pk))

    def rights(self, request: TenantRequest, **wanted: str) -> dict[str, bool]:
        """Template flags: `rights(request, may_sync=SYNC)`."""
        return {flag: may(request.membership, right) for flag, right in wanted.items()}
