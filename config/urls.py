"""All URLs: pages under their language, machines without one."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health

handler404 = "config.api_errors.page_not_found"
handler500 = "config.api_errors.server_error"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="readiness:overview"), name="home"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", include("inference_kpis.api_urls")),
    path("api/v1/", include("readiness.api_urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    *i18n_patterns(
        path("", include("readiness.urls")),
        path("", include("inference_kpis.urls")),
        path("account/", include("accounts.urls")),
        path("account/", include("allauth.account.urls")),
        # Below its language: the page to come back to is only found in the language that is active.
        path("i18n/", include("django.conf.urls.i18n")),
        path("admin/", admin.site.urls),
    ),
]
