"""Addresses of the drift API."""

from rest_framework.routers import SimpleRouter

from drift.api import BaselineViewSet

router = SimpleRouter()
router.register("baselines", BaselineViewSet, basename="api-baseline")

urlpatterns = router.urls
