"""Registration of the app with Django."""

from django.apps import AppConfig


class DriftConfig(AppConfig):
    """The `drift` app."""

    name = "drift"
