"""Registration of the app with Django."""

from django.apps import AppConfig


class CspmConfig(AppConfig):
    """The `cspm` app."""

    name = "cspm"
