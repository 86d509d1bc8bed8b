"""Addresses of the findings API."""

from rest_framework.routers import SimpleRouter

from findings.api import FindingViewSet, RecheckViewSet

router = SimpleRouter()
router.register("findings", FindingViewSet, basename="api-finding")
router.register("findings", RecheckViewSet, basename="api-finding-recheck")

urlpatterns = router.urls
