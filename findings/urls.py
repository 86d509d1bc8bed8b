"""Addresses of the findings pages."""

from django.urls import path

from findings import triage, views

urlpatterns = [
    path("findings/", views.finding_list, name="finding-list"),
    path("findings/export.<str:form>", views.finding_export, name="finding-export"),
    path("findings/bulk/", triage.finding_bulk, name="finding-bulk"),
    path("findings/<int:pk>/", views.finding_detail, name="finding-detail"),
    path("findings/<int:pk>/triage/<slug:action>/", triage.finding_triage, name="finding-triage"),
    path("findings/<int:pk>/comment/", triage.finding_comment, name="finding-comment"),
    path("findings/<int:pk>/assign/", triage.finding_assign, name="finding-assign"),
    path("findings/<int:pk>/recheck/", triage.finding_recheck, name="finding-recheck"),
    path("findings/of-resource/<int:pk>/", views.resource_findings, name="resource-findings"),
]
