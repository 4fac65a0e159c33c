"""All routes, in one place."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from integrations import views as consent
from integrations import webhooks
from portal import health, views
from portal.api import router

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", RedirectView.as_view(url=static("portal/favicon.svg"))),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("accounts/no-tenant/", views.no_tenant, name="no-tenant"),
    path("webhooks/<slug:ledger>/", webhooks.webhook, name="webhook"),
    path("webhooks/<slug:ledger>/<slug:secret>/", webhooks.webhook, name="webhook-with-secret"),
    path("switch/<uuid:tenant_id>/", views.switch_tenant, name="switch-tenant"),
    path("oauth/<slug:connector>/callback/", consent.oauth_callback, name="oauth-callback"),
    path("oauth/<uuid:authorisation_id>/", consent.authorisation, name="oauth-authorisation"),
    path("oauth/<uuid:authorisation_id>/choose/", consent.choose, name="oauth-choose"),
    path("oauth/<uuid:authorisation_id>/status/", consent.authorisation_status, name="oauth-authorisation-status"),
    path("", include("allauth.idp.urls")),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="api-docs"),
    path("api/v1/", include(router.urls)),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
