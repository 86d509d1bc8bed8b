"""Addresses of the compliance pages."""

from django.urls import path, re_path

from compliance import views

urlpatterns = [
    path("compliance/", views.framework_list, name="framework-list"),
    path("compliance/<str:framework>/", views.framework_detail, name="framework-detail"),
    path("compliance/<str:framework>/trend.json", views.framework_trend, name="framework-trend"),
    re_path(
        r"^compliance/(?P<framework>[^/]+)/export\.(?P<form>csv|json)$",
        views.framework_export,
        name="framework-export",
    ),
    path("compliance/<str:framework>/<str:control>/", views.control_detail, name="control-detail"),
]
