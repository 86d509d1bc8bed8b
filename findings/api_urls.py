"""Addresses of the findings API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
