"""Registration of the app with Django."""

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    """The `findings` app."""

    name = "findings"
