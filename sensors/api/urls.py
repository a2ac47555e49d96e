"""Addresses of the sensors' REST views, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from sensors.api.viewsets import DatastreamViewSet, ThingViewSet

router = SimpleRouter()
router.register("things", ThingViewSet, basename="thing")
router.register("datastreams", DatastreamViewSet, basename="datastream")

urlpatterns = router.urls
