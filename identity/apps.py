"""Registration of the app with Django."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IdentityConfig(AppConfig):
    """The `identity` app."""

    name = "identity"

    def ready(self) -> None:
        """Give the roles their permissions after each migrate: permissions exist only then."""
        post_migrate.connect(_apply_roles, dispatch_uid="identity.roles")


def _apply_roles(using: str, **_: Any) -> None:
    from django.contrib.auth.models import Group, Permission  # models load after the apps

    from identity.roles import ROLES

    for role, names in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=role)
        pairs = [name.split(".") for name in names]
        group.permissions.set(
            Permission.objects.using(using).filter(
                pk__in=[
                    found.pk
                    for found in Permission.objects.using(using).select_related("content_type")
                    if [found.content_type.app_label, found.codename] in pairs
                ]
            )
        )
