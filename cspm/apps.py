"""Registration of the app with Django."""

from django.apps import AppConfig

from cspm.celery import app as celery


class CspmConfig(AppConfig):
    """The `cspm` app."""

    name = "cspm"

    def ready(self) -> None:
        """Whoever sends a task (web, commands, tests) sends it to our broker, as workers do."""
        celery.set_default()
