"""Addresses of signing in, the profile and the users; all other pages of allauth stay closed."""

from allauth.account import views as allauth
from django.urls import path

from identity import views

urlpatterns = [
    path("login/", allauth.login, name="account_login"),
    path("login/inactive/", allauth.account_inactive, name="account_inactive"),
    path("logout/", allauth.logout, name="account_logout"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", allauth.password_change, name="account_change_password"),
    path("profile/tokens/", views.token_issue, name="token-issue"),
    path("profile/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("users/", views.user_list, name="user-list"),
    path("users/new/", views.user_create, name="user-create"),
    path("users/<int:pk>/", views.user_detail, name="user-detail"),
    path("users/<int:pk>/active/", views.user_active, name="user-active"),
    path("users/<int:pk>/password/", views.user_password, name="user-password"),
]
