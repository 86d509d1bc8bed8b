"""Addresses of the remediation pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
