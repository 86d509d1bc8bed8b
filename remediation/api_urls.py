"""Addresses of the remediation API."""

from rest_framework.routers import SimpleRouter

from remediation.api import ExecutionViewSet, PlanViewSet, RepairRequestViewSet

router = SimpleRouter()
router.register("plans", PlanViewSet, basename="api-plan")
router.register("requests", RepairRequestViewSet, basename="api-request")
router.register("executions", ExecutionViewSet, basename="api-execution")

urlpatterns = router.urls
