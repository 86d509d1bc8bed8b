"""Addresses of the compliance API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
