"""The API's addresses; each app brings its own."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("identity.api_urls")),
    path("", include("inventory.api_urls")),
    path("", include("findings.api_urls")),
    path("", include("drift.api_urls")),
    path("", include("remediation.api_urls")),
    path("", include("compliance.api_urls")),
]
