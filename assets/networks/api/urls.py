"""Networks and zones, what is near, and search, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.networks.api.views import NearestView, NetworkViewSet, SearchView, ZoneViewSet

_router = SimpleRouter(use_regex_path=False)
_router.register("networks", NetworkViewSet, basename="network")
_router.register("zones", ZoneViewSet, basename="zone")

urlpatterns = [
    path("nearest/", NearestView.as_view(), name="nearest"),
    path("search/", SearchView.as_view(), name="search"),
    *_router.urls,
]
