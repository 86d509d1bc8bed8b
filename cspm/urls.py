"""All addresses: pages by app, the API under /api/, probes under /health/."""

from django.urls import include, path
from django.views.generic import RedirectView

from cspm import activity, views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="overview"), name="home"),
    path("overview/", views.overview, name="overview"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("activity/", activity.activity, name="activity"),
    path("activity/export.csv", activity.activity_export, name="activity-export"),
    path("", include("identity.urls")),
    path("", include("inventory.urls")),
    path("", include("findings.urls")),
    path("", include("drift.urls")),
    path("", include("remediation.urls")),
    path("", include("compliance.urls")),
    path("api/", include("cspm.api")),
]
