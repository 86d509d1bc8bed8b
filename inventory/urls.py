"""Addresses of the inventory pages."""

from django.urls import path

from inventory import resource_views, views

urlpatterns = [
    path("accounts/", views.account_list, name="account-list"),
    path("accounts/connect/", views.account_add, name="account-add"),
    path("accounts/<int:pk>/", views.account_detail, name="account-detail"),
    path("accounts/<int:pk>/access/", views.account_access, name="account-access"),
    path("accounts/<int:pk>/test/", views.account_test, name="account-test"),
    path("accounts/<int:pk>/pause/", views.account_pause, name="account-pause"),
    path("accounts/<int:pk>/scan/", views.account_scan, name="account-scan"),
    path("accounts/sources/<int:pk>/scan/", views.source_scan, name="source-scan"),
    path("accounts/scans/<int:pk>/", views.scan_progress, name="scan-progress"),
    path("accounts/scans/<int:pk>/cancel/", views.scan_cancel, name="scan-cancel"),
    path("resources/", resource_views.resource_list, name="resource-list"),
    path("resources/<int:pk>/", resource_views.resource_detail, name="resource-detail"),
]
