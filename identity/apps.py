"""Registration of the app with Django."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from identity.roles import ROLES


class IdentityConfig(AppConfig):
    """The `identity` app."""

    name = "identity"

    def ready(self) -> None:
        """Give the roles their permissions after each migrate: permissions exist only then."""
        post_migrate.connect(_apply_roles, dispatch_uid="identity.roles")


def _apply_roles(using: str, **_: Any) -> None:
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    known = {
        f"{found.content_type.app_label}.{found.codename}": found.pk
        for found in permission_model.objects.using(using).select_related("content_type")
    }
    for role, names in ROLES.items():
        group, _created = group_model.objects.using(using).get_or_create(name=role)
        group.permissions.set([known[name] for name in names if name in known])
