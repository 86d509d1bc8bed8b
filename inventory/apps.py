"""Registration of the app with Django."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The `inventory` app."""

    name = "inventory"
