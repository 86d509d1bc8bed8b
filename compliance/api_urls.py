"""Addresses of the compliance API."""

from django.urls import path

from compliance import api

urlpatterns = [
    path("frameworks/", api.FrameworkListView.as_view(), name="api-framework-list"),
    path(
        "frameworks/<str:framework>/",
        api.FrameworkDetailView.as_view(),
        name="api-framework-detail",
    ),
    path(
        "frameworks/<str:framework>/trend/",
        api.FrameworkTrendView.as_view(),
        name="api-framework-trend",
    ),
]
