"""Addresses of the inventory API."""

from rest_framework.routers import SimpleRouter

from inventory.api import AccountViewSet, ResourceViewSet, ScanViewSet, ShardViewSet

router = SimpleRouter()
router.register("accounts", AccountViewSet, basename="api-account")
router.register("shards", ShardViewSet, basename="api-shard")
router.register("resources", ResourceViewSet, basename="api-resource")
router.register("scans", ScanViewSet, basename="api-scan")

urlpatterns = router.urls
