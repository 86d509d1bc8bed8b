"""Registration of the app with Django."""

from django.apps import AppConfig


class RemediationConfig(AppConfig):
    """The `remediation` app."""

    name = "remediation"
