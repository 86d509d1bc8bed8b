"""Addresses of the drift pages."""

from django.urls import path

from drift import views

urlpatterns = [
    path("drift/", views.baseline_list, name="baseline-list"),
    path("drift/<int:pk>/", views.baseline_detail, name="baseline-detail"),
    path("drift/capture/<int:vpc>/", views.baseline_capture, name="baseline-capture"),
    path("drift/<int:pk>/trust/", views.baseline_trust, name="baseline-trust"),
    path("drift/<int:pk>/confirm/", views.baseline_confirm, name="baseline-confirm"),
    path("drift/<int:pk>/limits/", views.baseline_limits, name="baseline-limits"),
    path("drift/of-resource/<int:pk>/", views.resource_baseline, name="resource-baseline"),
]
