"""Addresses of the identity pages."""

from django.urls import path

from identity import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("activity/", views.activity, name="activity"),
]
