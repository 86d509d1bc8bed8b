"""Addresses of the identity API."""

from django.urls import path

from identity.api import MeView

urlpatterns = [path("me/", MeView.as_view(), name="api-me")]
