"""Addresses of the remediation API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
