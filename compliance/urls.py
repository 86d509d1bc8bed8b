"""Addresses of the compliance pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
