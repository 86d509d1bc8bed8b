"""Permissions of API views, by the same Django permissions as the pages."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class ModelPermissions(BasePermission):
    """Fails closed: a view states `permission_to_read` (and `permission_to_write`) or is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the user holds the permission that the view names for this method."""
        user = request.user
        if not user or not user.is_authenticated:
            return False
        name = "permission_to_read" if request.method in SAFE_METHODS else "permission_to_write"
        needed = getattr(view, name, None)
        return isinstance(needed, str) and user.has_perm(needed)
