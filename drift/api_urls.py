"""Addresses of the drift API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
